/* SPDX-License-Identifier: MIT */

/* Estimates of waiting for a CPU; see run_delays.h. */

#include "tracer/sources/perf/run_delays.h"

#include "format/kernel_events.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/limits.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct ctrace_run_delay {
	uint32_t tid;
	bool is_touched;
	uint64_t read_ms;   /* when last */
	uint64_t waited_ns; /* as last told */
};

bool ctrace_run_delays_init(struct ctrace_run_delays *delays, struct ctrace_source_trace *trace,
			    const char *source)
{
	*delays = (struct ctrace_run_delays){.count = 0};
	return ctrace_kernel_stream_init(&delays->stream, trace, source, CTRACE_NO_CPU);
}

void ctrace_run_delays_finish(struct ctrace_run_delays *delays)
{
	ctrace_kernel_stream_finish(&delays->stream);
	free(delays->list);
	free(delays->touched);
	ctrace_map_finish(&delays->by_tid);
	*delays = (struct ctrace_run_delays){.count = 0};
}

/* Room for one more in both lists: each thread is touched once at most. */
static bool grow(struct ctrace_run_delays *delays)
{
	uint32_t capacity = delays->capacity != 0 ? 2 * delays->capacity : 64;
	struct ctrace_run_delay *more;
	uint32_t *touched;

	if (delays->count < delays->capacity) {
		return true;
	}
	more = realloc(delays->list, capacity * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	delays->list = more;
	touched = realloc(delays->touched, capacity * sizeof(*touched));
	if (touched == NULL) {
		return false;
	}
	delays->touched = touched;
	delays->capacity = capacity;
	return true;
}

static struct ctrace_run_delay *find(struct ctrace_run_delays *delays, uint32_t tid)
{
	uint32_t index = ctrace_map_get(&delays->by_tid, tid);

	if (index != CTRACE_MAP_NONE) {
		return &delays->list[index];
	}
	if (delays->count >= CTRACE_SOURCE_THREADS_MAX || !grow(delays) ||
	    !ctrace_map_put(&delays->by_tid, tid, delays->count)) {
		return NULL;
	}
	delays->list[delays->count] = (struct ctrace_run_delay){.tid = tid};
	return &delays->list[delays->count++];
}

void ctrace_run_delays_touch(struct ctrace_run_delays *delays, uint32_t tid)
{
	struct ctrace_run_delay *delay = find(delays, tid);

	if (delay != NULL && !delay->is_touched) {
		delay->is_touched = true;
		delays->touched[delays->touched_count++] = (uint32_t)(delay - delays->list);
	}
}

/* "ran_ns waited_ns times". False: the thread is gone, or the kernel keeps no such numbers. */
static bool read_waited(uint32_t tid, uint64_t *waited_ns)
{
	char text[96];
	ssize_t size;
	int fd;

	snprintf(text, sizeof(text), "/proc/%" PRIu32 "/schedstat", tid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return false;
	}
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[size > 0 ? size : 0] = '\0';
	return sscanf(text, "%*u %" SCNu64, waited_ns) == 1;
}

static void tell(struct ctrace_run_delays *delays, struct ctrace_run_delay *delay, uint64_t now_ms)
{
	uint64_t waited_ns = 0, ticks;
	struct ctrace_block *block;

	delay->read_ms = now_ms;
	if (!read_waited(delay->tid, &waited_ns) || waited_ns == delay->waited_ns) {
		return;
	}
	delay->waited_ns = waited_ns;
	ticks = ctrace_clock_ticks();
	block = ctrace_kernel_stream_room(&delays->stream, &ticks, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_run_delay(block, ticks, delay->tid, waited_ns);
}

void ctrace_run_delays_read(struct ctrace_run_delays *delays, uint64_t now_ms)
{
	uint32_t left = 0, reads = 0;

	for (uint32_t i = 0; i < delays->touched_count; i++) {
		struct ctrace_run_delay *delay = &delays->list[delays->touched[i]];
		bool is_due = now_ms - delay->read_ms >= CTRACE_RUN_DELAY_MS;

		if (!is_due || reads == CTRACE_RUN_DELAY_READS_MAX) {
			delays->touched[left++] = delays->touched[i];
			continue;
		}
		delay->is_touched = false;
		tell(delays, delay, now_ms);
		reads++;
	}
	delays->touched_count = left;
	ctrace_kernel_stream_tick(&delays->stream, now_ms);
}
