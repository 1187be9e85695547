/* SPDX-License-Identifier: MIT */

/* Full rings; see policy.h. */

#include "tracer/src/emit/policy.h"

#include "tracer/src/emit/handler.h"
#include "tracer/src/ring/discard.h"
#include "tracer/src/ring/gap.h"
#include "tracer/src/ring/ring_growth.h"
#include "tracer/src/sites/gate.h"
#include "tracer/src/sites/kernel_call.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Between two looks under `block`: a collector that is awake empties a ring in half of that. */
#define NAP_US 200u

static _Atomic uint32_t policy_now = CTRACE_POLICY_DROP;
static _Atomic uint32_t block_ms = CTRACE_BLOCK_MS_DEFAULT;

int ctrace_policy_named(const char *name)
{
	static const char *const names[] = {
		[CTRACE_POLICY_DROP] = "drop",
		[CTRACE_POLICY_OVERWRITE] = "overwrite",
		[CTRACE_POLICY_BLOCK] = "block",
	};

	for (int i = 0; i <= CTRACE_POLICY_BLOCK; i++) {
		if (strcmp(name, names[i]) == 0) {
			return i;
		}
	}
	return -1;
}

void ctrace_policy_set(enum ctrace_policy policy)
{
	if (policy == CTRACE_POLICY_OVERWRITE) {
		ctrace_gaps_expect();
	}
	atomic_store_explicit(&policy_now, policy, memory_order_relaxed);
}

void ctrace_policy_set_block_ms(unsigned milliseconds)
{
	atomic_store_explicit(&block_ms, milliseconds, memory_order_relaxed);
}

/* ---- waiting ---- */

/*
 * The kernel blocks a signal while its handler runs, so a signal that was not blocked when
 * the thread took its ring means: a handler, or a piece of code that does not want to be
 * held up any more than one.
 */
static bool may_wait(const struct ctrace_ring *ring)
{
	return (ctrace_handler_blocked() & ~ring->blocked_signals) == 0 &&
	       !ctrace_handler_is_on_own_stack() && !ctrace_gate_is_collector() &&
	       getpid() == ring->pid;
}

/* Once in vain is enough until the collector has moved: a stuck sink must not stop the host at
 * every event. */
static bool was_in_vain(const struct ctrace_ring *ring, uint64_t tail)
{
	return ring->waited_at == tail + 1;
}

static bool wait_for_collector(struct ctrace_ring *ring, uint64_t tail)
{
	const struct timespec nap = {0, NAP_US * 1000L};
	uint32_t naps = atomic_load_explicit(&block_ms, memory_order_relaxed) * 1000u / NAP_US;

	if (was_in_vain(ring, tail) || !may_wait(ring)) {
		return false;
	}
	for (uint32_t i = 0; i < naps && ctrace_gate_is_recording(); i++) {
		ctrace_gate_ring_bell();
		ctrace_kernel_call(SYS_nanosleep, (long)&nap, 0, 0, 0);
		if (ctrace_ring_tail(ring->shared) != tail) {
			return true;
		}
	}
	ring->waited_at = tail + 1;
	return false;
}

static bool grow(struct ctrace_ring *ring)
{
	return ctrace_gate_is_recording() && ctrace_growth_try(ring);
}

bool ctrace_policy_find_room(struct ctrace_ring *ring, uint64_t tail, uint64_t bytes)
{
	int saved = errno;
	bool is_found = false;

	if (bytes > (ring->control->places[0].mask + 1) / 2) {
		return false;
	}
	if (ctrace_ring_tail(ring->shared) != tail) {
		return true;
	}
	switch (atomic_load_explicit(&policy_now, memory_order_relaxed)) {
	case CTRACE_POLICY_OVERWRITE:
		/* What is in the old memory of a ring that has grown is the collector's alone. */
		is_found = !ctrace_growth_is_pending(ring);
		if (is_found) {
			ctrace_discard_oldest(ring, tail);
		}
		break;
	case CTRACE_POLICY_BLOCK:
		is_found = grow(ring) || wait_for_collector(ring, tail);
		break;
	default:
		is_found = grow(ring);
		break;
	}
	errno = saved;
	return is_found;
}
