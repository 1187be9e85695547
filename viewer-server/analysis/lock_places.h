/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LOCK_PLACES_H
#define CTRACE_LOCK_PLACES_H

/*
 * Where in a program threads wait for a lock, and let it go: the innermost function of a stack that
 * is the program's own doing. C++'s mutexes and guards, which only call the C library, are passed
 * over, and so is the C library itself, where a thread that sleeps stands.
 *
 * Thread: any, own object.
 */

#include "format/reader.h"

/* The frame of that function; 0: the stack is not known. */
uint32_t ctrace_lock_place(const struct ctrace_trace *trace, uint32_t stack);

/*
 * What of a stack to say in a line, innermost first: the function that the program called to sleep
 * ("usleep"), and from `own` on what called it. Both are 0 where the innermost function is the
 * program's own, or none is.
 */
struct ctrace_told_frames {
	unsigned call, own;
};
struct ctrace_told_frames ctrace_lock_told_frames(const struct ctrace_trace *trace,
						  const struct ctrace_frame_row *const *frames,
						  unsigned count);

/* Places by what they weigh. */
struct ctrace_lock_tally {
	struct ctrace_weighed_place {
		uint64_t key; /* the same for frames of one function */
		uint64_t weight;
		uint32_t frame;
	} * places; /* the caller's, room for all that is added */
	size_t count;
};

/* A stack that is not known adds nothing. */
void ctrace_lock_tally_add(struct ctrace_lock_tally *tally, const struct ctrace_trace *trace,
			   uint32_t stack, uint64_t weight);
/* The frame of the heaviest function; of equal ones the first in the file. 0: nothing was added.
 * Empties the tally. */
uint32_t ctrace_lock_tally_take(struct ctrace_lock_tally *tally);

#endif
