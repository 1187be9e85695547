/* SPDX-License-Identifier: MIT */

/* Sums over a trace; see streamed.h. */

#include "tests/unit/streamed.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STREAMS_MAX 65536u

/* What is known of a stream while reading. */
struct stream {
	uint64_t last, written, lost;
};

struct reading {
	const char *path;
	struct ctrace_trace *trace;
	streamed_event_fn *each;
	struct stream *streams;
	struct streamed sums;
};

static _Noreturn void fail(const struct reading *reading, const char *what, const char *text)
{
	fprintf(stderr, "%s: %s %s\n", reading->path, what, text);
	abort();
}

static uint64_t lost_of(const struct reading *reading, const struct ctrace_event *event)
{
	struct ctrace_value values[16];

	return ctrace_event_values(reading->trace, event, values) >= 2 ? values[1].u64 : 0;
}

static void add_event(struct reading *reading, struct stream *stream,
		      const struct ctrace_event *event)
{
	struct streamed *sums = &reading->sums;

	if (event->ticks < stream->last) {
		fail(reading, "time falls", "in a stream");
	}
	stream->last = event->ticks;
	if (event->kind == CTRACE_KIND_LOST) {
		stream->lost += lost_of(reading, event);
		return;
	}
	stream->written++;
	sums->begins += event->kind == CTRACE_KIND_SPAN_BEGIN;
	sums->ends += event->kind == CTRACE_KIND_SPAN_END;
	sums->others +=
		event->kind != CTRACE_KIND_SPAN_BEGIN && event->kind != CTRACE_KIND_SPAN_END;
	if (reading->each != NULL) {
		reading->each(reading->trace, event);
	}
}

static void read_chunk(struct reading *reading, uint32_t index, struct ctrace_chunk *chunk)
{
	struct ctrace_cursor *cursor = malloc(sizeof(*cursor));
	struct ctrace_error error = {0};
	struct ctrace_event event;

	if (ctrace_chunk_load(chunk, reading->trace, index, &error) != CTRACE_OK ||
	    ctrace_chunk_check(reading->trace, chunk, &error) != CTRACE_OK ||
	    ctrace_cursor_init(cursor, reading->trace, chunk, &error) != CTRACE_OK) {
		fail(reading, "has a bad chunk:", error.text);
	}
	while (ctrace_cursor_next(cursor, &event, &error) == CTRACE_OK) {
		add_event(reading, &reading->streams[chunk->entry->stream % STREAMS_MAX], &event);
	}
	free(cursor);
}

static void read_chunks(struct reading *reading)
{
	uint32_t count = ctrace_trace_info(reading->trace)->chunk_count;
	struct ctrace_chunk chunk = {0};

	for (uint32_t i = 0; i < count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(reading->trace, i);

		if (entry->missing_before != 0) {
			fail(reading, "has a gap", "in a stream");
		}
		if (entry->type == CTRACE_CHUNK_EVENTS) {
			read_chunk(reading, i, &chunk);
		}
	}
	ctrace_chunk_unload(&chunk);
}

static void check_rows(struct reading *reading)
{
	const struct ctrace_thread_row *rows =
		ctrace_trace_threads(reading->trace, &reading->sums.threads);

	for (uint32_t i = 0; i < reading->sums.threads; i++) {
		const struct stream *stream = &reading->streams[rows[i].stream % STREAMS_MAX];

		if (rows[i].written != stream->written || rows[i].lost != stream->lost) {
			fail(reading, "has a row", "that lies");
		}
		reading->sums.lost += rows[i].lost;
		reading->sums.clamped += rows[i].clamped;
	}
	if (ctrace_trace_info(reading->trace)->lost != reading->sums.lost) {
		fail(reading, "has a trailer whose lost", "is not the threads'");
	}
}

struct streamed streamed_read(const char *path, streamed_event_fn *each)
{
	const struct ctrace_trace_settings strict = {.is_strict = true};
	struct reading reading = {.path = path, .each = each};
	struct ctrace_error error = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	reading.streams = calloc(STREAMS_MAX, sizeof(*reading.streams));
	if (ctrace_trace_open(&reading.trace, fd, &strict, &error) != CTRACE_OK) {
		fail(&reading, "does not open:", error.text);
	}
	if (!ctrace_trace_info(reading.trace)->has_trailer) {
		fail(&reading, "has no", "trailer");
	}
	read_chunks(&reading);
	check_rows(&reading);
	ctrace_trace_close(reading.trace);
	close(fd);
	free(reading.streams);
	return reading.sums;
}
