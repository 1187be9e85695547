/* SPDX-License-Identifier: MIT */
/* Metadata events and otherData: everything in the JSON that is not an event of the trace. */

#include "viewer-server/export/chrome_frame.h"

#include "viewer-server/export/json_pen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct ctrace_bytes bytes_of(const char *text)
{
	return (struct ctrace_bytes){.bytes = text, .size = (uint32_t)strlen(text)};
}

void ctrace_chrome_frame_begin_stacks(struct ctrace_buffer *json)
{
	ctrace_json_put(json, "\"stackFrames\":{\n\"0\":{\"name\":\"\"}");
}

static void put_frame(struct ctrace_buffer *json, const struct ctrace_trace *trace,
		      const struct ctrace_frame_row *frame)
{
	const struct ctrace_module_row *module = ctrace_trace_module(trace, frame->module);

	if (frame->function != 0) {
		ctrace_json_put_string(json, ctrace_trace_string(trace, frame->function));
	} else {
		ctrace_json_put(json, "\"0x%" PRIx64 "\"", frame->address);
	}
	if (module != NULL) {
		ctrace_json_put(json, ",\"category\":");
		ctrace_json_put_string(json, ctrace_trace_string(trace, module->path));
	}
}

/* `depth`: of what the stack's own frame is inlined into, SPEC 7.11; 0 is that frame itself. */
static void put_stack_id(struct ctrace_buffer *json, uint32_t stack, unsigned depth)
{
	if (depth == 0) {
		ctrace_json_put(json, "\"%" PRIu32 "\"", stack);
	} else {
		ctrace_json_put(json, "\"%" PRIu32 ".%u\"", stack, depth);
	}
}

/* Returns what this one is inlined into, 0: nothing. */
static uint32_t put_stack_frame(struct ctrace_buffer *json, const struct ctrace_trace *trace,
				uint32_t id)
{
	const struct ctrace_frame_row *frame = ctrace_trace_frame(trace, id);

	ctrace_json_put(json, ":{\"name\":");
	if (frame == NULL) {
		ctrace_json_put(json, "\"?\"");
		return 0;
	}
	put_frame(json, trace, frame);
	return frame->outer;
}

static void put_stack(struct ctrace_buffer *json, const struct ctrace_trace *trace, uint32_t number,
		      const struct ctrace_stack_row *stack)
{
	uint32_t frame = stack->frame;

	for (unsigned depth = 0; frame != 0; depth++) {
		ctrace_json_put(json, ",\n");
		put_stack_id(json, number, depth);
		frame = put_stack_frame(json, trace, frame);
		if (frame != 0) {
			ctrace_json_put(json, ",\"parent\":");
			put_stack_id(json, number, depth + 1);
		} else if (stack->parent != 0) {
			ctrace_json_put(json, ",\"parent\":");
			put_stack_id(json, stack->parent, 0);
		}
		ctrace_json_put(json, "}");
	}
}

void ctrace_chrome_frame_stacks(struct ctrace_buffer *json, const struct ctrace_trace *trace,
				uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end; i++) {
		const struct ctrace_stack_row *stack = ctrace_trace_stack(trace, i);

		if (stack != NULL) {
			put_stack(json, trace, i, stack);
		}
	}
}

void ctrace_chrome_frame_begin_events(struct ctrace_buffer *json, bool has_stacks)
{
	ctrace_json_put(json, "%s\"traceEvents\":[\n", has_stacks ? "},\n" : "");
}

/* {"name":"NAME","ph":"M","pid":P,"tid":T,"args":{ */
static void begin_metadata(struct ctrace_buffer *json, const char *name, uint64_t pid, uint64_t tid)
{
	ctrace_json_put(
		json,
		"{\"name\":\"%s\",\"cat\":\"__metadata\",\"ph\":\"M\",\"ts\":0,\"pid\":", name);
	ctrace_json_put_number(json, pid);
	ctrace_json_put(json, ",\"tid\":");
	ctrace_json_put_number(json, tid);
	ctrace_json_put(json, ",\"args\":{");
}

static struct ctrace_bytes meta_value(const struct ctrace_trace *trace, const char *key)
{
	uint32_t count;
	const struct ctrace_meta *meta = ctrace_trace_meta(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (meta[i].key.size == strlen(key) &&
		    memcmp(meta[i].key.bytes, key, meta[i].key.size) == 0) {
			return meta[i].value;
		}
	}
	return bytes_of("");
}

/* The last part of a path. */
static struct ctrace_bytes base_name(struct ctrace_bytes path)
{
	for (uint32_t i = path.size; i > 0; i--) {
		if (path.bytes[i - 1] == '/' && i < path.size) {
			return (struct ctrace_bytes){path.bytes + i, path.size - i};
		}
	}
	return path;
}

static struct ctrace_bytes process_name(const struct ctrace_trace *trace, uint64_t pid)
{
	uint32_t count;
	const struct ctrace_process_row *rows = ctrace_trace_processes(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (rows[i].pid == pid && rows[i].name != 0) {
			return ctrace_trace_string(trace, rows[i].name);
		}
	}
	struct ctrace_bytes program = base_name(meta_value(trace, "program"));
	return program.size > 0 ? program : bytes_of("process");
}

/* The command as one would type it: its arguments are joined by NUL. */
static void put_command(struct ctrace_buffer *json, struct ctrace_bytes command)
{
	char text[1024];
	uint32_t size = command.size < sizeof(text) ? command.size : (uint32_t)sizeof(text);

	for (uint32_t i = 0; i < size; i++) {
		text[i] = command.bytes[i];
		if (text[i] == '\0') {
			text[i] = ' ';
		}
	}
	ctrace_json_put_string(json, (struct ctrace_bytes){text, size});
}

void ctrace_chrome_frame_process(struct ctrace_buffer *json, const struct ctrace_trace *trace,
				 uint64_t pid, uint32_t place)
{
	struct ctrace_bytes command = meta_value(trace, "command");

	begin_metadata(json, "process_name", pid, 0);
	ctrace_json_put(json, "\"name\":");
	ctrace_json_put_string(json, process_name(trace, pid));
	if (command.size > 0) {
		ctrace_json_put(json, "}},\n");
		begin_metadata(json, "process_labels", pid, 0);
		ctrace_json_put(json, "\"labels\":");
		put_command(json, command);
	}
	ctrace_json_put(json, "}},\n");
	begin_metadata(json, "process_sort_index", pid, 0);
	ctrace_json_put(json, "\"sort_index\":%" PRIu32 "}}", place);
}

static void put_thread_name(struct ctrace_buffer *json, const struct ctrace_trace *trace,
			    const struct ctrace_thread_row *row, uint64_t tid)
{
	struct ctrace_bytes name = bytes_of("");
	char text[40];

	if (row != NULL) {
		name = ctrace_trace_string(trace, row->name);
	}
	if (name.size == 0) {
		snprintf(text, sizeof(text), "thread %" PRIu64, tid);
		name = bytes_of(text);
	}
	ctrace_json_put_string(json, name);
}

void ctrace_chrome_frame_thread(struct ctrace_buffer *json, const struct ctrace_trace *trace,
				const struct ctrace_chrome_stream *stream)
{
	const struct ctrace_thread_row *row = ctrace_trace_thread(trace, stream->stream);

	begin_metadata(json, "thread_name", stream->pid, stream->tid);
	ctrace_json_put(json, "\"name\":");
	put_thread_name(json, trace, row, stream->tid);
	if (row != NULL) {
		ctrace_json_put(json, ",\"written\":");
		ctrace_json_put_number(json, row->written);
		ctrace_json_put(json, ",\"lost\":");
		ctrace_json_put_number(json, row->lost);
	}
	ctrace_json_put(json, "}},\n");
	begin_metadata(json, "thread_sort_index", stream->pid, stream->tid);
	ctrace_json_put(json, "\"sort_index\":%" PRIu32 "}}", stream->index);
}

static const char *clock_name(enum ctrace_clock_kind kind)
{
	switch (kind) {
	case CTRACE_CLOCK_TSC:
		return "TSC";
	case CTRACE_CLOCK_MONOTONIC_RAW:
		return "CLOCK_MONOTONIC_RAW";
	case CTRACE_CLOCK_MONOTONIC:
		return "CLOCK_MONOTONIC";
	case CTRACE_CLOCK_ARM:
		return "arm64 counter";
	case CTRACE_CLOCK_ARTIFICIAL:
		return "artificial";
	}
	return "unknown";
}

static void put_session(struct ctrace_buffer *json, const uint8_t session[16])
{
	ctrace_json_put(json, "\"session\":\"");
	for (int i = 0; i < 16; i++) {
		ctrace_json_put(json, "%02x", session[i]);
	}
	ctrace_json_put(json, "\"");
}

/* CLOCK_REALTIME at the trace's beginning, from the first row that tells; 0: unknown. */
static uint64_t wall_start(const struct ctrace_trace *trace)
{
	uint32_t count;
	const struct ctrace_clock_row *rows = ctrace_trace_clocks(trace, &count);

	if (count == 0 || rows[0].realtime_ns == 0) {
		return 0;
	}
	uint64_t since = ctrace_trace_ns(trace, rows[0].ticks);
	return rows[0].realtime_ns > since ? rows[0].realtime_ns - since : 0;
}

static void put_range(struct ctrace_buffer *json, const struct ctrace_chrome_tail *tail)
{
	if (tail->start == 0 && tail->end == UINT64_MAX) {
		return;
	}
	ctrace_json_put(json, ",\n\"range_ns\":[");
	ctrace_json_put_number(json, tail->start);
	ctrace_json_put(json, ",");
	if (tail->end == UINT64_MAX) {
		ctrace_json_put(json, "null");
	} else {
		ctrace_json_put_number(json, tail->end);
	}
	ctrace_json_put(json, "]");
}

static void put_head_of_tail(struct ctrace_buffer *json, const struct ctrace_chrome_tail *tail)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(tail->trace);

	ctrace_json_put(json, "\n],\n\"otherData\":{\n\"format\":\"ctrace %u.%u\",\n", info->major,
			info->minor);
	put_session(json, info->session);
	ctrace_json_put(
		json, ",\n\"clock\":\"%s\",\n\"ticks_per_second\":", clock_name(info->clock_kind));
	ctrace_json_put_number(json, info->ticks_per_second);
	ctrace_json_put(json, ",\n\"duration_ns\":");
	ctrace_json_put_number(json, ctrace_trace_ns(tail->trace, info->last_ticks));
	/* Text: the nanoseconds of today do not fit a double. */
	ctrace_json_put(json, ",\n\"wall_start_ns\":\"%" PRIu64 "\"", wall_start(tail->trace));
	ctrace_json_put(json, ",\n\"is_finished\":%s", info->has_trailer ? "true" : "false");
	put_range(json, tail);
	ctrace_json_put(json, ",\n\"events\":");
	ctrace_json_put_number(json, info->events);
	ctrace_json_put(json, ",\n\"repaired\":");
	ctrace_json_put_number(json, tail->repaired);
	ctrace_json_put(json, ",\n\"unknown_chunks\":%" PRIu32, info->unknown_chunks);
}

/* Lost events: what the threads count, or the trailer if that is more. */
static void put_lost(struct ctrace_buffer *json, const struct ctrace_chrome_tail *tail)
{
	uint32_t count;
	const struct ctrace_thread_row *rows = ctrace_trace_threads(tail->trace, &count);
	uint64_t trailer = ctrace_trace_info(tail->trace)->lost, sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		sum += rows[i].lost;
	}
	ctrace_json_put(json, ",\n\"lost\":");
	ctrace_json_put_number(json, sum > trailer ? sum : trailer);
}

static void put_damage(struct ctrace_buffer *json, const struct ctrace_damage *damage,
		       bool is_first)
{
	ctrace_json_put(json, "%s\n{\"offset\":", is_first ? "" : ",");
	ctrace_json_put_number(json, damage->offset);
	ctrace_json_put(json, ",\"bytes\":");
	ctrace_json_put_number(json, damage->size);
	ctrace_json_put(json, ",\"text\":");
	ctrace_json_put_string(json, bytes_of(damage->error.text));
	ctrace_json_put(json, "}");
}

static void put_meta(struct ctrace_buffer *json, const struct ctrace_meta *meta, bool is_first)
{
	ctrace_json_put(json, "%s\n", is_first ? "" : ",");
	ctrace_json_put_key(json, meta->key);
	ctrace_json_put(json, ":");
	ctrace_json_put_string(json, meta->value);
}

/* Pieces: the head; each damaged place; what is between; each META row; the end. */
bool ctrace_chrome_frame_tail(struct ctrace_buffer *json, const struct ctrace_chrome_tail *tail,
			      uint32_t piece)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(tail->trace);
	uint32_t meta_count, damage_count = info->damage_count + tail->damage_count;
	const struct ctrace_meta *meta = ctrace_trace_meta(tail->trace, &meta_count);

	if (piece == 0) {
		put_head_of_tail(json, tail);
		put_lost(json, tail);
		ctrace_json_put(json, ",\n\"damage\":[");
	} else if (piece - 1 < info->damage_count) {
		put_damage(json, &info->damage[piece - 1], piece == 1);
	} else if (piece - 1 < damage_count) {
		put_damage(json, &tail->damage[piece - 1 - info->damage_count], piece == 1);
	} else if (piece - 1 == damage_count) {
		uint64_t more = info->damage_more + tail->damaged - tail->damage_count;
		ctrace_json_put(json, "],\n\"damage_more\":%" PRIu64 ",\n\"meta\":{", more);
	} else if (piece - 2 - damage_count < meta_count) {
		uint32_t row = piece - 2 - damage_count;
		put_meta(json, &meta[row], row == 0);
	} else if (piece - 2 - damage_count == meta_count) {
		ctrace_json_put(json, "}}}\n");
	} else {
		return false;
	}
	return true;
}
