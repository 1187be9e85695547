/* SPDX-License-Identifier: MIT */
/* Collectors from inside the program; see gc_source.h. */

#include "tracer/sources/gc_source.h"

#include "tracer/sources/preload_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool prepare(const struct ctrace_source_before *before, struct ctrace_source_answer *answer)
{
	if (!ctrace_preload_put(before, NULL, answer)) {
		return false;
	}
	if (setenv("CTRACE_GC", "on", 1) != 0) {
		ctrace_source_refuse(answer, "", "%s", strerror(ENOMEM));
	}
	return answer->is_available;
}

const struct ctrace_source ctrace_source_gc = {
	.name = "gc",
	.about = "collections of libgc: pauses, the size of its heap; not where it is linked "
		 "statically",
	.costs = "0.5 us a collection",
	.gives = CTRACE_GIVES_GC,
	.probe = ctrace_preload_probe,
	.prepare = prepare,
};
