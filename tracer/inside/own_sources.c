/* SPDX-License-Identifier: MIT */

/* The kernel's sources of a session in the process it records; see src/collect/beside.h. */

#include "tracer/inside/linked_source.h"
#include "tracer/sources/kernel/kept_files.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/kernel/own_threads.h"
#include "tracer/sources/perf/block_stacks.h"
#include "tracer/sources/perf/code_places.h"
#include "tracer/sources/source_set.h"
#include "tracer/sources/span_source.h"
#include "tracer/src/collect/beside.h"
#include "tracer/src/collect/collect.h"
#include "tracer/src/sites/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Above the numbers of all threads that may ever trace: each of those has its own. */
#define FIRST_STREAM (UINT32_C(1) << 31)

struct own_sources {
	struct ctrace_beside face; /* first */
	struct ctrace_session *session;
	struct ctrace_source_set set;
	struct ctrace_source_trace trace;
	struct ctrace_own_threads threads;
	struct ctrace_block_stacks stacks; /* of what rings tell of memory and locks */
	/* While others write the session: what sources count is not the session's yet. */
	uint32_t next_stream, threads_seen;
};

/* ---- lists ---- */

static bool choose(struct ctrace_source_set *set, const char *list)
{
	const char *bad;
	size_t bad_size;

	return ctrace_source_set_choose(set, list, &bad, &bad_size);
}

bool ctrace_beside_check(const char *list, const char **bad, size_t *bad_size)
{
	struct ctrace_source_set set;

	return ctrace_source_set_choose(&set, list, bad, bad_size);
}

void ctrace_beside_names(char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (const struct ctrace_source *const *at = ctrace_source_list; *at != NULL; at++) {
		int more = snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "",
				    (*at)->name);

		if (more < 0 || (size_t)more >= size - used) {
			return;
		}
		used += (size_t)more;
	}
}

bool ctrace_beside_is_wanted(const char *list)
{
	struct ctrace_source_set set;
	bool is_wanted = false;

	choose(&set, list);
	for (size_t i = 0; i < set.count; i++) {
		is_wanted |= set.members[i].source->open != NULL &&
			     set.members[i].state == CTRACE_MEMBER_WANTED;
	}
	return is_wanted;
}

bool ctrace_beside_wants_spans(const char *list)
{
	struct ctrace_source_set set;

	choose(&set, list);
	return ctrace_source_set_has(&set, &ctrace_source_spans);
}

const char *ctrace_beside_named(const char *list)
{
	static const char *const names[] = {"", CTRACE_NAMED_ALLOC, CTRACE_NAMED_LOCKS,
					    CTRACE_NAMED_ALLOC "," CTRACE_NAMED_LOCKS};
	struct ctrace_source_set set;

	choose(&set, list);
	return names[ctrace_source_set_has(&set, &ctrace_source_linked_alloc) +
		     2 * ctrace_source_set_has(&set, &ctrace_source_linked_locks)];
}

/* ---- draining ---- */

static void read_own_maps(struct ctrace_code_places *places, const struct ctrace_origin *origin)
{
	ctrace_code_places_read(places, (uint32_t)origin->pid, NULL);
}

/* Stacks have their numbers of us from here on; the session gave the first ones. */
static void find_stacks(struct own_sources *own)
{
	struct ctrace_recording *recording = &own->session->recording;
	struct ctrace_code_places *places = ctrace_code_places_need(&own->trace);

	ctrace_block_stacks_init(&own->stacks, &own->trace, read_own_maps);
	if (places != NULL &&
	    ctrace_stacks_begin_behind(&places->stacks, recording->plain_stacks.count)) {
		recording->finder = &own->stacks.finder;
	}
}

/* From here on nobody else touches the session. */
static void take_over(struct own_sources *own)
{
	if (own->trace.is_opening) {
		own->session->streams_seen += own->threads_seen;
		own->trace.threads_seen = &own->session->streams_seen;
		own->trace.is_opening = false;
		own->session->recording.waits = own->trace.waits;
		find_stacks(own);
	}
}

static unsigned drain(struct ctrace_beside *beside, uint64_t now_ms)
{
	struct own_sources *own = (struct own_sources *)beside;
	struct ctrace_source_pass pass = {.now_ms = now_ms};

	take_over(own);
	ctrace_source_set_drain(&own->set, &pass);
	ctrace_source_set_look(&own->set);
	ctrace_kernel_threads_state(&own->trace);
	return pass.fill_percent;
}

/* ---- closing ---- */

static enum ctrace_status drop(void *unused, const void *bytes, size_t size)
{
	(void)unused;
	(void)bytes;
	(void)size;
	return CTRACE_OK;
}

static void close_set(struct own_sources *own)
{
	struct ctrace_names_report report;

	ctrace_source_set_close(&own->set);
	ctrace_code_places_name(&own->trace, CTRACE_OWN_NAMES_SECONDS_MAX, &report);
	ctrace_source_set_remark(&own->set, CTRACE_GIVES_SAMPLES, report.text);
	ctrace_source_set_state(&own->set, own->trace.writer);
	ctrace_code_places_finish(&own->trace);
	ctrace_source_trace_finish(&own->trace);
}

/* The trace ended while sources were being opened: what they say goes nowhere. */
static void close_in_vain(struct own_sources *own)
{
	const struct ctrace_writer_settings settings = {
		.write = drop,
		.base_ticks = own->trace.base_ticks,
		.ticks_per_second = own->trace.ticks_per_second,
	};
	struct ctrace_writer writer = {.offset = 0};

	ctrace_writer_init(&writer, &settings);
	own->trace.writer = &writer;
	own->trace.is_opening = false;
	close_set(own);
	ctrace_writer_finish(&writer);
}

static void close_own(struct ctrace_beside *beside)
{
	struct own_sources *own = (struct own_sources *)beside;

	own->threads.without[1] = gettid();
	if (own->session->is_over) {
		close_in_vain(own);
	} else {
		take_over(own);
		own->session->recording.waits = NULL;
		close_set(own);
	}
	own->session->recording.finder = NULL;
	own->session->recording.waits = NULL;
	ctrace_block_stacks_finish(&own->stacks);
	ctrace_own_threads_finish(&own->threads);
	free(own);
}

/* ---- opening ---- */

static void open_set(struct own_sources *own)
{
	const struct ctrace_source_target target = {
		.pid = getpid(), .own = &own->threads, .trace = &own->trace};

	own->threads.without[0] = ctrace_collect_tid();
	own->threads.without[1] = gettid();
	ctrace_source_set_open(&own->set, &target);
}

struct ctrace_beside *ctrace_beside_open(struct ctrace_session *session, const char *list)
{
	struct ctrace_recording *recording = &session->recording;
	struct own_sources *own = calloc(1, sizeof(*own));

	if (own == NULL) {
		return NULL;
	}
	own->face = (struct ctrace_beside){.drain = drain, .close = close_own};
	own->session = session;
	own->next_stream = FIRST_STREAM;
	own->trace = (struct ctrace_source_trace){
		.writer = &recording->writer,
		.base_ticks = recording->base_ticks,
		.ticks_per_second = recording->writer.settings.ticks_per_second,
		.next_stream = &own->next_stream,
		.threads_seen = &own->threads_seen,
		.own_pid = (uint32_t)getpid(),
		.is_opening = true,
	};
	if (!choose(&own->set, list) || !ctrace_source_trace_init(&own->trace)) {
		ctrace_source_trace_finish(&own->trace);
		free(own);
		return NULL;
	}
	open_set(own);
	return &own->face;
}

void ctrace_beside_fork_child(void)
{
	ctrace_kept_fork_child();
}
