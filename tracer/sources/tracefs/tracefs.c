/* SPDX-License-Identifier: MIT */
/* The kernel's tracer as a source; see tracefs.h. */

#include "tracer/sources/tracefs/tracefs.h"

#include "tracer/sources/kernel/clock_check.h"
#include "tracer/sources/kernel/open_files.h"
#include "tracer/sources/kernel/own_threads.h"
#include "tracer/sources/tracefs/tracefs_clock.h"
#include "tracer/sources/tracefs/tracefs_events.h"
#include "tracer/sources/tracefs/tracefs_instance.h"
#include "tracer/sources/tracefs/tracefs_mount.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of each CPU: 50 ms of the fastest calls there are; of all together: what a large machine has. */
#define BUFFER_KB     8192u
#define BUFFER_KB_MIN 64u
#define BUFFERS_KB    (1u << 20)
/*
 * A record is in its ring this long after its stamp was taken: rounds take what is older, so that
 * records of all CPUs come in order.
 */
#define SETTLED_PER_SECOND 5000u /* 200 us */

struct tracefs {
	struct ctrace_opened_source base; /* first */
	struct ctrace_source_trace *trace;
	struct ctrace_tracefs_instance instance;
	struct ctrace_tracefs_layout layout;
	struct ctrace_tracefs_clock clock;
	struct ctrace_tracefs_cpu *cpus; /* owned */
	unsigned cpu_count;
	uint64_t buffer_kb;
	bool is_lost; /* the program that we are in took its descriptors */
};

/* ---- settings ---- */

static bool set(const struct tracefs *tracefs, const char *path, const char *text,
		struct ctrace_source_answer *answer)
{
	int result = ctrace_tracefs_write(tracefs->instance.directory, path, text);

	if (result != 0) {
		ctrace_source_refuse(answer, "", "tracefs refuses %s in %s: %s", text, path,
				     strerror(-result));
	}
	return result == 0;
}

static bool set_number(const struct tracefs *tracefs, const char *path, uint64_t number,
		       struct ctrace_source_answer *answer)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	return set(tracefs, path, text, answer);
}

/* As much as is good; less where memory is short. */
static bool set_buffer(struct tracefs *tracefs, uint64_t asked_kb,
		       struct ctrace_source_answer *answer)
{
	uint64_t kb = BUFFERS_KB / tracefs->cpu_count;

	kb = kb < BUFFER_KB ? kb : BUFFER_KB;
	kb = asked_kb != 0 ? asked_kb : kb;
	while (!set_number(tracefs, "buffer_size_kb", kb, answer)) {
		if (kb / 2 < BUFFER_KB_MIN) {
			return false;
		}
		kb /= 2;
	}
	tracefs->buffer_kb = kb;
	return true;
}

static bool enable_events(const struct tracefs *tracefs, struct ctrace_source_answer *answer)
{
	char path[96];

	for (unsigned event = 0; event < CTRACE_TRACEFS_EVENTS; event++) {
		snprintf(path, sizeof(path), "events/%s/enable",
			 ctrace_tracefs_event_path((enum ctrace_tracefs_event)event));
		if (tracefs->layout.ids[event] != 0 && !set(tracefs, path, "1", answer)) {
			return false;
		}
	}
	return true;
}

static bool configure(struct tracefs *tracefs, uint64_t buffer_kb,
		      struct ctrace_source_answer *answer)
{
	/* Costs time at each switch, and only serves readers of text. */
	ctrace_tracefs_write(tracefs->instance.directory, "options/record-cmd", "0");
	return set(tracefs, "tracing_on", "0", answer) &&
	       ctrace_tracefs_clock_set(&tracefs->clock, tracefs->instance.directory, answer) &&
	       set_buffer(tracefs, buffer_kb, answer) &&
	       set(tracefs, "options/event-fork", "1", answer) &&
	       set_number(tracefs, "set_event_pid", (uint64_t)gettid(), answer) &&
	       enable_events(tracefs, answer);
}

/* ---- CPUs ---- */

static bool open_cpus(struct tracefs *tracefs, struct ctrace_source_answer *answer)
{
	tracefs->cpus = calloc(tracefs->cpu_count, sizeof(*tracefs->cpus));
	for (unsigned i = 0; tracefs->cpus != NULL && i < tracefs->cpu_count; i++) {
		if (!ctrace_tracefs_cpu_open(&tracefs->cpus[i], tracefs->instance.directory, i,
					     &tracefs->layout) &&
		    errno != ENOENT) {
			ctrace_source_refuse(answer, "", "buffer of CPU %u: %s", i,
					     strerror(errno));
			return false;
		}
	}
	if (tracefs->cpus == NULL) {
		ctrace_source_refuse(answer, "", "no memory");
	}
	return tracefs->cpus != NULL;
}

static bool begin_streams(struct tracefs *tracefs, struct ctrace_source_answer *answer)
{
	for (unsigned i = 0; i < tracefs->cpu_count; i++) {
		struct ctrace_tracefs_cpu *cpu = &tracefs->cpus[i];

		cpu->taken = 0;
		cpu->told = 0;
		cpu->lost = 0;
		if (!ctrace_kernel_stream_init(&cpu->stream, tracefs->trace, "tracefs", i)) {
			ctrace_source_refuse(answer, "", "no memory");
			return false;
		}
	}
	return true;
}

/* ---- the clock's self-test ---- */

static void take_check(struct tracefs *tracefs, struct ctrace_tracefs_cpu *cpu,
		       struct ctrace_clock_check *check)
{
	const struct ctrace_tracefs_layout *layout = &tracefs->layout;

	while (ctrace_tracefs_cpu_look(cpu, layout)) {
		const uint8_t *record = cpu->page.record;
		size_t size = cpu->page.record_size;

		if (ctrace_tracefs_get(record, size, layout->common_type) ==
			    layout->ids[CTRACE_TRACEFS_SYS_ENTER] &&
		    ctrace_tracefs_get(record, size, layout->common_pid) == gettid() &&
		    ctrace_tracefs_get(record, size, layout->enter_id) ==
			    ctrace_clock_check_call()) {
			ctrace_clock_check_stamp(check, ctrace_tracefs_clock_ticks(
								&tracefs->clock, cpu->page.stamp));
		}
		ctrace_tracefs_cpu_take(cpu);
	}
}

/*
 * We are the only one recorded, and not while we read: each read would be two more records.
 * Returns how many of our calls were.
 */
static unsigned check_clock(struct tracefs *tracefs)
{
	struct ctrace_clock_check check;

	ctrace_tracefs_write(tracefs->instance.directory, "tracing_on", "1");
	ctrace_clock_check_run(&check);
	ctrace_tracefs_write(tracefs->instance.directory, "tracing_on", "0");
	ctrace_tracefs_clock_round(&tracefs->clock);
	for (unsigned i = 0; i < tracefs->cpu_count; i++) {
		take_check(tracefs, &tracefs->cpus[i], &check);
	}
	ctrace_clock_check_add(&check, &tracefs->base.counts);
	return check.stamp_count;
}

/* ---- open ---- */

static void give_back(struct tracefs *tracefs)
{
	for (unsigned i = 0; tracefs->cpus != NULL && i < tracefs->cpu_count; i++) {
		ctrace_tracefs_cpu_close(&tracefs->cpus[i]);
	}
	ctrace_tracefs_instance_remove(&tracefs->instance);
	free(tracefs->cpus);
	free(tracefs);
}

/* Those from `first` on are recorded too; returns 0 or -errno. One that is named twice is there
 * once.
 */
static int add_own_threads(const struct tracefs *tracefs, const struct ctrace_own_threads *own,
			   uint32_t first)
{
	char text[16];
	int result = 0;

	for (uint32_t i = first; i < own->count && result == 0; i++) {
		snprintf(text, sizeof(text), "%d", (int)own->list[i]);
		result = ctrace_tracefs_write_more(tracefs->instance.directory, "set_event_pid",
						   text);
	}
	return result;
}

/* Who comes while they are named: of one that is, by the kernel; of one that is not yet, by the
 * next look. */
static bool set_own_threads(struct tracefs *tracefs, struct ctrace_own_threads *own,
			    struct ctrace_source_answer *answer)
{
	uint32_t done = 0;
	int result = ctrace_tracefs_write(tracefs->instance.directory, "set_event_pid", "");

	for (unsigned looks = 0; looks < CTRACE_OWN_LOOKS_MAX && result == 0; looks++) {
		ctrace_own_threads_look(own);
		if (done == own->count) {
			break;
		}
		result = add_own_threads(tracefs, own, done);
		done = own->count;
	}
	if (result != 0) {
		ctrace_source_refuse(answer, "", "tracefs refuses our threads: %s",
				     strerror(-result));
	}
	return result == 0;
}

static bool set_threads(struct tracefs *tracefs, const struct ctrace_source_target *target,
			struct ctrace_source_answer *answer)
{
	return target->own != NULL
		       ? set_own_threads(tracefs, target->own, answer)
		       : set_number(tracefs, "set_event_pid", (uint64_t)target->pid, answer);
}

/* An instance, set up and tested with us as its only process; then emptied, and the program's. */
static bool open_instance(struct tracefs *tracefs, const struct ctrace_source_target *target,
			  struct ctrace_source_answer *answer)
{
	if (!ctrace_tracefs_layout_read(&tracefs->layout, tracefs->instance.root, answer) ||
	    !open_cpus(tracefs, answer) || !configure(tracefs, target->buffer_kb, answer)) {
		return false;
	}
	if (tracefs->layout.ids[CTRACE_TRACEFS_SYS_ENTER] != 0 && check_clock(tracefs) == 0) {
		/* It goes by numbers of processes, and ours are not its. */
		ctrace_source_refuse(
			answer, "run ctrace outside of the container",
			"tracefs does not know process %d: this is another pid namespace",
			(int)getpid());
		return false;
	}
	return set_threads(tracefs, target, answer) && set(tracefs, "trace", "", answer) &&
	       begin_streams(tracefs, answer) && set(tracefs, "tracing_on", "1", answer);
}

static struct ctrace_opened_source *open_source(const struct ctrace_source_target *target,
						struct ctrace_source_answer *answer)
{
	struct tracefs *tracefs;
	int root = ctrace_tracefs_open(answer);

	if (root < 0) {
		return NULL;
	}
	tracefs = calloc(1, sizeof(*tracefs));
	if (tracefs == NULL) {
		close(root);
		ctrace_source_refuse(answer, "", "no memory");
		return NULL;
	}
	ctrace_tracefs_sweep(root);
	tracefs->trace = target->trace;
	tracefs->cpu_count = (unsigned)sysconf(_SC_NPROCESSORS_CONF);
	if (!ctrace_tracefs_instance_make(&tracefs->instance, root, answer) ||
	    !open_instance(tracefs, target, answer)) {
		give_back(tracefs);
		return NULL;
	}
	if (target->own != NULL && !target->trace->has_tasks) {
		ctrace_own_threads_name(target->trace, target->own, 0);
	}
	target->trace->has_tasks = true;
	return &tracefs->base;
}

static void probe(struct ctrace_source_answer *answer)
{
	struct ctrace_tracefs_layout layout;
	int root = ctrace_tracefs_open(answer);

	if (root < 0) {
		return;
	}
	answer->is_available = ctrace_tracefs_layout_read(&layout, root, answer);
	close(root);
}

/* ---- drain ---- */

/* The CPU whose next record is the oldest, and until when it stays so. NULL: none is ready. */
static struct ctrace_tracefs_cpu *oldest(struct tracefs *tracefs, uint64_t *until)
{
	struct ctrace_tracefs_cpu *first = NULL;

	for (unsigned i = 0; i < tracefs->cpu_count; i++) {
		struct ctrace_tracefs_cpu *cpu = &tracefs->cpus[i];

		if (!ctrace_tracefs_cpu_look(cpu, &tracefs->layout)) {
			continue;
		}
		if (first == NULL || cpu->page.stamp < first->page.stamp) {
			*until = first != NULL && first->page.stamp < *until ? first->page.stamp
									     : *until;
			first = cpu;
		} else if (cpu->page.stamp < *until) {
			*until = cpu->page.stamp;
		}
	}
	return first != NULL && first->page.stamp <= *until ? first : NULL;
}

/* Records of all CPUs in order of time, up to and with this stamp. */
static void merge(struct tracefs *tracefs, uint64_t end)
{
	uint64_t until = end;
	struct ctrace_tracefs_cpu *cpu;

	while ((cpu = oldest(tracefs, &until)) != NULL) {
		do {
			ctrace_tracefs_event_write(
				cpu, &tracefs->layout,
				ctrace_tracefs_clock_ticks(&tracefs->clock, cpu->page.stamp));
			ctrace_tracefs_cpu_take(cpu);
		} while (ctrace_tracefs_cpu_look(cpu, &tracefs->layout) &&
			 cpu->page.stamp <= until);
		until = end;
	}
}

static void count(struct tracefs *tracefs)
{
	struct ctrace_source_counts *counts = &tracefs->base.counts;

	counts->events = 0;
	counts->lost = 0;
	for (unsigned i = 0; i < tracefs->cpu_count; i++) {
		counts->events += ctrace_kernel_stream_written(&tracefs->cpus[i].stream);
		counts->lost += tracefs->cpus[i].told;
	}
}

static void note_fill(struct tracefs *tracefs, struct ctrace_source_pass *pass)
{
	for (unsigned i = 0; i < tracefs->cpu_count; i++) {
		struct ctrace_tracefs_cpu *cpu = &tracefs->cpus[i];
		unsigned percent = (unsigned)(cpu->read_bytes * 100 / (tracefs->buffer_kb << 10));

		pass->fill_percent = percent > pass->fill_percent ? percent : pass->fill_percent;
		cpu->read_bytes = 0;
	}
}

static bool is_ours(struct tracefs *tracefs)
{
	tracefs->is_lost |= !ctrace_tracefs_instance_is_ours(&tracefs->instance);
	return !tracefs->is_lost;
}

static void drain(struct ctrace_opened_source *opened, struct ctrace_source_pass *pass)
{
	struct tracefs *tracefs = (void *)opened;
	uint64_t before = opened->counts.events;
	uint64_t now = ctrace_clock_ticks(), settled, end = UINT64_MAX;

	if (!is_ours(tracefs)) {
		return;
	}
	if (pass->is_last) {
		ctrace_tracefs_write(tracefs->instance.directory, "tracing_on", "0");
	}
	settled = now - tracefs->trace->ticks_per_second / SETTLED_PER_SECOND;
	ctrace_tracefs_clock_round(&tracefs->clock);
	if (!pass->is_last) {
		end = ctrace_tracefs_clock_stamp(&tracefs->clock, settled);
	}
	merge(tracefs, end);
	for (unsigned i = 0; i < tracefs->cpu_count; i++) {
		ctrace_kernel_stream_tick(&tracefs->cpus[i].stream, pass->now_ms);
	}
	ctrace_open_files_round(tracefs->trace, pass->is_last ? UINT64_MAX : settled);
	ctrace_kernel_threads_state(tracefs->trace);
	count(tracefs);
	note_fill(tracefs, pass);
	pass->events += opened->counts.events - before;
}

/* ---- close ---- */

/* Losses that no page told of, and whether all sums are right. */
static void settle(struct tracefs *tracefs)
{
	struct ctrace_source_counts *counts = &tracefs->base.counts;
	uint64_t kernel = 0, taken = 0;

	for (unsigned i = 0; i < tracefs->cpu_count; i++) {
		struct ctrace_tracefs_cpu *cpu = &tracefs->cpus[i];
		struct ctrace_tracefs_counts said = ctrace_tracefs_cpu_counts(cpu);

		if (said.lost > cpu->told) {
			ctrace_kernel_stream_lost(&cpu->stream, ctrace_clock_ticks(),
						  said.lost - cpu->told);
			cpu->told = said.lost;
		}
		kernel += said.read + said.unread + said.lost;
		taken += cpu->taken + cpu->told;
	}
	count(tracefs);
	snprintf(counts->remark, sizeof(counts->remark),
		 "%s clock, %" PRIu64 " KiB each CPU; the kernel counted %" PRIu64
		 " records, taken or lost %" PRIu64,
		 ctrace_tracefs_clock_name(&tracefs->clock), tracefs->buffer_kb, kernel, taken);
}

static void close_source(struct ctrace_opened_source *opened, struct ctrace_source_counts *counts)
{
	struct tracefs *tracefs = (void *)opened;
	struct ctrace_source_answer unused;

	if (is_ours(tracefs)) {
		settle(tracefs);
		if (set_number(tracefs, "set_event_pid", (uint64_t)gettid(), &unused)) {
			check_clock(tracefs);
		}
	} else {
		snprintf(opened->counts.remark, sizeof(opened->counts.remark),
			 "it ended early: the program closed its descriptors");
	}
	*counts = opened->counts;
	give_back(tracefs);
}

const struct ctrace_source ctrace_source_tracefs = {
	.name = "tracefs",
	.about = "who ran where and who woke it, system calls; all processes of the program",
	.costs = "225 ns a record: a call 450 ns",
	.gives = CTRACE_GIVES_SWITCHES | CTRACE_GIVES_WAKERS | CTRACE_GIVES_CALLS,
	.probe = probe,
	.open = open_source,
	.drain = drain,
	.close = close_source,
};
