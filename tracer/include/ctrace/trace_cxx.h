/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACE_CXX_H
#define CTRACE_TRACE_CXX_H

/* clang-format off */

/*
 * What C++ does in its own way: where a site's statics stand, what closes a scope, what type a
 * counter's value has. trace_c.h has the same names. Included by trace_macros.h.
 */

#include <ctrace/trace_calls.h>

/*
 * A static of an inline function or template may be shared between object files, and gcc cannot
 * put such a variable into a named section. So the state starts as "not met", and the first pass
 * through the site makes it known, once: the same load and branch tell that too.
 */
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

/* The end of a span's scope. */
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

/* The end of a task's. */
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

/* clang-format on */

#endif
