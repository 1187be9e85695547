/* SPDX-License-Identifier: MIT */
/* ctrace_start with a function that takes the trace's bytes: over a socket, into memory, anywhere.
 */

#include <ctrace/trace.h>
#include <stdio.h>

struct sink {
	FILE *file;
	size_t bytes;
};

/* On ctrace's own thread. Anything but 0 ends the recording. */
static int take(void *context, const void *bytes, size_t size)
{
	struct sink *sink = context;

	sink->bytes += size;
	return fwrite(bytes, 1, size, sink->file) == size ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct sink sink = {.file = fopen(argc > 1 ? argv[1] : "trace.out", "wb")};
	struct ctrace_settings settings = {.write = take, .context = &sink};
	int error;

	if (sink.file == NULL || ctrace_start(&settings) != 0) {
		return 1;
	}
	for (int i = 0; i < 1000; i++) {
		TRACE_SPAN("turn", TRACE_I64("i", i));
	}
	error = ctrace_stop();
	printf("%zu bytes\n", sink.bytes);
	return fclose(sink.file) != 0 || error != 0;
}
