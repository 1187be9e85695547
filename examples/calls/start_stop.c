/* SPDX-License-Identifier: MIT */
/* ctrace_start, ctrace_stop: record a part of the program to a file. */

#include <ctrace/trace.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void work(int number)
{
	TRACE_SPAN("work", TRACE_I64("number", number));
	usleep(200);
}

int main(int argc, char **argv)
{
	const struct ctrace_settings settings = {.file = argc > 1 ? argv[1] : "trace.out"};
	int error;

	work(1); /* not in the trace */
	error = ctrace_start(&settings);
	if (error != 0) {
		fprintf(stderr, "%s: %s\n", settings.file, strerror(-error));
		return 1;
	}
	work(2);
	work(3);
	error = ctrace_stop();
	work(4); /* not in the trace */
	return error != 0;
}
