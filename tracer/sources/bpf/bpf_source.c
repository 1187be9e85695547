/* SPDX-License-Identifier: MIT */
/* Programs in the kernel as a source; see bpf_source.h. */

#include "tracer/sources/bpf/bpf_source.h"

#include "tracer/sources/bpf/bpf_events.h"
#include "tracer/sources/bpf/bpf_programs.h"
#include "tracer/sources/bpf/bpf_ring.h"
#include "tracer/sources/kernel/clock_anchors.h"
#include "tracer/sources/kernel/clock_check.h"
#include "tracer/sources/kernel/open_files.h"
#include "tracer/src/clock/clock.h"

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

struct bpf_cpu {
	struct ctrace_bpf_ring ring;
	struct ctrace_kernel_stream stream;
	const struct ctrace_bpf_head *record; /* the next one, borrowed of the ring; NULL: none */
	uint32_t size;
	uint64_t taken; /* what records stood for, since the beginning */
	uint64_t told;	/* losses, all in all */
};

struct bpf {
	struct ctrace_opened_source base; /* first */
	struct ctrace_source_trace *trace;
	struct ctrace_bpf_programs *programs; /* owned */
	struct ctrace_clock_anchors anchors;
	struct bpf_cpu *cpus; /* owned */
	unsigned cpu_count;
	uint64_t buffer_kb;
	uint64_t malformed; /* records that were not what their kind says */
};

/* ---- rings ---- */

static bool open_ring(struct bpf *bpf, uint32_t cpu, struct ctrace_source_answer *answer)
{
	struct ctrace_bpf_ring *ring = &bpf->cpus[cpu].ring;
	int result = ctrace_bpf_ring_init(ring, bpf->buffer_kb);

	/* Less where memory is short. */
	while (result != 0 && bpf->buffer_kb / 2 >= BUFFER_KB_MIN) {
		bpf->buffer_kb /= 2;
		result = ctrace_bpf_ring_init(ring, bpf->buffer_kb);
	}
	if (result == 0) {
		result = ctrace_bpf_programs_use(bpf->programs, cpu, ring->map);
	}
	if (result != 0) {
		ctrace_source_refuse(answer, "", "a ring of %" PRIu64 " KiB for CPU %u: %s",
				     bpf->buffer_kb, cpu, strerror(-result));
	}
	return result == 0;
}

static bool open_rings(struct bpf *bpf, uint64_t asked_kb, struct ctrace_source_answer *answer)
{
	uint64_t kb = BUFFERS_KB / bpf->cpu_count;

	kb = kb < BUFFER_KB ? kb : BUFFER_KB;
	bpf->buffer_kb = asked_kb != 0 ? asked_kb : kb;
	bpf->cpus = calloc(bpf->cpu_count, sizeof(*bpf->cpus));
	if (bpf->cpus == NULL) {
		ctrace_source_refuse(answer, "", "no memory");
		return false;
	}
	for (uint32_t cpu = 0; cpu < bpf->cpu_count; cpu++) {
		if (!open_ring(bpf, cpu, answer)) {
			return false;
		}
	}
	return true;
}

/* Is there a record? */
static bool look(struct bpf_cpu *cpu)
{
	if (cpu->record == NULL) {
		cpu->record = ctrace_bpf_ring_peek(&cpu->ring, &cpu->size);
	}
	return cpu->record != NULL;
}

static void take(struct bpf_cpu *cpu)
{
	cpu->taken += ctrace_bpf_event_weight(cpu->record);
	ctrace_bpf_ring_take(&cpu->ring);
	cpu->record = NULL;
}

/* ---- the clock's self-test ---- */

/* Of the call that begins; -1: none does. */
static int64_t number_of(const struct ctrace_bpf_head *record)
{
	const struct ctrace_bpf_enter *enter = (const void *)record;
	const struct ctrace_bpf_call *call = (const void *)record;

	switch (record->kind) {
	case CTRACE_BPF_ENTER:
		return enter->number;
	case CTRACE_BPF_CALL:
		return call->number;
	default:
		return -1;
	}
}

static uint64_t begin_of(const struct bpf *bpf, const struct bpf_cpu *cpu)
{
	return ctrace_clock_anchors_ticks(&bpf->anchors, ctrace_bpf_event_begin(cpu->record));
}

static void take_check(const struct bpf *bpf, struct bpf_cpu *cpu, struct ctrace_clock_check *check)
{
	while (look(cpu)) {
		if (cpu->record->tid == (uint32_t)gettid() &&
		    number_of(cpu->record) == ctrace_clock_check_call()) {
			ctrace_clock_check_stamp(check, begin_of(bpf, cpu));
		}
		take(cpu);
	}
}

/* We are the only one followed. Returns how many of our calls were recorded. */
static unsigned check_clock(struct bpf *bpf)
{
	struct ctrace_clock_check check;

	ctrace_bpf_programs_forget(bpf->programs);
	ctrace_bpf_programs_follow(bpf->programs, (uint32_t)gettid());
	ctrace_bpf_programs_begin(bpf->programs);
	ctrace_clock_check_run(&check);
	ctrace_bpf_programs_end(bpf->programs);
	ctrace_bpf_programs_forget(bpf->programs);
	ctrace_clock_anchors_add(&bpf->anchors);
	for (unsigned i = 0; i < bpf->cpu_count; i++) {
		take_check(bpf, &bpf->cpus[i], &check);
	}
	ctrace_clock_check_add(&check, &bpf->base.counts);
	return check.stamp_count;
}

/* ---- open ---- */

static void give_back(struct bpf *bpf)
{
	ctrace_bpf_programs_destroy(bpf->programs);
	for (unsigned i = 0; bpf->cpus != NULL && i < bpf->cpu_count; i++) {
		ctrace_kernel_stream_finish(&bpf->cpus[i].stream);
		ctrace_bpf_ring_finish(&bpf->cpus[i].ring);
	}
	free(bpf->cpus);
	free(bpf);
}

/* Everything counts from 0. */
static bool begin_streams(struct bpf *bpf, struct ctrace_source_answer *answer)
{
	for (uint32_t i = 0; i < bpf->cpu_count; i++) {
		struct bpf_cpu *cpu = &bpf->cpus[i];

		ctrace_bpf_programs_restart(bpf->programs, i);
		cpu->taken = 0;
		cpu->ring.read_bytes = 0;
		if (!ctrace_kernel_stream_init(&cpu->stream, bpf->trace, "bpf", i)) {
			ctrace_source_refuse(answer, "", "no memory");
			return false;
		}
	}
	return true;
}

/* Set up and tested with us as the only one followed; then emptied, and the program's. */
static bool open_programs(struct bpf *bpf, const struct ctrace_source_target *target,
			  struct ctrace_source_answer *answer)
{
	bpf->programs = ctrace_bpf_programs_load(bpf->cpu_count, answer);
	if (bpf->programs == NULL || !open_rings(bpf, target->buffer_kb, answer) ||
	    !ctrace_bpf_programs_attach(bpf->programs, answer)) {
		return false;
	}
	ctrace_clock_anchors_init(&bpf->anchors, CTRACE_STAMP_MONOTONIC);
	if (check_clock(bpf) == 0) {
		/* They go by numbers of threads, and ours are not theirs. */
		ctrace_source_refuse(answer, "run ctrace outside of the container",
				     "the kernel does not know thread %d: this is another pid "
				     "namespace",
				     (int)gettid());
		return false;
	}
	if (!begin_streams(bpf, answer)) {
		return false;
	}
	ctrace_bpf_programs_follow(bpf->programs, (uint32_t)target->pid);
	ctrace_bpf_programs_begin(bpf->programs);
	return true;
}

static struct ctrace_opened_source *open_source(const struct ctrace_source_target *target,
						struct ctrace_source_answer *answer)
{
	struct bpf *bpf;

	if (!ctrace_bpf_programs_probe(answer)) {
		return NULL;
	}
	bpf = calloc(1, sizeof(*bpf));
	if (bpf == NULL) {
		ctrace_source_refuse(answer, "", "no memory");
		return NULL;
	}
	bpf->trace = target->trace;
	bpf->cpu_count = (unsigned)sysconf(_SC_NPROCESSORS_CONF);
	if (!open_programs(bpf, target, answer)) {
		give_back(bpf);
		return NULL;
	}
	target->trace->has_tasks = true;
	return &bpf->base;
}

static void probe(struct ctrace_source_answer *answer)
{
	ctrace_bpf_programs_probe(answer);
}

/* ---- drain ---- */

static void lose(struct bpf_cpu *cpu, uint64_t ticks, uint64_t lost)
{
	if (lost > cpu->told) {
		ctrace_kernel_stream_lost(&cpu->stream, ticks, lost - cpu->told);
		cpu->told = lost;
	}
}

static void write_record(struct bpf *bpf, struct bpf_cpu *cpu)
{
	struct ctrace_kernel_report report = {.stream = &cpu->stream};

	if (!ctrace_bpf_event_is_whole(cpu->record, cpu->size)) {
		bpf->malformed++;
		take(cpu);
		return;
	}
	report.ticks = begin_of(bpf, cpu);
	lose(cpu, report.ticks, cpu->record->lost);
	ctrace_bpf_event_write(&report, cpu->record, &bpf->anchors);
	take(cpu);
}

/* The CPU whose next record is the oldest, and until when it stays so. NULL: none is ready. */
static struct bpf_cpu *oldest(struct bpf *bpf, uint64_t *until)
{
	struct bpf_cpu *first = NULL;

	for (unsigned i = 0; i < bpf->cpu_count; i++) {
		struct bpf_cpu *cpu = &bpf->cpus[i], *later = cpu;

		if (!look(cpu)) {
			continue;
		}
		if (first == NULL || cpu->record->stamp_ns < first->record->stamp_ns) {
			later = first;
			first = cpu;
		}
		if (later != NULL && later->record->stamp_ns < *until) {
			*until = later->record->stamp_ns;
		}
	}
	return first != NULL && first->record->stamp_ns <= *until ? first : NULL;
}

/* Records of all CPUs in order of time, up to and with this stamp. */
static void merge(struct bpf *bpf, uint64_t end)
{
	uint64_t until = end;
	struct bpf_cpu *cpu;

	while ((cpu = oldest(bpf, &until)) != NULL) {
		do {
			write_record(bpf, cpu);
		} while (look(cpu) && cpu->record->stamp_ns <= until);
		until = end;
	}
}

static void count(struct bpf *bpf)
{
	struct ctrace_source_counts *counts = &bpf->base.counts;

	counts->events = 0;
	counts->lost = 0;
	for (unsigned i = 0; i < bpf->cpu_count; i++) {
		counts->events += ctrace_kernel_stream_written(&bpf->cpus[i].stream);
		counts->lost += bpf->cpus[i].told;
	}
}

static void end_round(struct bpf *bpf, struct ctrace_source_pass *pass)
{
	for (unsigned i = 0; i < bpf->cpu_count; i++) {
		struct bpf_cpu *cpu = &bpf->cpus[i];
		unsigned percent = (unsigned)(cpu->ring.read_bytes * 100 / cpu->ring.size);

		pass->fill_percent = percent > pass->fill_percent ? percent : pass->fill_percent;
		ctrace_bpf_ring_give_back(&cpu->ring);
		cpu->ring.read_bytes = 0;
		ctrace_kernel_stream_tick(&cpu->stream, pass->now_ms);
	}
}

static void drain(struct ctrace_opened_source *opened, struct ctrace_source_pass *pass)
{
	struct bpf *bpf = (void *)opened;
	uint64_t before = opened->counts.events;
	uint64_t settled, end = UINT64_MAX;

	if (pass->is_last) {
		ctrace_bpf_programs_end(bpf->programs);
	}
	settled = ctrace_clock_ticks() - bpf->trace->ticks_per_second / SETTLED_PER_SECOND;
	ctrace_clock_anchors_add(&bpf->anchors);
	if (!pass->is_last) {
		end = ctrace_clock_anchors_stamp(&bpf->anchors, settled);
	}
	merge(bpf, end);
	end_round(bpf, pass);
	ctrace_open_files_round(bpf->trace, pass->is_last ? UINT64_MAX : settled);
	ctrace_kernel_threads_state(bpf->trace);
	count(bpf);
	pass->events += opened->counts.events - before;
}

/* ---- close ---- */

static void remark(struct bpf *bpf, uint64_t kernel, uint64_t taken)
{
	struct ctrace_source_counts *counts = &bpf->base.counts;
	uint64_t unfollowed = ctrace_bpf_programs_unfollowed(bpf->programs);
	uint64_t missed = ctrace_bpf_programs_missed(bpf->programs);
	int used = snprintf(counts->remark, sizeof(counts->remark),
			    "%" PRIu64 " KiB each CPU; the kernel counted %" PRIu64
			    " records, taken or lost %" PRIu64,
			    bpf->buffer_kb, kernel, taken);

	if (unfollowed + missed + bpf->malformed != 0) {
		snprintf(counts->remark + used, sizeof(counts->remark) - (size_t)used,
			 "; %" PRIu64 " threads too many to follow, %" PRIu64
			 " programs not run, %" PRIu64 " records not understood",
			 unfollowed, missed, bpf->malformed);
	}
}

/* Losses that no record told of, and whether all sums are right. */
static void settle(struct bpf *bpf)
{
	uint64_t kernel = 0, taken = 0;

	for (uint32_t i = 0; i < bpf->cpu_count; i++) {
		struct bpf_cpu *cpu = &bpf->cpus[i];
		struct ctrace_bpf_counts said = ctrace_bpf_programs_counts(bpf->programs, i);

		lose(cpu, ctrace_clock_ticks(), said.lost);
		kernel += said.tried;
		taken += cpu->taken + cpu->told;
	}
	count(bpf);
	remark(bpf, kernel, taken);
}

static void close_source(struct ctrace_opened_source *opened, struct ctrace_source_counts *counts)
{
	struct bpf *bpf = (void *)opened;

	settle(bpf);
	check_clock(bpf);
	*counts = opened->counts;
	give_back(bpf);
}

const struct ctrace_source ctrace_source_bpf = {
	.name = "bpf",
	.about = "who ran where and who woke it, system calls with the paths they are given",
	.costs = "a call 270 ns, with a path 490 ns; a switch or a waking 160 ns",
	.gives = CTRACE_GIVES_SWITCHES | CTRACE_GIVES_WAKERS | CTRACE_GIVES_CALLS,
	.probe = probe,
	.open = open_source,
	.drain = drain,
	.close = close_source,
};
