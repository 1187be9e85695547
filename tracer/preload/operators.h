/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_OPERATORS_H
#define CTRACE_PRELOAD_OPERATORS_H

/*
 * operator new and delete, in front of those that the program has: of libstdc++ or libc++, which
 * ask malloc, or of an allocator, which need not. Either way a block is told once, by who called
 * new.
 *
 * In a program that begins without C++ there is nothing behind ours. Then ours are taken out of the
 * library's table of symbols before the program runs, so that a library which is loaded later finds
 * what it would find without us.
 *
 * Thread: any.  Signal handler: as the allocator.  errno: as the allocator.  Exceptions pass
 * through.
 */

#pragma GCC visibility push(hidden)
/* Once, by the constructor. */
void ctrace_operators_start(void);
#pragma GCC visibility pop

#endif
