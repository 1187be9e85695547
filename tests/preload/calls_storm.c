/* SPDX-License-Identifier: MIT */

/* Children of every kind from a program with busy threads; see calls_ways.h. */

#include "tests/preload/calls_host.h"
#include "tests/preload/calls_ways.h"

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS	40
#define THREADS 4

static _Atomic bool is_over;
static char *const arguments[] = {"sh", "-c", "exit 3", NULL};
extern char **environ;

static void *be_busy(void *unused)
{
	int zero = open("/dev/zero", O_RDONLY);
	char buffer[64];

	while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
		read(zero, buffer, sizeof(buffer));
		usleep(50);
	}
	close(zero);
	return unused;
}

static int exit_status(pid_t child)
{
	int status = -1;

	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A child reads and writes before it goes on. */
static void fork_one(bool is_exec)
{
	pid_t child = fork();

	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		write(null, "x", 1);
		if (is_exec) {
			execv("/bin/sh", arguments);
		}
		_exit(3);
	}
	show("fork", exit_status(child));
}

static void vfork_one(const char *path)
{
	pid_t child = vfork();

	if (child == 0) {
		close(1000);
		execve(path, arguments, environ);
		_exit(3);
	}
	show("vfork", exit_status(child));
}

static void spawn_one(void)
{
	pid_t child = -1;

	posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ);
	show("posix_spawn", exit_status(child));
}

void way_storm(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		pthread_create(&threads[i], NULL, be_busy, NULL);
	}
	for (int i = 0; i < ROUNDS; i++) {
		fork_one(i % 2 == 0);
		vfork_one(i % 2 == 0 ? "/bin/sh" : "/nothing");
		spawn_one();
		show("system", system("exit 3"));
	}
	atomic_store_explicit(&is_over, true, memory_order_relaxed);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
}
