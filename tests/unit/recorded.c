/* SPDX-License-Identifier: MIT */

/* Reads a recorded trace back and holds it to every rule that a good trace keeps; see recorded.h.
 */

#include "tests/unit/recorded.h"

#include "tracer/src/collect/collect.h"
#include "tracer/src/collect/session.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fail(const struct recorded *recorded, const char *what, const char *text)
{
	fprintf(stderr, "%s: %s %s\n", recorded->path, what, text);
	abort();
}

void recorded_path(struct recorded *recorded)
{
	int fd;

	*recorded = (struct recorded){.fd = -1};
	snprintf(recorded->path, sizeof(recorded->path), "/tmp/ctrace-test-XXXXXX");
	fd = mkstemp(recorded->path);
	if (fd < 0) {
		fail(recorded, "cannot be made", "");
	}
	close(fd);
}

void recorded_start(struct recorded *recorded, const char *categories)
{
	/* Rings that do not grow: tests know what they hold. */
	struct ctrace_settings settings = {.categories = categories, .ring_max_kb = 64};
	int result;

	recorded_path(recorded);
	settings.file = recorded->path;
	result = ctrace_start(&settings);
	if (result != 0) {
		fail(recorded, "ctrace_start:", strerror(-result));
	}
}

static void add_values(struct recorded *recorded, struct recorded_event *at,
		       const struct ctrace_event *event)
{
	struct ctrace_value values[16];

	at->count = ctrace_event_values(recorded->trace, event, values);
	for (unsigned i = 0; i < at->count && i < RECORDED_NUMBERS; i++) {
		at->types[i] = (uint8_t)values[i].type;
		at->numbers[i] = values[i].u64;
		if (values[i].type == CTRACE_ARG_STR) {
			at->numbers[i] = values[i].str.size;
			snprintf(at->text, sizeof(at->text), "%.*s", (int)values[i].str.size,
				 values[i].str.bytes);
		}
	}
}

static void add_event(struct recorded *recorded, const struct ctrace_event *event, uint32_t stream)
{
	const struct ctrace_site *site = NULL;
	struct recorded_event *at;

	if (recorded->count == recorded->room) {
		recorded->room = recorded->room != 0 ? 2 * recorded->room : 1024;
		recorded->events =
			realloc(recorded->events, recorded->room * sizeof(*recorded->events));
	}
	at = &recorded->events[recorded->count++];
	*at = (struct recorded_event){.stream = stream, .kind = event->kind, .ticks = event->ticks};
	if (event->site != CTRACE_NO_SITE) {
		site = ctrace_trace_site(recorded->trace, event->site);
	}
	if (site != NULL) {
		at->name = ctrace_trace_string(recorded->trace, site->name);
		at->category = ctrace_trace_string(recorded->trace, site->category);
	}
	add_values(recorded, at, event);
}

static void read_chunk(struct recorded *recorded, uint32_t index, struct ctrace_chunk *chunk)
{
	struct ctrace_cursor *cursor = malloc(sizeof(*cursor));
	struct ctrace_error error = {0};
	struct ctrace_event event;

	if (ctrace_chunk_load(chunk, recorded->trace, index, &error) != CTRACE_OK ||
	    ctrace_chunk_check(recorded->trace, chunk, &error) != CTRACE_OK ||
	    ctrace_cursor_init(cursor, recorded->trace, chunk, &error) != CTRACE_OK) {
		fail(recorded, "has a bad chunk:", error.text);
	}
	while (ctrace_cursor_next(cursor, &event, &error) == CTRACE_OK) {
		add_event(recorded, &event, chunk->entry->stream);
	}
	free(cursor);
}

static void read_chunks(struct recorded *recorded)
{
	uint32_t count = ctrace_trace_info(recorded->trace)->chunk_count;
	struct ctrace_chunk chunk = {0};

	for (uint32_t i = 0; i < count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(recorded->trace, i);

		if (entry->missing_before != 0) {
			fail(recorded, "has a gap", "in a stream");
		}
		if (entry->type == CTRACE_CHUNK_EVENTS) {
			read_chunk(recorded, i, &chunk);
		}
	}
	ctrace_chunk_unload(&chunk);
}

/* Where a stream stands in the table, whose rows ascend. */
static uint32_t row_of(const struct recorded *recorded, uint32_t stream)
{
	uint32_t low = 0, high = recorded->threads_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (recorded->threads[middle].stream < stream) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == recorded->threads_count || recorded->threads[low].stream != stream) {
		fail(recorded, "has events of a stream", "without a row");
	}
	return low;
}

/* Stream by stream, and within one the file's order: count, then put each in its place. */
static void sort_events(struct recorded *recorded)
{
	struct recorded_event *sorted = malloc((recorded->count + 1) * sizeof(*sorted));
	uint32_t *at = calloc(recorded->threads_count + 1, sizeof(*at));

	for (uint32_t i = 0; i < recorded->count; i++) {
		at[row_of(recorded, recorded->events[i].stream) + 1]++;
	}
	for (uint32_t i = 0; i < recorded->threads_count; i++) {
		at[i + 1] += at[i];
	}
	for (uint32_t i = 0; i < recorded->count; i++) {
		sorted[at[row_of(recorded, recorded->events[i].stream)]++] = recorded->events[i];
	}
	free(at);
	free(recorded->events);
	recorded->events = sorted;
}

/* One stream's events from `at` on against its row; returns where the next stream's begin. */
static uint32_t check_thread(const struct recorded *recorded, uint32_t at,
			     const struct ctrace_thread_row *row)
{
	uint64_t written = 0, lost = 0, last = 0;

	for (; at < recorded->count && recorded->events[at].stream == row->stream; at++) {
		const struct recorded_event *event = &recorded->events[at];

		if (event->ticks < last) {
			fail(recorded, "time falls", "in a stream");
		}
		last = event->ticks;
		lost += event->kind == CTRACE_KIND_LOST ? event->numbers[1] : 0;
		written += event->kind != CTRACE_KIND_LOST;
	}
	if (written != row->written || lost != row->lost) {
		fprintf(stderr, "stream %u: %llu events, row says %llu; %llu lost, row says %llu\n",
			row->stream, (unsigned long long)written, (unsigned long long)row->written,
			(unsigned long long)lost, (unsigned long long)row->lost);
		fail(recorded, "has a row", "that lies");
	}
	return at;
}

void recorded_read(struct recorded *recorded)
{
	const struct ctrace_trace_settings strict = {.is_strict = true};
	struct ctrace_error error = {0};
	uint32_t at = 0;

	recorded->fd = open(recorded->path, O_RDONLY | O_CLOEXEC);
	if (ctrace_trace_open(&recorded->trace, recorded->fd, &strict, &error) != CTRACE_OK) {
		fail(recorded, "does not open:", error.text);
	}
	if (!ctrace_trace_info(recorded->trace)->has_trailer) {
		fail(recorded, "has no", "trailer");
	}
	recorded->threads = ctrace_trace_threads(recorded->trace, &recorded->threads_count);
	read_chunks(recorded);
	sort_events(recorded);
	for (uint32_t i = 0; i < recorded->threads_count; i++) {
		at = check_thread(recorded, at, &recorded->threads[i]);
	}
	if (ctrace_trace_info(recorded->trace)->lost != recorded_lost(recorded)) {
		fail(recorded, "has a trailer whose lost", "is not the threads'");
	}
}

void recorded_read_cut(struct recorded *recorded)
{
	struct ctrace_error error = {0};

	recorded->fd = open(recorded->path, O_RDONLY | O_CLOEXEC);
	if (ctrace_trace_open(&recorded->trace, recorded->fd, NULL, &error) != CTRACE_OK) {
		fail(recorded, "does not open:", error.text);
	}
	recorded->threads = ctrace_trace_threads(recorded->trace, &recorded->threads_count);
	read_chunks(recorded);
	sort_events(recorded);
}

void recorded_stop(struct recorded *recorded)
{
	int result = ctrace_stop();

	if (result != 0) {
		fail(recorded, "ctrace_stop:", strerror(-result));
	}
	recorded_read(recorded);
}

enum ctrace_status recorded_to_nowhere(void *sink, const void *bytes, size_t size)
{
	(void)sink;
	(void)bytes;
	(void)size;
	return CTRACE_OK;
}

void recorded_collect_now(void)
{
	const struct ctrace_session_settings settings = {.write = recorded_to_nowhere};
	struct ctrace_session *session;

	if (ctrace_session_open(&session, &settings) != 0 ||
	    ctrace_session_close(session, NULL) != 0) {
		fprintf(stderr, "recorded_collect_now: no recording to nowhere\n");
		abort();
	}
}

void recorded_stall(bool is_stalled)
{
	atomic_store_explicit(&ctrace_collect_stall, is_stalled, memory_order_release);
	if (is_stalled) {
		recorded_collect_now();
	}
}

void recorded_free(struct recorded *recorded)
{
	ctrace_trace_close(recorded->trace);
	if (recorded->fd >= 0) {
		close(recorded->fd);
	}
	free(recorded->events);
	unlink(recorded->path);
	*recorded = (struct recorded){.fd = -1};
}

static bool is_named(const struct recorded_event *event, const char *name)
{
	return event->name.size == strlen(name) &&
	       memcmp(event->name.bytes, name, event->name.size) == 0;
}

const struct recorded_event *recorded_named(const struct recorded *recorded, const char *name)
{
	for (uint32_t i = 0; i < recorded->count; i++) {
		if (is_named(&recorded->events[i], name)) {
			return &recorded->events[i];
		}
	}
	return NULL;
}

uint32_t recorded_count(const struct recorded *recorded, enum ctrace_kind kind, const char *name)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < recorded->count; i++) {
		const struct recorded_event *event = &recorded->events[i];

		count += event->kind == (uint32_t)kind && (name == NULL || is_named(event, name));
	}
	return count;
}

uint64_t recorded_written(const struct recorded *recorded)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < recorded->threads_count; i++) {
		sum += recorded->threads[i].written;
	}
	return sum;
}

uint64_t recorded_lost(const struct recorded *recorded)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < recorded->threads_count; i++) {
		sum += recorded->threads[i].lost;
	}
	return sum;
}
