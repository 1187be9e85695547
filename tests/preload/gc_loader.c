/* SPDX-License-Identifier: MIT */

/*
 * A program that is not linked with libgc and loads it while it runs, for test_gc.py.
 *
 *     gc-loader plugin PATH    a library that uses it (gc_plugin.c)
 *     gc-loader libgc PATH     libgc itself, by what dlsym finds in it
 *
 * Prints how many collections there were.
 */

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define TIMES 7

static unsigned long by_plugin(void *handle)
{
	unsigned long (*collect)(int) = (unsigned long (*)(int))dlsym(handle, "collect");

	return collect(TIMES);
}

static unsigned long by_name(void *handle)
{
	void (*init)(void) = (void (*)(void))dlsym(handle, "GC_init");
	void (*gcollect)(void) = (void (*)(void))dlsym(handle, "GC_gcollect");
	unsigned long (*number)(void) = (unsigned long (*)(void))dlsym(handle, "GC_get_gc_no");

	init();
	for (int i = 0; i < TIMES; i++) {
		gcollect();
	}
	return number();
}

int main(int argc, char **argv)
{
	void *handle = argc == 3 ? dlopen(argv[2], RTLD_NOW | RTLD_LOCAL) : NULL;

	if (handle == NULL) {
		fprintf(stderr, "gc-loader: %s\n",
			argc == 3 ? dlerror() : "plugin or libgc, and a path");
		return 2;
	}
	printf("%lu\n", strcmp(argv[1], "plugin") == 0 ? by_plugin(handle) : by_name(handle));
	printf("%s\n", dlerror() == NULL ? "no error" : "an error");
	dlclose(handle);
	return 0;
}
