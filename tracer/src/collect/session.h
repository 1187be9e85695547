/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SESSION_H
#define CTRACE_SESSION_H

/*
 * A session is one trace being recorded: a format/writer.h writer, the columns
 * of each thread, and the categories it wants. Any number run at once and know
 * nothing of each other; the collector feeds them all.
 *
 *     ctrace_session_open(&session, &settings)      recording has begun
 *       …settings.write is called on threads of ours, one after the other…
 *     ctrace_session_close(session, &totals)        drained, sealed, closed, freed
 */

#include "format/writer.h"

#include <stdbool.h>
#include <stdint.h>

struct ctrace_past;
struct ctrace_session;
struct ctrace_watch;

struct ctrace_session_settings {
	/*
	 * Takes the trace's bytes in order. Called on the collector's thread, which
	 * serves all other sessions too: return soon. With sources, the trace's end comes on
	 * another thread of ours. A status other than CTRACE_OK ends this session; it is not
	 * called again.
	 */
	ctrace_write_fn *write;
	/*
	 * May be NULL. Asked after each drain, on the collector's thread: NULL to go on, or
	 * why the sink wants no more events ("disk full at byte 4096"). The trace is then
	 * closed in good order, with that reason in its META row `ended`.
	 */
	const char *(*wants_end)(void *sink);
	/*
	 * Not NULL: a flight. Nothing is written; sealed chunks and rows are kept there, and
	 * ctrace_collect_snapshot makes traces of them. Borrows until close has returned.
	 */
	struct ctrace_past *past;
	/* Of a flight: so many bytes of what its events refer to beside sites and threads are
	 * remembered (format/kept_rows.h); 0: nothing of it, and no event that needs it is made. */
	size_t rows_bytes;
	struct ctrace_watch *watch; /* of a flight; NULL: no rules. Borrows, as `past` */
	void *sink;		    /* borrows until close has returned */
	const char *categories;	    /* as in ctrace_settings; NULL: all. Copied */
	/* What to record beside rings (beside.h); NULL: nothing. Not of a flight. Borrows until
	 * open has returned. */
	const char *sources;
};

struct ctrace_session_totals {
	uint64_t written; /* events in the trace, LOST records not counted */
	uint64_t lost;
	uint64_t bytes;
	uint32_t threads;
	uint32_t chunks;
	enum ctrace_status status; /* CTRACE_OK, or what `write` failed with */
	char ended[160];	   /* why it ended; "stopped" if close ended it */
};

/*
 * Start recording; the file header has been written when this returns.
 * Returns 0 and gives *session, or -ENOMEM, -EIO (write failed at once), -EAGAIN
 * (no thread could be made).
 *
 * Thread: any but the collector's.  Signal handler: no.  Blocks: until begun.  Allocates: yes.
 */
int ctrace_session_open(struct ctrace_session **session,
			const struct ctrace_session_settings *settings);

/*
 * Stop: everything emitted before this call is drained, sealed and written, then
 * tables, index and trailer. Takes `session` (NULL is fine). `totals` may be NULL.
 * In a forked child it only forgets the session: the trace is the parent's.
 * Returns 0, or -EIO if `write` had failed.
 *
 * Thread: any but the collector's.  Signal handler: no.  Blocks: until all is written.  Allocates:
 * yes.
 */
int ctrace_session_close(struct ctrace_session *session, struct ctrace_session_totals *totals);

/* Change which categories this session wants, from now on. Blocks: until it is so. */
int ctrace_session_categories(struct ctrace_session *session, const char *categories);

#endif
