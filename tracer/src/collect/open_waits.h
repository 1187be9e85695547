/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_OPEN_WAITS_H
#define CTRACE_OPEN_WAITS_H

/*
 * Waits for locks that somebody holds and that are not over, as far as the rings say: who looks at
 * holders (sources/asleep/holder_looks.h) reads them after each round. Of a thread, the innermost
 * one.
 *
 *     ctrace_open_waits_begin(&waits, &stream->open_wait, &wait)
 *     ctrace_open_waits_end(&waits, &stream->open_wait)      also when the stream goes
 *
 * One thread: the collector's. Allocates: no.
 */

#include <stdint.h>
#include <sys/types.h>

/* More wait unseen: looks are for some only, in any case. */
#define CTRACE_OPEN_WAITS_MAX 1024u

struct ctrace_open_wait {
	uint32_t *place; /* whose it is: holds its number + 1 */
	pid_t pid;
	uint64_t holder; /* tid */
	uint64_t begin;	 /* ticks */
	uint64_t next;	 /* whoever looks: not before these ticks */
	unsigned looks;
};

struct ctrace_open_waits {
	struct ctrace_open_wait list[CTRACE_OPEN_WAITS_MAX];
	uint32_t count;
};

/* `place`: 0, or that of the wait that this one is within, which is forgotten. `wait`: without its
 * place. */
void ctrace_open_waits_begin(struct ctrace_open_waits *waits, uint32_t *place,
			     const struct ctrace_open_wait *wait);
void ctrace_open_waits_end(struct ctrace_open_waits *waits, uint32_t *place);

#endif
