/* SPDX-License-Identifier: MIT */

/* libgc's events to records; see gc_cycle.h. */

#include "tracer/preload/gc_cycle.h"

#include "format/kinds.h"
#include "tracer/preload/gc_real.h"
#include "tracer/preload/lock_layout.h"
#include "tracer/src/emit/gc.h"

#include <ctrace/trace.h>
#include <pthread.h>
#include <stdint.h>

/* GC_EventType of gc.h, which never changes its numbers. */
enum event {
	START,
	MARK_START,
	MARK_END,
	RECLAIM_START,
	RECLAIM_END,
	END,
	PRE_STOP_WORLD,
	POST_STOP_WORLD,
	PRE_START_WORLD,
	POST_START_WORLD,
	THREAD_SUSPENDED,
	THREAD_UNSUSPENDED,
};

enum site { SITE_BEGIN, SITE_HEAP, SITE_THREAD, SITES };

/* A collection, its stop of the world, the marking in it; one more for good measure. */
#define DEPTH_MAX 4u

/* What is open, outermost first. */
struct work {
	enum ctrace_gc_kind kind;
	unsigned code; /* of its end; 0: its begin was not recorded */
	size_t free_before;
};

static const struct ctrace_face *face;
static uint16_t states[SITES];
static char own_module = 0; /* of one module for ever: never unloaded */

/* Written under libgc's lock only. */
static struct {
	pthread_t thread; /* whose events these are */
	unsigned depth;
	struct work open[DEPTH_MAX];
	bool is_given_up; /* the marking under way */
} cycle;

#define SITE(index, kind_of_site)                                                                  \
	{                                                                                          \
		.state = &states[index], .module = &own_module, .name = "libgc",                   \
		.category = CTRACE_GC_OF_LIBRARY, .file = "", .function = "", .schema = "",        \
		.name_size = sizeof("libgc") - 1, .kind = (kind_of_site)                           \
	}

static const struct ctrace_site_info sites[SITES] = {
	SITE(SITE_BEGIN, CTRACE_KIND_GC_BEGIN),
	SITE(SITE_HEAP, CTRACE_KIND_GC_HEAP),
	SITE(SITE_THREAD, CTRACE_KIND_GC_THREAD),
};

void ctrace_gc_cycle_start(const struct ctrace_face *recorder)
{
	face = recorder;
	for (unsigned i = 0; i < SITES; i++) {
		states[i] = face->meet(&sites[i]);
	}
}

/* ---- records ---- */

/* The recorder switches it; 0: nobody wants it. */
static unsigned state_of(enum site site)
{
	return __atomic_load_n(&states[site], __ATOMIC_RELAXED);
}

static unsigned record(enum site site, const uint64_t *words, unsigned count)
{
	unsigned state = state_of(site);

	return state != 0 ? face->enter(state, words, count) : 0;
}

static size_t ask(size_t (*number)(void))
{
	return number != NULL ? number() : 0;
}

static size_t free_bytes(void)
{
	return ask(ctrace_gc_real.get_free_bytes) + ask(ctrace_gc_real.get_unmapped_bytes);
}

/* In blocks that hold anything: what is dead in them is found when they are swept, later. */
static size_t live_bytes(void)
{
	size_t heap = ask(ctrace_gc_real.get_heap_size);
	size_t free = ask(ctrace_gc_real.get_free_bytes);

	return heap > free ? heap - free : 0;
}

static void tell_heap(size_t otherwise)
{
	size_t heap = ask(ctrace_gc_real.get_heap_size);
	const uint64_t word = heap != 0 ? heap : otherwise;

	if (word != 0) {
		record(SITE_HEAP, &word, 1);
	}
}

/* ---- begins and ends ---- */

static void begin(enum ctrace_gc_kind kind)
{
	const uint64_t word = kind;

	if (cycle.depth < DEPTH_MAX) {
		cycle.open[cycle.depth++] = (struct work){
			.kind = kind,
			.code = record(SITE_BEGIN, &word, 1),
			.free_before = free_bytes(),
		};
	}
}

/* Bytes are told by what ends a collection or a reclaiming. */
static bool has_bytes(enum ctrace_gc_kind kind)
{
	return kind == CTRACE_GC_FULL || kind == CTRACE_GC_STEP || kind == CTRACE_GC_RECLAIM;
}

static void end_innermost(void)
{
	const struct work *work = &cycle.open[--cycle.depth];
	struct ctrace_arg words[CTRACE_GC_END_WORDS] = {{.word = 0}, {.word = 0}};
	size_t now = free_bytes();

	if (work->code == 0) {
		return;
	}
	if (has_bytes(work->kind)) {
		words[0].word = live_bytes();
		words[1].word = now > work->free_before ? now - work->free_before : 0;
	}
	face->record(work->code | CTRACE_END_BIT, words, CTRACE_GC_END_WORDS);
}

static bool is_open(enum ctrace_gc_kind kind)
{
	for (unsigned i = 0; i < cycle.depth; i++) {
		if (cycle.open[i].kind == kind) {
			return true;
		}
	}
	return false;
}

/* And what is in it. */
static void end(enum ctrace_gc_kind kind)
{
	bool is_over = !is_open(kind);

	while (!is_over) {
		is_over = cycle.open[cycle.depth - 1].kind == kind;
		end_innermost();
	}
}

static void end_all(void)
{
	while (cycle.depth > 0) {
		end_innermost();
	}
}

/* ---- what libgc says ---- */

/* What another thread has left open is not ours to end: it was forked away, or given up. */
static void come_in(void)
{
	pthread_t self = pthread_self();

	if (!pthread_equal(cycle.thread, self)) {
		cycle.thread = self;
		cycle.depth = 0;
	}
}

static void begin_collection(enum ctrace_gc_kind kind)
{
	end_all();
	tell_heap(0);
	begin(kind);
}

static void need_collection(void)
{
	if (cycle.depth == 0) {
		begin_collection(CTRACE_GC_STEP);
	}
}

/* A marking that was not said to be over was given up, and with it the collection. */
static void world_runs(void)
{
	if (cycle.is_given_up) {
		end_all();
	}
	end(CTRACE_GC_STARTING);
	end(CTRACE_GC_STEP);
}

static void world_stops(void)
{
	need_collection();
	begin(CTRACE_GC_STOPPING);
}

static void world_starts(void)
{
	cycle.is_given_up = is_open(CTRACE_GC_MARK);
	end(CTRACE_GC_WORLD_STOPPED);
	begin(CTRACE_GC_STARTING);
}

void ctrace_gc_cycle_event(int event)
{
	come_in();
	switch (event) {
	case START:
		begin_collection(CTRACE_GC_FULL);
		break;
	case PRE_STOP_WORLD:
		world_stops();
		break;
	case POST_STOP_WORLD:
		end(CTRACE_GC_STOPPING);
		begin(CTRACE_GC_WORLD_STOPPED);
		break;
	case MARK_START:
		begin(CTRACE_GC_MARK);
		break;
	case MARK_END:
		end(CTRACE_GC_MARK);
		break;
	case PRE_START_WORLD:
		world_starts();
		break;
	case POST_START_WORLD:
		world_runs();
		break;
	case RECLAIM_START:
		need_collection();
		begin(CTRACE_GC_RECLAIM);
		break;
	case RECLAIM_END:
		end(CTRACE_GC_RECLAIM);
		end(CTRACE_GC_STEP);
		break;
	case END:
		end_all();
		break;
	default:
		break;
	}
}

void ctrace_gc_cycle_thread(int event, void *thread)
{
	/* NOLINTNEXTLINE: glibc's pthread_t is an address */
	const uint64_t words[] = {ctrace_thread_tid((pthread_t)thread), event == THREAD_SUSPENDED};

	if (words[0] != 0 && (event == THREAD_SUSPENDED || event == THREAD_UNSUSPENDED)) {
		record(SITE_THREAD, words, 2);
	}
}

void ctrace_gc_cycle_resize(unsigned long bytes)
{
	tell_heap(bytes);
}

void ctrace_gc_cycle_settle(void)
{
	come_in();
	end_all();
}
