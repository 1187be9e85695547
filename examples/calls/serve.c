/* SPDX-License-Identifier: MIT */
/*
 * ctrace_serve: /debug/pprof/ in this program.
 *
 *     ./serve 127.0.0.1:6060
 *     curl -s 'localhost:6060/debug/pprof/trace?seconds=2' > trace.out
 */

#include <ctrace/trace.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const int port = ctrace_serve(argc > 1 ? argv[1] : "127.0.0.1:0");

	if (port < 0) {
		return 1; /* it has said why */
	}
	printf("http://127.0.0.1:%d/debug/pprof/ until Enter is pressed\n", port);
	fflush(stdout);
	for (char byte = 0; byte != '\n' && read(STDIN_FILENO, &byte, 1) > 0;) {
		TRACE_INSTANT("a key");
	}
	ctrace_serve_stop();
	return 0;
}
