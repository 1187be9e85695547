/* SPDX-License-Identifier: MIT */
/* What the strict validator asks of rows beyond what opening the trace did: who refers to whom. */

#include "format/checker.h"
#include "format/kernel_rows.h"
#include "format/rows.h"

static void check_string(struct ctrace_checker *checker, struct ctrace_wire row)
{
	struct ctrace_string_row string;

	if (ctrace_row_get_string(row, &string) == NULL) {
		ctrace_defined_set(&checker->strings, string.id);
	}
}

static void check_site(struct ctrace_checker *checker, struct ctrace_wire row)
{
	struct ctrace_site site;

	if (ctrace_row_get_site(row, &site) != NULL) {
		return;
	}
	ctrace_defined_set(&checker->sites, site.id);
	ctrace_checker_string(checker, site.name, "a site's name");
	ctrace_checker_string(checker, site.category, "a site's category");
	ctrace_checker_string(checker, site.file, "a site's file");
	ctrace_checker_string(checker, site.function, "a site's function");
	for (unsigned i = 0; i < site.arg_count; i++) {
		ctrace_checker_string(checker, site.arg_names[i], "a site's argument");
	}
}

static void check_process(struct ctrace_checker *checker, struct ctrace_wire row)
{
	struct ctrace_process_row process;

	if (ctrace_row_get_process(row, &process) == NULL) {
		ctrace_checker_string(checker, process.name, "a process's name");
	}
}

static void check_thread(struct ctrace_checker *checker, struct ctrace_wire row)
{
	struct ctrace_thread_row thread;

	if (ctrace_row_get_thread(row, &thread) == NULL) {
		ctrace_checker_string(checker, thread.name, "a thread's name");
	}
}

static void check_buffer(struct ctrace_checker *checker, struct ctrace_wire row)
{
	struct ctrace_buffer_row buffer;

	if (ctrace_row_get_buffer(row, &buffer) == NULL) {
		ctrace_checker_string(checker, buffer.source, "a buffer's source");
	}
}

static void check_call(struct ctrace_checker *checker, struct ctrace_wire row)
{
	struct ctrace_call_row call;

	if (ctrace_row_get_call(row, &call) == NULL) {
		ctrace_defined_set(&checker->calls, call.call);
		ctrace_checker_string(checker, call.name, "a call's name");
	}
}

static void check_stack(struct ctrace_checker *checker, struct ctrace_wire row)
{
	struct ctrace_stack_row stack;

	if (ctrace_row_get_stack(row, &stack) != NULL) {
		return;
	}
	if (stack.parent != 0) {
		ctrace_checker_reference(checker, &checker->stacks, stack.parent, "a stack");
	}
	ctrace_checker_reference(checker, &checker->frames, stack.frame, "a stack");
	ctrace_defined_set(&checker->stacks, stack.stack);
}

static void check_frame(struct ctrace_checker *checker, struct ctrace_wire row)
{
	struct ctrace_frame_row frame;

	if (ctrace_row_get_frame(row, &frame) != NULL) {
		return;
	}
	if (frame.module != 0) {
		ctrace_checker_reference(checker, &checker->modules, frame.module, "a frame");
	}
	if (frame.outer != 0) {
		ctrace_checker_reference(checker, &checker->frames, frame.outer, "a frame");
	}
	ctrace_checker_string(checker, frame.function, "a frame's function");
	ctrace_checker_string(checker, frame.file, "a frame's file");
	ctrace_defined_set(&checker->frames, frame.frame);
}

static void check_module(struct ctrace_checker *checker, struct ctrace_wire row)
{
	struct ctrace_module_row module;

	if (ctrace_row_get_module(row, &module) == NULL) {
		ctrace_defined_set(&checker->modules, module.module);
		ctrace_checker_string(checker, module.path, "a module's path");
	}
}

static void check_source(struct ctrace_checker *checker, struct ctrace_wire row)
{
	struct ctrace_source_row source;

	if (ctrace_row_get_source(row, &source) == NULL) {
		ctrace_checker_string(checker, source.name, "a source's name");
		ctrace_checker_string(checker, source.why, "a source's reason");
	}
}

static void check_file(struct ctrace_checker *checker, struct ctrace_wire row)
{
	struct ctrace_file_row file;

	if (ctrace_row_get_file(row, &file) == NULL) {
		ctrace_checker_string(checker, file.name, "a file's name");
	}
}

void ctrace_checker_rows(struct ctrace_checker *checker)
{
	static void (*const checks[CTRACE_CHUNK_TYPES_END])(struct ctrace_checker * checker,
							    struct ctrace_wire row) = {
		[CTRACE_CHUNK_STRINGS] = check_string,	  [CTRACE_CHUNK_SITES] = check_site,
		[CTRACE_CHUNK_PROCESSES] = check_process, [CTRACE_CHUNK_THREADS] = check_thread,
		[CTRACE_CHUNK_BUFFERS] = check_buffer,	  [CTRACE_CHUNK_CALLS] = check_call,
		[CTRACE_CHUNK_STACKS] = check_stack,	  [CTRACE_CHUNK_FRAMES] = check_frame,
		[CTRACE_CHUNK_MODULES] = check_module,	  [CTRACE_CHUNK_SOURCES] = check_source,
		[CTRACE_CHUNK_FILES] = check_file,
	};
	const struct ctrace_chunk_entry *entry = checker->chunk.entry;
	struct ctrace_wire payload = ctrace_wire_over(checker->chunk.payload, entry->raw);

	if (entry->type >= CTRACE_CHUNK_TYPES_END || checks[entry->type] == NULL) {
		return;
	}
	while (ctrace_wire_left(&payload) > 0 && payload.fault == CTRACE_WIRE_GOOD) {
		struct ctrace_wire row = ctrace_wire_row(&payload);
		row.end = payload.at;
		checks[entry->type](checker, row);
	}
}
