/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACE_MACROS_H
#define CTRACE_TRACE_MACROS_H

/* clang-format off */

/*
 * How the macros of <ctrace/trace.h> do it. Programs include that one, and use
 * nothing of this one directly: names here with CTRACE_ and ctrace_ may change.
 *
 *     TRACE_SPAN("query", TRACE_I64("rows", n))
 *       ─► a static struct ctrace_site_info and its 16-bit state, found by the
 *          linker in the section trace_sites
 *       ─► state 0: nothing. Else ctrace_emit_args(state, …), and with the
 *          scope's end ctrace_emit_end of the same number
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers of SPEC.md 8.4 and 8.3, and the argument types as the letters of a schema string. */
#define CTRACE_P_SPAN_BEGIN 1
#define CTRACE_P_INSTANT 3
#define CTRACE_P_COUNTER 4
#define CTRACE_P_LOG 5
#define CTRACE_P_TASK_BEGIN 6
#define CTRACE_P_TASK_STEP 7
#define CTRACE_P_TASK_END 8
#define CTRACE_P_TASK_ENTER 9
#define CTRACE_P_TASK_LEAVE 10
#define CTRACE_P_FLOW_OUT 11
#define CTRACE_P_FLOW_STEP 12
#define CTRACE_P_FLOW_IN 13
#define CTRACE_P_ALLOC 48
#define CTRACE_P_FREE 49
#define CTRACE_P_POOL 51
#define CTRACE_P_GC_BEGIN 64
#define CTRACE_P_GC_HEAP 66
#define CTRACE_P_GUARD 255
#define CTRACE_P_I64 1
#define CTRACE_P_U64 2
#define CTRACE_P_F64 3

#define CTRACE_CAT_(a, b) a##b
#define CTRACE_CAT(a, b) CTRACE_CAT_(a, b)
/* How many arguments follow the first of __VA_ARGS__: 0 to 8. */
#define CTRACE_PICK_(a, b, c, d, e, f, g, h, i, n, ...) n
#define CTRACE_EXTRA(...) CTRACE_PICK_(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0, ~)
#define CTRACE_FIRST(...) CTRACE_FIRST_(__VA_ARGS__, ~)
#define CTRACE_FIRST_(a, ...) a
#define CTRACE_LIKELY(x) __builtin_expect(!!(x), 1)
#define CTRACE_UNLIKELY(x) __builtin_expect(!!(x), 0)

#ifdef CTRACE_DISABLE

#ifdef __cplusplus
extern "C" {
#endif
/* Never called, so never linked: their calls stand inside sizeof. */
int ctrace_ignore(int none, ...);
int ctrace_ignore_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
#ifdef __cplusplus
}
#endif

#define CTRACE_IGNORE(...) ((void)sizeof(ctrace_ignore(0, __VA_ARGS__)))
#define TRACE_STR(key, s) (s)
#define TRACE_STRN(key, s, n) (s), (n)
#define TRACE_I64(key, v) (v)
#define TRACE_U64(key, v) (v)
#define TRACE_F64(key, v) (v)
#define TRACE_BOOL(key, v) (v)
#define TRACE_PTR(key, p) (p)
#define TRACE_HEX(key, v) (v)
#define TRACE_SPAN(...) CTRACE_IGNORE(__VA_ARGS__)
#define TRACE_SPAN_C(...) CTRACE_IGNORE(__VA_ARGS__)
#define TRACE_BEGIN(...) CTRACE_IGNORE(__VA_ARGS__)
#define TRACE_BEGIN_C(...) CTRACE_IGNORE(__VA_ARGS__)
#define TRACE_END() ((void)0)
#define TRACE_NEXT(...) CTRACE_IGNORE(__VA_ARGS__)
#define TRACE_INSTANT(...) CTRACE_IGNORE(__VA_ARGS__)
#define TRACE_INSTANT_C(...) CTRACE_IGNORE(__VA_ARGS__)
#define TRACE_COUNTER(name, value) CTRACE_IGNORE(value)
#define TRACE_COUNTER_C(category, name, value) CTRACE_IGNORE(value)
#define TRACE_LOG(category, ...) ((void)sizeof(ctrace_ignore_log(__VA_ARGS__)))
#define TRACE_TASK_BEGIN(...) CTRACE_IGNORE(__VA_ARGS__)
#define TRACE_TASK_STEP(...) CTRACE_IGNORE(__VA_ARGS__)
#define TRACE_TASK_END(id) CTRACE_IGNORE(id)
#define TRACE_TASK_SCOPE(id) CTRACE_IGNORE(id)
#define TRACE_TASK_ENTER(id) CTRACE_IGNORE(id)
#define TRACE_TASK_LEAVE(id) CTRACE_IGNORE(id)
#define TRACE_FLOW_OUT(id) CTRACE_IGNORE(id)
#define TRACE_FLOW_STEP(id) CTRACE_IGNORE(id)
#define TRACE_FLOW_IN(id) CTRACE_IGNORE(id)
#define TRACE_ALLOC(pool, address, size) CTRACE_IGNORE(pool, address, size)
#define TRACE_FREE(pool, address) CTRACE_IGNORE(pool, address)
#define TRACE_POOL(pool, name, address, size) CTRACE_IGNORE(pool, address, size)
#define TRACE_GC_BEGIN(kind) CTRACE_IGNORE(kind)
#define TRACE_GC_END(live, freed) CTRACE_IGNORE(live, freed)
#define TRACE_GC_HEAP(bytes) CTRACE_IGNORE(bytes)
#define TRACE_THREAD_NAME(string) CTRACE_IGNORE(string)
#define TRACE_PROCESS_NAME(string) CTRACE_IGNORE(string)
#define TRACE_ENABLED(category) 0

#else /* CTRACE_DISABLE */

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

/* An argument is (schema, value); the macros below take it apart. */
#define TRACE_STR(key, s) ("s" key "\0", ctrace_arg_string(s))
#define TRACE_STRN(key, s, n) ("s" key "\0", ctrace_arg_bytes((s), (uint64_t)(n)))
#define TRACE_I64(key, v) ("i" key "\0", ctrace_arg_word((uint64_t)(int64_t)(v)))
#define TRACE_U64(key, v) ("u" key "\0", ctrace_arg_word((uint64_t)(v)))
#define TRACE_F64(key, v) ("f" key "\0", ctrace_arg_double((double)(v)))
#define TRACE_BOOL(key, v) ("b" key "\0", ctrace_arg_word((v) ? 1 : 0))
#define TRACE_PTR(key, p) ("p" key "\0", ctrace_arg_word((uint64_t)(uintptr_t)(p)))
#define TRACE_HEX(key, v) ("h" key "\0", ctrace_arg_word((uint64_t)(v)))

#define CTRACE_SCHEMA_OF(schema, value) schema
#define CTRACE_VALUE_OF(schema, value) value
#define CTRACE_SCHEMA_0(name) ""
#define CTRACE_SCHEMA_1(name, a) CTRACE_SCHEMA_OF a
#define CTRACE_SCHEMA_2(name, a, b) CTRACE_SCHEMA_OF a CTRACE_SCHEMA_OF b
#define CTRACE_SCHEMA_3(name, a, ...) CTRACE_SCHEMA_OF a CTRACE_SCHEMA_2(name, __VA_ARGS__)
#define CTRACE_SCHEMA_4(name, a, ...) CTRACE_SCHEMA_OF a CTRACE_SCHEMA_3(name, __VA_ARGS__)
#define CTRACE_SCHEMA_5(name, a, ...) CTRACE_SCHEMA_OF a CTRACE_SCHEMA_4(name, __VA_ARGS__)
#define CTRACE_SCHEMA_6(name, a, ...) CTRACE_SCHEMA_OF a CTRACE_SCHEMA_5(name, __VA_ARGS__)
#define CTRACE_SCHEMA_7(name, a, ...) CTRACE_SCHEMA_OF a CTRACE_SCHEMA_6(name, __VA_ARGS__)
#define CTRACE_SCHEMA_8(name, a, ...) CTRACE_SCHEMA_OF a CTRACE_SCHEMA_7(name, __VA_ARGS__)
#define CTRACE_SCHEMA(...) CTRACE_CAT(CTRACE_SCHEMA_, CTRACE_EXTRA(__VA_ARGS__))(__VA_ARGS__)
#define CTRACE_VALUES_1(name, a) CTRACE_VALUE_OF a
#define CTRACE_VALUES_2(name, a, ...) CTRACE_VALUE_OF a, CTRACE_VALUES_1(name, __VA_ARGS__)
#define CTRACE_VALUES_3(name, a, ...) CTRACE_VALUE_OF a, CTRACE_VALUES_2(name, __VA_ARGS__)
#define CTRACE_VALUES_4(name, a, ...) CTRACE_VALUE_OF a, CTRACE_VALUES_3(name, __VA_ARGS__)
#define CTRACE_VALUES_5(name, a, ...) CTRACE_VALUE_OF a, CTRACE_VALUES_4(name, __VA_ARGS__)
#define CTRACE_VALUES_6(name, a, ...) CTRACE_VALUE_OF a, CTRACE_VALUES_5(name, __VA_ARGS__)
#define CTRACE_VALUES_7(name, a, ...) CTRACE_VALUE_OF a, CTRACE_VALUES_6(name, __VA_ARGS__)
#define CTRACE_VALUES_8(name, a, ...) CTRACE_VALUE_OF a, CTRACE_VALUES_7(name, __VA_ARGS__)
#define CTRACE_VALUES(...) CTRACE_CAT(CTRACE_VALUES_, CTRACE_EXTRA(__VA_ARGS__))(__VA_ARGS__)

/*
 * The site's two statics. In C the descriptor's address goes into the section
 * trace_sites and the state beside the other states, 32 to a cache line; the
 * module's constructor finds them there before any of them runs.
 *
 * In C++ a static of an inline function or template may be shared between
 * object files, and gcc cannot put such a variable into a named section. There
 * the state starts as "not met", and the first pass through the site makes it
 * known, once: the same load and branch tell that too.
 */
#define CTRACE_STATE_NOT_MET 0xffff
#define CTRACE_INFO(state, category, name, schema, kind, value_type)                          \
	{ &state, &ctrace_module, "" name, "" category, __FILE__, __func__, "" schema, __LINE__,              \
	  sizeof("" name) - 1, sizeof("" schema), kind, value_type }

#ifdef __cplusplus

#define CTRACE_CODE(category, name, schema, kind, value_type)                                  \
	__extension__({                                                                        \
		static uint16_t ctrace_state = CTRACE_STATE_NOT_MET;                           \
		static const struct ctrace_site_info ctrace_info =                             \
			CTRACE_INFO(ctrace_state, category, name, schema, kind, value_type);   \
		uint16_t ctrace_code_ = __atomic_load_n(&ctrace_state, __ATOMIC_RELAXED);      \
		if (CTRACE_UNLIKELY(ctrace_code_ == CTRACE_STATE_NOT_MET)) {                   \
			ctrace_code_ = ctrace_site_meet(&ctrace_info);                         \
		}                                                                              \
		ctrace_code_;                                                                  \
	})

#else

#if defined(__has_attribute)
#if __has_attribute(retain)
#define CTRACE_RETAIN __attribute__((used, retain, section("trace_sites")))
#endif
#endif
#ifndef CTRACE_RETAIN
#define CTRACE_RETAIN __attribute__((used, section("trace_sites")))
#endif

#define CTRACE_CODE(category, name, schema, kind, value_type)                                  \
	__extension__({                                                                        \
		static uint16_t ctrace_state __attribute__((section("trace_state")));          \
		static const struct ctrace_site_info ctrace_info =                             \
			CTRACE_INFO(ctrace_state, category, name, schema, kind, value_type);   \
		static const struct ctrace_site_info *const ctrace_place CTRACE_RETAIN =       \
			&ctrace_info;                                                          \
		__atomic_load_n(&ctrace_state, __ATOMIC_RELAXED);                              \
	})

#endif

/* Events of one site with 0 to 8 arguments: the code, or 0 if it was off or lost. */
#define CTRACE_SEND_0(code, name) ctrace_emit(code)
#define CTRACE_SEND_N(code, ...)                                                               \
	__extension__({                                                                        \
		const struct ctrace_arg ctrace_args[] = { CTRACE_VALUES(__VA_ARGS__) };        \
		ctrace_emit_args(code, ctrace_args, sizeof(ctrace_args) / sizeof(ctrace_args[0])); \
	})
#define CTRACE_SEND_1 CTRACE_SEND_N
#define CTRACE_SEND_2 CTRACE_SEND_N
#define CTRACE_SEND_3 CTRACE_SEND_N
#define CTRACE_SEND_4 CTRACE_SEND_N
#define CTRACE_SEND_5 CTRACE_SEND_N
#define CTRACE_SEND_6 CTRACE_SEND_N
#define CTRACE_SEND_7 CTRACE_SEND_N
#define CTRACE_SEND_8 CTRACE_SEND_N
#define CTRACE_SEND(code, ...) CTRACE_CAT(CTRACE_SEND_, CTRACE_EXTRA(__VA_ARGS__))(code, __VA_ARGS__)

#define CTRACE_EVENT(kind, category, ...)                                                      \
	__extension__({                                                                        \
		unsigned ctrace_code = CTRACE_CODE(category, CTRACE_FIRST(__VA_ARGS__),        \
						   CTRACE_SCHEMA(__VA_ARGS__), kind, 0);       \
		if (CTRACE_UNLIKELY(ctrace_code != 0)) {                                       \
			ctrace_code = CTRACE_SEND(ctrace_code, __VA_ARGS__);                   \
		}                                                                              \
		ctrace_code;                                                                   \
	})

/* Spans: the code in a local says whether the begin was written, and so whether its end will be. */
#ifdef __cplusplus

class ctrace_span_guard {
public:
	explicit ctrace_span_guard(unsigned code) : code_(code) {}
	~ctrace_span_guard()
	{
		if (CTRACE_UNLIKELY(code_ != 0)) {
			ctrace_emit_end(code_);
		}
	}
	ctrace_span_guard(const ctrace_span_guard &) = delete;
	ctrace_span_guard &operator=(const ctrace_span_guard &) = delete;

private:
	const unsigned code_;
};

#define CTRACE_SPAN(category, ...)                                                             \
	const ctrace_span_guard CTRACE_CAT(ctrace_span_, __COUNTER__)(                         \
		CTRACE_EVENT(CTRACE_P_SPAN_BEGIN, category, __VA_ARGS__))

#else

static inline void ctrace_span_close(const unsigned *code)
{
	if (CTRACE_UNLIKELY(*code != 0)) {
		ctrace_emit_end(*code);
	}
}

#define CTRACE_SPAN(category, ...)                                                             \
	const unsigned CTRACE_CAT(ctrace_span_, __COUNTER__)                                   \
		__attribute__((unused, cleanup(ctrace_span_close))) =                                  \
			CTRACE_EVENT(CTRACE_P_SPAN_BEGIN, category, __VA_ARGS__)

#endif

#define TRACE_SPAN(...) CTRACE_SPAN("app", __VA_ARGS__)
#define TRACE_SPAN_C(category, ...) CTRACE_SPAN(category, __VA_ARGS__)

/* Begin and next: the library keeps the code on the thread's own stack of codes. */
#define CTRACE_OPEN_0(call, code, name) call(code, NULL, 0)
#define CTRACE_OPEN_N(call, code, ...)                                                         \
	__extension__({                                                                        \
		const struct ctrace_arg ctrace_args[] = { CTRACE_VALUES(__VA_ARGS__) };        \
		call(code, ctrace_args, sizeof(ctrace_args) / sizeof(ctrace_args[0]));         \
	})
#define CTRACE_OPEN_1 CTRACE_OPEN_N
#define CTRACE_OPEN_2 CTRACE_OPEN_N
#define CTRACE_OPEN_3 CTRACE_OPEN_N
#define CTRACE_OPEN_4 CTRACE_OPEN_N
#define CTRACE_OPEN_5 CTRACE_OPEN_N
#define CTRACE_OPEN_6 CTRACE_OPEN_N
#define CTRACE_OPEN_7 CTRACE_OPEN_N
#define CTRACE_OPEN_8 CTRACE_OPEN_N
#define CTRACE_OPEN(call, category, ...)                                                       \
	__extension__({                                                                        \
		const unsigned ctrace_code =                                                   \
			CTRACE_CODE(category, CTRACE_FIRST(__VA_ARGS__),                       \
				    CTRACE_SCHEMA(__VA_ARGS__), CTRACE_P_SPAN_BEGIN, 0);       \
		if (CTRACE_UNLIKELY(ctrace_code != 0)) {                                       \
			CTRACE_CAT(CTRACE_OPEN_, CTRACE_EXTRA(__VA_ARGS__))                    \
			(call, ctrace_code, __VA_ARGS__);                                      \
		} else if (CTRACE_UNLIKELY(__atomic_load_n(&ctrace_armed, __ATOMIC_RELAXED))) { \
			call(0, NULL, 0);                                                      \
		}                                                                              \
	})

#define TRACE_BEGIN(...) CTRACE_OPEN(ctrace_begin, "app", __VA_ARGS__)
#define TRACE_BEGIN_C(category, ...) CTRACE_OPEN(ctrace_begin, category, __VA_ARGS__)
#define TRACE_NEXT(...) CTRACE_OPEN(ctrace_next, "app", __VA_ARGS__)
#define TRACE_END()                                                                            \
	((void)(CTRACE_UNLIKELY(__atomic_load_n(&ctrace_armed, __ATOMIC_RELAXED)) ?            \
			(ctrace_end(), 0) : 0))

#define TRACE_INSTANT(...) ((void)CTRACE_EVENT(CTRACE_P_INSTANT, "app", __VA_ARGS__))
#define TRACE_INSTANT_C(category, ...) ((void)CTRACE_EVENT(CTRACE_P_INSTANT, category, __VA_ARGS__))

/* Demanded values come before the arguments: `lead` is a list of them in parentheses. */
#define CTRACE_LEAD(...) __VA_ARGS__
#define CTRACE_MORE_0(name)
#define CTRACE_MORE_N(...) , CTRACE_VALUES(__VA_ARGS__)
#define CTRACE_MORE_1 CTRACE_MORE_N
#define CTRACE_MORE_2 CTRACE_MORE_N
#define CTRACE_MORE_3 CTRACE_MORE_N
#define CTRACE_MORE_4 CTRACE_MORE_N
#define CTRACE_MORE_5 CTRACE_MORE_N
#define CTRACE_MORE_6 CTRACE_MORE_N
#define CTRACE_MORE_7 CTRACE_MORE_N
#define CTRACE_MORE_8 CTRACE_MORE_N
#define CTRACE_MORE(...) CTRACE_CAT(CTRACE_MORE_, CTRACE_EXTRA(__VA_ARGS__))(__VA_ARGS__)
#define CTRACE_EVENT_WITH(kind, value_type, category, lead, ...)                               \
	__extension__({                                                                        \
		unsigned ctrace_code = CTRACE_CODE(category, CTRACE_FIRST(__VA_ARGS__),        \
						   CTRACE_SCHEMA(__VA_ARGS__), kind, value_type); \
		if (CTRACE_UNLIKELY(ctrace_code != 0)) {                                       \
			const struct ctrace_arg ctrace_args[] = {                              \
				CTRACE_LEAD lead CTRACE_MORE(__VA_ARGS__)                      \
			};                                                                     \
			ctrace_code = ctrace_emit_args(ctrace_code, ctrace_args,               \
						       sizeof(ctrace_args) / sizeof(ctrace_args[0])); \
		}                                                                              \
		ctrace_code;                                                                   \
	})

/* Counters: the value's type belongs to the site, so it is found while compiling. */
static inline struct ctrace_arg ctrace_arg_signed(int64_t value)
{
	return ctrace_arg_word((uint64_t)value);
}

#ifdef __cplusplus

/* The size of what they return is the type; never defined. */
char (&ctrace_value_size(signed char))[CTRACE_P_I64];
char (&ctrace_value_size(char))[CTRACE_P_I64];
char (&ctrace_value_size(short))[CTRACE_P_I64];
char (&ctrace_value_size(int))[CTRACE_P_I64];
char (&ctrace_value_size(long))[CTRACE_P_I64];
char (&ctrace_value_size(long long))[CTRACE_P_I64];
char (&ctrace_value_size(bool))[CTRACE_P_U64];
char (&ctrace_value_size(unsigned char))[CTRACE_P_U64];
char (&ctrace_value_size(unsigned short))[CTRACE_P_U64];
char (&ctrace_value_size(unsigned))[CTRACE_P_U64];
char (&ctrace_value_size(unsigned long))[CTRACE_P_U64];
char (&ctrace_value_size(unsigned long long))[CTRACE_P_U64];
char (&ctrace_value_size(float))[CTRACE_P_F64];
char (&ctrace_value_size(double))[CTRACE_P_F64];
char (&ctrace_value_size(long double))[CTRACE_P_F64];
#define CTRACE_VALUE_TYPE(value) ((uint8_t)sizeof(ctrace_value_size(value)))
#define CTRACE_VALUE_ARG(value)                                                                \
	(sizeof(ctrace_value_size(value)) == CTRACE_P_F64 ?                                    \
		 ctrace_arg_double((double)(value)) :                                          \
	 sizeof(ctrace_value_size(value)) == CTRACE_P_I64 ?                                    \
		 ctrace_arg_signed((int64_t)(value)) : ctrace_arg_word((uint64_t)(value)))

#else

#define CTRACE_VALUE_TYPE(value)                                                               \
	_Generic((value),                                                                      \
		float: CTRACE_P_F64, double: CTRACE_P_F64, long double: CTRACE_P_F64,          \
		_Bool: CTRACE_P_U64, unsigned char: CTRACE_P_U64, unsigned short: CTRACE_P_U64, \
		unsigned: CTRACE_P_U64, unsigned long: CTRACE_P_U64,                           \
		unsigned long long: CTRACE_P_U64, default: CTRACE_P_I64)
#define CTRACE_VALUE_ARG(value)                                                                \
	_Generic((value),                                                                      \
		float: ctrace_arg_double, double: ctrace_arg_double, long double: ctrace_arg_double, \
		_Bool: ctrace_arg_word, unsigned char: ctrace_arg_word,                        \
		unsigned short: ctrace_arg_word, unsigned: ctrace_arg_word,                    \
		unsigned long: ctrace_arg_word, unsigned long long: ctrace_arg_word,           \
		default: ctrace_arg_signed)(value)

#endif

#define TRACE_COUNTER(name, value) TRACE_COUNTER_C("app", name, value)
#define TRACE_COUNTER_C(category, name, value)                                                 \
	((void)CTRACE_EVENT_WITH(CTRACE_P_COUNTER, CTRACE_VALUE_TYPE(value), category,         \
				 (CTRACE_VALUE_ARG(value)), name))

#define TRACE_LOG(category, ...)                                                               \
	__extension__({                                                                        \
		const unsigned ctrace_code =                                                   \
			CTRACE_CODE(category, CTRACE_FIRST(__VA_ARGS__), "", CTRACE_P_LOG, 0); \
		if (CTRACE_UNLIKELY(ctrace_code != 0)) {                                       \
			ctrace_log(ctrace_code, __VA_ARGS__);                                  \
		}                                                                              \
	})

#define TRACE_TASK_BEGIN(id, parent, ...)                                                      \
	((void)CTRACE_EVENT_WITH(CTRACE_P_TASK_BEGIN, 0, "task",                               \
				 (ctrace_arg_word(id), ctrace_arg_word(parent)), __VA_ARGS__))
#define TRACE_TASK_STEP(id, ...)                                                               \
	((void)CTRACE_EVENT_WITH(CTRACE_P_TASK_STEP, 0, "task", (ctrace_arg_word(id)), __VA_ARGS__))

/* Events that are one number. */
#define CTRACE_NUMBER(kind, category, name, number)                                            \
	CTRACE_EVENT_WITH(kind, 0, category, (ctrace_arg_word(number)), name)
#define TRACE_TASK_END(id) ((void)CTRACE_NUMBER(CTRACE_P_TASK_END, "task", "task_end", id))
#define TRACE_TASK_ENTER(id) ((void)CTRACE_NUMBER(CTRACE_P_TASK_ENTER, "task", "task_enter", id))
#define TRACE_TASK_LEAVE(id) ((void)CTRACE_NUMBER(CTRACE_P_TASK_LEAVE, "task", "task_leave", id))
#define TRACE_FLOW_OUT(id) ((void)CTRACE_NUMBER(CTRACE_P_FLOW_OUT, "flow", "flow_out", id))
#define TRACE_FLOW_STEP(id) ((void)CTRACE_NUMBER(CTRACE_P_FLOW_STEP, "flow", "flow_step", id))
#define TRACE_FLOW_IN(id) ((void)CTRACE_NUMBER(CTRACE_P_FLOW_IN, "flow", "flow_in", id))

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

#ifdef __cplusplus

class ctrace_task_guard {
public:
	ctrace_task_guard(uint64_t id, unsigned code) : visit_(ctrace_task_enter(id, code)) {}
	~ctrace_task_guard() { ctrace_task_leave(&visit_); }
	ctrace_task_guard(const ctrace_task_guard &) = delete;
	ctrace_task_guard &operator=(const ctrace_task_guard &) = delete;

private:
	const struct ctrace_task_visit visit_;
};

#define TRACE_TASK_SCOPE(id)                                                                   \
	const ctrace_task_guard CTRACE_CAT(ctrace_task_, __COUNTER__)(                         \
		(id), CTRACE_CODE("task", "task_enter", "", CTRACE_P_TASK_ENTER, 0))

#else

#define TRACE_TASK_SCOPE(id)                                                                   \
	const struct ctrace_task_visit CTRACE_CAT(ctrace_task_, __COUNTER__)                   \
		__attribute__((unused, cleanup(ctrace_task_leave))) = ctrace_task_enter(               \
			(id), CTRACE_CODE("task", "task_enter", "", CTRACE_P_TASK_ENTER, 0))

#endif

/* Memory: words in the order that the recorder knows (SPEC.md 8.5). Pools and addresses may be pointers. */
#define CTRACE_PLACE(p) TRACE_U64("", (uintptr_t)(p))
#define TRACE_ALLOC(pool, address, size)                                                       \
	((void)CTRACE_EVENT(CTRACE_P_ALLOC, "memory", "alloc", CTRACE_PLACE(address),          \
			    TRACE_U64("", size), CTRACE_PLACE(pool)))
#define TRACE_FREE(pool, address)                                                              \
	((void)CTRACE_EVENT(CTRACE_P_FREE, "memory", "free", CTRACE_PLACE(address), CTRACE_PLACE(pool)))
#define TRACE_POOL(pool, name, address, size)                                                  \
	((void)CTRACE_EVENT(CTRACE_P_POOL, "memory", name, CTRACE_PLACE(pool), CTRACE_PLACE(address), \
			    TRACE_I64("", size)))

/* Collectors: begins are on the same stack of codes as TRACE_BEGIN's. */
#define TRACE_GC_BEGIN(kind)                                                                   \
	__extension__({                                                                        \
		const unsigned ctrace_code = CTRACE_CODE("gc", "gc", "", CTRACE_P_GC_BEGIN, 0); \
		if (CTRACE_UNLIKELY(ctrace_code != 0 ||                                        \
				    __atomic_load_n(&ctrace_armed, __ATOMIC_RELAXED))) {       \
			ctrace_gc_begin(ctrace_code, (uint64_t)(kind));                        \
		}                                                                              \
	})
#define TRACE_GC_END(live, freed)                                                              \
	((void)(CTRACE_UNLIKELY(__atomic_load_n(&ctrace_armed, __ATOMIC_RELAXED)) ?            \
			(ctrace_gc_end((uint64_t)(live), (uint64_t)(freed)), 0) : 0))
#define TRACE_GC_HEAP(bytes) ((void)CTRACE_NUMBER(CTRACE_P_GC_HEAP, "gc", "gc_heap", bytes))

#define TRACE_THREAD_NAME(string) ctrace_thread_name(string)
#define TRACE_PROCESS_NAME(string) ctrace_process_name(string)

#define TRACE_ENABLED(category)                                                                \
	(CTRACE_CODE(category, "enabled", "", CTRACE_P_GUARD, 0) != 0)

#endif /* CTRACE_DISABLE */

/* clang-format on */

#endif
