/* SPDX-License-Identifier: MIT */
/* `ctrace symbolize`: the same trace with functions, files and lines, so that it can be read
 * anywhere. */

#include "cli/command.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/output.h"
#include "format/continue.h"
#include "format/pread.h"
#include "tracer/pprof/trace_lines.h"
#include "tracer/src/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COPY_BYTES (1u << 16)

struct symbolize {
	struct ctrace_options options;
	const char *input, *path; /* path: of what is written */
	struct ctrace_trace *trace;
	int fd;
	struct ctrace_output output;
};

/* ---- what is said ---- */

static const char *why(enum ctrace_lines_lack lack)
{
	switch (lack) {
	case CTRACE_LINES_NO_FILE:
		return "neither the file nor its debugging information is here";
	case CTRACE_LINES_OTHER_FILE:
		return "the file that is here is another build";
	case CTRACE_LINES_NO_BUILD_ID:
		return "the trace does not say which build it was (link it with --build-id)";
	case CTRACE_LINES_NO_DEBUG:
		return "it has no debugging information (build it with -g, or install its debug "
		       "package)";
	case CTRACE_LINES_NO_TIME:
		return "looking up took too long";
	default:
		return "its debugging information does not know them";
	}
}

static void tell(void *context, const struct ctrace_lines_module *module)
{
	const struct symbolize *symbolize = context;
	struct ctrace_error error = {.offset = CTRACE_NO_OFFSET, .chunk = CTRACE_NO_CHUNK};
	uint32_t lacking = module->frames - module->with_lines;

	/* What the kernel lends every process has none anywhere. */
	if (symbolize->options.is_quiet || lacking == 0 || module->path.bytes[0] != '/') {
		return;
	}
	snprintf(error.text, sizeof(error.text),
		 "%" PRIu32 " of %" PRIu32 " frames without a line: %s", lacking, module->frames,
		 why(module->lack));
	ctrace_input_complain(module->path.bytes, &error);
}

static void tell_all(const struct symbolize *symbolize, const struct ctrace_lines_report *report)
{
	if (!symbolize->options.is_quiet) {
		fprintf(stderr,
			"%s: %" PRIu32 " frames had no line; %" PRIu32 " have one now, %" PRIu32
			" more a function\n",
			strcmp(symbolize->path, "-") == 0 ? "standard output" : symbolize->path,
			report->frames, report->with_lines, report->with_names);
	}
}

/* ---- the sum for the trailer, where there is none ---- */

static uint64_t lost_in(const struct ctrace_trace *trace, const struct ctrace_chunk *chunk)
{
	static struct ctrace_cursor cursor; /* too large for a stack */
	struct ctrace_value values[16];
	struct ctrace_event event;
	uint64_t lost = 0;

	if (ctrace_cursor_init(&cursor, trace, chunk, NULL) != CTRACE_OK) {
		return 0;
	}
	while (ctrace_cursor_next(&cursor, &event, NULL) == CTRACE_OK) {
		if (event.kind == CTRACE_KIND_LOST &&
		    ctrace_event_values(trace, &event, values) >= 2) {
			lost += values[1].u64;
		}
	}
	return lost;
}

static uint64_t count_lost(const struct ctrace_trace *trace)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(trace);
	struct ctrace_chunk chunk = {.memory = NULL};
	uint64_t lost = 0;

	if (info->has_trailer) {
		return info->lost;
	}
	for (uint32_t i = 0; i < info->chunk_count; i++) {
		if (ctrace_trace_chunk(trace, i)->type == CTRACE_CHUNK_EVENTS &&
		    ctrace_chunk_load(&chunk, trace, i, NULL) == CTRACE_OK &&
		    ctrace_chunk_check(trace, &chunk, NULL) == CTRACE_OK) {
			lost += lost_in(trace, &chunk);
		}
	}
	ctrace_chunk_unload(&chunk);
	return lost;
}

/* ---- the work ---- */

static int complain(const struct symbolize *symbolize, const char *what)
{
	fprintf(stderr, "%s: %s\n", ctrace_input_name(symbolize->input), what);
	return CTRACE_EXIT_FAILED;
}

static bool copy(struct symbolize *symbolize)
{
	uint64_t end = ctrace_continued_end(symbolize->trace);
	static char bytes[COPY_BYTES];

	for (uint64_t at = 0; at < end;) {
		size_t size = end - at < COPY_BYTES ? (size_t)(end - at) : COPY_BYTES;

		if (ctrace_pread_all(symbolize->fd, bytes, size, at) != (int64_t)size) {
			complain(symbolize, "cannot be read to its end");
			return false;
		}
		if (!ctrace_output_write(&symbolize->output, bytes, size)) {
			return false;
		}
		at += size;
	}
	return true;
}

static enum ctrace_status give(void *sink, const void *bytes, size_t size)
{
	return ctrace_output_write(sink, bytes, size) ? CTRACE_OK : CTRACE_ERR_IO;
}

static enum ctrace_status add_lines(struct symbolize *symbolize, struct ctrace_lines_report *report)
{
	const struct ctrace_writer_settings rows = {.write = give, .sink = &symbolize->output};
	const struct ctrace_lines_settings settings = {
		.seconds_max = CTRACE_NAMES_SECONDS_MAX, .told = tell, .context = symbolize};
	struct ctrace_writer writer;
	enum ctrace_status status = ctrace_writer_continue(&writer, &rows, symbolize->trace,
							   count_lost(symbolize->trace));

	if (status != CTRACE_OK) {
		return status;
	}
	status = ctrace_lines_add(&writer, symbolize->trace, &settings, report);
	if (status == CTRACE_OK) {
		status = ctrace_writer_close(&writer);
	}
	ctrace_writer_finish(&writer);
	return status;
}

static int write_trace(struct symbolize *symbolize)
{
	struct ctrace_lines_report report = {.frames = 0};
	int result = CTRACE_EXIT_FAILED;

	if (!ctrace_output_open(&symbolize->output, symbolize->path, false)) {
		return result;
	}
	ctrace_output_keep_rights(&symbolize->output, symbolize->fd,
				  symbolize->path == symbolize->input);
	if (copy(symbolize)) {
		enum ctrace_status status = add_lines(symbolize, &report);

		if (status == CTRACE_ERR_NO_MEMORY) {
			complain(symbolize, "no memory");
		} else if (status == CTRACE_OK && ctrace_output_commit(&symbolize->output)) {
			tell_all(symbolize, &report);
			result = CTRACE_EXIT_OK;
		}
	}
	ctrace_output_finish(&symbolize->output);
	return result;
}

static int run(struct symbolize *symbolize)
{
	int result;

	if (ctrace_input_trace(symbolize->input, NULL, &symbolize->trace, &symbolize->fd) !=
	    CTRACE_OK) {
		return CTRACE_EXIT_FAILED;
	}
	result = write_trace(symbolize);
	ctrace_trace_close(symbolize->trace);
	close(symbolize->fd);
	return result;
}

static int complain_usage(const char *what)
{
	fprintf(stderr, "ctrace symbolize: %s; see `ctrace symbolize --help`\n", what);
	return CTRACE_EXIT_USAGE;
}

int ctrace_command_symbolize(int argc, char **argv)
{
	struct symbolize symbolize = {.fd = -1};
	const struct ctrace_usage usage = {
		.synopsis = "symbolize [OPTIONS] FILE",
		.about =
			"Looks up the function, file and line of each frame that has none, and "
			"what "
			"is inlined there, on\na machine that has the programs of the trace: what "
			"a "
			"program records of itself has functions at\nbest. FILE is replaced once "
			"the "
			"new one is whole, or OUT is written. Events stay as they are.\nview, top, "
			"heap and convert look them up too, for themselves.",
		.example =
			"  ctrace symbolize trace.out\n"
			"  curl localhost:6060/debug/pprof/trace?seconds=5 | ctrace symbolize - -o "
			"trace.out\n",
		.shared = CTRACE_SHARED_OUTPUT | CTRACE_SHARED_QUIET,
		.operands_min = 1,
		.operands_max = 1,
	};
	int status = ctrace_options_parse(&symbolize.options, &usage, argc, argv);

	if (status >= 0) {
		return status;
	}
	symbolize.input = symbolize.options.operands[0];
	symbolize.path = symbolize.options.output;
	if (symbolize.path == NULL && strcmp(symbolize.input, "-") == 0) {
		return complain_usage("where to? standard input needs -o OUT");
	}
	if (symbolize.path == NULL) {
		symbolize.path = symbolize.input;
	}
	if (strcmp(symbolize.path, "-") == 0 && isatty(STDOUT_FILENO) == 1) {
		return complain_usage(
			"standard output is a terminal: give -o FILE, or redirect it");
	}
	return run(&symbolize);
}
