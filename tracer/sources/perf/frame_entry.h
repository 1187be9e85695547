/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FRAME_ENTRY_H
#define CTRACE_FRAME_ENTRY_H

/*
 * The entry of call frame information that an address is in: found by the table in front of
 * .eh_frame, read as far as it matters. All numbers are read through a cursor that knows its end.
 *
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.
 */

#include "format/wire.h"
#include "tracer/sources/perf/frame_table.h"

/* CIE and FDE together. Borrows the bytes. */
struct ctrace_frame_entry {
	uint64_t code_factor, begin, size;
	int64_t data_factor;
	uint8_t encoding;
	bool has_augmentation, is_signal;
	struct ctrace_wire first, own; /* instructions: of the CIE, of the FDE */
};

/* False: no entry has it, or what stands there is none. */
bool ctrace_frame_entry_find(struct ctrace_frame_entry *entry,
			     const struct ctrace_frame_bytes *bytes, uint64_t address);

#endif
