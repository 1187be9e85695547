/* SPDX-License-Identifier: MIT */

/* Rules of call frame information, read once and remembered; see cfi_rules.h. */

#include "tracer/sources/perf/cfi_rules.h"

#include "tracer/sources/perf/cfi_expression.h"

#include <dwarf.h>
#include <stdlib.h>

enum shape { SHAPE_NONE, SHAPE_PLAIN, SHAPE_EXPRESSION, SHAPE_OUTERMOST };

struct ctrace_cfi_rule {
	enum shape shape;
	bool is_signal;
	/* Plain: frame address = register + offset; the rest stands at offsets from there. */
	bool is_from_frame_pointer;
	bool has_saved_frame_pointer;
	int64_t offset, return_offset, saved_offset;
	Dwarf_Frame *frame; /* owned; of expressions, else NULL */
};

void ctrace_cfi_init(struct ctrace_cfi *cfi, Elf *elf)
{
	*cfi = (struct ctrace_cfi){.information = dwarf_getcfi_elf(elf)};
}

void ctrace_cfi_finish(struct ctrace_cfi *cfi)
{
	for (uint32_t i = 0; i < cfi->count; i++) {
		free(cfi->rules[i].frame);
	}
	free(cfi->rules);
	ctrace_map_finish(&cfi->by_address);
	if (cfi->information != NULL) {
		dwarf_cfi_end(cfi->information);
	}
	*cfi = (struct ctrace_cfi){.information = NULL};
}

/* ---- reading a rule ---- */

/* Register + offset, of the two registers we have. */
static bool read_plain_address(struct ctrace_cfi_rule *rule, Dwarf_Frame *frame)
{
	Dwarf_Op *operations;
	size_t count;
	uint64_t number;

	if (dwarf_frame_cfa(frame, &operations, &count) != 0 || count != 1) {
		return false;
	}
	if (operations->atom == DW_OP_bregx) {
		number = operations->number;
		rule->offset = (int64_t)operations->number2;
	} else {
		number = (uint64_t)operations->atom - DW_OP_breg0;
		rule->offset = (int64_t)operations->number;
	}
	rule->is_from_frame_pointer = number == CTRACE_CFI_FRAME_POINTER;
	return rule->is_from_frame_pointer || number == CTRACE_CFI_STACK_POINTER;
}

/* Where a register was saved: at the frame address, or at an offset from it. */
static bool is_plain_place(const Dwarf_Op *operations, size_t count, int64_t *offset)
{
	if (count == 0 || count > 2 || operations[0].atom != DW_OP_call_frame_cfa ||
	    (count == 2 && operations[1].atom != DW_OP_plus_uconst)) {
		return false;
	}
	*offset = count == 2 ? (int64_t)operations[1].number : 0;
	return true;
}

static enum shape read_shape(struct ctrace_cfi_rule *rule, Dwarf_Frame *frame)
{
	Dwarf_Op memory[3], *operations;
	size_t count;
	bool is_plain = read_plain_address(rule, frame);

	if (dwarf_frame_register(frame, CTRACE_CFI_RETURN_ADDRESS, memory, &operations, &count) !=
	    0) {
		return SHAPE_NONE;
	}
	if (count == 0) {
		return SHAPE_OUTERMOST;
	}
	is_plain = is_plain && is_plain_place(operations, count, &rule->return_offset);
	if (dwarf_frame_register(frame, CTRACE_CFI_FRAME_POINTER, memory, &operations, &count) !=
	    0) {
		return SHAPE_NONE;
	}
	rule->has_saved_frame_pointer = count != 0;
	is_plain =
		is_plain && (count == 0 || is_plain_place(operations, count, &rule->saved_offset));
	return is_plain ? SHAPE_PLAIN : SHAPE_EXPRESSION;
}

static struct ctrace_cfi_rule read_rule(struct ctrace_cfi *cfi, uint64_t address)
{
	struct ctrace_cfi_rule rule = {.shape = SHAPE_NONE};
	Dwarf_Frame *frame = NULL;

	if (dwarf_cfi_addrframe(cfi->information, address, &frame) != 0) {
		return rule;
	}
	dwarf_frame_info(frame, NULL, NULL, &rule.is_signal);
	rule.shape = read_shape(&rule, frame);
	if (rule.shape == SHAPE_EXPRESSION) {
		rule.frame = frame;
	} else {
		free(frame);
	}
	return rule;
}

/* ---- remembering it ---- */

static bool grow(struct ctrace_cfi *cfi)
{
	uint32_t capacity = cfi->capacity != 0 ? 2 * cfi->capacity : 64;
	struct ctrace_cfi_rule *more;

	if (cfi->count < cfi->capacity) {
		return true;
	}
	more = realloc(cfi->rules, capacity * sizeof(*more));
	if (more == NULL) {
		return false;
	}
	cfi->rules = more;
	cfi->capacity = capacity;
	return true;
}

/* NULL without memory. */
static const struct ctrace_cfi_rule *find(struct ctrace_cfi *cfi, uint64_t address)
{
	uint32_t index = ctrace_map_get(&cfi->by_address, address);

	if (index != CTRACE_MAP_NONE) {
		return &cfi->rules[index];
	}
	if (!grow(cfi) || !ctrace_map_put(&cfi->by_address, address, cfi->count)) {
		return NULL;
	}
	cfi->rules[cfi->count] = read_rule(cfi, address);
	return &cfi->rules[cfi->count++];
}

/* ---- using it ---- */

static bool step_plain(const struct ctrace_cfi_rule *rule, struct ctrace_cfi_state *state)
{
	uint64_t from = rule->is_from_frame_pointer ? state->frame_pointer : state->stack_pointer;
	uint64_t frame_address = from + (uint64_t)rule->offset;
	uint64_t instruction, saved = state->frame_pointer;

	if (!ctrace_cfi_read(state, frame_address + (uint64_t)rule->return_offset, &instruction) ||
	    (rule->has_saved_frame_pointer &&
	     !ctrace_cfi_read(state, frame_address + (uint64_t)rule->saved_offset, &saved))) {
		return false;
	}
	state->instruction = instruction;
	state->frame_pointer = saved;
	state->lacks_frame_pointer &= !rule->has_saved_frame_pointer;
	state->stack_pointer = frame_address;
	return true;
}

#define OPERATIONS_MAX 256u

/* As libdw has them, or none if there are too many. */
static size_t copy_operations(struct ctrace_cfi_operation *into, const Dwarf_Op *operations,
			      size_t count)
{
	if (count > OPERATIONS_MAX) {
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		into[i] = (struct ctrace_cfi_operation){.atom = operations[i].atom,
							.number = operations[i].number,
							.number2 = operations[i].number2};
	}
	return count;
}

/* A register of the caller; the same as here where nothing is said. */
static bool caller_register(Dwarf_Frame *frame, unsigned number,
			    const struct ctrace_cfi_state *state, uint64_t cfa, uint64_t *value)
{
	struct ctrace_cfi_operation copy[OPERATIONS_MAX];
	Dwarf_Op memory[3], *operations;
	size_t count;

	if (dwarf_frame_register(frame, (int)number, memory, &operations, &count) != 0) {
		return false;
	}
	return count == 0 ||
	       ctrace_cfi_value(state, copy, copy_operations(copy, operations, count), cfa, value);
}

static bool step_expression(const struct ctrace_cfi_rule *rule, struct ctrace_cfi_state *state)
{
	struct ctrace_cfi_operation copy[OPERATIONS_MAX];
	struct ctrace_cfi_state caller = *state;
	Dwarf_Op *operations;
	size_t count;
	uint64_t cfa;

	if (dwarf_frame_cfa(rule->frame, &operations, &count) != 0 ||
	    !ctrace_cfi_address(state, copy, copy_operations(copy, operations, count), &cfa)) {
		return false;
	}
	caller.stack_pointer = cfa;
	if (!caller_register(rule->frame, CTRACE_CFI_RETURN_ADDRESS, state, cfa,
			     &caller.instruction) ||
	    !caller_register(rule->frame, CTRACE_CFI_FRAME_POINTER, state, cfa,
			     &caller.frame_pointer) ||
	    !caller_register(rule->frame, CTRACE_CFI_STACK_POINTER, state, cfa,
			     &caller.stack_pointer)) {
		return false;
	}
	caller.lacks_frame_pointer &= !rule->has_saved_frame_pointer;
	*state = caller;
	return true;
}

enum ctrace_cfi_result ctrace_cfi_step(struct ctrace_cfi *cfi, uint64_t address,
				       struct ctrace_cfi_state *state)
{
	const struct ctrace_cfi_rule *rule = cfi->information != NULL ? find(cfi, address) : NULL;
	bool is_done = false;

	if (rule == NULL || rule->shape == SHAPE_NONE) {
		return CTRACE_CFI_UNKNOWN;
	}
	if (rule->shape == SHAPE_OUTERMOST) {
		return CTRACE_CFI_OUTERMOST;
	}
	if (rule->shape == SHAPE_PLAIN && rule->is_from_frame_pointer &&
	    state->lacks_frame_pointer) {
		return CTRACE_CFI_LACKING;
	}
	is_done =
		rule->shape == SHAPE_PLAIN ? step_plain(rule, state) : step_expression(rule, state);
	if (!is_done) {
		return CTRACE_CFI_UNKNOWN;
	}
	return rule->is_signal ? CTRACE_CFI_INTERRUPTED : CTRACE_CFI_CALLER;
}
