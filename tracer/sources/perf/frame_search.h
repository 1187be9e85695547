/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FRAME_SEARCH_H
#define CTRACE_FRAME_SEARCH_H

/*
 * The frame pointer of a thread that slept, where nobody tells it: the kernel gives the stack
 * pointer and where the thread goes on, and the functions between the call into the kernel and this
 * one have not saved it.
 *
 * First by the function's own beginning: `push %rbp; mov %rsp,%rbp`, what it pushes then and how
 * much room it makes say how far its frame lies above the stack pointer. Where that does not fit (a
 * function that makes more room as it goes on), by looking upwards for a saved frame pointer that a
 * return address follows, behind a call of this very function: large buffers are full of old frames
 * of others. Each find has to lead on: what is then the caller has a caller itself, by its call
 * frame information, whose return address stands behind a call too.
 *
 * What is not found so is told as not found. x86-64 only.
 */

#include "tracer/sources/perf/cfi_state.h"
#include "tracer/sources/perf/function_start.h"

struct ctrace_frame_search {
	const struct ctrace_code_reader *code; /* borrows */
	/* Can it be run? Then where its file's first byte would be (function_start.h). */
	bool (*is_code)(void *context, uint64_t address, uint64_t *origin);
	bool (*leads_on)(void *context, const struct ctrace_cfi_state *caller);
	void *context;
};

/* `state`: within a function that has its frame by the frame pointer. False: it is not found.
 * Allocates: no. */
bool ctrace_frame_search(const struct ctrace_frame_search *search,
			 const struct ctrace_cfi_state *state, uint64_t *frame_pointer);

/* Is the instruction before this address a call? */
bool ctrace_is_behind_call(const struct ctrace_code_reader *code, uint64_t address);

#endif
