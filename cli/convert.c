/* SPDX-License-Identifier: MIT */
/* `ctrace convert`: a trace, or a range of it, for other programs. */

#include "cli/command.h"
#include "cli/input.h"
#include "cli/lines.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/thread_list.h"
#include "viewer-server/export/chrome.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES (1u << 20)
/* More lines about damage than this are a number. */
#define DAMAGE_LINES_MAX 20u
#define PROGRESS_NS	 INT64_C(100000000)

struct convert {
	struct ctrace_options options;
	const char *input, *format, *thread_text;
	struct ctrace_thread_list threads;
	bool is_strict;
	struct ctrace_chrome_settings settings;
	struct ctrace_trace *trace;
	struct ctrace_output output;
	bool shows_progress, has_progress;
	int64_t progress_at; /* when the line was drawn last */
	char *buffer;	     /* owned */
};

static int complain_usage(const char *what, const char *which)
{
	fprintf(stderr, "ctrace convert: %s%s; see `ctrace convert --help`\n", what, which);
	return CTRACE_EXIT_USAGE;
}

static bool ends_in(const char *text, const char *end)
{
	size_t size = strlen(text), end_size = strlen(end);

	return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* ---- Progress and what is said at the end -------------------------------- */

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void show_progress(struct convert *convert, const char *stage, uint64_t done, uint64_t total)
{
	int64_t now = now_ns();

	if (!convert->shows_progress || total == 0 || now - convert->progress_at < PROGRESS_NS) {
		return;
	}
	fprintf(stderr, "\r%s %3u %%", stage, (unsigned)((double)done * 100 / (double)total));
	convert->progress_at = now;
	convert->has_progress = true;
}

static void on_reading(void *context, uint64_t done, uint64_t total)
{
	show_progress(context, "reading   ", done, total);
}

static void clear_progress(struct convert *convert)
{
	if (convert->has_progress) {
		fputs("\r\033[K", stderr);
		convert->has_progress = false;
	}
}

static void tell_damage(const struct convert *convert, const struct ctrace_damage *damage,
			uint32_t count, uint64_t more)
{
	uint32_t shown = count < DAMAGE_LINES_MAX ? count : DAMAGE_LINES_MAX;

	for (uint32_t i = 0; i < shown; i++) {
		ctrace_input_complain(convert->input, &damage[i].error);
	}
	if (count - shown + more > 0) {
		fprintf(stderr, "%s: %" PRIu64 " more damaged places; `ctrace check` lists all\n",
			ctrace_input_name(convert->input), count - shown + more);
	}
}

static void tell_result(const struct convert *convert, const struct ctrace_chrome_counts *counts)
{
	if (convert->options.is_quiet || convert->output.is_stdout) {
		return;
	}
	fprintf(stderr, "%s: %" PRIu64 " events, %" PRIu64 " bytes\n", convert->options.output,
		counts->lines, convert->output.bytes);
}

/* ---- The work ------------------------------------------------------------ */

static bool pump(struct convert *convert, struct ctrace_chrome *chrome)
{
	struct ctrace_error error = {0};
	enum ctrace_status status;
	size_t got;

	while ((status = ctrace_chrome_read(chrome, convert->buffer, BUFFER_BYTES, &got, &error)) ==
	       CTRACE_OK) {
		struct ctrace_chrome_counts counts = ctrace_chrome_counts(chrome);
		if (got > 0 && !ctrace_output_write(&convert->output, convert->buffer, got)) {
			return false;
		}
		show_progress(convert, "converting", counts.chunks_done, counts.chunks);
	}
	clear_progress(convert);
	if (status != CTRACE_END) {
		ctrace_input_complain(convert->input, &error);
	}
	return status == CTRACE_END;
}

static bool convert_all(struct convert *convert, struct ctrace_chrome *chrome)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(convert->trace);
	uint32_t count;

	if (!pump(convert, chrome)) {
		return false;
	}
	struct ctrace_chrome_counts counts = ctrace_chrome_counts(chrome);
	const struct ctrace_damage *damage = ctrace_chrome_damage(chrome, &count);
	tell_damage(convert, info->damage, info->damage_count, info->damage_more);
	tell_damage(convert, damage, count, counts.damaged - count);
	if (convert->is_strict && counts.damaged > 0) {
		return false;
	}
	if (!ctrace_output_commit(&convert->output)) {
		return false;
	}
	tell_result(convert, &counts);
	return true;
}

static bool convert_trace(struct convert *convert)
{
	const char *path = convert->options.output;
	struct ctrace_error error = {0};
	struct ctrace_chrome *chrome;
	bool is_done = false;

	if (!ctrace_thread_list_check(&convert->threads, convert->trace, convert->input)) {
		return false;
	}
	if (ctrace_chrome_create(&chrome, convert->trace, &convert->settings, &error) !=
	    CTRACE_OK) {
		ctrace_input_complain(convert->input, &error);
		return false;
	}
	convert->buffer = malloc(BUFFER_BYTES);
	if (convert->buffer == NULL) {
		fprintf(stderr, "ctrace convert: no memory\n");
	} else if (ctrace_output_open(&convert->output, path, ends_in(path, ".gz"))) {
		is_done = convert_all(convert, chrome);
	}
	clear_progress(convert);
	ctrace_output_finish(&convert->output);
	ctrace_chrome_destroy(chrome);
	return is_done;
}

static int run(struct convert *convert)
{
	const struct ctrace_trace_settings settings = {
		.progress = on_reading,
		.context = convert,
		.is_strict = convert->is_strict,
	};
	int fd;

	convert->shows_progress = !convert->options.is_quiet && isatty(STDERR_FILENO) == 1;
	enum ctrace_status status =
		ctrace_input_trace(convert->input, &settings, &convert->trace, &fd);
	clear_progress(convert);
	if (status != CTRACE_OK) {
		return CTRACE_EXIT_FAILED;
	}
	ctrace_lines_look_up(convert->trace);
	bool is_done = convert_trace(convert);
	ctrace_trace_close(convert->trace);
	close(fd);
	return is_done ? CTRACE_EXIT_OK : CTRACE_EXIT_FAILED;
}

static int check_usage(struct convert *convert)
{
	const char *output = convert->options.output;

	if (output == NULL) {
		return complain_usage("where to? -o FILE, or -o - for standard output", "");
	}
	if (strcmp(output, "-") == 0 && isatty(STDOUT_FILENO) == 1) {
		return complain_usage("standard output is a terminal: give -o FILE, or redirect it",
				      "");
	}
	if (convert->format != NULL && strcmp(convert->format, "chrome") != 0) {
		return complain_usage("--format: the one format so far is chrome, not ",
				      convert->format);
	}
	return ctrace_thread_list_init(&convert->threads, "convert", convert->thread_text);
}

int ctrace_command_convert(int argc, char **argv)
{
	struct convert convert = {0};
	const struct ctrace_option own[] = {
		{"format", 0, "NAME", "chrome: Chrome trace-event JSON (the default)",
		 CTRACE_OPTION_TEXT, &convert.format},
		{"threads", 0, "TID,…", "only these threads", CTRACE_OPTION_TEXT,
		 &convert.thread_text},
		{"strict", 0, NULL, "fail on damage instead of leaving it out", CTRACE_OPTION_FLAG,
		 &convert.is_strict},
		{0},
	};
	const struct ctrace_usage usage = {
		.synopsis = "convert [OPTIONS] FILE -o OUT",
		.about = "Writes a trace (FILE, or - for standard input) for other programs: "
			 "Chrome trace-event JSON,\nwhich Perfetto, speedscope and Chromium's "
			 "DevTools open. OUT ending in .gz is compressed.\nA damaged trace gives "
			 "what is good of it; each damaged place is a line on stderr.",
		.example = "  ctrace convert trace.out -o trace.json.gz --start 1.5s --end 1.6s\n",
		.shared = CTRACE_SHARED_OUTPUT | CTRACE_SHARED_RANGE | CTRACE_SHARED_QUIET,
		.own = own,
		.operands_min = 1,
		.operands_max = 1,
	};

	int status = ctrace_options_parse(&convert.options, &usage, argc, argv);
	if (status >= 0) {
		return status;
	}
	convert.input = convert.options.operands[0];
	convert.settings.start = convert.options.start_ns;
	convert.settings.end = convert.options.end_ns;
	convert.settings.has_end = convert.options.has_end;
	status = check_usage(&convert);
	convert.settings.threads = convert.threads.tids;
	convert.settings.thread_count = convert.threads.count;
	if (status < 0) {
		status = run(&convert);
	}
	free(convert.buffer);
	ctrace_thread_list_finish(&convert.threads);
	return status;
}
