/* SPDX-License-Identifier: MIT */
/* Rings as a source; see span_source.h. */

#include "tracer/sources/span_source.h"

static void probe(struct ctrace_source_answer *answer)
{
	answer->is_available = true;
}

const struct ctrace_source ctrace_source_spans = {
	.name = "spans",
	.about = "spans, counters, messages of programs that use ctrace",
	.costs = "15 ns an event",
	.gives = CTRACE_GIVES_SPANS,
	.probe = probe,
};
