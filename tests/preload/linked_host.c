/* SPDX-License-Identifier: MIT */
/*
 * A program that is linked with libctrace and libctrace-alloc, for test_linked.py: its memory and
 * its locks are in its own traces, if these want them.
 *
 *     linked-host                  works
 *     linked-host FILE SOURCES     records itself meanwhile
 *     linked-host serve            says at which port it serves, works until its input ends
 */

#include <ctrace/trace.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCKS	   100
#define KEPT	   40
#define BLOCK_SIZE 1234

static void *kept[KEPT];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_held;

/* The stack is the truth: no function is jumped to in place of a call. */
__attribute__((noinline)) static void *get_block(void)
{
	void *volatile block = malloc(BLOCK_SIZE);

	return block;
}

__attribute__((noinline)) static void get_memory(void)
{
	for (int i = 0; i < BLOCKS; i++) {
		void *block = get_block();

		if (i < KEPT) {
			free(kept[i]);
			kept[i] = block;
		} else {
			free(block);
		}
	}
}

__attribute__((noinline)) static void hold_lock(void)
{
	pthread_mutex_lock(&mutex);
	atomic_store(&is_held, true);
	usleep(20000);
	pthread_mutex_unlock(&mutex);
	atomic_store(&is_held, false);
}

static void *hold(void *unused)
{
	hold_lock();
	return unused;
}

__attribute__((noinline)) static void wait_for_lock(void)
{
	pthread_t holder;

	pthread_create(&holder, NULL, hold, NULL);
	while (!atomic_load(&is_held)) {
		usleep(100);
	}
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	pthread_join(holder, NULL);
}

static void work(void)
{
	TRACE_SPAN("work");

	get_memory();
	wait_for_lock();
}

static int record(const char *file, const char *sources)
{
	const struct ctrace_settings settings = {.file = file, .sources = sources};

	if (ctrace_start(&settings) != 0) {
		return 1;
	}
	work();
	return ctrace_stop() == 0 ? 0 : 1;
}

static void *watch_input(void *unused)
{
	while (getchar() != EOF) {
	}
	_exit(0);
	return unused;
}

static int serve(void)
{
	pthread_t watcher;

	printf("%d\n", ctrace_serve("127.0.0.1:0"));
	fflush(stdout);
	pthread_create(&watcher, NULL, watch_input, NULL);
	for (;;) {
		work();
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3) {
		return record(argv[1], argv[2]);
	}
	if (argc == 2 && strcmp(argv[1], "serve") == 0) {
		return serve();
	}
	work();
	return 0;
}
