/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_COPIES_H
#define CTRACE_COPIES_H

/*
 * Memory that is taken and never given back: copies of what call sites say.
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: maps blocks.
 */

#include <stddef.h>

/* `size` bytes, 16-aligned; NULL without memory or over 64 KiB. */
void *ctrace_copies_take(size_t size);
/* A copy with a NUL behind it. */
const char *ctrace_copies_copy(const char *bytes, size_t size);

#endif
