/* SPDX-License-Identifier: MIT */

/*
 * Loads a library, works, unloads it, as often as told, while another thread traces; ends by exit.
 *
 *     host PLUGIN TIMES [threads]
 *
 * Each time at another address. With "threads" a thread works there as well, and ends after the
 * library is gone.
 */

#include "shared.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static _Atomic int is_over;

static void *work_aside(void *unused)
{
	while (!is_over) {
		shared_inline(0);
	}
	return unused;
}

static void at_exit(void)
{
	TRACE_INSTANT("at exit");
}

/* A void pointer is no function pointer in ISO C; POSIX wants it so. */
union work {
	void *object;
	int (*function)(int);
};

static pthread_barrier_t meeting;

static void *work_and_outlive(void *object)
{
	union work work = {object};

	work.function(2);
	pthread_barrier_wait(&meeting);
	pthread_barrier_wait(&meeting); /* the library is gone */
	TRACE_INSTANT("after the library");
	return NULL;
}

/* Keep the place taken, so that the library comes elsewhere next time. */
static void take_place(void *place)
{
	uintptr_t page = (uintptr_t)place & ~(uintptr_t)4095;

	mmap((void *)page, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int work_once(const char *path, int has_thread)
{
	void *library = dlopen(path, RTLD_NOW);
	union work work = {library != NULL ? dlsym(library, "plugin_work") : NULL};
	pthread_t thread;
	int result;

	if (work.object == NULL) {
		fprintf(stderr, "host: %s\n", dlerror());
		exit(1);
	}
	if (has_thread) {
		pthread_create(&thread, NULL, work_and_outlive, work.object);
		pthread_barrier_wait(&meeting);
	}
	work.function(1);
	result = dlclose(library);
	take_place(work.object);
	if (has_thread) {
		pthread_barrier_wait(&meeting);
		pthread_join(thread, NULL);
	}
	return result;
}

int main(int argc, char **argv)
{
	int times = argc > 2 ? atoi(argv[2]) : 0;
	pthread_t aside;

	atexit(at_exit);
	pthread_barrier_init(&meeting, NULL, 2);
	TRACE_THREAD_NAME("host");
	pthread_create(&aside, NULL, work_aside, NULL);
	for (int i = 0; i < times; i++) {
		work_once(argv[1], argc > 3);
	}
	is_over = 1;
	pthread_join(aside, NULL);
	exit(0);
}
