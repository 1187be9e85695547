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

#include "tracer/sources/perf/frame_search.h"
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

/* A thread that slept, seen from outside: of its registers, two are known. */
struct ctrace_unwind_asleep {
	uint32_t pid;
	uint64_t instruction, stack_pointer;
	const uint8_t *stack; /* as it was at stack_pointer */
	uint64_t stack_size;
	const struct ctrace_code_reader *code; /* of the program's memory (frame_search.h) */
	bool is_cut;			       /* out: it may go on behind the copy's end */
};

/* Returns how many of `places` (CTRACE_STACK_FRAMES_MAX) were filled. Allocates: in what it
 * borrows. */
uint32_t ctrace_unwind(const struct ctrace_unwind *unwind, uint32_t pid,
		       const struct ctrace_perf_sample *sample, struct ctrace_place *places);

/*
 * The same of a thread that slept. Where a function has its frame by the frame pointer and none was
 * saved on the way to it, that is looked for (frame_search.h); what is not found ends the stack
 * there. Nothing for processors other than x86-64.
 */
uint32_t ctrace_unwind_asleep(const struct ctrace_unwind *unwind,
			      struct ctrace_unwind_asleep *asleep, struct ctrace_place *places);

#endif
