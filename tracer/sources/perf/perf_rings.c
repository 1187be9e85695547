/* SPDX-License-Identifier: MIT */

/* A ring for each processor, read in the order of time; see perf_rings.h. */

#include "tracer/sources/perf/perf_rings.h"

#include "tracer/sources/perf/perf_selftest.h"
#include "tracer/src/clock/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Far longer than the kernel takes to write a record it has stamped. */
#define SETTLE_NS 1000000u

/* Without a bound of the user's: what an unprivileged user may lock on each processor
 * (perf_event_mlock_kb). */
#define RING_KB_DEFAULT 512u

/* ---- opening ---- */

static int open_cpu(struct ctrace_perf_rings *rings, const struct ctrace_source_target *target,
		    const char *name, int cpu)
{
	struct ctrace_perf_cpu *at = &rings->cpus[rings->count];
	uint64_t kb = rings->kb != 0 ? rings->kb : RING_KB_DEFAULT;
	int result;

	kb = target->buffer_kb != 0 ? target->buffer_kb : kb;
	*at = (struct ctrace_perf_cpu){.cpu = cpu};
	at->fd = ctrace_perf_open(&rings->attr, rings->is_wide ? -1 : target->pid, cpu);
	if (at->fd < 0) {
		return at->fd;
	}
	result = ctrace_perf_ring_init(&at->ring, at->fd, kb);
	if (result == 0 &&
	    !ctrace_kernel_stream_init(&at->stream, target->trace, name, (uint32_t)cpu)) {
		result = -ENOMEM;
	}
	if (result != 0) {
		ctrace_perf_ring_finish(&at->ring);
		close(at->fd);
		return result;
	}
	rings->count++;
	return 0;
}

/* Processors that do not run say ENODEV: they have nothing to tell. */
static int open_all(struct ctrace_perf_rings *rings, const struct ctrace_source_target *target,
		    const char *name)
{
	int end = (int)sysconf(_SC_NPROCESSORS_CONF), result = 0;

	rings->cpus = calloc((size_t)end, sizeof(*rings->cpus));
	if (rings->cpus == NULL) {
		return -ENOMEM;
	}
	for (int cpu = 0; cpu < end && (result == 0 || result == -ENODEV); cpu++) {
		result = open_cpu(rings, target, name, cpu);
	}
	return result == -ENODEV && rings->count > 0 ? 0 : result;
}

bool ctrace_perf_rings_open(struct ctrace_perf_rings *rings, const struct perf_event_attr *attr,
			    const struct ctrace_source_target *target, const char *name,
			    struct ctrace_source_answer *answer)
{
	int result;

	rings->attr = *attr;
	rings->attr.inherit = !rings->is_wide;
	rings->attr.enable_on_exec = !rings->is_wide;
	rings->trace = target->trace;
	result = open_all(rings, target, name);
	if (result != 0) {
		ctrace_perf_refuse(answer, -result);
		ctrace_perf_rings_close(rings);
		return false;
	}
	ctrace_clock_anchors_init(&rings->anchors, CTRACE_STAMP_RAW);
	ctrace_perf_selftest(&rings->anchors, &rings->checks);
	return true;
}

/* ---- further events ---- */

static int add_to_cpu(struct ctrace_perf_cpu *cpu, struct perf_event_attr *attr, pid_t pid)
{
	int fd;

	if (cpu->other_count == CTRACE_PERF_OTHERS_MAX) {
		return -E2BIG;
	}
	fd = ctrace_perf_open(attr, pid, cpu->cpu);
	if (fd >= 0 && ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, cpu->fd) != 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	if (fd >= 0) {
		cpu->others[cpu->other_count++] = fd;
	}
	return fd;
}

bool ctrace_perf_rings_add(struct ctrace_perf_rings *rings, const struct perf_event_attr *attr,
			   pid_t pid, struct ctrace_source_answer *answer)
{
	struct perf_event_attr own = *attr;

	own.inherit = pid != -1;
	for (uint32_t i = 0; i < rings->count; i++) {
		int fd = add_to_cpu(&rings->cpus[i], &own, pid);

		if (fd < 0) {
			ctrace_perf_refuse(answer, -fd);
			return false;
		}
	}
	return true;
}

static void tell_all(struct ctrace_perf_rings *rings, unsigned long request)
{
	for (uint32_t i = 0; i < rings->count; i++) {
		struct ctrace_perf_cpu *cpu = &rings->cpus[i];

		for (unsigned n = 0; n < cpu->other_count; n++) {
			ioctl(cpu->others[n], request, 0);
		}
		ioctl(cpu->fd, request, 0);
	}
}

void ctrace_perf_rings_enable(struct ctrace_perf_rings *rings)
{
	tell_all(rings, PERF_EVENT_IOC_ENABLE);
}

void ctrace_perf_rings_disable(struct ctrace_perf_rings *rings)
{
	tell_all(rings, PERF_EVENT_IOC_DISABLE);
}

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
	} else {
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

/* The kernel tells of a loss at its next record; after the last there is none. */
static void lose_untold(struct ctrace_perf_rings *rings, struct ctrace_perf_cpu *cpu)
{
	uint64_t lost = ctrace_perf_lost(cpu->fd, &rings->attr);

	for (unsigned n = 0; n < cpu->other_count; n++) {
		lost += ctrace_perf_lost(cpu->others[n], &rings->attr);
	}
	if (lost > cpu->told) {
		lose(rings, cpu, ctrace_clock_ticks(), lost - cpu->told);
	}
}

void ctrace_perf_rings_close(struct ctrace_perf_rings *rings)
{
	if (rings->count > 0) {
		ctrace_clock_anchors_add(&rings->anchors);
		ctrace_perf_selftest(&rings->anchors, &rings->checks);
	}
	for (uint32_t i = 0; i < rings->count; i++) {
		struct ctrace_perf_cpu *cpu = &rings->cpus[i];

		lose_untold(rings, cpu);
		ctrace_kernel_stream_finish(&cpu->stream);
		ctrace_perf_ring_finish(&cpu->ring);
		for (unsigned n = 0; n < cpu->other_count; n++) {
			close(cpu->others[n]);
		}
		close(cpu->fd);
	}
	free(rings->cpus);
	rings->cpus = NULL;
	rings->count = 0;
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
