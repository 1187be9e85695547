/* SPDX-License-Identifier: MIT */

/*
 * The environment: CTRACE_OFF, CTRACE_CLOCK, CTRACE_RING_KB, CTRACE_RING_MAX_KB, CTRACE_MEMORY_MB,
 * CTRACE_RING_POLICY, CTRACE_BLOCK_MS, CTRACE_CATEGORIES, CTRACE_SOURCES, CTRACE_RING_DIR,
 * CTRACE_FILE, CTRACE_FLIGHT and its companions, CTRACE_HTTP. What cannot be obeyed gets one line
 * on stderr, and the program runs on.
 */

#include "tracer/src/library/environment.h"

#include "tracer/src/clock/clock.h"
#include "tracer/src/collect/beside.h"
#include "tracer/src/collect/flight_words.h"
#include "tracer/src/directory/ring_dir.h"
#include "tracer/src/emit/crash.h"
#include "tracer/src/library/api.h"

#include <ctrace/trace.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

static const char *value_of(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static void refuse(const char *name, const char *value, const char *why)
{
	fprintf(stderr, "ctrace: %s=%s: %s\n", name, value, why);
}

static void apply_clock(const char *value)
{
	if (value != NULL && ctrace_clock_force(value) != 0) {
		refuse("CTRACE_CLOCK", value, "must be tsc or monotonic_raw, and this processor's");
	}
}

/* One variable with a number in it, and who is told. */
struct number_variable {
	const char *name;
	int (*apply)(unsigned number);
	const char *refusal;
};

static void apply_number(const struct number_variable *variable)
{
	const char *value = value_of(variable->name);
	unsigned long number;
	char *end;

	if (value == NULL) {
		return;
	}
	number = strtoul(value, &end, 10);
	if (*end != '\0' || number > UINT_MAX || variable->apply((unsigned)number) != 0) {
		refuse(variable->name, value, variable->refusal);
	}
}

static void apply_numbers(void)
{
	static const char ring_size[] = "must be a power of two from 64 to 65536";
	static const struct number_variable variables[] = {
		{"CTRACE_RING_KB", ctrace_api_ring_kb, ring_size},
		{"CTRACE_RING_MAX_KB", ctrace_api_ring_max_kb, ring_size},
		{"CTRACE_MEMORY_MB", ctrace_api_memory_mb, "must be a number from 1 to 65536"},
		{"CTRACE_BLOCK_MS", ctrace_api_block_ms, "must be a number from 1 to 10000"},
	};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		apply_number(&variables[i]);
	}
}

static void apply_ring_policy(const char *value)
{
	if (value != NULL && ctrace_api_ring_policy(value) != 0) {
		refuse("CTRACE_RING_POLICY", value, "must be drop, overwrite or block");
	}
}

static void apply_sources(const char *value)
{
	char names[100], refusal[160];

	if (value != NULL && ctrace_api_default_sources(value) != 0) {
		ctrace_beside_names(names, sizeof(names));
		snprintf(refusal, sizeof(refusal), "there are %s", names);
		refuse("CTRACE_SOURCES", value, refusal);
	}
}

static void apply_file(const char *value)
{
	const struct ctrace_settings settings = {.file = value};
	int result = value != NULL ? ctrace_start(&settings) : 0;

	if (result != 0) {
		refuse("CTRACE_FILE", value, strerror(-result));
	}
}

/* A part of a flight that cannot be obeyed is left out; the rest of it flies. */
static bool is_refused(const char *name, const char *value, const char *why)
{
	if (why != NULL) {
		refuse(name, value, why);
	}
	return why != NULL;
}

static void read_flight_rules(struct ctrace_flight_settings *settings, const char *value)
{
	struct ctrace_rules rules;

	if (value != NULL &&
	    !is_refused("CTRACE_FLIGHT_RULE", value, ctrace_flight_rules_parse(value, &rules))) {
		settings->rules = value;
	}
}

static void read_flight_file(struct ctrace_flight_settings *settings, const char *value)
{
	if (value != NULL &&
	    !is_refused("CTRACE_FLIGHT_FILE", value, ctrace_flight_pattern_check(value))) {
		settings->file = value;
	}
}

static void read_flight_signal(struct ctrace_flight_settings *settings, const char *value)
{
	int signal;

	if (value != NULL && !is_refused("CTRACE_FLIGHT_SIGNAL", value,
					 ctrace_flight_signal_parse(value, &signal))) {
		settings->signal = signal;
	}
}

static void read_flight_crash(struct ctrace_flight_settings *settings, const char *value)
{
	settings->on_crash = value != NULL && strcmp(value, "1") == 0;
	if (value != NULL && strcmp(value, "1") != 0 && strcmp(value, "0") != 0) {
		refuse("CTRACE_CRASH", value, "must be 1 or 0");
	}
}

static void complain_without_flight(void)
{
	static const char *const companions[] = {"CTRACE_FLIGHT_FILE", "CTRACE_FLIGHT_SIGNAL",
						 "CTRACE_FLIGHT_RULE"};

	for (unsigned i = 0; i < sizeof(companions) / sizeof(companions[0]); i++) {
		if (value_of(companions[i]) != NULL) {
			refuse(companions[i], value_of(companions[i]),
			       "needs CTRACE_FLIGHT, like CTRACE_FLIGHT=10s,64MiB");
		}
	}
}

static void start_flight(const char *value, struct ctrace_flight_settings *settings)
{
	int result;

	read_flight_file(settings, value_of("CTRACE_FLIGHT_FILE"));
	read_flight_signal(settings, value_of("CTRACE_FLIGHT_SIGNAL"));
	read_flight_rules(settings, value_of("CTRACE_FLIGHT_RULE"));
	read_flight_crash(settings, value_of("CTRACE_CRASH"));
	result = ctrace_flight_start(settings);
	if (result == -EBUSY) {
		/* The signal, and that has been said: the past is kept all the same. */
		settings->signal = 0;
		result = ctrace_flight_start(settings);
	}
	if (result != 0) {
		refuse("CTRACE_FLIGHT", value, strerror(-result));
	}
}

static void apply_flight(const char *value)
{
	struct ctrace_flight_settings settings = {0};
	uint64_t span_ns = 0, bytes = 0;

	if (value == NULL) {
		complain_without_flight();
		return;
	}
	if (is_refused("CTRACE_FLIGHT", value, ctrace_flight_size_parse(value, &span_ns, &bytes))) {
		return;
	}
	settings.seconds = (double)span_ns / 1e9;
	settings.bytes = (size_t)bytes;
	start_flight(value, &settings);
}

static void ask_nobody(int signal)
{
	(void)signal;
	ctrace_crash_answer();
}

/* A ring directory takes a word of it. With a flight recorder that is told of crashes: see there.
 */
static void apply_crash(const char *value, bool has_ring_dir, bool has_flight)
{
	if (value == NULL) {
		return;
	}
	if (!has_ring_dir && !has_flight) {
		refuse("CTRACE_CRASH", value, "needs CTRACE_FLIGHT or CTRACE_RING_DIR");
		return;
	}
	if (has_flight || strcmp(value, "1") != 0) {
		return;
	}
	/* [N] release: the folder before its name. Met by the acquire [N] in crash.c. */
	atomic_store_explicit(&ctrace_crash_note, ctrace_ring_dir_note_crash, memory_order_release);
	ctrace_crash_install(ask_nobody);
}

void ctrace_environment_apply(void)
{
	if (getauxval(AT_SECURE) != 0 || value_of("CTRACE_OFF") != NULL) {
		return;
	}
	apply_clock(value_of("CTRACE_CLOCK"));
	apply_numbers();
	apply_ring_policy(value_of("CTRACE_RING_POLICY"));
	if (value_of("CTRACE_CATEGORIES") != NULL) {
		ctrace_api_default_categories(value_of("CTRACE_CATEGORIES"));
	}
	apply_sources(value_of("CTRACE_SOURCES"));
	if (value_of("CTRACE_RING_DIR") != NULL) {
		ctrace_ring_dir_use(value_of("CTRACE_RING_DIR"), value_of("CTRACE_CATEGORIES"));
	}
	apply_file(value_of("CTRACE_FILE"));
	apply_crash(value_of("CTRACE_CRASH"), value_of("CTRACE_RING_DIR") != NULL,
		    value_of("CTRACE_FLIGHT") != NULL);
	apply_flight(value_of("CTRACE_FLIGHT"));
	if (value_of("CTRACE_HTTP") != NULL) {
		ctrace_serve(value_of("CTRACE_HTTP")); /* complains by itself */
	}
}
