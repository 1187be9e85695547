/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PAIRING_H
#define CTRACE_PAIRING_H

/*
 * Begins and ends of one thread become spans, by the rules of SPEC 8 and 8.1, and all
 * that depends on what the thread did before is kept with them: which task it works for,
 * which chunks are missing. The model and the Chrome JSON encoder both see a thread
 * through this, so they agree about every broken stream.
 *
 *     ctrace_pairing_init(&pairing, &calls, context)      one per stream
 *       for each EVENTS chunk of the stream, in order of seq:
 *         ctrace_pairing_chunk(&pairing, trace, &chunk, ordinal, &error)   it could be loaded
 *         ctrace_pairing_miss(&pairing, entry)            else, and when it was no good
 *     ctrace_pairing_close(&pairing, last_ticks)          what is still open: unfinished
 *     ctrace_pairing_finish(&pairing)
 *
 * Calls come in the order of time. For each span: `opened` (unless it began before the
 * recording and was never restated), then `closed` once; children close before parents.
 * `tag` is the caller's, kept from opened to closed.
 *
 * Thread: any, one per pairing.
 */

#include "format/reader.h"
#include "viewer-server/model/threads/collector_kind.h"
#include "viewer-server/model/threads/task_stack.h"

/*
 * Calls that a thread tells of itself (syscall_enter and syscall_exit in its own stream, and
 * lock_wait and lock_acquired) nest among its spans and are spans here: their `site` is the call's
 * number with a mark. So is what a collector does (gc_begin and gc_end): its kind with two marks.
 */
#define CTRACE_CALL_SITE_MARK	   UINT32_C(0x80000000)
#define CTRACE_COLLECTOR_SITE_MARK UINT32_C(0xc0000000)

static inline uint32_t ctrace_site_of_call(uint64_t call)
{
	return CTRACE_CALL_SITE_MARK | (uint32_t)(call & 0xffff);
}

static inline bool ctrace_is_call_site(uint32_t site)
{
	return (site & CTRACE_COLLECTOR_SITE_MARK) == CTRACE_CALL_SITE_MARK;
}

static inline uint32_t ctrace_call_of_site(uint32_t site)
{
	return site & 0xffff;
}

static inline uint32_t ctrace_site_of_collector(uint64_t kind)
{
	return CTRACE_COLLECTOR_SITE_MARK | (uint32_t)ctrace_collector_kind_of(kind);
}

static inline bool ctrace_is_collector_site(uint32_t site)
{
	return site != CTRACE_NO_SITE &&
	       (site & CTRACE_COLLECTOR_SITE_MARK) == CTRACE_COLLECTOR_SITE_MARK;
}

static inline enum ctrace_collector_kind ctrace_collector_of_site(uint32_t site)
{
	return ctrace_collector_kind_of(site & 0xff);
}

/* No site of the program's: nothing restates it, and no unnamed END ends it. */
static inline bool ctrace_is_marked_site(uint32_t site)
{
	return ctrace_is_call_site(site) || ctrace_is_collector_site(site);
}

enum ctrace_span_flags {
	CTRACE_SPAN_UNFINISHED = 1, /* no END: closed by ctrace_pairing_close */
	CTRACE_SPAN_BEGAN_BEFORE =
		2, /* an END with nothing open: begins with the stream's first event */
	CTRACE_SPAN_RESTATED = 4, /* known from a chunk's list only: its arguments are not */
	CTRACE_SPAN_UNWOUND = 8,  /* closed by the END of a span outside it */
	CTRACE_SPAN_CUT = 16,	  /* no END: open before chunks that are missing, not after them */
};

struct ctrace_span {
	uint64_t begin, end; /* ticks; end: of closed spans */
	uint64_t children;   /* ticks spent in its direct children */
	uint64_t tag;
	uint64_t task;	       /* the thread worked for it when the span opened; 0: for none */
	uint32_t site;	       /* CTRACE_NO_SITE: unknown (an END without a name and a begin) */
	uint32_t depth;	       /* 0: outermost */
	uint32_t chunk, index; /* where its begin is: ordinal of the chunk, event in it;
				  CTRACE_NO_CHUNK: nowhere */
	uint32_t flags;
	/* Of closed calls and collectors' work whose end is in the trace: where, and what they
	 * gave: collectors the bytes that are alive, and those they freed. */
	bool has_result;
	uint32_t end_chunk, end_index;
	int64_t result;
	uint64_t freed;
};

/* Events that are not in the trace: a LOST record, or chunks that could not be used. */
struct ctrace_lost {
	uint64_t from, to;     /* ticks */
	uint64_t events;       /* as far as is known */
	uint64_t chunks;       /* that are missing; 0: a record */
	unsigned reason;       /* enum ctrace_loss */
	uint32_t chunk, index; /* where the record is; CTRACE_NO_CHUNK: nowhere */
};

struct ctrace_pairing_calls {
	/* A span opens. `begin` has its arguments; NULL for a restated one. May set span->tag. */
	void (*opened)(void *context, struct ctrace_span *span, const struct ctrace_event *begin);
	/* A span is complete. */
	void (*closed)(void *context, const struct ctrace_span *span);
	/* Every event that is neither begin, end nor LOST. `depth` spans are open; `inner` is the
	 * innermost or NULL. Entering and leaving a task has been done. */
	void (*other)(void *context, const struct ctrace_event *event, uint32_t chunk,
		      const struct ctrace_span *inner);
	/* May be NULL. */
	void (*lost)(void *context, const struct ctrace_lost *loss);
};

struct ctrace_pairing {
	const struct ctrace_pairing_calls *calls;
	void *context;
	const struct ctrace_trace *trace; /* of the last chunk */
	struct ctrace_span *open;	  /* owned; CTRACE_OPEN_SPANS_MAX */
	uint32_t depth;
	struct ctrace_event *events; /* owned; those of the chunk at hand */
	uint32_t events_room;
	uint64_t first, last; /* ticks of the stream's first and latest event */
	bool has_events;
	uint64_t repaired; /* ends that closed others or nothing, restatements that differed, spans
			      too deep */
	uint64_t too_deep; /* begins over CTRACE_OPEN_SPANS_MAX that are now open and left out */
	struct ctrace_task_stack entered;
	bool is_out_of_memory;
	/* Of the chunks missed since the last good one: how many, their events, their ticks. */
	uint64_t missed_chunks, missed_events, missed_from, missed_to;
};

/* `calls` and `context` are borrowed until finish. */
enum ctrace_status ctrace_pairing_init(struct ctrace_pairing *pairing,
				       const struct ctrace_pairing_calls *calls, void *context);
void ctrace_pairing_finish(struct ctrace_pairing *pairing);

/*
 * Replay one loaded chunk. `ordinal` is its index in the trace's directory. Spans that the chunk's
 * list does not restate are closed as cut. A chunk that breaks a rule answers CTRACE_ERR_DAMAGED
 * before any call was made: it was not there (SPEC 9.3), and the caller says so by
 * ctrace_pairing_miss.
 */
enum ctrace_status ctrace_pairing_chunk(struct ctrace_pairing *pairing,
					const struct ctrace_trace *trace,
					const struct ctrace_chunk *chunk, uint32_t ordinal,
					struct ctrace_error *error);
/* A chunk of the stream could not be used. */
void ctrace_pairing_miss(struct ctrace_pairing *pairing, const struct ctrace_chunk_entry *entry);

/* Close what is open as unfinished at `ticks` (at least the last event's), innermost first; but a
 * call that never returns is over, as far as the stream tells. */
void ctrace_pairing_close(struct ctrace_pairing *pairing, uint64_t ticks);

/* The task the thread works for now; 0: none. */
static inline uint64_t ctrace_pairing_task(const struct ctrace_pairing *pairing)
{
	return ctrace_task_stack_current(&pairing->entered);
}

#endif
