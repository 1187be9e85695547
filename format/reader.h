/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_READER_H
#define CTRACE_READER_H

/*
 * Reads a trace. Opening walks the chunk headers, reads every table and the
 * clock, and notes all damage; events are then read chunk by chunk, in any
 * order, by any number of threads.
 *
 *     ctrace_trace_open(&trace, fd, &settings, &error)
 *       ctrace_trace_info(trace)                   sizes, damage, clock
 *       for each i: ctrace_trace_chunk(trace, i)   the directory
 *         ctrace_chunk_load(&chunk, trace, i, &error)      read, check, decompress
 *           ctrace_cursor_init(&cursor, trace, &chunk)
 *           while (ctrace_cursor_next(&cursor, &event, &error) == CTRACE_OK) …
 *         ctrace_chunk_unload(&chunk)
 *     ctrace_trace_close(trace)
 *
 * Files are read with pread, never mapped: a file cut while we read gives an
 * error, not SIGBUS.
 *
 *                    | info, chunk, names | load, cursor (own objects) | close
 *   info, chunk, …   |         ok         |            ok              |  no
 *   load, cursor     |         ok         |            ok              |  no
 */

#include "format/kinds.h"
#include "format/records.h"
#include "format/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctrace_trace;

struct ctrace_chunk_entry {
	uint64_t offset;
	uint64_t base, span; /* ticks */
	uint32_t type, flags, stream, seq, events, raw, stored;
	uint32_t missing_before; /* chunks of this stream missing before this one (gap in seq) */
	uint32_t payload_crc;
};

/* How many damaged places are listed. */
#define CTRACE_DAMAGE_MAX 4096u

/* A place that could not be used. */
struct ctrace_damage {
	uint64_t offset, size; /* bytes of the file that were skipped */
	struct ctrace_error error;
};

struct ctrace_trace_info {
	uint64_t file_bytes;
	uint16_t major, minor;
	uint8_t session[16];
	uint64_t base_ticks, ticks_per_second;
	enum ctrace_clock_kind clock_kind;
	bool has_trailer;	 /* false: still written, cut, or its recorder was killed */
	uint64_t events;	 /* sum over good EVENTS chunk headers */
	uint64_t lost;		 /* of the trailer; 0 without */
	uint64_t last_ticks;	 /* largest base + span */
	uint32_t chunk_count;	 /* entries of the directory */
	uint32_t unknown_chunks; /* optional ones of a type this version does not know */
	uint32_t unknown_kinds;	 /* sites of a kind this version does not know */
	const struct ctrace_damage
		*damage; /* owned by the trace, in file order, found while opening */
	uint32_t damage_count;
	uint32_t damage_more;  /* places past CTRACE_DAMAGE_MAX: counted, not listed */
	uint64_t good_end;     /* where the last whole chunk (or the trailer) ends */
	uint64_t index_offset; /* of the trailer; 0 without */
	uint32_t trailer_chunks;
};

struct ctrace_trace_settings {
	/* Called now and then while opening, with bytes walked and bytes in all. May be NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *context;
	bool is_strict; /* the first damage is an error instead of an entry in `damage` */
};

/*
 * Open the trace in `fd` (seekable; borrows until close). `settings` may be NULL.
 * Gives *trace. Fails only on SPEC 9.1, I/O and memory (and, if strict, on any damage).
 */
enum ctrace_status ctrace_trace_open(struct ctrace_trace **trace, int fd,
				     const struct ctrace_trace_settings *settings,
				     struct ctrace_error *error);
void ctrace_trace_close(struct ctrace_trace *trace); /* NULL is fine */

const struct ctrace_trace_info *ctrace_trace_info(const struct ctrace_trace *trace);
const struct ctrace_chunk_entry *ctrace_trace_chunk(const struct ctrace_trace *trace,
						    uint32_t index);

/* Tables. Strings and rows are borrowed until close. A missing string is `?<id>`, never NULL. */
struct ctrace_bytes ctrace_trace_string(const struct ctrace_trace *trace, uint32_t id);
uint32_t ctrace_trace_string_end(const struct ctrace_trace *trace); /* largest id + 1 */
const struct ctrace_site *ctrace_trace_site(const struct ctrace_trace *trace,
					    uint32_t id); /* NULL: not defined */
uint32_t ctrace_trace_site_end(const struct ctrace_trace *trace);
const struct ctrace_thread_row *ctrace_trace_threads(const struct ctrace_trace *trace,
						     uint32_t *count); /* by stream */
const struct ctrace_thread_row *ctrace_trace_thread(const struct ctrace_trace *trace,
						    uint32_t stream); /* NULL: no row */
const struct ctrace_process_row *ctrace_trace_processes(const struct ctrace_trace *trace,
							uint32_t *count); /* by pid */
const struct ctrace_clock_row *ctrace_trace_clocks(const struct ctrace_trace *trace,
						   uint32_t *count); /* by ticks */
const struct ctrace_meta *ctrace_trace_meta(const struct ctrace_trace *trace, uint32_t *count);

/* What a kernel and its calls tell of. A stream is a thread's or a buffer's, never both. */
const struct ctrace_buffer_row *ctrace_trace_buffers(const struct ctrace_trace *trace,
						     uint32_t *count); /* by stream */
const struct ctrace_buffer_row *ctrace_trace_buffer(const struct ctrace_trace *trace,
						    uint32_t stream); /* NULL: no row */
const struct ctrace_source_row *ctrace_trace_sources(const struct ctrace_trace *trace,
						     uint32_t *count); /* as first named */

/* By number; NULL: not defined. `_end` is the largest number + 1. */
const struct ctrace_call_row *ctrace_trace_call(const struct ctrace_trace *trace, uint64_t call);
uint32_t ctrace_trace_call_end(const struct ctrace_trace *trace);
const struct ctrace_frame_row *ctrace_trace_frame(const struct ctrace_trace *trace, uint64_t frame);
uint32_t ctrace_trace_frame_end(const struct ctrace_trace *trace);
const struct ctrace_module_row *ctrace_trace_module(const struct ctrace_trace *trace,
						    uint64_t module);
uint32_t ctrace_trace_module_end(const struct ctrace_trace *trace);
/*
 * A stack's innermost frame; go on with its parent. That ends after at most CTRACE_STACK_MAX steps,
 * for parents are smaller; SPEC 7.11 bounds it by CTRACE_STACK_FRAMES_MAX where no row is missing.
 */
const struct ctrace_stack_row *ctrace_trace_stack(const struct ctrace_trace *trace, uint64_t stack);
uint32_t ctrace_trace_stack_end(const struct ctrace_trace *trace);

const struct ctrace_file_row *ctrace_trace_files(const struct ctrace_trace *trace,
						 uint32_t *count); /* by pid, fd, from */
/* What the descriptor stood for at `ticks` (of the recorder's clock); NULL: not known. */
const struct ctrace_file_row *ctrace_trace_file(const struct ctrace_trace *trace, uint64_t pid,
						uint64_t fd, uint64_t ticks);

/* SPEC 6: nanoseconds since the trace's beginning. Exact; never falls as ticks rise. */
uint64_t ctrace_trace_ns(const struct ctrace_trace *trace, uint64_t ticks);

struct ctrace_chunk {
	const struct ctrace_chunk_entry *entry;
	uint32_t index;		/* in the directory */
	const uint8_t *payload; /* decompressed, entry->raw bytes */
	void *memory;		/* owned; ctrace_chunk_load reuses it */
	size_t memory_bytes;
};

/*
 * Read, check and decompress chunk `index` into `chunk` (zeroed before its first use; reused
 * after). CTRACE_ERR_DAMAGED, _CUT, _IO with the chunk's offset.
 */
enum ctrace_status ctrace_chunk_load(struct ctrace_chunk *chunk, const struct ctrace_trace *trace,
				     uint32_t index, struct ctrace_error *error);
void ctrace_chunk_unload(struct ctrace_chunk *chunk); /* zeroed is fine */

struct ctrace_value {
	enum ctrace_arg_type type;
	uint32_t name; /* string id of the argument's name; 0 for fields of plain kinds */
	union {
		int64_t i64;
		uint64_t u64; /* also bool, ptr, hex */
		double f64;
		struct ctrace_bytes str;
	};
};

struct ctrace_event {
	enum ctrace_kind kind;
	uint32_t site; /* of site kinds and named ends; else CTRACE_NO_SITE */
	uint64_t ticks;
	uint32_t index; /* within its chunk */
	const uint8_t
		*args; /* where its arguments or fields begin and end; borrowed from the chunk */
	const uint8_t *args_end;
};

struct ctrace_open_span_in_chunk {
	uint32_t site;
	uint64_t begin; /* ticks */
};

/* Walks the events of one loaded chunk. */
struct ctrace_cursor {
	const struct ctrace_trace *trace;
	const struct ctrace_chunk *chunk;
	uint32_t open_count; /* restated open spans, outermost first */
	struct ctrace_open_span_in_chunk open[1024];
	/* private below */
	/* Not in pairs: a wide load of begin and end would wait for the narrow store before it. */
	const uint8_t *ops, *times, *args, *ops_end, *times_end, *args_end;
	uint64_t ticks, last_ticks;
	uint32_t index, event_count;
};

/* Begin at the chunk's first event; reads the restated open spans. */
enum ctrace_status ctrace_cursor_init(struct ctrace_cursor *cursor,
				      const struct ctrace_trace *trace,
				      const struct ctrace_chunk *chunk, struct ctrace_error *error);
/* The next event; CTRACE_END after the last; an error names the byte and ends the chunk. Unknown
 * kinds come with their number. */
enum ctrace_status ctrace_cursor_next(struct ctrace_cursor *cursor, struct ctrace_event *event,
				      struct ctrace_error *error);
/* Up to `room` events into `events`, `*count` of them; else as ctrace_cursor_next. CTRACE_OK: there
 * may be more. */
enum ctrace_status ctrace_cursor_fill(struct ctrace_cursor *cursor, struct ctrace_event *events,
				      uint32_t room, uint32_t *count, struct ctrace_error *error);
/*
 * Check a whole chunk's events without giving them: the tolerant reader uses a chunk wholly or not
 * at all (SPEC 9.3), so readers that keep events call this first, or undo on failure.
 */
enum ctrace_status ctrace_chunk_check(const struct ctrace_trace *trace,
				      const struct ctrace_chunk *chunk, struct ctrace_error *error);

/*
 * The event's arguments (site kinds) or fields (plain kinds), at most 16. Returns how many.
 * `age` fields come as u64 ticks before the event. Strings borrow from chunk or trace.
 */
unsigned ctrace_event_values(const struct ctrace_trace *trace, const struct ctrace_event *event,
			     struct ctrace_value values[16]);

#endif
