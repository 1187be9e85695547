/* SPDX-License-Identifier: MIT */

/* A ring for each processor, read in the order of time; see perf_rings.h. Their events are in
 * perf_rings_open.c. */

#include "tracer/sources/perf/perf_rings.h"

#include "tracer/sources/kernel/kept_files.h"
#include "tracer/sources/kernel/own_threads.h"
#include "tracer/sources/perf/perf_selftest.h"
#include "tracer/src/clock/clock.h"

#include <stdio.h>
#include <stdlib.h>

/* Far longer than the kernel takes to write a record it has stamped. */
#define SETTLE_NS 1000000u

/* ---- draining ---- */

static uint64_t oldest_time(struct ctrace_perf_rings *rings, struct ctrace_perf_cpu *cpu)
{
	const struct perf_event_header *header = ctrace_perf_ring_peek(&cpu->ring);

	return header == NULL ? UINT64_MAX
			      : ctrace_perf_record_time(header, rings->attr.sample_type);
}

static struct ctrace_perf_cpu *oldest(struct ctrace_perf_rings *rings, uint64_t *time)
{
	struct ctrace_perf_cpu *found = NULL;

	*time = UINT64_MAX;
	for (uint32_t i = 0; i < rings->count; i++) {
		uint64_t own = oldest_time(rings, &rings->cpus[i]);

		if (own < *time) {
			*time = own;
			found = &rings->cpus[i];
		}
	}
	return found;
}

static void lose(struct ctrace_perf_rings *rings, struct ctrace_perf_cpu *cpu, uint64_t ticks,
		 uint64_t count)
{
	if (count > 0) {
		cpu->told += count;
		rings->lost += count;
		ctrace_kernel_stream_lost(&cpu->stream, ticks, count);
	}
}

/* Of our own process: not its children, whose events the kernel may make, nor what the recorder
 * does, nor what comes twice. */
static bool is_taken(struct ctrace_perf_rings *rings, const struct ctrace_perf_record *record)
{
	if (rings->own == NULL) {
		return true;
	}
	return record->pid == rings->own_pid &&
	       !ctrace_own_threads_is_without(rings->own, (pid_t)record->tid) &&
	       ctrace_perf_ways_take(&rings->ways, record);
}

static void take_record(struct ctrace_perf_rings *rings, struct ctrace_perf_cpu *cpu)
{
	const struct perf_event_header *header = ctrace_perf_ring_peek(&cpu->ring);
	struct ctrace_perf_record record;
	uint64_t ticks;

	if (!ctrace_perf_record_read(&record, header, rings->attr.sample_type)) {
		rings->malformed++;
		return;
	}
	ticks = ctrace_clock_anchors_ticks(&rings->anchors, record.time);
	if (record.type == PERF_RECORD_LOST || record.type == PERF_RECORD_LOST_SAMPLES) {
		lose(rings, cpu, ticks, record.lost);
	} else if (record.type == PERF_RECORD_THROTTLE) {
		rings->throttled++;
	} else if (is_taken(rings, &record)) {
		rings->taken++;
		rings->take(rings->context, cpu, &record, ticks);
	}
}

static void take_until(struct ctrace_perf_rings *rings, uint64_t end_ns)
{
	uint64_t time;
	struct ctrace_perf_cpu *cpu;

	while ((cpu = oldest(rings, &time)) != NULL && time <= end_ns) {
		take_record(rings, cpu);
		ctrace_perf_ring_take(&cpu->ring);
		ctrace_perf_ring_release(&cpu->ring);
	}
}

/* See what is there; returns how full the fullest is. */
static unsigned look(struct ctrace_perf_rings *rings)
{
	unsigned most = 0;

	for (uint32_t i = 0; i < rings->count; i++) {
		unsigned percent;

		ctrace_perf_ring_look(&rings->cpus[i].ring);
		percent = ctrace_perf_ring_percent(&rings->cpus[i].ring);
		most = percent > most ? percent : most;
	}
	return most;
}

static uint64_t written(const struct ctrace_perf_rings *rings)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < rings->count; i++) {
		sum += ctrace_kernel_stream_written(&rings->cpus[i].stream);
	}
	return sum;
}

void ctrace_perf_rings_drain(struct ctrace_perf_rings *rings, struct ctrace_source_pass *pass)
{
	uint64_t end_ns = ctrace_clock_raw_ns() - SETTLE_NS, before = rings->taken;
	unsigned percent = look(rings);

	ctrace_clock_anchors_add(&rings->anchors);
	take_until(rings, pass->is_last ? UINT64_MAX - 1 : end_ns);
	for (uint32_t i = 0; i < rings->count; i++) {
		ctrace_kernel_stream_tick(&rings->cpus[i].stream, pass->now_ms);
	}
	rings->events = written(rings);
	pass->events += rings->taken - before;
	pass->fill_percent = percent > pass->fill_percent ? percent : pass->fill_percent;
}

/* ---- closing ---- */

/* As all events of a processor counted them. */
static uint64_t lost_on(const struct ctrace_perf_rings *rings, uint32_t index)
{
	uint64_t lost = 0;

	for (uint32_t i = 0; i < rings->slot_count; i++) {
		const struct ctrace_perf_slot *slot = &rings->slots[i];

		if (slot->cpu == index && ctrace_kept_is_ours(slot->file)) {
			lost += ctrace_perf_lost(ctrace_kept_fd(slot->file), &rings->attr);
		}
	}
	return lost;
}

/* The kernel tells of a loss at its next record; after the last there is none. */
static void lose_untold(struct ctrace_perf_rings *rings, uint32_t index)
{
	struct ctrace_perf_cpu *cpu = &rings->cpus[index];
	uint64_t lost = lost_on(rings, index);

	if (lost > cpu->told) {
		lose(rings, cpu, ctrace_clock_ticks(), lost - cpu->told);
	}
}

static void close_cpus(struct ctrace_perf_rings *rings)
{
	for (uint32_t i = 0; i < rings->count; i++) {
		if (rings->is_begun) {
			lose_untold(rings, i);
		}
		ctrace_kernel_stream_finish(&rings->cpus[i].stream);
		ctrace_perf_ring_finish(&rings->cpus[i].ring);
	}
}

void ctrace_perf_rings_close(struct ctrace_perf_rings *rings)
{
	if (rings->is_begun) {
		ctrace_clock_anchors_add(&rings->anchors);
		ctrace_perf_selftest(&rings->anchors, &rings->checks);
	}
	close_cpus(rings);
	ctrace_perf_rings_close_slots(rings);
	ctrace_perf_ways_finish(&rings->ways);
	free(rings->cpus);
	rings->cpus = NULL;
	rings->count = 0;
	rings->is_begun = false;
}

void ctrace_perf_rings_count(const struct ctrace_perf_rings *rings,
			     struct ctrace_source_counts *counts)
{
	*counts = rings->checks;
	counts->events = rings->events;
	counts->lost = rings->lost;
	if (rings->attr.read_format == 0) {
		snprintf(counts->remark, sizeof(counts->remark),
			 "this kernel (before 6.0) does not say what it lost at the very end");
	}
	if (rings->throttled > 0) {
		snprintf(counts->remark, sizeof(counts->remark),
			 "the kernel stopped samples %llu times for being too many "
			 "(kernel.perf_cpu_time_max_percent)",
			 (unsigned long long)rings->throttled);
	}
	if (rings->malformed > 0) {
		snprintf(counts->remark, sizeof(counts->remark), "%llu records were not understood",
			 (unsigned long long)rings->malformed);
	}
}
