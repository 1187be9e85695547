/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SESSION_STATE_H
#define CTRACE_SESSION_STATE_H

/*
 * What a session is to the collector: the writer, one stream per ring, and what
 * is due by the clock. Everything here runs on the collector's thread.
 *
 *     begin ─► for each ring: join ─► drains … tick … ─► leave (threads that exit) … ─► finish
 */

#include "tracer/src/clock/clock.h"
#include "tracer/src/collect/beside.h"
#include "tracer/src/collect/session.h"
#include "tracer/src/collect/stream.h"

#include <sys/types.h>

/* The stream of events that no ring took; thread numbers begin above. */
#define CTRACE_ORPHAN_STREAM 1u
#define CTRACE_FIRST_STREAM  2u

struct ctrace_session {
	struct ctrace_recording recording;
	struct ctrace_codes codes; /* of the process the session runs in */
	struct ctrace_session_settings settings;
	char *categories;		/* owns; recording.categories borrows it */
	struct ctrace_stream **streams; /* by index of the ring; NULL: nothing to say of it */
	uint32_t streams_end;
	uint32_t streams_seen; /* the format has a limit */
	struct ctrace_stream *orphans;
	struct ctrace_session_totals totals;
	uint8_t id[16]; /* SPEC 3: the same in all files of one recording */
	uint64_t next_clock_ms, next_flush_ms;
	struct ctrace_clock_pair last_clock; /* of the last CLOCK row */
	bool is_live;			     /* as in ctrace_session_start */
	bool is_prompt;			     /* as in ctrace_session_start */
	struct ctrace_beside *beside; /* NULL: only rings are recorded. The collector's, until it
					 has given it its last event */
	bool has_beside;	      /* its owner's: there was one */
	bool has_spans;		      /* rings are recorded */
	const char *named;	      /* and this, as in a list of categories; static */
	bool is_out;  /* the collector has given it its last event, and knows it no more */
	bool is_over; /* closed in good order or failed; waits for its owner's close */
	pid_t pid;    /* whose it is */
};

/* What a trace begins with, beside what the session itself knows. */
struct ctrace_session_start {
	uint64_t base_ticks;
	uint64_t ticks_per_second;
	enum ctrace_clock_kind clock_kind;
	bool is_live; /* recorded as it happens: this moment's clocks are rows now and then */
	/* Rings outlive us: what they let go of has been given to `write`, so that all is in one
	 * place or the other whenever we are killed. Smaller chunks are the price. */
	bool is_prompt;
	void (*describe)(struct ctrace_writer *writer, void *context); /* META, PROCESSES */
	void *context;
};

/* File header, META, PROCESSES, first CLOCK row. */
enum ctrace_status ctrace_session_begin(struct ctrace_session *session,
					const struct ctrace_session_start *start);

/* A CLOCK row of this moment, if the session is live. */
void ctrace_session_state_clock(struct ctrace_session *session);

/* A ring as sessions know it. */
struct ctrace_ring_place {
	uint32_t index; /* among the rings that a session is given */
	struct ctrace_ring *ring;
	struct ctrace_origin *origin;
};

/*
 * Its stream for the ring at this place, from where the ring stands now if `is_late`
 * (the ring was there before the session), else from its beginning. NULL without memory.
 */
struct ctrace_stream *ctrace_session_join(struct ctrace_session *session,
					  const struct ctrace_ring_place *place, bool is_late);
struct ctrace_stream *ctrace_session_stream(const struct ctrace_session *session, uint32_t index);

/* If the session is prompt: what it has of this ring is written. */
void ctrace_session_write_out(struct ctrace_session *session,
			      const struct ctrace_ring_place *place);

/* The ring's thread is drained and has ended as `state` says: seal, last row, forget. */
void ctrace_session_leave(struct ctrace_session *session, const struct ctrace_ring_place *place,
			  enum ctrace_thread_state state);

/* State a thread in its table; before its first event and when its numbers are final. */
void ctrace_session_state_thread(struct ctrace_session *session, const struct ctrace_stream *stream,
				 const struct ctrace_ring_place *place,
				 enum ctrace_thread_state state);

/* Tell the session's own stream about events that no ring took. */
void ctrace_session_orphans(struct ctrace_session *session, uint64_t count, uint64_t first,
			    uint64_t last);

/* Seal what is old, state the clocks, ask the sink. True if the session has to end now. */
bool ctrace_session_tick(struct ctrace_session *session, uint64_t now_ms);

/* What was recorded beside rings: the last of it, and its rows. Does nothing where there is none.
 */
void ctrace_session_close_beside(struct ctrace_session *session);

/* Everything is drained: seal all, tables, index, trailer. `ended` says why. Memory of streams is
 * given back. */
void ctrace_session_finish(struct ctrace_session *session, const char *ended);

void ctrace_session_free(struct ctrace_session *session);

#endif
