/* SPDX-License-Identifier: MIT */
/* Sorting chunks, streams and processes; see chrome_plan.h. */

#include "viewer-server/export/chrome_plan.h"

#include <stdlib.h>

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int compare_streams(const void *a, const void *b)
{
	const struct ctrace_chrome_stream *x = a, *y = b;

	return x->stream < y->stream ? -1 : x->stream > y->stream;
}

/* By beginning; within a stream that is the order of the file, which equal ones keep. */
static int compare_chunks(const void *a, const void *b, void *context)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct ctrace_chunk_entry *first = ctrace_trace_chunk(context, x);
	const struct ctrace_chunk_entry *second = ctrace_trace_chunk(context, y);

	if (first->base != second->base) {
		return first->base < second->base ? -1 : 1;
	}
	return x < y ? -1 : x > y;
}

/* Events of a thread: those of a kernel's buffers go another way (chrome_kernel.h). */
static bool is_events(const struct ctrace_trace *trace, uint32_t chunk)
{
	const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, chunk);

	return entry->type == CTRACE_CHUNK_EVENTS &&
	       ctrace_trace_buffer(trace, entry->stream) == NULL;
}

static enum ctrace_status make_order(struct ctrace_chrome_plan *plan)
{
	uint32_t count = ctrace_trace_info(plan->trace)->chunk_count;

	plan->order = calloc((size_t)count + 1, sizeof(*plan->order));
	if (plan->order == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (is_events(plan->trace, i)) {
			plan->order[plan->order_count++] = i;
		}
	}
	qsort_r(plan->order, plan->order_count, sizeof(*plan->order), compare_chunks,
		(void *)(uintptr_t)plan->trace);
	return CTRACE_OK;
}

struct ctrace_chrome_stream *ctrace_chrome_plan_stream(const struct ctrace_chrome_plan *plan,
						       uint32_t stream)
{
	struct ctrace_chrome_stream key = {.stream = stream};

	return bsearch(&key, plan->streams, plan->stream_count, sizeof(key), compare_streams);
}

/* The numbers of all streams: of those with a row, and of those that only have chunks. */
static enum ctrace_status list_streams(struct ctrace_chrome_plan *plan)
{
	uint32_t row_count, count = 0;
	const struct ctrace_thread_row *rows = ctrace_trace_threads(plan->trace, &row_count);
	size_t most = (size_t)row_count + plan->order_count;
	uint64_t *numbers = calloc(most + 1, sizeof(*numbers));

	if (numbers == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = 0; i < row_count; i++) {
		numbers[i] = rows[i].stream;
	}
	for (uint32_t i = 0; i < plan->order_count; i++) {
		numbers[row_count + i] = ctrace_trace_chunk(plan->trace, plan->order[i])->stream;
	}
	qsort(numbers, most, sizeof(*numbers), compare_u64);
	for (size_t i = 0; i < most; i++) {
		if (i == 0 || numbers[i] != numbers[i - 1]) {
			numbers[count++] = numbers[i];
		}
	}
	plan->streams = calloc((size_t)count + 1, sizeof(*plan->streams));
	for (uint32_t i = 0; i < count && plan->streams != NULL; i++) {
		plan->streams[i].index = i;
		plan->streams[i].stream = (uint32_t)numbers[i];
	}
	plan->stream_count = count;
	free(numbers);
	return plan->streams == NULL ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

static bool is_wanted(const uint64_t *threads, uint32_t thread_count, uint64_t tid)
{
	for (uint32_t i = 0; i < thread_count; i++) {
		if (threads[i] == tid) {
			return true;
		}
	}
	return thread_count == 0;
}

/* A row for the name only: the thread is not recorded. */
static bool is_stranger(const struct ctrace_trace *trace, const struct ctrace_chrome_stream *stream)
{
	const struct ctrace_thread_row *row = ctrace_trace_thread(trace, stream->stream);

	return row != NULL && row->pid == 0 && stream->last_chunk == CTRACE_NO_CHUNK;
}

static void fill_streams(struct ctrace_chrome_plan *plan, const uint64_t *threads,
			 uint32_t thread_count)
{
	for (uint32_t i = 0; i < plan->stream_count; i++) {
		struct ctrace_chrome_stream *stream = &plan->streams[i];
		ctrace_chrome_owner_of(plan->trace, stream->stream, &stream->pid, &stream->tid);
		stream->is_wanted = is_wanted(threads, thread_count, stream->tid);
		stream->thread = ctrace_chrome_thread_of(stream->pid, stream->tid);
		stream->trace = plan->trace;
		stream->last_chunk = CTRACE_NO_CHUNK;
	}
	for (uint32_t i = 0; i < plan->order_count; i++) {
		uint32_t chunk = plan->order[i];
		ctrace_chrome_plan_stream(plan, ctrace_trace_chunk(plan->trace, chunk)->stream)
			->last_chunk = chunk;
	}
	for (uint32_t i = 0; i < plan->stream_count; i++) {
		plan->streams[i].is_wanted &= !is_stranger(plan->trace, &plan->streams[i]);
	}
}

static enum ctrace_status list_pids(struct ctrace_chrome_plan *plan)
{
	uint32_t count = 0;

	plan->pids = calloc((size_t)plan->stream_count + 1, sizeof(*plan->pids));
	if (plan->pids == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = 0; i < plan->stream_count; i++) {
		if (plan->streams[i].is_wanted) {
			plan->pids[count++] = plan->streams[i].pid;
		}
	}
	qsort(plan->pids, count, sizeof(*plan->pids), compare_u64);
	for (uint32_t i = 0; i < count; i++) {
		if (i == 0 || plan->pids[i] != plan->pids[i - 1]) {
			plan->pids[plan->pid_count++] = plan->pids[i];
		}
	}
	return CTRACE_OK;
}

enum ctrace_status ctrace_chrome_plan_init(struct ctrace_chrome_plan *plan,
					   const struct ctrace_trace *trace,
					   const uint64_t *threads, uint32_t thread_count)
{
	*plan = (struct ctrace_chrome_plan){.trace = trace};
	enum ctrace_status status = make_order(plan);
	if (status == CTRACE_OK) {
		status = list_streams(plan);
	}
	if (status == CTRACE_OK) {
		fill_streams(plan, threads, thread_count);
		status = list_pids(plan);
	}
	return status;
}

void ctrace_chrome_plan_finish(struct ctrace_chrome_plan *plan)
{
	for (uint32_t i = 0; plan->streams != NULL && i < plan->stream_count; i++) {
		ctrace_chrome_stream_finish(&plan->streams[i]);
	}
	free(plan->streams);
	free(plan->pids);
	free(plan->order);
	*plan = (struct ctrace_chrome_plan){0};
}
