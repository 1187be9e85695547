/* SPDX-License-Identifier: MIT */

/* Frame pointers that nobody tells; see frame_search.h. */

#include "tracer/sources/perf/frame_search.h"

#include "format/wire.h"

#include <string.h>

/* A frame is looked for so far above. */
#define SEARCH_BYTES 4096u
/* A function's first instructions. */
#define BEGIN_BYTES 64u
/* Where one may jump to. */
#define MARK_BYTES 4u
/* The longest call. */
#define CALL_BYTES 7u

static const uint8_t mark[MARK_BYTES] = {0xf3, 0x0f, 0x1e, 0xfa};

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

/* Through a table of jumps, as to another file: `jmp *address`, and where it leads. */
static uint64_t behind_jump(const struct ctrace_code_reader *code, uint64_t target)
{
	uint8_t bytes[MARK_BYTES + 7] = {0}, slot[8];
	const uint8_t *at = bytes;

	if (!code->read(code->context, target, bytes, sizeof(bytes))) {
		return target;
	}
	at += memcmp(at, mark, MARK_BYTES) == 0 ? MARK_BYTES : 0;
	at += at[0] == 0xf2;
	if (at[0] != 0xff || at[1] != 0x25) {
		return target;
	}
	target += (uint64_t)(at - bytes) + 6 + (uint64_t)(int64_t)(int32_t)ctrace_get_le(at + 2, 4);
	return code->read(code->context, target, slot, sizeof(slot)) ? ctrace_get_le(slot, 8) : 0;
}

/* ---- the function's beginning ---- */

/* The first place of these bytes; NULL: they are not there. */
static const uint8_t *find(const uint8_t *at, const uint8_t *end, const uint8_t *bytes, size_t size)
{
	return at < end ? memmem(at, (size_t)(end - at), bytes, size) : NULL;
}

/* What is pushed next, and the room that is made a little later: compilers put other things between
 * that need neither. */
static uint64_t room_of(const uint8_t *at, const uint8_t *end)
{
	static const uint8_t by_byte[] = {0x48, 0x83, 0xec}, by_word[] = {0x48, 0x81, 0xec};
	const uint8_t *made;
	uint64_t room = 0;

	while (end - at >= 2 &&
	       ((at[0] & 0xf8) == 0x50 || (at[0] == 0x41 && (at[1] & 0xf8) == 0x50))) {
		room += 8;
		at += at[0] == 0x41 ? 2 : 1;
	}
	made = find(at, end - 4, by_byte, sizeof(by_byte));
	if (made != NULL) {
		return room + made[3];
	}
	made = find(at, end - 7, by_word, sizeof(by_word));
	return room + (made != NULL ? ctrace_get_le(made + 3, 4) : 0);
}

/* What the function has below its saved frame pointer, if it begins in the usual way. */
static bool read_room(const struct ctrace_code_reader *code, uint64_t start, uint64_t *room)
{
	static const uint8_t push[] = {0x55}, move[] = {0x48, 0x89, 0xe5};
	uint8_t bytes[BEGIN_BYTES];
	const uint8_t *end = bytes + sizeof(bytes), *at;

	if (!code->read(code->context, start, bytes, sizeof(bytes))) {
		return false;
	}
	at = find(bytes, end, move, sizeof(move));
	if (at == NULL || find(bytes, at, push, sizeof(push)) == NULL) {
		return false;
	}
	*room = room_of(at + sizeof(move), end);
	return true;
}

/* ---- frames ---- */

struct function {
	uint64_t start;
	bool is_sure; /* that its frame is where it is looked for: any call will do */
};

static bool calls_it(const struct ctrace_code_reader *code, const struct call *call,
		     const struct function *function)
{
	if (!call->is_call || (call->target == 0 && !function->is_sure)) {
		return false;
	}
	return call->target == 0 || call->target == function->start ||
	       behind_jump(code, call->target) == function->start;
}

static bool is_frame(const struct ctrace_frame_search *search, const struct ctrace_cfi_state *state,
		     const struct function *function, uint64_t at)
{
	struct ctrace_cfi_state caller = *state;
	struct call call;
	uint64_t origin;

	if (!ctrace_cfi_read(state, at, &caller.frame_pointer) ||
	    !ctrace_cfi_read(state, at + 8, &caller.instruction) ||
	    !search->is_code(search->context, caller.instruction - 1, &origin)) {
		return false;
	}
	call = call_before(search->code, caller.instruction);
	if (!calls_it(search->code, &call, function)) {
		return false;
	}
	caller.stack_pointer = at + 16;
	caller.lacks_frame_pointer = false;
	return search->leads_on(search->context, &caller);
}

bool ctrace_frame_search(const struct ctrace_frame_search *search,
			 const struct ctrace_cfi_state *state, uint64_t *frame_pointer)
{
	struct function function = {.is_sure = true};
	uint64_t origin, room, at;

	if (!search->is_code(search->context, state->instruction - 1, &origin)) {
		return false;
	}
	function.start = ctrace_function_start(search->code, origin, state->instruction - 1);
	if (function.start == 0) {
		return false;
	}
	if (read_room(search->code, function.start, &room) &&
	    is_frame(search, state, &function, state->stack_pointer + room)) {
		*frame_pointer = state->stack_pointer + room;
		return true;
	}
	function.is_sure = false;
	for (at = state->stack_pointer; at < state->stack_pointer + SEARCH_BYTES; at += 8) {
		if (is_frame(search, state, &function, at)) {
			*frame_pointer = at;
			return true;
		}
	}
	return false;
}
