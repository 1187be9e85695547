/* SPDX-License-Identifier: MIT */
/* `ctrace top`: where the time went, as tables or as JSON. */

#include "cli/command.h"
#include "cli/input.h"
#include "cli/lines.h"
#include "cli/options.h"
#include "cli/thread_list.h"
#include "cli/top_locks.h"
#include "cli/top_resident.h"
#include "cli/top_sleeps.h"
#include "cli/top_tables.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct top_command {
	struct ctrace_options options;
	const char *input, *sort, *thread_text;
	uint64_t max_memory, rows;
	struct ctrace_thread_list threads;
};

struct tables {
	struct ctrace_top top;
	struct ctrace_top_locks locks;
	struct ctrace_sleep_sums sleeps;
	struct ctrace_resident resident;
};

/* False: no memory. */
static bool put(struct top_command *command, const struct tables *tables,
		const struct ctrace_model *model, const struct ctrace_trace *trace)
{
	if (command->options.is_json) {
		ctrace_top_tables_json(stdout, &tables->top, model);
		ctrace_top_sleeps_json(stdout, &tables->sleeps, trace);
		ctrace_top_locks_json(stdout, &tables->locks, trace);
		ctrace_top_resident_json(stdout, &tables->resident, model);
		fprintf(stdout, "\n}\n");
		return true;
	}
	ctrace_top_tables_text(stdout, &tables->top, model, command->rows);
	if (!ctrace_top_sleeps_text(stdout, &tables->sleeps, trace, command->rows)) {
		return false;
	}
	ctrace_top_locks_text(stdout, &tables->locks, trace, command->rows);
	ctrace_top_resident_text(stdout, &tables->resident, model, command->rows);
	return true;
}

/* Each is made, whatever became of the one before: all of them are finished. */
static bool fill(struct top_command *command, struct tables *tables,
		 const struct ctrace_model *model, const struct ctrace_trace *trace)
{
	const struct ctrace_top_settings settings = {
		.start = command->options.start_ns,
		.end = command->options.end_ns,
		.threads = command->threads.tids,
		.thread_count = command->threads.count,
	};
	const struct ctrace_lock_settings of_locks = {settings.start, settings.end,
						      settings.threads, settings.thread_count};
	const struct ctrace_sleep_settings of_sleeps = {.start = settings.start,
							.end = settings.end,
							.track = CTRACE_NONE,
							.threads = settings.threads,
							.thread_count = settings.thread_count};
	const struct ctrace_resident_settings of_memory = {
		.start = settings.start,
		.end = settings.end,
		.chunks = ctrace_model_memory_chunks(model),
		.threads = settings.threads,
		.thread_count = settings.thread_count,
	};
	bool is_done = ctrace_top_init(&tables->top, model, &settings) == CTRACE_OK;

	is_done = ctrace_top_locks_init(&tables->locks, model, trace, &of_locks) == CTRACE_OK &&
		  is_done;
	is_done =
		ctrace_sleep_sums_init(&tables->sleeps, model, &of_sleeps) == CTRACE_OK && is_done;
	return ctrace_resident_init(&tables->resident, trace, &of_memory) == CTRACE_OK && is_done;
}

static bool print(struct top_command *command, const struct ctrace_model *model,
		  const struct ctrace_trace *trace)
{
	struct tables tables;
	bool is_done = fill(command, &tables, model, trace);

	if (is_done) {
		ctrace_top_tables_sort(&tables.top, model, command->sort);
		is_done = put(command, &tables, model, trace);
	}
	if (!is_done) {
		fprintf(stderr, "ctrace top: no memory for the tables\n");
	}
	ctrace_resident_finish(&tables.resident);
	ctrace_sleep_sums_finish(&tables.sleeps);
	ctrace_top_locks_finish(&tables.locks);
	ctrace_top_finish(&tables.top);
	return is_done;
}

static bool open_model(const struct top_command *command, struct ctrace_trace *trace,
		       struct ctrace_model **model)
{
	const struct ctrace_model_settings settings = {.max_memory = command->max_memory};
	struct ctrace_error error = {0};

	if (ctrace_model_create(model, trace, &settings, &error) == CTRACE_OK) {
		return true;
	}
	ctrace_input_complain(command->input, &error);
	return false;
}

static int run(struct top_command *command)
{
	struct ctrace_trace *trace;
	struct ctrace_model *model = NULL;
	bool is_done;
	int fd;

	if (ctrace_input_trace(command->input, NULL, &trace, &fd) != CTRACE_OK) {
		return CTRACE_EXIT_FAILED;
	}
	ctrace_lines_look_up(trace);
	is_done = ctrace_thread_list_check(&command->threads, trace, command->input) &&
		  open_model(command, trace, &model) && print(command, model, trace);
	ctrace_model_destroy(model);
	ctrace_trace_close(trace);
	close(fd);
	if (is_done && fflush(stdout) != 0) {
		fprintf(stderr, "ctrace top: standard output cannot be written\n");
		is_done = false;
	}
	return is_done ? CTRACE_EXIT_OK : CTRACE_EXIT_FAILED;
}

static int check_usage(struct top_command *command)
{
	if (command->sort != NULL && !ctrace_top_tables_can_sort(command->sort)) {
		fprintf(stderr, "ctrace top: --sort: %s is none of %s; see `ctrace top --help`\n",
			command->sort, CTRACE_TOP_SORTS);
		return CTRACE_EXIT_USAGE;
	}
	return ctrace_thread_list_init(&command->threads, "top", command->thread_text);
}

int ctrace_command_top(int argc, char **argv)
{
	struct top_command command = {.rows = 20};
	const struct ctrace_option own[] = {
		{"sort", 0, "KEY", CTRACE_TOP_SORTS, CTRACE_OPTION_TEXT, &command.sort},
		{"rows", 0, "N", "lines of each table, 20 unless said; 0: all", CTRACE_OPTION_COUNT,
		 &command.rows},
		{"threads", 0, "TID,…", "only these threads", CTRACE_OPTION_TEXT,
		 &command.thread_text},
		{"max-memory", 0, "BYTES", "refuse a trace whose index needs more; 2G unless said",
		 CTRACE_OPTION_BYTES, &command.max_memory},
		{0},
	};
	const struct ctrace_usage usage = {
		.synopsis = "top [OPTIONS] FILE",
		.about = "Where the time went: threads by their time on a CPU, waiting and able to "
			 "run; "
			 "system\ncalls, library calls and spans by total time and count, with "
			 "median, "
			 "99th percentile\nand longest; where threads slept; locks by the time "
			 "that threads "
			 "waited for "
			 "them, and deadlocks; processes by what they had in RAM. FILE may be - "
			 "for standard input.",
		.example = "  ctrace top trace.out --sort p99\n",
		.shared = CTRACE_SHARED_JSON | CTRACE_SHARED_RANGE,
		.own = own,
		.operands_min = 1,
		.operands_max = 1,
	};
	int status = ctrace_options_parse(&command.options, &usage, argc, argv);

	if (status >= 0) {
		return status;
	}
	command.input = command.options.operands[0];
	status = check_usage(&command);
	if (status < 0) {
		status = run(&command);
	}
	ctrace_thread_list_finish(&command.threads);
	return status;
}
