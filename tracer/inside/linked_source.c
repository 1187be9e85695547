/* SPDX-License-Identifier: MIT */

/* Memory and locks as sources; see linked_source.h. */

#include "tracer/inside/linked_source.h"

#include "tracer/sources/asleep/holder_looks.h"
#include "tracer/src/library/face.h"

#include <stdlib.h>

static void probe(struct ctrace_source_answer *answer)
{
	answer->is_available = &ctrace_alloc_is_linked != NULL;
	if (!answer->is_available) {
		ctrace_source_refuse(answer, "link it as `pkg-config --libs ctrace-alloc` says",
				     "the program is not linked with libctrace-alloc");
	}
}

/* Counted by the streams of threads, as spans are. */
static struct ctrace_opened_source *open_linked(const struct ctrace_source_target *unused,
						struct ctrace_source_answer *answer)
{
	struct ctrace_opened_source *opened;

	(void)unused;
	probe(answer);
	if (!answer->is_available) {
		return NULL;
	}
	opened = calloc(1, sizeof(*opened));
	if (opened == NULL) {
		ctrace_source_refuse(answer, "", "no memory");
	}
	return opened;
}

static struct ctrace_opened_source *open_locks(const struct ctrace_source_target *target,
					       struct ctrace_source_answer *answer)
{
	probe(answer);
	return answer->is_available ? ctrace_holder_looks_open(target, answer) : NULL;
}

static void drain(struct ctrace_opened_source *unused, struct ctrace_source_pass *pass)
{
	(void)unused;
	(void)pass;
}

static void close_linked(struct ctrace_opened_source *opened, struct ctrace_source_counts *counts)
{
	*counts = opened->counts;
	free(opened);
}

const struct ctrace_source ctrace_source_linked_alloc = {
	.name = "alloc",
	.about = "blocks of memory, one in 512 KiB, with stacks",
	.costs = "1 ns a block; 1 us a chosen one",
	.gives = CTRACE_GIVES_BLOCKS,
	.is_asked_for = true,
	.probe = probe,
	.open = open_linked,
	.drain = drain,
	.close = close_linked,
};

const struct ctrace_source ctrace_source_linked_locks = {
	.name = "locks",
	.about = "waits for locks: which, for how long, who had it",
	.costs = "2 ns a lock that is free, 0.1 us a wait",
	.is_asked_for = true,
	.probe = probe,
	.open = open_locks,
	.drain = ctrace_holder_looks_drain,
	.look = ctrace_holder_looks_look,
	.close = ctrace_holder_looks_close,
};
