/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACE_C_H
#define CTRACE_TRACE_C_H

/* clang-format off */

/*
 * What C does in its own way: where a site's statics stand, what closes a scope, what type a
 * counter's value has. trace_cxx.h has the same names. Included by trace_macros.h.
 */

#include <ctrace/trace_calls.h>

/*
 * The descriptor's address goes into the section trace_sites and the state beside the other
 * states, 32 to a cache line; the module's constructor finds them there before any of them runs.
 */
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

/* The end of a span's scope. */
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

/* The end of a task's. */
#define TRACE_TASK_SCOPE(id)                                                                   \
	const struct ctrace_task_visit CTRACE_CAT(ctrace_task_, __COUNTER__)                   \
		__attribute__((unused, cleanup(ctrace_task_leave))) = ctrace_task_enter(               \
			(id), CTRACE_CODE("task", "task_enter", "", CTRACE_P_TASK_ENTER, 0))

/* The value's type belongs to the site, so it is found while compiling. */
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

/* clang-format on */

#endif
