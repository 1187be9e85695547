/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACE_OFF_H
#define CTRACE_TRACE_OFF_H

/* clang-format off */

/*
 * With -DCTRACE_DISABLE: the macros of <ctrace/trace.h> as nothing. Arguments are still
 * compiled, so that they stay right, but never evaluated. Included by trace_macros.h.
 */

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

/* clang-format on */

#endif
