/* SPDX-License-Identifier: MIT */

/* Looks at who has locks; see holder_looks.h. */

#include "tracer/sources/asleep/holder_looks.h"

#include "tracer/sources/asleep/look_share.h"
#include "tracer/sources/asleep/thread_look.h"
#include "tracer/sources/kernel/kernel_threads.h"
#include "tracer/sources/kernel/own_threads.h"
#include "tracer/sources/kernel/proc_text.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/collect/open_waits.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A wait that was just noticed is taken to have lasted so long at least. */
#define FIRST_AGE_US 1000u
/* Parents of parents that are asked for ours. */
#define GENERATIONS_MAX 64u

struct holder_looks {
	struct ctrace_opened_source opened; /* first */
	struct ctrace_thread_looker looker;
	struct ctrace_kernel_stream stream;
	struct ctrace_look_share share;
	struct ctrace_open_waits waits;
	struct ctrace_own_threads *own; /* borrows; NULL: processes outside */
	struct ctrace_map is_ours;	/* pid: 1, or 0 */
	uint64_t first_age;		/* ticks */
	uint32_t from;			/* the wait that the round before would have looked at */
	struct {
		uint64_t tids[CTRACE_HOLDER_ROUND_MAX];
		unsigned count;
	} round; /* who was looked at */
	bool was_refused;
};

/* ---- whom ---- */

/* Its number may be another's, where processes have numbers of their own (namespaces). */
static bool is_descendant(uint32_t pid)
{
	struct ctrace_proc_ids ids = {.parent_pid = pid};

	for (unsigned i = 0; i < GENERATIONS_MAX && ids.parent_pid > 1; i++) {
		if (!ctrace_proc_ids(ids.parent_pid, &ids)) {
			return false;
		}
		if (ids.parent_pid == (uint32_t)getpid()) {
			return true;
		}
	}
	return false;
}

static bool may_look_at(struct holder_looks *looks, const struct ctrace_open_wait *wait)
{
	uint32_t known;

	if (looks->own != NULL) {
		return !ctrace_own_threads_is_without(looks->own, (pid_t)wait->holder);
	}
	known = ctrace_map_get(&looks->is_ours, (uint64_t)wait->pid);
	if (known == CTRACE_MAP_NONE) {
		known = is_descendant((uint32_t)wait->pid);
		ctrace_map_put(&looks->is_ours, (uint64_t)wait->pid, known);
	}
	return known != 0;
}

static bool was_looked_at(const struct holder_looks *looks, uint64_t tid)
{
	for (unsigned i = 0; i < looks->round.count; i++) {
		if (looks->round.tids[i] == tid) {
			return true;
		}
	}
	return false;
}

/* ---- looks ---- */

static void look_at(struct holder_looks *looks, const struct ctrace_open_wait *wait)
{
	struct ctrace_seen_thread seen;
	enum ctrace_look_result result = ctrace_thread_look(&looks->looker, (uint32_t)wait->pid,
							    (uint32_t)wait->holder, &seen);

	looks->round.tids[looks->round.count++] = wait->holder;
	looks->was_refused |= result == CTRACE_LOOK_REFUSED;
	if (result == CTRACE_LOOK_MISSED) {
		seen.state = CTRACE_RUN_YIELDED;
		seen.stack = 0;
	}
	if (result != CTRACE_LOOK_GONE && result != CTRACE_LOOK_REFUSED) {
		ctrace_thread_look_tell(&looks->stream, (uint32_t)wait->pid, (uint32_t)wait->holder,
					&seen);
	}
}

static void look_if_due(struct holder_looks *looks, struct ctrace_open_wait *wait, uint64_t now)
{
	uint64_t age = now > wait->begin ? now - wait->begin : 0;

	if (wait->looks >= CTRACE_HOLDER_LOOKS_MAX || now < wait->next) {
		return;
	}
	wait->looks++;
	wait->next = now + (age > looks->first_age ? age : looks->first_age);
	if (!was_looked_at(looks, wait->holder) && may_look_at(looks, wait)) {
		look_at(looks, wait);
		ctrace_look_share_pay(&looks->share);
	}
}

void ctrace_holder_looks_look(struct ctrace_opened_source *opened)
{
	struct holder_looks *looks = (struct holder_looks *)opened;
	uint32_t count = looks->waits.count, done = 0;
	uint64_t now = ctrace_clock_ticks();

	if (count == 0) {
		return;
	}
	ctrace_look_share_begin(&looks->share, ctrace_clock_raw_ns());
	looks->round.count = 0;
	for (; done < count && looks->round.count < CTRACE_HOLDER_ROUND_MAX &&
	       ctrace_look_share_has(&looks->share);
	     done++) {
		look_if_due(looks, &looks->waits.list[(looks->from + done) % count], now);
	}
	looks->from = (looks->from + done) % count;
}

/* ---- the source's members ---- */

static void count(struct holder_looks *looks)
{
	looks->opened.counts.events = ctrace_kernel_stream_written(&looks->stream);
}

void ctrace_holder_looks_drain(struct ctrace_opened_source *opened, struct ctrace_source_pass *pass)
{
	struct holder_looks *looks = (struct holder_looks *)opened;
	uint64_t before = opened->counts.events;

	ctrace_kernel_stream_tick(&looks->stream, pass->now_ms);
	ctrace_kernel_threads_state(looks->looker.trace);
	count(looks);
	pass->events += opened->counts.events - before;
}

static void finish(struct holder_looks *looks)
{
	if (ctrace_kernel_stream_written(&looks->stream) == 0) {
		looks->stream.has_block = false; /* no row for nothing */
		ctrace_block_finish(&looks->stream.block);
	}
	ctrace_kernel_stream_finish(&looks->stream);
	ctrace_thread_looker_finish(&looks->looker);
	ctrace_map_finish(&looks->is_ours);
	free(looks);
}

static void refuse_memory(struct holder_looks *looks, struct ctrace_source_answer *answer)
{
	ctrace_source_refuse(answer, "", "there is no memory");
	if (looks != NULL) {
		finish(looks);
	}
}

struct ctrace_opened_source *ctrace_holder_looks_open(const struct ctrace_source_target *target,
						      struct ctrace_source_answer *answer)
{
	struct holder_looks *looks = calloc(1, sizeof(*looks));
	struct ctrace_source_answer may = {.is_available = false};

	if (looks == NULL || !ctrace_thread_looker_init(&looks->looker, target->trace) ||
	    !ctrace_kernel_stream_init(&looks->stream, target->trace, "locks", CTRACE_NO_CPU)) {
		refuse_memory(looks, answer);
		return NULL;
	}
	looks->share.percent = CTRACE_HOLDER_PERCENT;
	looks->own = target->own;
	looks->first_age = target->trace->ticks_per_second * FIRST_AGE_US / 1000000u;
	ctrace_thread_look_probe(&may);
	if (may.is_available) {
		target->trace->waits = &looks->waits;
	} else {
		snprintf(looks->opened.counts.remark, sizeof(looks->opened.counts.remark),
			 "who had a lock could not be looked at: %.150s", may.why);
	}
	return &looks->opened;
}

void ctrace_holder_looks_close(struct ctrace_opened_source *opened,
			       struct ctrace_source_counts *counts)
{
	struct holder_looks *looks = (struct holder_looks *)opened;
	struct ctrace_source_answer why = {.is_available = false};

	count(looks);
	*counts = opened->counts;
	if (looks->was_refused) {
		ctrace_thread_look_refuse(looks->looker.error, &why);
		snprintf(counts->remark, sizeof(counts->remark),
			 "not everybody who had a lock could be looked at: %.150s", why.why);
	}
	looks->looker.trace->waits = NULL;
	finish(looks);
}
