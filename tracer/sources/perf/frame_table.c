/* SPDX-License-Identifier: MIT */

/* Running call frame information; see frame_table.h. Its entries are found in frame_entry.c, the
 * step is in frame_step.c. */

#include "tracer/sources/perf/frame_table.h"

#include "tracer/sources/perf/frame_entry.h"
#include "tracer/sources/perf/frame_leb.h"

#include <dwarf.h>

/* Compilers nest them once. */
#define REMEMBERED_MAX 4u

struct run {
	struct ctrace_frame_way row, initial;
	struct ctrace_frame_way remembered[REMEMBERED_MAX];
	unsigned depth;
	uint64_t at; /* the address that the row is for */
	const struct ctrace_frame_entry *entry;
};

/* The three registers that matter; others are read and forgotten. */
static struct ctrace_frame_rule *rule_of(struct ctrace_frame_way *row, uint64_t number,
					 struct ctrace_frame_rule *other)
{
	switch (number) {
	case CTRACE_CFI_FRAME_POINTER:
		return &row->frame_pointer;
	case CTRACE_CFI_STACK_POINTER:
		return &row->stack_pointer;
	case CTRACE_CFI_RETURN_ADDRESS:
		return &row->return_address;
	default:
		return other;
	}
}

static void set_rule(struct run *run, uint64_t number, enum ctrace_frame_rule_kind kind,
		     int64_t offset)
{
	struct ctrace_frame_rule other;

	*rule_of(&run->row, number, &other) =
		(struct ctrace_frame_rule){.kind = kind, .offset = offset};
}

static void set_expression(struct run *run, uint64_t number, enum ctrace_frame_rule_kind kind,
			   struct ctrace_wire *wire)
{
	uint64_t size = ctrace_leb_unsigned(wire);
	const uint8_t *expression = ctrace_wire_take(wire, size);
	struct ctrace_frame_rule other;

	*rule_of(&run->row, number, &other) = (struct ctrace_frame_rule){
		.kind = kind, .number = (uint32_t)size, .expression = expression};
}

static void restore(struct run *run, uint64_t number)
{
	struct ctrace_frame_rule other = {.kind = CTRACE_FRAME_SAME};

	*rule_of(&run->row, number, &other) = *rule_of(&run->initial, number, &other);
}

static void set_frame_address(struct run *run, uint64_t number, int64_t offset)
{
	run->row.frame_address = (struct ctrace_frame_rule){
		.kind = CTRACE_FRAME_REGISTER, .number = (uint32_t)number, .offset = offset};
}

static void copy_register(struct run *run, uint64_t number, uint64_t from)
{
	struct ctrace_frame_rule other;

	*rule_of(&run->row, number, &other) =
		(struct ctrace_frame_rule){.kind = CTRACE_FRAME_REGISTER, .number = (uint32_t)from};
}

static int64_t factored(const struct run *run, struct ctrace_wire *wire, bool is_signed)
{
	uint64_t number = is_signed ? (uint64_t)ctrace_leb_signed(wire) : ctrace_leb_unsigned(wire);

	return (int64_t)(number * (uint64_t)run->entry->data_factor);
}

static void remember(struct run *run, struct ctrace_wire *wire)
{
	if (run->depth == REMEMBERED_MAX) {
		ctrace_wire_fail(wire, CTRACE_WIRE_TOO_BIG);
		return;
	}
	run->remembered[run->depth++] = run->row;
}

static void recall(struct run *run, struct ctrace_wire *wire)
{
	if (run->depth == 0) {
		ctrace_wire_fail(wire, CTRACE_WIRE_SHORT);
		return;
	}
	run->row = run->remembered[--run->depth];
}

/* Instructions that say where the frame is. */
static bool run_frame_address(struct run *run, struct ctrace_wire *wire, uint8_t code)
{
	struct ctrace_frame_rule *rule = &run->row.frame_address;
	uint64_t number;

	switch (code) {
	case DW_CFA_def_cfa:
		number = ctrace_leb_unsigned(wire);
		set_frame_address(run, number, (int64_t)ctrace_leb_unsigned(wire));
		return true;
	case DW_CFA_def_cfa_sf:
		number = ctrace_leb_unsigned(wire);
		set_frame_address(run, number, factored(run, wire, true));
		return true;
	case DW_CFA_def_cfa_register:
		rule->number = (uint32_t)ctrace_leb_unsigned(wire);
		return true;
	case DW_CFA_def_cfa_offset:
		rule->offset = (int64_t)ctrace_leb_unsigned(wire);
		return true;
	case DW_CFA_def_cfa_offset_sf:
		rule->offset = factored(run, wire, true);
		return true;
	case DW_CFA_def_cfa_expression:
		rule->kind = CTRACE_FRAME_VAL_EXPRESSION;
		rule->number = (uint32_t)ctrace_leb_unsigned(wire);
		rule->expression = ctrace_wire_take(wire, rule->number);
		return true;
	default:
		return false;
	}
}

/* Instructions that say where a register is. */
static bool run_register(struct run *run, struct ctrace_wire *wire, uint8_t code)
{
	uint64_t number;

	if (code < DW_CFA_offset_extended || code > DW_CFA_val_expression) {
		return false;
	}
	number = ctrace_leb_unsigned(wire);
	switch (code) {
	case DW_CFA_offset_extended:
		set_rule(run, number, CTRACE_FRAME_OFFSET, factored(run, wire, false));
		return true;
	case DW_CFA_offset_extended_sf:
		set_rule(run, number, CTRACE_FRAME_OFFSET, factored(run, wire, true));
		return true;
	case DW_CFA_val_offset:
		set_rule(run, number, CTRACE_FRAME_VAL_OFFSET, factored(run, wire, false));
		return true;
	case DW_CFA_val_offset_sf:
		set_rule(run, number, CTRACE_FRAME_VAL_OFFSET, factored(run, wire, true));
		return true;
	case DW_CFA_restore_extended:
		restore(run, number);
		return true;
	case DW_CFA_undefined:
		set_rule(run, number, CTRACE_FRAME_UNDEFINED, 0);
		return true;
	case DW_CFA_same_value:
		set_rule(run, number, CTRACE_FRAME_SAME, 0);
		return true;
	case DW_CFA_register:
		copy_register(run, number, ctrace_leb_unsigned(wire));
		return true;
	case DW_CFA_expression:
		set_expression(run, number, CTRACE_FRAME_EXPRESSION, wire);
		return true;
	case DW_CFA_val_expression:
		set_expression(run, number, CTRACE_FRAME_VAL_EXPRESSION, wire);
		return true;
	default:
		ctrace_wire_fail(wire, CTRACE_WIRE_TOO_BIG);
		return true;
	}
}

/* Those of which the argument is in the code; *advance: how far the next row begins. */
static bool run_short(struct run *run, struct ctrace_wire *wire, uint8_t code, uint64_t *advance)
{
	uint64_t low = code & 0x3fu;

	switch (code & 0xc0u) {
	case DW_CFA_advance_loc:
		*advance = low;
		return true;
	case DW_CFA_offset:
		set_rule(run, low, CTRACE_FRAME_OFFSET, factored(run, wire, false));
		return true;
	case DW_CFA_restore:
		restore(run, low);
		return true;
	default:
		return false;
	}
}

static bool run_other(struct run *run, struct ctrace_wire *wire, uint8_t code, uint64_t *advance)
{
	switch (code) {
	case DW_CFA_nop:
		return true;
	case DW_CFA_advance_loc1:
		*advance = ctrace_wire_u8(wire);
		return true;
	case DW_CFA_advance_loc2:
		*advance = ctrace_wire_u16(wire);
		return true;
	case DW_CFA_advance_loc4:
		*advance = ctrace_wire_u32(wire);
		return true;
	case DW_CFA_remember_state:
		remember(run, wire);
		return true;
	case DW_CFA_restore_state:
		recall(run, wire);
		return true;
	case DW_CFA_GNU_args_size:
		ctrace_leb_unsigned(wire);
		return true;
	default:
		return false;
	}
}

/* Returns how far behind this row the next one begins; 0: it goes on. */
static uint64_t run_one(struct run *run, struct ctrace_wire *wire)
{
	uint8_t code = ctrace_wire_u8(wire);
	uint64_t advance = 0;

	if (!run_short(run, wire, code, &advance) && !run_other(run, wire, code, &advance) &&
	    !run_frame_address(run, wire, code) && !run_register(run, wire, code)) {
		ctrace_wire_fail(wire, CTRACE_WIRE_TOO_BIG);
	}
	return advance * run->entry->code_factor;
}

/* Up to the row that holds for `address`. */
static bool run_until(struct run *run, struct ctrace_wire wire, uint64_t address)
{
	while (ctrace_wire_left(&wire) > 0 && wire.fault == CTRACE_WIRE_GOOD) {
		uint64_t advance = run_one(run, &wire);

		if (advance > address - run->at) {
			break; /* that row is for what comes after */
		}
		run->at += advance;
	}
	return wire.fault == CTRACE_WIRE_GOOD;
}

bool ctrace_frame_find(const struct ctrace_frame_bytes *bytes, uint64_t address,
		       struct ctrace_frame_way *row)
{
	struct ctrace_frame_entry entry;
	struct run run = {.entry = &entry};

	if (!ctrace_frame_entry_find(&entry, bytes, address)) {
		return false;
	}
	run.at = 0;
	if (!run_until(&run, entry.first, UINT64_MAX)) {
		return false;
	}
	run.initial = run.row;
	run.at = entry.begin;
	if (!run_until(&run, entry.own, address)) {
		return false;
	}
	*row = run.row;
	row->is_signal = entry.is_signal;
	return true;
}
