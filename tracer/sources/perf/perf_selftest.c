/* SPDX-License-Identifier: MIT */

/* Stamps of the kernel between readings of our clock; see perf_selftest.h. */

#include "tracer/sources/perf/perf_selftest.h"

#include "tracer/sources/kernel/clock_check.h"
#include "tracer/sources/perf/perf_event.h"
#include "tracer/sources/perf/perf_record.h"
#include "tracer/sources/perf/perf_ring.h"
#include "tracer/src/clock/clock.h"

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Each naming costs two microseconds, and its record 48 bytes. */
#define RING_KB 16u

/* A thread that names itself as it is called already is told of all the same. */
static void name_oneself(struct ctrace_clock_check *check)
{
	char name[16] = "";

	prctl(PR_GET_NAME, name);
	for (unsigned i = 0; i < CTRACE_CLOCK_CHECK_CALLS; i++) {
		check->calls[i].before = ctrace_clock_ticks();
		prctl(PR_SET_NAME, name);
		check->calls[i].after = ctrace_clock_ticks();
	}
}

static void compare(struct ctrace_clock_check *check, struct ctrace_perf_ring *ring,
		    const struct ctrace_clock_anchors *anchors)
{
	const struct perf_event_header *header;
	struct ctrace_perf_record record;

	ctrace_perf_ring_look(ring);
	while ((header = ctrace_perf_ring_peek(ring)) != NULL) {
		if (ctrace_perf_record_read(&record, header, CTRACE_PERF_SIDE_TYPE) &&
		    record.type == PERF_RECORD_COMM) {
			ctrace_clock_check_stamp(check,
						 ctrace_clock_anchors_ticks(anchors, record.time));
		}
		ctrace_perf_ring_take(ring);
	}
}

void ctrace_perf_selftest(struct ctrace_clock_anchors *anchors, struct ctrace_source_counts *counts)
{
	struct perf_event_attr attr = ctrace_perf_attr(PERF_COUNT_SW_DUMMY, CTRACE_PERF_SIDE_TYPE);
	struct ctrace_clock_check check = {.stamp_count = 0};
	struct ctrace_perf_ring ring;
	int fd;

	attr.comm = 1;
	fd = ctrace_perf_open(&attr, 0, -1);
	if (fd < 0) {
		return;
	}
	if (ctrace_perf_ring_init(&ring, fd, RING_KB) == 0) {
		ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
		name_oneself(&check);
		compare(&check, &ring, anchors);
		ctrace_clock_check_add(&check, counts);
		ctrace_perf_ring_finish(&ring);
	}
	close(fd);
}
