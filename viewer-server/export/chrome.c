/* SPDX-License-Identifier: MIT */
/*
 * The whole JSON, pulled: head, metadata, events chunk by chunk, tail. Where
 * the caller's buffer has room a line is written right into it, else into a
 * spill that is handed out in parts.
 */

#include "viewer-server/export/chrome.h"

#include "format/limits.h"
#include "viewer-server/export/chrome_frame.h"
#include "viewer-server/export/chrome_kernel.h"
#include "viewer-server/export/chrome_memory.h"
#include "viewer-server/export/chrome_plan.h"
#include "viewer-server/export/chrome_tasks.h"

#include <stdlib.h>
#include <string.h>

/* A call looks at no more chunks than this (a few milliseconds) without an answer. */
#define CHUNKS_A_CALL 8u
/* Listed; what is beyond is counted. */
#define DAMAGE_LISTED_MAX 1000u

/* Rows of stackFrames at a time. */
#define STACKS_A_PIECE 1024u

enum stage {
	STAGE_HEAD,
	STAGE_STACKS,
	STAGE_PROCESSES,
	STAGE_THREADS,
	STAGE_KERNEL_NAMES,
	STAGE_EVENTS,
	STAGE_KERNEL,
	STAGE_MEMORY,
	STAGE_TAIL,
	STAGE_DONE,
};

struct ctrace_chrome {
	const struct ctrace_trace *trace;
	uint64_t start, end; /* ns; end UINT64_MAX: open */
	struct ctrace_chrome_sites sites;
	struct ctrace_chrome_tasks tasks;

	struct ctrace_chrome_plan plan;
	struct ctrace_chrome_kernel *kernel; /* owned; NULL: no buffers */
	struct ctrace_chrome_memory *memory; /* owned; NULL: not begun, or nothing to tell */
	uint8_t *marks;			     /* owned; by chunk: enum ctrace_chrome_mark */
	uint8_t *mapping_calls;		     /* owned */
	uint64_t *threads;		     /* owned: the tids wanted */
	uint32_t thread_count;

	enum stage stage;
	uint32_t step;	/* within the stage */
	uint32_t next;	/* in `order` */
	bool is_closed; /* all chunks are through, what waited is in the list */
	struct ctrace_chrome_list list;
	struct ctrace_chrome_work work;
	size_t item; /* the next of the list to be written */
	struct ctrace_chunk chunk;

	struct ctrace_buffer spill;
	size_t spill_at;
	const char *separator;	      /* before the next line */
	struct ctrace_damage *damage; /* owned */
	uint32_t damage_count, damage_capacity;
	struct ctrace_chrome_counts counts;
	enum ctrace_status status; /* the first failure */
	struct ctrace_error error;
};

/* ---- Making one ------------------------------------------------------- */

static void note_damage(struct ctrace_chrome *chrome, const struct ctrace_chunk_entry *entry,
			const struct ctrace_error *error)
{
	chrome->counts.damaged++;
	if (chrome->damage_count == DAMAGE_LISTED_MAX) {
		return;
	}
	if (chrome->damage_count == chrome->damage_capacity) {
		uint32_t capacity = chrome->damage_capacity == 0 ? 8 : chrome->damage_capacity * 2;
		void *damage = realloc(chrome->damage, capacity * sizeof(*chrome->damage));
		if (damage == NULL) {
			return;
		}
		chrome->damage = damage;
		chrome->damage_capacity = capacity;
	}
	chrome->damage[chrome->damage_count++] = (struct ctrace_damage){
		.offset = entry->offset,
		.size = CTRACE_CHUNK_HEADER_BYTES + (uint64_t)entry->stored,
		.error = *error,
	};
}

static void note_kernel_damage(void *context, uint32_t chunk, const struct ctrace_error *error)
{
	struct ctrace_chrome *chrome = context;

	note_damage(chrome, ctrace_trace_chunk(chrome->trace, chunk), error);
}

/* What the walk over memory needs later. */
static enum ctrace_status prepare_memory(struct ctrace_chrome *chrome,
					 const struct ctrace_chrome_settings *settings)
{
	uint32_t chunks = ctrace_trace_info(chrome->trace)->chunk_count;

	chrome->marks = calloc(chunks + 1u, sizeof(*chrome->marks));
	chrome->mapping_calls = ctrace_memory_mapping_calls(chrome->trace);
	chrome->threads = calloc(settings->thread_count + 1u, sizeof(*chrome->threads));
	if (chrome->marks == NULL || chrome->mapping_calls == NULL || chrome->threads == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = 0; i < settings->thread_count; i++) {
		chrome->threads[chrome->thread_count++] = settings->threads[i];
	}
	return CTRACE_OK;
}

static enum ctrace_status fill(struct ctrace_chrome *chrome,
			       const struct ctrace_chrome_settings *settings)
{
	enum ctrace_status status = prepare_memory(chrome, settings);

	if (status == CTRACE_OK) {
		status = ctrace_chrome_sites_init(&chrome->sites, chrome->trace);
	}

	if (status == CTRACE_OK) {
		status = ctrace_chrome_tasks_init(&chrome->tasks, chrome->start, chrome->end);
	}
	if (status == CTRACE_OK) {
		status = ctrace_chrome_plan_init(&chrome->plan, chrome->trace, settings->threads,
						 settings->thread_count);
	}
	for (uint32_t i = 0; status == CTRACE_OK && i < chrome->plan.stream_count; i++) {
		chrome->plan.streams[i].list = &chrome->list;
		chrome->plan.streams[i].all_tasks = &chrome->tasks;
		chrome->plan.streams[i].marks = chrome->marks;
		chrome->plan.streams[i].mapping_calls = chrome->mapping_calls;
	}
	chrome->counts.chunks = chrome->plan.order_count;
	if (status == CTRACE_OK) {
		const struct ctrace_chrome_kernel_settings own = {
			.start = chrome->start,
			.end = chrome->end,
			.threads = settings->threads,
			.thread_count = settings->thread_count,
			.damaged = note_kernel_damage,
			.context = chrome,
			.marks = chrome->marks,
			.mapping_calls = chrome->mapping_calls,
		};

		status = ctrace_chrome_kernel_create(&chrome->kernel, chrome->trace, &own);
	}
	return status;
}

enum ctrace_status ctrace_chrome_create(struct ctrace_chrome **chrome,
					const struct ctrace_trace *trace,
					const struct ctrace_chrome_settings *settings,
					struct ctrace_error *error)
{
	static const struct ctrace_chrome_settings all = {0};
	struct ctrace_chrome *made = calloc(1, sizeof(*made));

	*chrome = NULL;
	if (settings == NULL) {
		settings = &all;
	}
	if (made == NULL) {
		return ctrace_error_set(error, CTRACE_ERR_NO_MEMORY, CTRACE_NO_OFFSET,
					CTRACE_NO_CHUNK, "no memory to convert");
	}
	*made = (struct ctrace_chrome){.trace = trace, .start = settings->start, .separator = ""};
	made->end = settings->has_end ? settings->end : UINT64_MAX;
	enum ctrace_status status = fill(made, settings);
	if (status != CTRACE_OK) {
		ctrace_chrome_destroy(made);
		return ctrace_error_set(error, status, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
					"no memory to convert");
	}
	*chrome = made;
	return CTRACE_OK;
}

void ctrace_chrome_destroy(struct ctrace_chrome *chrome)
{
	if (chrome == NULL) {
		return;
	}
	ctrace_chrome_plan_finish(&chrome->plan);
	ctrace_chrome_kernel_destroy(chrome->kernel);
	ctrace_chrome_memory_destroy(chrome->memory);
	free(chrome->marks);
	free(chrome->mapping_calls);
	free(chrome->threads);
	ctrace_chrome_list_finish(&chrome->list);
	ctrace_chrome_work_finish(&chrome->work);
	ctrace_chrome_tasks_finish(&chrome->tasks);
	ctrace_chrome_sites_finish(&chrome->sites);
	ctrace_chunk_unload(&chrome->chunk);
	ctrace_buffer_finish(&chrome->spill);
	free(chrome->damage);
	free(chrome);
}

/* ---- From chunks to items ---------------------------------------------- */

static enum ctrace_status fail(struct ctrace_chrome *chrome, enum ctrace_status status,
			       const char *text)
{
	chrome->status = ctrace_error_set(&chrome->error, status, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
					  "%s", text);
	return chrome->status;
}

/*
 * Behind the range, a chunk matters only for ends of what began inside. Chunks
 * come by their beginning, so what does not matter now never will again.
 */
static bool is_beyond(const struct ctrace_chrome *chrome, const struct ctrace_chrome_stream *stream,
		      const struct ctrace_chunk_entry *entry)
{
	return chrome->end != UINT64_MAX && !ctrace_chrome_stream_is_open(stream) &&
	       chrome->tasks.in_flight == 0 &&
	       ctrace_trace_ns(chrome->trace, entry->base) >= chrome->end;
}

static enum ctrace_status replay_chunk(struct ctrace_chrome *chrome,
				       struct ctrace_chrome_stream *stream, uint32_t ordinal)
{
	const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(chrome->trace, ordinal);
	struct ctrace_error error = {0};
	enum ctrace_status status =
		ctrace_chunk_load(&chrome->chunk, chrome->trace, ordinal, &error);

	if (status == CTRACE_OK) {
		status = ctrace_chrome_stream_chunk(stream, &chrome->chunk, ordinal, &chrome->work,
						    &error);
	}
	if (status == CTRACE_ERR_IO || status == CTRACE_ERR_NO_MEMORY) {
		chrome->error = error;
		return status;
	}
	if (status != CTRACE_OK) {
		note_damage(chrome, entry, &error);
		ctrace_chrome_stream_miss(stream, entry);
	}
	return CTRACE_OK;
}

/* Fill the list with the next chunk's items, or with what waited for the end. */
static enum ctrace_status next_chunk(struct ctrace_chrome *chrome)
{
	uint32_t ordinal = chrome->plan.order[chrome->next++];
	const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(chrome->trace, ordinal);
	struct ctrace_chrome_stream *stream =
		ctrace_chrome_plan_stream(&chrome->plan, entry->stream);
	enum ctrace_status status = CTRACE_OK;

	chrome->counts.chunks_done++;
	ctrace_chrome_tasks_until(&chrome->tasks, &chrome->list,
				  ctrace_trace_ns(chrome->trace, entry->base));
	if (!stream->is_wanted) {
		/* Its frees may be of what those wanted got. */
		chrome->marks[ordinal] = ctrace_trace_ns(chrome->trace, entry->base) < chrome->end
						 ? CTRACE_CHROME_UNSEEN
						 : CTRACE_CHROME_NO_MEMORY;
		return CTRACE_OK;
	}
	if (!is_beyond(chrome, stream, entry)) {
		status = replay_chunk(chrome, stream, ordinal);
	}
	if (status == CTRACE_OK && ordinal == stream->last_chunk) {
		ctrace_chrome_stream_close(stream, ctrace_trace_info(chrome->trace)->last_ticks);
	}
	return status;
}

static enum ctrace_status refill(struct ctrace_chrome *chrome)
{
	enum ctrace_status status = CTRACE_OK;

	ctrace_chrome_list_clear(&chrome->list);
	chrome->item = 0;
	if (chrome->next < chrome->plan.order_count) {
		status = next_chunk(chrome);
	} else {
		ctrace_chrome_tasks_close(&chrome->tasks, &chrome->list);
		chrome->is_closed = true;
	}
	if (chrome->list.is_failed || status == CTRACE_ERR_NO_MEMORY) {
		return fail(chrome, CTRACE_ERR_NO_MEMORY, "no memory to convert");
	}
	chrome->status = status;
	return status;
}

/* ---- From items to text ------------------------------------------------ */

static bool is_in_range(const struct ctrace_chrome *chrome, const struct ctrace_chrome_item *item)
{
	bool is_span = item->kind == CTRACE_KIND_SPAN_BEGIN;

	if (item->kind == CTRACE_KIND_NONE || item->is_chosen) {
		return item->kind != CTRACE_KIND_NONE;
	}
	if ((item->flags & CTRACE_CHROME_BEGAN_BEFORE) != 0) {
		return item->end >= chrome->start && item->end < chrome->end;
	}
	if (item->start >= chrome->end) {
		return false;
	}
	return item->start >= chrome->start ||
	       (is_span && (item->end > chrome->start || (item->flags & CTRACE_CHROME_OPEN) != 0));
}

static void count(struct ctrace_chrome_counts *counts, const struct ctrace_chrome_item *item)
{
	counts->lines++;
	switch (item->kind) {
	case CTRACE_KIND_SPAN_BEGIN:
		counts->open_spans += (item->flags & CTRACE_CHROME_OPEN) != 0;
		counts->spans += (item->flags & CTRACE_CHROME_OPEN) == 0;
		break;
	case CTRACE_KIND_INSTANT:
		counts->instants++;
		break;
	case CTRACE_KIND_LOG:
		counts->logs++;
		break;
	case CTRACE_KIND_COUNTER:
		counts->counters++;
		break;
	case CTRACE_KIND_TASK_BEGIN:
		counts->task_begins++;
		break;
	case CTRACE_KIND_TASK_STEP:
		counts->task_steps++;
		break;
	case CTRACE_KIND_TASK_END:
		counts->task_ends++;
		break;
	case CTRACE_KIND_LOST:
		counts->lost++;
		break;
	case CTRACE_KIND_THREAD_NAME:
	case CTRACE_KIND_PROCESS_NAME:
		counts->names++;
		break;
	default:
		counts->flows++;
	}
}

static char *put_line(struct ctrace_chrome *chrome, char *at, const struct ctrace_chrome_line *line)
{
	size_t size = strlen(chrome->separator);

	memcpy(at, chrome->separator, size);
	chrome->separator = ",\n";
	return ctrace_chrome_line_write(at + size, line);
}

static bool is_bare(const struct ctrace_chrome_item *item)
{
	return item->kind == CTRACE_KIND_SPAN_BEGIN && item->flags == 0 && item->task == 0 &&
	       item->args == item->args_end && !ctrace_is_marked_site(item->site);
}

static bool is_of_collector(const struct ctrace_chrome_item *item)
{
	return (item->kind >= CTRACE_KIND_GC_BEGIN && item->kind <= CTRACE_KIND_GC_THREAD) ||
	       (item->kind == CTRACE_KIND_SPAN_BEGIN && ctrace_is_collector_site(item->site));
}

/* Calls and samples that a thread tells of itself: as facts, like those of a kernel's buffers; and
 * what a collector tells. */
static bool is_fact(const struct ctrace_chrome_item *item)
{
	return item->kind == CTRACE_KIND_SAMPLE || is_of_collector(item) ||
	       (item->kind == CTRACE_KIND_SPAN_BEGIN && ctrace_is_call_site(item->site));
}

static void spill_collector(struct ctrace_chrome *chrome, const struct ctrace_chrome_item *item)
{
	const struct ctrace_chrome_stream *stream = &chrome->plan.streams[item->stream];

	if (item->kind == CTRACE_KIND_SPAN_BEGIN) {
		const struct ctrace_collector_fact fact = ctrace_chrome_item_collector(item);

		chrome->counts.spans++;
		ctrace_chrome_collector(&chrome->spill, &fact, stream->pid, stream->tid);
	} else if (item->kind == CTRACE_KIND_GC_THREAD) {
		chrome->counts.instants++;
		ctrace_chrome_halt(&chrome->spill, item->task != 0, item->start, item->id,
				   stream->pid, stream->tid);
	} else {
		chrome->counts.counters++;
		ctrace_chrome_collector_heap(&chrome->spill, item->kind == CTRACE_KIND_GC_END,
					     item->start, item->id, stream->pid, stream->tid);
	}
}

static void spill_fact(struct ctrace_chrome *chrome, const struct ctrace_chrome_item *item)
{
	const struct ctrace_chrome_stream *stream = &chrome->plan.streams[item->stream];

	ctrace_buffer_put(&chrome->spill, ",\n", 2);
	chrome->counts.lines++;
	if (is_of_collector(item)) {
		spill_collector(chrome, item);
		return;
	}
	if (item->kind == CTRACE_KIND_SAMPLE) {
		const struct ctrace_sample_fact sample =
			ctrace_chrome_item_sample(item, chrome->trace);

		ctrace_chrome_sample(&chrome->spill, &sample, stream->pid, stream->tid);
		return;
	}
	const struct ctrace_call_fact call = ctrace_chrome_item_call(item, chrome->trace);

	chrome->counts.spans++;
	ctrace_chrome_call(&chrome->spill, chrome->trace, &call, stream->pid, stream->tid);
}

/* The common case with nothing in between. NULL: it is not that simple. */
static char *write_bare(struct ctrace_chrome *chrome, const struct ctrace_chrome_item *item,
			char *at, const char *end)
{
	const struct ctrace_chrome_bare_span span = {
		.site = ctrace_chrome_site_get(&chrome->sites, item->site),
		.thread = &chrome->plan.streams[item->stream].thread,
		.start = item->start,
		.duration = item->end - item->start,
	};

	if (span.site == NULL || ctrace_chrome_bare_room(span.site) > (size_t)(end - at)) {
		return NULL;
	}
	chrome->counts.spans++;
	chrome->counts.lines++;
	memcpy(at, ",\n", 2);
	return ctrace_chrome_bare_write(at + 2, &span);
}

/* Write an item into the buffer if it surely fits, else into the spill. The end of what stands in
 * the buffer. */
static char *write_item(struct ctrace_chrome *chrome, const struct ctrace_chrome_item *item,
			char *at, const char *end)
{
	struct ctrace_chrome_line line;
	struct ctrace_value values[16];

	if (!ctrace_chrome_item_line(&line, item, &chrome->sites,
				     &chrome->plan.streams[item->stream].thread, values)) {
		fail(chrome, CTRACE_ERR_NO_MEMORY, "no memory to convert");
		return at;
	}
	count(&chrome->counts, item);
	size_t room = ctrace_chrome_line_room(&line);
	if (room <= (size_t)(end - at)) {
		return put_line(chrome, at, &line);
	}
	char *start = (char *)ctrace_buffer_reserve(&chrome->spill, room);
	if (start == NULL) {
		fail(chrome, CTRACE_ERR_NO_MEMORY, "no memory to convert");
		return at;
	}
	chrome->spill.size += (size_t)(put_line(chrome, start, &line) - start);
	return at;
}

/* Items of the list, until the buffer is full or the spill is used. */
static char *write_items(struct ctrace_chrome *chrome, char *at, const char *end)
{
	while (chrome->item < chrome->list.count && chrome->spill.size == 0 &&
	       chrome->status == CTRACE_OK) {
		const struct ctrace_chrome_item *item = &chrome->list.items[chrome->item++];
		if (!is_in_range(chrome, item)) {
			continue;
		}
		if (__builtin_expect(is_fact(item), 0)) {
			spill_fact(chrome, item);
			continue;
		}
		/* Metadata stands before every event, so there is always a comma to write. */
		char *bare = is_bare(item) ? write_bare(chrome, item, at, end) : NULL;
		at = bare != NULL ? bare : write_item(chrome, item, at, end);
	}
	return at;
}

/* ---- Piece by piece ----------------------------------------------------- */

static void next_stage(struct ctrace_chrome *chrome, enum stage stage)
{
	chrome->stage = stage;
	chrome->step = 0;
}

static void spill_separator(struct ctrace_chrome *chrome)
{
	ctrace_buffer_put(&chrome->spill, chrome->separator, strlen(chrome->separator));
	chrome->separator = ",\n";
}

static void spill_process(struct ctrace_chrome *chrome)
{
	if (chrome->step == chrome->plan.pid_count) {
		next_stage(chrome, STAGE_THREADS);
		return;
	}
	spill_separator(chrome);
	ctrace_chrome_frame_process(&chrome->spill, chrome->trace, chrome->plan.pids[chrome->step],
				    chrome->step);
	chrome->step++;
}

static void spill_thread(struct ctrace_chrome *chrome)
{
	if (chrome->step == chrome->plan.stream_count) {
		next_stage(chrome, STAGE_KERNEL_NAMES);
		return;
	}
	const struct ctrace_chrome_stream *stream = &chrome->plan.streams[chrome->step++];
	if (stream->is_wanted) {
		spill_separator(chrome);
		ctrace_chrome_frame_thread(&chrome->spill, chrome->trace, stream);
	}
}

static void spill_kernel_names(struct ctrace_chrome *chrome)
{
	if (chrome->kernel != NULL) {
		spill_separator(chrome);
		ctrace_chrome_kernel_metadata(chrome->kernel, &chrome->spill);
	}
	next_stage(chrome, STAGE_EVENTS);
}

/* By now it is known which chunks tell of memory. */
static void begin_memory(struct ctrace_chrome *chrome)
{
	const struct ctrace_chrome_memory_settings settings = {
		.start = chrome->start,
		.end = chrome->end,
		.threads = chrome->threads,
		.thread_count = chrome->thread_count,
		.marks = chrome->marks,
	};

	if (ctrace_chrome_memory_create(&chrome->memory, chrome->trace, &settings) != CTRACE_OK) {
		fail(chrome, CTRACE_ERR_NO_MEMORY, "no memory to convert");
		return;
	}
	next_stage(chrome, STAGE_MEMORY);
}

/* A millisecond's worth of what the kernel told. */
static void spill_kernel(struct ctrace_chrome *chrome)
{
	enum ctrace_status status = CTRACE_END;

	if (chrome->kernel != NULL) {
		status = ctrace_chrome_kernel_step(chrome->kernel, &chrome->spill);
	}
	if (status == CTRACE_OK) {
		return;
	}
	if (status != CTRACE_END) {
		fail(chrome, status, "no memory to convert");
		return;
	}
	if (chrome->kernel != NULL) {
		const struct ctrace_chrome_kernel_counts told =
			ctrace_chrome_kernel_counts(chrome->kernel);

		chrome->counts.lines += told.lines;
		chrome->counts.spans += told.calls;
		chrome->counts.lost += told.lost;
	}
	begin_memory(chrome);
}

/* Some more of what the walk over memory finds. */
static void spill_memory(struct ctrace_chrome *chrome)
{
	enum ctrace_status status = CTRACE_END;

	if (chrome->memory != NULL) {
		status = ctrace_chrome_memory_step(chrome->memory, &chrome->spill);
	}
	if (status == CTRACE_OK) {
		return;
	}
	if (status != CTRACE_END) {
		fail(chrome, status, "no memory to convert");
		return;
	}
	if (chrome->memory != NULL) {
		chrome->counts.lines += ctrace_chrome_memory_lines(chrome->memory);
		chrome->counts.counters += ctrace_chrome_memory_lines(chrome->memory);
	}
	next_stage(chrome, STAGE_TAIL);
}

/* Frames of samples, by the numbers of their stacks, some at a time. */
static void spill_stacks(struct ctrace_chrome *chrome)
{
	uint32_t end = ctrace_trace_stack_end(chrome->trace);
	uint32_t first = chrome->step * STACKS_A_PIECE;

	if (chrome->step == 0 && end > 1) {
		ctrace_chrome_frame_begin_stacks(&chrome->spill);
	}
	ctrace_chrome_frame_stacks(&chrome->spill, chrome->trace, first, first + STACKS_A_PIECE);
	chrome->step++;
	if (first + STACKS_A_PIECE >= end) {
		ctrace_chrome_frame_begin_events(&chrome->spill, end > 1);
		next_stage(chrome, STAGE_PROCESSES);
	}
}

static void spill_tail(struct ctrace_chrome *chrome)
{
	struct ctrace_chrome_tail tail = {
		.trace = chrome->trace,
		.start = chrome->start,
		.end = chrome->end,
		.damaged = chrome->counts.damaged,
		.damage = chrome->damage,
		.damage_count = chrome->damage_count,
	};

	if (chrome->step == 0 && chrome->kernel != NULL) {
		tail.repaired = ctrace_chrome_kernel_repaired(chrome->kernel);
	}
	for (uint32_t i = 0; chrome->step == 0 && i < chrome->plan.stream_count; i++) {
		tail.repaired += chrome->plan.streams[i].repaired;
	}
	if (!ctrace_chrome_frame_tail(&chrome->spill, &tail, chrome->step++)) {
		next_stage(chrome, STAGE_DONE);
	}
}

/* What is not events goes through the spill; it is a small part. */
static void spill_frame(struct ctrace_chrome *chrome)
{
	static const char head[] = "{\"displayTimeUnit\":\"ns\",";

	if (chrome->stage == STAGE_HEAD) {
		ctrace_buffer_put(&chrome->spill, head, sizeof(head) - 1);
		next_stage(chrome, STAGE_STACKS);
	} else if (chrome->stage == STAGE_STACKS) {
		spill_stacks(chrome);
	} else if (chrome->stage == STAGE_KERNEL_NAMES) {
		spill_kernel_names(chrome);
	} else if (chrome->stage == STAGE_KERNEL) {
		spill_kernel(chrome);
	} else if (chrome->stage == STAGE_MEMORY) {
		spill_memory(chrome);
	} else if (chrome->stage == STAGE_PROCESSES) {
		spill_process(chrome);
	} else if (chrome->stage == STAGE_THREADS) {
		spill_thread(chrome);
	} else {
		spill_tail(chrome);
	}
	if (chrome->spill.is_failed) {
		fail(chrome, CTRACE_ERR_NO_MEMORY, "no memory to convert");
	}
}

static char *take_spill(struct ctrace_chrome *chrome, char *at, const char *end)
{
	size_t left = chrome->spill.size - chrome->spill_at;
	size_t size = left < (size_t)(end - at) ? left : (size_t)(end - at);

	memcpy(at, chrome->spill.bytes + chrome->spill_at, size);
	chrome->spill_at += size;
	if (chrome->spill_at == chrome->spill.size) {
		chrome->spill_at = 0;
		chrome->spill.size = 0;
	}
	return at + size;
}

/* Events: items of the list, and the next chunk when it is used up. `chunks` counts down. */
static char *step_events(struct ctrace_chrome *chrome, char *at, const char *end, unsigned *chunks)
{
	if (chrome->item < chrome->list.count) {
		return write_items(chrome, at, end);
	}
	if (chrome->is_closed) {
		next_stage(chrome, STAGE_KERNEL);
		return at;
	}
	refill(chrome);
	(*chunks)--;
	return at;
}

enum ctrace_status ctrace_chrome_read(struct ctrace_chrome *chrome, char *buffer, size_t size,
				      size_t *got, struct ctrace_error *error)
{
	char *at = buffer;
	const char *end = buffer + size;
	unsigned chunks = CHUNKS_A_CALL;

	while (at < end && chunks > 0 && chrome->stage != STAGE_DONE &&
	       chrome->status == CTRACE_OK) {
		if (chrome->spill.size > 0) {
			at = take_spill(chrome, at, end);
		} else if (chrome->stage == STAGE_EVENTS) {
			at = step_events(chrome, at, end, &chunks);
		} else {
			chunks -= chrome->stage == STAGE_KERNEL || chrome->stage == STAGE_MEMORY;
			spill_frame(chrome);
		}
	}
	*got = (size_t)(at - buffer);
	chrome->counts.bytes += *got;
	if (chrome->status != CTRACE_OK) {
		ctrace_error_set(error, chrome->status, chrome->error.offset, chrome->error.chunk,
				 "%s", chrome->error.text);
		return chrome->status;
	}
	return chrome->stage == STAGE_DONE && *got == 0 ? CTRACE_END : CTRACE_OK;
}

struct ctrace_chrome_counts ctrace_chrome_counts(const struct ctrace_chrome *chrome)
{
	return chrome->counts;
}

const struct ctrace_damage *ctrace_chrome_damage(const struct ctrace_chrome *chrome,
						 uint32_t *count_of)
{
	*count_of = chrome->damage_count;
	return chrome->damage;
}
