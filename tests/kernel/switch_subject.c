/* SPDX-License-Identifier: MIT */

/*
 * Threads that give up the processor a known number of times: each sleeps ROUNDS times, then all
 * wait at a barrier, and before it is over each prints what the kernel counted for it.
 *
 *     switch_subject THREADS ROUNDS
 *     TID voluntary involuntary           a line for each thread
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int rounds;

static long status_number(const char *name)
{
	char path[64], line[256];
	long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/status", syscall(SYS_gettid));
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0) {
			number = atol(line + strlen(name));
		}
	}
	if (file != NULL) {
		fclose(file);
	}
	return number;
}

static void *sleep_often(void *unused)
{
	const struct timespec moment = {.tv_nsec = 100000};
	long voluntary, involuntary;

	for (int i = 0; i < rounds; i++) {
		nanosleep(&moment, NULL);
	}
	voluntary = status_number("voluntary_ctxt_switches:");
	involuntary = status_number("nonvoluntary_ctxt_switches:");
	printf("%ld %ld %ld\n", syscall(SYS_gettid), voluntary, involuntary);
	return unused;
}

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[1]) : 2;
	pthread_t threads[64];

	rounds = argc > 2 ? atoi(argv[2]) : 100;
	count = count <= 64 ? count : 64;
	setvbuf(stdout, NULL, _IOFBF, 65536);
	for (int i = 0; i < count; i++) {
		pthread_create(&threads[i], NULL, sleep_often, NULL);
	}
	for (int i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
	}
	return 0;
}
