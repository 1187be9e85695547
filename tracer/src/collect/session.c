/* SPDX-License-Identifier: MIT */

/* Opening and closing sessions from any thread; see session.h. The work is the collector's. */

#include "tracer/src/collect/session.h"

#include "tracer/src/collect/collect.h"
#include "tracer/src/collect/session_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* NULL stays NULL. */
static int copy_categories(const char *categories, char **copy)
{
	*copy = NULL;
	if (categories != NULL) {
		*copy = strdup(categories);
		return *copy != NULL ? 0 : -ENOMEM;
	}
	return 0;
}

int ctrace_session_open(struct ctrace_session **session,
			const struct ctrace_session_settings *settings)
{
	struct ctrace_session *made = calloc(1, sizeof(*made));
	int result;

	*session = NULL;
	if (made == NULL || copy_categories(settings->categories, &made->categories) != 0) {
		ctrace_session_free(made);
		return -ENOMEM;
	}
	made->settings = *settings;
	made->settings.categories = NULL;
	made->pid = getpid();
	result = ctrace_collect_begin(made);
	if (result != 0) {
		ctrace_session_free(made);
		return result;
	}
	*session = made;
	return 0;
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
	ctrace_collect_end(session);
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
	int result = copy_categories(categories, &copy);

	return result == 0 ? ctrace_collect_categories(session, copy) : result;
}
