/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RECORD_SAY_H
#define CTRACE_RECORD_SAY_H

/* What `ctrace record` says on standard error: one line that changes, on a terminal only; other
 * lines above it; the sums at the end. */

#include "tracer/src/collect/session.h"

#include <stdbool.h>
#include <stdint.h>

struct ctrace_say {
	bool is_quiet, is_terminal;
	bool has_progress; /* a line without its end is on the screen */
	uint64_t next_ns;
};

struct ctrace_progress {
	uint64_t age_ns, events, kernel_events, bytes, lost;
};

struct ctrace_record_sums {
	const char *path, *program;
	const struct ctrace_session_totals *totals; /* of programs that use ctrace */
	uint32_t processes;
	uint64_t kernel_events, kernel_lost; /* of the sources beside them */
	bool has_sources;		     /* any was open */
	uint64_t age_ns;
};

void ctrace_say_init(struct ctrace_say *say, bool is_quiet);
/* Something went wrong: said even when quiet. */
void ctrace_say_line(struct ctrace_say *say, const char *line);
void ctrace_say_progress(struct ctrace_say *say, const struct ctrace_progress *progress);
void ctrace_say_end(struct ctrace_say *say, const struct ctrace_record_sums *sums);

#endif
