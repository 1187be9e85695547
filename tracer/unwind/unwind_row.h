/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_UNWIND_ROW_H
#define CTRACE_UNWIND_ROW_H

/*
 * What call frame information says of one place in the code of x86-64, in one word: where the frame
 * ends (its canonical address: the caller's stack pointer), and where the caller's frame pointer
 * is. The return address lies in the eight bytes before that end, always.
 *
 *     bits 0..2   enum ctrace_row_kind
 *          3..8   the caller's frame pointer is so many words before the return address; 0: it is
 * ours 9..    how far it is from the register, in words
 *
 * Compilers make what fits here. What does not (other registers, longer expressions) is UNKNOWN: a
 * stack ends there.
 */

#include <stdint.h>

enum ctrace_row_kind {
	CTRACE_ROW_NONE,      /* no row */
	CTRACE_ROW_STACK,     /* end = stack pointer + distance */
	CTRACE_ROW_FRAME,     /* end = frame pointer + distance */
	CTRACE_ROW_REALIGNED, /* end = what lies at frame pointer - distance */
	CTRACE_ROW_SIGNAL,    /* the kernel has pushed it, with all registers */
	CTRACE_ROW_OUTERMOST, /* nobody has called this */
	CTRACE_ROW_UNKNOWN,
	CTRACE_ROW_GUESS, /* nothing is said of it: as FRAME, if it keeps a frame pointer at all */
};

#define CTRACE_ROW_SAVED_MAX 63u

static inline uint64_t ctrace_row(enum ctrace_row_kind kind, uint64_t saved, uint64_t words)
{
	return (uint64_t)kind | saved << 3 | words << 9;
}

static inline enum ctrace_row_kind ctrace_row_kind(uint64_t row)
{
	return (enum ctrace_row_kind)(row & 7);
}

static inline uint64_t ctrace_row_saved(uint64_t row)
{
	return row >> 3 & CTRACE_ROW_SAVED_MAX;
}

/* In bytes. */
static inline uint64_t ctrace_row_distance(uint64_t row)
{
	return row >> 9 << 3;
}

#endif
