/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHECKER_H
#define CTRACE_CHECKER_H

/*
 * The strict validator while it walks: what is known so far. For validate.c and the files beside it
 * only.
 */

#include "format/map.h"
#include "format/validate.h"

/* What is known of a stream behind its last good chunk. */
struct ctrace_checked_stream {
	uint32_t number;
	bool is_buffer;	     /* a kernel's: no spans, no thread of its own */
	bool is_stack_known; /* false after a gap or damage, or as a snapshot begins: the next list
				is taken as it is */
	bool has_gap_last;   /* what the last event told may have opened or closed spans (SPEC 8) */
	uint32_t depth;
	uint64_t written, lost;
	uint64_t last_offset;
	struct ctrace_open_span_in_chunk *stack; /* owns, CTRACE_OPEN_SPANS_MAX of them */
};

/* Which rows of a table were defined so far in the file. */
struct ctrace_defined {
	const char *what; /* "site" */
	uint8_t *bits;	  /* owns, one for each number below `end` */
	uint32_t end;
};

struct ctrace_checker {
	const struct ctrace_trace *trace;
	void (*problem)(void *context, const struct ctrace_error *error);
	void *context;
	struct ctrace_validate_report *report;
	struct ctrace_map stream_index;
	struct ctrace_checked_stream *streams;
	uint32_t stream_count, stream_capacity;
	struct ctrace_defined strings, sites, calls, stacks, frames, modules;
	bool is_reference_reported; /* one complaint per chunk says it all */
	struct ctrace_chunk chunk;
	struct ctrace_cursor cursor;
	enum ctrace_status status;
};

void ctrace_checker_report(struct ctrace_checker *checker, uint64_t offset, uint32_t chunk,
			   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* About the chunk at hand. */
#define CTRACE_REPORT_CHUNK(checker, ...)                                                          \
	ctrace_checker_report(checker, (checker)->chunk.entry->offset, (checker)->chunk.index,     \
			      __VA_ARGS__)

static inline bool ctrace_defined_is(const struct ctrace_defined *defined, uint64_t number)
{
	return number < defined->end && (defined->bits[number / 8] >> number % 8 & 1) != 0;
}

/* Numbers from `end` on are of chunks that opening did not use. */
static inline void ctrace_defined_set(struct ctrace_defined *defined, uint64_t number)
{
	if (number < defined->end) {
		defined->bits[number / 8] |= (uint8_t)(1u << number % 8);
	}
}

/* What is known of that stream, new if need be; NULL: no memory. */
struct ctrace_checked_stream *ctrace_checker_stream(struct ctrace_checker *checker,
						    uint32_t number);
/* A row that `whose` refers to must be defined by now; string 0 always is. */
void ctrace_checker_reference(struct ctrace_checker *checker, const struct ctrace_defined *defined,
			      uint64_t number, const char *whose);
void ctrace_checker_string(struct ctrace_checker *checker, uint64_t id, const char *whose);

/* The rows of the table at hand. */
void ctrace_checker_rows(struct ctrace_checker *checker);
/* The events of the chunk at hand. */
void ctrace_checker_events(struct ctrace_checker *checker);
/* One of them, if it is a buffer's or of a kind that a kernel tells of. */
void ctrace_checker_kernel_event(struct ctrace_checker *checker,
				 const struct ctrace_checked_stream *stream,
				 const struct ctrace_event *event);
/* One of them, whatever it is: what it names of CALLS, if it is a wait for a lock. */
void ctrace_checker_lock_event(struct ctrace_checker *checker, const struct ctrace_event *event);
/* At the end of a recording the rows of THREADS and BUFFERS say what was counted here. */
void ctrace_checker_counts(struct ctrace_checker *checker);

#endif
