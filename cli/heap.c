/* SPDX-License-Identifier: MIT */
/* `ctrace heap`: who allocated memory, and what stays. */

#include "cli/command.h"
#include "cli/heap_tables.h"
#include "cli/input.h"
#include "cli/lines.h"
#include "cli/options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct heap_command {
	struct ctrace_options options;
	const char *input, *between, *second, *at;
	uint64_t rows;
	bool is_touched;
	struct ctrace_heap_settings settings;
};

static int complain_usage(const char *what)
{
	fprintf(stderr, "ctrace heap: %s; see `ctrace heap --help`\n", what);
	return CTRACE_EXIT_USAGE;
}

/* "1.5s,2s", or the second time as a word of its own. */
static bool read_between(struct heap_command *command)
{
	const char *comma = strchr(command->between, ',');
	size_t size = comma != NULL ? (size_t)(comma - command->between) : strlen(command->between);
	const char *second = comma != NULL ? comma + 1 : command->second;
	char first[64];

	if (second == NULL || size >= sizeof(first)) {
		return false;
	}
	memcpy(first, command->between, size);
	first[size] = '\0';
	command->settings.has_from = true;
	return ctrace_options_time(first, &command->settings.from) &&
	       ctrace_options_time(second, &command->settings.at) &&
	       command->settings.from <= command->settings.at;
}

/* The file, and behind `--between A` the second time, which stands before or behind it. False:
 * there is one word too many. */
static bool read_operands(struct heap_command *command)
{
	char **operands = command->options.operands;
	uint64_t time;

	command->input = operands[0];
	if (command->options.operand_count < 2) {
		return true;
	}
	if (command->between == NULL || strchr(command->between, ',') != NULL) {
		return false;
	}
	command->second = operands[1];
	if (!ctrace_options_time(operands[1], &time)) {
		command->input = operands[1];
		command->second = operands[0];
	}
	return true;
}

/* Below 0: go on. */
static int check_usage(struct heap_command *command)
{
	command->settings.at = UINT64_MAX;
	if (command->at != NULL && command->between != NULL) {
		return complain_usage("--at and --between: give one of them");
	}
	if (command->at != NULL && !ctrace_options_time(command->at, &command->settings.at)) {
		return complain_usage("--at wants a time such as 1.5s or 200ms");
	}
	if (command->between != NULL && !read_between(command)) {
		return complain_usage("--between wants two times, the earlier first: 1s 2.5s");
	}
	return -1;
}

/* What makes the figures less than they seem. */
static void warn(const struct heap_command *command, const struct ctrace_heap *heap)
{
	if (command->is_touched && heap->total.touched.blocks == 0) {
		fprintf(stderr,
			"ctrace heap: %s: no page faults are recorded: `ctrace record --sources "
			"+faults`\n",
			command->input);
	}
	if (heap->events == 0 && !command->is_touched) {
		fprintf(stderr,
			"ctrace heap: %s: nothing is recorded of memory, as of static programs, "
			"and where "
			"`ctrace record` was told to leave it out\n",
			command->input);
	}
	if (heap->lost > 0) {
		fprintf(stderr,
			"ctrace heap: %s: %" PRIu64
			" events are lost, some perhaps of memory: sums may be too small, or hold "
			"what was freed\n",
			command->input, heap->lost);
	}
	if (heap->damaged > 0) {
		fprintf(stderr, "ctrace heap: %s: %" PRIu64 " damaged chunks are left out\n",
			command->input, heap->damaged);
	}
}

static bool put(const struct heap_command *command, const struct ctrace_heap *heap)
{
	bool has_from = command->settings.has_from;

	if (command->options.is_json) {
		ctrace_heap_tables_json(stdout, heap, has_from);
	} else if (command->is_touched) {
		return ctrace_heap_tables_touched(stdout, heap, command->rows);
	} else {
		ctrace_heap_tables_text(stdout, heap, has_from, command->rows);
	}
	return true;
}

static bool print(const struct heap_command *command, const struct ctrace_trace *trace)
{
	struct ctrace_heap heap;
	bool is_done = ctrace_heap_init(&heap, trace, &command->settings) == CTRACE_OK;

	if (is_done) {
		warn(command, &heap);
		is_done = put(command, &heap);
	}
	if (!is_done) {
		fprintf(stderr, "ctrace heap: no memory for what is alive\n");
	}
	ctrace_heap_finish(&heap);
	return is_done;
}

static int run(const struct heap_command *command)
{
	struct ctrace_trace *trace;
	bool is_done;
	int fd;

	if (ctrace_input_trace(command->input, NULL, &trace, &fd) != CTRACE_OK) {
		return CTRACE_EXIT_FAILED;
	}
	ctrace_lines_look_up(trace);
	is_done = print(command, trace);
	ctrace_trace_close(trace);
	close(fd);
	if (is_done && fflush(stdout) != 0) {
		fprintf(stderr, "ctrace heap: standard output cannot be written\n");
		is_done = false;
	}
	return is_done ? CTRACE_EXIT_OK : CTRACE_EXIT_FAILED;
}

int ctrace_command_heap(int argc, char **argv)
{
	struct heap_command command = {.rows = 20};
	const struct ctrace_option own[] = {
		{"at", 0, "TIME", "at this moment: 1.5s, 200ms; at the end without it",
		 CTRACE_OPTION_TEXT, &command.at},
		{"between", 0, "A B", "what has grown from A to B: 1s 2.5s", CTRACE_OPTION_TEXT,
		 &command.between},
		{"touched", 0, NULL, "who touched pages first, where +faults was recorded",
		 CTRACE_OPTION_FLAG, &command.is_touched},
		{"rows", 0, "N", "lines of each table, 20 unless said; 0: all", CTRACE_OPTION_COUNT,
		 &command.rows},
		{0},
	};
	const struct ctrace_usage usage = {
		.synopsis = "heap [OPTIONS] FILE",
		.about = "Memory that is alive at a moment, by who got it; how long blocks live; "
			 "what "
			 "one thread got and\nanother gave back; what is older than any block of "
			 "its "
			 "place that was freed, and perhaps a leak; what "
			 "processes have in RAM.\n`ctrace record` "
			 "records a sample, with `--sources +alloc-full` all. FILE may be - for "
			 "standard input.",
		.example = "  ctrace heap trace.out\n"
			   "  ctrace heap trace.out --between 10s 60s --json\n",
		.shared = CTRACE_SHARED_JSON,
		.own = own,
		.operands_min = 1,
		.operands_max = 2,
	};
	int status = ctrace_options_parse(&command.options, &usage, argc, argv);

	if (status >= 0) {
		return status;
	}
	if (!read_operands(&command)) {
		return complain_usage("one FILE at a time");
	}
	status = check_usage(&command);
	return status >= 0 ? status : run(&command);
}
