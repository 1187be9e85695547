/* SPDX-License-Identifier: MIT */
/* TRACE_LOG: a message, as printf would write it, on the timeline. */

#include <ctrace/trace.h>
#include <unistd.h>

int main(void)
{
	const char *const paths[] = {"/index.html", "/logo.png", "/no such file"};

	for (int i = 0; i < 3; i++) {
		TRACE_SPAN("serve");
		usleep(100);
		TRACE_LOG("http", "GET %s: %d after %.1f ms", paths[i], i < 2 ? 200 : 404, 0.1);
	}
	return 0;
}
