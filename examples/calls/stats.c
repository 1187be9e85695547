/* SPDX-License-Identifier: MIT */
/* ctrace_stats: what became of the events. attempted = written + lost + waiting, exactly. */

#include <ctrace/trace.h>
#include <inttypes.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	const struct ctrace_settings settings = {.file = argc > 1 ? argv[1] : "trace.out"};
	struct ctrace_counts counts;

	if (ctrace_start(&settings) != 0) {
		return 1;
	}
	for (int i = 0; i < 1000; i++) {
		TRACE_COUNTER("i", i);
	}
	if (ctrace_stop() != 0) {
		return 1;
	}
	ctrace_stats(&counts);
	printf("%" PRIu64 " attempted, %" PRIu64 " written, %" PRIu64 " lost, %" PRIu64 " bytes\n",
	       counts.attempted, counts.written, counts.lost, counts.bytes);
	return counts.attempted != counts.written + counts.lost + counts.waiting;
}
