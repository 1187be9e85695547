/* SPDX-License-Identifier: MIT */

/*
 * Expressions of call frame information: what compilers and the C library's assembly
 * use of them (sums, comparisons, reads); see cfi_expression.h.
 */

#include "tracer/sources/perf/cfi_expression.h"

#include <dwarf.h>

#define STACK_MAX 16u
/* They have no loops; the longest in use is that of a procedure linkage table, of 11. */
#define OPERATIONS_MAX 256u

struct machine {
	const struct ctrace_cfi_state *state;
	uint64_t cfa;
	uint64_t stack[STACK_MAX];
	size_t depth;
	bool is_value; /* the result is the value, not where it stands */
	bool is_broken;
};

static void push(struct machine *machine, uint64_t value)
{
	if (machine->depth == STACK_MAX) {
		machine->is_broken = true;
		return;
	}
	machine->stack[machine->depth++] = value;
}

static uint64_t pop(struct machine *machine)
{
	if (machine->depth == 0) {
		machine->is_broken = true;
		return 0;
	}
	return machine->stack[--machine->depth];
}

static void push_register(struct machine *machine, uint64_t number, uint64_t offset)
{
	switch (number) {
	case CTRACE_CFI_FRAME_POINTER:
		machine->is_broken |= machine->state->lacks_frame_pointer;
		push(machine, machine->state->frame_pointer + offset);
		return;
	case CTRACE_CFI_STACK_POINTER:
		push(machine, machine->state->stack_pointer + offset);
		return;
	case CTRACE_CFI_RETURN_ADDRESS:
		push(machine, machine->state->instruction + offset);
		return;
	default:
		machine->is_broken = true;
	}
}

static void read_memory(struct machine *machine)
{
	uint64_t value = 0;

	if (!ctrace_cfi_read(machine->state, pop(machine), &value)) {
		machine->is_broken = true;
	}
	push(machine, value);
}

static uint64_t shifted(uint64_t value, uint64_t by)
{
	return by < 64 ? value << by : 0;
}

/* Of two values; `other` is the upper one. */
static void combine(struct machine *machine, unsigned operation)
{
	uint64_t other = pop(machine), one = pop(machine);

	switch (operation) {
	case DW_OP_plus:
		push(machine, one + other);
		return;
	case DW_OP_minus:
		push(machine, one - other);
		return;
	case DW_OP_and:
		push(machine, one & other);
		return;
	case DW_OP_or:
		push(machine, one | other);
		return;
	case DW_OP_shl:
		push(machine, shifted(one, other));
		return;
	case DW_OP_ge:
		push(machine, (int64_t)one >= (int64_t)other);
		return;
	case DW_OP_lt:
		push(machine, (int64_t)one < (int64_t)other);
		return;
	default:
		machine->is_broken = true;
	}
}

static void run_one(struct machine *machine, const struct ctrace_cfi_operation *operation)
{
	unsigned atom = operation->atom;

	if (atom >= DW_OP_lit0 && atom <= DW_OP_lit31) {
		push(machine, atom - DW_OP_lit0);
	} else if (atom >= DW_OP_breg0 && atom <= DW_OP_breg31) {
		push_register(machine, atom - DW_OP_breg0, operation->number);
	} else if (atom == DW_OP_bregx) {
		push_register(machine, operation->number, operation->number2);
	} else if (atom == DW_OP_regx || (atom >= DW_OP_reg0 && atom <= DW_OP_reg31)) {
		push_register(machine, atom == DW_OP_regx ? operation->number : atom - DW_OP_reg0,
			      0);
		machine->is_value = true;
	} else if (atom >= DW_OP_const1u && atom <= DW_OP_consts) {
		push(machine, operation->number);
	} else if (atom == DW_OP_call_frame_cfa) {
		push(machine, machine->cfa);
	} else if (atom == DW_OP_plus_uconst) {
		push(machine, pop(machine) + operation->number);
	} else if (atom == DW_OP_deref) {
		read_memory(machine);
	} else if (atom == DW_OP_stack_value) {
		machine->is_value = true;
	} else if (atom != DW_OP_nop) {
		combine(machine, atom);
	}
}

static bool run(struct machine *machine, const struct ctrace_cfi_operation *operations,
		size_t count)
{
	if (count > OPERATIONS_MAX) {
		return false;
	}
	for (size_t i = 0; i < count && !machine->is_broken; i++) {
		run_one(machine, &operations[i]);
	}
	return !machine->is_broken && machine->depth > 0;
}

bool ctrace_cfi_value(const struct ctrace_cfi_state *state,
		      const struct ctrace_cfi_operation *operations, size_t count, uint64_t cfa,
		      uint64_t *value)
{
	struct machine machine = {.state = state, .cfa = cfa};

	if (!run(&machine, operations, count)) {
		return false;
	}
	*value = machine.stack[machine.depth - 1];
	return machine.is_value || ctrace_cfi_read(state, *value, value);
}

bool ctrace_cfi_address(const struct ctrace_cfi_state *state,
			const struct ctrace_cfi_operation *operations, size_t count,
			uint64_t *address)
{
	struct machine machine = {.state = state};

	if (!run(&machine, operations, count)) {
		return false;
	}
	*address = machine.stack[machine.depth - 1];
	return true;
}
