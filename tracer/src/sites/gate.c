/* SPDX-License-Identifier: MIT */

/* Recording or not, the collector's bell, and the page that tells a child from its parent; see
 * gate.h. */

#include "tracer/src/sites/gate.h"

#include "tracer/src/image.h"
#include "tracer/src/sites/quiet.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u

/* One word on a page that a forked child finds zeroed. */
struct life {
	_Atomic uint32_t is_ours;
};

static _Atomic(struct life *) life;
static void (*reset_after_fork)(void);
static _Atomic bool is_recording_now;

static _Atomic bool is_always_recording;

static _Atomic uint32_t bell; /* enum ctrace_bell */
static _Atomic uint32_t *_Atomic outside_bell;
static _Atomic uint32_t *outside_is_over;
static void (*stop_for_outside)(void);
static _Atomic pid_t collector; /* its thread id */

void ctrace_gate_init(void (*on_fork)(void))
{
	struct life *page =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	reset_after_fork = on_fork;
	if (page == MAP_FAILED) {
		return;
	}
	if (madvise(page, PAGE, MADV_WIPEONFORK) != 0) {
		munmap(page, PAGE);
		return;
	}
	atomic_store_explicit(&page->is_ours, 1, memory_order_relaxed);
	atomic_store_explicit(&life, page, memory_order_release);
}

bool ctrace_gate_is_recording(void)
{
	return atomic_load_explicit(&is_recording_now, memory_order_acquire) ||
	       atomic_load_explicit(&is_always_recording, memory_order_acquire);
}

void ctrace_gate_record_always(_Atomic uint32_t *bell_outside)
{
	atomic_store_explicit(&outside_bell, bell_outside, memory_order_release);
	atomic_store_explicit(&is_always_recording, true, memory_order_release);
}

void ctrace_gate_set_recording(bool is_recording)
{
	atomic_store_explicit(&is_recording_now, is_recording, memory_order_release);
}

void ctrace_gate_fork_child(void)
{
	struct life *page = atomic_load_explicit(&life, memory_order_acquire);

	if (page != NULL) {
		atomic_store_explicit(&page->is_ours, 1, memory_order_relaxed);
	}
	atomic_store_explicit(&bell, CTRACE_BELL_AWAKE, memory_order_relaxed);
	ctrace_gate_set_recording(false);
}

bool ctrace_gate_notice_fork(void)
{
	const struct life *page = atomic_load_explicit(&life, memory_order_acquire);

	if (page == NULL || atomic_load_explicit(&page->is_ours, memory_order_relaxed) != 0) {
		return false;
	}
	reset_after_fork();
	return true;
}

void ctrace_gate_stop_when(_Atomic uint32_t *is_over, void (*stop)(void))
{
	stop_for_outside = stop;
	outside_is_over = is_over;
}

void ctrace_gate_record_no_more(void)
{
	atomic_store_explicit(&is_always_recording, false, memory_order_release);
	atomic_store_explicit(&outside_bell, NULL, memory_order_release);
}

static void futex(_Atomic uint32_t *word, int operation, uint32_t value,
		  const struct timespec *timeout)
{
	ctrace_kernel_call(SYS_futex, (long)word, operation, value, (long)timeout);
}

void ctrace_gate_enter(void)
{
	atomic_store_explicit(&collector, gettid(), memory_order_relaxed);
	ctrace_quiet_begin();
}

bool ctrace_gate_is_collector(void)
{
	return atomic_load_explicit(&collector, memory_order_relaxed) == gettid();
}

static void ring(_Atomic uint32_t *which, int wake)
{
	/* [B] acquire-release both here and in sleep: what we did before ringing is seen by who
	 * wakes. */
	if (atomic_exchange_explicit(which, CTRACE_BELL_RUNG, memory_order_acq_rel) ==
	    CTRACE_BELL_ASLEEP) {
		futex(which, wake, 1, NULL);
	}
}

void ctrace_gate_ring_bell(void)
{
	_Atomic uint32_t *outside = atomic_load_explicit(&outside_bell, memory_order_acquire);

	ring(&bell, FUTEX_WAKE_PRIVATE);
	if (outside == NULL) {
		return;
	}
	ring(outside, FUTEX_WAKE);
	if (atomic_load_explicit(outside_is_over, memory_order_acquire) != 0) {
		stop_for_outside();
	}
}

void ctrace_gate_sleep(uint32_t milliseconds)
{
	const struct timespec timeout = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
	uint32_t awake = CTRACE_BELL_AWAKE;

	/* [B] */
	if (atomic_compare_exchange_strong_explicit(&bell, &awake, CTRACE_BELL_ASLEEP,
						    memory_order_acq_rel, memory_order_acquire)) {
		futex(&bell, FUTEX_WAIT_PRIVATE, CTRACE_BELL_ASLEEP,
		      milliseconds == CTRACE_GATE_FOREVER ? NULL : &timeout);
	}
	/* [B] */
	atomic_exchange_explicit(&bell, CTRACE_BELL_AWAKE, memory_order_acq_rel);
}
