/* SPDX-License-Identifier: MIT */

/* The collector's thread, and who asks it; see collect.h. What it does to sessions is in
 * live_sessions.c, to rings in feed.c. */

#include "tracer/src/collect/collect.h"

#include "tracer/src/collect/feed.h"
#include "tracer/src/collect/live_sessions.h"
#include "tracer/src/emit/crash.h"
#include "tracer/src/emit/policy.h"
#include "tracer/src/limits.h"
#include "tracer/src/sites/gate.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

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

static _Atomic pid_t own_tid;

_Atomic int ctrace_collect_stall;

/* ---- requests ---- */

static void answer(struct request *request)
{
	switch (request->kind) {
	case REQUEST_BEGIN:
		request->result = ctrace_live_begin(request->session);
		break;
	case REQUEST_END:
		ctrace_live_end(request->session, "stopped");
		break;
	case REQUEST_ATTACH:
		ctrace_live_attach(request->session, request->beside);
		break;
	case REQUEST_LEAVE:
		ctrace_live_leave(request->session);
		break;
	case REQUEST_CATEGORIES:
		request->result =
			ctrace_live_change_categories(request->session, request->categories);
		break;
	case REQUEST_PASS:
		ctrace_live_pass();
		break;
	case REQUEST_POLICY:
		ctrace_policy_set(request->policy);
		break;
	case REQUEST_SNAPSHOT:
		request->result = ctrace_live_snapshot(request->session, request->snapshot);
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

static uint32_t at_most(uint32_t wait_ms, uint32_t limit_ms)
{
	return wait_ms < limit_ms ? wait_ms : limit_ms;
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
	if (!ctrace_live_is_any()) {
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
		if (ctrace_live_is_any() &&
		    atomic_load_explicit(&ctrace_collect_stall, memory_order_acquire) == 0) {
			taken = ctrace_live_pass();
			fullest_percent = ctrace_live_drain_besides();
			ctrace_live_tick();
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
	ctrace_live_finish(session, "stopped");
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
	ctrace_live_fork_child();
	atomic_store_explicit(&own_tid, 0, memory_order_relaxed);
	ctrace_feed_fork_child();
}
