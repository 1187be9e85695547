/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_HOLDER_LOOKS_H
#define CTRACE_HOLDER_LOOKS_H

/*
 * What a thread does that others wait for: who has a lock is looked at (thread_look.h) while a wait
 * for it is not over. First when the rings told of the wait, then when it has lasted twice as long
 * as it had, and so on; each look is an event (SPEC 8.4, thread_stack) in a stream of the source
 * `locks`.
 *
 * The open and further members of the sources `locks` (source.h), outside and inside. Where nobody
 * may be looked at, waits are recorded all the same; the remark says why.
 */

#include "tracer/sources/source.h"

/* Of a wait; it has then lasted some hundred times as long as at the first one. */
#define CTRACE_HOLDER_LOOKS_MAX 8u
/* Of a round, and of a processor's time. */
#define CTRACE_HOLDER_ROUND_MAX 16u
#define CTRACE_HOLDER_PERCENT	5u

struct ctrace_opened_source *ctrace_holder_looks_open(const struct ctrace_source_target *target,
						      struct ctrace_source_answer *answer);
void ctrace_holder_looks_drain(struct ctrace_opened_source *opened,
			       struct ctrace_source_pass *pass);
void ctrace_holder_looks_look(struct ctrace_opened_source *opened);
void ctrace_holder_looks_close(struct ctrace_opened_source *opened,
			       struct ctrace_source_counts *counts);

#endif
