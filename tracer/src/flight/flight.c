/* SPDX-License-Identifier: MIT */

/* The one flight of a process, and the thread that writes snapshots by itself; see flight.h. */

#include "tracer/src/flight/flight.h"

#include "tracer/src/clock/clock.h"
#include "tracer/src/collect/collect.h"
#include "tracer/src/directory/ring_dir.h"
#include "tracer/src/emit/crash.h"
#include "tracer/src/flight/flight_signal.h"
#include "tracer/src/flight/flight_told.h"
#include "tracer/src/sites/quiet.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What the flight's thread is woken for. */
enum { POKE_END = 1, POKE_SIGNAL = 2, POKE_RULE = 4, POKE_CRASH = 8 };

static struct {
	pthread_mutex_t life;		/* one beginning or end at a time; taken before `lock` */
	pthread_mutex_t lock;		/* guards what follows */
	struct ctrace_session *session; /* NULL: none is on */
	struct ctrace_past *past;
	struct ctrace_watch *watch;
	struct ctrace_rules rules;
	int signal;
	pthread_t thread;
	pthread_mutex_t files_lock; /* guards files; held while one is written */
	struct ctrace_flight_files files;
} flight = {.life = PTHREAD_MUTEX_INITIALIZER,
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .files_lock = PTHREAD_MUTEX_INITIALIZER};

/* Between the collector, which finds that a rule holds, and the flight's thread. */
static struct {
	pthread_mutex_t lock; /* guards what follows; never held while waiting for anything */
	struct ctrace_flight_told rule;
} told = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* [O] release by who pokes, acquire by the thread: what the poke is about. */
static _Atomic unsigned pokes;
static sem_t bell;
static _Atomic int crash_signal;

/* ---- occasions ---- */

/* Safe in a signal handler; errno may change. */
static void poke(unsigned what)
{
	/* [O] */
	atomic_fetch_or_explicit(&pokes, what, memory_order_release);
	sem_post(&bell);
}

static void on_signal(void)
{
	poke(POKE_SIGNAL);
}

static void on_crash(int signal)
{
	atomic_store_explicit(&crash_signal, signal, memory_order_relaxed);
	poke(POKE_CRASH);
}

/* On the collector's thread. */
static void on_rule(void *unused, const struct ctrace_rule *rule, const struct ctrace_entry *entry,
		    const struct ctrace_span_time *time)
{
	uint64_t now_ms = ctrace_clock_raw_ns() / 1000000u;
	bool is_told;

	(void)unused;
	pthread_mutex_lock(&told.lock);
	is_told = ctrace_flight_tell(&told.rule, rule, entry, time, now_ms);
	pthread_mutex_unlock(&told.lock);
	if (is_told) {
		poke(POKE_RULE);
	}
}

/* ---- snapshots ---- */

int ctrace_flight_take(struct ctrace_snapshot *snapshot)
{
	int result;

	pthread_mutex_lock(&flight.lock);
	result = flight.session != NULL ? ctrace_collect_snapshot(flight.session, snapshot)
					: -ENODATA;
	pthread_mutex_unlock(&flight.lock);
	return result;
}

/* Not by stdio: the thread that crashed may hold its locks. */
static void say(const char *reason, int result)
{
	char line[sizeof(flight.files.path) + 320];
	int size;

	if (result == 0) {
		size = snprintf(line, sizeof(line), "ctrace: %s: snapshot in %s\n", reason,
				flight.files.path);
	} else if (result == -EDQUOT) {
		size = snprintf(line, sizeof(line),
				"ctrace: %s: no snapshot: %u files were made, the most of one "
				"flight\n",
				reason, CTRACE_FLIGHT_FILES_MAX);
	} else {
		size = snprintf(line, sizeof(line), "ctrace: %s: no whole snapshot in %s: %s\n",
				reason, flight.files.path, strerror(-result));
	}
	if (write(STDERR_FILENO, line, (size_t)size) < 0) {
		return; /* nobody listens */
	}
}

static int take_file(struct ctrace_snapshot *snapshot, const char *word, bool is_silent)
{
	int result = ctrace_flight_take(snapshot);

	pthread_mutex_lock(&flight.files_lock);
	if (result == 0) {
		result = ctrace_flight_files_write(&flight.files, snapshot, word,
						   snapshot->is_last_word);
	}
	if (!is_silent) {
		say(snapshot->reason, result);
	}
	pthread_mutex_unlock(&flight.files_lock);
	ctrace_snapshot_finish(snapshot);
	return result;
}

int ctrace_flight_take_file(const char *word, const char *reason, uint64_t last_ns)
{
	struct ctrace_snapshot snapshot = {.last_ns = last_ns};

	snprintf(snapshot.reason, sizeof(snapshot.reason), "%s", reason);
	return take_file(&snapshot, word, true);
}

/* ---- the thread ---- */

static void serve_crash(void)
{
	struct ctrace_snapshot snapshot = {.is_last_word = true};
	char name[16];

	ctrace_flight_signal_name(atomic_load_explicit(&crash_signal, memory_order_relaxed), name);
	snprintf(snapshot.reason, sizeof(snapshot.reason), "crash %s", name);
	take_file(&snapshot, "crash", false);
	ctrace_crash_answer();
}

static void serve_signal(void)
{
	struct ctrace_snapshot snapshot = {0};
	char name[16];

	ctrace_flight_signal_name(flight.signal, name);
	snprintf(snapshot.reason, sizeof(snapshot.reason), "signal %s", name);
	take_file(&snapshot, "signal", false);
}

static void serve_rule(void)
{
	struct ctrace_snapshot snapshot = {0};

	pthread_mutex_lock(&told.lock);
	memcpy(snapshot.reason, told.rule.reason, sizeof(snapshot.reason));
	pthread_mutex_unlock(&told.lock);
	take_file(&snapshot, "rule", false);
}

static void *flight_main(void *unused)
{
	unsigned what = 0;

	(void)unused;
	ctrace_quiet_begin();
	prctl(PR_SET_NAME, "ctrace-flight");
	ctrace_crash_thread_answers();
	while ((what & POKE_END) == 0) {
		while (sem_wait(&bell) != 0) {
		}
		/* [O] */
		what = atomic_exchange_explicit(&pokes, 0, memory_order_acquire);
		if ((what & POKE_CRASH) != 0) {
			serve_crash();
		}
		if ((what & POKE_SIGNAL) != 0) {
			serve_signal();
		}
		if ((what & POKE_RULE) != 0) {
			serve_rule();
		}
	}
	return NULL;
}

static int start_thread(void)
{
	sigset_t all, before;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&flight.thread, NULL, flight_main, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -result;
}

/* ---- beginning and end ---- */

static int make_parts(const struct ctrace_flight_plan *plan)
{
	double ticks = (double)plan->span_ns * 1e-9 * (double)ctrace_clock_frequency();

	flight.past = ctrace_past_create((uint64_t)ticks, plan->bytes);
	flight.watch = plan->rules.count > 0 ? calloc(1, sizeof(*flight.watch)) : NULL;
	if (flight.past == NULL || (plan->rules.count > 0 && flight.watch == NULL)) {
		return -ENOMEM;
	}
	flight.rules = plan->rules;
	if (flight.watch != NULL) {
		ctrace_watch_init(flight.watch, &flight.rules, ctrace_clock_frequency());
		flight.watch->fired = on_rule;
	}
	flight.signal = plan->signal;
	flight.files = (struct ctrace_flight_files){0};
	snprintf(flight.files.pattern, sizeof(flight.files.pattern), "%s", plan->pattern);
	told.rule = (struct ctrace_flight_told){.more = 0};
	atomic_store_explicit(&pokes, 0, memory_order_relaxed);
	sem_init(&bell, 0, 0);
	return 0;
}

static void free_parts(void)
{
	ctrace_past_destroy(flight.past);
	free(flight.watch);
	flight.past = NULL;
	flight.watch = NULL;
}

static void leave_signals(void)
{
	ctrace_flight_signal_remove();
	ctrace_crash_remove();
}

static int take_signals(const struct ctrace_flight_plan *plan)
{
	char name[16];

	if (plan->on_crash) {
		atomic_store_explicit(&ctrace_crash_note, ctrace_ring_dir_note_crash,
				      memory_order_release);
		ctrace_crash_install(on_crash);
	}
	if (plan->signal == 0 || ctrace_flight_signal_install(plan->signal, on_signal) == 0) {
		return 0;
	}
	ctrace_flight_signal_name(plan->signal, name);
	fprintf(stderr, "ctrace: no snapshots on %s: the program handles or ignores it already\n",
		name);
	return -EBUSY;
}

static int begin_session(const struct ctrace_flight_plan *plan)
{
	const struct ctrace_session_settings settings = {
		.past = flight.past, .watch = flight.watch, .categories = plan->categories};
	struct ctrace_session *session;
	int result = ctrace_session_open(&session, &settings);

	if (result == 0) {
		pthread_mutex_lock(&flight.lock);
		flight.session = session;
		pthread_mutex_unlock(&flight.lock);
	}
	return result;
}

static void end_session(void)
{
	struct ctrace_session *session;

	pthread_mutex_lock(&flight.lock);
	session = flight.session;
	flight.session = NULL;
	pthread_mutex_unlock(&flight.lock);
	ctrace_session_close(session, NULL);
}

/* What was asked for before is written first, also by a rule for a span that has just ended. */
static void end_thread(void)
{
	leave_signals();
	ctrace_collect_now();
	poke(POKE_END);
	pthread_join(flight.thread, NULL);
}

static int begin_thread(const struct ctrace_flight_plan *plan)
{
	int result = start_thread();

	if (result != 0) {
		return result;
	}
	result = take_signals(plan);
	if (result != 0) {
		end_thread();
	}
	return result;
}

static int begin_parts(const struct ctrace_flight_plan *plan)
{
	int result = make_parts(plan);

	if (result != 0) {
		return result;
	}
	result = begin_session(plan);
	if (result != 0) {
		return result;
	}
	result = begin_thread(plan);
	if (result != 0) {
		end_session();
	}
	return result;
}

static int begin_locked(const struct ctrace_flight_plan *plan)
{
	int result;

	if (flight.session != NULL) {
		return -EBUSY;
	}
	result = begin_parts(plan);
	if (result != 0) {
		free_parts();
	}
	return result;
}

int ctrace_flight_begin(const struct ctrace_flight_plan *plan)
{
	int result;

	pthread_mutex_lock(&flight.life);
	result = begin_locked(plan);
	pthread_mutex_unlock(&flight.life);
	return result;
}

int ctrace_flight_end(void)
{
	int result = -ENODATA;

	pthread_mutex_lock(&flight.life);
	if (flight.session != NULL) {
		end_thread();
		end_session();
		free_parts();
		result = 0;
	}
	pthread_mutex_unlock(&flight.life);
	return result;
}

__attribute__((no_sanitize_thread)) void ctrace_flight_fork_child(void)
{
	flight.life = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	flight.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	flight.files_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	told.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	if (flight.session == NULL) {
		return;
	}
	/* The parent's memory; its thread is not here. */
	flight.session = NULL;
	flight.past = NULL;
	flight.watch = NULL;
	ctrace_flight_signal_remove();
	ctrace_crash_fork_child();
}
