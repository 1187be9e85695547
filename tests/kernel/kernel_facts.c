/* SPDX-License-Identifier: MIT */

/*
 * What a trace says of the kernel's events, as one JSON object, for tests that know the truth:
 *
 *     kernel-facts TRACE
 *     {"sources": {name: {state, why, events, lost, checks, misses, slack}},
 *      "buffers": [{stream, source, cpu, written, lost, clamped, told_lost}],
 *      "threads": {tid: {pid, name, in, out, preempted, samples, waited_ns}}, "kinds": {name:
 * count}, "weights": {ns: samples}, "stacks": {"innermost;…;outermost": samples}, "lines":
 * {function: "file:line"}, "modules": [path], "unnamed": frames}
 */

#include "format/reader.h"

#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STACK_TEXT_BYTES 65536u

static struct ctrace_trace *trace;
static json_t *threads, *kinds, *stacks, *lines, *weights;
static uint64_t told_lost[65536];

static json_t *text_of(uint32_t id)
{
	struct ctrace_bytes bytes = ctrace_trace_string(trace, id);

	return json_stringn(bytes.bytes, bytes.size);
}

static json_t *member(json_t *object, const char *key)
{
	json_t *found = json_object_get(object, key);

	if (found == NULL) {
		found = json_object();
		json_object_set_new(object, key, found);
	}
	return found;
}

static void count(json_t *object, const char *key)
{
	json_int_t so_far = json_integer_value(json_object_get(object, key));

	json_object_set_new(object, key, json_integer(so_far + 1));
}

static void count_number(json_t *object, uint64_t number)
{
	char key[24];

	snprintf(key, sizeof(key), "%" PRIu64, number);
	count(object, key);
}

static json_t *thread_of(uint64_t tid)
{
	char key[24];

	snprintf(key, sizeof(key), "%" PRIu64, tid);
	return member(threads, key);
}

/* ---- stacks ---- */

static size_t append_frame(char *text, size_t used, const struct ctrace_frame_row *frame)
{
	struct ctrace_bytes function = ctrace_trace_string(trace, frame->function);
	struct ctrace_bytes file = ctrace_trace_string(trace, frame->file);
	char name[1100], line[5000];

	if (frame->function == 0) {
		snprintf(name, sizeof(name), "%" PRIu32 "+0x%" PRIx64, frame->module,
			 frame->address);
	} else {
		snprintf(name, sizeof(name), "%.*s", (int)function.size, function.bytes);
		snprintf(line, sizeof(line), "%.*s:%" PRIu32, (int)file.size, file.bytes,
			 frame->line);
		json_object_set_new(lines, name, json_string(line));
	}
	return used + (size_t)snprintf(text + used, STACK_TEXT_BYTES - used, "%s%s",
				       used > 0 ? ";" : "", name);
}

static void append_with_outer(char *text, size_t *used, uint32_t number)
{
	while (number != 0 && *used + 2048 < STACK_TEXT_BYTES) {
		const struct ctrace_frame_row *frame = ctrace_trace_frame(trace, number);

		if (frame == NULL) {
			return;
		}
		*used = append_frame(text, *used, frame);
		number = frame->outer;
	}
}

static void count_stack(uint64_t number)
{
	static char text[STACK_TEXT_BYTES];
	const struct ctrace_stack_row *stack;
	size_t used = 0;

	text[0] = '\0';
	while (number != 0 && (stack = ctrace_trace_stack(trace, number)) != NULL) {
		append_with_outer(text, &used, stack->frame);
		number = stack->parent;
	}
	count(stacks, text);
}

/* ---- events ---- */

static void take(const struct ctrace_event *event, uint32_t stream)
{
	struct ctrace_value values[16];
	const struct ctrace_kind_info *info = ctrace_kind_info(event->kind);

	ctrace_event_values(trace, event, values);
	count(kinds, info != NULL ? info->name : "?");
	switch (event->kind) {
	case CTRACE_KIND_SCHED_IN:
		count(thread_of(values[1].u64), "in");
		return;
	case CTRACE_KIND_SCHED_OUT:
		count(thread_of(values[1].u64), "out");
		if (values[2].u64 == CTRACE_RUN_PREEMPTED) {
			count(thread_of(values[1].u64), "preempted");
		}
		return;
	case CTRACE_KIND_RUN_DELAY:
		json_object_set_new(thread_of(values[0].u64), "waited_ns",
				    json_integer((json_int_t)values[1].u64));
		return;
	case CTRACE_KIND_SAMPLE:
		count(thread_of(values[0].u64), "samples");
		count_number(weights, values[2].u64);
		count_stack(values[3].u64);
		return;
	case CTRACE_KIND_LOST:
		told_lost[stream & 0xffff] += values[1].u64;
		return;
	default:
		return;
	}
}

static bool read_events(struct ctrace_error *error)
{
	uint32_t end = ctrace_trace_info(trace)->chunk_count;
	struct ctrace_chunk chunk = {.entry = NULL};
	struct ctrace_cursor cursor;
	struct ctrace_event event;

	for (uint32_t i = 0; i < end; i++) {
		if (ctrace_trace_chunk(trace, i)->type != CTRACE_CHUNK_EVENTS) {
			continue;
		}
		if (ctrace_chunk_load(&chunk, trace, i, error) != CTRACE_OK ||
		    ctrace_cursor_init(&cursor, trace, &chunk, error) != CTRACE_OK) {
			return false;
		}
		while (ctrace_cursor_next(&cursor, &event, error) == CTRACE_OK) {
			take(&event, chunk.entry->stream);
		}
	}
	ctrace_chunk_unload(&chunk);
	return true;
}

/* ---- tables ---- */

static json_t *sources(void)
{
	json_t *object = json_object();
	uint32_t end;
	const struct ctrace_source_row *rows = ctrace_trace_sources(trace, &end);

	for (uint32_t i = 0; i < end; i++) {
		json_t *name = text_of(rows[i].name);

		json_object_set_new(
			object, json_string_value(name),
			json_pack("{si so sI sI sI sI sI}", "state", (int)rows[i].state, "why",
				  text_of(rows[i].why), "events", (json_int_t)rows[i].events,
				  "lost", (json_int_t)rows[i].lost, "checks",
				  (json_int_t)rows[i].checks, "misses", (json_int_t)rows[i].misses,
				  "slack", (json_int_t)rows[i].slack));
		json_decref(name);
	}
	return object;
}

static json_t *buffers(void)
{
	json_t *list = json_array();
	uint32_t end;
	const struct ctrace_buffer_row *rows = ctrace_trace_buffers(trace, &end);

	for (uint32_t i = 0; i < end; i++) {
		json_array_append_new(
			list,
			json_pack("{sI so sI sI sI sI sI}", "stream", (json_int_t)rows[i].stream,
				  "source", text_of(rows[i].source), "cpu", (json_int_t)rows[i].cpu,
				  "written", (json_int_t)rows[i].written, "lost",
				  (json_int_t)rows[i].lost, "clamped", (json_int_t)rows[i].clamped,
				  "told_lost", (json_int_t)told_lost[rows[i].stream & 0xffff]));
	}
	return list;
}

static void name_threads(void)
{
	uint32_t end;
	const struct ctrace_thread_row *rows = ctrace_trace_threads(trace, &end);

	for (uint32_t i = 0; i < end; i++) {
		json_t *thread = thread_of(rows[i].tid);

		count(thread, "rows");
		json_object_set_new(thread, "pid", json_integer((json_int_t)rows[i].pid));
		json_object_set_new(thread, "name", text_of(rows[i].name));
		json_object_set_new(thread, "state", json_integer((json_int_t)rows[i].state));
	}
}

static json_t *modules(void)
{
	json_t *list = json_array();

	for (uint32_t i = 1; i < ctrace_trace_module_end(trace); i++) {
		const struct ctrace_module_row *row = ctrace_trace_module(trace, i);

		if (row != NULL) {
			json_array_append_new(list, text_of(row->path));
		}
	}
	return list;
}

static json_int_t unnamed(void)
{
	json_int_t without = 0;

	for (uint32_t i = 1; i < ctrace_trace_frame_end(trace); i++) {
		const struct ctrace_frame_row *row = ctrace_trace_frame(trace, i);

		without += row != NULL && row->function == 0;
	}
	return without;
}

int main(int argc, char **argv)
{
	struct ctrace_error error = {.status = CTRACE_OK};
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	json_t *facts;

	threads = json_object();
	kinds = json_object();
	stacks = json_object();
	lines = json_object();
	weights = json_object();
	if (fd < 0 || ctrace_trace_open(&trace, fd, NULL, &error) != CTRACE_OK ||
	    !read_events(&error)) {
		fprintf(stderr, "kernel-facts: %s\n", fd < 0 ? "no such trace" : error.text);
		return 1;
	}
	name_threads();
	facts = json_pack("{so so so so so so so so sI sb}", "sources", sources(), "buffers",
			  buffers(), "threads", threads, "kinds", kinds, "stacks", stacks, "lines",
			  lines, "weights", weights, "modules", modules(), "unnamed", unnamed(),
			  "is_closed", ctrace_trace_info(trace)->has_trailer);
	json_dumpf(facts, stdout, JSON_INDENT(1) | JSON_SORT_KEYS);
	json_decref(facts);
	ctrace_trace_close(trace);
	return 0;
}
