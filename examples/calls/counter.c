/* SPDX-License-Identifier: MIT */
/* TRACE_COUNTER: a value from here on. Any arithmetic type; the page draws it as a chart. */

#include <ctrace/trace.h>
#include <unistd.h>

int main(void)
{
	unsigned queue_depth = 0;

	for (int second = 0; second < 50; second++) {
		const double load = (second % 10) / 10.0;

		/* Not TRACE_COUNTER("queue depth", ++queue_depth): while nobody records,
		 * arguments are not evaluated. */
		queue_depth = (queue_depth + 3) % 17;
		TRACE_COUNTER("queue depth", queue_depth);
		TRACE_COUNTER_C("system", "load", load);
		usleep(200);
	}
	return 0;
}
