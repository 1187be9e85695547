/* SPDX-License-Identifier: MIT */
/*
 * What a system call takes, for bench/kernel.py to run with and without somebody who
 * records it: thread time of the fastest rounds, in nanoseconds a call.
 *
 *     kernel-calls ROUNDS     prints "getppid FASTEST P10", and so for "read" and "access"
 */

#include "bench/rounds.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLS 1000u

static int zero;

static void ask_parent(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++) {
		syscall(SYS_getppid);
	}
}

static void read_page(uint64_t operations)
{
	char page[4096];

	for (uint64_t i = 0; i < operations; i++) {
		if (read(zero, page, sizeof(page)) < 0) {
			return;
		}
	}
}

/* With a path, which some sources read. */
static void look_for_file(uint64_t operations)
{
	for (uint64_t i = 0; i < operations; i++) {
		access("/usr/share/doc/nobody/is/here", F_OK);
	}
}

static void measure(const char *name, void (*run)(uint64_t operations), unsigned count)
{
	struct rounds rounds = rounds_run(run, CALLS, count, NULL);

	printf("%s %.1f %.1f\n", name, rounds.fastest_ns, rounds.p10_ns);
}

int main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 400;

	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	measure("getppid", ask_parent, count);
	measure("read", read_page, count);
	measure("access", look_for_file, count);
	return 0;
}
