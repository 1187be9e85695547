/* SPDX-License-Identifier: MIT */
/* Rows of the tables that tell of a kernel as lines of the text form. */

#include "format/kernel_rows.h"
#include "format/text_words.h"

#include <inttypes.h>

typedef void put_fn(const struct ctrace_text_words *words, FILE *out, struct ctrace_wire row);

static void put_buffer(const struct ctrace_text_words *words, FILE *out, struct ctrace_wire row)
{
	struct ctrace_buffer_row buffer;

	if (ctrace_row_get_buffer(row, &buffer) != NULL) {
		return;
	}
	fprintf(out, "  buffer %u source=%u", buffer.stream, buffer.source);
	if (buffer.cpu != CTRACE_NO_CPU) {
		fprintf(out, " cpu=%u", buffer.cpu);
	}
	fprintf(out, " written=%" PRIu64 " lost=%" PRIu64 " clamped=%" PRIu64, buffer.written,
		buffer.lost, buffer.clamped);
	ctrace_text_comment(out, ctrace_trace_string(words->trace, buffer.source));
}

static void put_call(const struct ctrace_text_words *words, FILE *out, struct ctrace_wire row)
{
	struct ctrace_call_row call;

	if (ctrace_row_get_call(row, &call) == NULL) {
		fprintf(out, "  call %u layer=%d name=%u", call.call, (int)call.layer, call.name);
		ctrace_text_comment(out, ctrace_trace_string(words->trace, call.name));
	}
}

static void put_stack(const struct ctrace_text_words *words, FILE *out, struct ctrace_wire row)
{
	struct ctrace_stack_row stack;

	(void)words;
	if (ctrace_row_get_stack(row, &stack) == NULL) {
		fprintf(out, "  stack %u parent=%u frame=%u", stack.stack, stack.parent,
			stack.frame);
	}
}

static void put_frame(const struct ctrace_text_words *words, FILE *out, struct ctrace_wire row)
{
	struct ctrace_frame_row frame;

	if (ctrace_row_get_frame(row, &frame) == NULL) {
		fprintf(out,
			"  frame %u module=%u address=0x%" PRIx64
			" function=%u file=%u line=%u flags=%u outer=%u",
			frame.frame, frame.module, frame.address, frame.function, frame.file,
			frame.line, frame.is_inlined, frame.outer);
		ctrace_text_comment(out, ctrace_trace_string(words->trace, frame.function));
	}
}

static void put_module(const struct ctrace_text_words *words, FILE *out, struct ctrace_wire row)
{
	struct ctrace_module_row module;

	if (ctrace_row_get_module(row, &module) == NULL) {
		fprintf(out, "  module %u path=%u", module.module, module.path);
		if (module.build_id_size > 0) {
			fputs(" build=", out);
			ctrace_text_hex(out, module.build_id, module.build_id_size);
		}
		ctrace_text_comment(out, ctrace_trace_string(words->trace, module.path));
	}
}

static void put_source(const struct ctrace_text_words *words, FILE *out, struct ctrace_wire row)
{
	struct ctrace_source_row source;

	if (ctrace_row_get_source(row, &source) == NULL) {
		fprintf(out,
			"  source %u state=%d why=%u events=%" PRIu64 " lost=%" PRIu64
			" checks=%" PRIu64 " misses=%" PRIu64 " slack=%" PRIu64,
			source.name, (int)source.state, source.why, source.events, source.lost,
			source.checks, source.misses, source.slack);
		ctrace_text_comment(out, ctrace_trace_string(words->trace, source.name));
	}
}

static void put_file(const struct ctrace_text_words *words, FILE *out, struct ctrace_wire row)
{
	struct ctrace_file_row file;

	if (ctrace_row_get_file(row, &file) == NULL) {
		fprintf(out, "  file %" PRIu64 " fd=%u from=%" PRIu64 " name=%u", file.pid, file.fd,
			file.from, file.name);
		ctrace_text_comment(out, ctrace_trace_string(words->trace, file.name));
	}
}

void ctrace_text_put_kernel_row(const struct ctrace_text_words *words, FILE *out,
				struct ctrace_wire row)
{
	static put_fn *const puts[CTRACE_CHUNK_TYPES_END] = {
		[CTRACE_CHUNK_BUFFERS] = put_buffer, [CTRACE_CHUNK_CALLS] = put_call,
		[CTRACE_CHUNK_STACKS] = put_stack,   [CTRACE_CHUNK_FRAMES] = put_frame,
		[CTRACE_CHUNK_MODULES] = put_module, [CTRACE_CHUNK_SOURCES] = put_source,
		[CTRACE_CHUNK_FILES] = put_file,
	};

	puts[words->header->type](words, out, row);
}
