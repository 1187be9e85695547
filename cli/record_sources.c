/* SPDX-License-Identifier: MIT */
/* Sources of a recording; see record_sources.h. */

#include "cli/record_sources.h"

#include "format/kept_rows.h"
#include "tracer/sources/alloc_source.h"
#include "tracer/sources/gc_source.h"
#include "tracer/sources/kernel/kernel_stream.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/lock_source.h"
#include "tracer/sources/perf/perf_samples.h"
#include "tracer/sources/preload_source.h"
#include "tracer/sources/span_source.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* The kernel's buffers hold so many milliseconds of the fastest calls many times over. */
#define WAIT_MS		10u
#define WAIT_FILLING_MS 2u
#define FILLING_PERCENT 10u
/* Half a processor beside ten others that want it: the kernel does not wait with what it has to
 * say. The program was forked before, and keeps its own. */
#define NICENESS -10

static bool check_rate(uint64_t hz)
{
	if (hz >= CTRACE_SAMPLE_HZ_MIN && hz <= CTRACE_SAMPLE_HZ_MAX) {
		return true;
	}
	fprintf(stderr, "ctrace record: %llu samples a second: the limits are %u and %u\n",
		(unsigned long long)hz, CTRACE_SAMPLE_HZ_MIN, CTRACE_SAMPLE_HZ_MAX);
	return false;
}

static bool choose_rate(struct ctrace_record_sources *sources)
{
	const char *text = getenv("CTRACE_SAMPLE_HZ");
	char *end = NULL;

	if (sources->sample_hz == CTRACE_SAMPLE_HZ_UNSAID) {
		sources->sample_hz = CTRACE_SAMPLE_HZ_DEFAULT;
		if (text != NULL && *text != '\0') {
			sources->sample_hz = strtoull(text, &end, 10);
			sources->sample_hz = *end == '\0' ? sources->sample_hz : 0;
		}
	}
	return check_rate(sources->sample_hz);
}

bool ctrace_record_sources_choose(struct ctrace_record_sources *sources)
{
	const char *bad;
	size_t size;

	if (!choose_rate(sources)) {
		return false;
	}
	if (ctrace_source_set_choose(&sources->set, sources->list, &bad, &size)) {
		return true;
	}
	fprintf(stderr, "ctrace record: --sources: there is no source %.*s; see `ctrace sources`\n",
		(int)size, bad);
	return false;
}

bool ctrace_record_sources_has_spans(const struct ctrace_record_sources *sources)
{
	return ctrace_source_set_has(&sources->set, &ctrace_source_spans);
}

bool ctrace_record_sources_has_preload(const struct ctrace_record_sources *sources)
{
	return ctrace_source_set_has(&sources->set, &ctrace_source_preload) ||
	       ctrace_source_set_has(&sources->set, &ctrace_source_alloc) ||
	       ctrace_source_set_has(&sources->set, &ctrace_source_alloc_full) ||
	       ctrace_source_set_has(&sources->set, &ctrace_source_alloc_stacks) ||
	       ctrace_source_set_has(&sources->set, &ctrace_source_locks) ||
	       ctrace_source_set_has(&sources->set, &ctrace_source_gc);
}

/* One line for all that is not there. */
static void say_missing(const struct ctrace_record_sources *sources, struct ctrace_say *say)
{
	char line[1024];
	size_t used = 0;

	for (size_t i = 0; i < sources->set.count; i++) {
		const struct ctrace_source_member *member = &sources->set.members[i];
		int size;

		if (member->state != CTRACE_MEMBER_MISSING) {
			continue;
		}
		size = snprintf(line + used, sizeof(line) - used, "%s %s: %s",
				used == 0 ? "ctrace: not recorded:" : ";", member->source->name,
				member->answer.why);
		if (size < 0 || (size_t)size >= sizeof(line) - used) {
			break;
		}
		used += (size_t)size;
	}
	if (used > 0 && !say->is_quiet) {
		ctrace_say_line(say, line);
	}
}

void ctrace_record_sources_open(struct ctrace_record_sources *sources,
				struct ctrace_outside *outside, pid_t program,
				struct ctrace_say *say)
{
	struct ctrace_recording *recording = &outside->session->recording;
	const struct ctrace_source_target target = {
		.pid = program,
		.trace = &sources->trace,
		.buffer_kb = sources->buffer_bytes >> 10,
		.sample_hz = sources->sample_hz,
	};

	sources->trace = (struct ctrace_source_trace){
		.writer = &recording->writer,
		.base_ticks = recording->base_ticks,
		.ticks_per_second = recording->writer.settings.ticks_per_second,
		.next_stream = &outside->next_stream,
		.threads_seen = &outside->session->streams_seen,
		.is_endless = outside->session->settings.past != NULL,
	};
	if (!ctrace_source_trace_init(&sources->trace)) {
		ctrace_source_trace_finish(&sources->trace);
		ctrace_say_line(say, "ctrace: no memory for sources; only spans are recorded");
		return;
	}
	ctrace_block_stacks_init(&sources->stacks, &sources->trace, ctrace_block_maps_outside);
	recording->finder = &sources->stacks.finder;
	ctrace_source_set_open(&sources->set, &target);
	recording->waits = sources->trace.waits;
	sources->recording = recording;
	sources->is_open = true;
	if (ctrace_source_set_is_open(&sources->set)) {
		setpriority(PRIO_PROCESS, 0, NICENESS); /* or not, where we may not */
	}
	say_missing(sources, say);
}

/* Once for each age of the rows. */
static void let_go(struct ctrace_record_sources *sources)
{
	uint32_t age = ctrace_kept_rows_age(sources->trace.writer);

	if (age != sources->age) {
		sources->age = age;
		ctrace_kernel_threads_forget(&sources->trace);
	}
}

/* Names of code, and how each source goes. */
static void state_names(struct ctrace_record_sources *sources, unsigned seconds)
{
	struct ctrace_names_report report;

	ctrace_code_places_name(&sources->trace, seconds, &report);
	ctrace_source_set_remark(&sources->set, CTRACE_GIVES_SAMPLES, report.text);
	ctrace_source_set_state(&sources->set, sources->trace.writer);
}

uint64_t ctrace_record_sources_pass(struct ctrace_record_sources *sources)
{
	struct ctrace_source_pass pass = {.now_ms = ctrace_clock_raw_ns() / 1000000u};

	ctrace_source_set_drain(&sources->set, &pass);
	sources->fill_percent = pass.fill_percent;
	if (sources->is_open && sources->trace.is_endless) {
		let_go(sources);
	}
	return pass.events;
}

void ctrace_record_sources_look(const struct ctrace_record_sources *sources)
{
	ctrace_source_set_look(&sources->set);
}

void ctrace_record_sources_state(struct ctrace_record_sources *sources)
{
	if (sources->is_open) {
		ctrace_kernel_threads_state(&sources->trace);
		ctrace_kernel_streams_seal(&sources->trace);
		state_names(sources, CTRACE_SNAPSHOT_NAMES_SECONDS_MAX);
	}
}

uint32_t ctrace_record_sources_wait(const struct ctrace_record_sources *sources, uint32_t wait_ms)
{
	uint32_t most = sources->fill_percent >= FILLING_PERCENT ? WAIT_FILLING_MS : WAIT_MS;

	if (!ctrace_source_set_is_open(&sources->set)) {
		return wait_ms;
	}
	return wait_ms < most ? wait_ms : most;
}

void ctrace_record_sources_close(struct ctrace_record_sources *sources)
{
	if (!sources->is_open) {
		return;
	}
	sources->recording->waits = NULL;
	ctrace_source_set_close(&sources->set);
	state_names(sources, CTRACE_NAMES_SECONDS_MAX);
	ctrace_code_places_finish(&sources->trace);
	ctrace_block_stacks_finish(&sources->stacks);
	ctrace_source_trace_finish(&sources->trace);
	sources->is_open = false;
}

bool ctrace_record_sources_had(const struct ctrace_record_sources *sources)
{
	for (size_t i = 0; i < sources->set.count; i++) {
		const struct ctrace_source_member *member = &sources->set.members[i];

		if (member->state == CTRACE_MEMBER_OPEN && member->source->open != NULL) {
			return true;
		}
	}
	return false;
}
