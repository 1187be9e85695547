/* SPDX-License-Identifier: MIT */

/* Events that their own thread overwrote, told to its stream; see stream.h. */

#include "tracer/src/collect/stream.h"
#include "tracer/src/ring/ring_record.h"

/* A span that was open before is over. As ctrace_block_end, but for the event. */
static void forget_open(struct ctrace_block *block, uint32_t site)
{
	if (block->too_deep > 0) {
		block->too_deep--;
		return;
	}
	for (uint32_t depth = block->depth; depth > 0; depth--) {
		if (block->open[depth - 1].site == site) {
			block->depth = depth - 1;
			return;
		}
	}
}

/* A span has been opened; its end is to come. */
static void open_unseen(struct ctrace_stream *stream, uint32_t site, uint64_t ticks)
{
	struct ctrace_block *block = &stream->block;
	uint64_t base = stream->recording->base_ticks;

	if (block->depth == CTRACE_OPEN_SPANS_MAX) {
		block->too_deep++;
		return;
	}
	ticks = ticks > base ? ticks : base;
	block->open[block->depth++] = (struct ctrace_open_span){
		.site = site, .begin = ticks < block->last ? ticks : block->last};
}

static void restate_one(struct ctrace_stream *stream, uint64_t word, uint64_t now)
{
	struct ctrace_codes *codes = stream->codes;
	unsigned code = ctrace_record_code(word);
	const struct ctrace_entry *entry = codes->origin->entry(codes->origin, code);
	uint32_t site;

	if ((codes->known[code] & CTRACE_WANT_MASK) == CTRACE_WANT_UNKNOWN) {
		ctrace_codes_learn(codes, code);
	}
	site = codes->known[code] >> CTRACE_WANT_BITS;
	if (entry == NULL || entry->kind != CTRACE_KIND_SPAN_BEGIN || site == 0) {
		return;
	}
	if ((word & CTRACE_END_BIT) != 0) {
		forget_open(&stream->block, site);
	} else if ((codes->known[code] & CTRACE_WANT_MASK) != CTRACE_WANT_NOT) {
		open_unseen(stream, site, ctrace_record_ticks(word, now));
	}
}

/* The next chunk restates what is open then: a reader's spans are right from there on. */
static void restate(struct ctrace_stream *stream, const struct ctrace_gap_seen *gap)
{
	for (uint64_t i = 0; i < gap->spans_count; i++) {
		restate_one(stream, gap->spans[i], gap->last);
	}
	ctrace_stream_seal(stream);
}

void ctrace_stream_gap(struct ctrace_stream *stream, const struct ctrace_gap_seen *gap)
{
	uint64_t count = gap->count - stream->lost_seen[CTRACE_LOSS_OVERWRITTEN];

	ctrace_stream_lost(stream, CTRACE_LOSS_OVERWRITTEN, count, gap->first, gap->last);
	stream->lost_seen[CTRACE_LOSS_OVERWRITTEN] = gap->count;
	stream->gc.depth = 0;
	ctrace_stream_forget_stacks(stream);
	if (gap->spans_count > 0) {
		restate(stream, gap);
	}
}
