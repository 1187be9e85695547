/* SPDX-License-Identifier: MIT */
/* `ctrace check FILE…`: does a trace keep every rule of the format? */

#include "format/validate.h"

#include "cli/command.h"
#include "cli/input.h"
#include "cli/json_out.h"
#include "cli/options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* More lines say nothing new. */
#define PROBLEM_LINES_MAX 100u

struct output {
	const char *path;
	bool is_json;
	uint64_t lines;
};

static void print_problem_json(struct output *output, const struct ctrace_error *error)
{
	printf("%s\n    {\"status\": \"%s\"", output->lines > 0 ? "," : "",
	       ctrace_status_name(error->status));
	if (error->offset != CTRACE_NO_OFFSET) {
		printf(", \"offset\": %" PRIu64, error->offset);
	}
	if (error->chunk != CTRACE_NO_CHUNK) {
		printf(", \"chunk\": %" PRIu32, error->chunk);
	}
	printf(", \"text\": ");
	ctrace_json_out_string(stdout, error->text, strlen(error->text));
	printf("}");
}

static void print_problem(void *context, const struct ctrace_error *error)
{
	struct output *output = context;
	char line[1024];

	if (output->lines < PROBLEM_LINES_MAX && output->is_json) {
		print_problem_json(output, error);
	} else if (output->lines < PROBLEM_LINES_MAX) {
		ctrace_error_line(error, ctrace_input_name(output->path), line, sizeof(line));
		printf("%s\n", line);
	}
	output->lines++;
}

static void print_summary(const struct output *output, const struct ctrace_trace_info *info,
			  const struct ctrace_validate_report *report)
{
	if (report->problems > PROBLEM_LINES_MAX) {
		printf("… and %" PRIu64 " more problems\n", report->problems - PROBLEM_LINES_MAX);
	}
	printf("%s: %" PRIu64 " events, %u threads, ", ctrace_input_name(output->path),
	       report->events, report->threads);
	if (report->buffers > 0) {
		printf("%u kernel buffers, ", report->buffers);
	}
	printf("%" PRIu64 " lost, %u chunks, %" PRIu64 ".%06" PRIu64 " s", report->lost,
	       report->chunks, report->duration_ns / 1000000000,
	       report->duration_ns % 1000000000 / 1000);
	if (report->unknown_events > 0 || info->unknown_chunks > 0) {
		printf("; of kinds newer than this ctrace: %" PRIu64 " events, %u chunks",
		       report->unknown_events, info->unknown_chunks);
	}
	if (!info->has_trailer) {
		printf("; not closed: ended at byte %" PRIu64, info->good_end);
	}
	printf(report->problems == 0 ? "\n" : "; %" PRIu64 " problems\n", report->problems);
}

static void print_summary_json(const struct ctrace_trace_info *info,
			       const struct ctrace_validate_report *report)
{
	printf("\n  ],\n  \"problem_count\": %" PRIu64 ",\n  \"events\": %" PRIu64
	       ",\n  \"threads\": %u,\n  \"buffers\": %u,\n  \"lost\": %" PRIu64
	       ",\n  \"chunks\": %u,\n"
	       "  \"duration_ns\": %" PRIu64 ",\n  \"unknown_events\": %" PRIu64
	       ",\n  \"unknown_chunks\": %u,\n  \"is_closed\": %s,\n  \"good_end\": %" PRIu64
	       "\n}\n",
	       report->problems, report->events, report->threads, report->buffers, report->lost,
	       report->chunks, report->duration_ns, report->unknown_events, info->unknown_chunks,
	       info->has_trailer ? "true" : "false", info->good_end);
}

static int check(const char *path, const struct ctrace_options *options)
{
	struct output output = {.path = path, .is_json = options->is_json};
	struct ctrace_validate_report report;
	struct ctrace_trace *trace;
	int fd;

	if (ctrace_input_trace(path, NULL, &trace, &fd) != CTRACE_OK) {
		return CTRACE_EXIT_FAILED;
	}
	if (options->is_json) {
		printf("{\n  \"file\": ");
		ctrace_json_out_string(stdout, path, strlen(path));
		printf(",\n  \"problems\": [");
	}
	enum ctrace_status status = ctrace_validate(trace, print_problem, &output, &report);
	if (options->is_json) {
		print_summary_json(ctrace_trace_info(trace), &report);
	} else if (!options->is_quiet) {
		print_summary(&output, ctrace_trace_info(trace), &report);
	}
	ctrace_trace_close(trace);
	close(fd);
	if (status != CTRACE_OK) {
		fprintf(stderr, "%s: %s\n", ctrace_input_name(path), ctrace_status_name(status));
	}
	return status == CTRACE_OK && report.problems == 0 ? CTRACE_EXIT_OK : CTRACE_EXIT_FAILED;
}

int ctrace_command_check(int argc, char **argv)
{
	static const struct ctrace_usage usage = {
		.synopsis = "check [OPTIONS] FILE…",
		.about = "Read every byte of a trace and hold it to the rules of the format: one "
			 "line\n"
			 "per problem with its place, then one line that sums up. Exit status 0: "
			 "no\n"
			 "problem; 1: damaged, or no trace. A trace without its end is no problem "
			 "if\n"
			 "what is there is whole. FILE may be - for standard input.",
		.example = "  ctrace check trace.out\n"
			   "  trace.out: 1209 events, 4 threads, 0 lost, 12 chunks, 2.500310 s\n",
		.shared = CTRACE_SHARED_JSON | CTRACE_SHARED_QUIET,
		.operands_min = 1,
		.operands_max = -1,
	};
	struct ctrace_options options;
	int status = ctrace_options_parse(&options, &usage, argc, argv);

	if (status >= 0) {
		return status;
	}
	status = CTRACE_EXIT_OK;
	for (int i = 0; i < options.operand_count; i++) {
		int one = check(options.operands[i], &options);
		status = one > status ? one : status;
	}
	return status;
}
