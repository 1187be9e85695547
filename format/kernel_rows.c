/* SPDX-License-Identifier: MIT */
/* Rows of the tables that tell of a kernel and its calls, as bytes and back. */

#include "format/kernel_rows.h"

#include "format/rows.h"

#include <string.h>

/* SPEC 7.11: the one bit of a frame's flags. */
#define FRAME_INLINED 1u

void ctrace_row_put_buffer(struct ctrace_buffer *table, const struct ctrace_buffer_row *row)
{
	size_t start = table->size;

	ctrace_buffer_varint(table, row->stream);
	ctrace_buffer_varint(table, row->source);
	ctrace_buffer_varint(table, row->cpu == CTRACE_NO_CPU ? 0 : (uint64_t)row->cpu + 1);
	ctrace_buffer_varint(table, row->written);
	ctrace_buffer_varint(table, row->lost);
	ctrace_buffer_varint(table, row->clamped);
	ctrace_row_close(table, start);
}

void ctrace_row_put_call(struct ctrace_buffer *table, const struct ctrace_call_row *row)
{
	size_t start = table->size;

	ctrace_buffer_varint(table, row->call);
	ctrace_buffer_u8(table, (uint8_t)row->layer);
	ctrace_buffer_varint(table, row->name);
	ctrace_row_close(table, start);
}

void ctrace_row_put_stack(struct ctrace_buffer *table, const struct ctrace_stack_row *row)
{
	size_t start = table->size;

	ctrace_buffer_varint(table, row->stack);
	ctrace_buffer_varint(table, row->parent);
	ctrace_buffer_varint(table, row->frame);
	ctrace_row_close(table, start);
}

void ctrace_row_put_frame(struct ctrace_buffer *table, const struct ctrace_frame_row *row)
{
	size_t start = table->size;

	ctrace_buffer_varint(table, row->frame);
	ctrace_buffer_varint(table, row->module);
	ctrace_buffer_varint(table, row->address);
	ctrace_buffer_varint(table, row->function);
	ctrace_buffer_varint(table, row->file);
	ctrace_buffer_varint(table, row->line);
	ctrace_buffer_u8(table, row->is_inlined ? FRAME_INLINED : 0);
	ctrace_buffer_varint(table, row->outer);
	ctrace_row_close(table, start);
}

void ctrace_row_put_module(struct ctrace_buffer *table, const struct ctrace_module_row *row)
{
	size_t start = table->size;

	ctrace_buffer_varint(table, row->module);
	ctrace_buffer_varint(table, row->path);
	ctrace_buffer_bytes(table, row->build_id, row->build_id_size);
	ctrace_row_close(table, start);
}

void ctrace_row_put_source(struct ctrace_buffer *table, const struct ctrace_source_row *row)
{
	size_t start = table->size;

	ctrace_buffer_varint(table, row->name);
	ctrace_buffer_u8(table, (uint8_t)row->state);
	ctrace_buffer_varint(table, row->why);
	ctrace_buffer_varint(table, row->events);
	ctrace_buffer_varint(table, row->lost);
	ctrace_buffer_varint(table, row->checks);
	ctrace_buffer_varint(table, row->misses);
	ctrace_buffer_varint(table, row->slack);
	ctrace_row_close(table, start);
}

void ctrace_row_put_file(struct ctrace_buffer *table, const struct ctrace_file_row *row)
{
	size_t start = table->size;

	ctrace_buffer_varint(table, row->pid);
	ctrace_buffer_varint(table, row->fd);
	ctrace_buffer_varint(table, row->from);
	ctrace_buffer_varint(table, row->name);
	ctrace_row_close(table, start);
}

static bool is_number(uint32_t number, uint32_t max)
{
	return number >= 1 && number <= max;
}

/* What every row ends with: its bytes end too early, a number does not fit, or nothing of that. */
static const char *fault_or_big(const struct ctrace_wire *row, bool is_big)
{
	if (row->fault != CTRACE_WIRE_GOOD) {
		return ctrace_wire_fault_name(row->fault);
	}
	return is_big ? "a number is over 32 bits" : NULL;
}

const char *ctrace_row_get_buffer(struct ctrace_wire row, struct ctrace_buffer_row *buffer)
{
	bool is_big = false;

	*buffer = (struct ctrace_buffer_row){.stream = ctrace_row_u32(&row, &is_big)};
	buffer->source = ctrace_row_u32(&row, &is_big);
	/* 0, of no CPU, becomes CTRACE_NO_CPU. */
	buffer->cpu = ctrace_row_u32(&row, &is_big) - 1;
	buffer->written = ctrace_wire_varint(&row);
	buffer->lost = ctrace_wire_varint(&row);
	buffer->clamped = ctrace_wire_varint(&row);
	const char *wrong = fault_or_big(&row, is_big);
	if (wrong != NULL) {
		return wrong;
	}
	return buffer->stream == 0 ? "stream is 0, it must be 1 or more" : NULL;
}

const char *ctrace_row_get_call(struct ctrace_wire row, struct ctrace_call_row *call)
{
	bool is_big = false;

	*call = (struct ctrace_call_row){.call = ctrace_row_u32(&row, &is_big)};
	unsigned layer = ctrace_wire_u8(&row);
	call->layer = (enum ctrace_call_layer)layer;
	call->name = ctrace_row_u32(&row, &is_big);
	const char *wrong = fault_or_big(&row, is_big);
	if (wrong != NULL) {
		return wrong;
	}
	if (call->call > CTRACE_CALL_MAX) {
		return "call is over 65535";
	}
	return layer < CTRACE_CALL_SYSTEM || layer > CTRACE_CALL_LIBRARY
		       ? "call's layer is not 1 or 2"
		       : NULL;
}

const char *ctrace_row_get_stack(struct ctrace_wire row, struct ctrace_stack_row *stack)
{
	bool is_big = false;

	*stack = (struct ctrace_stack_row){.stack = ctrace_row_u32(&row, &is_big)};
	stack->parent = ctrace_row_u32(&row, &is_big);
	stack->frame = ctrace_row_u32(&row, &is_big);
	const char *wrong = fault_or_big(&row, is_big);
	if (wrong != NULL) {
		return wrong;
	}
	if (!is_number(stack->stack, CTRACE_STACK_MAX)) {
		return "stack is not 1 to 4000000";
	}
	if (stack->parent >= stack->stack) {
		return "a stack's parent is not smaller than it";
	}
	return is_number(stack->frame, CTRACE_FRAME_MAX) ? NULL : "frame is not 1 to 1000000";
}

const char *ctrace_row_get_frame(struct ctrace_wire row, struct ctrace_frame_row *frame)
{
	bool is_big = false;

	*frame = (struct ctrace_frame_row){.frame = ctrace_row_u32(&row, &is_big)};
	frame->module = ctrace_row_u32(&row, &is_big);
	frame->address = ctrace_wire_varint(&row);
	frame->function = ctrace_row_u32(&row, &is_big);
	frame->file = ctrace_row_u32(&row, &is_big);
	frame->line = ctrace_row_u32(&row, &is_big);
	unsigned flags = ctrace_wire_u8(&row);
	frame->is_inlined = flags == FRAME_INLINED;
	frame->outer = ctrace_row_u32(&row, &is_big);
	const char *wrong = fault_or_big(&row, is_big);
	if (wrong != NULL) {
		return wrong;
	}
	if (!is_number(frame->frame, CTRACE_FRAME_MAX)) {
		return "frame is not 1 to 1000000";
	}
	if (frame->module > CTRACE_MODULE_MAX) {
		return "module is over 65535";
	}
	if (frame->outer != 0 &&
	    (frame->outer <= frame->frame || frame->outer > CTRACE_FRAME_MAX)) {
		return "outer is not above its frame, or over 1000000";
	}
	return flags > FRAME_INLINED ? "a reserved bit of a frame's flags is set" : NULL;
}

const char *ctrace_row_get_module(struct ctrace_wire row, struct ctrace_module_row *module)
{
	bool is_big = false;
	uint64_t size;

	*module = (struct ctrace_module_row){.module = ctrace_row_u32(&row, &is_big)};
	module->path = ctrace_row_u32(&row, &is_big);
	const uint8_t *build_id = ctrace_wire_bytes(&row, &size);
	const char *wrong = fault_or_big(&row, is_big);
	if (wrong != NULL) {
		return wrong;
	}
	if (!is_number(module->module, CTRACE_MODULE_MAX)) {
		return "module is not 1 to 65535";
	}
	if (size > CTRACE_BUILD_ID_BYTES_MAX) {
		return "build id is over 64 bytes";
	}
	module->build_id_size = (uint32_t)size;
	memcpy(module->build_id, build_id, size);
	return NULL;
}

const char *ctrace_row_get_source(struct ctrace_wire row, struct ctrace_source_row *source)
{
	bool is_big = false;

	*source = (struct ctrace_source_row){.name = ctrace_row_u32(&row, &is_big)};
	unsigned state = ctrace_wire_u8(&row);
	source->state = (enum ctrace_source_state)state;
	source->why = ctrace_row_u32(&row, &is_big);
	source->events = ctrace_wire_varint(&row);
	source->lost = ctrace_wire_varint(&row);
	source->checks = ctrace_wire_varint(&row);
	source->misses = ctrace_wire_varint(&row);
	source->slack = ctrace_wire_varint(&row);
	const char *wrong = fault_or_big(&row, is_big);
	if (wrong != NULL) {
		return wrong;
	}
	return state < CTRACE_SOURCE_RECORDED || state > CTRACE_SOURCE_NOT_ASKED
		       ? "source state is not 1, 2 or 3"
		       : NULL;
}

const char *ctrace_row_get_file(struct ctrace_wire row, struct ctrace_file_row *file)
{
	bool is_big = false;

	*file = (struct ctrace_file_row){.pid = ctrace_wire_varint(&row)};
	file->fd = ctrace_row_u32(&row, &is_big);
	file->from = ctrace_wire_varint(&row);
	file->name = ctrace_row_u32(&row, &is_big);
	return fault_or_big(&row, is_big);
}
