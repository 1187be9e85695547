/* SPDX-License-Identifier: MIT */
/* Calls and descriptors; see call_files.h. */

#include "tracer/sources/kernel/call_files.h"

#include "tracer/sources/kernel/call_deeds.h"
#include "tracer/sources/kernel/call_names.h"
#include "tracer/sources/kernel/open_files.h"

#include <fcntl.h>

#define FIRST_USES (CTRACE_CALL_USES_0 | CTRACE_CALL_USES_1 | CTRACE_CALL_USES_2)
/* Nobody has more open in a row that has rows. */
#define RANGE_MAX 4096u

void ctrace_call_files_enter(struct ctrace_source_trace *trace,
			     const struct ctrace_kernel_thread *thread, const uint64_t *args,
			     uint64_t ticks)
{
	unsigned deeds = ctrace_call_number_deeds(trace, thread->in_call);

	for (unsigned i = 0; (deeds & FIRST_USES) >> i != 0; i++) {
		if ((deeds & CTRACE_CALL_USES_0 << i) != 0) {
			ctrace_open_files_use(trace, thread, (uint32_t)args[i], ticks);
		}
	}
	if ((deeds & CTRACE_CALL_USES_4) != 0) {
		ctrace_open_files_use(trace, thread, (uint32_t)args[4], ticks);
	}
	/* From the beginning on: another thread may get the number before the call has ended. */
	if ((deeds & (CTRACE_CALL_CLOSES | CTRACE_CALL_CLOSES_RANGE)) == CTRACE_CALL_CLOSES) {
		ctrace_open_files_closed(trace, thread, (uint32_t)args[0], ticks);
	}
}

static void close_range_of(struct ctrace_source_trace *trace,
			   const struct ctrace_kernel_thread *thread, uint64_t ticks)
{
	uint64_t first = (uint32_t)thread->in_args[0], last = (uint32_t)thread->in_args[1];

	for (uint64_t i = 0; i < RANGE_MAX && first + i <= last; i++) {
		ctrace_open_files_closed(trace, thread, (uint32_t)(first + i), ticks);
	}
}

static bool has_opened(const struct ctrace_kernel_thread *thread, unsigned deeds)
{
	return (deeds & CTRACE_CALL_OPENS) != 0 ||
	       ((deeds & CTRACE_CALL_MAY_OPEN) != 0 &&
		(thread->in_args[1] == F_DUPFD || thread->in_args[1] == F_DUPFD_CLOEXEC));
}

void ctrace_call_files_exit(struct ctrace_source_trace *trace,
			    const struct ctrace_kernel_thread *thread, int64_t result,
			    uint64_t ticks)
{
	unsigned deeds = ctrace_call_number_deeds(trace, thread->in_call);

	if ((deeds & CTRACE_CALL_NAMES_0) != 0) {
		ctrace_open_files_opened(trace, thread, (uint32_t)thread->in_args[0], ticks);
	}
	if (result < 0) {
		return;
	}
	if (has_opened(thread, deeds)) {
		ctrace_open_files_opened(trace, thread, (uint32_t)result, ticks);
	}
	if ((deeds & CTRACE_CALL_REPLACES_1) != 0) {
		ctrace_open_files_opened(trace, thread, (uint32_t)thread->in_args[1], ticks);
	}
	if ((deeds & CTRACE_CALL_CLOSES_RANGE) != 0) {
		close_range_of(trace, thread, ticks);
	}
}
