/* SPDX-License-Identifier: MIT */
/* Stamps between two readings; see clock_check.h. */

#include "tracer/sources/kernel/clock_check.h"

#include "tracer/src/clock/clock.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

long ctrace_clock_check_call(void)
{
	return SYS_getppid;
}

void ctrace_clock_check_run(struct ctrace_clock_check *check)
{
	*check = (struct ctrace_clock_check){.stamp_count = 0};
	for (unsigned i = 0; i < CTRACE_CLOCK_CHECK_CALLS; i++) {
		check->calls[i].before = ctrace_clock_ticks();
		syscall(SYS_getppid);
		check->calls[i].after = ctrace_clock_ticks();
	}
}

void ctrace_clock_check_stamp(struct ctrace_clock_check *check, uint64_t ticks)
{
	if (check->stamp_count < CTRACE_CLOCK_CHECK_CALLS) {
		check->stamps[check->stamp_count] = ticks;
	}
	check->stamp_count++;
}

static int by_time(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

	return (first > second) - (first < second);
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* To the nearer of the two readings; UINT64_MAX: it does not lie between them. */
static uint64_t distance(const struct ctrace_clock_check *check, unsigned at)
{
	uint64_t before = check->calls[at].before, after = check->calls[at].after;
	uint64_t stamp = check->stamps[at];

	if (stamp < before || stamp > after) {
		return UINT64_MAX;
	}
	return less(stamp - before, after - stamp);
}

void ctrace_clock_check_add(struct ctrace_clock_check *check, struct ctrace_source_counts *counts)
{
	uint64_t slack = UINT64_MAX, misses = 0;

	/* We may have changed CPUs, and so buffers, between two calls. */
	if (check->stamp_count != CTRACE_CLOCK_CHECK_CALLS) {
		return;
	}
	qsort(check->stamps, CTRACE_CLOCK_CHECK_CALLS, sizeof(check->stamps[0]), by_time);
	for (unsigned i = 0; i < CTRACE_CLOCK_CHECK_CALLS; i++) {
		uint64_t near = distance(check, i);

		misses += near == UINT64_MAX;
		slack = less(slack, near == UINT64_MAX ? 0 : near);
	}
	counts->slack = counts->checks == 0 ? slack : less(counts->slack, slack);
	counts->checks += CTRACE_CLOCK_CHECK_CALLS;
	counts->misses += misses;
}
