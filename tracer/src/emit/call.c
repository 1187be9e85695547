/* SPDX-License-Identifier: MIT */

/* Records of calls; see call.h. The slow half is emit.c's. */

#include "tracer/src/emit/call.h"

#include "tracer/src/emit/emit.h"
#include "tracer/src/sites/quiet.h"

/* The first word of a record of `bytes` bytes is claimed; false: take the slow path. */
CTRACE_HOT bool claim_room(struct ctrace_level *level, uint64_t bytes, uint32_t end_bit,
			   uint64_t *head)
{
	if (__builtin_expect(!ctrace_level_claim(level, head), 0)) {
		return false;
	}
	if (__builtin_expect(*head + bytes > atomic_load_explicit(end_bit ? &level->end_limit
									  : &level->limit,
								  memory_order_relaxed),
			     0)) {
		ctrace_level_unclaim(level);
		return false;
	}
	return true;
}

/* The last one first: a jump into a row of stores, and no loop. */
CTRACE_HOT void put_words(const struct ctrace_level_place *place, uint64_t at,
			  const uint64_t *words, unsigned count)
{
	switch (count) {
	case 6:
		ctrace_place_word(place, at + 40, words[5]);
		__attribute__((fallthrough));
	case 5:
		ctrace_place_word(place, at + 32, words[4]);
		__attribute__((fallthrough));
	case 4:
		ctrace_place_word(place, at + 24, words[3]);
		__attribute__((fallthrough));
	case 3:
		ctrace_place_word(place, at + 16, words[2]);
		__attribute__((fallthrough));
	case 2:
		ctrace_place_word(place, at + 8, words[1]);
		__attribute__((fallthrough));
	case 1:
		ctrace_place_word(place, at, words[0]);
		__attribute__((fallthrough));
	default:
		break;
	}
}

CTRACE_HOT bool emit_words(uint32_t code, uint32_t end_bit, const uint64_t *words, unsigned count)
{
	struct ctrace_level *level = &ctrace_self->levels[0];
	const struct ctrace_level_place *place = &ctrace_self->places[0];
	uint64_t head;

	if (!claim_room(level, 8 + 8 * count, end_bit, &head)) {
		return false;
	}
	ctrace_place_word(place, head, ctrace_counter_read() << 16 | code | end_bit);
	put_words(place, head + 8, words, count);
	ctrace_level_commit(level, place, head + 8 + 8 * count);
	return true;
}

/* Is this the recorder's own doing, or nobody's any more? A thread that is making its ring holds
 * signals back, so whoever calls then is the recorder. */
static bool is_own(void)
{
	return ctrace_quiet != 0 || ctrace_self == &ctrace_control_making;
}

__attribute__((noinline)) static unsigned enter_slow(unsigned code, const uint64_t *words,
						     unsigned count)
{
	struct ctrace_arg args[CTRACE_CALL_ARGS_MAX];

	if (is_own()) {
		return 0;
	}
	for (unsigned i = 0; i < count; i++) {
		args[i] = (struct ctrace_arg){.word = words[i]};
	}
	return ctrace_emit_args(code, args, count);
}

uint16_t ctrace_call_meet(const struct ctrace_site_info *site)
{
	int saved = errno;
	uint16_t state = is_own() ? 0 : ctrace_site_meet(site);

	errno = saved;
	return state;
}

unsigned ctrace_call_enter(unsigned code, const uint64_t *words, unsigned count)
{
	if (__builtin_expect(ctrace_quiet == 0 && emit_words(code, 0, words, count), 1)) {
		return code;
	}
	return enter_slow(code, words, count);
}

void ctrace_call_text(unsigned code, unsigned index, const char *text, size_t size)
{
	const struct ctrace_arg args[] = {{.word = index}, {.word = size, .bytes = text}};

	if (!is_own()) {
		ctrace_emit_args(code, args, 2);
	}
}

unsigned ctrace_call_record(unsigned code, const struct ctrace_arg *args, unsigned count)
{
	return is_own() ? 0 : ctrace_emit_args(code, args, count);
}

void ctrace_call_leave(unsigned code, int64_t result)
{
	const uint64_t word = (uint64_t)result;

	if (__builtin_expect(!emit_words(code, CTRACE_END_BIT, &word, 1), 0)) {
		ctrace_emit_leave(code, word);
	}
}
