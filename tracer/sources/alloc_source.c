/* SPDX-License-Identifier: MIT */
/* Blocks of memory, through the preload library; see alloc_source.h. */

#include "tracer/sources/alloc_source.h"

#include "tracer/sources/preload_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RING_KB "1024"

static bool prepare_as(const char *mode, const struct ctrace_source_before *before,
		       struct ctrace_source_answer *answer)
{
	if ((before->given & CTRACE_GIVES_BLOCKS) != 0) {
		ctrace_source_refuse(
			answer, "name one of them",
			"alloc, alloc-full and alloc-stacks are ways of recording the same");
		return false;
	}
	if (!ctrace_preload_put(before, NULL, answer)) {
		return false;
	}
	if (setenv("CTRACE_ALLOC", mode, 1) != 0) {
		ctrace_source_refuse(answer, "", "%s", strerror(ENOMEM));
	}
	return answer->is_available;
}

static bool prepare_sampled(const struct ctrace_source_before *before,
			    struct ctrace_source_answer *answer)
{
	return prepare_as("sampled", before, answer);
}

/* A program that does nothing but allocate fills rings of the usual size between two rounds. */
static bool prepare_all(const char *mode, const struct ctrace_source_before *before,
			struct ctrace_source_answer *answer)
{
	if (!prepare_as(mode, before, answer)) {
		return false;
	}
	if (setenv("CTRACE_RING_KB", RING_KB, 0) != 0) {
		ctrace_source_refuse(answer, "", "%s", strerror(ENOMEM));
	}
	return answer->is_available;
}

static bool prepare_full(const struct ctrace_source_before *before,
			 struct ctrace_source_answer *answer)
{
	return prepare_all("full", before, answer);
}

static bool prepare_stacks(const struct ctrace_source_before *before,
			   struct ctrace_source_answer *answer)
{
	return prepare_all("stacks", before, answer);
}

const struct ctrace_source ctrace_source_alloc = {
	.name = "alloc",
	.about = "blocks of memory, one in 512 KiB, with stacks; not of static programs",
	.costs = "1 ns a block; 1 us a chosen one",
	.gives = CTRACE_GIVES_BLOCKS,
	.probe = ctrace_preload_probe,
	.prepare = prepare_sampled,
};

const struct ctrace_source ctrace_source_alloc_full = {
	.name = "alloc-full",
	.about = "every block of memory, with who called malloc; not of static programs",
	.costs = "16 to 23 ns a block and its free",
	.gives = CTRACE_GIVES_BLOCKS,
	.is_asked_for = true,
	.probe = ctrace_preload_probe,
	.prepare = prepare_full,
};

const struct ctrace_source ctrace_source_alloc_stacks = {
	.name = "alloc-stacks",
	.about = "every block of memory, with its whole stack; not of static programs",
	.costs = "25 to 60 ns a block and its free",
	.gives = CTRACE_GIVES_BLOCKS,
	.is_asked_for = true,
	.probe = ctrace_preload_probe,
	.prepare = prepare_stacks,
};
