/* SPDX-License-Identifier: MIT */
/* A reader's tables of what calls and samples name by a small number: arrays by that number. */

#include "format/kernel_rows.h"
#include "format/table_walk.h"

static bool is_call_defined(const struct ctrace_tables *tables, struct ctrace_wire row)
{
	return ctrace_tables_call(tables, ctrace_wire_varint(&row)) != NULL;
}

static bool take_call(struct ctrace_table_walk *walk, struct ctrace_wire wire)
{
	struct ctrace_tables *tables = walk->tables;
	struct ctrace_table_places places = {CTRACE_CALL_MAX, sizeof(*tables->calls)};
	struct ctrace_call_row row;

	ctrace_row_get_call(wire, &row);
	const struct ctrace_call_row *there = ctrace_tables_call(tables, row.call);
	if (there != NULL) {
		bool is_same = there->layer == row.layer && there->name == row.name;
		return is_same || ctrace_table_refuse(walk, CTRACE_ERR_DAMAGED,
						      "a call is redefined with another content");
	}
	if (!ctrace_table_place(&tables->calls, &tables->call_capacity, row.call, places)) {
		return ctrace_table_no_memory(walk);
	}
	tables->calls[row.call] = row;
	if (row.call >= tables->call_end) {
		tables->call_end = row.call + 1;
	}
	return true;
}

static void forget_call(struct ctrace_tables *tables, struct ctrace_wire row)
{
	tables->calls[ctrace_wire_varint(&row)] = (struct ctrace_call_row){0};
}

bool ctrace_table_add_calls(struct ctrace_table_walk *walk, uint32_t rows)
{
	static const struct ctrace_table_once once = {is_call_defined, take_call, forget_call};
	uint32_t end = walk->tables->call_end;

	if (ctrace_table_take_once(walk, rows, &once)) {
		return true;
	}
	walk->tables->call_end = end;
	return false;
}

static bool is_stack_defined(const struct ctrace_tables *tables, struct ctrace_wire row)
{
	return ctrace_tables_stack(tables, ctrace_wire_varint(&row)) != NULL;
}

static bool is_same_stack(struct ctrace_table_walk *walk, const struct ctrace_stack_row *there,
			  const struct ctrace_stack_row *row)
{
	bool is_same = there->parent == row->parent && there->frame == row->frame;

	return is_same || ctrace_table_refuse(walk, CTRACE_ERR_DAMAGED,
					      "a stack is redefined with another content");
}

static bool take_stack(struct ctrace_table_walk *walk, struct ctrace_wire wire)
{
	struct ctrace_tables *tables = walk->tables;
	struct ctrace_table_places places = {CTRACE_STACK_MAX, sizeof(*tables->stacks)};
	struct ctrace_stack_row row;

	ctrace_row_get_stack(wire, &row);
	const struct ctrace_stack_row *there = ctrace_tables_stack(tables, row.stack);
	if (there != NULL) {
		return is_same_stack(walk, there, &row);
	}
	const struct ctrace_stack_row *parent = ctrace_tables_stack(tables, row.parent);
	row.depth = parent == NULL ? 1 : parent->depth + 1;
	if (row.depth > CTRACE_STACK_FRAMES_MAX) {
		return ctrace_table_refuse(walk, CTRACE_ERR_LIMIT,
					   "a stack passes the limit of 512 frames");
	}
	if (!ctrace_table_place(&tables->stacks, &tables->stack_capacity, row.stack, places)) {
		return ctrace_table_no_memory(walk);
	}
	tables->stacks[row.stack] = row;
	if (row.stack >= tables->stack_end) {
		tables->stack_end = row.stack + 1;
	}
	return true;
}

static void forget_stack(struct ctrace_tables *tables, struct ctrace_wire row)
{
	tables->stacks[ctrace_wire_varint(&row)] = (struct ctrace_stack_row){0};
}

bool ctrace_table_add_stacks(struct ctrace_table_walk *walk, uint32_t rows)
{
	static const struct ctrace_table_once once = {is_stack_defined, take_stack, forget_stack};
	uint32_t end = walk->tables->stack_end;

	if (ctrace_table_take_once(walk, rows, &once)) {
		return true;
	}
	walk->tables->stack_end = end;
	return false;
}

bool ctrace_table_take_frame(struct ctrace_table_walk *walk, struct ctrace_wire wire)
{
	struct ctrace_tables *tables = walk->tables;
	struct ctrace_table_places places = {CTRACE_FRAME_MAX, sizeof(*tables->frames)};
	struct ctrace_frame_row row;

	ctrace_row_get_frame(wire, &row);
	if (!ctrace_table_place(&tables->frames, &tables->frame_capacity, row.frame, places)) {
		return ctrace_table_no_memory(walk);
	}
	tables->frames[row.frame] = row;
	if (row.frame >= tables->frame_end) {
		tables->frame_end = row.frame + 1;
	}
	return true;
}

bool ctrace_table_take_module(struct ctrace_table_walk *walk, struct ctrace_wire wire)
{
	struct ctrace_tables *tables = walk->tables;
	struct ctrace_table_places places = {CTRACE_MODULE_MAX, sizeof(*tables->modules)};
	struct ctrace_module_row row;

	ctrace_row_get_module(wire, &row);
	if (!ctrace_table_place(&tables->modules, &tables->module_capacity, row.module, places)) {
		return ctrace_table_no_memory(walk);
	}
	tables->modules[row.module] = row;
	if (row.module >= tables->module_end) {
		tables->module_end = row.module + 1;
	}
	return true;
}
