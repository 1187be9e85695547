/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACE_CALLS_H
#define CTRACE_TRACE_CALLS_H

/* clang-format off */

/*
 * What the macros of <ctrace/trace.h> call and fill in: a call site, a value, the library's
 * functions, and the few that a program has of its own. Included by trace_macros.h.
 */

#include <stddef.h>
#include <stdint.h>

#define CTRACE_UNLIKELY(x) __builtin_expect(!!(x), 0)

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
/* One indirect call instead of a call to a stub that jumps. */
#define CTRACE_CALL __attribute__((noplt))
#else
#define CTRACE_CALL
#endif

/*
 * A call site: everything its events have in common. `state` is what the site
 * loads: 0 while nobody wants it, else the number its events carry.
 */
struct ctrace_site_info {
	uint16_t *state;
	const char *module; /* which program or library it is in */
	const char *name, *category, *file, *function;
	const char *schema; /* per argument: a letter for its type, its key, NUL */
	uint32_t line;
	uint16_t name_size, schema_size;
	uint8_t kind;       /* SPEC.md 8.4, or CTRACE_P_GUARD */
	uint8_t value_type; /* of a counter */
};

/* The state of a site that the module's constructor does not find: until its first pass. */
#define CTRACE_STATE_NOT_MET 0xffff

/* One argument's value: `bytes` NULL, or the string and its length in `word`. */
struct ctrace_arg {
	uint64_t word;
	const char *bytes;
};

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/*
 * Called by the macros only.
 * Thread: any.  Signal handler: yes, all but module_enter and _leave.  Blocks: no.
 */
CTRACE_CALL unsigned ctrace_emit(unsigned code);
CTRACE_CALL unsigned ctrace_emit_args(unsigned code, const struct ctrace_arg *args, unsigned count);
CTRACE_CALL void ctrace_emit_end(unsigned code);
CTRACE_CALL void ctrace_emit_leave(unsigned code, uint64_t id);
CTRACE_CALL void ctrace_begin(unsigned code, const struct ctrace_arg *args, unsigned count);
CTRACE_CALL void ctrace_next(unsigned code, const struct ctrace_arg *args, unsigned count);
CTRACE_CALL void ctrace_end(void);
CTRACE_CALL void ctrace_gc_begin(unsigned code, uint64_t kind);
CTRACE_CALL void ctrace_gc_end(uint64_t live, uint64_t freed);
void ctrace_log(unsigned code, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ctrace_thread_name(const char *name);
void ctrace_process_name(const char *name);
uint16_t ctrace_site_meet(const struct ctrace_site_info *site);
void ctrace_module_enter(const struct ctrace_site_info *const *start,
			 const struct ctrace_site_info *const *stop, char *module);
void ctrace_module_leave(char *module);

/* 1 from the first recording of the process on: TRACE_BEGIN must then keep count even while off. */
extern unsigned char ctrace_armed;

/* The linker makes these two around the section; NULL in a module that has none. */
extern const struct ctrace_site_info *const __start_trace_sites[]
	__attribute__((weak, visibility("hidden")));
extern const struct ctrace_site_info *const __stop_trace_sites[]
	__attribute__((weak, visibility("hidden")));

/*
 * One of each per program or shared library: a file's copy gives way to another's.
 * ctrace_module marks it, by its address; 1 once its sites are known.
 */
__attribute__((weak, visibility("hidden"))) extern char ctrace_module;
__attribute__((weak, visibility("hidden"))) char ctrace_module = 0;

__attribute__((weak, visibility("hidden"), constructor)) void ctrace_module_constructor(void);
__attribute__((weak, visibility("hidden"), constructor)) void ctrace_module_constructor(void)
{
	ctrace_module_enter(__start_trace_sites, __stop_trace_sites, &ctrace_module);
}

__attribute__((weak, visibility("hidden"), destructor)) void ctrace_module_destructor(void);
__attribute__((weak, visibility("hidden"), destructor)) void ctrace_module_destructor(void)
{
	ctrace_module_leave(&ctrace_module);
}

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

static inline uint64_t ctrace_length(const char *s)
{
	uint64_t n = 0;

	while (n < 1024 && s[n] != '\0') {
		n++;
	}
	return n;
}

static inline struct ctrace_arg ctrace_arg_bytes(const char *bytes, uint64_t size)
{
	struct ctrace_arg arg;

	arg.bytes = bytes;
	arg.word = size < 1024 ? size : 1024;
	if (bytes == NULL) {
		arg.bytes = "(null)";
		arg.word = 6;
	}
	return arg;
}

static inline struct ctrace_arg ctrace_arg_string(const char *s)
{
	return ctrace_arg_bytes(s, s != NULL ? ctrace_length(s) : 0);
}

static inline struct ctrace_arg ctrace_arg_word(uint64_t word)
{
	struct ctrace_arg arg;

	arg.word = word;
	arg.bytes = NULL;
	return arg;
}

static inline struct ctrace_arg ctrace_arg_double(double value)
{
	struct ctrace_arg arg;

	__builtin_memcpy(&arg.word, &value, sizeof(arg.word));
	arg.bytes = NULL;
	return arg;
}

static inline struct ctrace_arg ctrace_arg_signed(int64_t value)
{
	return ctrace_arg_word((uint64_t)value);
}

/* A task's scope leaves exactly what it entered. */
struct ctrace_task_visit {
	uint64_t id;
	unsigned code;
};

static inline struct ctrace_task_visit ctrace_task_enter(uint64_t id, unsigned code)
{
	struct ctrace_task_visit visit;

	visit.id = id;
	visit.code = code;
	if (CTRACE_UNLIKELY(code != 0)) {
		const struct ctrace_arg arg = ctrace_arg_word(id);

		visit.code = ctrace_emit_args(code, &arg, 1);
	}
	return visit;
}

static inline void ctrace_task_leave(const struct ctrace_task_visit *visit)
{
	if (CTRACE_UNLIKELY(visit->code != 0)) {
		ctrace_emit_leave(visit->code, visit->id);
	}
}

/* clang-format on */

#endif
