/* SPDX-License-Identifier: MIT */

/* Spans of a stream that have rules, at their end and while they are open; see stream.h. */

#include "tracer/src/collect/stream.h"

static void look(struct ctrace_stream *stream, const struct ctrace_watched_span *span)
{
	ctrace_watch_look(stream->recording->watch, &stream->told, span);
}

void ctrace_stream_watch_end(struct ctrace_stream *stream, const struct ctrace_entry *entry,
			     uint32_t site, uint64_t ticks)
{
	const struct ctrace_block *block = &stream->block;
	uint32_t depth = block->too_deep == 0 ? block->depth : 0;

	for (uint32_t i = depth; i > 0; i--) {
		if (block->open[i - 1].site == site) {
			look(stream,
			     &(struct ctrace_watched_span){.entry = entry,
							   .begin = block->open[i - 1].begin,
							   .at = ticks});
			return;
		}
	}
}

/* NULL: a span without a rule. */
static const struct ctrace_entry *watched(const struct ctrace_stream *stream, uint32_t site)
{
	const struct ctrace_watch *watch = stream->recording->watch;
	struct ctrace_codes *codes = stream->codes;

	if (watch->site != NULL) {
		return watch->site(watch->context, site);
	}
	/* A flight of one process, whose codes are the ids of its sites. */
	if ((codes->known[site] & CTRACE_WANT_MASK) != CTRACE_WANT_WATCHED) {
		return NULL;
	}
	return codes->origin->entry(codes->origin, site);
}

void ctrace_stream_watch_open(struct ctrace_stream *stream, uint64_t now)
{
	const struct ctrace_block *block = &stream->block;

	for (uint32_t i = 0; stream->codes != NULL && i < block->depth; i++) {
		const struct ctrace_entry *entry = watched(stream, block->open[i].site);

		if (entry != NULL) {
			look(stream, &(struct ctrace_watched_span){.entry = entry,
								   .begin = block->open[i].begin,
								   .at = now,
								   .is_open = true});
		}
	}
}
