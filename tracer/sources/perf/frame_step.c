/* SPDX-License-Identifier: MIT */

/* From a function to its caller, by a row of call frame information; see frame_table.h. */

#include "tracer/sources/perf/frame_table.h"

#include "tracer/sources/perf/cfi_expression.h"
#include "tracer/sources/perf/frame_leb.h"

#include <dwarf.h>

/* The longest in use has 11. */
#define OPERATIONS_MAX 32u

/* ---- expressions ---- */

static uint64_t read_constant(struct ctrace_wire *wire, uint8_t atom)
{
	switch (atom) {
	case DW_OP_const1u:
		return ctrace_wire_u8(wire);
	case DW_OP_const1s:
		return (uint64_t)(int64_t)(int8_t)ctrace_wire_u8(wire);
	case DW_OP_const2u:
		return ctrace_wire_u16(wire);
	case DW_OP_const2s:
		return (uint64_t)(int64_t)(int16_t)ctrace_wire_u16(wire);
	case DW_OP_const4u:
		return ctrace_wire_u32(wire);
	case DW_OP_const4s:
		return (uint64_t)(int64_t)(int32_t)ctrace_wire_u32(wire);
	case DW_OP_constu:
		return ctrace_leb_unsigned(wire);
	case DW_OP_consts:
		return (uint64_t)ctrace_leb_signed(wire);
	default:
		return ctrace_wire_u64(wire);
	}
}

/* Operations that are not known here have no numbers, and are refused where they are run. */
static void read_operation(struct ctrace_wire *wire, struct ctrace_cfi_operation *operation)
{
	uint8_t atom = ctrace_wire_u8(wire);

	*operation = (struct ctrace_cfi_operation){.atom = atom};
	if (atom >= DW_OP_breg0 && atom <= DW_OP_breg31) {
		operation->number = (uint64_t)ctrace_leb_signed(wire);
	} else if (atom == DW_OP_bregx) {
		operation->number = ctrace_leb_unsigned(wire);
		operation->number2 = (uint64_t)ctrace_leb_signed(wire);
	} else if (atom >= DW_OP_const1u && atom <= DW_OP_consts) {
		operation->number = read_constant(wire, atom);
	} else if (atom == DW_OP_plus_uconst || atom == DW_OP_regx) {
		operation->number = ctrace_leb_unsigned(wire);
	}
}

/* 0: they cannot be read, or there are too many. `room` gets what the rule's bytes say, behind what
 * is there already. */
static size_t read_operations(const struct ctrace_frame_rule *rule,
			      struct ctrace_cfi_operation *room, size_t count)
{
	struct ctrace_wire wire = ctrace_wire_over(rule->expression, rule->number);

	while (ctrace_wire_left(&wire) > 0 && wire.fault == CTRACE_WIRE_GOOD) {
		if (count == OPERATIONS_MAX) {
			return 0;
		}
		read_operation(&wire, &room[count++]);
	}
	return wire.fault == CTRACE_WIRE_GOOD ? count : 0;
}

/* ---- rules ---- */

static bool register_value(const struct ctrace_cfi_state *state, uint32_t number, uint64_t *value)
{
	switch (number) {
	case CTRACE_CFI_FRAME_POINTER:
		*value = state->frame_pointer;
		return !state->lacks_frame_pointer;
	case CTRACE_CFI_STACK_POINTER:
		*value = state->stack_pointer;
		return true;
	case CTRACE_CFI_RETURN_ADDRESS:
		*value = state->instruction;
		return true;
	default:
		return false;
	}
}

static bool frame_address(const struct ctrace_frame_rule *rule,
			  const struct ctrace_cfi_state *state, uint64_t *address)
{
	struct ctrace_cfi_operation operations[OPERATIONS_MAX];
	size_t count;

	if (rule->kind == CTRACE_FRAME_REGISTER) {
		if (!register_value(state, rule->number, address)) {
			return false;
		}
		*address += (uint64_t)rule->offset;
		return true;
	}
	count = rule->kind == CTRACE_FRAME_VAL_EXPRESSION ? read_operations(rule, operations, 0)
							  : 0;
	return count > 0 && ctrace_cfi_address(state, operations, count, address);
}

/* An expression of a register begins with the frame address on its stack. */
static bool run_expression(const struct ctrace_frame_rule *rule,
			   const struct ctrace_cfi_state *state, uint64_t cfa, uint64_t *value)
{
	struct ctrace_cfi_operation operations[OPERATIONS_MAX] = {{.atom = DW_OP_call_frame_cfa}};
	size_t count = read_operations(rule, operations, 1);

	if (count == 0) {
		return false;
	}
	if (rule->kind == CTRACE_FRAME_VAL_EXPRESSION) {
		if (count == OPERATIONS_MAX) {
			return false;
		}
		operations[count++] = (struct ctrace_cfi_operation){.atom = DW_OP_stack_value};
	}
	return ctrace_cfi_value(state, operations, count, cfa, value);
}

/* The caller's; it stays as it is where the rule says so. */
static bool value_of(const struct ctrace_frame_rule *rule, const struct ctrace_cfi_state *state,
		     uint64_t cfa, uint64_t *value)
{
	switch (rule->kind) {
	case CTRACE_FRAME_SAME:
		return true;
	case CTRACE_FRAME_OFFSET:
		return ctrace_cfi_read(state, cfa + (uint64_t)rule->offset, value);
	case CTRACE_FRAME_VAL_OFFSET:
		*value = cfa + (uint64_t)rule->offset;
		return true;
	case CTRACE_FRAME_REGISTER:
		return register_value(state, rule->number, value);
	case CTRACE_FRAME_EXPRESSION:
	case CTRACE_FRAME_VAL_EXPRESSION:
		return run_expression(rule, state, cfa, value);
	case CTRACE_FRAME_UNDEFINED:
		break;
	}
	return true; /* nobody will ask for it */
}

static bool is_lacking(const struct ctrace_frame_rule *rule, const struct ctrace_cfi_state *state)
{
	return state->lacks_frame_pointer && rule->kind == CTRACE_FRAME_REGISTER &&
	       rule->number == CTRACE_CFI_FRAME_POINTER;
}

enum ctrace_cfi_result ctrace_frame_step(const struct ctrace_frame_way *row,
					 struct ctrace_cfi_state *state)
{
	struct ctrace_cfi_state caller = *state;
	uint64_t cfa;

	if (row->return_address.kind == CTRACE_FRAME_UNDEFINED ||
	    row->return_address.kind == CTRACE_FRAME_SAME) {
		return CTRACE_CFI_OUTERMOST;
	}
	if (is_lacking(&row->frame_address, state)) {
		return CTRACE_CFI_LACKING;
	}
	if (!frame_address(&row->frame_address, state, &cfa)) {
		return CTRACE_CFI_UNKNOWN;
	}
	caller.stack_pointer = cfa;
	if (!value_of(&row->return_address, state, cfa, &caller.instruction) ||
	    !value_of(&row->frame_pointer, state, cfa, &caller.frame_pointer) ||
	    !value_of(&row->stack_pointer, state, cfa, &caller.stack_pointer)) {
		return CTRACE_CFI_UNKNOWN;
	}
	caller.lacks_frame_pointer &= row->frame_pointer.kind == CTRACE_FRAME_SAME ||
				      row->frame_pointer.kind == CTRACE_FRAME_UNDEFINED;
	*state = caller;
	return row->is_signal ? CTRACE_CFI_INTERRUPTED : CTRACE_CFI_CALLER;
}
