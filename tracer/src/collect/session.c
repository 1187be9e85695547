/* SPDX-License-Identifier: MIT */

/* Opening and closing sessions from any thread; see session.h. The work is the collector's. */

#include "tracer/src/collect/session.h"

#include "tracer/src/collect/collect.h"
#include "tracer/src/collect/session_state.h"
#include "tracer/src/sites/quiet.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The list of categories that has none. */
#define NOTHING "-*"

/* The list, and what is named besides. NULL without both. */
static int copy_categories(const char *categories, const char *named, char **copy)
{
	bool has_both = categories != NULL && *categories != '\0' && *named != '\0';
	size_t size = strlen(named) + 2 + (categories != NULL ? strlen(categories) : 0);

	*copy = NULL;
	if (categories == NULL && *named == '\0') {
		return 0;
	}
	*copy = malloc(size);
	if (*copy == NULL) {
		return -ENOMEM;
	}
	snprintf(*copy, size, "%s%s%s", categories != NULL ? categories : "", has_both ? "," : "",
		 named);
	return 0;
}

/* ---- beside rings ---- */

/* On a thread that has all signals blocked; on this one if there can be none. */
static void on_own_thread(void *(*run)(void *), void *argument)
{
	sigset_t all, before;
	pthread_t thread;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&thread, NULL, run, argument);
	if (result != 0) {
		run(argument);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result == 0) {
		pthread_setname_np(thread, "ctrace-sources");
		pthread_join(thread, NULL);
	}
}

struct opening {
	struct ctrace_session *session;
	const char *sources;
};

static void *open_and_attach(void *argument)
{
	const struct opening *opening = argument;
	struct ctrace_beside *beside;

	ctrace_quiet_begin();
	beside = ctrace_beside_open(opening->session, opening->sources);
	if (beside != NULL) {
		ctrace_collect_attach(opening->session, beside);
	}
	ctrace_quiet_end();
	return NULL;
}

static void *close_and_finish(void *argument)
{
	struct ctrace_session *session = argument;

	ctrace_quiet_begin();
	ctrace_session_close_beside(session);
	ctrace_collect_finish(session);
	ctrace_quiet_end();
	return NULL;
}

static void open_beside(struct ctrace_session *session, const char *sources)
{
	struct opening opening = {.session = session, .sources = sources};

	session->has_beside = sources != NULL && ctrace_beside_is_wanted(sources);
	if (session->has_beside) {
		on_own_thread(open_and_attach, &opening);
	}
}

/* ---- open and close ---- */

int ctrace_session_open(struct ctrace_session **session,
			const struct ctrace_session_settings *settings)
{
	struct ctrace_session *made = calloc(1, sizeof(*made));
	bool has_spans = settings->sources == NULL || ctrace_beside_wants_spans(settings->sources);
	const char *categories = has_spans ? settings->categories : NOTHING;
	const char *named = settings->sources != NULL ? ctrace_beside_named(settings->sources) : "";
	int result;

	*session = NULL;
	if (made == NULL || copy_categories(categories, named, &made->categories) != 0) {
		ctrace_session_free(made);
		return -ENOMEM;
	}
	made->settings = *settings;
	made->settings.categories = NULL;
	made->settings.sources = NULL;
	made->has_spans = has_spans;
	made->named = named;
	made->pid = getpid();
	result = ctrace_collect_begin(made);
	if (result != 0) {
		ctrace_session_free(made);
		return result;
	}
	open_beside(made, settings->sources);
	*session = made;
	return 0;
}

/* The collector goes on with its other sessions while what is beside this one closes. */
static void end(struct ctrace_session *session)
{
	if (!session->has_beside) {
		ctrace_collect_end(session);
		return;
	}
	ctrace_collect_leave(session);
	on_own_thread(close_and_finish, session);
}

int ctrace_session_close(struct ctrace_session *session, struct ctrace_session_totals *totals)
{
	int result;

	if (session == NULL) {
		return 0;
	}
	if (session->pid != getpid()) {
		if (totals != NULL) {
			*totals = (struct ctrace_session_totals){.ended = "forked"};
		}
		return 0;
	}
	end(session);
	result = session->totals.status == CTRACE_OK ? 0 : -EIO;
	if (totals != NULL) {
		*totals = session->totals;
	}
	ctrace_session_free(session);
	return result;
}

int ctrace_session_categories(struct ctrace_session *session, const char *categories)
{
	char *copy;
	int result =
		copy_categories(session->has_spans ? categories : NOTHING, session->named, &copy);

	return result == 0 ? ctrace_collect_categories(session, copy) : result;
}
