/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BLOCK_H
#define CTRACE_BLOCK_H

/*
 * The events of one thread, or of one kernel buffer (then see kernel_events.h), on their way into
 * a chunk (SPEC 8): three columns and the stack of open spans. The hot half is inline because the
 * collector goes through it 100 million times a second.
 *
 *     if (!ctrace_block_has_room(&block, arg_bytes)) {
 *             ctrace_writer_seal(&writer, &block);
 *     }
 *     ctrace_block_begin(&block, site, ticks);
 *     ctrace_block_arg_u64(&block, rows);       every argument of the site, in order
 *     ctrace_block_end(&block, site, ticks);
 *
 * One thread at a time per block. The caller keeps time from falling: `ticks`
 * of each call is at least that of the call before, and below 2^63.
 */

#include "format/kinds.h"
#include "format/limits.h"
#include "format/status.h"
#include "format/wire.h"

#include <stdbool.h>
#include <stdint.h>

/* Columns of a begin/end stream fill together near CTRACE_CHUNK_RAW_AIM; one event's arguments
 * always fit. */
#define CTRACE_BLOCK_OPS_BYTES	 (24u << 10)
#define CTRACE_BLOCK_TIMES_BYTES (48u << 10)
#define CTRACE_BLOCK_ARGS_BYTES	 (128u << 10)

/* The most an argument takes in column 3, to sum up for ctrace_block_has_room. */
#define CTRACE_ARG_NUMBER_BYTES	      10u
#define CTRACE_ARG_STRING_BYTES(size) (3u + (size))

struct ctrace_open_span {
	uint32_t site;
	uint64_t begin; /* ticks */
};

struct ctrace_block {
	uint8_t *ops, *ops_at, *ops_end; /* column 1; an event that starts before the end fits */
	uint8_t *times, *times_at, *times_end; /* column 2, the same */
	uint8_t *args, *args_at, *args_end;    /* column 3; arguments must end before the end */
	uint64_t base, last; /* ticks of the chunk's begin and of its last event */
	uint32_t events;     /* in the block now */
	uint32_t stream, seq;
	uint32_t depth;			    /* open spans now */
	uint32_t too_deep;		    /* open spans that were refused */
	uint32_t open_at_base;		    /* how many were open at base: restated */
	struct ctrace_open_span *open;	    /* CTRACE_OPEN_SPANS_MAX of them */
	struct ctrace_open_span *base_open; /* copy at base */
	uint32_t lost_events; /* LOST records in the block now, and the sum of their counts */
	uint64_t lost;
	uint64_t lost_since; /* ticks: the earliest that these tell of; UINT64_MAX without any */
	uint64_t written; /* events in sealed chunks that are not LOST; ctrace_block_written() adds
			     the rest */
};

/*
 * Allocates the columns (about 230 KiB, of which pages are used as they fill).
 * Undo with ctrace_block_finish, which takes NULL and zeroed blocks.
 */
enum ctrace_status ctrace_block_init(struct ctrace_block *block, uint32_t stream, uint64_t base);
void ctrace_block_finish(struct ctrace_block *block);

/* Rare or slow halves of the inline calls. */
void ctrace_block_end_other(struct ctrace_block *block, uint32_t site);
void ctrace_block_plain_str(struct ctrace_block *block, enum ctrace_kind kind, uint64_t ticks,
			    const char *bytes, size_t size);
/* `since`: ticks from which on events were lost, not after `ticks`. */
void ctrace_block_lost(struct ctrace_block *block, uint64_t ticks, enum ctrace_loss reason,
		       uint64_t count, uint64_t since);

/* Events of this stream so far that are not LOST, sealed or not: a THREADS row's `written`. */
static inline uint64_t ctrace_block_written(const struct ctrace_block *block)
{
	return block->written + block->events - block->lost_events;
}

/* Is there room for one more event with at most `arg_bytes` of arguments? If not, seal. Sealed
 * blocks have room. */
static inline bool ctrace_block_has_room(const struct ctrace_block *block, size_t arg_bytes)
{
	return block->ops_at < block->ops_end && block->times_at < block->times_end &&
	       (ptrdiff_t)arg_bytes <= block->args_end - block->args_at;
}

/* The part that all events share: the time column. */
static inline void ctrace_block_time(struct ctrace_block *block, uint64_t ticks)
{
	block->times_at = ctrace_put_varint(block->times_at, ticks - block->last);
	block->last = ticks;
	block->events++;
}

/* An event of a site, any kind but span_begin. Its arguments follow. */
static inline void ctrace_block_site_event(struct ctrace_block *block, uint32_t site,
					   uint64_t ticks)
{
	ctrace_block_time(block, ticks);
	block->ops_at = ctrace_put_varint(block->ops_at, (uint64_t)site + 8);
}

/*
 * A span opens; its arguments follow. False: CTRACE_OPEN_SPANS_MAX are open
 * already, nothing was written (no arguments may follow) and the caller counts
 * the event as lost (CTRACE_LOSS_SPAN_DEPTH). The END of such a span answers false too.
 */
static inline bool ctrace_block_begin(struct ctrace_block *block, uint32_t site, uint64_t ticks)
{
	if (__builtin_expect(block->depth == CTRACE_OPEN_SPANS_MAX, 0)) {
		block->too_deep++;
		return false;
	}
	ctrace_block_site_event(block, site, ticks);
	block->open[block->depth++] = (struct ctrace_open_span){.site = site, .begin = ticks};
	return true;
}

/*
 * A span closes. `site` may be CTRACE_NO_SITE: the innermost. False: it is the
 * end of a span that was refused; nothing was written, the caller counts it as lost.
 */
static inline bool ctrace_block_end(struct ctrace_block *block, uint32_t site, uint64_t ticks)
{
	if (__builtin_expect(block->too_deep != 0, 0)) {
		block->too_deep--;
		return false;
	}
	ctrace_block_time(block, ticks);
	if (__builtin_expect(block->depth != 0 && block->open[block->depth - 1].site == site, 1)) {
		block->depth--;
		*block->ops_at++ = 0;
		return true;
	}
	ctrace_block_end_other(block, site);
	return true;
}

static inline void ctrace_block_arg_u64(struct ctrace_block *block, uint64_t value)
{
	block->args_at = ctrace_put_varint(block->args_at, value);
}

static inline void ctrace_block_arg_i64(struct ctrace_block *block, int64_t value)
{
	ctrace_block_arg_u64(block, ctrace_zigzag_encode(value));
}

static inline void ctrace_block_arg_f64(struct ctrace_block *block, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	block->args_at = ctrace_put_u64(block->args_at, bits);
}

static inline void ctrace_block_arg_bool(struct ctrace_block *block, bool value)
{
	*block->args_at++ = value;
}

/* A string's own bytes; cut at CTRACE_STRING_BYTES_MAX. */
static inline void ctrace_block_arg_bytes(struct ctrace_block *block, const char *bytes,
					  size_t size)
{
	if (size > CTRACE_STRING_BYTES_MAX) {
		size = CTRACE_STRING_BYTES_MAX;
	}
	block->args_at = ctrace_put_varint(block->args_at, (uint64_t)size << 1 | 1);
	if (size > 0) {
		memcpy(block->args_at, bytes, size);
	}
	block->args_at += size;
}

/* A string of the table. */
static inline void ctrace_block_arg_string(struct ctrace_block *block, uint32_t string_id)
{
	ctrace_block_arg_u64(block, (uint64_t)string_id << 1);
}

/* An event of operation 2: its fields follow as `bytes`. */
static inline void ctrace_block_plain(struct ctrace_block *block, unsigned kind, uint64_t ticks)
{
	ctrace_block_time(block, ticks);
	*block->ops_at++ = 2;
	block->ops_at = ctrace_put_varint(block->ops_at, kind);
}

/* A plain kind whose one field is a varint. */
static inline void ctrace_block_plain_u64(struct ctrace_block *block, enum ctrace_kind kind,
					  uint64_t ticks, uint64_t value)
{
	ctrace_block_plain(block, (unsigned)kind, ticks);
	*block->args_at++ = (uint8_t)ctrace_varint_size(value);
	ctrace_block_arg_u64(block, value);
}

#endif
