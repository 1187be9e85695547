/* SPDX-License-Identifier: MIT */

/* Chunks in a bounded queue; see past.h. */

#include "tracer/src/collect/past.h"

#include "format/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One a second for an hour; then every second one goes, and again for the hour after. */
#define CLOCKS_MAX 4096u

/* A snapshot also has a row for the stream of what no ring took, and for threads without events. */
#define THREADS_SHOWN_MAX (CTRACE_THREADS_MAX / 2)

struct ctrace_past *ctrace_past_create(uint64_t span_ticks, size_t limit_bytes)
{
	struct ctrace_past *past = calloc(1, sizeof(*past));

	if (past == NULL) {
		return NULL;
	}
	past->clocks = malloc(CLOCKS_MAX * sizeof(*past->clocks));
	if (past->clocks == NULL) {
		free(past);
		return NULL;
	}
	past->span_ticks = span_ticks;
	past->limit_bytes = limit_bytes;
	return past;
}

/* ---- threads ---- */

static struct ctrace_past_thread **bucket_of(struct ctrace_past *past, uint32_t stream)
{
	return &past->buckets[stream % CTRACE_PAST_BUCKETS];
}

struct ctrace_past_thread *ctrace_past_find(const struct ctrace_past *past, uint32_t stream)
{
	struct ctrace_past_thread *thread = past->buckets[stream % CTRACE_PAST_BUCKETS];

	while (thread != NULL && thread->row.stream != stream) {
		thread = thread->next;
	}
	return thread;
}

static struct ctrace_past_thread *add_thread(struct ctrace_past *past, uint32_t stream)
{
	struct ctrace_past_thread **bucket = bucket_of(past, stream);
	struct ctrace_past_thread *thread = calloc(1, sizeof(*thread));

	if (thread == NULL) {
		return NULL;
	}
	thread->row.stream = stream;
	thread->next = *bucket;
	*bucket = thread;
	past->threads++;
	past->bytes += sizeof(*thread);
	return thread;
}

static void remove_thread(struct ctrace_past *past, struct ctrace_past_thread *thread)
{
	struct ctrace_past_thread **at = bucket_of(past, thread->row.stream);

	while (*at != thread) {
		at = &(*at)->next;
	}
	*at = thread->next;
	past->threads--;
	past->bytes -= sizeof(*thread);
	free(thread);
}

static void remove_if_over(struct ctrace_past *past, struct ctrace_past_thread *thread)
{
	if (thread->chunks == 0 && thread->row.state == CTRACE_THREAD_EXITED) {
		remove_thread(past, thread);
	}
}

void ctrace_past_thread(struct ctrace_past *past, const struct ctrace_thread_row *row,
			uint64_t base, const char *name)
{
	struct ctrace_past_thread *thread = ctrace_past_find(past, row->stream);

	if (thread == NULL) {
		thread = add_thread(past, row->stream);
	}
	if (thread == NULL) {
		return;
	}
	thread->row = *row;
	thread->start = base + row->start;
	snprintf(thread->name, sizeof(thread->name), "%s", name);
	remove_if_over(past, thread);
}

void ctrace_past_buffer(void *context, const struct ctrace_buffer_row *row)
{
	struct ctrace_past *past = context;
	struct ctrace_past_thread *thread = ctrace_past_find(past, row->stream);

	if (thread == NULL) {
		thread = add_thread(past, row->stream);
	}
	if (thread != NULL) {
		thread->is_buffer = true;
		thread->buffer = *row;
	}
}

/* ---- chunks ---- */

void ctrace_past_chunk_hold(struct ctrace_past_chunk *chunk)
{
	atomic_fetch_add_explicit(&chunk->references, 1, memory_order_relaxed);
}

void ctrace_past_chunk_drop(struct ctrace_past_chunk *chunk)
{
	/* [K] both: who frees has seen that all others are done. */
	if (atomic_fetch_sub_explicit(&chunk->references, 1, memory_order_acq_rel) == 1) {
		free(chunk);
	}
}

static size_t bytes_of(const struct ctrace_past_chunk *chunk)
{
	return sizeof(*chunk) + chunk->sealed.header.stored;
}

static void drop_oldest(struct ctrace_past *past)
{
	struct ctrace_past_chunk *chunk = past->oldest;
	struct ctrace_past_thread *thread = chunk->thread;

	past->oldest = chunk->newer;
	if (past->oldest != NULL) {
		past->oldest->older = NULL;
	} else {
		past->newest = NULL;
	}
	past->bytes -= bytes_of(chunk);
	past->chunks--;
	past->fallen_off++;
	if (--thread->chunks == 0) {
		past->threads_shown--;
		remove_if_over(past, thread);
	}
	ctrace_past_chunk_drop(chunk);
}

static void drop_all(struct ctrace_past *past)
{
	while (past->oldest != NULL) {
		drop_oldest(past);
	}
}

static uint64_t end_of(const struct ctrace_past_chunk *chunk)
{
	return chunk->sealed.header.base + chunk->sealed.header.span;
}

/* Few are passed by: blocks are sealed when they are CTRACE_CHUNK_AGE_MS old. */
static struct ctrace_past_chunk *next_older(const struct ctrace_past *past,
					    const struct ctrace_past_chunk *chunk)
{
	struct ctrace_past_chunk *at = past->newest;

	while (at != NULL && end_of(at) > end_of(chunk)) {
		at = at->older;
	}
	return at;
}

static void insert(struct ctrace_past *past, struct ctrace_past_chunk *chunk)
{
	chunk->older = next_older(past, chunk);
	chunk->newer = chunk->older != NULL ? chunk->older->newer : past->oldest;
	*(chunk->older != NULL ? &chunk->older->newer : &past->oldest) = chunk;
	*(chunk->newer != NULL ? &chunk->newer->older : &past->newest) = chunk;
	past->bytes += bytes_of(chunk);
	past->chunks++;
	if (chunk->thread->chunks++ == 0) {
		past->threads_shown++;
	}
}

static struct ctrace_past_chunk *copy_of(const struct ctrace_sealed *sealed)
{
	size_t size = sealed->header.stored;
	struct ctrace_past_chunk *chunk = malloc(sizeof(*chunk) + size);

	if (chunk == NULL) {
		return NULL;
	}
	atomic_init(&chunk->references, 1);
	chunk->sealed = *sealed;
	chunk->sealed.payload = chunk->payload;
	memcpy(chunk->payload, sealed->payload, size);
	return chunk;
}

static bool is_too_much(const struct ctrace_past *past)
{
	size_t half = past->limit_bytes / 2;
	size_t rows = past->rows_bytes < half ? past->rows_bytes : half;

	return past->bytes > past->limit_bytes - rows || past->threads_shown > THREADS_SHOWN_MAX;
}

enum ctrace_status ctrace_past_keep(void *context, const struct ctrace_sealed *sealed)
{
	struct ctrace_past *past = context;
	struct ctrace_past_thread *thread = ctrace_past_find(past, sealed->header.stream);
	struct ctrace_past_chunk *chunk = thread != NULL ? copy_of(sealed) : NULL;

	if (chunk == NULL) {
		past->refused++;
		drop_all(past);
		return CTRACE_OK;
	}
	chunk->thread = thread;
	insert(past, chunk);
	while (past->oldest != NULL && is_too_much(past)) {
		drop_oldest(past);
	}
	return CTRACE_OK;
}

/* ---- clocks ---- */

void ctrace_past_clock(struct ctrace_past *past, const struct ctrace_clock_row *row)
{
	if (past->clocks_count == CLOCKS_MAX) {
		past->clocks_count /= 2;
		for (uint32_t i = 0; i < past->clocks_count; i++) {
			past->clocks[i] = past->clocks[2 * (size_t)i];
		}
	}
	past->clocks[past->clocks_count++] = *row;
}

/* Rows before `ticks`, but for the last of them. */
static void forget_clocks(struct ctrace_past *past, uint64_t ticks)
{
	uint32_t before = 0;

	while (before + 1 < past->clocks_count && past->clocks[before + 1].ticks <= ticks) {
		before++;
	}
	if (before > 0) {
		past->clocks_count -= before;
		memmove(past->clocks, past->clocks + before,
			past->clocks_count * sizeof(*past->clocks));
	}
}

/* ---- age ---- */

/* The beginning of the window; 0: only the bytes decide. */
static uint64_t window_from(const struct ctrace_past *past, uint64_t now_ticks)
{
	return past->span_ticks != 0 && now_ticks > past->span_ticks ? now_ticks - past->span_ticks
								     : 0;
}

void ctrace_past_forget(struct ctrace_past *past, uint64_t now_ticks)
{
	uint64_t from = window_from(past, now_ticks);

	while (past->oldest != NULL && end_of(past->oldest) < from) {
		drop_oldest(past);
	}
	forget_clocks(past, past->oldest != NULL ? past->oldest->sealed.header.base : from);
}

uint64_t ctrace_past_oldest(const struct ctrace_past *past, uint64_t now_ticks,
			    uint64_t margin_ticks)
{
	uint64_t oldest = window_from(past, now_ticks);

	/* They stand in the order of their ends. */
	if (past->oldest != NULL && past->oldest->sealed.header.base < oldest) {
		oldest = past->oldest->sealed.header.base;
	}
	if (past->oldest != NULL && past->span_ticks == 0) {
		oldest = past->oldest->sealed.header.base;
	}
	return oldest > margin_ticks ? oldest - margin_ticks : 0;
}

void ctrace_past_destroy(struct ctrace_past *past)
{
	if (past == NULL) {
		return;
	}
	drop_all(past);
	for (unsigned i = 0; i < CTRACE_PAST_BUCKETS; i++) {
		while (past->buckets[i] != NULL) {
			remove_thread(past, past->buckets[i]);
		}
	}
	free(past->clocks);
	free(past);
}
