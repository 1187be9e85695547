/* SPDX-License-Identifier: MIT */

/*
 * What a program that is linked with libctrace-alloc unloads takes with it what is known of the
 * code that lay there: its stacks are walked by it (told_stack.h). Under `ctrace record` the
 * preload library does this (wrap_load.c).
 */

#include "tracer/unwind/row_cache.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

__attribute__((visibility("default"))) int dlclose(void *handle)
{
	int (*real)(void *) = NULL;
	int result, saved = errno;

	*(void **)(void *)&real = dlsym(RTLD_NEXT, "dlclose");
	if (real == NULL) {
		return -1;
	}
	errno = saved;
	ctrace_rows_module_goes();
	result = real(handle);
	ctrace_rows_module_is_gone();
	return result;
}
