/* SPDX-License-Identifier: MIT */

/*
 * Has more and less memory, and says of each phase what the kernel says of it then. Each lasts so
 * long that whoever looks twice a second has seen it.
 *
 *     memory_subject MIB
 *     begin PID RESIDENT SHARED        in pages, as /proc/self/statm
 *     touched PID RESIDENT SHARED      MIB more
 *     freed PID RESIDENT SHARED        they are given back
 *     child PID RESIDENT SHARED        a forked one, which touched MIB / 2
 *     again PID RESIDENT SHARED        another program, by exec, in the first one's process
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PHASE_US 1500000

static void say(const char *phase)
{
	char statm[160], line[240];
	int fd = open("/proc/self/statm", O_RDONLY), size = 0;
	unsigned long all, resident, shared;

	/* The first time touches what the second one is told of. */
	for (int i = 0; i < 2; i++) {
		ssize_t got = pread(fd, statm, sizeof(statm) - 1, 0);

		statm[got > 0 ? got : 0] = '\0';
		if (sscanf(statm, "%lu %lu %lu", &all, &resident, &shared) != 3) {
			exit(1);
		}
		size = snprintf(line, sizeof(line), "%s %d %lu %lu\n", phase, getpid(), resident,
				shared);
	}
	close(fd);
	if (write(STDOUT_FILENO, line, (size_t)size) != size) {
		exit(1);
	}
	usleep(PHASE_US);
}

static char *touch(size_t bytes)
{
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED) {
		exit(1);
	}
	memset(at, 1, bytes);
	return at;
}

static void be_child(size_t bytes)
{
	touch(bytes);
	say("child");
	_exit(0);
}

int main(int argument_count, char **arguments)
{
	size_t bytes = argument_count > 1 ? strtoul(arguments[1], NULL, 10) << 20 : 0;
	char *at;
	pid_t child;

	if (bytes == 0) {
		say("again");
		return 0;
	}
	say("begin");
	at = touch(bytes);
	say("touched");
	munmap(at, bytes);
	say("freed");
	child = fork();
	if (child == 0) {
		be_child(bytes / 2);
	}
	waitpid(child, NULL, 0);
	execl("/proc/self/exe", "memory-again", (char *)NULL);
	return 1;
}
