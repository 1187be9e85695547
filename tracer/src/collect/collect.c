/* SPDX-License-Identifier: MIT */

/* The collector's thread; see collect.h. What it does to rings is in feed.c. */

#include "tracer/src/collect/collect.h"

#include "tracer/src/clock/clock.h"
#include "tracer/src/collect/feed.h"
#include "tracer/src/collect/session_snapshot.h"
#include "tracer/src/directory/ring_dir.h"
#include "tracer/src/emit/crash.h"
#include "tracer/src/emit/policy.h"
#include "tracer/src/emit/thread.h"
#include "tracer/src/limits.h"
#include "tracer/src/ring/gap.h"
#include "tracer/src/sites/describe.h"
#include "tracer/src/sites/gate.h"
#include "tracer/src/sites/sites.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* More traces at once than anybody looks at; bounds the lists of categories. */
#define SESSIONS_MAX 16u

enum request_kind {
	REQUEST_BEGIN,
	REQUEST_END,
	REQUEST_CATEGORIES,
	REQUEST_PASS,
	REQUEST_POLICY,
	REQUEST_SNAPSHOT,
	REQUEST_ATTACH,
	REQUEST_LEAVE
};

/* Lives on the asker's stack until it is done. */
struct request {
	struct request *next;
	struct ctrace_session *session;
	char *categories;
	enum ctrace_policy policy;
	struct ctrace_snapshot *snapshot;
	struct ctrace_beside *beside;
	enum request_kind kind;
	int result;
	bool is_done;
};

/* The questions, under `lock`. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static struct request *first_request, **last_request = &first_request;
static bool is_running;
static pthread_t self;

/* The collector's own. */
static struct ctrace_session *session_list[SESSIONS_MAX];
static struct ctrace_sessions sessions = {.list = session_list};

static _Atomic unsigned sessions_now;
static _Atomic pid_t own_tid;
static _Atomic uint64_t bytes_ended, bytes_now;

_Atomic int ctrace_collect_stall;

/* ---- sessions ---- */

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

static int begin(struct ctrace_session *session)
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

/* Sites off first, so that the last pass has an end; then drain. */
static void leave(struct ctrace_session *session)
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

static void finish(struct ctrace_session *session, const char *why)
{
	if (session->is_over) {
		return;
	}
	ctrace_session_finish(session, why);
	atomic_fetch_add_explicit(&bytes_ended, session->totals.bytes, memory_order_relaxed);
}

/* What is beside is closed here only when a sink has failed: its owner does it else, and has time.
 */
static void end(struct ctrace_session *session, const char *why)
{
	leave(session);
	ctrace_session_close_beside(session);
	finish(session, why);
	count_bytes();
}

static int change_categories(struct ctrace_session *session, char *categories)
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

static int snapshot(struct ctrace_session *session, struct ctrace_snapshot *taken)
{
	if (session->is_over) {
		return -ENOMEM; /* nothing else ends a flight before its owner does */
	}
	ctrace_feed_pass(&sessions, taken->is_last_word);
	ctrace_feed_seal(session);
	taken->tables = &own_tables;
	return ctrace_session_snapshot(session, taken);
}

/* A session that has failed meanwhile is told of no more. Before its rings are drained again: what
 * they hold of memory has stacks from here on. */
static void attach(struct ctrace_session *session, struct ctrace_beside *beside)
{
	session->beside = beside;
	if (session->is_over) {
		ctrace_session_close_beside(session);
	} else {
		beside->drain(beside, ctrace_clock_raw_ns() / 1000000u);
	}
}

/* ---- requests ---- */

static void answer(struct request *request)
{
	switch (request->kind) {
	case REQUEST_BEGIN:
		request->result = begin(request->session);
		break;
	case REQUEST_END:
		end(request->session, "stopped");
		break;
	case REQUEST_ATTACH:
		attach(request->session, request->beside);
		break;
	case REQUEST_LEAVE:
		leave(request->session);
		break;
	case REQUEST_CATEGORIES:
		request->result = change_categories(request->session, request->categories);
		break;
	case REQUEST_PASS:
		ctrace_feed_pass(&sessions, false);
		break;
	case REQUEST_POLICY:
		ctrace_policy_set(request->policy);
		break;
	case REQUEST_SNAPSHOT:
		request->result = snapshot(request->session, request->snapshot);
		break;
	}
}

static void answer_all(void)
{
	pthread_mutex_lock(&lock);
	while (first_request != NULL) {
		struct request *request = first_request;

		first_request = request->next;
		if (first_request == NULL) {
			last_request = &first_request;
		}
		pthread_mutex_unlock(&lock);
		answer(request);
		pthread_mutex_lock(&lock);
		request->is_done = true;
		pthread_cond_broadcast(&answered);
	}
	pthread_mutex_unlock(&lock);
}

/* ---- the thread ---- */

/* Seal what is old; end sessions whose sink is full or broken. */
static void tick(void)
{
	uint64_t now_ms = ctrace_clock_raw_ns() / 1000000u;

	for (unsigned i = 0; i < sessions.count;) {
		struct ctrace_session *session = sessions.list[i];

		if (ctrace_session_tick(session, now_ms)) {
			end(session, "writing failed");
			continue;
		}
		i++;
	}
	count_bytes();
}

static uint32_t at_most(uint32_t wait_ms, uint32_t limit_ms)
{
	return wait_ms < limit_ms ? wait_ms : limit_ms;
}

/* Of all sessions; returns how full the fullest of the kernel's buffers was, -1 if there are none.
 */
static int drain_besides(void)
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

/* The kernel's buffers are emptied as `ctrace record` does. */
static uint32_t wait_beside(uint32_t wait_ms, int fullest_percent)
{
	if (fullest_percent < 0) {
		return wait_ms;
	}
	return at_most(wait_ms, fullest_percent >= CTRACE_BESIDE_FILLING_PERCENT
					? CTRACE_BESIDE_FILLING_MS
					: CTRACE_BESIDE_MS);
}

/* As long as rings stay shallow meanwhile; a ring that fills faster rings the bell. */
static uint32_t next_wait(uint32_t wait_ms, const struct ctrace_taken *taken)
{
	if (sessions.count == 0) {
		return CTRACE_GATE_FOREVER;
	}
	if (wait_ms == CTRACE_GATE_FOREVER || taken->fullest_percent >= 50) {
		return CTRACE_TICK_MS;
	}
	if (taken->count == 0) {
		return at_most(2 * wait_ms, CTRACE_TICK_IDLE_MS);
	}
	return at_most(taken->fullest_percent < 12 ? 2 * wait_ms : wait_ms, CTRACE_TICK_SHALLOW_MS);
}

static void *collector_main(void *unused)
{
	uint32_t wait_ms = CTRACE_TICK_MS;

	(void)unused;
	atomic_store_explicit(&own_tid, gettid(), memory_order_relaxed);
	prctl(PR_SET_NAME, "ctrace");
	ctrace_gate_enter();
	ctrace_crash_thread_answers();
	for (;;) {
		struct ctrace_taken taken = {.count = 0};
		int fullest_percent = -1;

		answer_all();
		if (sessions.count > 0 &&
		    atomic_load_explicit(&ctrace_collect_stall, memory_order_acquire) == 0) {
			taken = ctrace_feed_pass(&sessions, false);
			fullest_percent = drain_besides();
			tick();
		}
		wait_ms = next_wait(wait_ms, &taken);
		ctrace_gate_sleep(wait_beside(wait_ms, fullest_percent));
	}
	return NULL;
}

static int start_thread(void)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int result;

	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&self, &attributes, collector_main, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -result;
}

/* Hand the request over and wait for the answer. */
static int ask(struct request *request)
{
	int result = 0, cancel;

	/* The request is on our stack: being cancelled here would leave it dangling. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&lock);
	if (!is_running) {
		result = start_thread();
		is_running = result == 0;
	}
	if (result == 0) {
		*last_request = request;
		last_request = &request->next;
		ctrace_gate_ring_bell();
		while (!request->is_done) {
			pthread_cond_wait(&answered, &lock);
		}
		result = request->result;
	}
	pthread_mutex_unlock(&lock);
	pthread_setcancelstate(cancel, NULL);
	return result;
}

int ctrace_collect_begin(struct ctrace_session *session)
{
	struct request request = {.kind = REQUEST_BEGIN, .session = session};

	return ask(&request);
}

void ctrace_collect_end(struct ctrace_session *session)
{
	struct request request = {.kind = REQUEST_END, .session = session};

	ask(&request);
}

void ctrace_collect_attach(struct ctrace_session *session, struct ctrace_beside *beside)
{
	struct request request = {.kind = REQUEST_ATTACH, .session = session, .beside = beside};

	ask(&request);
}

void ctrace_collect_leave(struct ctrace_session *session)
{
	struct request request = {.kind = REQUEST_LEAVE, .session = session};

	ask(&request);
}

void ctrace_collect_finish(struct ctrace_session *session)
{
	finish(session, "stopped");
}

pid_t ctrace_collect_tid(void)
{
	return atomic_load_explicit(&own_tid, memory_order_relaxed);
}

int ctrace_collect_categories(struct ctrace_session *session, char *categories_take)
{
	struct request request = {
		.kind = REQUEST_CATEGORIES, .session = session, .categories = categories_take};

	return ask(&request);
}

int ctrace_collect_now(void)
{
	struct request request = {.kind = REQUEST_PASS};

	return ask(&request);
}

int ctrace_collect_policy(enum ctrace_policy policy)
{
	struct request request = {.kind = REQUEST_POLICY, .policy = policy};
	bool has_collector;

	pthread_mutex_lock(&lock);
	has_collector = is_running;
	if (!has_collector) {
		ctrace_policy_set(policy);
	}
	pthread_mutex_unlock(&lock);
	return has_collector ? ask(&request) : 0;
}

int ctrace_collect_snapshot(struct ctrace_session *session, struct ctrace_snapshot *taken)
{
	struct request request = {.kind = REQUEST_SNAPSHOT, .session = session, .snapshot = taken};

	return ask(&request);
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

bool ctrace_collect_is_self(void)
{
	return is_running && pthread_equal(self, pthread_self());
}

__attribute__((no_sanitize_thread)) void ctrace_collect_fork_child(void)
{
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	answered = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	first_request = NULL;
	last_request = &first_request;
	is_running = false;
	sessions.count = 0;
	atomic_store_explicit(&sessions_now, 0, memory_order_relaxed);
	atomic_store_explicit(&own_tid, 0, memory_order_relaxed);
	ctrace_feed_fork_child();
}
