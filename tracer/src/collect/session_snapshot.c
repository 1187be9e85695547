/* SPDX-License-Identifier: MIT */

/* What a flight's past holds, as a snapshot; see session_snapshot.h. */

#include "tracer/src/collect/session_snapshot.h"

#include "format/kept_rows.h"
#include "tracer/src/clock/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t list_threads(const struct ctrace_session *session,
			     struct ctrace_snapshot_thread *threads)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < session->streams_end; i++) {
		const struct ctrace_stream *stream = session->streams[i];

		if (stream != NULL && stream->has_block) {
			threads[count++] =
				(struct ctrace_snapshot_thread){.stream = stream->block.stream,
								.depth = stream->block.depth,
								.open = stream->block.open};
		}
	}
	return count;
}

/* Of one process, codes are ids. */
static uint32_t sites_end(const struct ctrace_session *session)
{
	uint32_t next = session->recording.next_site;

	return next > CTRACE_CODES_MAX ? next : CTRACE_CODES_MAX;
}

int ctrace_session_snapshot(struct ctrace_session *session, struct ctrace_snapshot *snapshot)
{
	struct ctrace_snapshot_thread *threads = calloc(session->streams_end + 1, sizeof(*threads));
	uint32_t count;
	int result;

	if (threads == NULL) {
		return -ENOMEM;
	}
	if (session->orphans != NULL) {
		ctrace_writer_seal(&session->recording.writer, &session->orphans->block);
	}
	ctrace_session_state_clock(session);
	snapshot->now = ctrace_clock_ticks();
	snapshot->ticks_per_second = session->recording.writer.settings.ticks_per_second;
	memcpy(snapshot->session, session->id, sizeof(snapshot->session));
	if (session->settings.rows_bytes > 0) {
		ctrace_kept_rows_tidy(&session->recording.writer);
		snapshot->rows = &session->recording.writer;
	}
	count = list_threads(session, threads);
	result = ctrace_snapshot_take(snapshot, session->settings.past, &session->recording.writer,
				      threads, count, sites_end(session));
	free(threads);
	return result;
}
