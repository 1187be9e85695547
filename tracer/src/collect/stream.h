/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_STREAM_H
#define CTRACE_STREAM_H

/*
 * One thread's events in one session: records of the ring become columns of a
 * block. This is the collector's hot loop; everything else about a session is in
 * recording.h.
 */

#include "format/block.h"
#include "format/writer.h"
#include "tracer/src/collect/open_waits.h"
#include "tracer/src/collect/origin.h"
#include "tracer/src/collect/stack_finder.h"
#include "tracer/src/collect/watch.h"
#include "tracer/src/ring/gap.h"
#include "tracer/src/ring/ring.h"

#include <stdbool.h>
#include <stdint.h>

/* What a session thinks of a code; found out when the code first comes by. */
enum ctrace_want {
	CTRACE_WANT_UNKNOWN,
	CTRACE_WANT_SPAN, /* a span without arguments: the fast path */
	CTRACE_WANT_OTHER,
	CTRACE_WANT_WATCHED, /* a span with a rule about how long it may take */
	CTRACE_WANT_NOT,
};

/*
 * The file's numbers of calls that programs tell of, which all processes share: from
 * CTRACE_CALLS_FIRST on, by layer and name. Below are those of kernels.
 */
struct ctrace_call_names {
	uint32_t count;
	struct {
		enum ctrace_call_layer layer;
		uint32_t name; /* string id */
	} list[CTRACE_CALL_NAMES_MAX];
};

/* Where the columns go, shared by the streams of a session. */
struct ctrace_recording {
	struct ctrace_writer writer;
	const char *categories; /* borrows */
	/*
	 * Rings may hold what this session does not want: others read them too, or did. Alone,
	 * what sites emit is what it wants.
	 */
	bool is_choosy;
	uint64_t base_ticks;
	struct ctrace_watch *watch; /* borrows; NULL: no rules */
	/* The next site's id in the file. 0: one process's codes are the ids. */
	uint32_t next_site;
	struct ctrace_call_names calls;
	const struct ctrace_stack_finder *finder; /* borrows; NULL: stacks are the plain ones */
	struct ctrace_plain_stacks plain_stacks;
	struct ctrace_open_waits *waits; /* borrows; NULL: nobody looks at who holds locks */
};

/* One process's codes in one session. */
struct ctrace_codes {
	struct ctrace_recording *recording;
	struct ctrace_origin *origin;
	uint32_t known[CTRACE_CODES_MAX +
		       256]; /* site's id << CTRACE_WANT_BITS | enum ctrace_want */
};

/* A thread's collector: which of its begins that are open are in the stream, the innermost in the
 * lowest bit. Deeper ones than there are bits are forgotten. */
struct ctrace_stream_gc {
	uint64_t are_told;
	unsigned depth;
};

#define CTRACE_WANT_BITS 3u
#define CTRACE_WANT_MASK 7u

struct ctrace_stream {
	struct ctrace_recording *recording;
	struct ctrace_codes *codes; /* NULL: its only events are losses */
	struct ctrace_block block;
	bool has_block;
	uint64_t from; /* positions before these are not ours */
	uint64_t nested_from[CTRACE_NESTED_LEVELS];
	uint64_t lost_seen[CTRACE_REASONS];
	uint64_t deep_lost, deep_first,
		deep_last; /* spans beyond the format's depth, not yet told */
	uint64_t lost;
	uint64_t clamped;
	uint64_t begun_ms; /* when the block got its first event; 0: it is empty */
	struct ctrace_watch_told told;
	uint64_t last_lock; /* whose event was the stream's last of a lock, if a stack may follow; 0
			     */
	uint32_t open_wait; /* its place in recording->waits; 0: none */
	struct ctrace_stream_gc gc;
	/* Stacks by the numbers that the thread gave them last (memory_shape.h); owned; NULL: it
	 * gave none. */
	uint32_t *told_stacks;
};

/* A stretch of a ring that the collector may read. */
struct ctrace_stretch {
	const uint8_t *data;
	uint64_t mask;
	bool is_doubled; /* may strings be read across the end? */
	bool is_still;	 /* its times are completed from one another, not from now */
	bool is_broken;	 /* no record can be at `from`: given up there */
	uint64_t from, to;
};

/* Times of a still ring beyond this break it: what may be added to them stays below
 * CTRACE_TICKS_MAX. */
#define CTRACE_STILL_TICKS_MAX (CTRACE_TICKS_MAX - (UINT64_C(1) << 48))

/*
 * Transcode records while they are not after `until`; moves stretch->from. `now`: ticks of about
 * now, from which the records' 48 bits are completed. Returns how many records it took.
 * A stretch of a ring that a stranger wrote may hold anything: what cannot be a record breaks it.
 */
uint64_t ctrace_stream_take(struct ctrace_stream *stream, struct ctrace_stretch *stretch,
			    uint64_t now, uint64_t until);

/* Complete ticks of the record at stretch->from. */
uint64_t ctrace_stretch_ticks(const struct ctrace_stretch *stretch, uint64_t now);

/* Tell a loss in the stream. `last` is moved up to the stream's time, `first` not after it. */
void ctrace_stream_lost(struct ctrace_stream *stream, enum ctrace_loss reason, uint64_t count,
			uint64_t first, uint64_t last);

/*
 * Tell what was overwritten just before the next record, and put right which spans are open
 * behind it. Only if the gap is new to this stream.
 */
void ctrace_stream_gap(struct ctrace_stream *stream, const struct ctrace_gap_seen *gap);

/* Tell losses the stream itself found. */
void ctrace_stream_tell_deep(struct ctrace_stream *stream);

/* The innermost open span of this site ends at `ticks`: was that in time? */
void ctrace_stream_watch_end(struct ctrace_stream *stream, const struct ctrace_entry *entry,
			     uint32_t site, uint64_t ticks);

/* Is any span open too long at `now`? */
void ctrace_stream_watch_open(struct ctrace_stream *stream, uint64_t now);

/* Other categories are wanted: judge each code again. Ids stay. */
void ctrace_codes_forget(struct ctrace_codes *codes);

/* What is known of a code from now on; an entry that is not there yet may come. */
void ctrace_codes_learn(struct ctrace_codes *codes, unsigned code);

/* The record of memory at stretch->from, which is whole; `known` is what was learned of its site.
 */
void ctrace_stream_memory(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			  const struct ctrace_entry *entry, uint32_t known, uint64_t ticks);
/* Of a site of memory: its stack, or the name of its pool. 0: it has none. */
uint32_t ctrace_stream_learn_memory(struct ctrace_recording *recording,
				    const struct ctrace_entry *entry);

/*
 * Stacks of the record at stretch->from, which is whole. 0: not known.
 */
uint32_t ctrace_stream_stack_of_caller(struct ctrace_stream *stream, uint64_t caller);
/* Of the word `where`, which is argument `lead`; behind it stand the stack's addresses, if it says
 * so. */
uint32_t ctrace_stream_stack_of_number(struct ctrace_stream *stream,
				       const struct ctrace_stretch *stretch, unsigned lead,
				       bool is_told);
/* Numbers of stacks are known no more: records are missing. */
void ctrace_stream_forget_stacks(struct ctrace_stream *stream);
/* Where the thread was at its last event of a lock (emit/lock.h). */
void ctrace_stream_lock_stack(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			      uint64_t ticks);
/* The thread begins to wait for a lock that somebody holds; it waits no longer. */
void ctrace_stream_wait_begins(struct ctrace_stream *stream, uint64_t holder, uint64_t ticks);
void ctrace_stream_wait_ends(struct ctrace_stream *stream);
/* Can rows of STACKS be told? */
bool ctrace_recording_has_tables(const struct ctrace_recording *recording);
/* The record at stretch->from, which is whole: of a call, of a text that it was given. */
void ctrace_stream_call(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			const struct ctrace_entry *entry, uint32_t call, uint64_t ticks);
void ctrace_stream_call_text(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			     uint64_t ticks);
/* A wait for a lock begins, or a lock is let go. */
void ctrace_stream_lock(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			const struct ctrace_entry *entry, uint32_t call, uint64_t ticks);
/* A wait is over: `word` stands behind its code. */
void ctrace_stream_lock_end(struct ctrace_stream *stream, uint64_t word, uint32_t call,
			    uint64_t ticks);
/* The record of a collector at stretch->from, which is whole. */
void ctrace_stream_gc(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
		      const struct ctrace_entry *entry, uint64_t ticks);
/* Something that a collector begins is not wanted, and so its end. */
void ctrace_stream_gc_untold(struct ctrace_stream *stream);
/* The end of what it began last; with no begin known, `is_wanted` says whether it is told. */
void ctrace_stream_gc_end(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			  bool is_wanted, uint64_t ticks);

/* Do events of this kind come from sites (SPEC 8.4)? */
bool ctrace_kind_is_of_sites(unsigned kind);

/* Seal the block; the next event begins another chunk. */
void ctrace_stream_seal(struct ctrace_stream *stream);

/* The row of a site, and the strings it needs. */
void ctrace_stream_define_site(struct ctrace_writer *writer, const struct ctrace_entry *entry,
			       uint32_t id);

/* The columns' memory; false without. */
bool ctrace_stream_need_block(struct ctrace_stream *stream, uint32_t id);

#endif
