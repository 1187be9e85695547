/* SPDX-License-Identifier: MIT */

/*
 * What calls cost a program that knows nothing of ctrace: nanoseconds a call, the tenth
 * percentile of many rounds. bench/preload runs it with and without the preload library.
 *
 *     bench/calls                   one line a call
 *     bench/calls --instructions    for callgrind
 */

#include "bench/rounds.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OPERATIONS 500u
#define ROUNDS	   400u
#define PAGE	   4096

static int zero;
static char buffer[PAGE];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* No ring is full when a round begins. */
static void rest(void)
{
	usleep(3000);
}

__attribute__((noinline)) void read_pages(uint64_t operations);
__attribute__((noinline)) void read_pages(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++) {
		if (read(zero, buffer, PAGE) != PAGE) {
			return;
		}
	}
}

static void ask_parent(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++) {
		syscall(SYS_getppid);
	}
}

static void lock_freely(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++) {
		pthread_mutex_lock(&mutex);
		pthread_mutex_unlock(&mutex);
	}
}

/* Small enough for the buffer of the stream: no system call. */
static void read_stream(uint64_t operations)
{
	static FILE *file;

	file = file != NULL ? file : fopen("/dev/zero", "r");
	for (uint64_t i = 0; i < operations && file != NULL; i++) {
		if (fread(buffer, 1, 8, file) != 8) {
			return;
		}
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(uint64_t);
	} calls[] = {{"getppid", ask_parent},
		     {"read", read_pages},
		     {"fread", read_stream},
		     {"mutex", lock_freely}};

	zero = open("/dev/zero", O_RDONLY);
	if (argc > 1 && strcmp(argv[1], "--instructions") == 0) {
		read_pages(1);
		read_pages(10000);
		return 0;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct rounds found = rounds_run(calls[i].run, OPERATIONS, ROUNDS, rest);

		printf("%s %.2f\n", calls[i].name, found.p10_ns);
	}
	return 0;
}
