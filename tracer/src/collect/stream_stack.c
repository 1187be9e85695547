/* SPDX-License-Identifier: MIT */

/* Stacks from records (memory_shape.h), and waits for locks that are not over; see stream.h. */

#include "format/lock_events.h"
#include "tracer/src/collect/stream.h"
#include "tracer/src/ring/ring_record.h"
#include "tracer/src/sites/memory_shape.h"

#include <stdlib.h>
#include <string.h>

/* Of the record's arguments, without those that are strings before it. */
static uint64_t word(const struct ctrace_stretch *stretch, unsigned index)
{
	return ctrace_record_word(stretch->data, stretch->mask,
				  stretch->from + 8 + 8 * (uint64_t)index);
}

/* A flight inside a program keeps chunks, and no tables that could be told again. */
bool ctrace_recording_has_tables(const struct ctrace_recording *recording)
{
	const struct ctrace_writer_settings *settings = &recording->writer.settings;

	return settings->keep == NULL || settings->rows_bytes_max > 0;
}

uint32_t ctrace_stream_stack_of_caller(struct ctrace_stream *stream, uint64_t caller)
{
	struct ctrace_recording *recording = stream->recording;
	const struct ctrace_stack_finder *finder = recording->finder;

	if (!ctrace_recording_has_tables(recording)) {
		return 0;
	}
	if (finder != NULL) {
		return finder->of_caller(finder->context, stream->codes->origin, caller);
	}
	return ctrace_plain_stack_of_caller(&recording->plain_stacks, &recording->writer, caller);
}

/* ---- numbers that threads give their stacks ---- */

/* The stack of what stands behind `where`: how often modules have gone, and addresses. */
static uint32_t stack_of_addresses(struct ctrace_stream *stream,
				   const struct ctrace_stretch *stretch, unsigned at,
				   uint64_t caller)
{
	const struct ctrace_stack_finder *finder = stream->recording->finder;
	uint64_t addresses[CTRACE_MEMORY_FRAMES_MAX];
	uint64_t count = word(stretch, at) / 8;

	if (finder == NULL || count < 2) {
		return ctrace_stream_stack_of_caller(stream, caller);
	}
	count = count - 1 < CTRACE_MEMORY_FRAMES_MAX ? count - 1 : CTRACE_MEMORY_FRAMES_MAX;
	for (unsigned i = 0; i < count; i++) {
		addresses[i] = word(stretch, at + 2 + i);
	}
	return finder->of_addresses(finder->context, stream->codes->origin, addresses,
				    (uint32_t)count, (uint32_t)word(stretch, at + 1));
}

static uint32_t *place_of_number(struct ctrace_stream *stream, uint64_t number)
{
	if (number == 0 || number > CTRACE_MEMORY_NUMBERS_MAX) {
		return NULL;
	}
	if (stream->told_stacks == NULL) {
		stream->told_stacks =
			calloc(CTRACE_MEMORY_NUMBERS_MAX, sizeof(stream->told_stacks[0]));
	}
	return stream->told_stacks != NULL ? &stream->told_stacks[number - 1] : NULL;
}

uint32_t ctrace_stream_stack_of_number(struct ctrace_stream *stream,
				       const struct ctrace_stretch *stretch, unsigned lead,
				       bool is_told)
{
	uint64_t where = word(stretch, lead);
	uint64_t caller = where >> CTRACE_MEMORY_NUMBER_BITS;
	uint32_t *place, stack;

	if (!ctrace_recording_has_tables(stream->recording)) {
		return 0;
	}
	place = place_of_number(stream, where & ((1u << CTRACE_MEMORY_NUMBER_BITS) - 1));
	if (is_told) {
		stack = stack_of_addresses(stream, stretch, lead + 1, caller);
		if (place != NULL) {
			*place = stack;
		}
		return stack;
	}
	/* Told before this session began, or in what was lost: who called is known all the same. */
	return place != NULL && *place != 0 ? *place
					    : ctrace_stream_stack_of_caller(stream, caller);
}

void ctrace_stream_forget_stacks(struct ctrace_stream *stream)
{
	if (stream->told_stacks != NULL) {
		memset(stream->told_stacks, 0,
		       CTRACE_MEMORY_NUMBERS_MAX * sizeof(stream->told_stacks[0]));
	}
}

/* ---- locks ---- */

/* A handler may have come between the lock's event and this, with locks of its own. */
void ctrace_stream_lock_stack(struct ctrace_stream *stream, const struct ctrace_stretch *stretch,
			      uint64_t ticks)
{
	uint32_t stack = 0;

	if (stream->last_lock != 0 && word(stretch, 0) == stream->last_lock) {
		stack = ctrace_stream_stack_of_number(stream, stretch, 1, true);
	}
	if (stack != 0) {
		ctrace_block_lock_stack(&stream->block, ticks, stack);
	}
	stream->last_lock = 0;
}

/* ---- waits that are not over ---- */

void ctrace_stream_wait_begins(struct ctrace_stream *stream, uint64_t holder, uint64_t ticks)
{
	struct ctrace_open_waits *waits = stream->recording->waits;
	const struct ctrace_open_wait wait = {
		.pid = stream->codes->origin->pid, .holder = holder, .begin = ticks};

	if (waits != NULL && holder != 0) {
		ctrace_open_waits_begin(waits, &stream->open_wait, &wait);
	}
}

void ctrace_stream_wait_ends(struct ctrace_stream *stream)
{
	if (stream->recording->waits != NULL) {
		ctrace_open_waits_end(stream->recording->waits, &stream->open_wait);
	}
}
