/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LOOK_SHARE_H
#define CTRACE_LOOK_SHARE_H

/*
 * How much of a processor's time looks may take, measured while they are taken: what one has cost
 * is paid back before the next one.
 *
 *     ctrace_look_share_begin(&share, now_ns)      a round begins
 *       while (ctrace_look_share_has(&share))
 *         …a look…
 *         ctrace_look_share_pay(&share)
 */

#include <stdbool.h>
#include <stdint.h>

/* Time that was not used is kept for so long. */
#define CTRACE_LOOK_KEPT_MS 500u
/* What there is at first, of the thread's time: the program's files are read when they are met. */
#define CTRACE_LOOK_FIRST_MS 50u

struct ctrace_look_share {
	unsigned percent; /* of one processor; the caller's to set, all else zeroed */
	int64_t left_ns;
	uint64_t begun_ns; /* of the round; 0: none before */
	uint64_t used_ns;  /* the thread's own time, when it was read last */
	uint64_t spent_ns; /* in all */
};

void ctrace_look_share_begin(struct ctrace_look_share *share, uint64_t now_ns);

static inline bool ctrace_look_share_has(const struct ctrace_look_share *share)
{
	return share->left_ns > 0;
}

/* What the thread has used since begin, or the last call of this. */
void ctrace_look_share_pay(struct ctrace_look_share *share);

#endif
