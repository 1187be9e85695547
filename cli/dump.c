/* SPDX-License-Identifier: MIT */
/* `ctrace dump FILE`: a trace as text, as JSON lines or as sums; and a text as a trace. */

#include "cli/command.h"
#include "cli/dump_json.h"
#include "cli/dump_stats.h"
#include "cli/input.h"
#include "cli/options.h"
#include "format/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct request {
	const char *path;
	const char *assemble;
	bool is_stats;
	struct ctrace_options options;
};

static FILE *open_output(const char *path)
{
	if (path == NULL || strcmp(path, "-") == 0) {
		return stdout;
	}
	FILE *out = fopen(path, "wbe");
	if (out == NULL) {
		fprintf(stderr, "%s: cannot write it: %s\n", path, strerror(errno));
	}
	return out;
}

static int close_output(FILE *out, const char *path)
{
	bool is_failed = ferror(out) != 0;

	is_failed = fflush(out) != 0 || is_failed;
	if (out != stdout) {
		is_failed = fclose(out) != 0 || is_failed;
	}
	if (is_failed) {
		fprintf(stderr, "%s: cannot write it: %s\n",
			path == NULL ? "standard output" : path, strerror(errno));
	}
	return is_failed ? CTRACE_EXIT_FAILED : CTRACE_EXIT_OK;
}

/* Damage does not end a dump, but must not pass in silence. */
static int complain_damage(const char *path, const struct ctrace_trace *trace)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(trace);

	for (uint32_t i = 0; i < info->damage_count; i++) {
		ctrace_input_complain(path, &info->damage[i].error);
	}
	return info->damage_count == 0 ? CTRACE_EXIT_OK : CTRACE_EXIT_FAILED;
}

static enum ctrace_status dump_as(const struct request *request, FILE *out, int fd,
				  const struct ctrace_trace *trace, struct ctrace_error *error)
{
	if (request->is_stats) {
		return ctrace_dump_stats(out, trace, error);
	}
	if (request->options.is_json) {
		return ctrace_dump_json(out, trace, request->options.start_ns,
					request->options.end_ns, error);
	}
	return ctrace_text_dump(out, fd, trace, error);
}

static int dump(const struct request *request)
{
	struct ctrace_error error = {0};
	struct ctrace_trace *trace;
	int fd;

	if (ctrace_input_trace(request->path, NULL, &trace, &fd) != CTRACE_OK) {
		return CTRACE_EXIT_FAILED;
	}
	FILE *out = open_output(request->options.output);
	int status = out == NULL ? CTRACE_EXIT_FAILED : CTRACE_EXIT_OK;
	if (out != NULL) {
		if (dump_as(request, out, fd, trace, &error) != CTRACE_OK) {
			ctrace_input_complain(request->path, &error);
			status = CTRACE_EXIT_FAILED;
		}
		int closed = close_output(out, request->options.output);
		int damaged = complain_damage(request->path, trace);
		status = status != CTRACE_EXIT_OK   ? status
			 : closed != CTRACE_EXIT_OK ? closed
						    : damaged;
	}
	ctrace_trace_close(trace);
	close(fd);
	return status;
}

static int assemble(const struct request *request)
{
	struct ctrace_buffer bytes = {0};
	struct ctrace_error error = {0};
	int fd = ctrace_input_open(request->assemble);
	FILE *text = fd < 0 ? NULL : fdopen(fd, "r");
	int status = CTRACE_EXIT_FAILED;

	if (text == NULL) {
		return status;
	}
	if (ctrace_text_assemble(text, &bytes, &error) != CTRACE_OK) {
		ctrace_input_complain(request->assemble, &error);
	} else {
		FILE *out = open_output(request->options.output);
		if (out != NULL) {
			fwrite(bytes.bytes, 1, bytes.size, out);
			status = close_output(out, request->options.output);
		}
	}
	fclose(text);
	ctrace_buffer_finish(&bytes);
	return status;
}

int ctrace_command_dump(int argc, char **argv)
{
	struct request request = {0};
	const struct ctrace_option own[] = {
		{"stats", 's', NULL, "sums: chunks, bytes, events per thread and kind",
		 CTRACE_OPTION_FLAG, &request.is_stats},
		{"assemble", 'a', "TEXT", "the other way: make the trace TEXT describes",
		 CTRACE_OPTION_TEXT, &request.assemble},
		{0},
	};
	const struct ctrace_usage usage = {
		.synopsis = "dump [OPTIONS] FILE",
		.about = "Print a trace as text that assembles to the same bytes again; with "
			 "--json one\n"
			 "JSON object a line (tables, then events by thread). FILE may be - for "
			 "standard\n"
			 "input. --start and --end limit the events of --json.",
		.example = "  ctrace dump trace.out | less\n"
			   "  ctrace dump --stats trace.out\n"
			   "  ctrace dump --assemble trace.txt -o trace.out\n",
		.shared = CTRACE_SHARED_JSON | CTRACE_SHARED_OUTPUT | CTRACE_SHARED_RANGE,
		.own = own,
		.operands_max = 1,
	};
	int status = ctrace_options_parse(&request.options, &usage, argc, argv);

	if (status >= 0) {
		return status;
	}
	if ((request.assemble != NULL) == (request.options.operand_count == 1)) {
		fprintf(stderr, "ctrace dump: name one FILE, or --assemble TEXT; see `ctrace dump "
				"--help`\n");
		return CTRACE_EXIT_USAGE;
	}
	if (request.assemble != NULL) {
		return assemble(&request);
	}
	request.path = request.options.operands[0];
	return dump(&request);
}
