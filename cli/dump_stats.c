/* SPDX-License-Identifier: MIT */
/* Sums over chunks, threads and kinds. */

#include "cli/dump_stats.h"

#include "format/map.h"

#include <inttypes.h>
#include <stdlib.h>

/* Types and kinds above are counted together in the last place. */
#define TYPES_END (CTRACE_CHUNK_TYPES_END + 1)
#define KINDS_END (CTRACE_KINDS_END + 1)

struct sums {
	uint64_t chunks, rows, raw, stored;
};

struct thread_sums {
	uint32_t stream;
	uint64_t chunks, events, lost, stored, first, last;
};

struct stats {
	const struct ctrace_trace *trace;
	struct sums types[TYPES_END];
	uint64_t kinds[KINDS_END];
	uint64_t bad_chunks;
	struct ctrace_map index;
	struct thread_sums *threads;
	uint32_t thread_count, thread_capacity;
};

static struct thread_sums *thread_of(struct stats *stats, const struct ctrace_chunk_entry *entry)
{
	uint32_t index = ctrace_map_get(&stats->index, entry->stream);

	if (index != CTRACE_MAP_NONE) {
		return &stats->threads[index];
	}
	if (stats->thread_count == stats->thread_capacity) {
		uint32_t more = stats->thread_capacity * 2 + 16;
		struct thread_sums *grown = realloc(stats->threads, more * sizeof(*grown));
		if (grown == NULL) {
			return NULL;
		}
		stats->threads = grown;
		stats->thread_capacity = more;
	}
	if (!ctrace_map_put(&stats->index, entry->stream, stats->thread_count)) {
		return NULL;
	}
	struct thread_sums *thread = &stats->threads[stats->thread_count++];
	*thread = (struct thread_sums){.stream = entry->stream, .first = entry->base};
	return thread;
}

static void count_events(struct stats *stats, const struct ctrace_chunk *chunk,
			 struct thread_sums *thread)
{
	struct ctrace_cursor cursor;
	struct ctrace_event event;
	struct ctrace_value values[16];

	if (ctrace_chunk_check(stats->trace, chunk, NULL) != CTRACE_OK) {
		stats->bad_chunks++;
		return;
	}
	ctrace_cursor_init(&cursor, stats->trace, chunk, NULL);
	while (ctrace_cursor_next(&cursor, &event, NULL) == CTRACE_OK) {
		unsigned kind = (unsigned)event.kind;
		stats->kinds[kind < KINDS_END ? kind : KINDS_END - 1]++;
		if (event.kind == CTRACE_KIND_LOST) {
			ctrace_event_values(stats->trace, &event, values);
			thread->lost += values[1].u64;
		}
	}
	thread->chunks++;
	thread->events += chunk->entry->events;
	thread->stored += chunk->entry->stored;
	thread->last = chunk->entry->base + chunk->entry->span;
}

static enum ctrace_status count_chunk(struct stats *stats, uint32_t index,
				      struct ctrace_chunk *chunk, struct ctrace_error *error)
{
	const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(stats->trace, index);
	struct sums *sums = &stats->types[entry->type < TYPES_END ? entry->type : TYPES_END - 1];
	struct ctrace_error bad = {0};

	sums->chunks++;
	sums->rows += entry->events;
	sums->raw += entry->raw;
	sums->stored += entry->stored;
	if (entry->type != CTRACE_CHUNK_EVENTS) {
		return CTRACE_OK;
	}
	struct thread_sums *thread = thread_of(stats, entry);
	if (thread == NULL) {
		return ctrace_error_set(error, CTRACE_ERR_NO_MEMORY, CTRACE_NO_OFFSET,
					CTRACE_NO_CHUNK, "no memory to count the threads");
	}
	enum ctrace_status status = ctrace_chunk_load(chunk, stats->trace, index, &bad);
	if (status == CTRACE_ERR_IO || status == CTRACE_ERR_NO_MEMORY) {
		return ctrace_error_set(error, status, bad.offset, bad.chunk, "%s", bad.text);
	}
	if (status != CTRACE_OK) {
		stats->bad_chunks++;
		return CTRACE_OK;
	}
	count_events(stats, chunk, thread);
	return CTRACE_OK;
}

static double ratio(uint64_t bytes, uint64_t events)
{
	return events == 0 ? 0.0 : (double)bytes / (double)events;
}

static void print_types(FILE *out, const struct stats *stats)
{
	fprintf(out, "%-12s %10s %12s %12s %12s %9s %9s\n", "chunks of", "chunks", "rows", "raw B",
		"stored B", "raw B/row", "B/row");
	for (unsigned type = 1; type < TYPES_END; type++) {
		const struct sums *sums = &stats->types[type];
		const char *name = ctrace_chunk_type_name(type);
		if (sums->chunks > 0) {
			fprintf(out,
				"%-12s %10" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64
				" %9.2f %9.2f\n",
				name == NULL ? "(newer)" : name, sums->chunks, sums->rows,
				sums->raw, sums->stored, ratio(sums->raw, sums->rows),
				ratio(sums->stored, sums->rows));
		}
	}
}

static void print_kinds(FILE *out, const struct stats *stats)
{
	fprintf(out, "\n%-16s %12s\n", "kind", "events");
	for (unsigned kind = 0; kind < KINDS_END; kind++) {
		const struct ctrace_kind_info *info = ctrace_kind_info(kind);
		if (stats->kinds[kind] > 0) {
			fprintf(out, "%-16s %12" PRIu64 "\n", info == NULL ? "(newer)" : info->name,
				stats->kinds[kind]);
		}
	}
}

static void print_name(FILE *out, struct ctrace_bytes name)
{
	for (uint32_t k = 0; k < name.size && k < 40; k++) {
		unsigned char byte = (unsigned char)name.bytes[k];
		fputc(byte < 0x20 || byte >= 0x7f ? '?' : byte, out);
	}
}

/* A thread's name; of a kernel's buffer its source and CPU. */
static void print_stream_name(FILE *out, const struct ctrace_trace *trace, uint32_t stream)
{
	const struct ctrace_thread_row *thread = ctrace_trace_thread(trace, stream);
	const struct ctrace_buffer_row *buffer = ctrace_trace_buffer(trace, stream);

	if (thread != NULL) {
		print_name(out, ctrace_trace_string(trace, thread->name));
	}
	if (buffer != NULL) {
		print_name(out, ctrace_trace_string(trace, buffer->source));
	}
	if (buffer != NULL && buffer->cpu != CTRACE_NO_CPU) {
		fprintf(out, ", cpu %u", buffer->cpu);
	}
}

static void print_threads(FILE *out, const struct stats *stats)
{
	fprintf(out, "\n%-8s %10s %8s %12s %10s %8s %14s  %s\n", "stream", "tid", "chunks",
		"events", "lost", "B/event", "ms", "name");
	for (uint32_t i = 0; i < stats->thread_count; i++) {
		const struct thread_sums *thread = &stats->threads[i];
		const struct ctrace_thread_row *row =
			ctrace_trace_thread(stats->trace, thread->stream);
		uint64_t from = ctrace_trace_ns(stats->trace, thread->first);
		uint64_t to = ctrace_trace_ns(stats->trace, thread->last);
		fprintf(out,
			"%-8u %10" PRIu64 " %8" PRIu64 " %12" PRIu64 " %10" PRIu64
			" %8.2f %14.3f  ",
			thread->stream, row == NULL ? 0 : row->tid, thread->chunks, thread->events,
			thread->lost, ratio(thread->stored, thread->events),
			to < from ? 0.0 : (double)(to - from) / 1e6);
		print_stream_name(out, stats->trace, thread->stream);
		fputc('\n', out);
	}
}

enum ctrace_status ctrace_dump_stats(FILE *out, const struct ctrace_trace *trace,
				     struct ctrace_error *error)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(trace);
	struct stats stats = {.trace = trace};
	struct ctrace_chunk chunk = {0};
	enum ctrace_status status = CTRACE_OK;

	for (uint32_t i = 0; i < info->chunk_count && status == CTRACE_OK; i++) {
		status = count_chunk(&stats, i, &chunk, error);
	}
	if (status == CTRACE_OK) {
		print_types(out, &stats);
		print_kinds(out, &stats);
		print_threads(out, &stats);
		fprintf(out,
			"\n%" PRIu64 " bytes, %" PRIu64 " events, %u damaged places, %" PRIu64
			" damaged chunks of events%s\n",
			info->file_bytes, info->events, info->damage_count + info->damage_more,
			stats.bad_chunks, info->has_trailer ? "" : ", not closed");
	}
	ctrace_map_finish(&stats.index);
	free(stats.threads);
	ctrace_chunk_unload(&chunk);
	return status;
}
