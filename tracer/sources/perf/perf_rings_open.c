/* SPDX-License-Identifier: MIT */

/* Events on processors, and the rings they share: what is opened, and told to begin and end; see
 * perf_rings.h. */

#include "tracer/sources/perf/perf_rings.h"

#include "tracer/sources/kernel/kept_files.h"
#include "tracer/sources/kernel/own_threads.h"
#include "tracer/sources/perf/perf_selftest.h"
#include "tracer/src/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Without a bound of the user's: what an unprivileged user may lock on each processor
 * (perf_event_mlock_kb). */
#define RING_KB_DEFAULT 512u

/* ---- events ---- */

static struct ctrace_perf_slot *new_slot(struct ctrace_perf_rings *rings)
{
	uint32_t capacity = rings->slot_capacity != 0 ? 2 * rings->slot_capacity : 16;
	struct ctrace_perf_slot *more;

	if (rings->slot_count == rings->slot_capacity) {
		more = realloc(rings->slots, capacity * sizeof(*more));
		if (more == NULL) {
			return NULL;
		}
		rings->slots = more;
		rings->slot_capacity = capacity;
	}
	return &rings->slots[rings->slot_count];
}

/* Opens an event on a processor; returns its descriptor or -errno. */
static int add_slot(struct ctrace_perf_rings *rings, struct perf_event_attr *attr, pid_t tid,
		    uint32_t index)
{
	struct ctrace_perf_slot *slot = new_slot(rings);
	int fd;

	if (slot == NULL) {
		return -ENOMEM;
	}
	fd = ctrace_perf_open(attr, tid, rings->cpus[index].cpu);
	if (fd < 0) {
		return fd;
	}
	*slot = (struct ctrace_perf_slot){.file = ctrace_kept_add(fd), .cpu = index};
	if (slot->file == NULL) {
		return -ENOMEM;
	}
	rings->slot_count++;
	return fd;
}

/* What the program closed is not touched: its number may be another file's. */
static void close_slot(struct ctrace_perf_rings *rings)
{
	struct ctrace_kept_file *file = rings->slots[--rings->slot_count].file;

	/* A child that we forked may still have it open. */
	if (ctrace_kept_is_ours(file)) {
		ioctl(ctrace_kept_fd(file), PERF_EVENT_IOC_DISABLE, 0);
	}
	ctrace_kept_close(file);
}

/* ---- opening ---- */

/* Its event, its ring, its stream. */
static int open_cpu(struct ctrace_perf_rings *rings, const struct ctrace_source_target *target,
		    const char *name, int cpu)
{
	struct ctrace_perf_cpu *at = &rings->cpus[rings->count];
	uint64_t kb = rings->kb != 0 ? rings->kb : RING_KB_DEFAULT;
	/* Of our own process this event records nothing: it holds the ring. */
	pid_t tid = target->own != NULL ? 0 : target->pid;
	int result;

	kb = target->buffer_kb != 0 ? target->buffer_kb : kb;
	*at = (struct ctrace_perf_cpu){.cpu = cpu};
	at->fd = add_slot(rings, &rings->attr, rings->is_wide ? -1 : tid, rings->count);
	if (at->fd < 0) {
		return at->fd;
	}
	result = ctrace_perf_ring_init(&at->ring, at->fd, kb);
	rings->is_unmappable = result != 0;
	if (result == 0 &&
	    !ctrace_kernel_stream_init(&at->stream, target->trace, name, (uint32_t)cpu)) {
		result = -ENOMEM;
	}
	if (result != 0) {
		ctrace_perf_ring_finish(&at->ring);
		close_slot(rings);
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

static int add_thread_on(struct ctrace_perf_rings *rings, pid_t tid, uint32_t index)
{
	int fd = add_slot(rings, &rings->attr, tid, index);

	if (fd < 0) {
		return fd;
	}
	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, rings->cpus[index].fd) != 0) {
		return -errno;
	}
	if (!ctrace_perf_ways_add(&rings->ways,
				  ctrace_kept_event(rings->slots[rings->slot_count - 1].file),
				  (uint32_t)tid)) {
		return -ENOMEM;
	}
	return ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) == 0 ? 0 : -errno;
}

/* On every processor. One that is gone meanwhile, or is just going, has nothing to tell. */
static int add_thread(struct ctrace_perf_rings *rings, pid_t tid)
{
	int result = 0;

	for (uint32_t i = 0; i < rings->count && result == 0; i++) {
		result = add_thread_on(rings, tid, i);
	}
	return result == -ESRCH ? 0 : result;
}

static bool has_room(struct ctrace_perf_rings *rings, uint32_t threads,
		     struct ctrace_source_answer *answer)
{
	uint64_t needs = (uint64_t)threads * rings->count, left = ctrace_own_descriptors_left();

	if (rings->slot_count + needs > CTRACE_OWN_EVENTS_MAX) {
		ctrace_source_refuse(answer, "`ctrace record` needs one for each processor",
				     "it needs an event for each thread on each processor: %" PRIu64
				     ", and %u are the most",
				     needs, CTRACE_OWN_EVENTS_MAX);
		return false;
	}
	if (needs > left) {
		ctrace_source_refuse(answer, "a larger `ulimit -n`",
				     "it needs a descriptor for each thread on each processor: "
				     "%" PRIu64 ", and may take %" PRIu64
				     ", half of what the program has left",
				     needs, left);
		return false;
	}
	return true;
}

/* Those that are there, those that came while they were opened, and so on: who comes later inherits
 * from who made it. */
static bool add_threads(struct ctrace_perf_rings *rings, struct ctrace_own_threads *own,
			struct ctrace_source_answer *answer)
{
	uint32_t done = 0;
	int result = 0;

	for (unsigned looks = 0; looks < CTRACE_OWN_LOOKS_MAX; looks++) {
		ctrace_own_threads_look(own);
		if (done == own->count) {
			break;
		}
		if (!has_room(rings, own->count - done, answer)) {
			return false;
		}
		while (done < own->count && result == 0) {
			result = add_thread(rings, own->list[done++]);
		}
		if (result != 0) {
			ctrace_perf_refuse(answer, -result);
			return false;
		}
	}
	return true;
}

static bool begin(struct ctrace_perf_rings *rings, const struct ctrace_source_target *target,
		  const char *name, struct ctrace_source_answer *answer)
{
	int result = open_all(rings, target, name);

	if (result != 0) {
		if (rings->is_unmappable) {
			ctrace_perf_refuse_ring(answer, -result);
		} else {
			ctrace_perf_refuse(answer, -result);
		}
		return false;
	}
	return target->own == NULL || add_threads(rings, target->own, answer);
}

bool ctrace_perf_rings_open(struct ctrace_perf_rings *rings, const struct perf_event_attr *attr,
			    const struct ctrace_source_target *target, const char *name,
			    struct ctrace_source_answer *answer)
{
	rings->attr = *attr;
	rings->attr.inherit = !rings->is_wide;
	if (target->own != NULL) {
		rings->own = target->own;
		rings->own_pid = (uint32_t)target->pid;
		rings->attr.inherit_thread = 1;
		rings->attr.sample_type |= CTRACE_PERF_EVENT_TYPE;
	} else {
		rings->attr.enable_on_exec = !rings->is_wide;
	}
	rings->trace = target->trace;
	if (!begin(rings, target, name, answer)) {
		ctrace_perf_rings_close(rings);
		return false;
	}
	ctrace_clock_anchors_init(&rings->anchors, CTRACE_STAMP_RAW);
	ctrace_perf_selftest(&rings->anchors, &rings->checks);
	rings->is_begun = true;
	return true;
}

void ctrace_perf_rings_close_slots(struct ctrace_perf_rings *rings)
{
	while (rings->slot_count > 0) {
		close_slot(rings);
	}
	free(rings->slots);
	rings->slots = NULL;
	rings->slot_capacity = 0;
}

/* ---- further events ---- */

static int add_to_cpu(struct ctrace_perf_rings *rings, struct perf_event_attr *attr, pid_t pid,
		      uint32_t index)
{
	int fd = add_slot(rings, attr, pid, index);

	if (fd >= 0 && ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, rings->cpus[index].fd) != 0) {
		int error = errno;

		close_slot(rings);
		return -error;
	}
	return fd;
}

bool ctrace_perf_rings_add(struct ctrace_perf_rings *rings, const struct perf_event_attr *attr,
			   pid_t pid, struct ctrace_source_answer *answer)
{
	struct perf_event_attr own = *attr;

	own.inherit = pid != -1;
	for (uint32_t i = 0; i < rings->count; i++) {
		int fd = add_to_cpu(rings, &own, pid, i);

		if (fd < 0) {
			ctrace_perf_refuse(answer, -fd);
			return false;
		}
	}
	return true;
}

/* Those that share a ring before the one whose ring it is. */
static void tell_all(struct ctrace_perf_rings *rings, unsigned long request)
{
	for (uint32_t i = rings->slot_count; i-- > 0;) {
		ioctl(ctrace_kept_fd(rings->slots[i].file), request, 0);
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
