/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SALVAGE_H
#define CTRACE_SALVAGE_H

/* Going on after damage (SPEC 9.2): where does the next chunk begin? */

#include <stdint.h>

/*
 * The offset of the first good chunk header that begins at `from` or later and
 * ends by `end`; `end` if there is none. `file_base` is the file header's base
 * ticks, which a good header obeys. A read that fails counts as no header.
 *
 * Reads each byte about once, in steps of 64 KiB.
 */
uint64_t ctrace_salvage_next(int fd, uint64_t from, uint64_t end, uint64_t file_base);

#endif
