/* SPDX-License-Identifier: MIT */

/*
 * ctrace_start, ctrace_stop and the other functions of <ctrace/trace.h>. The
 * library's only state of its own kind is here: the one recording they speak of.
 */

#include "tracer/src/library/api.h"

#include "tracer/src/clock/clock.h"
#include "tracer/src/collect/beside.h"
#include "tracer/src/collect/collect.h"
#include "tracer/src/collect/file_sink.h"
#include "tracer/src/collect/session.h"
#include "tracer/src/emit/policy.h"
#include "tracer/src/emit/thread.h"
#include "tracer/src/library/library.h"
#include "tracer/src/ring/ring_budget.h"
#include "tracer/src/ring/ring_growth.h"
#include "tracer/src/sites/describe.h"
#include "tracer/src/sites/gate.h"
#include "tracer/src/sites/quiet.h"

#include <ctrace/trace.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	pthread_mutex_t lock;
	struct ctrace_session *session; /* NULL: not recording */
	struct ctrace_file_sink file;
	int (*write)(void *context, const void *bytes, size_t size);
	void *context;
	char *path; /* for messages */
	char default_categories[CTRACE_API_CATEGORIES_MAX];
	bool has_default_categories;
	char default_sources[CTRACE_API_SOURCES_MAX]; /* empty: none were said */
} api = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Atomic uint64_t task_ids;

static enum ctrace_status call_write(void *unused, const void *bytes, size_t size)
{
	(void)unused;
	return api.write(api.context, bytes, size) == 0 ? CTRACE_OK : CTRACE_ERR_IO;
}

static bool is_ring_size(unsigned kilobytes)
{
	return kilobytes >= CTRACE_RING_KB_MIN && kilobytes <= CTRACE_RING_KB_MAX &&
	       (kilobytes & (kilobytes - 1)) == 0;
}

int ctrace_api_ring_kb(unsigned kilobytes)
{
	if (!is_ring_size(kilobytes)) {
		return -EINVAL;
	}
	ctrace_rings_set_bytes((size_t)kilobytes << 10);
	return 0;
}

int ctrace_api_ring_max_kb(unsigned kilobytes)
{
	if (!is_ring_size(kilobytes)) {
		return -EINVAL;
	}
	ctrace_growth_set_max((size_t)kilobytes << 10);
	return 0;
}

int ctrace_api_memory_mb(unsigned megabytes)
{
	if (megabytes < CTRACE_MEMORY_MB_MIN || megabytes > CTRACE_MEMORY_MB_MAX) {
		return -EINVAL;
	}
	ctrace_ring_budget_set((size_t)megabytes << 20);
	return 0;
}

int ctrace_api_ring_policy(const char *name)
{
	int policy = ctrace_policy_named(name);

	return policy < 0 ? -EINVAL : ctrace_collect_policy((enum ctrace_policy)policy);
}

int ctrace_api_block_ms(unsigned milliseconds)
{
	if (milliseconds < 1 || milliseconds > CTRACE_BLOCK_MS_MAX) {
		return -EINVAL;
	}
	ctrace_policy_set_block_ms(milliseconds);
	return 0;
}

void ctrace_api_default_categories(const char *list)
{
	api.has_default_categories = list != NULL;
	snprintf(api.default_categories, sizeof(api.default_categories), "%s",
		 list != NULL ? list : "");
}

bool ctrace_api_get_categories(char list[CTRACE_API_CATEGORIES_MAX])
{
	bool has_list;

	pthread_mutex_lock(&api.lock);
	has_list = api.has_default_categories;
	memcpy(list, api.default_categories, sizeof(api.default_categories));
	pthread_mutex_unlock(&api.lock);
	return has_list;
}

static bool is_source_list(const char *list)
{
	const char *bad;
	size_t size;

	return strlen(list) < CTRACE_API_SOURCES_MAX && ctrace_beside_check(list, &bad, &size);
}

int ctrace_api_default_sources(const char *list)
{
	if (!is_source_list(list)) {
		return -EINVAL;
	}
	snprintf(api.default_sources, sizeof(api.default_sources), "%s", list);
	return 0;
}

/* Set before any other thread is there. */
bool ctrace_api_get_sources(char list[CTRACE_API_SOURCES_MAX])
{
	memcpy(list, api.default_sources, sizeof(api.default_sources));
	return list[0] != '\0';
}

static int apply_clock(const char *clock)
{
	if (clock == NULL || ctrace_clock_is(clock)) {
		return 0;
	}
	return ctrace_rings_exist() || ctrace_collect_sessions() > 0 ? -EBUSY
								     : ctrace_clock_force(clock);
}

static int apply_ring_settings(const struct ctrace_settings *settings)
{
	int result = settings->ring_kb == 0 ? 0 : ctrace_api_ring_kb(settings->ring_kb);

	if (result == 0 && settings->ring_max_kb != 0) {
		result = ctrace_api_ring_max_kb(settings->ring_max_kb);
	}
	if (result == 0 && settings->memory_mb != 0) {
		result = ctrace_api_memory_mb(settings->memory_mb);
	}
	if (result == 0 && settings->block_ms != 0) {
		result = ctrace_api_block_ms(settings->block_ms);
	}
	if (result == 0 && settings->ring_policy != NULL) {
		result = ctrace_api_ring_policy(settings->ring_policy);
	}
	return result;
}

/* Everything of the settings that may be refused. */
static int apply_settings(const struct ctrace_settings *settings)
{
	int result;

	if ((settings->file == NULL) == (settings->write == NULL) ||
	    (settings->sources != NULL && !is_source_list(settings->sources))) {
		return -EINVAL;
	}
	result = apply_clock(settings->clock);
	return result != 0 ? result : apply_ring_settings(settings);
}

static const char *categories_of(const struct ctrace_settings *settings)
{
	if (settings->categories != NULL) {
		return settings->categories;
	}
	return api.has_default_categories ? api.default_categories : NULL;
}

/* Spans alone where nothing else is said: whoever records for long pays for what he asked for. */
static const char *sources_of(const struct ctrace_settings *settings)
{
	if (settings->sources != NULL) {
		return settings->sources;
	}
	return api.default_sources[0] != '\0' ? api.default_sources : NULL;
}

static int open_session(const struct ctrace_settings *settings)
{
	struct ctrace_session_settings session = {.write = call_write,
						  .categories = categories_of(settings),
						  .sources = sources_of(settings)};

	api.write = settings->write;
	api.context = settings->context;
	if (settings->file != NULL) {
		int result = ctrace_file_sink_init(&api.file, settings->file);

		if (result != 0) {
			return result;
		}
		session.write = ctrace_file_sink_write;
		session.wants_end = ctrace_file_sink_wants_end;
		session.sink = &api.file;
	}
	return ctrace_session_open(&api.session, &session);
}

static void clean_up(void)
{
	ctrace_file_sink_finish(&api.file);
	free(api.path);
	api.path = NULL;
}

static int start_locked(const struct ctrace_settings *settings)
{
	int result;

	if (api.session != NULL) {
		return -EBUSY;
	}
	result = apply_settings(settings);
	if (result != 0) {
		return result;
	}
	api.path = settings->file != NULL ? strdup(settings->file) : NULL;
	result = open_session(settings);
	if (result != 0) {
		int error = api.file.error;

		clean_up();
		return result == -EIO && error != 0 ? -error : result;
	}
	return 0;
}

/*
 * A child whose fork ran no handlers still sees its parent's recording, and perhaps a lock. A
 * thread that is cancelled keeps none: it goes on until it gives the lock back.
 */
static int lock_api(void)
{
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	ctrace_quiet_begin();
	ctrace_gate_notice_fork();
	pthread_mutex_lock(&api.lock);
	return cancel;
}

static void unlock_api(int cancel)
{
	pthread_mutex_unlock(&api.lock);
	ctrace_quiet_end();
	pthread_setcancelstate(cancel, NULL);
}

int ctrace_start(const struct ctrace_settings *settings)
{
	int cancel, result, saved = errno;

	if (settings == NULL || ctrace_collect_is_self()) {
		return -EINVAL;
	}
	ctrace_library_init();
	cancel = lock_api();
	result = start_locked(settings);
	unlock_api(cancel);
	errno = saved;
	return result;
}

/* One line if the trace ended before it was asked to, or is not where it should be. */
static void complain(const struct ctrace_session_totals *totals)
{
	const char *path = api.path != NULL ? api.path : "(callback)";
	const char *trouble = ctrace_file_sink_trouble(&api.file);

	if (totals->status != CTRACE_OK) {
		fprintf(stderr, "ctrace: %s: recording ended at byte %llu: %s\n", path,
			(unsigned long long)totals->bytes,
			trouble != NULL ? trouble : "the callback refused");
	} else if (strcmp(totals->ended, "stopped") != 0) {
		fprintf(stderr, "ctrace: %s: recording ended: %s\n", path, totals->ended);
	} else if (trouble != NULL) {
		fprintf(stderr, "ctrace: %s: %s\n", path, trouble);
	}
}

static int stop_locked(void)
{
	struct ctrace_session_totals totals;
	int error;

	if (api.session == NULL) {
		return -EINVAL;
	}
	ctrace_session_close(api.session, &totals);
	api.session = NULL;
	ctrace_file_sink_finish(&api.file);
	error = api.file.error;
	complain(&totals);
	clean_up();
	if (totals.status != CTRACE_OK && error == 0) {
		error = EIO;
	}
	return -error;
}

int ctrace_stop(void)
{
	int cancel, result, saved = errno;

	if (ctrace_collect_is_self()) {
		return -EINVAL;
	}
	cancel = lock_api();
	result = stop_locked();
	unlock_api(cancel);
	errno = saved;
	return result;
}

void ctrace_categories(const char *list)
{
	int cancel, saved = errno;

	if (ctrace_collect_is_self()) {
		return;
	}
	cancel = lock_api();
	ctrace_api_default_categories(list);
	if (api.session != NULL) {
		ctrace_session_categories(api.session, list);
	}
	unlock_api(cancel);
	errno = saved;
}

uint64_t ctrace_task_id(void)
{
	return 1 + atomic_fetch_add_explicit(&task_ids, 1, memory_order_relaxed);
}

void ctrace_process_name(const char *name)
{
	if (name != NULL) {
		ctrace_describe_set_name(name);
		ctrace_thread_process_name(name);
	}
}

void ctrace_api_exit(void)
{
	if (ctrace_gate_notice_fork() || ctrace_collect_is_self()) {
		return;
	}
	if (api.session != NULL) {
		ctrace_stop();
	}
	ctrace_flight_stop();
}

__attribute__((no_sanitize_thread)) void ctrace_api_fork_child(void)
{
	api.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	api.session = NULL;
	api.file.fd = -1;
}
