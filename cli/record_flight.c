/* SPDX-License-Identifier: MIT */
/* A flight of `ctrace record`; see record_flight.h. */

#include "cli/record_flight.h"

#include "tracer/src/clock/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BYTES_DEFAULT  (UINT64_C(64) << 20)
#define ROWS_BYTES_MIN (UINT64_C(1) << 20)
#define ROWS_BYTES_MAX (UINT64_C(1) << 30)
#define GOES_ON	       "snapshot taken; the recording goes on"

/* ---- options ---- */

static bool complain(const char *option, const char *text, const char *why)
{
	fprintf(stderr, "ctrace record: --%s %s: %s\n", option, text, why);
	return false;
}

/* They mean something to a flight only. */
static const char *without_flight(const struct ctrace_record_flight *flight)
{
	return flight->signal_word != NULL  ? "flight-signal"
	       : flight->rules_text != NULL ? "flight-rule"
	       : flight->pattern != NULL    ? "flight-file"
					    : NULL;
}

bool ctrace_record_flight_choose(struct ctrace_record_flight *flight)
{
	const char *why = NULL, *stray = without_flight(flight);

	if (flight->size == NULL) {
		return stray == NULL || complain(stray, "…", "needs --flight");
	}
	flight->bytes = BYTES_DEFAULT;
	why = ctrace_flight_size_parse(flight->size, &flight->span_ns, &flight->bytes);
	if (why != NULL) {
		return complain("flight", flight->size, why);
	}
	why = ctrace_flight_rules_parse(flight->rules_text, &flight->rules);
	if (why != NULL) {
		return complain("flight-rule", flight->rules_text, why);
	}
	if (flight->signal_word != NULL) {
		why = ctrace_flight_signal_parse(flight->signal_word, &flight->signal);
	}
	if (why != NULL) {
		return complain("flight-signal", flight->signal_word, why);
	}
	flight->pattern = flight->pattern != NULL ? flight->pattern : CTRACE_FLIGHT_PATTERN_DEFAULT;
	why = ctrace_flight_pattern_check(flight->pattern);
	if (why == NULL && strlen(flight->pattern) >= sizeof(flight->files.pattern)) {
		why = "too long";
	}
	return why == NULL || complain("flight-file", flight->pattern, why);
}

/* ---- while it records ---- */

static void on_rule(void *context, const struct ctrace_rule *rule, const struct ctrace_entry *entry,
		    const struct ctrace_span_time *time)
{
	struct ctrace_record_flight *flight = context;

	if (ctrace_flight_tell(&flight->told, rule, entry, time,
			       ctrace_clock_raw_ns() / 1000000u)) {
		flight->is_rule_due = true;
	}
}

static const struct ctrace_entry *site_of(void *context, uint32_t id)
{
	const struct ctrace_record_flight *flight = context;

	return ctrace_outside_flight_site(flight->kept, id);
}

/* What events refer to: half of the bytes at most, but what any program needs. */
static size_t rows_bytes(const struct ctrace_record_flight *flight)
{
	uint64_t half = flight->bytes / 2 < ROWS_BYTES_MAX ? flight->bytes / 2 : ROWS_BYTES_MAX;

	return half > ROWS_BYTES_MIN ? half : ROWS_BYTES_MIN;
}

bool ctrace_record_flight_begin(struct ctrace_record_flight *flight,
				struct ctrace_session_settings *settings,
				const struct ctrace_session_start *start)
{
	double ticks = (double)flight->span_ns * 1e-9 * (double)start->ticks_per_second;
	struct ctrace_outside *outside = flight->outside;

	flight->past = ctrace_past_create((uint64_t)ticks, flight->bytes);
	flight->kept = ctrace_outside_flight_create(outside);
	if (flight->past == NULL || flight->kept == NULL) {
		return false;
	}
	outside->flight = flight->kept;
	flight->kept->describe = start->describe;
	flight->kept->context = start->context;
	snprintf(flight->files.pattern, sizeof(flight->files.pattern), "%s", flight->pattern);
	*settings = (struct ctrace_session_settings){.past = flight->past,
						     .rows_bytes = rows_bytes(flight)};
	if (flight->rules.count > 0) {
		ctrace_watch_init(&flight->watch, &flight->rules, start->ticks_per_second);
		flight->watch.fired = on_rule;
		flight->watch.site = site_of;
		flight->watch.context = flight;
		settings->watch = &flight->watch;
	}
	return true;
}

uint64_t ctrace_record_flight_bytes(const struct ctrace_record_flight *flight)
{
	return flight->past->bytes + flight->past->rows_bytes;
}

static void say_file(struct ctrace_say *say, const struct ctrace_record_flight *flight,
		     const char *reason, int result)
{
	char line[CTRACE_FLIGHT_PATH_MAX + 320];

	if (result == 0) {
		snprintf(line, sizeof(line), "ctrace: %s: snapshot in %s", reason,
			 flight->files.path);
	} else if (result == -EDQUOT) {
		snprintf(line, sizeof(line),
			 "ctrace: %s: no snapshot: %u files were made, the most of one flight",
			 reason, CTRACE_FLIGHT_FILES_MAX);
	} else {
		snprintf(line, sizeof(line), "ctrace: %s: no whole snapshot in %s: %s", reason,
			 flight->files.path, strerror(-result));
	}
	ctrace_say_line(say, line);
}

static void take_file(struct ctrace_record_flight *flight, struct ctrace_say *say, const char *word,
		      const char *reason)
{
	/* Names are looked up first, which may take a while. */
	struct ctrace_snapshot snapshot = {.last_ns = flight->span_ns,
					   .asked = ctrace_clock_ticks()};
	int result;

	snprintf(snapshot.reason, sizeof(snapshot.reason), "%s", reason);
	flight->kept->tables.ended = GOES_ON;
	ctrace_record_sources_state(flight->sources);
	result = ctrace_outside_flight_take(flight->outside, &snapshot);
	if (result == 0) {
		result = ctrace_flight_files_write(&flight->files, &snapshot, word, false);
	}
	say_file(say, flight, snapshot.reason, result);
	ctrace_snapshot_finish(&snapshot);
}

void ctrace_record_flight_pass(struct ctrace_record_flight *flight, struct ctrace_say *say,
			       bool is_noted)
{
	char name[16], reason[32];

	if (is_noted) {
		ctrace_flight_signal_name(flight->signal, name);
		snprintf(reason, sizeof(reason), "signal %s", name);
		take_file(flight, say, "signal", reason);
	}
	if (flight->is_rule_due) {
		flight->is_rule_due = false;
		take_file(flight, say, "rule", flight->told.reason);
	}
}

/* ---- the end ---- */

static void add_sums(struct ctrace_record_flight *flight, const struct ctrace_snapshot *snapshot,
		     struct ctrace_session_totals *totals)
{
	totals->threads = 0;
	totals->written = totals->lost = 0;
	flight->kernel_events = flight->kernel_lost = 0;
	for (uint32_t i = 0; i < snapshot->threads_count; i++) {
		const struct ctrace_past_thread *at = &snapshot->threads[i];

		*(at->is_buffer ? &flight->kernel_events : &totals->written) += at->shown_written;
		*(at->is_buffer ? &flight->kernel_lost : &totals->lost) += at->shown_lost;
		totals->threads += !at->is_buffer;
	}
}

enum ctrace_status ctrace_record_flight_write_end(struct ctrace_record_flight *flight,
						  const char *ended, ctrace_write_fn *write,
						  void *sink, struct ctrace_session_totals *totals)
{
	struct ctrace_snapshot snapshot = {
		.last_ns = flight->span_ns, .asked = flight->ended, .reason = "end"};
	enum ctrace_status status = CTRACE_ERR_NO_MEMORY;

	flight->kept->tables.ended = ended;
	if (ctrace_outside_flight_take(flight->outside, &snapshot) == 0) {
		status = ctrace_snapshot_write(&snapshot, write, sink);
		add_sums(flight, &snapshot, totals);
	}
	ctrace_snapshot_finish(&snapshot);
	return status;
}

void ctrace_record_flight_finish(struct ctrace_record_flight *flight)
{
	ctrace_past_destroy(flight->past);
	ctrace_outside_flight_destroy(flight->kept);
	flight->past = NULL;
	flight->kept = NULL;
}
