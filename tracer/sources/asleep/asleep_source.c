/* SPDX-License-Identifier: MIT */

/* Where threads sleep; see asleep_source.h. */

#include "tracer/sources/asleep/asleep_source.h"

#include "tracer/sources/asleep/asleep_threads.h"
#include "tracer/sources/asleep/look_share.h"
#include "tracer/sources/asleep/thread_look.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/src/clock/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MS_NS UINT64_C(1000000)
/* Who may not be looked at, may perhaps later (after an exec). */
#define REFUSED_MS 10000u
/* Looks that are so far apart are told of. */
#define FAR_APART_MS (3 * CTRACE_ASLEEP_LOOK_MS)

struct asleep {
	struct ctrace_opened_source opened; /* first */
	struct ctrace_thread_looker looker;
	struct ctrace_kernel_stream stream;
	struct ctrace_look_share share;
	struct ctrace_asleep_threads threads;
	uint32_t at;	       /* whose turn it is */
	uint64_t longest_ns;   /* between two looks at a thread */
	uint32_t threads_then; /* and how many there were */
	bool was_refused;
};

/* ---- one thread ---- */

static void tell(struct asleep *asleep, struct ctrace_asleep_thread *thread,
		 const struct ctrace_seen_thread *seen, uint64_t now_ns)
{
	thread->told_ns = now_ns;
	ctrace_thread_look_tell(&asleep->stream, thread->pid, thread->tid, seen);
}

static bool is_told(const struct ctrace_asleep_thread *thread, uint64_t now_ns)
{
	return thread->told_ns != 0 && now_ns - thread->told_ns < CTRACE_ASLEEP_TELL_MS * MS_NS;
}

/* It has not got a CPU since it was seen: it stands where it stood. */
static bool has_not_run(const struct ctrace_asleep_thread *thread)
{
	return thread->state != CTRACE_RUN_YIELDED && thread->runs != 0 &&
	       ctrace_thread_runs(thread->pid, thread->tid) == thread->runs;
}

static void tell_again(struct asleep *asleep, struct ctrace_asleep_thread *thread, uint64_t now_ns)
{
	const struct ctrace_seen_thread seen = {.ticks = ctrace_clock_ticks(),
						.runs = thread->runs,
						.state = thread->state,
						.stack = thread->stack};

	if (!is_told(thread, now_ns)) {
		tell(asleep, thread, &seen, now_ns);
	}
}

static void take_seen(struct asleep *asleep, struct ctrace_asleep_thread *thread,
		      const struct ctrace_seen_thread *seen, uint64_t now_ns)
{
	/* Where runs are not counted, the same stack is taken for the same sleep. */
	bool is_same = seen->runs == 0 && thread->state == seen->state &&
		       thread->stack == seen->stack && is_told(thread, now_ns);

	thread->runs = seen->runs;
	thread->state = seen->state;
	thread->stack = seen->stack;
	if (!is_same && seen->stack != 0) {
		tell(asleep, thread, seen, now_ns);
	}
}

static void look_at(struct asleep *asleep, struct ctrace_asleep_thread *thread, uint64_t now_ns)
{
	struct ctrace_seen_thread seen;

	thread->next_ns = now_ns + CTRACE_ASLEEP_LOOK_MS * MS_NS;
	if (has_not_run(thread)) {
		tell_again(asleep, thread, now_ns);
		return;
	}
	switch (ctrace_thread_look(&asleep->looker, thread->pid, thread->tid, &seen)) {
	case CTRACE_LOOK_ASLEEP:
		take_seen(asleep, thread, &seen, now_ns);
		return;
	case CTRACE_LOOK_REFUSED:
		asleep->was_refused = true;
		thread->next_ns = now_ns + REFUSED_MS * MS_NS;
		return;
	default:
		thread->state = CTRACE_RUN_YIELDED;
		return;
	}
}

/* ---- all of them ---- */

static void note_distance(struct asleep *asleep, struct ctrace_asleep_thread *thread,
			  uint64_t now_ns)
{
	if (thread->looked_ns != 0 && thread->next_ns - thread->looked_ns < REFUSED_MS * MS_NS &&
	    now_ns - thread->looked_ns > asleep->longest_ns) {
		asleep->longest_ns = now_ns - thread->looked_ns;
		asleep->threads_then = asleep->threads.count;
	}
	thread->looked_ns = now_ns;
}

static void look_around(struct asleep *asleep, uint64_t now_ns)
{
	struct ctrace_asleep_threads *threads = &asleep->threads;

	for (uint32_t i = 0; i < threads->count && ctrace_look_share_has(&asleep->share); i++) {
		struct ctrace_asleep_thread *thread = &threads->list[asleep->at % threads->count];

		asleep->at = (asleep->at + 1) % threads->count;
		if (now_ns >= thread->next_ns) {
			note_distance(asleep, thread, now_ns);
			look_at(asleep, thread, now_ns);
			ctrace_look_share_pay(&asleep->share);
		}
	}
}

static void drain(struct ctrace_opened_source *opened, struct ctrace_source_pass *pass)
{
	struct asleep *asleep = (struct asleep *)opened;
	uint64_t before = opened->counts.events, now_ns = ctrace_clock_raw_ns();

	if (!pass->is_last) {
		ctrace_look_share_begin(&asleep->share, now_ns);
		ctrace_asleep_threads_find(&asleep->threads, now_ns);
		ctrace_look_share_pay(&asleep->share);
		look_around(asleep, now_ns);
	}
	ctrace_kernel_stream_tick(&asleep->stream, pass->now_ms);
	ctrace_kernel_threads_state(asleep->looker.trace);
	opened->counts.events = ctrace_kernel_stream_written(&asleep->stream);
	pass->events += opened->counts.events - before;
}

/* ---- the source ---- */

static void probe(struct ctrace_source_answer *answer)
{
	ctrace_thread_look_probe(answer);
}

static void finish(struct asleep *asleep)
{
	if (asleep == NULL) {
		return;
	}
	ctrace_kernel_stream_finish(&asleep->stream);
	ctrace_thread_looker_finish(&asleep->looker);
	ctrace_asleep_threads_finish(&asleep->threads);
	free(asleep);
}

static struct asleep *make(const struct ctrace_source_target *target)
{
	struct asleep *asleep = calloc(1, sizeof(*asleep));

	if (asleep == NULL || !ctrace_thread_looker_init(&asleep->looker, target->trace) ||
	    !ctrace_asleep_threads_begin(&asleep->threads, target) ||
	    !ctrace_kernel_stream_init(&asleep->stream, target->trace, ctrace_source_asleep.name,
				       CTRACE_NO_CPU)) {
		finish(asleep);
		return NULL;
	}
	asleep->share.percent = CTRACE_ASLEEP_PERCENT;
	return asleep;
}

static struct ctrace_opened_source *open_asleep(const struct ctrace_source_target *target,
						struct ctrace_source_answer *answer)
{
	struct asleep *asleep;
	int error;

	probe(answer);
	if (!answer->is_available) {
		return NULL;
	}
	error = ctrace_thread_look_try((uint32_t)target->pid);
	if (error != 0) {
		ctrace_thread_look_refuse(error, answer);
		return NULL;
	}
	asleep = make(target);
	if (asleep == NULL) {
		ctrace_source_refuse(answer, "", "there is no memory");
		return NULL;
	}
	return &asleep->opened;
}

static void remark(const struct asleep *asleep, struct ctrace_source_counts *counts)
{
	struct ctrace_source_answer why = {.is_available = false};

	if (asleep->was_refused) {
		ctrace_thread_look_refuse(asleep->looker.error, &why);
		snprintf(counts->remark, sizeof(counts->remark),
			 "not everybody could be looked at: %.150s", why.why);
	} else if (asleep->longest_ns > FAR_APART_MS * MS_NS) {
		snprintf(counts->remark, sizeof(counts->remark),
			 "there were %" PRIu32 " threads: up to %" PRIu64
			 " ms lay between two looks at one",
			 asleep->threads_then, asleep->longest_ns / MS_NS);
	}
}

static void close_asleep(struct ctrace_opened_source *opened, struct ctrace_source_counts *counts)
{
	struct asleep *asleep = (struct asleep *)opened;

	opened->counts.events = ctrace_kernel_stream_written(&asleep->stream);
	*counts = opened->counts;
	remark(asleep, counts);
	finish(asleep);
}

#define ABOUT                                                                                      \
	"where threads are that do not run, with stacks, ten times a second; nothing is put in"
#define COSTS "the program nothing; the recorder 20 us a look, at most 1 % of a processor"

const struct ctrace_source ctrace_source_asleep = {
	.name = "asleep",
	.about = ABOUT,
	.costs = COSTS,
	.gives = CTRACE_GIVES_ASLEEP,
	.probe = probe,
	.open = open_asleep,
	.drain = drain,
	.close = close_asleep,
};

const struct ctrace_source ctrace_source_own_asleep = {
	.name = "asleep",
	.about = ABOUT,
	.costs = COSTS,
	.gives = CTRACE_GIVES_ASLEEP,
	.is_asked_for = true,
	.probe = probe,
	.open = open_asleep,
	.drain = drain,
	.close = close_asleep,
};

#undef ABOUT
#undef COSTS
