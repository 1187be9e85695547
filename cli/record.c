/* SPDX-License-Identifier: MIT */
/* `ctrace record -- PROGRAM ARGS…`: runs a program and records it, and all it starts, from outside.
 */

#include "cli/command.h"
#include "cli/options.h"
#include "cli/record_child.h"
#include "cli/record_flight.h"
#include "cli/record_follow.h"
#include "cli/record_say.h"
#include "cli/record_sources.h"
#include "cli/ring_folder.h"
#include "tracer/outside/recorder_image.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/collect/file_sink.h"
#include "tracer/src/directory/self_image.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Once the program has ended, rounds in which what it left running may begin to trace. */
#define HEIR_ROUNDS 40

struct recording {
	struct ctrace_options options;
	const char *categories;
	uint64_t seconds_ns; /* 0: to the end */
	const char *path;
	char **argv;
	struct ctrace_ring_folder folder;
	struct ctrace_child child;
	struct ctrace_outside outside;
	struct ctrace_follow follow;
	struct ctrace_record_sources sources;
	struct ctrace_record_flight flight;
	struct ctrace_file_sink sink;
	struct ctrace_say say;
	struct ctrace_session_totals totals;
	bool is_open; /* the trace is being written */
	uint64_t begun_ns;
};

static void complain(void *context, const char *line)
{
	struct recording *recording = context;

	ctrace_say_line(&recording->say, line);
}

/* ---- what the trace says of the recording ---- */

static void text_row(struct ctrace_writer *writer, const char *key, const char *text)
{
	ctrace_writer_meta(writer, key, text, strlen(text));
}

/* Arguments joined by NUL. */
static void command_row(struct ctrace_writer *writer, char **argv)
{
	char text[CTRACE_META_VALUE_BYTES_MAX];
	size_t used = 0;

	for (; *argv != NULL; argv++) {
		size_t size = strlen(*argv) + 1;

		if (size > sizeof(text) - used) {
			break;
		}
		memcpy(text + used, *argv, size);
		used += size;
	}
	ctrace_writer_meta(writer, "command", text, used > 0 ? used - 1 : 0);
}

static void describe(struct ctrace_writer *writer, void *context)
{
	const struct recording *recording = context;
	struct ctrace_process_image here = {.version = 0};
	struct utsname machine;
	char pid[24];

	ctrace_self_image_fill(&here);
	snprintf(pid, sizeof(pid), "%d", (int)recording->child.pid);
	text_row(writer, "pid", pid);
	text_row(writer, "recorder", "ctrace record " CTRACE_VERSION);
	text_row(writer, "program", recording->argv[0]);
	command_row(writer, recording->argv);
	text_row(writer, "host", here.host);
	text_row(writer, "kernel", here.kernel);
	if (uname(&machine) == 0) {
		text_row(writer, "arch", machine.machine);
	}
	text_row(writer, "boot_id", here.boot_id);
}

/* ---- the trace ---- */

static void ended_text(const struct recording *recording, char *text, size_t size)
{
	const struct ctrace_child *child = &recording->child;

	if (!child->is_over) {
		snprintf(text, size, "stopped; the program ran on");
	} else if (child->signal != 0) {
		const char *name = sigabbrev_np(child->signal);

		snprintf(text, size, "killed by signal %d (SIG%s)", child->signal,
			 name != NULL ? name : "?");
	} else {
		snprintf(text, size, "exited with status %d", child->status);
	}
}

static enum ctrace_status begin(struct recording *recording, uint64_t base_ticks)
{
	bool is_flight = ctrace_record_flight_is_on(&recording->flight);
	struct ctrace_session_settings settings = {.write = ctrace_file_sink_write,
						   .wants_end = ctrace_file_sink_wants_end,
						   .sink = &recording->sink};
	const struct ctrace_session_start start = {
		.base_ticks = base_ticks,
		.ticks_per_second = ctrace_clock_frequency(),
		.clock_kind = ctrace_clock_kind(),
		.is_live = true,
		.describe = describe,
		.context = recording,
	};
	enum ctrace_status status;

	ctrace_outside_init(&recording->outside, false, complain, recording);
	recording->flight.outside = &recording->outside;
	recording->flight.sources = &recording->sources;
	if (is_flight && !ctrace_record_flight_begin(&recording->flight, &settings, &start)) {
		return CTRACE_ERR_NO_MEMORY;
	}
	status = ctrace_outside_begin(&recording->outside, &settings, &start);
	recording->is_open = status == CTRACE_OK;
	recording->follow.outside = &recording->outside;
	recording->follow.directory = recording->folder.path;
	return status;
}

static void end_trace(struct recording *recording, const char *ended)
{
	struct ctrace_session_totals sums = {.written = 0};
	enum ctrace_status status = CTRACE_OK;
	bool is_flight = ctrace_record_flight_is_on(&recording->flight);

	if (is_flight) {
		status = ctrace_record_flight_write_end(
			&recording->flight, ended, ctrace_file_sink_write, &recording->sink, &sums);
	}
	ctrace_outside_end(&recording->outside, ended, &recording->totals);
	if (is_flight) {
		recording->totals.written = sums.written;
		recording->totals.lost = sums.lost;
		recording->totals.threads = sums.threads;
		recording->totals.bytes = recording->sink.offset;
		recording->totals.status = status;
	}
}

/* Nobody drains from here on: processes are told, the trace is closed. */
static void close_trace(struct recording *recording)
{
	char ended[160];

	if (!recording->is_open) {
		return;
	}
	atomic_store_explicit(&recording->folder.recorder->is_over, 1, memory_order_release);
	ended_text(recording, ended, sizeof(ended));
	recording->flight.ended = ctrace_clock_ticks();
	ctrace_record_sources_close(&recording->sources);
	end_trace(recording, ended);
	ctrace_follow_finish(&recording->follow);
	ctrace_file_sink_finish(&recording->sink);
	recording->is_open = false;
}

/* ---- while it runs ---- */

static uint64_t age_ns(const struct recording *recording)
{
	return ctrace_clock_raw_ns() - recording->begun_ns;
}

static bool is_time_over(const struct recording *recording)
{
	return recording->seconds_ns != 0 && age_ns(recording) >= recording->seconds_ns;
}

static void progress(struct recording *recording)
{
	const struct ctrace_session *session = recording->outside.session;
	const struct ctrace_progress progress = {
		.age_ns = age_ns(recording),
		.events = recording->follow.events,
		.kernel_events = ctrace_source_set_counts(&recording->sources.set).events,
		.bytes = recording->flight.past != NULL
				 ? ctrace_record_flight_bytes(&recording->flight)
				 : session->recording.writer.offset,
		.lost = session->recording.writer.lost,
	};

	ctrace_say_progress(&recording->say, &progress);
}

/* One round of an open trace. Returns how many records came. */
static uint64_t collect(struct recording *recording)
{
	/* The kernel first: what it says is mapped names what rings tell of memory. */
	uint64_t count = ctrace_record_sources_pass(&recording->sources);
	char line[PATH_MAX + 256];

	count += ctrace_follow_pass(&recording->follow);
	ctrace_record_sources_look(&recording->sources);
	if (ctrace_session_tick(recording->outside.session, ctrace_clock_raw_ns() / 1000000u)) {
		close_trace(recording);
		snprintf(line, sizeof(line),
			 "ctrace record: %s: recording ended: %.100s; the program runs on",
			 recording->path,
			 recording->totals.status == CTRACE_OK ? recording->totals.ended
							       : strerror(recording->sink.error));
		ctrace_say_line(&recording->say, line);
		return count;
	}
	if (is_time_over(recording)) {
		close_trace(recording);
		return count;
	}
	ctrace_record_flight_pass(&recording->flight, &recording->say, ctrace_child_was_noted());
	progress(recording);
	return count;
}

/* The program has ended. Is anything left to wait for? */
static bool is_all_over(const struct recording *recording, unsigned rounds_without)
{
	if (!recording->is_open || ctrace_child_is_stop_asked()) {
		return true;
	}
	return recording->follow.alive == 0 &&
	       (!recording->child.has_heirs || rounds_without > HEIR_ROUNDS);
}

static uint32_t next_wait(const struct recording *recording, uint32_t wait_ms, uint64_t count)
{
	if (!recording->is_open) {
		return CTRACE_TICK_IDLE_MS;
	}
	if (count > 0 || recording->child.is_over) {
		return CTRACE_TICK_MS;
	}
	return 2 * wait_ms < CTRACE_TICK_IDLE_MS ? 2 * wait_ms : CTRACE_TICK_IDLE_MS;
}

/* Until the program has ended, and whoever of its processes traces. */
static void watch(struct recording *recording)
{
	uint32_t wait_ms = CTRACE_TICK_MS;
	unsigned rounds_without = 0;

	while (true) {
		uint64_t count = 0;

		/* Before collecting: what it wrote until it ended is then there. */
		ctrace_child_poll(&recording->child);
		if (recording->is_open) {
			count = collect(recording);
		}
		rounds_without = recording->child.is_over && recording->follow.alive == 0
					 ? rounds_without + 1
					 : 0;
		if (recording->child.is_over && is_all_over(recording, rounds_without)) {
			return;
		}
		wait_ms = next_wait(recording, wait_ms, count);
		wait_ms = ctrace_record_sources_wait(&recording->sources, wait_ms);
		ctrace_recorder_image_sleep(recording->folder.recorder, wait_ms);
	}
}

/* ---- before and after ---- */

/* Takes away all that has one; calls have none. */
#define NO_CATEGORY "-*"

/* What the program and all that it starts shall know. */
static bool set_environment(const struct recording *recording)
{
	bool has_spans = ctrace_record_sources_has_spans(&recording->sources);
	const char *categories = has_spans ? recording->categories : NO_CATEGORY;
	char directory[PATH_MAX + 2];

	if (!has_spans && !ctrace_record_sources_has_preload(&recording->sources)) {
		return true;
	}
	/* The dot: a directory that is gone again is not made anew. */
	snprintf(directory, sizeof(directory), "%s/.", recording->folder.path);
	return setenv("CTRACE_RING_DIR", directory, 1) == 0 &&
	       setenv("CTRACE_CLOCK", ctrace_clock_is("tsc") ? "tsc" : "monotonic_raw", 1) == 0 &&
	       (categories == NULL || setenv("CTRACE_CATEGORIES", categories, 1) == 0);
}

static void choose_clock(void)
{
	const char *forced = getenv("CTRACE_CLOCK");

	ctrace_clock_choose();
	if (forced != NULL) {
		ctrace_clock_force(forced);
	}
}

/* Everything that the trace needs, and the program, which waits. */
static int start(struct recording *recording, uint64_t *base_ticks)
{
	int result;

	if (!ctrace_ring_folder_make(&recording->folder, recording->options.is_quiet)) {
		return CTRACE_EXIT_FAILED;
	}
	result = ctrace_file_sink_init(&recording->sink, recording->path);
	ctrace_source_set_prepare(&recording->sources.set, recording->argv[0]);
	if (result != 0 || !set_environment(recording)) {
		fprintf(stderr, "ctrace record: %s: %s\n", recording->path,
			strerror(result != 0 ? -result : ENOMEM));
		return CTRACE_EXIT_FAILED;
	}
	ctrace_child_note_signal(recording->flight.signal);
	recording->begun_ns = ctrace_clock_raw_ns();
	*base_ticks = ctrace_clock_ticks();
	return ctrace_child_start(&recording->child, recording->argv,
				  &recording->folder.recorder->bell);
}

/* The trace begins, sources open, the program runs. */
static int go(struct recording *recording, uint64_t base_ticks)
{
	int result;

	if (begin(recording, base_ticks) == CTRACE_OK) {
		ctrace_record_sources_open(&recording->sources, &recording->outside,
					   recording->child.pid, &recording->say);
	} else {
		ctrace_say_line(&recording->say, "ctrace record: the trace cannot be "
						 "written; the program runs on");
		atomic_store_explicit(&recording->folder.recorder->is_over, 1,
				      memory_order_release);
	}
	result = ctrace_child_go(&recording->child, recording->argv);
	if (result != 0) {
		close_trace(recording);
		unlink(recording->path);
	}
	return result;
}

/* In the trace: of a flight, the last of them. */
static struct ctrace_source_counts kernel_counts(const struct recording *recording)
{
	const struct ctrace_record_flight *flight = &recording->flight;

	if (ctrace_record_flight_is_on(flight)) {
		return (struct ctrace_source_counts){.events = flight->kernel_events,
						     .lost = flight->kernel_lost};
	}
	return ctrace_source_set_counts(&recording->sources.set);
}

static void say_end(struct recording *recording)
{
	const struct ctrace_source_counts counts = kernel_counts(recording);
	const struct ctrace_record_sums sums = {
		.path = recording->path,
		.program = recording->argv[0],
		.totals = &recording->totals,
		.processes = recording->follow.seen,
		.kernel_events = counts.events,
		.kernel_lost = counts.lost,
		.has_sources = ctrace_record_sources_had(&recording->sources),
		.age_ns = age_ns(recording),
	};

	ctrace_say_end(&recording->say, &sums);
}

/* From the program's fork to its end. Returns the exit status. */
static int run(struct recording *recording)
{
	uint64_t base_ticks;
	int status = start(recording, &base_ticks);

	if (status == 0) {
		status = go(recording, base_ticks);
	}
	if (status != 0) {
		return status;
	}
	watch(recording);
	close_trace(recording);
	say_end(recording);
	return recording->child.status;
}

static int record(struct recording *recording)
{
	int status = ctrace_child_check(recording->argv);

	if (status != 0) {
		return status;
	}
	choose_clock();
	ctrace_say_init(&recording->say, recording->options.is_quiet);
	status = run(recording);
	ctrace_outside_finish(&recording->outside);
	ctrace_record_flight_finish(&recording->flight);
	ctrace_file_sink_finish(&recording->sink);
	ctrace_ring_folder_remove(&recording->folder);
	return status;
}

static int complain_usage(const char *what)
{
	fprintf(stderr, "ctrace record: %s; see `ctrace record --help`\n", what);
	return CTRACE_EXIT_USAGE;
}

int ctrace_command_record(int argc, char **argv)
{
	struct recording recording = {.path = "trace.out",
				      .sources.sample_hz = CTRACE_SAMPLE_HZ_UNSAID};
	const struct ctrace_option own[] = {
		{.name = "output",
		 .letter = 'o',
		 .value = "FILE",
		 .help = "the trace; trace.out without it",
		 .kind = CTRACE_OPTION_TEXT,
		 .into = &recording.path},
		{.name = "seconds",
		 .value = "TIME",
		 .help = "stop recording after so long: 10, 500ms; the program runs on",
		 .kind = CTRACE_OPTION_TIME,
		 .into = &recording.seconds_ns},
		{.name = "categories",
		 .value = "LIST",
		 .help = "what to record: http,db or -noise; all without it",
		 .kind = CTRACE_OPTION_TEXT,
		 .into = &recording.categories},
		{.name = "sources",
		 .value = "LIST",
		 .help = "where from: names as `ctrace sources` lists them, +NAME, -NAME, none",
		 .kind = CTRACE_OPTION_TEXT,
		 .into = &recording.sources.list},
		{.name = "buffer",
		 .value = "SIZE",
		 .help = "of the kernel's memory for each CPU: 512K, 8M",
		 .kind = CTRACE_OPTION_BYTES,
		 .into = &recording.sources.buffer_bytes},
		{.name = "flight",
		 .value = "SPEC",
		 .help = "keep only the last: 10s, 64MiB or 10s,64MiB; of all sources",
		 .kind = CTRACE_OPTION_TEXT,
		 .into = &recording.flight.size},
		{.name = "flight-signal",
		 .value = "SIGNAL",
		 .help = "sent to ctrace record: a snapshot now; it is not passed on",
		 .kind = CTRACE_OPTION_TEXT,
		 .into = &recording.flight.signal_word},
		{.name = "flight-rule",
		 .value = "RULES",
		 .help = "a snapshot when a span took longer: handle>10ms,db.*>1s",
		 .kind = CTRACE_OPTION_TEXT,
		 .into = &recording.flight.rules_text},
		{.name = "flight-file",
		 .value = "PATTERN",
		 .help = "of those snapshots: %p recorder's pid, %n number, %r reason",
		 .kind = CTRACE_OPTION_TEXT,
		 .into = &recording.flight.pattern},
		{.name = "sample-hz",
		 .value = "N",
		 .help = "samples a second of what runs: 1 to 10000; 99 without it",
		 .kind = CTRACE_OPTION_COUNT,
		 .into = &recording.sources.sample_hz},
		{0},
	};
	const struct ctrace_usage usage = {
		.synopsis = "record [OPTIONS] -- PROGRAM [ARGUMENTS…]",
		.about = "Run any program, and record it and all that it starts, from outside: "
			 "what the kernel tells of\nthem (see `ctrace sources`), and the spans of "
			 "those that use ctrace, however they end, killed\nincluded. The trace "
			 "goes to trace.out without -o. Signals go on to the program. Exit "
			 "status:\nthe program's, or 128 + the signal that killed it; 127: no such "
			 "program; 126: it cannot run;\n1: nothing could be recorded.",
		.example = "  ctrace record -o trace.out -- ./server --port 8080\n"
			   "  ctrace view trace.out\n",
		.shared = CTRACE_SHARED_QUIET,
		.own = own,
		.operands_min = 1,
		.operands_max = -1,
		.operands_are_a_command = true,
	};
	int status = ctrace_options_parse(&recording.options, &usage, argc, argv);

	if (status >= 0) {
		return status;
	}
	if (strcmp(recording.path, "-") == 0) {
		return complain_usage("standard output is the program's; name a file after -o");
	}
	if (!ctrace_record_flight_choose(&recording.flight) ||
	    !ctrace_record_sources_choose(&recording.sources)) {
		return CTRACE_EXIT_USAGE;
	}
	recording.argv = recording.options.operands;
	return record(&recording);
}
