/* SPDX-License-Identifier: MIT */

/*
 * dlopen searches by what its caller's file says ($ORIGIN, RUNPATH), and knows the caller by where
 * it returns to. Where that may matter the call is passed on by a jump, as if we were not there,
 * and not recorded. What else is loaded may bring libgc: that is looked at. What goes, or comes
 * while something goes, takes with it what is known of the code that lay there.
 */

#include "tracer/preload/call_results.h"
#include "tracer/preload/call_table.h"
#include "tracer/preload/gc_hooks.h"
#include "tracer/unwind/row_cache.h"

#include <string.h>

#if defined(__clang__)
#define JUMP_TO __attribute__((musttail)) return
#define CTRACE_JUMPS
#else
#define JUMP_TO	     return
#define CTRACE_JUMPS __attribute__((optimize("O2")))
#endif

static bool depends_on_caller(const char *path)
{
	return path != NULL && (strchr(path, '/') == NULL || strchr(path, '$') != NULL);
}

static void *load_recorded(const char *path, int mode)
{
	const uint64_t words[] = {(uint64_t)path, (uint64_t)mode};
	unsigned code = ctrace_call_begin(CTRACE_CALL_dlopen, words, 2);
	void *handle = ctrace_real.dlopen(path, mode);
	int64_t result = handle != NULL ? (int64_t)handle : -ENOENT;

	if (code != 0) {
		ctrace_call_text_of(0, path, result);
		ctrace_call_end(code, result);
	}
	if (handle != NULL && ctrace_gc_is_awaited()) {
		ctrace_gc_look_at(handle);
	}
	return handle;
}

CTRACE_WRAPPER CTRACE_JUMPS void *dlopen(const char *path, int mode)
{
	bool is_wanted = ctrace_call_state(CTRACE_CALL_dlopen) != 0 || ctrace_gc_is_awaited();

	ctrace_rows_module_comes();
	if (!is_wanted || depends_on_caller(path)) {
		ctrace_real_need();
		JUMP_TO ctrace_real.dlopen(path, mode);
	}
	return load_recorded(path, mode);
}

CTRACE_WRAPPER int dlclose(void *handle)
{
	const uint64_t word = (uint64_t)handle;
	unsigned code = ctrace_call_begin(CTRACE_CALL_dlclose, &word, 1);
	int result;

	ctrace_rows_module_goes();
	result = ctrace_real.dlclose(handle);
	ctrace_rows_module_is_gone();
	ctrace_call_end(code, result == 0 ? 0 : -EINVAL);
	return result;
}
