/* SPDX-License-Identifier: MIT */

/* A session on the collector's side; see session_state.h. */

#include "tracer/src/collect/session_state.h"

#include "format/kept_rows.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/collect/past.h"
#include "tracer/src/ring/gap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* The reader's first slope comes from the second row: do not let it wait a second. */
#define SECOND_CLOCK_ROW_MS 50u

void ctrace_session_state_clock(struct ctrace_session *session)
{
	struct ctrace_clock_row row;

	if (!session->is_live) {
		return;
	}
	ctrace_clock_snapshot(&row);
	session->last_clock = (struct ctrace_clock_pair){.ticks = row.ticks, .raw_ns = row.raw_ns};
	if (session->settings.past != NULL) {
		ctrace_past_clock(session->settings.past, &row);
	} else {
		ctrace_writer_clock(&session->recording.writer, &row);
	}
}

static void put_thread(struct ctrace_session *session, struct ctrace_thread_row *row,
		       const char *name)
{
	struct ctrace_writer *writer = &session->recording.writer;

	if (session->settings.past != NULL) {
		ctrace_past_thread(session->settings.past, row, session->recording.base_ticks,
				   name);
		return;
	}
	row->name = ctrace_writer_string(writer, name, strlen(name));
	ctrace_writer_thread(writer, row);
}

enum ctrace_status ctrace_session_begin(struct ctrace_session *session,
					const struct ctrace_session_start *start)
{
	struct ctrace_recording *recording = &session->recording;
	struct ctrace_writer_settings settings = {
		.write = session->settings.write,
		.sink = session->settings.sink,
		.ticks_per_second = start->ticks_per_second,
		.clock_kind = start->clock_kind,
		.base_ticks = start->base_ticks,
	};
	enum ctrace_status status;

	if (session->settings.past != NULL) {
		settings.keep = ctrace_past_keep;
		settings.keep_buffer = ctrace_past_buffer;
		settings.rows_bytes_max = session->settings.rows_bytes;
		settings.sink = session->settings.past;
	}
	if (getrandom(settings.session, sizeof(settings.session), GRND_NONBLOCK) < 0) {
		memcpy(settings.session, &settings.base_ticks, sizeof(settings.base_ticks));
	}
	memcpy(session->id, settings.session, sizeof(session->id));
	recording->base_ticks = settings.base_ticks;
	recording->categories = session->categories;
	recording->watch = session->settings.watch;
	session->codes.recording = recording;
	status = ctrace_writer_init(&recording->writer, &settings);
	if (status != CTRACE_OK) {
		return status;
	}
	session->is_live = start->is_live;
	session->is_prompt = start->is_prompt && session->settings.past == NULL;
	start->describe(&recording->writer, start->context);
	ctrace_session_state_clock(session);
	return ctrace_writer_flush_tables(&recording->writer);
}

static bool grow(struct ctrace_session *session, uint32_t index)
{
	uint32_t end = session->streams_end != 0 ? session->streams_end : 16;
	struct ctrace_stream **more;

	while (end <= index) {
		end *= 2;
	}
	more = realloc(session->streams, end * sizeof(struct ctrace_stream *));
	if (more == NULL) {
		return false;
	}
	for (uint32_t i = session->streams_end; i < end; i++) {
		more[i] = NULL;
	}
	session->streams = more;
	session->streams_end = end;
	return true;
}

static void start_late(struct ctrace_stream *stream, const struct ctrace_ring *ring)
{
	const struct ctrace_ring_shared *shared = ring->shared;

	struct ctrace_gap_seen gap = ctrace_gap_look(shared);

	/* Where records may be discarded, losses are counted from the tail on. */
	stream->from = ctrace_gaps_are_expected()
			       ? gap.position
			       : atomic_load_explicit(&shared->published, memory_order_acquire);
	for (unsigned i = 0; i < CTRACE_NESTED_LEVELS; i++) {
		stream->nested_from[i] =
			atomic_load_explicit(&shared->nested_published[i], memory_order_acquire);
	}
	for (unsigned i = 0; i < CTRACE_REASONS; i++) {
		stream->lost_seen[i] =
			atomic_load_explicit(&shared->lost[i].count, memory_order_acquire);
	}
	stream->lost_seen[CTRACE_LOSS_OVERWRITTEN] = gap.count;
}

struct ctrace_stream *ctrace_session_stream(const struct ctrace_session *session, uint32_t index)
{
	return index < session->streams_end ? session->streams[index] : NULL;
}

struct ctrace_stream *ctrace_session_join(struct ctrace_session *session,
					  const struct ctrace_ring_place *place, bool is_late)
{
	uint32_t index = place->index;
	struct ctrace_stream *stream = ctrace_session_stream(session, index);

	if (stream != NULL) {
		return stream;
	}
	if (index >= session->streams_end && !grow(session, index)) {
		return NULL;
	}
	stream = calloc(1, sizeof(*stream));
	if (stream == NULL) {
		return NULL;
	}
	stream->recording = &session->recording;
	stream->codes = place->origin->codes(place->origin, session);
	if (is_late) {
		start_late(stream, place->ring);
	} else {
		for (unsigned i = 0; i < CTRACE_REASONS; i++) {
			stream->lost_seen[i] = atomic_load_explicit(
				&place->ring->shared->lost[i].seen, memory_order_relaxed);
		}
	}
	session->streams[index] = stream;
	return stream;
}

void ctrace_session_state_thread(struct ctrace_session *session, const struct ctrace_stream *stream,
				 const struct ctrace_ring_place *place,
				 enum ctrace_thread_state state)
{
	const struct ctrace_ring *ring = place->ring;
	uint64_t start = atomic_load_explicit(&ring->shared->start, memory_order_relaxed);
	struct ctrace_thread_row row = {
		.stream = stream->block.stream,
		.pid = (uint64_t)place->origin->pid,
		.tid = atomic_load_explicit(&ring->shared->tid, memory_order_relaxed),
		.written = ctrace_block_written(&stream->block),
		.lost = stream->lost,
		.clamped = stream->clamped,
		.state = state,
	};
	char name[CTRACE_NAME_BYTES_MAX];

	session->streams_seen += state == CTRACE_THREAD_ALIVE && row.written == 0;
	ctrace_ring_name(ring, name);
	if (start > session->recording.base_ticks) {
		row.start = start - session->recording.base_ticks;
	}
	put_thread(session, &row, name);
}

static void free_stream(struct ctrace_session *session, struct ctrace_stream *stream)
{
	session->totals.written += ctrace_block_written(&stream->block);
	session->totals.lost += stream->lost;
	session->totals.threads++;
	ctrace_stream_wait_ends(stream);
	ctrace_block_finish(&stream->block);
	free(stream->told_stacks);
	free(stream);
}

void ctrace_session_write_out(struct ctrace_session *session, const struct ctrace_ring_place *place)
{
	struct ctrace_stream *stream = ctrace_session_stream(session, place->index);

	if (session->is_prompt && stream != NULL && stream->has_block) {
		ctrace_writer_seal(&session->recording.writer, &stream->block);
		stream->begun_ms = 0;
	}
}

void ctrace_session_leave(struct ctrace_session *session, const struct ctrace_ring_place *place,
			  enum ctrace_thread_state state)
{
	struct ctrace_stream *stream = ctrace_session_stream(session, place->index);

	if (stream == NULL) {
		return;
	}
	if (stream->has_block) {
		ctrace_stream_tell_deep(stream);
		ctrace_writer_seal(&session->recording.writer, &stream->block);
		ctrace_session_state_thread(session, stream, place, state);
		free_stream(session, stream);
	} else {
		free(stream);
	}
	session->streams[place->index] = NULL;
}

static void state_orphans(struct ctrace_session *session)
{
	struct ctrace_thread_row row = {
		.stream = CTRACE_ORPHAN_STREAM,
		.pid = (uint64_t)session->pid,
		.lost = session->orphans->lost,
	};

	put_thread(session, &row, "(threads without a ring)");
}

void ctrace_session_orphans(struct ctrace_session *session, uint64_t count, uint64_t first,
			    uint64_t last)
{
	if (session->orphans == NULL) {
		session->orphans = calloc(1, sizeof(*session->orphans));
		if (session->orphans == NULL) {
			return;
		}
		session->orphans->recording = &session->recording;
	}
	if (!ctrace_stream_need_block(session->orphans, CTRACE_ORPHAN_STREAM)) {
		return;
	}
	if (session->orphans->lost == 0) {
		state_orphans(session);
	}
	ctrace_stream_lost(session->orphans, CTRACE_LOSS_NO_RING, count, first, last);
}

static void seal_if_old(struct ctrace_session *session, struct ctrace_stream *stream,
			uint64_t now_ms)
{
	if (stream == NULL || !stream->has_block || stream->block.events == 0) {
		return;
	}
	if (stream->begun_ms == 0) {
		stream->begun_ms = now_ms;
	}
	if (now_ms - stream->begun_ms >= CTRACE_CHUNK_AGE_MS) {
		ctrace_writer_seal(&session->recording.writer, &stream->block);
		stream->begun_ms = 0;
	}
}

static void state_clock_if_due(struct ctrace_session *session, uint64_t now_ms)
{
	bool is_first = session->next_clock_ms == 0;
	struct ctrace_clock_pair now = ctrace_clock_now();
	bool has_jumped = ctrace_clock_has_jumped(
		&session->last_clock, &now, session->recording.writer.settings.ticks_per_second);

	if (now_ms < session->next_clock_ms && !has_jumped) {
		return;
	}
	session->next_clock_ms = now_ms + (is_first ? SECOND_CLOCK_ROW_MS : CTRACE_CLOCK_ROW_MS);
	if (!is_first) {
		ctrace_session_state_clock(session);
	}
}

static void watch_open_spans(const struct ctrace_session *session)
{
	uint64_t now = ctrace_clock_ticks();

	for (uint32_t i = 0; i < session->streams_end; i++) {
		if (session->streams[i] != NULL && session->streams[i]->has_block) {
			ctrace_stream_watch_open(session->streams[i], now);
		}
	}
}

/* What has become too old falls off, and what only that referred to. */
static void forget_past(struct ctrace_session *session)
{
	struct ctrace_past *past = session->settings.past;
	struct ctrace_writer *writer = &session->recording.writer;
	uint64_t now = ctrace_clock_ticks(), margin = writer->settings.ticks_per_second;

	ctrace_past_forget(past, now);
	if (session->settings.rows_bytes == 0) {
		return;
	}
	if (ctrace_kept_rows_forget(writer, ctrace_past_oldest(past, now, margin), now)) {
		session->streams_seen = ctrace_kept_rows_count(writer, CTRACE_CHUNK_THREADS);
	}
	past->rows_bytes = ctrace_kept_rows_bytes(writer);
}

bool ctrace_session_tick(struct ctrace_session *session, uint64_t now_ms)
{
	const char *reason = NULL;

	if (session->recording.watch != NULL) {
		watch_open_spans(session);
	}
	for (uint32_t i = 0; i < session->streams_end; i++) {
		seal_if_old(session, session->streams[i], now_ms);
	}
	state_clock_if_due(session, now_ms);
	if (now_ms >= session->next_flush_ms) {
		session->next_flush_ms = now_ms + CTRACE_CHUNK_AGE_MS;
		ctrace_writer_flush_tables(&session->recording.writer);
	}
	if (session->settings.wants_end != NULL) {
		reason = session->settings.wants_end(session->settings.sink);
	}
	if (session->settings.past != NULL) {
		forget_past(session);
	} else if (reason == NULL && session->streams_seen >= CTRACE_THREADS_MAX - 1) {
		reason = "the file has its 65,536 threads";
	}
	if (reason != NULL) {
		snprintf(session->totals.ended, sizeof(session->totals.ended), "%s", reason);
	}
	return reason != NULL || session->recording.writer.status != CTRACE_OK;
}

/* Streams that are left belong to threads that live, or whose ring is not yet looked at. */
static void finish_streams(struct ctrace_session *session)
{
	for (uint32_t i = 0; i < session->streams_end; i++) {
		if (session->streams[i] != NULL) {
			free_stream(session, session->streams[i]);
			session->streams[i] = NULL;
		}
	}
	free(session->streams);
	session->streams = NULL;
	session->streams_end = 0;
	if (session->orphans != NULL) {
		free_stream(session, session->orphans);
		session->orphans = NULL;
	}
}

void ctrace_session_close_beside(struct ctrace_session *session)
{
	if (session->beside != NULL) {
		session->beside->close(session->beside);
		session->beside = NULL;
	}
}

void ctrace_session_finish(struct ctrace_session *session, const char *ended)
{
	struct ctrace_writer *writer = &session->recording.writer;
	struct ctrace_session_totals *totals = &session->totals;

	if (totals->ended[0] == '\0') {
		snprintf(totals->ended, sizeof(totals->ended), "%s", ended);
	}
	if (session->orphans != NULL) {
		ctrace_writer_seal(writer, &session->orphans->block);
		state_orphans(session);
	}
	ctrace_session_state_clock(session);
	if (session->settings.past == NULL) {
		ctrace_writer_meta(writer, "ended", totals->ended, strlen(totals->ended));
		ctrace_writer_close(writer);
	}
	totals->status = writer->status;
	totals->bytes = writer->offset;
	totals->chunks = writer->chunks;
	finish_streams(session);
	ctrace_writer_finish(writer);
	session->is_over = true;
}

void ctrace_session_free(struct ctrace_session *session)
{
	if (session == NULL) {
		return;
	}
	finish_streams(session);
	ctrace_writer_finish(&session->recording.writer);
	ctrace_plain_stacks_finish(&session->recording.plain_stacks);
	free(session->categories);
	free(session);
}
