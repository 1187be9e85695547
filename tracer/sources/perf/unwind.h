/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_UNWIND_H
#define CTRACE_UNWIND_H

/*
 * A sample's stack: the places where its functions are, the innermost first.
 *
 * Where the kernel gave registers and a copy of the stack, each frame is found by the call frame
 * information of its file; where a file has none (code made at run time, Go), by the frame
 * pointer. Where the sample was taken in the kernel, its frames come first. The kernel's own walk
 * along frame pointers is what is left where that ends before the outermost function, because the
 * copy did, and all there is where nothing was copied.
 */

#include "tracer/sources/perf/modules.h"
#include "tracer/sources/perf/process_maps.h"
#include "tracer/sources/perf/stack_table.h"

/* What may be asked of the kernel (sample_regs_user, sample_stack_user); 0: unwinding is for x86-64
 * only. */
#if defined(__x86_64__)
#define CTRACE_UNWIND_REGISTERS	  (1u << 6 | 1u << 7 | 1u << 8) /* bp, sp, ip */
#define CTRACE_UNWIND_STACK_BYTES 8192u
#else
#define CTRACE_UNWIND_REGISTERS	  0u
#define CTRACE_UNWIND_STACK_BYTES 0u
#endif

struct ctrace_unwind {
	struct ctrace_modules *modules;	  /* borrows */
	struct ctrace_process_maps *maps; /* borrows */
};

/* Returns how many of `places` (CTRACE_STACK_FRAMES_MAX) were filled. Allocates: in what it
 * borrows. */
uint32_t ctrace_unwind(const struct ctrace_unwind *unwind, uint32_t pid,
		       const struct ctrace_perf_sample *sample, struct ctrace_place *places);

#endif
