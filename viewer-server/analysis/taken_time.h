/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TAKEN_TIME_H
#define CTRACE_TAKEN_TIME_H

/*
 * Time that something takes away from a program, and how much of it a window of a given length can
 * hit at worst.
 *
 *     taken      ####      ##  ###                  ######
 *     window                [----------]            here it hits 5 of 12, nowhere more
 *
 * How much a window hits rises while its end lies in taken time and falls while its begin does.
 * So the most is hit where a window begins with a piece or ends with one (or at an edge of the
 * stretch): two candidates a piece, each found with the help of the one before. One length costs
 * O(pieces), and the answer is exact.
 *
 *     ctrace_taken_add(&taken, begin, end) …          in any order; may overlap
 *     ctrace_taken_close(&taken, start, end)          sorted, merged, cut to the stretch
 *       ctrace_taken_worst(&taken, window, from, to)
 *     ctrace_taken_finish(&taken)
 *
 * Times are ns. All zero is no time taken. Thread: any, own object; closed ones may be shared.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctrace_taken_piece {
	uint64_t start, end;
	uint64_t before; /* sum of all pieces before it */
};

struct ctrace_taken {
	uint64_t start, end;		   /* the stretch that is looked at */
	struct ctrace_taken_piece *pieces; /* owned */
	size_t count, room;
};

/* False: no memory. A piece without length is none. */
bool ctrace_taken_add(struct ctrace_taken *taken, uint64_t start, uint64_t end);
void ctrace_taken_close(struct ctrace_taken *taken, uint64_t start, uint64_t end);
void ctrace_taken_finish(struct ctrace_taken *taken);

/* How much of it lies before a time. */
uint64_t ctrace_taken_before(const struct ctrace_taken *taken, uint64_t time);

struct ctrace_window_hit {
	uint64_t start; /* of the window */
	uint64_t taken; /* ns of it */
};

/* The window within [from, to) that is hit most, the first of equals. `window` is at most
 * to - from, and [from, to) lies in the stretch. */
struct ctrace_window_hit ctrace_taken_worst(const struct ctrace_taken *taken, uint64_t window,
					    uint64_t from, uint64_t to);

#endif
