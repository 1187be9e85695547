/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_MODULES_H
#define CTRACE_MODULES_H

/*
 * The programs and libraries that samples lie in: each file once, whoever mapped it,
 * with its row in MODULES; the way from a function in them to its caller; and their names.
 *
 *     ctrace_modules_create(trace)
 *       module = ctrace_modules_get(modules, pid, &map)              of a mapping
 *       ctrace_modules_address(modules, module, offset, &address)    of a place in its file
 *       ctrace_modules_step(modules, module, address, &state)        to the caller
 *       ctrace_modules_name_frames(modules, stacks, seconds, &report)   at the end
 *     ctrace_modules_destroy(modules)
 *
 * There are two of them. `ctrace record` has module_table.c, by elfutils: functions, files, lines,
 * what is inlined. A program that records itself has own_modules.c, which links no library:
 * functions alone, from the tables of symbols.
 */

#include "tracer/sources/perf/cfi_state.h"
#include "tracer/sources/perf/perf_record.h"
#include "tracer/sources/perf/stack_table.h"

struct ctrace_modules;

struct ctrace_names_report {
	uint32_t named, unnamed; /* frames */
	char text[200];		 /* empty, or what was given up and why */
};

/* NULL without memory. `trace` is borrowed until destroy. */
struct ctrace_modules *ctrace_modules_create(struct ctrace_source_trace *trace);
void ctrace_modules_destroy(struct ctrace_modules *modules);

/*
 * The module that process `pid` has mapped. 0: it is none (memory that a program wrote itself), or
 * the file has all the modules it may have.
 *
 * Blocks: on the disk, for a new one.  Allocates: yes.
 */
uint32_t ctrace_modules_get(struct ctrace_modules *modules, uint32_t pid,
			    const struct ctrace_perf_map *map);

/*
 * The kernel itself, "[kernel]", and where it begins; 0: not to be seen. Returns 0: the file has
 * all the modules it may have. Blocks: on /proc, for the first time.  Allocates: yes.
 */
uint32_t ctrace_modules_kernel(struct ctrace_modules *modules, uint64_t *base);

/*
 * Where the byte at `offset` of its file is in the file's own count; the offset itself, which is
 * the same in most files, where it cannot be read. False: there is no such module. Blocks,
 * allocates: likewise.
 */
bool ctrace_modules_address(struct ctrace_modules *modules, uint32_t module, uint64_t offset,
			    uint64_t *address);

/* Does the module say how to get from its functions to their callers? 0 is no module. */
bool ctrace_modules_has_frames(struct ctrace_modules *modules, uint32_t module);

/* `address`: of the instruction, as the file counts. The state stays as it is unless there is a
 * caller. Allocates: yes. */
enum ctrace_cfi_result ctrace_modules_step(struct ctrace_modules *modules, uint32_t module,
					   uint64_t address, struct ctrace_cfi_state *state);

/*
 * Rows of FRAMES for all that can be found, before the trace is closed, so that it can be read on
 * any machine. `ctrace record` leaves out those that were looked for before, and counts the others
 * alone. Blocks: on the disk, for at most `seconds` and one module more.  Allocates: yes.
 */
void ctrace_modules_name_frames(struct ctrace_modules *modules, struct ctrace_stacks *stacks,
				unsigned seconds, struct ctrace_names_report *report);

/* How many could not be opened for want of descriptors. */
uint32_t ctrace_modules_unopened(const struct ctrace_modules *modules);

#endif
