/* SPDX-License-Identifier: MIT */
/* Lines of `ctrace record`; see record_say.h. */

#include "cli/record_say.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define PROGRESS_NS 500000000u
/* Back to the line's beginning, and all of it gone. */
#define WIPE "\r\033[K"

void ctrace_say_init(struct ctrace_say *say, bool is_quiet)
{
	*say = (struct ctrace_say){.is_quiet = is_quiet,
				   .is_terminal = isatty(STDERR_FILENO) != 0,
				   .next_ns = PROGRESS_NS};
}

static void wipe(struct ctrace_say *say)
{
	if (say->has_progress) {
		fprintf(stderr, WIPE);
		say->has_progress = false;
	}
}

void ctrace_say_line(struct ctrace_say *say, const char *line)
{
	wipe(say);
	fprintf(stderr, "%s\n", line);
}

void ctrace_say_progress(struct ctrace_say *say, const struct ctrace_progress *progress)
{
	if (say->is_quiet || !say->is_terminal || progress->age_ns < say->next_ns) {
		return;
	}
	say->next_ns = progress->age_ns + PROGRESS_NS;
	say->has_progress = true;
	fprintf(stderr,
		WIPE "ctrace: %" PRIu64 ".%" PRIu64 " s, %" PRIu64 " events, %" PRIu64
		     " of the kernel, %" PRIu64 " KiB, %" PRIu64 " lost",
		progress->age_ns / 1000000000u, progress->age_ns / 100000000u % 10,
		progress->events, progress->kernel_events, progress->bytes >> 10, progress->lost);
}

/* Nothing at all is worth a word why. */
static void say_hint(const struct ctrace_record_sums *sums)
{
	if (sums->processes > 0 || sums->kernel_events > 0) {
		return;
	}
	fprintf(stderr,
		"ctrace: 0 events: %s does not use ctrace (link it with libctrace, and mark what "
		"is worth seeing with TRACE_SPAN)%s\n",
		sums->program,
		sums->has_sources ? ""
				  : ", and nothing of the kernel was recorded (see `ctrace "
				    "sources`)");
}

void ctrace_say_end(struct ctrace_say *say, const struct ctrace_record_sums *sums)
{
	const struct ctrace_session_totals *totals = sums->totals;

	wipe(say);
	if (say->is_quiet) {
		return;
	}
	fprintf(stderr, "ctrace: %s: ", sums->path);
	if (sums->processes > 0 || !sums->has_sources) {
		fprintf(stderr, "%" PRIu64 " events, %" PRIu64 " lost, %u processes, %u threads, ",
			totals->written, totals->lost, sums->processes, totals->threads);
	}
	if (sums->has_sources) {
		fprintf(stderr, "%" PRIu64 " kernel events, %" PRIu64 " lost, ",
			sums->kernel_events, sums->kernel_lost);
	}
	fprintf(stderr, "%" PRIu64 " bytes, %" PRIu64 ".%03" PRIu64 " s\n", totals->bytes,
		sums->age_ns / 1000000000u, sums->age_ns / 1000000u % 1000);
	say_hint(sums);
}
