/* SPDX-License-Identifier: MIT */

/* Time for looks; see look_share.h. */

#include "tracer/sources/asleep/look_share.h"

#include <time.h>

static uint64_t used_by_thread(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void ctrace_look_share_begin(struct ctrace_look_share *share, uint64_t now_ns)
{
	int64_t most = (int64_t)share->percent * CTRACE_LOOK_KEPT_MS * 10000;

	if (share->begun_ns == 0) {
		share->left_ns = CTRACE_LOOK_FIRST_MS * INT64_C(1000000);
	} else if (share->left_ns < most) {
		share->left_ns += (int64_t)((now_ns - share->begun_ns) * share->percent / 100);
		share->left_ns = share->left_ns < most ? share->left_ns : most;
	}
	share->begun_ns = now_ns;
	share->used_ns = used_by_thread();
}

void ctrace_look_share_pay(struct ctrace_look_share *share)
{
	uint64_t used = used_by_thread();

	share->left_ns -= (int64_t)(used - share->used_ns);
	share->spent_ns += used - share->used_ns;
	share->used_ns = used;
}
