/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RECORD_FLIGHT_H
#define CTRACE_RECORD_FLIGHT_H

/*
 * `ctrace record --flight`: the last seconds in memory, written when the program has
 * ended, on a signal to the recorder, and when a span took too long.
 *
 *     choose          what the options say
 *     begin           before the trace begins; `settings` get the past
 *       pass          once a round: files that are due
 *     write_end       the whole past into the trace's own file
 *     finish
 */

#include "cli/record_say.h"
#include "cli/record_sources.h"
#include "tracer/outside/outside_flight.h"
#include "tracer/src/flight/flight_files.h"
#include "tracer/src/flight/flight_told.h"

#include <stdbool.h>
#include <stdint.h>

struct ctrace_record_flight {
	/* Of the command line; NULL: not given. */
	const char *size, *signal_word, *rules_text, *pattern;

	uint64_t span_ns, bytes;
	int signal;
	struct ctrace_rules rules;
	struct ctrace_past *past;
	struct ctrace_watch watch;
	struct ctrace_outside *outside;
	struct ctrace_record_sources *sources;
	struct ctrace_outside_flight *kept;
	struct ctrace_flight_files files;
	struct ctrace_flight_told told;
	bool is_rule_due;
	uint64_t ended;			     /* ticks: before the sources were closed */
	uint64_t kernel_events, kernel_lost; /* that write_end wrote */
};

/* False after a line: a word that is not understood. */
bool ctrace_record_flight_choose(struct ctrace_record_flight *flight);
static inline bool ctrace_record_flight_is_on(const struct ctrace_record_flight *flight)
{
	return flight->size != NULL;
}

/* `flight->outside` and `flight->sources` are set; `start->describe` adds META to each snapshot,
 * too. False without memory. */
bool ctrace_record_flight_begin(struct ctrace_record_flight *flight,
				struct ctrace_session_settings *settings,
				const struct ctrace_session_start *start);

/* Of the limit, used. */
uint64_t ctrace_record_flight_bytes(const struct ctrace_record_flight *flight);

/* After a round of draining: `is_noted`, the signal has come. */
void ctrace_record_flight_pass(struct ctrace_record_flight *flight, struct ctrace_say *say,
			       bool is_noted);

/* Before ctrace_outside_end, after ctrace_record_sources_close. Sums of what the snapshot has go to
 * *totals. */
enum ctrace_status ctrace_record_flight_write_end(struct ctrace_record_flight *flight,
						  const char *ended, ctrace_write_fn *write,
						  void *sink, struct ctrace_session_totals *totals);

/* After ctrace_outside_finish. Takes zeroed ones. */
void ctrace_record_flight_finish(struct ctrace_record_flight *flight);

#endif
