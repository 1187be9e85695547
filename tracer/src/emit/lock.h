/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LOCK_H
#define CTRACE_LOCK_H

/*
 * Waits for locks, as a preloaded library records them (preload/) by the functions of call.h.
 *
 * A wait's site has the kind LOCK_WAIT, the name of the function that waits, and two unsigned
 * arguments; that of who lets go the kind LOCK_RELEASED. In a ring:
 *
 *     code            the wait begins: the lock, then what of it and who had it (ctrace_lock_what)
 *     code | 0x8000   it is over; one word says all (ctrace_lock_over), so that the room which is
 *                     kept for ends is enough
 *     code of LOCK_RELEASED   the lock, then its kind
 *     code of LOCK_STACK      behind one of a wait's begin or of LOCK_RELEASED: the lock, and the
 *                             thread's stack (sites/memory_shape.h)
 */

#include <stdint.h>

/* `kind`: enum ctrace_lock_kind. `holder`: tid, 0: not known. */
static inline uint64_t ctrace_lock_what(unsigned kind, uint64_t holder)
{
	return kind | holder << 8;
}

static inline unsigned ctrace_lock_what_kind(uint64_t word)
{
	return (unsigned)(word & 0xff);
}

static inline uint64_t ctrace_lock_what_holder(uint64_t word)
{
	return word >> 8;
}

/* An address of a process has at most 48 bits, an error number fewer than 12. */
static inline uint64_t ctrace_lock_over(uint64_t lock, unsigned kind, unsigned error)
{
	return lock << 16 | (uint64_t)(kind & 0xf) << 12 | (error & 0xfff);
}

static inline uint64_t ctrace_lock_over_lock(uint64_t word)
{
	return word >> 16;
}

static inline unsigned ctrace_lock_over_kind(uint64_t word)
{
	return (unsigned)(word >> 12 & 0xf);
}

static inline unsigned ctrace_lock_over_error(uint64_t word)
{
	return (unsigned)(word & 0xfff);
}

#endif
