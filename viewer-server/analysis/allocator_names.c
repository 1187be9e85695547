/* SPDX-License-Identifier: MIT */
/* Whole names, beginnings that belong to one allocator, and stacks from the outermost on; see
 * allocator_names.h. */

#include "viewer-server/analysis/allocator_names.h"

#include "format/limits.h"

#include <stdlib.h>
#include <string.h>

static const char *const wholes[] = {
	"malloc",	 "free",	   "calloc",
	"realloc",	 "reallocarray",   "memalign",
	"aligned_alloc", "posix_memalign", "valloc",
	"pvalloc",	 "cfree",	   "sysmalloc",
	"systrim",	 "unlink_chunk",   "malloc_consolidate",
	"free_sized",	 "malloc_trim",	   NULL,
};

/* jemalloc, mimalloc, tcmalloc, glibc's inside, operator new and delete. */
static const char *const beginnings[] = {
	"je_",
	"_rjem_je_",
	"mi_",
	"_mi_",
	"tc_",
	"tcmalloc",
	"_int_malloc",
	"_int_free",
	"_int_realloc",
	"_int_memalign",
	"__libc_malloc",
	"__libc_free",
	"__libc_calloc",
	"__libc_realloc",
	"__libc_memalign",
	"tcache_",
	"operator new",
	"operator delete",
	"_Znw",
	"_Zna",
	"_Zdl",
	"_Zda",
	NULL,
};

static bool begins_with(struct ctrace_bytes name, const char *beginning)
{
	size_t size = strlen(beginning);

	return name.size >= size && memcmp(name.bytes, beginning, size) == 0;
}

bool ctrace_is_allocator(struct ctrace_bytes function)
{
	for (size_t i = 0; wholes[i] != NULL; i++) {
		if (function.size == strlen(wholes[i]) && begins_with(function, wholes[i])) {
			return true;
		}
	}
	for (size_t i = 0; beginnings[i] != NULL; i++) {
		if (begins_with(function, beginnings[i])) {
			return true;
		}
	}
	return false;
}

/* ---- Stacks ------------------------------------------------------------------- */

/* Functions inlined into one another. */
#define INLINED_MAX 64u

enum { KNOWN_NO = 1, KNOWN_YES };

enum ctrace_status ctrace_allocator_stacks_init(struct ctrace_allocator_stacks *stacks,
						const struct ctrace_trace *trace)
{
	*stacks = (struct ctrace_allocator_stacks){.trace = trace,
						   .count = ctrace_trace_stack_end(trace)};
	stacks->known = calloc(stacks->count + 1u, 1);
	return stacks->known != NULL ? CTRACE_OK : CTRACE_ERR_NO_MEMORY;
}

void ctrace_allocator_stacks_finish(struct ctrace_allocator_stacks *stacks)
{
	free(stacks->known);
	*stacks = (struct ctrace_allocator_stacks){0};
}

static bool is_frame_of_it(const struct ctrace_trace *trace, uint32_t id)
{
	for (unsigned i = 0; i < INLINED_MAX; i++) {
		const struct ctrace_frame_row *frame = ctrace_trace_frame(trace, id);

		if (frame == NULL) {
			return false;
		}
		if (frame->function != 0 &&
		    ctrace_is_allocator(ctrace_trace_string(trace, frame->function))) {
			return true;
		}
		id = frame->outer;
	}
	return false;
}

/* A parent has a smaller number, so a walk ends. */
bool ctrace_allocator_stacks_have(struct ctrace_allocator_stacks *stacks, uint32_t stack)
{
	uint8_t found = KNOWN_NO;
	uint32_t at = stack;

	while (at != 0 && at < stacks->count && stacks->known[at] == 0) {
		const struct ctrace_stack_row *row = ctrace_trace_stack(stacks->trace, at);

		if (row == NULL || row->parent >= at) {
			break;
		}
		if (is_frame_of_it(stacks->trace, row->frame)) {
			found = KNOWN_YES;
			break;
		}
		at = row->parent;
	}
	if (at != 0 && at < stacks->count && stacks->known[at] != 0) {
		found = stacks->known[at];
	}
	/* All that was passed leads through what was found last. */
	for (uint32_t i = stack; i != 0 && i < stacks->count && stacks->known[i] == 0;) {
		const struct ctrace_stack_row *row = ctrace_trace_stack(stacks->trace, i);

		stacks->known[i] = found;
		i = row != NULL && i != at && row->parent < i ? row->parent : 0;
	}
	return found == KNOWN_YES;
}
