/* SPDX-License-Identifier: MIT */
/* Lines of turns, states, calls and samples; see chrome_fact.h. */

#include "viewer-server/export/chrome_fact.h"

#include "viewer-server/export/json_pen.h"
#include "viewer-server/model/kernel/call_decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ctrace_bytes bytes_of(const char *text)
{
	return (struct ctrace_bytes){text, (uint32_t)strlen(text)};
}

/* Whose it is, and from when to when. */
struct frame {
	uint64_t pid, tid, begin, end;
	unsigned flags;
};

/* What goes on when the trace ends has no end: a B without its E, as spans have it. */
static void begin_line(struct ctrace_buffer *json, struct ctrace_bytes name, const char *category,
		       const struct frame *frame)
{
	bool is_open = (frame->flags & CTRACE_FACT_UNFINISHED) != 0;

	ctrace_json_put(json, "{\"name\":");
	ctrace_json_put_string(json, name);
	ctrace_json_put(json,
			",\"cat\":\"%s\",\"ph\":\"%c\",\"pid\":%" PRIu64 ",\"tid\":%" PRIu64
			",\"ts\":",
			category, is_open ? 'B' : 'X', frame->pid, frame->tid);
	ctrace_json_put_micros(json, frame->begin);
	if (!is_open) {
		ctrace_json_put(json, ",\"dur\":");
		ctrace_json_put_micros(json, frame->end - frame->begin);
	}
	ctrace_json_put(json, ",\"args\":{");
}

/* `separator`: before the first of them. */
static void put_flags(struct ctrace_buffer *json, unsigned flags, const char *separator)
{
	if ((flags & CTRACE_FACT_BEGAN_BEFORE) != 0) {
		ctrace_json_put(json, "%s\"began_before\":true", separator);
		separator = ",";
	}
	if ((flags & CTRACE_FACT_CUT) != 0) {
		ctrace_json_put(json, "%s\"unfinished\":true", separator);
	}
	ctrace_json_put(json, "}}");
}

struct ctrace_bytes ctrace_chrome_thread_name(const struct ctrace_chrome_facts *facts,
					      uint32_t thread, char *text)
{
	const struct ctrace_known_thread *known;

	if (thread == CTRACE_NO_THREAD) {
		return bytes_of("other programs");
	}
	known = &facts->threads->threads[thread];
	if (known->name != 0) {
		return ctrace_trace_string(facts->trace, known->name);
	}
	snprintf(text, CTRACE_CHROME_THREAD_NAME_BYTES, "thread %" PRIu64, known->tid);
	return bytes_of(text);
}

void ctrace_chrome_turn(struct ctrace_buffer *json, const struct ctrace_chrome_facts *facts,
			const struct ctrace_turn_fact *turn)
{
	const struct frame frame = {CTRACE_CHROME_CPUS_PID, turn->cpu, turn->begin, turn->end,
				    turn->flags};
	uint32_t named = turn->thread;
	char text[CTRACE_CHROME_THREAD_NAME_BYTES];

	if (named == CTRACE_NO_THREAD && turn->tid != 0) {
		named = ctrace_thread_table_find(facts->threads, turn->tid, UINT64_MAX);
	}
	begin_line(json, ctrace_chrome_thread_name(facts, named, text), "sched", &frame);
	if (turn->tid != 0) {
		ctrace_json_put(json, "\"tid\":%" PRIu64, turn->tid);
	}
	put_flags(json, turn->flags, turn->tid != 0 ? "," : "");
}

void ctrace_chrome_state(struct ctrace_buffer *json, const struct ctrace_chrome_facts *facts,
			 const struct ctrace_state_fact *state)
{
	const struct ctrace_known_thread *known = &facts->threads->threads[state->thread];
	const struct frame frame = {CTRACE_CHROME_STATES_PID, known->tid, state->begin, state->end,
				    state->flags};

	begin_line(json, bytes_of(ctrace_thread_state_name(state->state)), "state", &frame);
	ctrace_json_put(json, "\"pid\":%" PRIu64, known->pid);
	if (state->state == CTRACE_STATE_RUNNING) {
		ctrace_json_put(json, ",\"cpu\":%" PRIu32, state->cpu);
	} else if (state->state == CTRACE_STATE_WOKEN && state->waker_tid != 0) {
		ctrace_json_put(json, ",\"waker\":%" PRIu64, state->waker_tid);
	}
	put_flags(json, state->flags, ",");
}

static void put_args(struct ctrace_buffer *json, const struct ctrace_decoded_call *call)
{
	for (unsigned i = 0; i < call->arg_count; i++) {
		ctrace_json_put(json, "%s\"%s\":", i > 0 ? "," : "", call->args[i].name);
		if (call->args[i].is_number) {
			ctrace_json_put_signed(json, call->args[i].number);
		} else {
			ctrace_json_put_string(json, call->args[i].text);
		}
	}
	if (!call->has_result) {
		return;
	}
	ctrace_json_put(json, "%s\"result\":", call->arg_count > 0 ? "," : "");
	if (call->is_error || (call->result.size > 1 && call->result.bytes[1] == 'x')) {
		ctrace_json_put_string(json, call->result);
	} else {
		ctrace_json_put_signed(json, call->value);
	}
}

void ctrace_chrome_call(struct ctrace_buffer *json, const struct ctrace_trace *trace,
			const struct ctrace_call_fact *fact, uint64_t pid, uint64_t tid)
{
	const struct frame frame = {pid, tid, fact->begin, fact->end, fact->flags};
	const struct ctrace_call_row *row = ctrace_trace_call(trace, fact->call);
	bool is_library = row != NULL && row->layer == CTRACE_CALL_LIBRARY;
	struct ctrace_decoded_call *call = malloc(sizeof(*call));

	if (call == NULL) {
		json->is_failed = true;
		return;
	}
	ctrace_call_decode(call, trace, fact, pid);
	begin_line(json,
		   row != NULL ? ctrace_trace_string(trace, row->name) : bytes_of("(unknown call)"),
		   is_library ? "call" : "syscall", &frame);
	put_args(json, call);
	put_flags(json, fact->flags, call->arg_count > 0 || call->has_result ? "," : "");
	free(call);
}

void ctrace_chrome_sample(struct ctrace_buffer *json, const struct ctrace_sample_fact *sample,
			  uint64_t pid, uint64_t tid)
{
	ctrace_json_put(json,
			"{\"name\":\"sample\",\"cat\":\"sample\",\"ph\":\"P\",\"pid\":%" PRIu64
			",\"tid\":%" PRIu64 ",\"ts\":",
			pid, tid);
	ctrace_json_put_micros(json, sample->time);
	if (sample->stack != 0) {
		ctrace_json_put(json, ",\"sf\":\"%" PRIu32 "\"", sample->stack);
	}
	ctrace_json_put(json, ",\"args\":{\"weight_ns\":");
	ctrace_json_put_number(json, sample->weight);
	ctrace_json_put(json, ",\"cpu\":");
	ctrace_json_put_number(json, sample->cpu);
	ctrace_json_put(json, "}}");
}

/* As a sample, but of who is asleep, and with no weight: it stands for its moment. */
void ctrace_chrome_look(struct ctrace_buffer *json, const struct ctrace_look *look, uint64_t pid,
			uint64_t tid)
{
	ctrace_json_put(json,
			"{\"name\":\"%s\",\"cat\":\"asleep\",\"ph\":\"P\",\"pid\":%" PRIu64
			",\"tid\":%" PRIu64 ",\"ts\":",
			ctrace_thread_state_name(look->doing), pid, tid);
	ctrace_json_put_micros(json, look->time);
	if (look->stack != 0) {
		ctrace_json_put(json, ",\"sf\":\"%" PRIu32 "\"", look->stack);
	}
	ctrace_json_put(json, "}");
}

void ctrace_chrome_collector(struct ctrace_buffer *json, const struct ctrace_collector_fact *fact,
			     uint64_t pid, uint64_t tid)
{
	const struct frame frame = {pid, tid, fact->begin, fact->end, fact->flags};
	const char *separator = "";

	begin_line(json, bytes_of(ctrace_collector_kind_name(fact->kind)), "gc", &frame);
	if (fact->has_end && fact->live != 0) {
		ctrace_json_put(json, "\"live\":");
		ctrace_json_put_number(json, fact->live);
		separator = ",";
	}
	if (fact->has_end && fact->freed != 0) {
		ctrace_json_put(json, "%s\"freed\":", separator);
		ctrace_json_put_number(json, fact->freed);
		separator = ",";
	}
	put_flags(json, fact->flags, separator);
}

void ctrace_chrome_collector_heap(struct ctrace_buffer *json, bool is_live, uint64_t time,
				  uint64_t bytes, uint64_t pid, uint64_t tid)
{
	ctrace_json_put(json,
			"{\"name\":\"%s\",\"cat\":\"gc\",\"ph\":\"C\",\"pid\":%" PRIu64
			",\"tid\":%" PRIu64 ",\"ts\":",
			is_live ? "alive after collections" : "collector's heap", pid, tid);
	ctrace_json_put_micros(json, time);
	ctrace_json_put(json, ",\"args\":{\"bytes\":");
	ctrace_json_put_number(json, bytes);
	ctrace_json_put(json, "}}");
}

void ctrace_chrome_halt(struct ctrace_buffer *json, bool is_stopped, uint64_t time, uint64_t halted,
			uint64_t pid, uint64_t tid)
{
	ctrace_json_put(json,
			"{\"name\":\"%s\",\"cat\":\"gc\",\"ph\":\"i\",\"s\":\"t\",\"pid\":%" PRIu64
			",\"tid\":%" PRIu64 ",\"ts\":",
			is_stopped ? "thread stopped" : "thread let go", pid, tid);
	ctrace_json_put_micros(json, time);
	ctrace_json_put(json, ",\"args\":{\"tid\":");
	ctrace_json_put_number(json, halted);
	ctrace_json_put(json, "}}");
}

static void put_arrow(struct ctrace_buffer *json, const char *phase,
		      const struct ctrace_state_fact *woken, uint64_t tid)
{
	ctrace_json_put(json,
			"{\"name\":\"wake\",\"cat\":\"wake\",\"ph\":%s,\"id\":\"%" PRIu32
			".%" PRIu32 "\",\"pid\":%u,\"tid\":%" PRIu64 ",\"ts\":",
			phase, woken->from.chunk, woken->from.index, CTRACE_CHROME_STATES_PID, tid);
	ctrace_json_put_micros(json, woken->begin);
	ctrace_json_put(json, "}");
}

void ctrace_chrome_wake(struct ctrace_buffer *json, const struct ctrace_chrome_facts *facts,
			const struct ctrace_state_fact *woken)
{
	put_arrow(json, "\"s\"", woken, woken->waker_tid);
	ctrace_json_put(json, ",\n");
	put_arrow(json, "\"f\",\"bp\":\"e\"", woken, facts->threads->threads[woken->thread].tid);
}
