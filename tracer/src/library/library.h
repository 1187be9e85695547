/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LIBRARY_H
#define CTRACE_LIBRARY_H

/* The library's own beginning and end. */

#include <stdbool.h>

/* Everything that must be there before the first site is met. Any number of times; does something
 * once. */
void ctrace_library_init(void);

/*
 * Only in the preload library, which has a copy of the recorder for programs that have none: is
 * the program's own there? Then this copy does not begin. Elsewhere there is no such function.
 */
__attribute__((weak, visibility("hidden"))) bool ctrace_library_gives_way(void);

#endif
