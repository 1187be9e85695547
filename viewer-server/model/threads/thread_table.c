/* SPDX-License-Identifier: MIT */
/* Rows sorted, joined and hashed; see thread_table.h. */

#include "viewer-server/model/threads/thread_table.h"

#include <stdlib.h>
#include <string.h>

/* A number comes round in ten milliseconds at the very soonest. */
#define REUSED_PER_SECOND 100u

static int by_tid_then_start(const void *a, const void *b)
{
	const struct ctrace_known_thread *x = a, *y = b;

	if (x->tid != y->tid) {
		return x->tid < y->tid ? -1 : 1;
	}
	if (x->start != y->start) {
		return x->start < y->start ? -1 : 1;
	}
	return (x->stream > y->stream) - (x->stream < y->stream);
}

static bool add_rows(struct ctrace_thread_table *table, const struct ctrace_trace *trace)
{
	uint64_t base = ctrace_trace_info(trace)->base_ticks;
	uint32_t count;
	const struct ctrace_thread_row *rows = ctrace_trace_threads(trace, &count);

	table->threads = calloc(count + 1u, sizeof(*table->threads));
	if (table->threads == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		table->threads[i] = (struct ctrace_known_thread){
			.pid = rows[i].pid,
			.tid = rows[i].tid,
			.start = base + rows[i].start,
			.stream = rows[i].stream,
			.name = rows[i].name,
			.is_over = rows[i].state == CTRACE_THREAD_EXITED,
			.is_gone = rows[i].state == CTRACE_THREAD_EXITED,
		};
	}
	table->count = count;
	return true;
}

static int by_stream(const void *a, const void *b)
{
	const struct ctrace_known_thread *x = a, *y = b;

	return (x->stream > y->stream) - (x->stream < y->stream);
}

/* Which rows have chunks, and when these end. Rows come sorted by stream. */
static void look_at_chunks(struct ctrace_thread_table *table, const struct ctrace_trace *trace)
{
	uint32_t chunks = ctrace_trace_info(trace)->chunk_count;

	for (uint32_t i = 0; i < chunks; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, i);
		const struct ctrace_known_thread key = {.stream = entry->stream};
		struct ctrace_known_thread *found;

		if (entry->type != CTRACE_CHUNK_EVENTS) {
			continue;
		}
		found = bsearch(&key, table->threads, table->count, sizeof(key), by_stream);
		if (found != NULL) {
			uint64_t end = entry->base + entry->span;

			found->has_chunks = true;
			found->end = end > found->end ? end : found->end;
		}
	}
	for (uint32_t i = 0; i < table->count; i++) {
		table->threads[i].has_kernel_row = !table->threads[i].has_chunks;
	}
}

/*
 * A ring that has ended is none of a later thread's. Each source makes rows of its own, so two
 * without chunks may be of one life; the kernel gives a number again only after many thousand
 * others.
 */
static bool is_same(const struct ctrace_known_thread *thread, const struct ctrace_known_thread *row,
		    uint64_t soonest)
{
	if (thread->tid != row->tid || thread->pid != row->pid) {
		return false;
	}
	if (thread->has_kernel_row && row->has_kernel_row) {
		return !thread->is_gone || row->start - thread->start < soonest;
	}
	if (thread->has_kernel_row) {
		return true;
	}
	return !(thread->is_over && thread->end <= row->start);
}

static void join(struct ctrace_known_thread *thread, const struct ctrace_known_thread *row)
{
	thread->has_kernel_row |= row->has_kernel_row;
	thread->is_gone = row->has_kernel_row ? row->is_gone : thread->is_gone;
	thread->name = row->has_chunks && row->name != 0 ? row->name : thread->name;
	if (!thread->has_chunks) {
		thread->stream = row->stream;
		thread->has_chunks = row->has_chunks;
		thread->end = row->end;
		thread->is_over = row->is_over;
	}
}

static void join_rows(struct ctrace_thread_table *table, const struct ctrace_trace *trace)
{
	uint64_t soonest = ctrace_trace_info(trace)->ticks_per_second / REUSED_PER_SECOND;
	uint32_t count = 0;

	qsort(table->threads, table->count, sizeof(*table->threads), by_tid_then_start);
	for (uint32_t i = 0; i < table->count; i++) {
		struct ctrace_known_thread row = table->threads[i];

		if (count > 0 && is_same(&table->threads[count - 1], &row, soonest)) {
			join(&table->threads[count - 1], &row);
		} else {
			table->threads[count++] = row;
		}
	}
	table->count = count;
}

static uint32_t slot_of(const struct ctrace_thread_table *table, uint64_t tid)
{
	uint64_t mixed = tid * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(mixed >> 32) & (table->slot_count - 1);
}

static bool hash(struct ctrace_thread_table *table)
{
	table->slot_count = 64;
	while (table->slot_count < 2 * table->count) {
		table->slot_count *= 2;
	}
	table->slots = malloc(table->slot_count * sizeof(*table->slots));
	if (table->slots == NULL) {
		return false;
	}
	memset(table->slots, 0xff, table->slot_count * sizeof(*table->slots));
	for (uint32_t i = 0; i < table->count; i++) {
		uint32_t slot = slot_of(table, table->threads[i].tid);

		if (i > 0 && table->threads[i - 1].tid == table->threads[i].tid) {
			continue;
		}
		while (table->slots[slot] != CTRACE_NO_THREAD) {
			slot = (slot + 1) & (table->slot_count - 1);
		}
		table->slots[slot] = i;
	}
	return true;
}

static int by_their_stream(const void *a, const void *b, void *context)
{
	const struct ctrace_known_thread *threads = context;
	uint32_t x = threads[*(const uint32_t *)a].stream, y = threads[*(const uint32_t *)b].stream;

	return (x > y) - (x < y);
}

static bool sort_streams(struct ctrace_thread_table *table)
{
	table->by_stream = malloc((table->count + 1u) * sizeof(*table->by_stream));
	if (table->by_stream == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < table->count; i++) {
		table->by_stream[i] = i;
	}
	qsort_r(table->by_stream, table->count, sizeof(*table->by_stream), by_their_stream,
		table->threads);
	return true;
}

uint32_t ctrace_thread_table_of_stream(const struct ctrace_thread_table *table, uint32_t stream)
{
	uint32_t low = 0, high = table->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (table->threads[table->by_stream[middle]].stream < stream) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low < table->count && table->threads[table->by_stream[low]].stream == stream) {
		return table->by_stream[low];
	}
	return CTRACE_NO_THREAD;
}

enum ctrace_status ctrace_thread_table_init(struct ctrace_thread_table *table,
					    const struct ctrace_trace *trace)
{
	*table = (struct ctrace_thread_table){0};
	if (!add_rows(table, trace)) {
		return CTRACE_ERR_NO_MEMORY;
	}
	look_at_chunks(table, trace);
	join_rows(table, trace);
	return hash(table) && sort_streams(table) ? CTRACE_OK : CTRACE_ERR_NO_MEMORY;
}

void ctrace_thread_table_finish(struct ctrace_thread_table *table)
{
	free(table->threads);
	free(table->slots);
	free(table->by_stream);
	*table = (struct ctrace_thread_table){0};
}

uint32_t ctrace_thread_table_find(const struct ctrace_thread_table *table, uint64_t tid,
				  uint64_t ticks)
{
	uint32_t slot = slot_of(table, tid), found;

	while (table->slots[slot] != CTRACE_NO_THREAD &&
	       table->threads[table->slots[slot]].tid != tid) {
		slot = (slot + 1) & (table->slot_count - 1);
	}
	found = table->slots[slot];
	while (found != CTRACE_NO_THREAD && found + 1 < table->count &&
	       table->threads[found + 1].tid == tid && table->threads[found + 1].start <= ticks) {
		found++;
	}
	return found;
}
