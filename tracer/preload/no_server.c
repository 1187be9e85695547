/* SPDX-License-Identifier: MIT */

/*
 * The copy of the recorder in the preload library answers no requests: the HTTP library, and the
 * dozen that it needs, are not for a program that does not use them. CTRACE_HTTP needs libctrace.
 */

#include <ctrace/trace.h>
#include <errno.h>
#include <stdio.h>

int ctrace_serve(const char *address)
{
	fprintf(stderr,
		"ctrace: cannot serve /debug/pprof/ on %s: the program is not linked with "
		"libctrace\n",
		address != NULL ? address : "");
	return -ENOSYS;
}

void ctrace_serve_stop(void)
{
}
