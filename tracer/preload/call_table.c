/* SPDX-License-Identifier: MIT */

/* Sites, states and real functions of the table; see call_table.h. */

#include "tracer/preload/call_table.h"

#include <errno.h>
#include <string.h>

struct ctrace_real ctrace_real;

/* Of one module for ever: never unloaded. */
static char own_module = 0;

/* As many arguments as a call has are that many items of this. */
static const char schema[] = "u\0u\0u\0u\0u\0u\0";
static const char text_schema[] = "u\0s\0";

#define SITE(id, what, text, kind_of_site, arguments)                                              \
	{                                                                                          \
		.state = &ctrace_call_states[id], .module = &own_module, .name = (text),           \
		.category = (what), .file = "", .function = "", .schema = schema,                  \
		.name_size = sizeof(text) - 1, .schema_size = 2 * (arguments),                     \
		.kind = (kind_of_site)                                                             \
	}
#define SYSTEM	CTRACE_CALL_OF_SYSTEM
#define LIBRARY CTRACE_CALL_OF_LIBRARY
/* How many: up to six. */
#define PICK(a, b, c, d, e, f, n, ...) n
#define COUNT(...)		       PICK(__VA_ARGS__, 6, 5, 4, 3, 2, 1, ~)

const struct ctrace_site_info ctrace_call_sites[CTRACE_CALL_SITES] = {
#define CALL(function, name, layer, type, result, text, parameters, ...)                           \
	SITE(CTRACE_CALL_##function, layer, name, CTRACE_KIND_SYSCALL_ENTER, COUNT(__VA_ARGS__)),
#define CALL_AS(function, name, layer, type, result, text, parameters, passed, ...)                \
	CALL(function, name, layer, type, result, text, parameters, __VA_ARGS__)
#define BY_HAND(function, name, layer, count, type, parameters)                                    \
	SITE(CTRACE_CALL_##function, layer, name, CTRACE_KIND_SYSCALL_ENTER, count),
#define TWIN(twin, function)
#include "tracer/preload/calls.def"
	{.state = &ctrace_call_states[CTRACE_CALL_TEXTS],
	 .module = &own_module,
	 .name = "text",
	 .category = SYSTEM,
	 .file = "",
	 .function = "",
	 .schema = text_schema,
	 .name_size = 4,
	 .schema_size = sizeof(text_schema) - 1,
	 .kind = CTRACE_KIND_SYSCALL_TEXT},
};

uint16_t ctrace_call_states[CTRACE_CALL_SITES] = {
	[0 ... CTRACE_CALL_SITES - 1] = CTRACE_STATE_NOT_MET,
};

/* ---- the real functions ---- */

static bool are_known;

static void look_up(void **real, const char *name)
{
	*real = dlsym(RTLD_NEXT, name);
}

static void look_all_up(void)
{
#define CALL(function, ...)    look_up((void **)(void *)&ctrace_real.function, #function);
#define CALL_AS(function, ...) CALL(function)
#define BY_HAND(function, ...) CALL(function)
#define TWIN(twin, function)
#include "tracer/preload/calls.def"
}

/* Twice at a time does no harm: the same is stored. */
void ctrace_real_need(void)
{
	int saved = errno;

	if (!__atomic_load_n(&are_known, __ATOMIC_ACQUIRE)) {
		look_all_up();
		__atomic_store_n(&are_known, true, __ATOMIC_RELEASE);
		atomic_thread_fence(memory_order_release); /* [Q] */
		errno = saved;
	}
}

__attribute__((constructor(101))) static void know_real_functions(void)
{
	ctrace_real_need();
}

/* The kernel's calls are somebody else's matter, and texts are of theirs too. */
static bool is_left_out(const struct ctrace_site_info *site)
{
	return ctrace_recorder_has_no_calls ||
	       (ctrace_recorder_has_only_library && site->kind == CTRACE_KIND_SYSCALL_ENTER &&
		strcmp(site->category, CTRACE_CALL_OF_SYSTEM) == 0);
}

unsigned ctrace_call_first_pass(const struct ctrace_site_info *site)
{
	const struct ctrace_face *recorder;

	ctrace_real_need();
	/* [R] acquire. */
	recorder = atomic_load_explicit(&ctrace_recorder, memory_order_acquire);
	if (recorder == NULL) {
		return 0;
	}
	if (is_left_out(site)) {
		__atomic_store_n(site->state, 0, __ATOMIC_RELAXED);
		return 0;
	}
	return recorder->meet(site);
}
