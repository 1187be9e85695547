/* SPDX-License-Identifier: MIT */
/* Counters of memory as lines; see chrome_memory.h. */

#include "viewer-server/export/chrome_memory.h"

#include "viewer-server/export/json_pen.h"
#include "viewer-server/export/json_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A call writes no more lines than these. */
#define LINES_A_STEP 1024u

struct ctrace_chrome_memory {
	const struct ctrace_trace *trace;
	struct ctrace_chrome_memory_settings settings;
	struct ctrace_thread_table threads;
	struct ctrace_memory_curves curves;
	bool is_walked;
	uint32_t process; /* the next one */
	bool has_views;	  /* of the process before: */
	struct ctrace_memory_views views;
	uint32_t view;
	size_t point;
	uint64_t lines;
};

/* ---- one line ---- */

static void put_name(struct ctrace_buffer *json, const struct ctrace_chrome_memory_point *point)
{
	char text[CTRACE_MEMORY_NAME_BYTES + 64];
	uint32_t size = point->name.size < CTRACE_MEMORY_NAME_BYTES ? point->name.size
								    : CTRACE_MEMORY_NAME_BYTES;
	int more;

	memcpy(text, point->name.bytes, size);
	more = point->tid != 0 ? snprintf(&text[size], sizeof(text) - size, " of thread %" PRIu64,
					  point->tid)
			       : 0;
	size += (uint32_t)more;
	if (point->is_estimate) {
		more = snprintf(&text[size], sizeof(text) - size, " (estimated)");
		size += (uint32_t)more;
	}
	ctrace_json_put_string(json, (struct ctrace_bytes){text, size});
}

void ctrace_chrome_memory_line(struct ctrace_buffer *json,
			       const struct ctrace_chrome_memory_point *point)
{
	bool is_rate = point->unit == CTRACE_UNIT_BYTES_PER_SECOND;
	char *start;

	ctrace_json_put(json, "{\"name\":");
	put_name(json, point);
	ctrace_json_put(json,
			",\"cat\":\"memory\",\"ph\":\"C\",\"pid\":%" PRIu64 ",\"tid\":%" PRIu64
			",\"ts\":",
			point->pid, point->tid != 0 ? point->tid : point->pid);
	ctrace_json_put_micros(json, point->time);
	ctrace_json_put(json, ",\"args\":{\"%s\":", is_rate ? "bytes/s" : "bytes");
	start = (char *)ctrace_buffer_reserve(json, CTRACE_JSON_NUMBER_BYTES + CTRACE_JSON_SLACK);
	if (start != NULL) {
		json->size += (size_t)(ctrace_json_f64(start, point->value) - start);
	}
	ctrace_json_put(json, "}}");
}

/* ---- making one ---- */

static bool has_memory(const struct ctrace_chrome_memory *memory)
{
	uint32_t chunks = ctrace_trace_info(memory->trace)->chunk_count;

	for (uint32_t i = 0; i < chunks; i++) {
		if (memory->settings.marks[i] != CTRACE_CHROME_NO_MEMORY) {
			return true;
		}
	}
	return false;
}

static enum ctrace_status fill(struct ctrace_chrome_memory *memory)
{
	const struct ctrace_memory_settings own = {
		.threads = &memory->threads,
		.chunks = memory->settings.marks,
		.is_checked = memory->settings.thread_count == 0,
		.until = memory->settings.end,
	};
	enum ctrace_status status = ctrace_thread_table_init(&memory->threads, memory->trace);

	return status == CTRACE_OK ? ctrace_memory_curves_init(&memory->curves, memory->trace, &own)
				   : status;
}

enum ctrace_status ctrace_chrome_memory_create(struct ctrace_chrome_memory **memory,
					       const struct ctrace_trace *trace,
					       const struct ctrace_chrome_memory_settings *settings)
{
	struct ctrace_chrome_memory *made = calloc(1, sizeof(*made));
	enum ctrace_status status;

	*memory = NULL;
	if (made == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	made->trace = trace;
	made->settings = *settings;
	if (!has_memory(made)) {
		free(made);
		return CTRACE_OK;
	}
	status = fill(made);
	if (status != CTRACE_OK) {
		ctrace_chrome_memory_destroy(made);
		return status;
	}
	*memory = made;
	return CTRACE_OK;
}

void ctrace_chrome_memory_destroy(struct ctrace_chrome_memory *memory)
{
	if (memory == NULL) {
		return;
	}
	if (memory->has_views) {
		ctrace_memory_views_finish(&memory->views);
	}
	ctrace_memory_curves_finish(&memory->curves);
	ctrace_thread_table_finish(&memory->threads);
	free(memory);
}

/* ---- all of them ---- */

static bool is_tid_wanted(const struct ctrace_chrome_memory *memory, uint64_t tid)
{
	for (uint32_t i = 0; i < memory->settings.thread_count; i++) {
		if (memory->settings.threads[i] == tid) {
			return true;
		}
	}
	return memory->settings.thread_count == 0;
}

/* A process is wanted if one of its threads is. */
static bool is_pid_wanted(const struct ctrace_chrome_memory *memory, uint64_t pid)
{
	for (uint32_t i = 0; memory->settings.thread_count > 0 && i < memory->threads.count; i++) {
		if (memory->threads.threads[i].pid == pid &&
		    is_tid_wanted(memory, memory->threads.threads[i].tid)) {
			return true;
		}
	}
	return memory->settings.thread_count == 0;
}

static uint64_t tid_of(const struct ctrace_chrome_memory *memory,
		       const struct ctrace_memory_view *view)
{
	const struct ctrace_thread_row *row = ctrace_trace_thread(memory->trace, view->stream);

	return view->what == CTRACE_MEMORY_THREAD_RATE && row != NULL ? row->tid : 0;
}

/* Whose views are at hand. */
static const struct ctrace_memory_process *process_of(const struct ctrace_chrome_memory *memory)
{
	return (const struct ctrace_memory_process *)memory->curves.processes.items +
	       memory->process - 1;
}

/* The value that holds when the range begins stands there. */
static void put_point(struct ctrace_chrome_memory *memory, struct ctrace_buffer *json,
		      const struct ctrace_memory_view *view)
{
	const struct ctrace_curve_point *points = view->points;
	size_t at = memory->point++;
	bool is_last_before =
		points[at].time < memory->settings.start &&
		(at + 1 == view->count || points[at + 1].time > memory->settings.start);
	struct ctrace_chrome_memory_point point = {
		.unit = view->unit,
		.is_estimate = view->is_estimate,
		.pid = process_of(memory)->pid,
		.tid = tid_of(memory, view),
		.name = {view->name, view->name_size},
		.time = is_last_before ? memory->settings.start : points[at].time,
		.value = points[at].value,
	};

	if (point.time < memory->settings.start || point.time >= memory->settings.end ||
	    (point.tid != 0 && !is_tid_wanted(memory, point.tid))) {
		return;
	}
	ctrace_buffer_put(json, ",\n", 2);
	ctrace_chrome_memory_line(json, &point);
	memory->lines++;
}

static void put_views(struct ctrace_chrome_memory *memory, struct ctrace_buffer *json)
{
	for (uint32_t i = 0; i < LINES_A_STEP && memory->view < memory->views.count; i++) {
		const struct ctrace_memory_view *view = &memory->views.views[memory->view];

		put_point(memory, json, view);
		if (memory->point == view->count) {
			memory->point = 0;
			memory->view++;
		}
	}
	if (memory->view == memory->views.count) {
		ctrace_memory_views_finish(&memory->views);
		memory->has_views = false;
	}
}

static enum ctrace_status next_process(struct ctrace_chrome_memory *memory)
{
	enum ctrace_status status = CTRACE_OK;

	if (memory->process == memory->curves.processes.count) {
		return CTRACE_END;
	}
	memory->process++;
	if (is_pid_wanted(memory, process_of(memory)->pid)) {
		status = ctrace_memory_views_init(&memory->views, &memory->curves,
						  memory->process - 1);
		memory->has_views = status == CTRACE_OK;
		memory->view = 0;
		memory->point = 0;
	}
	return status;
}

enum ctrace_status ctrace_chrome_memory_step(struct ctrace_chrome_memory *memory,
					     struct ctrace_buffer *json)
{
	if (!memory->is_walked) {
		enum ctrace_status status = ctrace_memory_curves_step(&memory->curves);

		memory->is_walked = status == CTRACE_END;
		return memory->is_walked ? CTRACE_OK : status;
	}
	if (!memory->has_views) {
		return next_process(memory);
	}
	put_views(memory, json);
	return json->is_failed ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

uint64_t ctrace_chrome_memory_lines(const struct ctrace_chrome_memory *memory)
{
	return memory->lines;
}
