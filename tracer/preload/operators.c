/* SPDX-License-Identifier: MIT */

/* operator new and delete; see operators.h. */

#include "tracer/preload/operators.h"

#include "tracer/preload/alloc_live.h"
#include "tracer/preload/alloc_real.h"
#include "tracer/preload/alloc_record.h"
#include "tracer/preload/call_table.h"
#include "tracer/preload/caller_frame.h"
#include "tracer/preload/own_symbols.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#define LIKELY(x) __builtin_expect(!!(x), 1)

/* What restores a pause when an exception passes comes with whoever throws it: programs without C++
 * have no need of it, nor of the library that it is in. */
__asm__(".weak __gcc_personality_v0");

/* ---- behind ours ---- */

#define NEW(name, parameters, ...)    static void *first_##name parameters;
#define DELETE(name, parameters, ...) static void first_##name parameters;
#include "tracer/preload/operators.def"

static struct {
#define NEW(name, parameters, ...)    void *(*name)parameters;
#define DELETE(name, parameters, ...) void(*name) parameters;
#include "tracer/preload/operators.def"
} behind = {
#define NEW(name, ...)	  .name = first_##name,
#define DELETE(name, ...) .name = first_##name,
#include "tracer/preload/operators.def"
};

/* Twice at a time does no harm: the same is stored. */
static bool look_up(void **pointer, const char *name)
{
	int saved = errno;
	void *found = dlsym(RTLD_NEXT, name);

	errno = saved;
	if (found != NULL) {
		__atomic_store_n(pointer, found, __ATOMIC_RELAXED);
	}
	return found != NULL;
}

#define LOOK_UP(name) look_up((void **)(void *)&behind.name, #name)

/* Called before our constructor; there is one, else who would call? If not, as well as we can. */
static void *without(size_t size)
{
	void *block = ctrace_allocator.malloc(size > 0 ? size : 1);

	if (block == NULL) {
		abort();
	}
	return block;
}

#define NEW(name, parameters, ...)                                                                 \
	static void *first_##name parameters                                                       \
	{                                                                                          \
		return LOOK_UP(name) ? behind.name(__VA_ARGS__) : without(size);                   \
	}
#define DELETE(name, parameters, ...)                                                              \
	static void first_##name parameters                                                        \
	{                                                                                          \
		if (LOOK_UP(name)) {                                                               \
			behind.name(__VA_ARGS__);                                                  \
		} else {                                                                           \
			ctrace_allocator.free(block);                                              \
		}                                                                                  \
	}
#include "tracer/preload/operators.def"

/* ---- new ---- */

static void resume(const uint64_t *left)
{
	ctrace_alloc_self.left = *left;
}

/* Meanwhile malloc, which new may come to, passes all over and counts nothing. */
#define PAUSE()                                                                                    \
	const uint64_t left __attribute__((cleanup(resume), unused)) = ctrace_alloc_self.left;     \
	ctrace_alloc_self.left = UINT64_MAX

/* What is passed over is counted by malloc if new comes to it, else here. */
#define NEW(name, parameters, ...)                                                                 \
	CTRACE_RARE void *chosen_##name parameters                                                 \
	{                                                                                          \
		const struct ctrace_caller_frame frame = CTRACE_FRAME_OF_CALLER();                 \
		enum ctrace_alloc_choice choice = ctrace_alloc_choose(size);                       \
		PAUSE();                                                                           \
		void *block = behind.name(__VA_ARGS__);                                            \
                                                                                                   \
		ctrace_alloc_got(choice, block, size, &frame);                                     \
		return block;                                                                      \
	}                                                                                          \
                                                                                                   \
	CTRACE_WRAPPER CTRACE_JUMPS void *name parameters                                          \
	{                                                                                          \
		uint64_t left = ctrace_alloc_self.left;                                            \
		void *block;                                                                       \
                                                                                                   \
		if (!LIKELY(size < left)) {                                                        \
			CTRACE_JUMP_TO chosen_##name(__VA_ARGS__);                                 \
		}                                                                                  \
		block = behind.name(__VA_ARGS__);                                                  \
		if (ctrace_alloc_self.left == left) {                                              \
			ctrace_alloc_self.left = left - size;                                      \
		}                                                                                  \
		return block;                                                                      \
	}

/* ---- delete ---- */

/* Its free, if it comes to one, is not told again. */
#define DELETE(name, parameters, ...)                                                              \
	CTRACE_RARE void chosen_##name parameters                                                  \
	{                                                                                          \
		const void *before = ctrace_alloc_self.told;                                       \
		size_t unused;                                                                     \
                                                                                                   \
		if (ctrace_alloc_is_early(block, &unused)) {                                       \
			return;                                                                    \
		}                                                                                  \
		ctrace_alloc_gives_back(block);                                                    \
		ctrace_alloc_self.told = block;                                                    \
		behind.name(__VA_ARGS__);                                                          \
		ctrace_alloc_self.told = before;                                                   \
	}                                                                                          \
                                                                                                   \
	CTRACE_WRAPPER CTRACE_JUMPS void name parameters                                           \
	{                                                                                          \
		if (LIKELY(!ctrace_live_may_be(block))) {                                          \
			behind.name(__VA_ARGS__);                                                  \
			return;                                                                    \
		}                                                                                  \
		chosen_##name(__VA_ARGS__);                                                        \
	}
#include "tracer/preload/operators.def"

/* ---- or none ---- */

/* Of an older C++ only some are behind ours. */
void ctrace_operators_start(void)
{
	bool has_any = LOOK_UP(_Znwm);
	const char *missing[CTRACE_OWN_SYMBOLS_MAX];
	size_t count = 0;

#define NEW(name, ...)                                                                             \
	if (!has_any || !LOOK_UP(name)) {                                                          \
		missing[count++] = #name;                                                          \
	}
#define DELETE(name, ...) NEW(name)
#include "tracer/preload/operators.def"
	if (count > 0) {
		ctrace_own_symbols_hide(missing, count);
	}
}
