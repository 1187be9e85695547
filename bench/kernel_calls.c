/* SPDX-License-Identifier: MIT */
/*
 * What a system call takes, for bench/kernel.py to run with and without somebody who
 * records it: thread time of the fastest rounds, in nanoseconds a call.
 *
 *     kernel-calls ROUNDS     prints "getppid FASTEST P10" and "read FASTEST P10"
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

int main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 400;
	struct rounds rounds;

	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	rounds = rounds_run(ask_parent, CALLS, count, NULL);
	printf("getppid %.1f %.1f\n", rounds.fastest_ns, rounds.p10_ns);
	rounds = rounds_run(read_page, CALLS, count, NULL);
	printf("read %.1f %.1f\n", rounds.fastest_ns, rounds.p10_ns);
	return 0;
}
