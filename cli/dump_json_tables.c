/* SPDX-License-Identifier: MIT */
/* Tables as JSON lines: who was recorded, from which sources, and what numbers in events stand for.
 */

#include "cli/dump_json_tables.h"

#include "cli/json_out.h"

#include <inttypes.h>

/* `,"key":"text"`. */
static void put_text(FILE *out, const struct ctrace_trace *trace, const char *key, uint32_t id)
{
	struct ctrace_bytes bytes = ctrace_trace_string(trace, id);

	fprintf(out, ",\"%s\":", key);
	ctrace_json_out_string(out, bytes.bytes, bytes.size);
}

static void put_processes(FILE *out, const struct ctrace_trace *trace)
{
	uint32_t count;
	const struct ctrace_process_row *rows = ctrace_trace_processes(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		fprintf(out, "{\"type\":\"process\",\"pid\":%" PRIu64 ",\"parent\":%" PRIu64,
			rows[i].pid, rows[i].parent_pid);
		put_text(out, trace, "name", rows[i].name);
		fputs("}\n", out);
	}
}

static void put_threads(FILE *out, const struct ctrace_trace *trace)
{
	uint32_t count;
	const struct ctrace_thread_row *rows = ctrace_trace_threads(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		fprintf(out,
			"{\"type\":\"thread\",\"stream\":%u,\"pid\":%" PRIu64 ",\"tid\":%" PRIu64,
			rows[i].stream, rows[i].pid, rows[i].tid);
		put_text(out, trace, "name", rows[i].name);
		fprintf(out, ",\"written\":%" PRIu64 ",\"lost\":%" PRIu64 "}\n", rows[i].written,
			rows[i].lost);
	}
}

static void put_buffers(FILE *out, const struct ctrace_trace *trace)
{
	uint32_t count;
	const struct ctrace_buffer_row *rows = ctrace_trace_buffers(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		fprintf(out, "{\"type\":\"buffer\",\"stream\":%u", rows[i].stream);
		put_text(out, trace, "source", rows[i].source);
		if (rows[i].cpu != CTRACE_NO_CPU) {
			fprintf(out, ",\"cpu\":%u", rows[i].cpu);
		}
		fprintf(out, ",\"written\":%" PRIu64 ",\"lost\":%" PRIu64 "}\n", rows[i].written,
			rows[i].lost);
	}
}

static void put_sources(FILE *out, const struct ctrace_trace *trace)
{
	static const char *const states[] = {
		[CTRACE_SOURCE_RECORDED] = "recorded",
		[CTRACE_SOURCE_MISSING] = "missing",
		[CTRACE_SOURCE_NOT_ASKED] = "not asked for",
	};
	uint32_t count;
	const struct ctrace_source_row *rows = ctrace_trace_sources(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		fputs("{\"type\":\"source\"", out);
		put_text(out, trace, "name", rows[i].name);
		fprintf(out, ",\"state\":\"%s\"", states[rows[i].state]);
		put_text(out, trace, "why", rows[i].why);
		fprintf(out,
			",\"events\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"checks\":%" PRIu64
			",\"misses\":%" PRIu64 ",\"slack\":%" PRIu64 "}\n",
			rows[i].events, rows[i].lost, rows[i].checks, rows[i].misses,
			rows[i].slack);
	}
}

static void put_calls(FILE *out, const struct ctrace_trace *trace)
{
	for (uint32_t i = 0; i < ctrace_trace_call_end(trace); i++) {
		const struct ctrace_call_row *row = ctrace_trace_call(trace, i);
		if (row == NULL) {
			continue;
		}
		fprintf(out, "{\"type\":\"call\",\"call\":%u,\"layer\":\"%s\"", i,
			row->layer == CTRACE_CALL_SYSTEM ? "system" : "library");
		put_text(out, trace, "name", row->name);
		fputs("}\n", out);
	}
}

static void put_modules(FILE *out, const struct ctrace_trace *trace)
{
	for (uint32_t i = 0; i < ctrace_trace_module_end(trace); i++) {
		const struct ctrace_module_row *row = ctrace_trace_module(trace, i);
		if (row == NULL) {
			continue;
		}
		fprintf(out, "{\"type\":\"module\",\"module\":%u", i);
		put_text(out, trace, "path", row->path);
		fputs(",\"build_id\":\"", out);
		for (uint32_t k = 0; k < row->build_id_size; k++) {
			fprintf(out, "%02x", row->build_id[k]);
		}
		fputs("\"}\n", out);
	}
}

static void put_frames(FILE *out, const struct ctrace_trace *trace)
{
	for (uint32_t i = 0; i < ctrace_trace_frame_end(trace); i++) {
		const struct ctrace_frame_row *row = ctrace_trace_frame(trace, i);
		if (row == NULL) {
			continue;
		}
		fprintf(out,
			"{\"type\":\"frame\",\"frame\":%u,\"module\":%u,\"address\":\"0x%" PRIx64
			"\"",
			i, row->module, row->address);
		put_text(out, trace, "function", row->function);
		put_text(out, trace, "file", row->file);
		fprintf(out, ",\"line\":%u,\"inlined\":%s,\"outer\":%u}\n", row->line,
			row->is_inlined ? "true" : "false", row->outer);
	}
}

static void put_stacks(FILE *out, const struct ctrace_trace *trace)
{
	for (uint32_t i = 0; i < ctrace_trace_stack_end(trace); i++) {
		const struct ctrace_stack_row *row = ctrace_trace_stack(trace, i);
		if (row != NULL) {
			fprintf(out,
				"{\"type\":\"stack\",\"stack\":%u,\"parent\":%u,\"frame\":%u}\n", i,
				row->parent, row->frame);
		}
	}
}

static void put_files(FILE *out, const struct ctrace_trace *trace)
{
	uint64_t base = ctrace_trace_info(trace)->base_ticks;
	uint32_t count;
	const struct ctrace_file_row *rows = ctrace_trace_files(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		uint64_t room = CTRACE_TICKS_MAX - base;
		uint64_t from = rows[i].from < room ? rows[i].from : room;
		fprintf(out,
			"{\"type\":\"file\",\"pid\":%" PRIu64 ",\"fd\":%u,\"from_ns\":%" PRIu64,
			rows[i].pid, rows[i].fd, ctrace_trace_ns(trace, base + from));
		put_text(out, trace, "name", rows[i].name);
		fputs("}\n", out);
	}
}

void ctrace_dump_json_tables(FILE *out, const struct ctrace_trace *trace)
{
	put_processes(out, trace);
	put_threads(out, trace);
	put_buffers(out, trace);
	put_sources(out, trace);
	put_calls(out, trace);
	put_modules(out, trace);
	put_frames(out, trace);
	put_stacks(out, trace);
	put_files(out, trace);
}
