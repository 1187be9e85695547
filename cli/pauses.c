/* SPDX-License-Identifier: MIT */
/* `ctrace pauses`: how little time a program had for its own work in its worst windows. */

#include "cli/command.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/pauses_tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WHATS "collector, runnable, blocked, lock or allocator"

struct pauses_command {
	struct ctrace_options options;
	const char *input, *what_text;
	uint64_t thread, process, window, rows, max_memory;
	unsigned what; /* CTRACE_PAUSE_WHATS: the first that there is */
};

/* ---- Which track --------------------------------------------------------------- */

/* A thread by its tid, or a process by its pid; of several the one with the most events. */
static uint32_t named_track(const struct ctrace_model *model, enum ctrace_track_kind kind,
			    uint64_t number)
{
	uint32_t count, found = CTRACE_NONE;
	const struct ctrace_track *tracks = ctrace_model_tracks(model, &count);

	for (uint32_t i = 0; i < count; i++) {
		uint64_t own = kind == CTRACE_TRACK_THREAD ? tracks[i].tid : tracks[i].pid;

		if (tracks[i].kind == kind && own == number &&
		    (found == CTRACE_NONE || tracks[i].events > tracks[found].events)) {
			found = i;
		}
	}
	return found;
}

/* The process with the most events, of those that have a track of this kind. */
static uint32_t busiest_process(const struct ctrace_model *model, enum ctrace_track_kind kind)
{
	uint32_t count, found = CTRACE_NONE;
	const struct ctrace_track *tracks = ctrace_model_tracks(model, &count);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t process = kind == CTRACE_TRACK_PROCESS ? i : tracks[i].parent;

		if (tracks[i].kind == kind &&
		    (found == CTRACE_NONE || tracks[process].events > tracks[found].events)) {
			found = process;
		}
	}
	return found;
}

/* Whose collector told of its work; else that with the most events. */
static uint32_t likely_process(const struct ctrace_model *model)
{
	uint32_t found = busiest_process(model, CTRACE_TRACK_COLLECTOR);

	return found != CTRACE_NONE ? found : busiest_process(model, CTRACE_TRACK_PROCESS);
}

static bool find_track(const struct pauses_command *command, const struct ctrace_model *model,
		       uint32_t *track)
{
	if (command->thread != 0) {
		*track = named_track(model, CTRACE_TRACK_THREAD, command->thread);
	} else if (command->process != 0) {
		*track = named_track(model, CTRACE_TRACK_PROCESS, command->process);
	} else {
		*track = likely_process(model);
	}
	if (*track != CTRACE_NONE) {
		return true;
	}
	if (command->thread == 0 && command->process == 0) {
		fprintf(stderr, "ctrace pauses: %s: there is no thread in it\n", command->input);
	} else {
		fprintf(stderr, "ctrace pauses: %s: there is no %s %" PRIu64 " in it\n",
			command->input, command->thread != 0 ? "thread" : "process",
			command->thread != 0 ? command->thread : command->process);
	}
	return false;
}

/* ---- The answer ------------------------------------------------------------------ */

/* What there is instead, for the end of a line. */
static void say_offers(const struct ctrace_pauses *pauses)
{
	const char *separator = "; there is ";

	for (unsigned i = 0; i < CTRACE_PAUSE_WHATS; i++) {
		if (pauses->why_not[i] == NULL) {
			fprintf(stderr, "%s--what %s", separator, ctrace_pause_what_name(i));
			separator = ", ";
		}
	}
	fputc('\n', stderr);
}

static unsigned first_offered(const struct ctrace_pauses *pauses)
{
	unsigned what = 0;

	while (what < CTRACE_PAUSE_WHATS && pauses->why_not[what] != NULL) {
		what++;
	}
	return what;
}

static enum ctrace_status ask(const struct pauses_command *command,
			      const struct ctrace_model *model, const struct ctrace_trace *trace,
			      struct ctrace_pauses_shown *shown, struct ctrace_pauses *pauses)
{
	const struct ctrace_pauses_question question = {
		.what = shown->what,
		.track = shown->track,
		.start = command->options.start_ns,
		.end = command->options.end_ns,
		.window = command->window,
	};

	return ctrace_pauses_ask(pauses, model, trace, &question, NULL);
}

static bool complain(const struct pauses_command *command, enum ctrace_status status)
{
	fprintf(stderr, "ctrace pauses: %s: %s\n", command->input,
		status == CTRACE_ERR_LIMIT
			? "more pieces of time than can be weighed at once; ask of one --thread, "
			  "or of a part with --start and --end"
			: "no memory for the answer");
	return false;
}

static bool print(const struct pauses_command *command, const struct ctrace_model *model,
		  const struct ctrace_trace *trace)
{
	static struct ctrace_pauses pauses;
	struct ctrace_pauses_shown shown = {.model = model,
					    .pauses = &pauses,
					    .what = CTRACE_PAUSE_COLLECTOR,
					    .rows = command->rows};
	enum ctrace_status status;

	if (!find_track(command, model, &shown.track)) {
		return false;
	}
	if (command->what != CTRACE_PAUSE_WHATS) {
		shown.what = (enum ctrace_pause_what)command->what;
	}
	status = ask(command, model, trace, &shown, &pauses);
	if (status == CTRACE_OK && command->what == CTRACE_PAUSE_WHATS &&
	    first_offered(&pauses) > 0 && first_offered(&pauses) < CTRACE_PAUSE_WHATS) {
		shown.what = (enum ctrace_pause_what)first_offered(&pauses);
		status = ask(command, model, trace, &shown, &pauses);
	}
	if (status != CTRACE_OK) {
		return complain(command, status);
	}
	if (pauses.why_not[shown.what] != NULL) {
		fprintf(stderr, "ctrace pauses: %s: %s: %s", command->input,
			ctrace_pause_what_name(shown.what), pauses.why_not[shown.what]);
		say_offers(&pauses);
		return false;
	}
	if (command->options.is_json) {
		ctrace_pauses_tables_json(stdout, &shown);
	} else {
		ctrace_pauses_tables_text(stdout, &shown);
	}
	return true;
}

/* ---- The command --------------------------------------------------------------------- */

static int run(const struct pauses_command *command)
{
	const struct ctrace_model_settings settings = {.max_memory = command->max_memory};
	struct ctrace_error error = {0};
	struct ctrace_model *model = NULL;
	struct ctrace_trace *trace;
	bool is_done;
	int fd;

	if (ctrace_input_trace(command->input, NULL, &trace, &fd) != CTRACE_OK) {
		return CTRACE_EXIT_FAILED;
	}
	is_done = ctrace_model_create(&model, trace, &settings, &error) == CTRACE_OK;
	if (!is_done) {
		ctrace_input_complain(command->input, &error);
	}
	is_done = is_done && print(command, model, trace);
	ctrace_model_destroy(model);
	ctrace_trace_close(trace);
	close(fd);
	if (is_done && fflush(stdout) != 0) {
		fprintf(stderr, "ctrace pauses: standard output cannot be written\n");
		is_done = false;
	}
	return is_done ? CTRACE_EXIT_OK : CTRACE_EXIT_FAILED;
}

static int check_usage(struct pauses_command *command)
{
	command->what = CTRACE_PAUSE_WHATS;
	if (command->what_text != NULL) {
		command->what = ctrace_pause_what_of(command->what_text);
		if (command->what == CTRACE_PAUSE_WHATS) {
			fprintf(stderr,
				"ctrace pauses: --what: %s is none of " WHATS
				"; see `ctrace pauses --help`\n",
				command->what_text);
			return CTRACE_EXIT_USAGE;
		}
	}
	if (command->thread != 0 && command->process != 0) {
		fprintf(stderr, "ctrace pauses: --thread and --process do not go together; see "
				"`ctrace pauses --help`\n");
		return CTRACE_EXIT_USAGE;
	}
	return -1;
}

int ctrace_command_pauses(int argc, char **argv)
{
	struct pauses_command command = {.rows = 20};
	const struct ctrace_option own[] = {
		{"what", 0, "WHAT", "what takes the time away: " WHATS, CTRACE_OPTION_TEXT,
		 &command.what_text},
		{"thread", 0, "TID", "of this thread", CTRACE_OPTION_COUNT, &command.thread},
		{"process", 0, "PID", "of this process, else of the one whose collector told",
		 CTRACE_OPTION_COUNT, &command.process},
		{"window", 0, "T", "the worst windows of this length: 10ms unless said",
		 CTRACE_OPTION_TIME, &command.window},
		{"rows", 0, "N", "lines of the curve, 20 unless said; 0: all", CTRACE_OPTION_COUNT,
		 &command.rows},
		{"max-memory", 0, "BYTES", "refuse a trace whose index needs more; 2G unless said",
		 CTRACE_OPTION_BYTES, &command.max_memory},
		{0},
	};
	const struct ctrace_usage usage = {
		.synopsis = "pauses [OPTIONS] FILE",
		.about =
			"Minimum mutator utilisation: for windows of each length the share of its "
			"time that a\nprocess, or a thread, has at least for its own work; and "
			"the worst windows of one length.\nWithout --what the first that the trace "
			"can tell. FILE may be - for standard input.",
		.example = "  ctrace pauses trace.out --window 20ms\n",
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
	return status >= 0 ? status : run(&command);
}
