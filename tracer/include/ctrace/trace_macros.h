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
 *
 * Below it, each included here only:
 *
 *     trace_calls.h               what a macro calls, and what it fills in
 *     trace_c.h, trace_cxx.h      what either language does in its own way: CTRACE_CODE (a site and
 *                                 its state), CTRACE_SPAN and TRACE_TASK_SCOPE (a scope's end),
 *                                 CTRACE_VALUE_TYPE and _ARG (a counter's type)
 *     trace_off.h                 with -DCTRACE_DISABLE, instead of all of it
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

#ifdef CTRACE_DISABLE
#include <ctrace/trace_off.h>
#else

#include <ctrace/trace_calls.h>
#ifdef __cplusplus
#include <ctrace/trace_cxx.h>
#else
#include <ctrace/trace_c.h>
#endif

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

/* A site's descriptor. CTRACE_CODE makes it and its state, two statics, and loads the state. */
#define CTRACE_INFO(state, category, name, schema, kind, value_type)                          \
	{ &state, &ctrace_module, "" name, "" category, __FILE__, __func__, "" schema, __LINE__,              \
	  sizeof("" name) - 1, sizeof("" schema), kind, value_type }

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

/* Counters: the value's type belongs to the site. */
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
