/* SPDX-License-Identifier: MIT */

/* Lines for a trace, one module after the other, so that the debugging information of only one is
 * in memory; see trace_lines.h. */

#include "tracer/pprof/trace_lines.h"

#include "tracer/pprof/symbol_lookup.h"
#include "tracer/src/clock/clock.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct lines {
	struct ctrace_writer *writer;
	const struct ctrace_trace *trace;
	const struct ctrace_lines_settings *settings;
	struct ctrace_lines_report *report;
	uint32_t *order; /* owned: frames, by module and address */
	uint32_t count;
	uint32_t next_frame; /* a number that no frame has */
	uint64_t end_ns;
	/* What one lookup finds: too large for a stack. */
	struct ctrace_symbol_frame found[CTRACE_SYMBOL_INLINED_MAX];
};

/* ---- which, and in which order ---- */

static bool is_wanted(const struct ctrace_trace *trace, const struct ctrace_frame_row *row)
{
	const struct ctrace_module_row *module;
	struct ctrace_bytes path;

	if (row == NULL || row->module == 0 || row->file != 0 || row->is_inlined) {
		return false;
	}
	module = ctrace_trace_module(trace, row->module);
	if (module == NULL) {
		return false;
	}
	path = ctrace_trace_string(trace, module->path);
	return path.size > 0 && (path.bytes[0] == '/' || strcmp(path.bytes, "[vdso]") == 0);
}

bool ctrace_lines_are_missing(const struct ctrace_trace *trace)
{
	uint32_t end = ctrace_trace_frame_end(trace);

	for (uint32_t i = 1; i < end; i++) {
		if (is_wanted(trace, ctrace_trace_frame(trace, i))) {
			return true;
		}
	}
	return false;
}

static int by_place(const void *a, const void *b, void *trace)
{
	const struct ctrace_frame_row *one = ctrace_trace_frame(trace, *(const uint32_t *)a);
	const struct ctrace_frame_row *other = ctrace_trace_frame(trace, *(const uint32_t *)b);

	if (one->module != other->module) {
		return one->module < other->module ? -1 : 1;
	}
	return (one->address > other->address) - (one->address < other->address);
}

static bool sort(struct lines *lines)
{
	uint32_t end = ctrace_trace_frame_end(lines->trace);

	lines->order = malloc((end + 1) * sizeof(*lines->order));
	if (lines->order == NULL) {
		return false;
	}
	for (uint32_t i = 1; i < end; i++) {
		if (is_wanted(lines->trace, ctrace_trace_frame(lines->trace, i))) {
			lines->order[lines->count++] = i;
		}
	}
	lines->next_frame = end > 0 ? end : 1;
	qsort_r(lines->order, lines->count, sizeof(*lines->order), by_place,
		(void *)(uintptr_t)lines->trace); /* NOLINT: by_place only reads */
	return true;
}

/* ---- its file ---- */

static bool is_same_build(const struct ctrace_symbol_file *file,
			  const struct ctrace_module_row *module)
{
	return file->build_id_size == module->build_id_size &&
	       memcmp(file->build_id, module->build_id, module->build_id_size) == 0;
}

/* A device or a pipe that a trace names is not opened. */
static bool open_path(struct ctrace_symbol_file *file, const char *path)
{
	struct stat status;

	if (strcmp(path, "[vdso]") == 0) {
		return ctrace_symbol_file_open_vdso(file);
	}
	return strlen(path) < PATH_MAX && stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
	       ctrace_symbol_file_open(file, path);
}

static enum ctrace_lines_lack open_module(struct ctrace_symbol_file *file,
					  const struct ctrace_module_row *module, const char *path)
{
	struct ctrace_symbol_file wanted = {.build_id_size = module->build_id_size};
	bool is_there;

	if (module->build_id_size == 0) {
		return CTRACE_LINES_NO_BUILD_ID;
	}
	is_there = open_path(file, path);
	if (is_there && is_same_build(file, module)) {
		return CTRACE_LINES_FOUND;
	}
	ctrace_symbol_file_close(file);
	memcpy(wanted.build_id, module->build_id, module->build_id_size);
	if (ctrace_symbol_debug_open(file, &wanted, path)) {
		return CTRACE_LINES_FOUND;
	}
	return is_there ? CTRACE_LINES_OTHER_FILE : CTRACE_LINES_NO_FILE;
}

/* ---- rows ---- */

static uint32_t string_of(struct lines *lines, const char *text)
{
	return text != NULL ? ctrace_writer_string(lines->writer, text, strlen(text)) : 0;
}

static void put_row(struct lines *lines, const struct ctrace_symbol_frame *found,
		    struct ctrace_frame_row row)
{
	row.function = string_of(lines, found->function);
	row.file = string_of(lines, found->file);
	row.line = found->line;
	row.is_inlined = row.outer != 0;
	ctrace_writer_frame(lines->writer, &row);
}

/*
 * A row for each function that the address is in: the first is the frame, each is inlined into the
 * next, which has a larger number and stands before it. Without numbers, what is inlined is left
 * out.
 */
static void put_rows(struct lines *lines, const struct ctrace_frame_row *frame, unsigned found)
{
	struct ctrace_frame_row row = {.module = frame->module, .address = frame->address};
	uint32_t first = lines->next_frame;

	if (found - 1 > CTRACE_FRAME_MAX + 1 - first) {
		lines->found[0] = lines->found[found - 1];
		found = 1;
	}
	for (unsigned i = found; i-- > 0;) {
		row.frame = i > 0 ? first + i - 1 : frame->frame;
		row.outer = i + 1 < found ? first + i : 0;
		put_row(lines, &lines->found[i], row);
	}
	lines->next_frame = first + found - 1;
}

/* ---- one module ---- */

static void look_up(struct lines *lines, struct ctrace_symbol_lookup *lookup,
		    struct ctrace_lines_module *told, uint32_t index)
{
	const struct ctrace_frame_row *frame =
		ctrace_trace_frame(lines->trace, lines->order[index]);
	unsigned found = ctrace_symbol_lookup(lookup, frame->address, lines->found);
	bool has_line = found > 0 && lines->found[0].file != NULL;

	/* One that has its function gains nothing from it. */
	if (found == 0 || (!has_line && frame->function != 0)) {
		return;
	}
	put_rows(lines, frame, found);
	told->with_lines += has_line;
	lines->report->with_lines += has_line;
	lines->report->with_names += !has_line;
}

static void look_up_all(struct lines *lines, struct ctrace_symbol_lookup *lookup,
			struct ctrace_lines_module *told, uint32_t from)
{
	for (uint32_t i = 0; i < told->frames; i++) {
		if (ctrace_clock_raw_ns() > lines->end_ns) {
			told->lack = CTRACE_LINES_NO_TIME;
			return;
		}
		look_up(lines, lookup, told, from + i);
	}
	if (told->with_lines == 0) {
		told->lack = CTRACE_LINES_NO_DEBUG;
	}
}

static void do_module(struct lines *lines, uint32_t from, uint32_t to)
{
	const struct ctrace_frame_row *frame = ctrace_trace_frame(lines->trace, lines->order[from]);
	const struct ctrace_module_row *module = ctrace_trace_module(lines->trace, frame->module);
	struct ctrace_lines_module told = {.path = ctrace_trace_string(lines->trace, module->path),
					   .frames = to - from,
					   .lack = CTRACE_LINES_NO_TIME};
	struct ctrace_symbol_lookup lookup = {.dwarf = NULL};
	struct ctrace_symbol_file file = {.elf = NULL};

	if (ctrace_clock_raw_ns() <= lines->end_ns) {
		told.lack = open_module(&file, module, told.path.bytes);
	}
	if (told.lack == CTRACE_LINES_FOUND &&
	    ctrace_symbol_lookup_init(&lookup, &file, told.path.bytes)) {
		look_up_all(lines, &lookup, &told, from);
	}
	ctrace_symbol_lookup_finish(&lookup);
	ctrace_symbol_file_close(&file);
	if (lines->settings->told != NULL) {
		lines->settings->told(lines->settings->context, &told);
	}
}

/* ---- all of them ---- */

static uint32_t module_of(const struct lines *lines, uint32_t index)
{
	return ctrace_trace_frame(lines->trace, lines->order[index])->module;
}

static void do_modules(struct lines *lines)
{
	uint32_t from = 0;

	while (from < lines->count && lines->writer->status == CTRACE_OK) {
		uint32_t to = from + 1;

		while (to < lines->count && module_of(lines, to) == module_of(lines, from)) {
			to++;
		}
		do_module(lines, from, to);
		from = to;
	}
}

enum ctrace_status ctrace_lines_add(struct ctrace_writer *writer, const struct ctrace_trace *trace,
				    const struct ctrace_lines_settings *settings,
				    struct ctrace_lines_report *report)
{
	struct lines *lines = calloc(1, sizeof(*lines));
	enum ctrace_status status = CTRACE_ERR_NO_MEMORY;

	*report = (struct ctrace_lines_report){.frames = 0};
	if (lines == NULL) {
		return status;
	}
	lines->writer = writer;
	lines->trace = trace;
	lines->settings = settings;
	lines->report = report;
	lines->end_ns = ctrace_clock_raw_ns() + settings->seconds_max * UINT64_C(1000000000);
	if (sort(lines)) {
		report->frames = lines->count;
		do_modules(lines);
		status = writer->status;
	}
	free(lines->order);
	free(lines);
	return status;
}
