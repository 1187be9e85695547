/* SPDX-License-Identifier: MIT */

/* The wrappers that calls.def makes by itself. Each is one load and a branch while nobody records.
 */

#include "tracer/preload/call_results.h"
#include "tracer/preload/call_table.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)

/* Each of up to six arguments as a word. */
#define WORD(x)			       (uint64_t)(x)
#define WORDS_1(a)		       WORD(a)
#define WORDS_2(a, b)		       WORD(a), WORD(b)
#define WORDS_3(a, b, c)	       WORDS_2(a, b), WORD(c)
#define WORDS_4(a, b, c, d)	       WORDS_3(a, b, c), WORD(d)
#define WORDS_5(a, b, c, d, e)	       WORDS_4(a, b, c, d), WORD(e)
#define WORDS_6(a, b, c, d, e, f)      WORDS_5(a, b, c, d, e), WORD(f)
#define PICK(a, b, c, d, e, f, n, ...) n
#define WORDS(...)                                                                                 \
	PICK(__VA_ARGS__, WORDS_6, WORDS_5, WORDS_4, WORDS_3, WORDS_2, WORDS_1, ~)                 \
	(__VA_ARGS__)

/* text is NONE or an index; the compiler drops what cannot be. */
#define NONE 6

/* Any of six, of whatever type, by its number. */
static inline void tell_text(unsigned index, const uint64_t *words, int64_t result)
{
	if (index != NONE) {
		/* NOLINTNEXTLINE: it was a pointer */
		ctrace_call_text_of(index, (const char *)(uintptr_t)words[index], result);
	}
}

/* What is recorded is a function of its own, so that the other way keeps no registers. */
#define CALL_AS(function, name, layer, type, result, text, parameters, passed, ...)                \
	__attribute__((noinline)) static type recorded_##function parameters                       \
	{                                                                                          \
		const uint64_t words[] = {WORDS(__VA_ARGS__)};                                     \
		unsigned code = ctrace_call_begin(CTRACE_CALL_##function, words,                   \
						  sizeof(words) / sizeof(words[0]));               \
		type returned = ctrace_real.function passed;                                       \
                                                                                                   \
		if (LIKELY(code != 0)) {                                                           \
			int64_t word = CTRACE_RESULT_##result(returned);                           \
                                                                                                   \
			tell_text(text, words, word);                                              \
			ctrace_call_end(code, word);                                               \
		}                                                                                  \
		return returned;                                                                   \
	}                                                                                          \
                                                                                                   \
	CTRACE_WRAPPER type function parameters                                                    \
	{                                                                                          \
		return LIKELY(ctrace_call_state(CTRACE_CALL_##function) == 0)                      \
			       ? ctrace_real.function passed                                       \
			       : recorded_##function passed;                                       \
	}
#define CALL(function, name, layer, type, result, text, parameters, ...)                           \
	CALL_AS(function, name, layer, type, result, text, parameters, (__VA_ARGS__), __VA_ARGS__)

#define BY_HAND(function, ...)
#define TWIN(twin, function)                                                                       \
	CTRACE_WRAPPER extern __typeof__(function) twin __attribute__((alias(#function)));

#include "tracer/preload/calls.def"
