/* SPDX-License-Identifier: MIT */
/* struct ctrace_kernel_detail to JSON, member by member as API.md lists them. */

#include "viewer-server/serve/answer_kernel.h"

#include "viewer-server/model/ask/thread_query.h"
#include "viewer-server/model/kernel/call_decode.h"
#include "viewer-server/model/tile.h"
#include "viewer-server/serve/answer_sleeps.h"
#include "viewer-server/serve/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* SPEC 7.11 bounds a stack; rows may be missing. */
#define FRAMES_MAX 512u

static json_t *number_or_null(uint32_t number)
{
	return number == CTRACE_NONE ? json_null() : json_integer(number);
}

static void set(json_t *json, const char *key, json_t *value)
{
	json_object_set_new(json, key, value);
}

/* ---- Calls -------------------------------------------------------------------- */

static json_t *args_of(const struct ctrace_decoded_call *call)
{
	json_t *args = json_array();
	for (unsigned i = 0; i < call->arg_count; i++) {
		const struct ctrace_decoded_arg *arg = &call->args[i];
		json_array_append_new(args, json_pack("{s:s,s:s,s:o}", "name", arg->name, "type",
						      arg->is_number ? "i64" : "str", "value",
						      ctrace_json_text(arg->text)));
	}
	return args;
}

static json_t *result_of(const struct ctrace_decoded_call *call)
{
	char value[24];
	snprintf(value, sizeof(value), "%" PRId64, call->value);
	return json_pack("{s:s,s:o,s:b}", "value", value, "text", ctrace_json_text(call->result),
			 "is_error", (int)call->is_error);
}

static uint64_t pid_of(const struct ctrace_answer_source *source,
		       const struct ctrace_detail *detail)
{
	uint32_t count;
	const struct ctrace_lane_info *lanes = ctrace_model_lanes(source->model, &count);
	const struct ctrace_track *tracks = ctrace_model_tracks(source->model, &count);
	return tracks[lanes[detail->event.place.lane].track].pid;
}

static void add_call(json_t *json, const struct ctrace_answer_source *source,
		     const struct ctrace_detail *detail)
{
	bool is_system = (detail->event.flags & CTRACE_REAL_IS_SYSCALL) != 0;
	struct ctrace_decoded_call *call = malloc(sizeof(*call));
	set(json, "category", json_string(is_system ? "syscall" : "call"));
	if (call == NULL) {
		return;
	}
	ctrace_call_decode(call, source->trace, &detail->kernel.call, pid_of(source, detail));
	set(json, "args", args_of(call));
	if (call->has_result) {
		set(json, "result", result_of(call));
	}
	free(call);
}

/* ---- States -------------------------------------------------------------------- */

json_t *ctrace_answer_thread(const struct ctrace_named_thread *who)
{
	json_t *json = json_pack("{s:o,s:o,s:o}", "tid", ctrace_json_count(who->tid), "label",
				 ctrace_json_text(who->label), "track", number_or_null(who->track));
	return json;
}

json_t *ctrace_answer_waker(const struct ctrace_answer_source *source,
			    const struct ctrace_waker *waker)
{
	json_t *json = ctrace_answer_thread(&waker->who);
	struct ctrace_model_event doing;
	set(json, "time", ctrace_json_count(waker->time));
	set(json, "cpu", number_or_null(waker->cpu));
	set(json, "running", ctrace_answer_place(waker->who.running));
	set(json, "doing", ctrace_answer_place(waker->doing));
	if (waker->doing.lane != CTRACE_NONE &&
	    ctrace_model_event(source->model, waker->doing, &doing) == CTRACE_OK) {
		set(json, "doing_name", json_integer(doing.name));
	}
	return json;
}

static json_t *call_of(const struct ctrace_answer_source *source, struct ctrace_place place)
{
	struct ctrace_model_event event;
	if (place.lane == CTRACE_NONE ||
	    ctrace_model_event(source->model, place, &event) != CTRACE_OK) {
		return NULL;
	}
	return json_pack("{s:I,s:I,s:I}", "lane", (json_int_t)place.lane, "index",
			 (json_int_t)place.index, "name", (json_int_t)event.name);
}

static void add_state(json_t *json, const struct ctrace_answer_source *source,
		      const struct ctrace_detail *detail)
{
	const struct ctrace_kernel_detail *kernel = &detail->kernel;
	json_t *state = json_pack("{s:s,s:o}", "state", ctrace_thread_state_name(kernel->state),
				  "cpu", number_or_null(kernel->cpu));
	json_t *call = call_of(source, kernel->in_call);
	if (call != NULL) {
		set(state, "call", call);
	}
	if (kernel->waker.is_there) {
		set(state, "waker", ctrace_answer_waker(source, &kernel->waker));
	}
	ctrace_answer_looks(state, source->trace, &kernel->seen);
	set(json, "state", state);
}

static void add_woke(json_t *json, const struct ctrace_kernel_detail *kernel)
{
	json_t *woke = json_array();
	for (uint32_t i = 0; i < kernel->woke_count; i++) {
		json_t *one = ctrace_answer_thread(&kernel->woke[i].who);
		set(one, "time", ctrace_json_count(kernel->woke[i].time));
		set(one, "place", ctrace_answer_place(kernel->woke[i].who.running));
		json_array_append_new(woke, one);
	}
	set(json, "woke", woke);
}

/* ---- Turns and samples ------------------------------------------------------------ */

static void add_turn(json_t *json, const struct ctrace_kernel_detail *kernel)
{
	json_t *turn = ctrace_answer_thread(&kernel->turn);
	set(turn, "cpu", number_or_null(kernel->cpu));
	set(turn, "running", ctrace_answer_place(kernel->turn.running));
	set(json, "turn", turn);
}

static json_t *string_of(const struct ctrace_trace *trace, uint32_t id)
{
	return id != 0 ? ctrace_json_text(ctrace_trace_string(trace, id)) : json_string("");
}

json_t *ctrace_answer_frame(const struct ctrace_trace *trace, uint32_t id)
{
	const struct ctrace_frame_row *frame = ctrace_trace_frame(trace, id);
	const struct ctrace_module_row *module =
		frame != NULL ? ctrace_trace_module(trace, frame->module) : NULL;
	char address[24];
	if (frame == NULL) {
		return json_pack("{s:s}", "function", "");
	}
	snprintf(address, sizeof(address), "0x%" PRIx64, frame->address);
	return json_pack("{s:o,s:o,s:I,s:o,s:s,s:b}", "function", string_of(trace, frame->function),
			 "file", string_of(trace, frame->file), "line", (json_int_t)frame->line,
			 "module", string_of(trace, module != NULL ? module->path : 0), "address",
			 address, "is_inlined", (int)frame->is_inlined);
}

/* A frame and what it is inlined into (SPEC 7.11). */
static void append_frames(json_t *frames, const struct ctrace_trace *trace, uint32_t id)
{
	while (id != 0 && json_array_size(frames) < FRAMES_MAX) {
		const struct ctrace_frame_row *frame = ctrace_trace_frame(trace, id);
		json_array_append_new(frames, ctrace_answer_frame(trace, id));
		id = frame != NULL ? frame->outer : 0;
	}
}

/* Innermost first. */
json_t *ctrace_answer_frames(const struct ctrace_trace *trace, uint32_t stack)
{
	json_t *frames = json_array();
	while (stack != 0 && json_array_size(frames) < FRAMES_MAX) {
		const struct ctrace_stack_row *row = ctrace_trace_stack(trace, stack);
		if (row == NULL) {
			break;
		}
		append_frames(frames, trace, row->frame);
		stack = row->parent;
	}
	return frames;
}

static void add_sample(json_t *json, const struct ctrace_trace *trace,
		       const struct ctrace_kernel_detail *kernel)
{
	set(json, "sample",
	    json_pack("{s:o,s:o,s:o}", "cpu", number_or_null(kernel->cpu), "weight",
		      ctrace_json_count(kernel->weight), "frames",
		      ctrace_answer_frames(trace, kernel->stack)));
}

/* ---- Locks ----------------------------------------------------------------------------- */

/* Where the holder was found running while it had the lock. */
static json_t *sampled_of(const struct ctrace_answer_source *source, struct ctrace_place sample)
{
	struct ctrace_model_event event;
	if (ctrace_model_event(source->model, sample, &event) != CTRACE_OK) {
		return NULL;
	}
	return json_pack(
		"{s:o,s:o,s:o}", "time", ctrace_json_count(event.start), "place",
		ctrace_answer_place(sample), "frames",
		ctrace_answer_frames(source->trace, ctrace_thread_stack(source->model, sample)));
}

/* Who had the lock that was waited for, and who let it go, and where they were, as far as is
 * known. */
static void add_lock(json_t *json, const struct ctrace_answer_source *source,
		     const struct ctrace_kernel_detail *kernel)
{
	json_t *lock = json_object();
	if (kernel->wait_stack != 0) {
		set(lock, "frames", ctrace_answer_frames(source->trace, kernel->wait_stack));
	}
	if (kernel->holder.is_there) {
		json_t *holder = ctrace_answer_waker(source, &kernel->holder);
		if (kernel->holder_sample.lane != CTRACE_NONE) {
			set(holder, "sampled", sampled_of(source, kernel->holder_sample));
		}
		ctrace_answer_looks(holder, source->trace, &kernel->holder_seen);
		set(lock, "holder", holder);
	}
	if (kernel->waker.is_there) {
		json_t *waker = ctrace_answer_waker(source, &kernel->waker);
		if (kernel->give_stack != 0) {
			set(waker, "frames",
			    ctrace_answer_frames(source->trace, kernel->give_stack));
		}
		set(lock, "waker", waker);
	}
	set(json, "lock", lock);
}

void ctrace_answer_kernel(json_t *json, const struct ctrace_answer_source *source,
			  const struct ctrace_detail *detail)
{
	uint32_t count;
	enum ctrace_lane_kind kind =
		ctrace_model_lanes(source->model, &count)[detail->event.place.lane].kind;
	if (detail->kernel.is_call) {
		add_call(json, source, detail);
		if (detail->kernel.call.lock_kind != 0) {
			add_lock(json, source, &detail->kernel);
		}
	} else if (kind == CTRACE_LANE_STATE) {
		add_state(json, source, detail);
	} else if (kind == CTRACE_LANE_CPU) {
		add_turn(json, &detail->kernel);
	} else if (kind == CTRACE_LANE_SAMPLE) {
		add_sample(json, source->trace, &detail->kernel);
	}
	if (detail->kernel.woke_count > 0) {
		add_woke(json, &detail->kernel);
	}
}
