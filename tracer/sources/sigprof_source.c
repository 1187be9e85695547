/* SPDX-License-Identifier: MIT */

/* Samples out of programs themselves; see sigprof_source.h. */

#include "tracer/sources/sigprof_source.h"

#include "format/kernel_events.h"
#include "tracer/sources/kernel/clock_anchors.h"
#include "tracer/sources/kernel/kernel_stream.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/kernel/proc_text.h"
#include "tracer/sources/perf/code_places.h"
#include "tracer/sources/perf/perf_samples.h"
#include "tracer/sources/preload_source.h"
#include "tracer/sources/sample_area.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define NAME	"sigprof"
#define LIBRARY "libctrace-sigprof.so"
/* A slot that is reserved and not filled for so long never will be. */
#define STUCK_MS 2000u
/* Linux has no more. */
#define CPUS_MAX 8192u
/* How often a process may be asked for its mappings because an address is in none. */
#define ASK_MS 100u

struct sigprof {
	struct ctrace_opened_source opened; /* first */
	struct ctrace_source_trace *trace;
	struct ctrace_kernel_stream stream;
	struct ctrace_clock_anchors anchors;
	struct ctrace_code_places *places; /* borrows: the trace's */
	struct ctrace_map images;	   /* of each process: which it was at its last sample */
	struct ctrace_map named;	   /* threads whose names were read: tid to image */
	uint64_t tail, told, period_ns;
	uint64_t stuck_since_ms;	/* 0: it is not */
	struct ctrace_sample_slot slot; /* a copy: what is checked does not change meanwhile */
};

/* Made before the program is forked, and found by it under this process's descriptor. */
static struct ctrace_sample_area *area;
static int area_fd = -1;

/* ---- before ---- */

static void probe(struct ctrace_source_answer *answer)
{
#if defined(__x86_64__)
	ctrace_preload_probe_library(LIBRARY, answer);
#else
	ctrace_source_refuse(answer, "", "it knows the registers of x86-64 alone");
#endif
}

/* A file over the limit would be a signal that ends us. */
static bool may_be_as_large(uint64_t bytes)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur >= bytes;
}

/* Nobody can make it shorter under us. */
static bool make_area(void)
{
	area_fd = memfd_create("ctrace-samples", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (area_fd < 0 || ftruncate(area_fd, sizeof(*area)) != 0 ||
	    fcntl(area_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
		return false;
	}
	area = mmap(NULL, sizeof(*area), PROT_READ | PROT_WRITE, MAP_SHARED, area_fd, 0);
	if (area == MAP_FAILED) {
		area = NULL;
		return false;
	}
	area->version = CTRACE_SAMPLE_AREA_VERSION;
	return true;
}

static void drop_area(void)
{
	if (area != NULL) {
		munmap(area, sizeof(*area));
	}
	if (area_fd >= 0) {
		close(area_fd);
	}
	area = NULL;
	area_fd = -1;
}

static bool prepare(const struct ctrace_source_before *before, struct ctrace_source_answer *answer)
{
	char path[64];

	probe(answer);
	if (answer->is_available && !may_be_as_large(sizeof(*area))) {
		ctrace_source_refuse(answer, "a larger ulimit -f", "memory for samples: %s",
				     strerror(EFBIG));
	}
	if (!answer->is_available || !ctrace_preload_put_library(LIBRARY, before, answer)) {
		return false;
	}
	if (!make_area()) {
		ctrace_source_refuse(answer, "", "memory for samples: %s", strerror(errno));
		drop_area();
		return false;
	}
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), area_fd);
	if (setenv(CTRACE_SAMPLE_AREA_VARIABLE, path, 1) != 0) {
		ctrace_source_refuse(answer, "", "%s", strerror(ENOMEM));
		drop_area();
	}
	return answer->is_available;
}

static struct sigprof *make_sigprof(struct ctrace_source_trace *trace)
{
	struct sigprof *sigprof = calloc(1, sizeof(*sigprof));

	if (sigprof == NULL) {
		return NULL;
	}
	sigprof->trace = trace;
	sigprof->places = ctrace_code_places_need(trace);
	if (sigprof->places == NULL ||
	    !ctrace_kernel_stream_init(&sigprof->stream, trace, NAME, CTRACE_NO_CPU)) {
		free(sigprof);
		return NULL;
	}
	ctrace_clock_anchors_init(&sigprof->anchors, CTRACE_STAMP_RAW);
	return sigprof;
}

static struct ctrace_opened_source *open_sigprof(const struct ctrace_source_target *target,
						 struct ctrace_source_answer *answer)
{
	uint64_t hz = target->sample_hz != 0 ? target->sample_hz : CTRACE_SAMPLE_HZ_DEFAULT;
	struct sigprof *sigprof;

	if (area == NULL) { /* only tried out (`ctrace sources --check`) */
		ctrace_source_refuse(answer, "", "it opens in a program that is recorded");
		return NULL;
	}
	sigprof = make_sigprof(target->trace);
	if (sigprof == NULL) {
		ctrace_source_refuse(answer, "", "there is no memory");
		drop_area();
		return NULL;
	}
	sigprof->period_ns = 1000000000u / (hz > 1 ? hz : 2);
	area->period_ns = sigprof->period_ns;
	atomic_store_explicit(&area->heard_ns, ctrace_clock_raw_ns(), memory_order_relaxed);
	area->is_begun = 1;
	return &sigprof->opened;
}

/* ---- a sample ---- */

static void know_image(struct sigprof *sigprof, const struct ctrace_sample_slot *slot)
{
	uint32_t image = (uint32_t)(slot->image ^ slot->image >> 32) & 0x7fffffff;
	uint32_t known = ctrace_map_get(&sigprof->images, slot->pid);

	if (known != image && ctrace_map_put(&sigprof->images, slot->pid, image)) {
		ctrace_process_maps_exec(sigprof->places->unwind.maps, slot->pid);
		ctrace_code_places_read(sigprof->places, slot->pid, NULL);
	}
}

/* Its row, if no other source tells of threads. */
static void know_thread(struct sigprof *sigprof, const struct ctrace_sample_slot *slot)
{
	uint32_t image = (uint32_t)slot->image & 0x7fffffff;
	struct ctrace_kernel_thread *thread;
	char path[64], name[32];

	if (sigprof->trace->has_tasks || ctrace_map_get(&sigprof->named, slot->tid) == image) {
		return;
	}
	thread = ctrace_kernel_threads_ours(sigprof->trace, slot->tid);
	snprintf(path, sizeof(path), "/proc/%u/comm", slot->tid);
	if (thread != NULL && ctrace_proc_text(path, name, sizeof(name)) > 0) {
		name[strcspn(name, "\n")] = '\0';
		ctrace_kernel_threads_comm(sigprof->trace, thread, name);
		ctrace_map_put(&sigprof->named, slot->tid, image);
	}
}

static uint32_t stack_of(struct sigprof *sigprof, const struct ctrace_sample_slot *slot,
			 uint64_t now_ms)
{
	const struct ctrace_perf_sample sample = {
		.ip = slot->instruction,
		.chain = (const uint8_t *)&slot->instruction,
		.chain_count = 1,
		.has_registers = true,
		.frame_pointer = slot->frame_pointer,
		.stack_pointer = slot->stack_pointer,
		.instruction = slot->instruction,
		.stack = slot->stack,
		.stack_size = slot->stack_size,
	};
	struct ctrace_place places[CTRACE_STACK_FRAMES_MAX];
	uint32_t depth;

	ctrace_code_places_ask(sigprof->places, slot->pid, slot->instruction,
			       (uint32_t)(now_ms / ASK_MS) + 1);
	depth = ctrace_unwind(&sigprof->places->unwind, slot->pid, &sample, places);
	return ctrace_stacks_get(&sigprof->places->stacks, places, depth);
}

static void take_slot(struct sigprof *sigprof, uint64_t now_ms)
{
	const struct ctrace_sample_slot *slot = &sigprof->slot;
	uint64_t ticks = ctrace_clock_anchors_ticks(&sigprof->anchors, slot->stamp_ns);
	struct ctrace_sample sample = {.tid = slot->tid, .cpu = slot->cpu};
	struct ctrace_block *block;

	sample.weight_ns = slot->periods * sigprof->period_ns;
	know_image(sigprof, slot);
	know_thread(sigprof, slot);
	sample.stack = stack_of(sigprof, slot, now_ms);
	block = ctrace_kernel_stream_room(&sigprof->stream, &ticks, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_sample(block, ticks, &sample);
}

/* Who shares the memory with us may write anything into it. */
static bool is_good(const struct ctrace_sample_slot *slot)
{
	return slot->cpu < CPUS_MAX && slot->stack_size <= CTRACE_SAMPLE_STACK_BYTES &&
	       slot->tid != 0 && slot->pid != 0 && slot->tid <= INT32_MAX &&
	       slot->pid <= INT32_MAX && slot->periods != 0 && slot->periods < UINT32_MAX &&
	       slot->stamp_ns <= ctrace_clock_raw_ns();
}

/* ---- rounds ---- */

static void lose(struct sigprof *sigprof, uint64_t count)
{
	if (count > 0) {
		sigprof->told += count;
		ctrace_kernel_stream_lost(&sigprof->stream, ctrace_clock_ticks(), count);
	}
}

/* Is the next one filled, and copied? Also true of one that is given up. */
static bool look(struct sigprof *sigprof, const struct ctrace_source_pass *pass, bool *is_filled)
{
	struct ctrace_sample_slot *slot = &area->slots[sigprof->tail % CTRACE_SAMPLE_SLOTS];
	uint64_t head = atomic_load_explicit(&area->head, memory_order_relaxed);

	if (head == sigprof->tail || head - sigprof->tail > CTRACE_SAMPLE_SLOTS) {
		return false;
	}
	/* [S] acquire. */
	*is_filled =
		atomic_load_explicit(&slot->sequence, memory_order_acquire) == sigprof->tail + 1;
	if (*is_filled) {
		memcpy((void *)&sigprof->slot, (const void *)slot, sizeof(sigprof->slot));
		*is_filled = is_good(&sigprof->slot);
		return true;
	}
	if (sigprof->stuck_since_ms == 0) {
		sigprof->stuck_since_ms = pass->now_ms;
	}
	return pass->is_last || pass->now_ms - sigprof->stuck_since_ms > STUCK_MS;
}

static void take_all(struct sigprof *sigprof, struct ctrace_source_pass *pass)
{
	bool is_filled;

	for (unsigned i = 0; i < CTRACE_SAMPLE_SLOTS && look(sigprof, pass, &is_filled); i++) {
		if (is_filled) {
			take_slot(sigprof, pass->now_ms);
			pass->events++;
		} else {
			lose(sigprof, 1);
		}
		sigprof->stuck_since_ms = 0;
		sigprof->tail++;
		/* [T] release. */
		atomic_store_explicit(&area->tail, sigprof->tail, memory_order_release);
	}
}

static void count(struct sigprof *sigprof)
{
	sigprof->opened.counts.events = ctrace_kernel_stream_written(&sigprof->stream);
	sigprof->opened.counts.lost = sigprof->told;
}

static void drain(struct ctrace_opened_source *opened, struct ctrace_source_pass *pass)
{
	struct sigprof *sigprof = (struct sigprof *)opened;
	uint64_t lost = atomic_exchange_explicit(&area->lost, 0, memory_order_relaxed);
	uint64_t waiting = atomic_load_explicit(&area->head, memory_order_relaxed) - sigprof->tail;
	unsigned percent =
		(unsigned)(waiting % (CTRACE_SAMPLE_SLOTS + 1) * 100 / CTRACE_SAMPLE_SLOTS);

	atomic_store_explicit(&area->heard_ns, ctrace_clock_raw_ns(), memory_order_relaxed);
	ctrace_clock_anchors_add(&sigprof->anchors);
	take_all(sigprof, pass);
	lose(sigprof, lost);
	ctrace_kernel_stream_tick(&sigprof->stream, pass->now_ms);
	ctrace_kernel_threads_state(sigprof->trace);
	count(sigprof);
	pass->fill_percent = percent > pass->fill_percent ? percent : pass->fill_percent;
}

static void remark(struct ctrace_source_counts *counts)
{
	uint32_t ends = atomic_load_explicit(&area->ends, memory_order_relaxed);
	const char *text = "";

	if ((ends & CTRACE_SAMPLE_END_HANDLER) != 0) {
		text = "a program wanted SIGPROF for itself, and was not sampled from then on";
	} else if ((ends & CTRACE_SAMPLE_END_INHERITED) != 0) {
		text = "a program was begun with SIGPROF ignored, and was not sampled";
	} else if ((ends & CTRACE_SAMPLE_END_TIMERS) != 0) {
		text = "some threads got no timer (ulimit -i), and were not sampled";
	}
	snprintf(counts->remark, sizeof(counts->remark), "%s", text);
}

static void close_sigprof(struct ctrace_opened_source *opened, struct ctrace_source_counts *counts)
{
	struct sigprof *sigprof = (struct sigprof *)opened;

	count(sigprof);
	*counts = opened->counts;
	ctrace_kernel_stream_finish(&sigprof->stream);
	remark(counts);
	ctrace_map_finish(&sigprof->images);
	ctrace_map_finish(&sigprof->named);
	free(sigprof);
	drop_area();
}

const struct ctrace_source ctrace_source_sigprof = {
	.name = NAME,
	.about = "what each thread was doing, by SIGPROF, where perf is refused; not of static "
		 "programs",
	.costs = "24 us a sample: 0.2 % of the time",
	.gives = CTRACE_GIVES_SAMPLES,
	.instead_of = &ctrace_source_perf_samples,
	.probe = probe,
	.prepare = prepare,
	.open = open_sigprof,
	.drain = drain,
	.close = close_sigprof,
};
