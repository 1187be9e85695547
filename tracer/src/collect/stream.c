/* SPDX-License-Identifier: MIT */

/* Ring records to columns; see stream.h. */

#include "tracer/src/collect/stream.h"

#include "format/kernel_events.h"
#include "tracer/src/collect/stream_args.h"
#include "tracer/src/ring/ring_record.h"

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Also where a stranger's record was completed to a time before 0. */
static bool is_before(uint64_t ticks, uint64_t last)
{
	return (int64_t)ticks < (int64_t)last;
}

uint64_t ctrace_stretch_ticks(const struct ctrace_stretch *stretch, uint64_t now)
{
	return ctrace_record_ticks(ctrace_stretch_word(stretch, stretch->from), now);
}

void ctrace_stream_seal(struct ctrace_stream *stream)
{
	ctrace_writer_seal(&stream->recording->writer, &stream->block);
	stream->begun_ms = 0;
}

static void need_room(struct ctrace_stream *stream, size_t arg_bytes)
{
	if (UNLIKELY(!ctrace_block_has_room(&stream->block, arg_bytes))) {
		ctrace_stream_seal(stream);
	}
}

/* ---- events ---- */

static void count_deep(struct ctrace_stream *stream, uint64_t ticks)
{
	if (stream->deep_lost++ == 0) {
		stream->deep_first = ticks;
	}
	stream->deep_last = ticks;
}

static void put_string_event(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			     const struct ctrace_entry *entry, uint64_t ticks)
{
	struct ctrace_string_copy copy;
	uint64_t at = stretch->from + 8;
	size_t size = ctrace_stretch_string_size(stretch, at);

	ctrace_block_plain_str(&stream->block, (enum ctrace_kind)entry->kind, ticks,
			       ctrace_stretch_string(stretch, at + 8, size, &copy), size);
}

static void put_event(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
		      const struct ctrace_entry *entry, uint32_t site, uint64_t ticks)
{
	switch (entry->kind) {
	case CTRACE_KIND_SPAN_BEGIN:
		if (!ctrace_block_begin(&stream->block, site, ticks)) {
			count_deep(stream, ticks);
			return;
		}
		break;
	case CTRACE_KIND_SYSCALL_ENTER:
		ctrace_stream_call(stream, stretch, entry, site, ticks);
		return;
	case CTRACE_KIND_SYSCALL_TEXT:
		ctrace_stream_call_text(stream, stretch, ticks);
		return;
	case CTRACE_KIND_LOCK_WAIT:
	case CTRACE_KIND_LOCK_RELEASED:
		ctrace_stream_lock(stream, stretch, entry, site, ticks);
		return;
	case CTRACE_KIND_LOCK_STACK:
		ctrace_stream_lock_stack(stream, stretch, ticks);
		return;
	case CTRACE_KIND_THREAD_NAME:
	case CTRACE_KIND_PROCESS_NAME:
		put_string_event(stream, stretch, entry, ticks);
		return;
	case CTRACE_KIND_GC_BEGIN:
	case CTRACE_KIND_GC_HEAP:
	case CTRACE_KIND_GC_THREAD:
		ctrace_stream_gc(stream, stretch, entry, ticks);
		return;
	case CTRACE_KIND_ALLOC:
	case CTRACE_KIND_FREE:
	case CTRACE_KIND_REALLOC:
	case CTRACE_KIND_POOL:
		ctrace_stream_memory(stream, stretch, entry, site, ticks);
		return;
	default:
		if (!ctrace_kind_is_of_sites(entry->kind)) {
			ctrace_block_plain_u64(&stream->block, (enum ctrace_kind)entry->kind, ticks,
					       ctrace_stretch_word(stretch, stretch->from + 8));
			return;
		}
		ctrace_block_site_event(&stream->block, site, ticks);
		break;
	}
	ctrace_args_put(&stream->block, stretch, stretch->from + 8, entry);
}

static void put_end(struct ctrace_stream *stream, uint32_t site, uint64_t ticks)
{
	if (UNLIKELY(!ctrace_block_end(&stream->block, site, ticks))) {
		count_deep(stream, ticks);
	}
}

static bool is_open(const struct ctrace_block *block, uint32_t site)
{
	for (uint32_t i = block->depth; i > 0; i--) {
		if (block->open[i - 1].site == site) {
			return true;
		}
	}
	return false;
}

/*
 * An end: of a span, a wait, a collector's work, the leave of a task, the return of a call. Returns
 * its bytes in the ring. A span that was begun here is ended here, whatever is wanted by now.
 */
static uint64_t take_end(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			 const struct ctrace_entry *entry, uint32_t known, uint64_t ticks)
{
	bool is_wanted = (known & CTRACE_WANT_MASK) != CTRACE_WANT_NOT;
	uint32_t site = known >> CTRACE_WANT_BITS;

	if (entry->kind == CTRACE_KIND_TASK_ENTER) {
		if (is_wanted) {
			ctrace_block_plain_u64(&stream->block, CTRACE_KIND_TASK_LEAVE, ticks,
					       ctrace_stretch_word(stretch, stretch->from + 8));
		}
		return 16;
	}
	if (entry->kind == CTRACE_KIND_SYSCALL_ENTER) {
		if (is_wanted) {
			ctrace_block_syscall_exit(
				&stream->block, ticks, 0, site,
				(int64_t)ctrace_stretch_word(stretch, stretch->from + 8));
		}
		return 16;
	}
	if (entry->kind == CTRACE_KIND_LOCK_WAIT) {
		if (is_wanted) {
			ctrace_stream_lock_end(stream,
					       ctrace_stretch_word(stretch, stretch->from + 8),
					       site, ticks);
		}
		return 16;
	}
	if (entry->kind == CTRACE_KIND_GC_BEGIN) {
		ctrace_stream_gc_end(stream, stretch, is_wanted, ticks);
		return 24;
	}
	if (site != 0 && (is_wanted || is_open(&stream->block, site))) {
		put_end(stream, site, ticks);
	}
	return 8;
}

/* Does the record end before the stretch does? Else it was not written by an emit. */
static bool is_inside(const struct ctrace_stretch *stretch, uint64_t bytes)
{
	return bytes <= stretch->to - stretch->from;
}

/* Of an end of this entry in the ring; more than any ring for what has none. */
static uint64_t end_bytes(const struct ctrace_entry *entry)
{
	unsigned words = ctrace_entry_end_words(entry);

	if (words == 0 && entry->kind != CTRACE_KIND_SPAN_BEGIN) {
		return UINT64_MAX;
	}
	return 8 + 8 * (uint64_t)words;
}

/* Everything but ends and begins of plain spans. Returns its bytes in the ring, 0: it is none. */
static uint64_t take_other(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			   uint64_t word, uint64_t ticks)
{
	struct ctrace_codes *codes = stream->codes;
	unsigned code = (unsigned)word & (CTRACE_END_BIT - 1);
	uint32_t known = codes->known[code];
	const struct ctrace_entry *entry = codes->origin->entry(codes->origin, code);
	uint64_t bytes;
	size_t column_bytes;

	if (entry == NULL) {
		return 0;
	}
	if ((word & CTRACE_END_BIT) != 0) {
		if (!is_inside(stretch, end_bytes(entry))) {
			return 0;
		}
		need_room(stream, CTRACE_KERNEL_EVENT_BYTES);
		if (UNLIKELY((known & CTRACE_WANT_MASK) == CTRACE_WANT_WATCHED)) {
			ctrace_stream_watch_end(stream, entry, known >> CTRACE_WANT_BITS, ticks);
		}
		return take_end(stream, stretch, entry, known, ticks);
	}
	bytes = 8 + ctrace_args_measure(stretch, stretch->from + 8, entry, &column_bytes);
	if (!is_inside(stretch, bytes)) {
		return 0;
	}
	if ((known & CTRACE_WANT_MASK) != CTRACE_WANT_NOT) {
		need_room(stream, column_bytes + CTRACE_KERNEL_EVENT_BYTES);
		put_event(stream, stretch, entry, known >> CTRACE_WANT_BITS, ticks);
	} else if (entry->kind == CTRACE_KIND_GC_BEGIN) {
		ctrace_stream_gc_untold(stream);
	}
	return bytes;
}

/* One begin or end of a plain span, whatever is unusual about it. */
static void take_span(struct ctrace_stream *stream, uint64_t word, uint32_t site, uint64_t ticks)
{
	need_room(stream, 0);
	if ((word & CTRACE_END_BIT) != 0) {
		put_end(stream, site, ticks);
	} else if (UNLIKELY(!ctrace_block_begin(&stream->block, site, ticks))) {
		count_deep(stream, ticks);
	}
}

/*
 * A varint of up to three bytes, without a branch on its length: gaps between events
 * vary at random. May touch eight bytes; columns have that much slack.
 */
static uint8_t *put_gap(uint8_t *at, uint64_t value)
{
	uint64_t bits = value, word;
	uint64_t has_second = bits >= 0x80, has_third = bits >= 0x4000;

	if (UNLIKELY(value >= 0x200000)) {
		return ctrace_put_varint(at, value);
	}
	word = (bits & 0x7f) | (bits & 0x3f80) << 1 | (bits & 0x1fc000) << 2;
	ctrace_put_u64(at, word | has_second << 7 | has_third << 15);
	return at + 1 + has_second + has_third;
}

/*
 * As many usual begins and ends as come in a row: plain spans, time not falling, each end
 * that of the innermost span. The same as ctrace_block_begin and _end, with the block's
 * state in registers: columns are bytes, so every store to one could change the block.
 * Measured by bench/drain: 3 ns an event instead of 8.
 */
static uint64_t take_usual_spans(struct ctrace_stream *stream, struct ctrace_stretch *stretch,
				 uint64_t now, uint64_t until)
{
	struct ctrace_block *block = &stream->block;
	const uint32_t *known = stream->codes->known;
	struct ctrace_open_span *open = block->open;
	uint8_t *ops = block->ops_at, *times = block->times_at;
	const uint8_t *ops_end = block->ops_end, *times_end = block->times_end;
	uint64_t last = block->last, from = stretch->from, to = stretch->to;
	uint32_t depth = block->depth;
	uint64_t count;

	if (block->too_deep != 0) {
		return 0;
	}
	for (count = 0; from < to && ops < ops_end && times < times_end; count++, from += 8) {
		uint64_t word = ctrace_stretch_word(stretch, from);
		uint32_t site = known[word & (CTRACE_END_BIT - 1)];
		uint64_t ticks = ctrace_record_ticks(word, now);

		if (UNLIKELY((site & CTRACE_WANT_MASK) != CTRACE_WANT_SPAN ||
			     is_before(ticks, last) || ticks > until)) {
			break;
		}
		site >>= CTRACE_WANT_BITS;
		if ((word & CTRACE_END_BIT) != 0) {
			if (UNLIKELY(depth == 0 || open[depth - 1].site != site)) {
				break;
			}
			depth--;
			*ops++ = 0;
		} else {
			if (UNLIKELY(depth == CTRACE_OPEN_SPANS_MAX)) {
				break;
			}
			open[depth++] = (struct ctrace_open_span){.site = site, .begin = ticks};
			ops = put_gap(ops, (uint64_t)site + 8);
		}
		times = put_gap(times, ticks - last);
		last = ticks;
	}
	block->ops_at = ops;
	block->times_at = times;
	block->last = last;
	block->depth = depth;
	block->events += (uint32_t)count;
	stretch->from = from;
	return count;
}

static void step_over(struct ctrace_stretch *stretch, uint64_t bytes)
{
	stretch->is_broken = bytes == 0;
	stretch->from += bytes;
}

/* The record at stretch->from. False: it is after `until`, or none. */
static bool take_one(struct ctrace_stream *stream, struct ctrace_stretch *stretch, uint64_t now,
		     uint64_t until)
{
	struct ctrace_codes *codes = stream->codes;
	uint64_t word = ctrace_stretch_word(stretch, stretch->from);
	unsigned code = (unsigned)word & (CTRACE_END_BIT - 1);
	uint64_t ticks = ctrace_record_ticks(word, now);

	if (ticks > until) {
		return false;
	}
	if (is_before(ticks, stream->block.last)) {
		ticks = stream->block.last;
		stream->clamped++;
	}
	if ((codes->known[code] & CTRACE_WANT_MASK) == CTRACE_WANT_UNKNOWN) {
		ctrace_codes_learn(codes, code);
	}
	if ((codes->known[code] & CTRACE_WANT_MASK) == CTRACE_WANT_SPAN) {
		take_span(stream, word, codes->known[code] >> CTRACE_WANT_BITS, ticks);
		step_over(stretch, 8);
	} else {
		step_over(stretch, take_other(stream, stretch, word, ticks));
	}
	return !stretch->is_broken;
}

uint64_t ctrace_stream_take(struct ctrace_stream *stream, struct ctrace_stretch *stretch,
			    uint64_t now, uint64_t until)
{
	uint64_t count = take_usual_spans(stream, stretch, now, until);

	while (stretch->from < stretch->to) {
		if (stretch->is_still && stream->block.last > now) {
			now = stream->block.last;
			stretch->is_broken = now > CTRACE_STILL_TICKS_MAX;
		}
		if (stretch->is_broken || !take_one(stream, stretch, now, until)) {
			break;
		}
		count += 1 + take_usual_spans(stream, stretch, now, until);
	}
	return count;
}

void ctrace_stream_lost(struct ctrace_stream *stream, enum ctrace_loss reason, uint64_t count,
			uint64_t first, uint64_t last)
{
	uint64_t at = last > stream->block.last ? last : stream->block.last;

	if (first < stream->recording->base_ticks) {
		first = stream->recording->base_ticks;
	}
	need_room(stream, CTRACE_KERNEL_EVENT_BYTES);
	ctrace_block_lost(&stream->block, at, reason, count, first < at ? first : at);
	stream->lost += count;
	stream->last_lock = 0;
}

void ctrace_stream_tell_deep(struct ctrace_stream *stream)
{
	if (stream->deep_lost > 0) {
		ctrace_stream_lost(stream, CTRACE_LOSS_SPAN_DEPTH, stream->deep_lost,
				   stream->deep_first, stream->deep_last);
		stream->deep_lost = 0;
	}
}

bool ctrace_stream_need_block(struct ctrace_stream *stream, uint32_t id)
{
	if (!stream->has_block) {
		stream->has_block = ctrace_block_init(&stream->block, id,
						      stream->recording->base_ticks) == CTRACE_OK;
	}
	return stream->has_block;
}
