/* SPDX-License-Identifier: MIT */

/* Frame pointers that nobody tells; see frame_search.h. */

#include "tracer/sources/perf/frame_search.h"

#include "format/wire.h"

#include <string.h>

/* A function's beginning is looked for so far before, its frame so far above. */
#define CODE_BYTES   4096u
#define SEARCH_BYTES 4096u
/* Few functions are longer. */
#define FUNCTION_BYTES 65536u
/* The longest call. */
#define CALL_BYTES 7u

/* ---- calls ---- */

struct call {
	bool is_call;
	uint64_t target; /* 0: it does not say */
};

/* Of `ff /2` by its bytes from the second on: 0 if it is none. */
static unsigned indirect_call_bytes(const uint8_t *modrm)
{
	unsigned mode = modrm[0] >> 6, base = modrm[0] & 7;
	unsigned bytes = 2;

	if ((modrm[0] & 0x38) != 0x10) {
		return 0;
	}
	if (mode != 3 && base == 4) {
		bytes++;
		base = modrm[1] & 7;
	}
	if (mode == 2 || (mode == 0 && base == 5)) {
		bytes += 4;
	}
	return bytes + (mode == 1);
}

static struct call call_before(const struct ctrace_code_reader *code, uint64_t address)
{
	uint8_t bytes[CALL_BYTES + 1] = {0};
	struct call call = {.is_call = false};

	if (address < CALL_BYTES ||
	    !code->read(code->context, address - CALL_BYTES, bytes, CALL_BYTES)) {
		return call;
	}
	if (bytes[CALL_BYTES - 5] == 0xe8) {
		call.is_call = true;
		call.target = address +
			      (uint64_t)(int64_t)(int32_t)ctrace_get_le(bytes + CALL_BYTES - 4, 4);
		return call;
	}
	for (unsigned size = 2; size <= CALL_BYTES && !call.is_call; size++) {
		const uint8_t *at = bytes + CALL_BYTES - size;

		call.is_call = at[0] == 0xff && indirect_call_bytes(at + 1) == size;
	}
	return call;
}

bool ctrace_is_behind_call(const struct ctrace_code_reader *code, uint64_t address)
{
	return call_before(code, address).is_call;
}

/* ---- the function's beginning ---- */

struct beginning {
	uint64_t address; /* of the push; 0: not found */
	uint64_t room;	  /* below the saved frame pointer */
};

static const uint8_t push_and_move[] = {0x55, 0x48, 0x89, 0xe5};

/* What is pushed, and the room that is made, one after the other. */
static uint64_t room_of(const uint8_t *at, const uint8_t *end)
{
	uint64_t room = 0;

	while (end - at >= 7) {
		if (at[0] == 0x41 && (at[1] & 0xf8) == 0x50) {
			room += 8;
			at += 2;
		} else if ((at[0] & 0xf8) == 0x50) {
			room += 8;
			at++;
		} else {
			break;
		}
	}
	if (end - at >= 7 && at[0] == 0x48 && at[1] == 0x83 && at[2] == 0xec) {
		return room + at[3];
	}
	if (end - at >= 7 && at[0] == 0x48 && at[1] == 0x81 && at[2] == 0xec) {
		return room + ctrace_get_le(at + 3, 4);
	}
	return room;
}

/* The nearest one before. */
static struct beginning find_in(const uint8_t *code, size_t size, uint64_t address)
{
	struct beginning found = {.address = 0};

	for (size_t at = size - sizeof(push_and_move); size >= sizeof(push_and_move); at--) {
		if (memcmp(code + at, push_and_move, sizeof(push_and_move)) == 0) {
			found.address = address + at;
			found.room = room_of(code + at + sizeof(push_and_move), code + size);
			break;
		}
		if (at == 0) {
			break;
		}
	}
	return found;
}

static struct beginning find_beginning(const struct ctrace_code_reader *code, uint64_t instruction)
{
	uint8_t bytes[CODE_BYTES];
	size_t in_page = instruction % CODE_BYTES;

	if (instruction > sizeof(bytes) &&
	    code->read(code->context, instruction - sizeof(bytes), bytes, sizeof(bytes))) {
		return find_in(bytes, sizeof(bytes), instruction - sizeof(bytes));
	}
	/* Where code begins, nothing lies before its page. */
	if (in_page > 0 && code->read(code->context, instruction - in_page, bytes, in_page)) {
		return find_in(bytes, in_page, instruction - in_page);
	}
	return (struct beginning){.address = 0};
}

/* ---- frames ---- */

/* Through a table of jumps, as to another file: who is called then is not told. */
static bool is_jump(const struct ctrace_code_reader *code, uint64_t target)
{
	uint8_t bytes[8];
	const uint8_t *at = bytes;

	if (!code->read(code->context, target, bytes, sizeof(bytes))) {
		return false;
	}
	if (at[0] == 0xf3 && at[1] == 0x0f && at[2] == 0x1e && at[3] == 0xfa) {
		at += 4;
	}
	at += at[0] == 0xf2;
	return at[0] == 0xff && at[1] == 0x25;
}

static bool calls_it(const struct ctrace_code_reader *code, const struct call *call,
		     const struct beginning *beginning, uint64_t instruction)
{
	if (!call->is_call) {
		return false;
	}
	if (call->target == 0 || is_jump(code, call->target)) {
		return true;
	}
	/* What was found may be the beginning of a function before this one. And a function may
	 * begin with a mark of where one may jump to, of 4 bytes. */
	if (beginning->address > call->target + 4) {
		return false;
	}
	return call->target <= instruction && instruction - call->target < FUNCTION_BYTES;
}

static bool is_frame(const struct ctrace_frame_search *search, const struct ctrace_cfi_state *state,
		     const struct beginning *beginning, uint64_t at)
{
	struct ctrace_cfi_state caller = *state;
	struct call call;

	if (!ctrace_cfi_read(state, at, &caller.frame_pointer) ||
	    !ctrace_cfi_read(state, at + 8, &caller.instruction) ||
	    !search->is_code(search->context, caller.instruction - 1)) {
		return false;
	}
	call = call_before(search->code, caller.instruction);
	if (!calls_it(search->code, &call, beginning, state->instruction)) {
		return false;
	}
	caller.stack_pointer = at + 16;
	caller.lacks_frame_pointer = false;
	return search->leads_on(search->context, &caller);
}

bool ctrace_frame_search(const struct ctrace_frame_search *search,
			 const struct ctrace_cfi_state *state, uint64_t *frame_pointer)
{
	const struct beginning beginning = find_beginning(search->code, state->instruction);
	uint64_t at = state->stack_pointer + beginning.room;

	if (beginning.address != 0 && is_frame(search, state, &beginning, at)) {
		*frame_pointer = at;
		return true;
	}
	for (at = state->stack_pointer; at < state->stack_pointer + SEARCH_BYTES; at += 8) {
		if (is_frame(search, state, &beginning, at)) {
			*frame_pointer = at;
			return true;
		}
	}
	return false;
}
