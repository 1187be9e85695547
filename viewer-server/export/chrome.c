/* SPDX-License-Identifier: MIT */
/*
 * The whole JSON, pulled: head, metadata, events chunk by chunk, tail. Where
 * the caller's buffer has room a line is written right into it, else into a
 * spill that is handed out in parts.
 */

#include "viewer-server/export/chrome.h"

#include "format/limits.h"
#include "viewer-server/export/chrome_parts.h"

#include <stdlib.h>
#include <string.h>

/* A call looks at no more chunks than this (a few milliseconds) without an answer. */
#define CHUNKS_A_CALL 8u
/* Listed; what is beyond is counted. */
#define DAMAGE_LISTED_MAX 1000u

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

enum ctrace_status ctrace_chrome_fail(struct ctrace_chrome *chrome, enum ctrace_status status,
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
		return ctrace_chrome_fail(chrome, CTRACE_ERR_NO_MEMORY, "no memory to convert");
	}
	chrome->status = status;
	return status;
}

/* ---- Reading it ------------------------------------------------------- */

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
		return ctrace_chrome_write_items(chrome, at, end);
	}
	if (chrome->is_closed) {
		ctrace_chrome_stage_begin(chrome, CTRACE_CHROME_STAGE_KERNEL);
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

	while (at < end && chunks > 0 && chrome->stage != CTRACE_CHROME_STAGE_DONE &&
	       chrome->status == CTRACE_OK) {
		if (chrome->spill.size > 0) {
			at = take_spill(chrome, at, end);
		} else if (chrome->stage == CTRACE_CHROME_STAGE_EVENTS) {
			at = step_events(chrome, at, end, &chunks);
		} else {
			chunks -= chrome->stage == CTRACE_CHROME_STAGE_KERNEL ||
				  chrome->stage == CTRACE_CHROME_STAGE_MEMORY;
			ctrace_chrome_stage_step(chrome);
		}
	}
	*got = (size_t)(at - buffer);
	chrome->counts.bytes += *got;
	if (chrome->status != CTRACE_OK) {
		ctrace_error_set(error, chrome->status, chrome->error.offset, chrome->error.chunk,
				 "%s", chrome->error.text);
		return chrome->status;
	}
	return chrome->stage == CTRACE_CHROME_STAGE_DONE && *got == 0 ? CTRACE_END : CTRACE_OK;
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
