/* SPDX-License-Identifier: MIT */
/* Locks from inside the program; see lock_source.h. */

#include "tracer/sources/lock_source.h"

#include "tracer/sources/asleep/holder_looks.h"
#include "tracer/sources/preload_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool prepare(const struct ctrace_source_before *before, struct ctrace_source_answer *answer)
{
	if (!ctrace_preload_put(before, NULL, answer)) {
		return false;
	}
	if (setenv("CTRACE_LOCKS", "on", 1) != 0) {
		ctrace_source_refuse(answer, "", "%s", strerror(ENOMEM));
	}
	return answer->is_available;
}

const struct ctrace_source ctrace_source_locks = {
	.name = "locks",
	.about = "waits for locks: which, for how long, who had it; not of static programs",
	.costs = "2 ns a lock that is free, 0.1 us a wait, 1 us a stack",
	.gives = CTRACE_GIVES_LOCKS,
	.probe = ctrace_preload_probe,
	.prepare = prepare,
	.open = ctrace_holder_looks_open,
	.drain = ctrace_holder_looks_drain,
	.look = ctrace_holder_looks_look,
	.close = ctrace_holder_looks_close,
};
