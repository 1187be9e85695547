/* SPDX-License-Identifier: MIT */
/* System calls of each thread: one at a time, from enter to exit. */

#include "viewer-server/model/kernel/kernel_replay_parts.h"

#include "format/limits.h"

#include <stdlib.h>
#include <string.h>

static const struct ctrace_event_place nowhere = {CTRACE_NO_CHUNK, 0};

static struct ctrace_call_fact fact_of(const struct ctrace_kernel_replay *replay, uint32_t number,
				       uint64_t end)
{
	const struct ctrace_followed_thread *thread = &replay->threads[number];
	struct ctrace_call_fact fact = {
		.thread = number,
		.call = thread->call.call,
		.begin = thread->call.begin,
		.end = end,
		.ticks = thread->call.ticks,
		.from = thread->call.from,
		.to = nowhere,
		.has_args = true,
		.text_count = thread->call.text_count,
	};

	memcpy(fact.args, thread->call.args, sizeof(fact.args));
	for (unsigned i = 0; i < fact.text_count; i++) {
		fact.texts[i] = (struct ctrace_call_text){
			thread->call.text_arguments[i],
			{thread->texts[i], thread->call.text_sizes[i]},
		};
	}
	return fact;
}

static void tell(struct ctrace_kernel_replay *replay, const struct ctrace_call_fact *fact)
{
	struct ctrace_followed_thread *thread = &replay->threads[fact->thread];

	thread->call_end = fact->end;
	thread->has_call = false;
	replay->calls->call(replay->context, fact);
}

/* The end of the open call is not in the trace: it is sure up to `time`, or to the first loss. */
static void cut_call(struct ctrace_kernel_replay *replay, uint32_t number, uint64_t time)
{
	const struct ctrace_followed_thread *thread = &replay->threads[number];
	const struct ctrace_loss_time *loss =
		ctrace_loss_list_first(&replay->losses, thread->call.begin, time);
	struct ctrace_call_fact fact = fact_of(replay, number, time);

	if (loss != NULL) {
		fact.end = loss->from > fact.begin ? loss->from : fact.begin;
	}
	fact.flags = CTRACE_FACT_CUT;
	tell(replay, &fact);
}

void ctrace_replay_enter(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			 uint32_t number, const struct ctrace_value values[8])
{
	struct ctrace_followed_thread *thread = &replay->threads[number];

	if (thread->has_call) {
		replay->repaired += ctrace_loss_list_first(&replay->losses, thread->call.begin,
							   now->time) == NULL;
		cut_call(replay, number, now->time);
	}
	thread->has_call = true;
	thread->call = (struct ctrace_open_call){
		.begin = now->time > thread->call_end ? now->time : thread->call_end,
		.ticks = now->ticks,
		.from = now->at,
		.call = values[1].u64 <= CTRACE_CALL_MAX ? (uint32_t)values[1].u64
							 : CTRACE_CALL_MAX,
	};
	for (unsigned i = 0; i < 6; i++) {
		thread->call.args[i] = values[2 + i].u64;
	}
}

void ctrace_replay_text(struct ctrace_kernel_replay *replay, uint32_t number, uint32_t chunk,
			const struct ctrace_value values[3])
{
	struct ctrace_followed_thread *thread = &replay->threads[number];
	unsigned count = thread->call.text_count;

	/* They stand right behind the enter: in its chunk, unless the recorder is very unlucky. */
	if (!thread->has_call || thread->call.from.chunk != chunk || count == CTRACE_CALL_TEXTS ||
	    values[2].str.size > CTRACE_STRING_BYTES_MAX) {
		return;
	}
	if (thread->texts[count] == NULL) {
		thread->texts[count] = malloc(CTRACE_STRING_BYTES_MAX);
	}
	if (thread->texts[count] == NULL) {
		replay->is_out_of_memory = true;
		return;
	}
	memcpy(thread->texts[count], values[2].str.bytes, values[2].str.size);
	thread->call.text_arguments[count] = (unsigned)values[1].u64;
	thread->call.text_sizes[count] = values[2].str.size;
	thread->call.text_count++;
}

/* The call was open before anything was told of the thread, or since a loss. */
static void tell_begun_before(struct ctrace_kernel_replay *replay, uint32_t number, uint32_t call,
			      const struct ctrace_moment *now, int64_t result)
{
	const struct ctrace_loss_time *loss = ctrace_loss_list_before(&replay->losses, now->time);
	const struct ctrace_followed_thread *thread = &replay->threads[number];
	struct ctrace_call_fact fact = {
		.thread = number,
		.call = call,
		.begin = thread->call_end > replay->begin ? thread->call_end : replay->begin,
		.end = now->time,
		.ticks = now->ticks,
		.from = nowhere,
		.to = now->at,
		.flags = CTRACE_FACT_BEGAN_BEFORE,
		.has_result = true,
		.result = result,
	};

	if (loss != NULL && loss->to > fact.begin) {
		fact.begin = loss->to < fact.end ? loss->to : fact.end;
	} else if (thread->call_end != thread->born) {
		/* It has called since, and nothing was lost: this exit has no enter. */
		replay->repaired++;
		return;
	}
	tell(replay, &fact);
}

void ctrace_replay_exit(struct ctrace_kernel_replay *replay, const struct ctrace_moment *now,
			uint32_t number, uint64_t call, int64_t result)
{
	const struct ctrace_followed_thread *thread = &replay->threads[number];
	struct ctrace_call_fact fact;

	call = call <= CTRACE_CALL_MAX ? call : CTRACE_CALL_MAX;
	if (thread->has_call && thread->call.call == call &&
	    ctrace_loss_list_first(&replay->losses, thread->call.begin, now->time) == NULL) {
		fact = fact_of(replay, number, now->time);
		fact.to = now->at;
		fact.has_result = true;
		fact.result = result;
		tell(replay, &fact);
		return;
	}
	if (thread->has_call) {
		bool is_same = thread->call.call == call;

		replay->repaired += !is_same;
		cut_call(replay, number, now->time);
		if (!is_same) {
			return;
		}
	}
	tell_begun_before(replay, number, (uint32_t)call, now, result);
}

void ctrace_replay_gone(struct ctrace_kernel_replay *replay, uint64_t time, uint32_t number)
{
	if (replay->threads[number].has_call) {
		cut_call(replay, number, time);
	}
}

void ctrace_replay_end_calls(struct ctrace_kernel_replay *replay, uint64_t time)
{
	for (uint32_t i = 0; i < replay->table->count; i++) {
		const struct ctrace_followed_thread *thread = &replay->threads[i];
		struct ctrace_call_fact fact;

		if (!thread->has_call) {
			continue;
		}
		if (ctrace_loss_list_first(&replay->losses, thread->call.begin, time) != NULL) {
			cut_call(replay, i, time);
			continue;
		}
		fact = fact_of(replay, i, time);
		fact.flags = CTRACE_FACT_UNFINISHED;
		tell(replay, &fact);
	}
}
