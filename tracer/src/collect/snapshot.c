/* SPDX-License-Identifier: MIT */

/* From a window of the past to a trace; see snapshot.h. */

#include "tracer/src/collect/snapshot.h"

#include "format/kept_rows.h"
#include "format/limits.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/collect/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- taking: on the collector's thread ---- */

static void hide_threads(struct ctrace_past *past)
{
	for (unsigned i = 0; i < CTRACE_PAST_BUCKETS; i++) {
		for (struct ctrace_past_thread *at = past->buckets[i]; at != NULL; at = at->next) {
			at->shown = 0;
			at->shown_written = 0;
			at->shown_lost = 0;
		}
	}
}

static bool is_inside(const struct ctrace_snapshot *snapshot, const struct ctrace_past_chunk *chunk)
{
	const struct ctrace_chunk_header *header = &chunk->sealed.header;

	return header->base + header->span >= snapshot->from;
}

static void show(struct ctrace_snapshot *snapshot, struct ctrace_past_chunk *chunk)
{
	struct ctrace_past_thread *thread = chunk->thread;

	snapshot->chunks[snapshot->chunks_count++] =
		(struct ctrace_snapshot_chunk){.chunk = chunk, .seq = thread->shown++};
	thread->shown_written += chunk->sealed.header.events - chunk->sealed.lost_events;
	thread->shown_lost += chunk->sealed.lost;
	ctrace_past_chunk_hold(chunk);
}

static int take_chunks(struct ctrace_snapshot *snapshot, const struct ctrace_past *past)
{
	snapshot->chunks = calloc(past->chunks + 1, sizeof(*snapshot->chunks));
	if (snapshot->chunks == NULL) {
		return -ENOMEM;
	}
	for (struct ctrace_past_chunk *at = past->oldest; at != NULL; at = at->newer) {
		if (is_inside(snapshot, at)) {
			show(snapshot, at);
		}
	}
	return 0;
}

static int copy_open(struct ctrace_snapshot *snapshot, const struct ctrace_snapshot_thread *from)
{
	struct ctrace_snapshot_open *open = &snapshot->open[snapshot->open_count];
	size_t size = from->depth * sizeof(*open->spans);

	open->stream = from->stream;
	open->depth = from->depth;
	open->spans = malloc(size);
	if (open->spans == NULL) {
		return -ENOMEM;
	}
	memcpy(open->spans, from->open, size);
	if (open->spans[open->depth - 1].begin > snapshot->now) {
		snapshot->now = open->spans[open->depth - 1].begin;
	}
	snapshot->open_count++;
	return 0;
}

/* Of those a trace may have, some are shown, and others only sources tell of. */
static uint32_t room_for_threads(const struct ctrace_snapshot *snapshot,
				 const struct ctrace_past *past)
{
	uint32_t used = past->threads_shown;

	if (snapshot->rows != NULL) {
		used += ctrace_kept_rows_count(snapshot->rows, CTRACE_CHUNK_THREADS);
	}
	return used < CTRACE_THREADS_MAX ? CTRACE_THREADS_MAX - used : 0;
}

/* Threads that are inside something but did nothing in the window: perhaps the ones to look at. */
static int take_open(struct ctrace_snapshot *snapshot, const struct ctrace_past *past,
		     const struct ctrace_snapshot_thread *threads, uint32_t count)
{
	uint32_t room = room_for_threads(snapshot, past);

	snapshot->open = calloc(count + 1, sizeof(*snapshot->open));
	if (snapshot->open == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count && snapshot->open_count < room; i++) {
		struct ctrace_past_thread *thread = ctrace_past_find(past, threads[i].stream);

		if (thread == NULL || thread->shown > 0 || threads[i].depth == 0) {
			continue;
		}
		if (copy_open(snapshot, &threads[i]) != 0) {
			return -ENOMEM;
		}
		thread->shown = 1;
	}
	return 0;
}

static int take_threads(struct ctrace_snapshot *snapshot, const struct ctrace_past *past)
{
	snapshot->threads = calloc(past->threads + 1, sizeof(*snapshot->threads));
	if (snapshot->threads == NULL) {
		return -ENOMEM;
	}
	for (unsigned i = 0; i < CTRACE_PAST_BUCKETS; i++) {
		for (const struct ctrace_past_thread *at = past->buckets[i]; at != NULL;
		     at = at->next) {
			if (at->shown > 0 || at->is_buffer) {
				snapshot->threads[snapshot->threads_count++] = *at;
			}
		}
	}
	return 0;
}

static int take_clocks(struct ctrace_snapshot *snapshot, const struct ctrace_past *past)
{
	snapshot->clocks = calloc(past->clocks_count + 1, sizeof(*snapshot->clocks));
	if (snapshot->clocks == NULL) {
		return -ENOMEM;
	}
	snapshot->clocks_count = past->clocks_count;
	memcpy(snapshot->clocks, past->clocks, past->clocks_count * sizeof(*past->clocks));
	return 0;
}

static int take_sites(struct ctrace_snapshot *snapshot, const struct ctrace_writer *writer,
		      uint32_t sites_end)
{
	snapshot->sites = calloc(sites_end, sizeof(*snapshot->sites));
	if (snapshot->sites == NULL) {
		return -ENOMEM;
	}
	for (uint32_t id = 1; id < sites_end; id++) {
		if (ctrace_writer_has_site(writer, id)) {
			snapshot->sites[snapshot->sites_count++] = id;
		}
	}
	return 0;
}

static void find_window(struct ctrace_snapshot *snapshot)
{
	/* Not the product of two large numbers: an hour's nanoseconds times a frequency. */
	double ticks = (double)snapshot->last_ns * 1e-9 * (double)snapshot->ticks_per_second;
	uint64_t to = snapshot->asked != 0 ? snapshot->asked : snapshot->now;

	snapshot->from = snapshot->last_ns != 0 && ticks < (double)to ? to - (uint64_t)ticks : 0;
}

int ctrace_snapshot_take(struct ctrace_snapshot *snapshot, struct ctrace_past *past,
			 const struct ctrace_writer *writer,
			 const struct ctrace_snapshot_thread *threads, uint32_t threads_count,
			 uint32_t sites_end)
{
	find_window(snapshot);
	snapshot->held_bytes = past->bytes;
	snapshot->held_chunks = past->chunks;
	snapshot->held_threads = past->threads;
	hide_threads(past);
	if (take_chunks(snapshot, past) != 0 ||
	    take_open(snapshot, past, threads, threads_count) != 0 ||
	    take_threads(snapshot, past) != 0 || take_clocks(snapshot, past) != 0 ||
	    take_sites(snapshot, writer, sites_end) != 0) {
		return -ENOMEM;
	}
	return 0;
}

/* ---- writing: on any thread ---- */

/* No chunk may begin, and no span be open since, before this. */
static uint64_t base_of(const struct ctrace_snapshot *snapshot)
{
	uint64_t base = snapshot->now;

	for (uint32_t i = 0; i < snapshot->chunks_count; i++) {
		uint64_t oldest = snapshot->chunks[i].chunk->sealed.oldest;

		base = oldest < base ? oldest : base;
	}
	for (uint32_t i = 0; i < snapshot->open_count; i++) {
		uint64_t begin = snapshot->open[i].spans[0].begin;

		base = begin < base ? begin : base;
	}
	return base;
}

static void put_left_out(struct ctrace_writer *writer, const struct ctrace_writer *rows)
{
	char text[160];

	snprintf(text, sizeof(text),
		 "%" PRIu64 " rows of tables (strings, stacks, frames, threads, files): the flight "
		 "remembers %zu KiB of them",
		 ctrace_kept_rows_refused(rows), rows->settings.rows_bytes_max >> 10);
	ctrace_writer_meta(writer, "left_out", text, strlen(text));
}

static void put_meta(struct ctrace_writer *writer, const struct ctrace_snapshot *snapshot)
{
	const struct ctrace_snapshot_tables *tables = snapshot->tables;

	tables->describe(writer, tables->context);
	ctrace_writer_meta(writer, "snapshot", snapshot->reason, strlen(snapshot->reason));
	ctrace_writer_meta(writer, "ended", tables->ended, strlen(tables->ended));
	if (snapshot->rows != NULL && ctrace_kept_rows_refused(snapshot->rows) > 0) {
		put_left_out(writer, snapshot->rows);
	}
}

static void put_thread(struct ctrace_writer *writer, const struct ctrace_past_thread *thread)
{
	uint64_t base = writer->settings.base_ticks;
	struct ctrace_thread_row row = thread->row;

	row.name = ctrace_writer_string(writer, thread->name, strlen(thread->name));
	row.start = thread->start > base ? thread->start - base : 0;
	row.written = thread->shown_written;
	row.lost = thread->shown_lost;
	ctrace_writer_thread(writer, &row);
}

/* Its source is the string it was: strings that are remembered came first. */
static void put_buffer(struct ctrace_writer *writer, const struct ctrace_past_thread *buffer)
{
	struct ctrace_buffer_row row = buffer->buffer;

	row.written = buffer->shown_written;
	row.lost = buffer->shown_lost;
	ctrace_writer_buffer(writer, &row);
}

static void put_streams(struct ctrace_writer *writer, const struct ctrace_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->threads_count; i++) {
		const struct ctrace_past_thread *thread = &snapshot->threads[i];

		if (thread->is_buffer) {
			put_buffer(writer, thread);
		} else {
			put_thread(writer, thread);
		}
	}
}

/* What stands of it here, not what it has told in all. */
static void count_source(void *context, struct ctrace_source_row *row)
{
	const struct ctrace_snapshot *snapshot = context;

	row->events = 0;
	row->lost = 0;
	for (uint32_t i = 0; i < snapshot->threads_count; i++) {
		const struct ctrace_past_thread *at = &snapshot->threads[i];

		if (at->is_buffer && at->buffer.source == row->name) {
			row->events += at->shown_written;
			row->lost += at->shown_lost;
		}
	}
}

static void put_remembered(struct ctrace_writer *writer, const struct ctrace_snapshot *snapshot)
{
	const struct ctrace_kept_counts counts = {.source = count_source,
						  .context = (void *)snapshot};

	if (snapshot->rows != NULL) {
		ctrace_kept_rows_put(snapshot->rows, writer, &counts);
	}
}

static void put_sites(struct ctrace_writer *writer, const struct ctrace_snapshot *snapshot)
{
	const struct ctrace_snapshot_tables *tables = snapshot->tables;

	for (uint32_t i = 0; i < snapshot->sites_count; i++) {
		const struct ctrace_entry *entry =
			tables->site(tables->context, snapshot->sites[i]);

		if (entry != NULL) {
			ctrace_stream_define_site(writer, entry, snapshot->sites[i]);
		}
	}
}

static void put_tables(struct ctrace_writer *writer, const struct ctrace_snapshot *snapshot)
{
	if (snapshot->rows != NULL) {
		ctrace_kept_rows_strings(snapshot->rows, writer);
	}
	put_meta(writer, snapshot);
	put_sites(writer, snapshot);
	put_streams(writer, snapshot);
	put_remembered(writer, snapshot);
	for (uint32_t i = 0; i < snapshot->clocks_count; i++) {
		ctrace_writer_clock(writer, &snapshot->clocks[i]);
	}
}

static void put_chunks(struct ctrace_writer *writer, const struct ctrace_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->open_count && writer->status == CTRACE_OK; i++) {
		const struct ctrace_snapshot_open *open = &snapshot->open[i];

		ctrace_writer_restate(writer, open->stream, 0, snapshot->now, open->spans,
				      open->depth);
	}
	for (uint32_t i = 0; i < snapshot->chunks_count && writer->status == CTRACE_OK; i++) {
		ctrace_writer_sealed(writer, &snapshot->chunks[i].chunk->sealed,
				     snapshot->chunks[i].seq);
	}
}

enum ctrace_status ctrace_snapshot_write(const struct ctrace_snapshot *snapshot,
					 ctrace_write_fn *write, void *sink)
{
	struct ctrace_writer_settings settings = {
		.write = write,
		.sink = sink,
		.base_ticks = base_of(snapshot),
		.ticks_per_second = snapshot->ticks_per_second,
		.clock_kind = ctrace_clock_kind(),
	};
	struct ctrace_writer writer;
	enum ctrace_status status;

	memcpy(settings.session, snapshot->session, sizeof(settings.session));
	status = ctrace_writer_init(&writer, &settings);
	if (status == CTRACE_OK) {
		put_tables(&writer, snapshot);
		put_chunks(&writer, snapshot);
		status = ctrace_writer_close(&writer);
	}
	ctrace_writer_finish(&writer);
	return status;
}

void ctrace_snapshot_finish(struct ctrace_snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->chunks_count; i++) {
		ctrace_past_chunk_drop(snapshot->chunks[i].chunk);
	}
	for (uint32_t i = 0; i < snapshot->open_count; i++) {
		free(snapshot->open[i].spans);
	}
	free(snapshot->chunks);
	free(snapshot->threads);
	free(snapshot->open);
	free(snapshot->clocks);
	free(snapshot->sites);
	*snapshot = (struct ctrace_snapshot){0};
}
