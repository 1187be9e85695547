/* SPDX-License-Identifier: MIT */
/* The source of a ctrace that was built without it; see bpf_source.h. */

#include "tracer/sources/bpf/bpf_source.h"

#include <stddef.h>

static void probe(struct ctrace_source_answer *answer)
{
	ctrace_source_refuse(answer, "build with -Dbpf=enabled (clang, bpftool, libbpf)",
			     "this ctrace was built without it");
}

static struct ctrace_opened_source *open_source(const struct ctrace_source_target *target,
						struct ctrace_source_answer *answer)
{
	(void)target;
	probe(answer);
	return NULL;
}

const struct ctrace_source ctrace_source_bpf = {
	.name = "bpf",
	.about = "who ran where and who woke it, system calls with the paths they are given",
	.costs = "nothing",
	.gives = CTRACE_GIVES_SWITCHES | CTRACE_GIVES_WAKERS | CTRACE_GIVES_CALLS,
	.probe = probe,
	.open = open_source,
};
