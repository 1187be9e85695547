/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CFI_RULES_H
#define CTRACE_CFI_RULES_H

/*
 * How to get from a function to its caller, by the call frame information
 * (.eh_frame) of its file. x86-64's ABI demands it of every function, with or without
 * frame pointers.
 *
 *     ctrace_cfi_init(&cfi, elf)
 *       ctrace_cfi_step(&cfi, address, &state)    the state becomes the caller's
 *     ctrace_cfi_finish(&cfi)
 *
 * Reading the information costs microseconds; the answer for an address is
 * remembered, as most of it fits four numbers, and the same addresses come again with every
 * sample.
 */

#include "format/map.h"
#include "tracer/sources/perf/cfi_state.h"

#include <elfutils/libdw.h>

struct ctrace_cfi_rule;

struct ctrace_cfi {
	Dwarf_CFI *information;	       /* owned; NULL: there is none */
	struct ctrace_cfi_rule *rules; /* owned */
	uint32_t count, capacity;
	struct ctrace_map by_address;
};

/* `elf` is borrowed until finish. Allocates: yes. */
void ctrace_cfi_init(struct ctrace_cfi *cfi, Elf *elf);
/* Takes zeroed ones. */
void ctrace_cfi_finish(struct ctrace_cfi *cfi);

/* `address`: of the instruction, as the file counts. The state stays as it is unless there is a
 * caller. */
enum ctrace_cfi_result ctrace_cfi_step(struct ctrace_cfi *cfi, uint64_t address,
				       struct ctrace_cfi_state *state);

#endif
