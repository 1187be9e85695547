/* SPDX-License-Identifier: MIT */

/*
 * Knows nothing of the tracer when it starts its threads; loads it, records with a
 * library that traces, unloads both, again and again.
 *
 *     opens-late TRACER PLUGIN TRACE TIMES
 */

#include <ctrace/trace.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS 4

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static int (*plugin_work)(int); /* NULL: not there now */
static _Atomic int is_over;

/* Older than the tracer. */
static void *work_aside(void *unused)
{
	while (!is_over) {
		pthread_rwlock_rdlock(&lock);
		if (plugin_work != NULL) {
			plugin_work(1);
		}
		pthread_rwlock_unlock(&lock);
		usleep(100);
	}
	return unused;
}

static void *load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);

	if (library == NULL) {
		fprintf(stderr, "opens-late: %s\n", dlerror());
		exit(1);
	}
	return library;
}

/* A void pointer is no function pointer in ISO C; POSIX wants it so. */
static void find(void *library, const char *name, void *function)
{
	*(void **)function = dlsym(library, name);
}

static void set_work(int (*work)(int))
{
	pthread_rwlock_wrlock(&lock);
	plugin_work = work;
	pthread_rwlock_unlock(&lock);
}

static void record_once(char **argv)
{
	const struct ctrace_settings settings = {.file = argv[3]};
	int (*start)(const struct ctrace_settings *);
	int (*stop)(void);
	int (*work)(int);
	void *tracer = load(argv[1]), *plugin = load(argv[2]);

	find(tracer, "ctrace_start", &start);
	find(tracer, "ctrace_stop", &stop);
	find(plugin, "plugin_work", &work);
	if (start(&settings) != 0) {
		exit(2);
	}
	set_work(work);
	work(1);
	usleep(1000);
	set_work(NULL);
	dlclose(plugin);
	if (stop() != 0) {
		exit(3);
	}
	dlclose(tracer);
}

int main(int argc, char **argv)
{
	int times = argc > 4 ? atoi(argv[4]) : 0;
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		pthread_create(&threads[i], NULL, work_aside, NULL);
	}
	for (int i = 0; i < times; i++) {
		record_once(argv);
	}
	is_over = 1;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	return 0;
}
