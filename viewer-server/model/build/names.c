/* SPDX-License-Identifier: MIT */
/* Made before any event is read, so that threads of the loader only look names up. */

#include "viewer-server/model/build/names.h"

#include "viewer-server/model/memory/memory_curves.h"
#include "viewer-server/model/tile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct ctrace_bytes fixed(const char *text)
{
	return (struct ctrace_bytes){text, (uint32_t)strlen(text)};
}

static void add_fixed_names(struct ctrace_model *model)
{
	static const char *const lost[] = {
		"lost",
		"lost: ring full",
		"lost: signal handlers nested too deep",
		"lost: spans nested too deep",
		"lost: no memory for a ring",
		"lost: collector fell behind",
		"lost: record too big",
		"lost: part of the file is missing",
		"lost: overwritten by newer events",
		"lost: a kernel's buffer was full",
	};

	model->names[CTRACE_NAME_UNKNOWN] = fixed("(began before the recording)");
	for (unsigned i = 0; i < CTRACE_NAMES_LOST; i++) {
		model->names[CTRACE_NAME_LOST + i] = fixed(lost[i]);
	}
	for (unsigned i = 0; i < CTRACE_STATES; i++) {
		model->names[CTRACE_NAME_STATE + i] = fixed(ctrace_thread_state_name(i));
	}
	model->names[CTRACE_NAME_OTHERS] = fixed("other programs");
	model->names[CTRACE_NAME_NO_FUNCTION] = fixed("(unknown function)");
	model->names[CTRACE_NAME_NO_CALL] = fixed("(unknown call)");
	for (unsigned i = 0; i < CTRACE_COLLECTOR_KINDS; i++) {
		model->names[CTRACE_NAME_COLLECTOR + i] = fixed(ctrace_collector_kind_name(i));
	}
	model->names[CTRACE_NAME_COLLECTOR_HEAP] = fixed("heap");
	model->names[CTRACE_NAME_COLLECTOR_LIVE] = fixed("alive");
	model->names[CTRACE_NAME_HALTED] = fixed("stopped by the collector");
	model->names[CTRACE_NAME_RESIDENT] = fixed("resident");
	model->names[CTRACE_NAME_ANONYMOUS] = fixed("anonymous");
	model->names[CTRACE_NAME_LIVE_HEAP] = fixed("live heap");
	model->names[CTRACE_NAME_ALLOC_RATE] = fixed("allocation rate");
	model->names[CTRACE_NAME_MAPPED] = fixed("mapped");
	model->names[CTRACE_NAME_TOUCHED] = fixed("touched");
	model->name_count = CTRACE_NAME_FIRST_SITE;
}

/* A string has one name, whatever it is the name of. */
static uint32_t name_of_string(struct ctrace_model *model, uint32_t string)
{
	uint32_t known = string < model->string_end ? string : model->string_end;

	if (model->string_names[known] == 0) {
		model->string_names[known] = model->name_count;
		model->names[model->name_count++] = ctrace_trace_string(model->trace, string);
	}
	return model->string_names[known];
}

static void name_sites(struct ctrace_model *model)
{
	for (uint32_t i = 0; i < model->site_end; i++) {
		const struct ctrace_site *site = ctrace_trace_site(model->trace, i);

		if (site == NULL) {
			continue;
		}
		model->site_names[i] = name_of_string(model, site->name);
		if (site->arg_count > 0) {
			model->site_names[i] |= (uint32_t)CTRACE_REAL_HAS_ARGS
						<< CTRACE_FLAGS_SHIFT;
		}
	}
}

static void name_calls_and_frames(struct ctrace_model *model)
{
	uint32_t calls = ctrace_trace_call_end(model->trace),
		 frames = ctrace_trace_frame_end(model->trace);

	for (uint32_t i = 0; i < calls; i++) {
		const struct ctrace_call_row *call = ctrace_trace_call(model->trace, i);

		if (call != NULL) {
			name_of_string(model, call->name);
		}
	}
	for (uint32_t i = 0; i < frames; i++) {
		const struct ctrace_frame_row *frame = ctrace_trace_frame(model->trace, i);

		if (frame != NULL && frame->function != 0) {
			name_of_string(model, frame->function);
		}
	}
}

/* A thread without a name is called by its number. */
static bool name_thread(struct ctrace_model *model, uint32_t thread)
{
	const struct ctrace_known_thread *known = &model->threads.threads[thread];
	char **text;
	int size;

	if (known->name != 0) {
		model->thread_names[thread] = name_of_string(model, known->name);
		return true;
	}
	text = ctrace_column_add(&model->labels, sizeof(*text));
	if (text == NULL) {
		return false;
	}
	size = asprintf(text, "thread %" PRIu64, known->tid);
	*text = size < 0 ? NULL : *text;
	model->thread_names[thread] = model->name_count;
	model->names[model->name_count++] =
		(struct ctrace_bytes){*text, size < 0 ? 0 : (uint32_t)size};
	return size >= 0;
}

static size_t most_names(const struct ctrace_model *model)
{
	return CTRACE_NAME_FIRST_SITE + (size_t)model->site_end +
	       ctrace_trace_call_end(model->trace) + ctrace_trace_frame_end(model->trace) +
	       model->threads.count + 1u;
}

enum ctrace_status ctrace_names_init(struct ctrace_model *model)
{
	bool is_ok = true;

	model->site_end = ctrace_trace_site_end(model->trace);
	model->string_end = ctrace_trace_string_end(model->trace);
	model->name_room = (uint32_t)most_names(model);
	model->names = calloc(model->name_room, sizeof(*model->names));
	model->mapping_calls = ctrace_memory_mapping_calls(model->trace);
	model->site_names = calloc(model->site_end + 1u, sizeof(*model->site_names));
	model->string_names = calloc(model->string_end + 1u, sizeof(*model->string_names));
	model->thread_names = calloc(model->threads.count + 1u, sizeof(*model->thread_names));
	if (model->names == NULL || model->site_names == NULL || model->string_names == NULL ||
	    model->thread_names == NULL || model->mapping_calls == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	add_fixed_names(model);
	name_sites(model);
	name_calls_and_frames(model);
	for (uint32_t i = 0; is_ok && i < model->threads.count; i++) {
		is_ok = name_thread(model, i);
	}
	return is_ok ? CTRACE_OK : CTRACE_ERR_NO_MEMORY;
}

void ctrace_names_finish(struct ctrace_model *model)
{
	free(model->names);
	free(model->site_names);
	free(model->string_names);
	free(model->thread_names);
	free(model->mapping_calls);
}

uint32_t ctrace_names_add(struct ctrace_model *model, struct ctrace_bytes text)
{
	char **label = ctrace_column_add(&model->labels, sizeof(*label));
	uint32_t room = model->name_room;
	struct ctrace_bytes *grown;

	if (label == NULL) {
		return CTRACE_NONE;
	}
	*label = malloc(text.size + 1u);
	if (*label == NULL) {
		return CTRACE_NONE;
	}
	memcpy(*label, text.bytes, text.size);
	if (model->name_count == room) {
		room += room / 2 + 16;
		grown = realloc(model->names, room * sizeof(*grown));
		if (grown == NULL) {
			return CTRACE_NONE;
		}
		model->names = grown;
		model->name_room = room;
	}
	model->names[model->name_count] = (struct ctrace_bytes){*label, text.size};
	return model->name_count++;
}

uint32_t ctrace_names_of_call(const struct ctrace_model *model, uint32_t call)
{
	const struct ctrace_call_row *row = ctrace_trace_call(model->trace, call);

	return row != NULL ? ctrace_names_of_string(model, row->name)
			   : (uint32_t)CTRACE_NAME_NO_CALL;
}

uint32_t ctrace_names_flags_of_call(const struct ctrace_model *model, uint32_t call)
{
	const struct ctrace_call_row *row = ctrace_trace_call(model->trace, call);

	return row != NULL && row->layer == CTRACE_CALL_LIBRARY ? CTRACE_REAL_IS_CALL
								: CTRACE_REAL_IS_SYSCALL;
}

uint32_t ctrace_names_of_stack(const struct ctrace_model *model, uint32_t stack)
{
	const struct ctrace_stack_row *row = ctrace_trace_stack(model->trace, stack);
	const struct ctrace_frame_row *frame =
		row != NULL ? ctrace_trace_frame(model->trace, row->frame) : NULL;

	return frame != NULL && frame->function != 0
		       ? ctrace_names_of_string(model, frame->function)
		       : (uint32_t)CTRACE_NAME_NO_FUNCTION;
}

uint32_t ctrace_model_state_name(unsigned state)
{
	return CTRACE_NAME_STATE + (state < CTRACE_STATES ? state : CTRACE_STATE_UNKNOWN);
}
