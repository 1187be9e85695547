/* SPDX-License-Identifier: MIT */
/* TRACE_INSTANT: something happened, at a point in time. */

#include <ctrace/trace.h>
#include <unistd.h>

int main(void)
{
	for (int attempt = 1; attempt <= 3; attempt++) {
		TRACE_SPAN("attempt", TRACE_I64("number", attempt));
		usleep(200);
		if (attempt < 3) {
			TRACE_INSTANT("timed out", TRACE_I64("attempt", attempt));
		} else {
			TRACE_INSTANT_C("network", "connected");
		}
	}
	return 0;
}
