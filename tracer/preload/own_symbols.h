/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_OWN_SYMBOLS_H
#define CTRACE_PRELOAD_OWN_SYMBOLS_H

/*
 * Taking functions of this library out of its table of symbols, in this process. The loader passes
 * over what has no value there, and looks further. Calls that are bound already stay. Where the
 * table cannot be changed, nothing happens.
 *
 * Thread: of the constructor, alone.  errno: kept.
 */

#include <stddef.h>

#define CTRACE_OWN_SYMBOLS_MAX 32u

#pragma GCC visibility push(hidden)
/* By their names, at most so many. What we do not have is passed over. */
void ctrace_own_symbols_hide(const char *const *names, size_t count);
#pragma GCC visibility pop

#endif
