/* SPDX-License-Identifier: MIT */

/* A program that is linked with ctrace, one way or another: 20 spans with a read in each. */

#include <ctrace/trace.h>
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	int zero = open("/dev/zero", O_RDONLY);
	char buffer[8];

	for (int i = 0; i < 20; i++) {
		TRACE_SPAN("reading", TRACE_I64("number", i));
		if (read(zero, buffer, sizeof(buffer)) != (ssize_t)sizeof(buffer)) {
			return 1;
		}
	}
	return 0;
}
