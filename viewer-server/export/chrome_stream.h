/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_STREAM_H
#define CTRACE_CHROME_STREAM_H

/*
 * One thread on its way into JSON: its chunks go in, in their order, and items
 * come out into the list, in the order of time (chrome.h says what that means
 * for spans that outlive a chunk).
 *
 * One thread at a time per object.
 */

#include "viewer-server/export/chrome_item.h"
#include "viewer-server/export/chrome_tasks.h"
#include "viewer-server/model/threads/pairing.h"

struct ctrace_chrome_stream {
	uint32_t index;	 /* in the list of streams */
	uint32_t stream; /* its number in the trace */
	uint64_t pid, tid;
	uint32_t last_chunk; /* ordinal of its last chunk */
	bool is_wanted;	     /* inside the range of threads */
	bool is_begun, is_over;
	struct ctrace_chrome_thread thread;
	struct ctrace_pairing pairing;
	uint64_t repaired;

	/* Borrowed for the length of a call. */
	const struct ctrace_trace *trace;
	struct ctrace_chrome_list *list;
	struct ctrace_chrome_tasks *all_tasks;
	uint8_t *marks;		      /* by chunk: enum ctrace_chrome_mark */
	const uint8_t *mapping_calls; /* by call: enum ctrace_mapping_call */
};

void ctrace_chrome_stream_finish(struct ctrace_chrome_stream *stream);

/* Memory that replaying a chunk needs and no stream keeps; one for all of them. A zeroed one is
 * ready. */
struct ctrace_chrome_work {
	struct ctrace_event *events; /* owned */
	uint32_t events_room;
};
void ctrace_chrome_work_finish(struct ctrace_chrome_work *work);

/*
 * Replay a loaded chunk. One that breaks a rule leaves the stream and the list as they were;
 * the status tells.
 */
enum ctrace_status ctrace_chrome_stream_chunk(struct ctrace_chrome_stream *stream,
					      const struct ctrace_chunk *chunk, uint32_t ordinal,
					      struct ctrace_chrome_work *work,
					      struct ctrace_error *error);

/* A chunk of the stream could not be used. */
void ctrace_chrome_stream_miss(struct ctrace_chrome_stream *stream,
			       const struct ctrace_chunk_entry *entry);

/* Its last chunk is through: what is open stays open. `last_ticks` are the trace's. */
void ctrace_chrome_stream_close(struct ctrace_chrome_stream *stream, uint64_t last_ticks);

/* Is a span open whose end a later chunk may hold? */
static inline bool ctrace_chrome_stream_is_open(const struct ctrace_chrome_stream *stream)
{
	return stream->is_begun && stream->pairing.depth > 0;
}

#endif
