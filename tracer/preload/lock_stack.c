/* SPDX-License-Identifier: MIT */

/* Stacks of who waits and of who lets go; see lock_stack.h. */

#include "tracer/preload/lock_stack.h"

#include "format/kinds.h"
#include "tracer/preload/recorder.h"
#include "tracer/preload/told_stack.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

#define US	       1000u
#define FIRST_ONES     8u
#define PROCESS_GAP_NS (100u * US)
/* Of a lock's first ones, and of others. A ring of the smallest size holds nearly as many. */
#define AT_ONCE_FIRST 16u
#define AT_ONCE_OTHER 8u
/* By hashes of locks, a power of two: two locks that share one are preferred less. */
#define LOCKS_BITS 12u

static const uint64_t gaps_ns[CTRACE_LOCK_MOMENTS] = {
	[CTRACE_LOCK_MOMENT_WAIT] = 500u * US,
	[CTRACE_LOCK_MOMENT_IDLE] = 2000u * US,
	[CTRACE_LOCK_MOMENT_UNLOCK] = 500u * US,
	[CTRACE_LOCK_MOMENT_SIGNAL] = 2000u * US,
};

/* When this thread has told last. A handler that writes it between makes it a moment older. */
static __thread uint64_t told_ns[CTRACE_LOCK_MOMENTS] __attribute__((tls_model("initial-exec")));

/* [L] release by the constructor, after the site is met; acquire by who tells. */
static const struct ctrace_face *_Atomic face;

/* All relaxed: they bound a rate, and order nothing. */
static _Atomic uint8_t first_ones[2][1u << LOCKS_BITS]; /* of waits, of ends */
static _Atomic uint64_t process_ns; /* up to when the process's stacks are paid for */

/* Of one module for ever: never unloaded. */
static char own_module = 0;
static uint16_t state;

static const char schema[] = "u\0" CTRACE_MEMORY_TOLD_SCHEMA;

static const struct ctrace_site_info site = {
	.state = &state,
	.module = &own_module,
	.name = "lock",
	.category = CTRACE_LOCKS_CATEGORY,
	.file = "",
	.function = "",
	.schema = schema,
	.name_size = 4,
	.schema_size = sizeof(schema) - 1,
	.kind = CTRACE_KIND_LOCK_STACK,
};

void ctrace_lock_stack_start(const struct ctrace_face *recorder)
{
	if (recorder == NULL || !ctrace_recorder_has_locks || !ctrace_recorder_has_lock_stacks) {
		return;
	}
	state = recorder->meet(&site);
	recorder->tell_maps();
	ctrace_told_stack_start();
	atomic_store_explicit(&face, recorder, memory_order_release); /* [L] */
}

/* ---- the choice ---- */

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static _Atomic uint8_t *first_ones_of(enum ctrace_lock_moment moment, const void *lock)
{
	uint64_t hash = (uint64_t)(uintptr_t)lock * UINT64_C(0x9e3779b97f4a7c15);

	return &first_ones[moment >= CTRACE_LOCK_MOMENT_UNLOCK][hash >> (64 - LOCKS_BITS)];
}

/* One more stack of the process; who loses a race for it is passed over. */
static bool is_paid_for(uint64_t now, bool is_first)
{
	uint64_t until = atomic_load_explicit(&process_ns, memory_order_relaxed);
	uint64_t from = until > now ? until : now;

	return from < now + (is_first ? AT_ONCE_FIRST : AT_ONCE_OTHER) * PROCESS_GAP_NS &&
	       atomic_compare_exchange_strong_explicit(&process_ns, &until, from + PROCESS_GAP_NS,
						       memory_order_relaxed, memory_order_relaxed);
}

static bool is_chosen(enum ctrace_lock_moment moment, const void *lock)
{
	_Atomic uint8_t *first = first_ones_of(moment, lock);
	uint8_t before = atomic_load_explicit(first, memory_order_relaxed);
	bool is_first = before < FIRST_ONES;
	uint64_t now = now_ns();

	if ((!is_first && now - told_ns[moment] < gaps_ns[moment]) || !is_paid_for(now, is_first)) {
		return false;
	}
	told_ns[moment] = now;
	if (is_first) {
		atomic_store_explicit(first, (uint8_t)(before + 1), memory_order_relaxed);
	}
	return true;
}

/* ---- the record ---- */

/* Apart, so that who is not chosen needs no room for a stack. */
__attribute__((noinline)) static void record(const struct ctrace_face *recorder, unsigned code,
					     const void *lock,
					     const struct ctrace_caller_frame *frame)
{
	struct ctrace_arg args[1 + CTRACE_MEMORY_TOLD_ARGS] = {{.word = (uintptr_t)lock}};
	struct ctrace_told_stack stack;

	ctrace_told_stack(&args[1], &stack, frame);
	recorder->record(code, args, sizeof(args) / sizeof(args[0]));
}

void ctrace_lock_stack_tell(enum ctrace_lock_moment moment, const void *lock,
			    const struct ctrace_caller_frame *frame)
{
	const struct ctrace_face *recorder =
		atomic_load_explicit(&face, memory_order_acquire); /* [L] */
	unsigned code = __atomic_load_n(&state, __ATOMIC_RELAXED);
	int saved = errno;

	if (recorder != NULL && code != 0 && is_chosen(moment, lock)) {
		record(recorder, code, lock, frame);
	}
	errno = saved;
}
