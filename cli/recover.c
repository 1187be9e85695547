/* SPDX-License-Identifier: MIT */
/* `ctrace recover DIRECTORY`: a trace of what dead processes left in their rings. */

#include "cli/command.h"
#include "cli/json_out.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/recover_list.h"
#include "tracer/outside/outside.h"
#include "tracer/outside/recorder_image.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/directory/self_image.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct recovery {
	struct ctrace_options options;
	bool is_alive_too, is_delete;
	const char *directory;
	struct ctrace_left_list list;
	struct ctrace_outside outside;
	struct ctrace_output output;
	uint32_t recovered, skipped;
	uint64_t lines; /* of JSON */
};

/* ---- what is said ---- */

static void complain(void *unused, const char *line)
{
	(void)unused;
	fprintf(stderr, "%s\n", line);
}

static void print_thread_json(const struct ctrace_outside_ring *ring, bool is_first)
{
	char name[CTRACE_NAME_BYTES_MAX];

	ctrace_ring_name(&ring->ring, name);
	printf("%s\n      {\"tid\": %u, \"name\": ", is_first ? "" : ",",
	       atomic_load_explicit(&ring->ring.shared->tid, memory_order_relaxed));
	ctrace_json_out_string(stdout, name, strlen(name));
	printf(", \"events\": %" PRIu64 ", \"lost\": %" PRIu64 "}", ring->events, ring->lost);
}

static void print_json(struct recovery *recovery, const struct ctrace_left *left,
		       const struct ctrace_outside_process *process)
{
	bool is_first = true;

	printf("%s\n    {\"pid\": %u, \"name\": ", recovery->lines++ > 0 ? "," : "",
	       left->about.pid);
	ctrace_json_out_string(stdout, left->about.name, strlen(left->about.name));
	printf(", \"ended\": ");
	ctrace_json_out_string(stdout, left->ended, strlen(left->ended));
	printf(", \"events\": %" PRIu64 ", \"threads\": [", process->events);
	for (uint32_t i = 0; i < process->rings_end; i++) {
		if (process->rings[i] != NULL && process->rings[i]->file.bytes != NULL) {
			print_thread_json(process->rings[i], is_first);
			is_first = false;
		}
	}
	printf("]}");
}

static void print_thread(const struct ctrace_outside_ring *ring)
{
	char name[CTRACE_NAME_BYTES_MAX];

	ctrace_ring_name(&ring->ring, name);
	printf("  thread %u ", atomic_load_explicit(&ring->ring.shared->tid, memory_order_relaxed));
	ctrace_json_out_string(stdout, name, strlen(name));
	printf(": %" PRIu64 " events, %" PRIu64 " lost\n", ring->events, ring->lost);
}

static void print_text(const struct ctrace_left *left, const struct ctrace_outside_process *process)
{
	printf("process %u ", left->about.pid);
	ctrace_json_out_string(stdout, left->about.name, strlen(left->about.name));
	printf(": %s; %" PRIu64 " events, %u threads\n", left->ended, process->events,
	       process->ring_count);
	for (uint32_t i = 0; i < process->rings_end; i++) {
		if (process->rings[i] != NULL && process->rings[i]->file.bytes != NULL) {
			print_thread(process->rings[i]);
		}
	}
}

static void print_process(struct recovery *recovery, const struct ctrace_left *left,
			  const struct ctrace_outside_process *process)
{
	if (recovery->options.is_json) {
		print_json(recovery, left, process);
	} else if (!recovery->options.is_quiet) {
		print_text(left, process);
	}
}

static void print_sums(const struct recovery *recovery, const struct ctrace_session_totals *totals)
{
	if (recovery->options.is_json) {
		printf("\n  ],\n  \"events\": %" PRIu64 ",\n  \"lost\": %" PRIu64
		       ",\n  \"skipped\": %u,\n  \"problems\": %" PRIu64 "\n}\n",
		       totals->written, totals->lost, recovery->skipped,
		       recovery->outside.complaints + recovery->list.complaints);
	} else if (!recovery->options.is_quiet) {
		printf("%s: %" PRIu64 " events, %" PRIu64 " lost, %u processes, %u threads\n",
		       recovery->output.path, totals->written, totals->lost, recovery->recovered,
		       totals->threads);
	}
}

/* ---- the trace ---- */

static enum ctrace_status write_output(void *output, const void *bytes, size_t size)
{
	return ctrace_output_write(output, bytes, size) ? CTRACE_OK : CTRACE_ERR_IO;
}

static void text_row(struct ctrace_writer *writer, const char *key, const char *text)
{
	ctrace_writer_meta(writer, key, text, strlen(text));
}

/* May ticks of this machine stand beside the dead process's? */
static bool is_same_clock(const struct ctrace_process_image *about)
{
	struct ctrace_process_image here = {.version = 0};

	ctrace_self_image_fill(&here);
	return here.clock_kind == about->clock_kind && strcmp(here.boot_id, about->boot_id) == 0;
}

static void clock_rows(struct ctrace_writer *writer, const struct ctrace_left_list *list)
{
	struct ctrace_clock_row now;

	for (uint32_t i = 0; i < list->count; i++) {
		if (list->items[i].about.clock.ticks <= CTRACE_STILL_TICKS_MAX) {
			ctrace_writer_clock(writer, &list->items[i].about.clock);
		}
	}
	if (is_same_clock(&list->items[0].about)) {
		ctrace_clock_snapshot(&now);
		ctrace_writer_clock(writer, &now);
	}
}

static void describe(struct ctrace_writer *writer, void *context)
{
	const struct ctrace_left_list *list = context;
	const struct ctrace_process_image *first = &list->items[0].about;
	char pid[24];

	snprintf(pid, sizeof(pid), "%u", first->pid);
	text_row(writer, "pid", pid);
	text_row(writer, "recorder", first->recorder);
	ctrace_writer_meta(writer, "program", first->program, first->program_bytes);
	ctrace_writer_meta(writer, "command", first->command, first->command_bytes);
	text_row(writer, "host", first->host);
	text_row(writer, "kernel", first->kernel);
	text_row(writer, "boot_id", first->boot_id);
	clock_rows(writer, list);
}

static uint64_t frequency_of(const struct ctrace_process_image *about)
{
	uint64_t told = atomic_load_explicit(&about->ticks_per_second, memory_order_relaxed);

	if (told != 0) {
		return told;
	}
	return about->clock_kind == ctrace_clock_kind() ? ctrace_clock_frequency() : 1000000000u;
}

static bool begin(struct recovery *recovery)
{
	const struct ctrace_process_image *first = &recovery->list.items[0].about;
	const struct ctrace_session_settings settings = {.write = write_output,
							 .sink = &recovery->output};
	const struct ctrace_session_start start = {
		.base_ticks = first->made, /* the list is sorted by it */
		.ticks_per_second = frequency_of(first),
		.clock_kind = first->clock_kind,
		.describe = describe,
		.context = &recovery->list,
	};
	enum ctrace_status status;

	ctrace_outside_init(&recovery->outside, true, complain, NULL);
	status = ctrace_outside_begin(&recovery->outside, &settings, &start);
	if (status == CTRACE_ERR_NO_MEMORY) {
		fprintf(stderr, "ctrace recover: no memory\n");
	}
	return status == CTRACE_OK;
}

static void recover_one(struct recovery *recovery, const struct ctrace_left *left)
{
	struct ctrace_outside_process *process;
	char key[32];
	bool is_refused;

	process = ctrace_outside_add(&recovery->outside, left->folder, &is_refused);
	if (process == NULL) {
		return;
	}
	snprintf(key, sizeof(key), "ended %u", left->about.pid);
	if (recovery->list.count > 1) {
		text_row(&recovery->outside.session->recording.writer, key, left->ended);
	}
	ctrace_outside_drain(&recovery->outside, process, true);
	recovery->recovered++;
	print_process(recovery, left, process);
	ctrace_outside_remove(&recovery->outside, process);
}

static bool recover_all(struct recovery *recovery)
{
	struct ctrace_session_totals totals;
	char ended[160];

	if (!begin(recovery)) {
		return false;
	}
	if (recovery->options.is_json) {
		printf("{\n  \"processes\": [");
	}
	for (uint32_t i = 0; i < recovery->list.count; i++) {
		recover_one(recovery, &recovery->list.items[i]);
	}
	snprintf(ended, sizeof(ended), "%s", recovery->list.items[0].ended);
	if (recovery->list.count > 1) {
		snprintf(ended, sizeof(ended), "%u processes; the first: %.96s",
			 recovery->list.count, recovery->list.items[0].ended);
	}
	ctrace_outside_end(&recovery->outside, ended, &totals);
	print_sums(recovery, &totals);
	return totals.status == CTRACE_OK && ctrace_output_commit(&recovery->output);
}

/* ---- what is there ---- */

/* Those that still run are left out, with a line each. */
static void skip_alive(struct recovery *recovery)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < recovery->list.count; i++) {
		const struct ctrace_left *item = &recovery->list.items[i];

		if (item->life == CTRACE_LIFE_ALIVE && !recovery->is_alive_too) {
			fprintf(stderr, "%s: process %u still runs; left out (--alive takes it)\n",
				item->folder, item->about.pid);
			recovery->skipped++;
		} else {
			recovery->list.items[kept++] = *item;
		}
	}
	recovery->list.count = kept;
}

static void delete_recovered(const struct recovery *recovery)
{
	char path[PATH_MAX + 16];

	for (uint32_t i = 0; i < recovery->list.count; i++) {
		if (recovery->list.items[i].life != CTRACE_LIFE_ALIVE) {
			ctrace_outside_delete(recovery->list.items[i].folder);
		}
	}
	if (recovery->skipped == 0 && recovery->list.complaints == 0) {
		snprintf(path, sizeof(path), "%s/recorder", recovery->directory);
		if (unlink(path) == 0) {
			rmdir(recovery->directory); /* a recorder's own, and nobody needs it */
		}
	}
}

/* A recorder at work would take the events from under our hands. */
static bool is_being_drained(const char *directory)
{
	bool was_there;
	pid_t pid = ctrace_recorder_image_alive(directory, &was_there);

	if (pid != 0) {
		fprintf(stderr, "%s: `ctrace record`, process %d, is collecting from it\n",
			directory, (int)pid);
	}
	return pid != 0;
}

static int recover(struct recovery *recovery)
{
	const char *output = recovery->options.output;
	bool is_good;

	ctrace_clock_choose();
	if (is_being_drained(recovery->directory) ||
	    !ctrace_left_list_read(&recovery->list, recovery->directory)) {
		return CTRACE_EXIT_FAILED;
	}
	skip_alive(recovery);
	if (recovery->list.count == 0) {
		fprintf(stderr, "%s: nothing to recover: no dead process left its rings here\n",
			recovery->directory);
		return CTRACE_EXIT_FAILED;
	}
	if (!ctrace_output_open(&recovery->output, output != NULL ? output : "trace.out", false)) {
		return CTRACE_EXIT_FAILED;
	}
	is_good = recover_all(recovery);
	if (is_good && recovery->is_delete) {
		delete_recovered(recovery);
	}
	ctrace_outside_finish(&recovery->outside);
	ctrace_output_finish(&recovery->output);
	return is_good && recovery->outside.complaints + recovery->list.complaints == 0
		       ? CTRACE_EXIT_OK
		       : CTRACE_EXIT_FAILED;
}

int ctrace_command_recover(int argc, char **argv)
{
	struct recovery recovery = {.directory = NULL};
	const struct ctrace_option own[] = {
		{.name = "alive",
		 .help = "also what processes that still run have written so far",
		 .kind = CTRACE_OPTION_FLAG,
		 .into = &recovery.is_alive_too},
		{.name = "delete",
		 .help = "remove what was recovered once the trace is there",
		 .kind = CTRACE_OPTION_FLAG,
		 .into = &recovery.is_delete},
		{0},
	};
	const struct ctrace_usage usage = {
		.synopsis = "recover [OPTIONS] DIRECTORY",
		.about =
			"Make a trace of what processes left in a ring directory (CTRACE_RING_DIR) "
			"when they\nended, however they ended: every event that was committed is "
			"there. DIRECTORY is the\nring directory, or one process's folder in it. "
			"The trace goes to trace.out without -o.\nExit status 0: all is there; 1: "
			"something was damaged, and is named, or there is nothing.",
		.example = "  CTRACE_RING_DIR=/dev/shm/rings ./server\n"
			   "  ctrace recover /dev/shm/rings -o crash.out\n",
		.shared = CTRACE_SHARED_OUTPUT | CTRACE_SHARED_JSON | CTRACE_SHARED_QUIET,
		.own = own,
		.operands_min = 1,
		.operands_max = 1,
	};
	int status = ctrace_options_parse(&recovery.options, &usage, argc, argv);

	if (status >= 0) {
		return status;
	}
	recovery.directory = recovery.options.operands[0];
	status = recover(&recovery);
	ctrace_left_list_finish(&recovery.list);
	return status;
}
