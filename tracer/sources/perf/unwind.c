/* SPDX-License-Identifier: MIT */

/* From a sample to the places of its functions; see unwind.h. */

#include "tracer/sources/perf/unwind.h"

#include "format/wire.h"

/* Above are marks of where a chain goes on (PERF_CONTEXT_USER …). */
#define CONTEXT_FIRST ((uint64_t)PERF_CONTEXT_MAX)
/* Most frames are smaller. */
#define FRAME_USUAL_BYTES 2048u

struct walk {
	const struct ctrace_unwind *unwind;
	uint32_t pid;
	struct ctrace_place *places;
	uint32_t count;
	uint64_t last; /* the address in the process that the last place was made of */
	uint64_t user; /* where the program's part of the chain begins */
	const struct ctrace_code_reader *code; /* NULL: all registers are known */
};

/* Where an address of the process is in a file. */
static struct ctrace_place place_of(const struct walk *walk, uint64_t address)
{
	struct ctrace_place place = {.address = address};
	struct ctrace_mapping mapping;
	uint64_t offset;

	if (!ctrace_process_maps_find(walk->unwind->maps, walk->pid, address, &mapping)) {
		return place;
	}
	offset = mapping.file_offset + (address - mapping.start);
	if (ctrace_modules_address(walk->unwind->modules, mapping.module, offset, &place.address)) {
		place.module = mapping.module;
	}
	return place;
}

/* False: there is no room for more. */
static bool add(struct walk *walk, uint64_t instruction, bool is_return)
{
	/* A caller goes on behind the call, which may be the next line or function. */
	uint64_t address = instruction - (is_return && instruction != 0);

	if (walk->count == CTRACE_STACK_FRAMES_MAX) {
		return false;
	}
	walk->places[walk->count++] = place_of(walk, address);
	walk->last = instruction;
	return true;
}

static uint64_t chain_at(const struct ctrace_perf_sample *sample, uint64_t index)
{
	return ctrace_get_le(sample->chain + 8 * index, 8);
}

/* ---- in the kernel ---- */

/* Without its beginning, an address would tell where the kernel lies, and nothing else. */
static bool add_kernel_place(struct walk *walk, uint64_t address)
{
	struct ctrace_modules *modules = walk->unwind->modules;
	uint64_t base;
	uint32_t id = ctrace_modules_kernel(modules, &base);
	bool has_base = base != 0;

	if (walk->count == CTRACE_STACK_FRAMES_MAX || (!has_base && walk->count > 0)) {
		return false;
	}
	walk->places[walk->count] =
		(struct ctrace_place){.module = id, .address = has_base ? address - base : 0};
	walk->count++;
	return true;
}

/* Where the chain is the program's: behind what was found in the kernel. */
static void add_kernel(struct walk *walk, const struct ctrace_perf_sample *sample)
{
	bool is_kernel = false;
	uint64_t address;

	for (; walk->user < sample->chain_count; walk->user++) {
		address = chain_at(sample, walk->user);
		if (address == (uint64_t)PERF_CONTEXT_USER) {
			return;
		}
		if (address >= CONTEXT_FIRST) {
			is_kernel = address == (uint64_t)PERF_CONTEXT_KERNEL;
		} else if (!is_kernel) {
			return;
		} else {
			add_kernel_place(walk, address - (walk->count > 0));
		}
	}
}

/* ---- by frame pointers, as the kernel found them ---- */

static void add_chain(struct walk *walk, const struct ctrace_perf_sample *sample, uint64_t from,
		      bool is_first)
{
	for (uint64_t i = from; i < sample->chain_count; i++) {
		uint64_t address = chain_at(sample, i);

		if (address >= CONTEXT_FIRST) {
			continue;
		}
		if (!add(walk, address, !is_first)) {
			return;
		}
		is_first = false;
	}
}

/* The chain's rest behind the last place, if it went through there. */
static void add_rest_of_chain(struct walk *walk, const struct ctrace_perf_sample *sample)
{
	for (uint64_t i = walk->user; i < sample->chain_count; i++) {
		if (chain_at(sample, i) == walk->last) {
			add_chain(walk, sample, i + 1, false);
			return;
		}
	}
}

/* ---- by the copy of the stack ---- */

/* Where nothing better is known: the frame pointer leads to its predecessor and where to go on. */
static enum ctrace_cfi_result step_by_frame_pointer(struct ctrace_cfi_state *state)
{
	uint64_t at = state->frame_pointer, before, instruction;

	if (state->lacks_frame_pointer || at < state->stack_pointer ||
	    !ctrace_cfi_read(state, at, &before) || !ctrace_cfi_read(state, at + 8, &instruction)) {
		return CTRACE_CFI_UNKNOWN;
	}
	state->frame_pointer = before;
	state->instruction = instruction;
	state->stack_pointer = at + 16;
	return CTRACE_CFI_CALLER;
}

static enum ctrace_cfi_result step(const struct walk *walk, struct ctrace_cfi_state *state)
{
	const struct ctrace_place *place = &walk->places[walk->count - 1];
	struct ctrace_modules *modules = walk->unwind->modules;
	uint64_t stack_pointer = state->stack_pointer;
	enum ctrace_cfi_result result =
		ctrace_modules_step(modules, place->module, place->address, state);

	if (result == CTRACE_CFI_UNKNOWN && !ctrace_modules_has_frames(modules, place->module)) {
		result = step_by_frame_pointer(state);
	}
	/* Stacks grow downwards: a caller that is not above is none. A signal's frame may be on
	 * another stack. */
	if (result == CTRACE_CFI_CALLER && state->stack_pointer <= stack_pointer) {
		return CTRACE_CFI_UNKNOWN;
	}
	return result;
}

/* ---- without the frame pointer ---- */

static bool is_code(void *context, uint64_t address, uint64_t *origin)
{
	const struct walk *walk = context;
	struct ctrace_mapping mapping;

	if (!ctrace_process_maps_find(walk->unwind->maps, walk->pid, address, &mapping)) {
		return false;
	}
	*origin = mapping.start - mapping.file_offset;
	return true;
}

/* Is what would be the caller one that has a caller itself, or is the outermost? */
static bool leads_on(void *context, const struct ctrace_cfi_state *caller)
{
	const struct walk *walk = context;
	const struct ctrace_place place = place_of(walk, caller->instruction - 1);
	struct ctrace_cfi_state state = *caller;
	uint64_t origin;
	enum ctrace_cfi_result result =
		ctrace_modules_step(walk->unwind->modules, place.module, place.address, &state);

	if (result == CTRACE_CFI_CALLER) {
		return state.stack_pointer > caller->stack_pointer &&
		       is_code(context, state.instruction - 1, &origin) &&
		       ctrace_is_behind_call(walk->code, state.instruction);
	}
	return result == CTRACE_CFI_OUTERMOST;
}

static enum ctrace_cfi_result step_without(struct walk *walk, struct ctrace_cfi_state *state)
{
	const struct ctrace_frame_search search = {
		.code = walk->code, .is_code = is_code, .leads_on = leads_on, .context = walk};

	if (walk->code == NULL || !ctrace_frame_search(&search, state, &state->frame_pointer)) {
		return CTRACE_CFI_UNKNOWN;
	}
	state->lacks_frame_pointer = false;
	return step(walk, state);
}

/* True: it ended at the outermost function, or there is no room for more. */
static bool walk_stack(struct walk *walk, struct ctrace_cfi_state *state)
{
	enum ctrace_cfi_result result = CTRACE_CFI_INTERRUPTED;

	while (add(walk, state->instruction, result == CTRACE_CFI_CALLER)) {
		result = step(walk, state);
		if (result == CTRACE_CFI_LACKING) {
			result = step_without(walk, state);
		}
		if (result == CTRACE_CFI_OUTERMOST || state->instruction == 0) {
			return true;
		}
		if (result == CTRACE_CFI_UNKNOWN) {
			return false;
		}
	}
	return true;
}

static bool walk_sample(struct walk *walk, const struct ctrace_perf_sample *sample)
{
	struct ctrace_cfi_state state = {
		.instruction = sample->instruction,
		.frame_pointer = sample->frame_pointer,
		.stack_pointer = sample->stack_pointer,
		.stack = sample->stack,
		.stack_begin = sample->stack_pointer,
		.stack_size = sample->stack_size,
	};

	return walk_stack(walk, &state);
}

/* The next frame's beginning was not copied, as far as can be told. */
static bool is_at_end(const struct ctrace_cfi_state *state)
{
	uint64_t end = state->stack_begin + state->stack_size;

	return state->stack_pointer + FRAME_USUAL_BYTES > end ||
	       (!state->lacks_frame_pointer && state->frame_pointer >= end);
}

uint32_t ctrace_unwind_asleep(const struct ctrace_unwind *unwind,
			      struct ctrace_unwind_asleep *asleep, struct ctrace_place *places)
{
	struct walk walk = {
		.unwind = unwind, .pid = asleep->pid, .places = places, .code = asleep->code};
	struct ctrace_cfi_state state = {
		.instruction = asleep->instruction,
		.stack_pointer = asleep->stack_pointer,
		.lacks_frame_pointer = true,
		.stack = asleep->stack,
		.stack_begin = asleep->stack_pointer,
		.stack_size = asleep->stack_size,
	};

	asleep->is_cut = !walk_stack(&walk, &state) && is_at_end(&state);
	return walk.count;
}

uint32_t ctrace_unwind(const struct ctrace_unwind *unwind, uint32_t pid,
		       const struct ctrace_perf_sample *sample, struct ctrace_place *places)
{
	struct walk walk = {.unwind = unwind, .pid = pid, .places = places};

	add_kernel(&walk, sample);
	if (!sample->has_registers || sample->stack_size == 0) {
		add_chain(&walk, sample, walk.user, true);
		return walk.count;
	}
	if (!walk_sample(&walk, sample)) {
		add_rest_of_chain(&walk, sample);
	}
	return walk.count;
}
