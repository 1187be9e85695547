/* SPDX-License-Identifier: MIT */

/*
 *     calls-host           every call
 *     calls-host WAY       see calls_ways.c
 */

#include "tests/preload/calls_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char text[1 << 16];
static size_t used;

void show(const char *name, int64_t result)
{
	int size = snprintf(text + used, sizeof(text) - used, "%s: %lld %d\n", name,
			    (long long)result, errno);

	if (size > 0 && (size_t)size < sizeof(text) - used) {
		used += (size_t)size;
	}
}

static int print_all(void)
{
	return write(STDOUT_FILENO, text, used) == (ssize_t)used ? 0 : 1;
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/ctrace-calls-XXXXXX";

	if (argc > 1) {
		return run_way(argv[1]) ? print_all() : 2;
	}
	if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
		return 1;
	}
	call_files();
	call_names_of_files();
	call_streams();
	call_sockets();
	call_waits();
	call_processes();
	call_threads();
	return chdir("/") == 0 && rmdir(folder) == 0 ? print_all() : 1;
}
