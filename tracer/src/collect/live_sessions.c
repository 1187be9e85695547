/* SPDX-License-Identifier: MIT */

/* The list of sessions, and what follows it; see live_sessions.h. */

#include "tracer/src/collect/live_sessions.h"

#include "tracer/src/clock/clock.h"
#include "tracer/src/collect/collect.h"
#include "tracer/src/collect/session_snapshot.h"
#include "tracer/src/directory/ring_dir.h"
#include "tracer/src/ring/gap.h"
#include "tracer/src/sites/describe.h"
#include "tracer/src/sites/gate.h"
#include "tracer/src/sites/sites.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* More traces at once than anybody looks at; bounds the lists of categories. */
#define SESSIONS_MAX 16u

/* The collector's own. */
static struct ctrace_session *session_list[SESSIONS_MAX];
static struct ctrace_sessions sessions = {.list = session_list};

static _Atomic unsigned sessions_now;
static _Atomic uint64_t bytes_ended, bytes_now;

/* Sites and emit follow the list of sessions. */
static int switch_sites(void)
{
	const char *lists[SESSIONS_MAX];
	int result;

	for (unsigned i = 0; i < sessions.count; i++) {
		const char *categories = sessions.list[i]->categories;

		lists[i] = categories != NULL ? categories : "";
	}
	ctrace_gate_set_recording(sessions.count > 0);
	result = ctrace_sites_switch(lists, sessions.count);
	atomic_store_explicit(&sessions_now, sessions.count, memory_order_relaxed);
	return result;
}

static void count_bytes(void)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < sessions.count; i++) {
		bytes += sessions.list[i]->recording.writer.offset;
	}
	atomic_store_explicit(&bytes_now, bytes, memory_order_relaxed);
}

static void take_out(struct ctrace_session *session)
{
	for (unsigned i = 0; i < sessions.count; i++) {
		if (sessions.list[i] == session) {
			sessions.list[i] = sessions.list[--sessions.count];
			return;
		}
	}
}

/* With several sessions, or a reader outside, each must pick its own from what all of them want. */
static void make_choosy(void)
{
	bool is_alone = sessions.count == 1 && !ctrace_sites_are_always_wanted();

	for (unsigned i = 0; !is_alone && i < sessions.count; i++) {
		struct ctrace_recording *recording = &sessions.list[i]->recording;

		if (!recording->is_choosy) {
			recording->is_choosy = true;
			ctrace_codes_forget(&sessions.list[i]->codes);
		}
	}
}

int ctrace_live_begin(struct ctrace_session *session)
{
	struct ctrace_session_start start = {
		.ticks_per_second = ctrace_clock_frequency(),
		.clock_kind = ctrace_clock_kind(),
		.is_live = true,
		.is_prompt = ctrace_ring_dir_is_used(),
		.describe = ctrace_describe_process,
	};
	enum ctrace_status status;

	if (sessions.count == SESSIONS_MAX || ctrace_ring_dir_is_drained_outside()) {
		return -EBUSY;
	}
	start.base_ticks = ctrace_clock_ticks();
	status = ctrace_session_begin(session, &start);
	if (status != CTRACE_OK) {
		return status == CTRACE_ERR_NO_MEMORY ? -ENOMEM : -EIO;
	}
	if (ctrace_gaps_are_expected()) {
		/* What is overwritten later counts for this session only if it came later. */
		ctrace_feed_pass(&sessions, false);
	}
	ctrace_feed_join(session);
	sessions.list[sessions.count++] = session;
	make_choosy();
	if (switch_sites() != 0) {
		take_out(session);
		switch_sites();
		return -ENOMEM;
	}
	return 0;
}

void ctrace_live_leave(struct ctrace_session *session)
{
	struct ctrace_session *last[SESSIONS_MAX];
	struct ctrace_sessions all = {.list = last, .count = sessions.count};

	if (session->is_out) {
		return;
	}
	memcpy(last, session_list, sizeof(last));
	take_out(session);
	switch_sites();
	ctrace_feed_pass(&all, true);
	ctrace_feed_seal(session);
	session->is_out = true;
}

void ctrace_live_finish(struct ctrace_session *session, const char *why)
{
	if (session->is_over) {
		return;
	}
	ctrace_session_finish(session, why);
	atomic_fetch_add_explicit(&bytes_ended, session->totals.bytes, memory_order_relaxed);
}

void ctrace_live_end(struct ctrace_session *session, const char *why)
{
	ctrace_live_leave(session);
	ctrace_session_close_beside(session);
	ctrace_live_finish(session, why);
	count_bytes();
}

int ctrace_live_change_categories(struct ctrace_session *session, char *categories)
{
	/* What was emitted under the old list is judged by the old list. */
	ctrace_feed_pass(&sessions, false);
	free(session->categories);
	session->categories = categories;
	session->recording.categories = categories;
	ctrace_codes_forget(&session->codes);
	return session->is_over ? 0 : switch_sites();
}

static const struct ctrace_entry *own_site(void *unused, uint32_t id)
{
	(void)unused;
	return ctrace_sites_entry(id);
}

static const struct ctrace_snapshot_tables own_tables = {
	.describe = ctrace_describe_process,
	.site = own_site,
	.ended = "snapshot taken; the recording goes on"};

int ctrace_live_snapshot(struct ctrace_session *session, struct ctrace_snapshot *taken)
{
	if (session->is_over) {
		return -ENOMEM; /* nothing else ends a flight before its owner does */
	}
	ctrace_feed_pass(&sessions, taken->is_last_word);
	ctrace_feed_seal(session);
	taken->tables = &own_tables;
	return ctrace_session_snapshot(session, taken);
}

/* Before its rings are drained again: what they hold of memory has stacks from here on. */
void ctrace_live_attach(struct ctrace_session *session, struct ctrace_beside *beside)
{
	session->beside = beside;
	if (session->is_over) {
		ctrace_session_close_beside(session);
	} else {
		beside->drain(beside, ctrace_clock_raw_ns() / 1000000u);
	}
}

void ctrace_live_tick(void)
{
	uint64_t now_ms = ctrace_clock_raw_ns() / 1000000u;

	for (unsigned i = 0; i < sessions.count;) {
		struct ctrace_session *session = sessions.list[i];

		if (ctrace_session_tick(session, now_ms)) {
			ctrace_live_end(session, "writing failed");
			continue;
		}
		i++;
	}
	count_bytes();
}

int ctrace_live_drain_besides(void)
{
	uint64_t now_ms = ctrace_clock_raw_ns() / 1000000u;
	int fullest = -1;

	for (unsigned i = 0; i < sessions.count; i++) {
		struct ctrace_beside *beside = sessions.list[i]->beside;
		int percent = beside != NULL ? (int)beside->drain(beside, now_ms) : -1;

		fullest = percent > fullest ? percent : fullest;
	}
	return fullest;
}

struct ctrace_taken ctrace_live_pass(void)
{
	return ctrace_feed_pass(&sessions, false);
}

bool ctrace_live_is_any(void)
{
	return sessions.count > 0;
}

__attribute__((no_sanitize_thread)) void ctrace_live_fork_child(void)
{
	sessions.count = 0;
	atomic_store_explicit(&sessions_now, 0, memory_order_relaxed);
}

unsigned ctrace_collect_sessions(void)
{
	return atomic_load_explicit(&sessions_now, memory_order_relaxed);
}

uint64_t ctrace_collect_bytes(void)
{
	return atomic_load_explicit(&bytes_ended, memory_order_relaxed) +
	       atomic_load_explicit(&bytes_now, memory_order_relaxed);
}
