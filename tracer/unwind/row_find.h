/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_ROW_FIND_H
#define CTRACE_ROW_FIND_H

/*
 * The row of an address in this process, from the call frame information of the module that it is
 * in, as the loader has mapped it. No byte of it is trusted (frame_table.h).
 *
 * The loader tells modules by _dl_find_object, which takes no lock (glibc 2.35 and later). Code
 * without any information is taken to keep a frame pointer, as where samples are unwound; the row
 * says that this is a guess.
 *
 * Cost: about 1 us. Stack: 3 KiB.
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.  errno: kept.
 */

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)
/* Can modules be found here? */
bool ctrace_rows_can_be_found(void);

/* What holds for code at this address. *is_lasting: as long as its module is there. */
uint64_t ctrace_row_find(uintptr_t address, bool *is_lasting);
#pragma GCC visibility pop

#endif
