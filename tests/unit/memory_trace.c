/* SPDX-License-Identifier: MIT */
/* Traces in memory. */

#include "tests/unit/memory_trace.h"

#include "format/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* The world around a test is broken: say where, and end. */
static void demand(int is_good, const char *what)
{
	if (!is_good) {
		fprintf(stderr, "%s\n", what);
		abort();
	}
}

enum ctrace_status ctrace_memory_write(void *sink, const void *bytes, size_t size)
{
	struct ctrace_buffer *buffer = sink;

	ctrace_buffer_put(buffer, bytes, size);
	return buffer->is_failed ? CTRACE_ERR_NO_MEMORY : CTRACE_OK;
}

int ctrace_memory_fd(const void *bytes, size_t size)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);

	demand(fd >= 0, "memfd_create failed");
	demand(write(fd, bytes, size) == (ssize_t)size, "cannot fill a memfd");
	return fd;
}

void ctrace_memory_make(struct ctrace_buffer *bytes, uint64_t seed, uint64_t events)
{
	struct ctrace_maker_settings settings = {.seed = seed,
						 .events = events,
						 .has_kernel = seed % 2 == 0,
						 .write = ctrace_memory_write,
						 .sink = bytes};

	demand(ctrace_maker_run(&settings) == CTRACE_OK, "the trace maker failed");
}

void ctrace_memory_assemble(struct ctrace_buffer *bytes, const char *text)
{
	struct ctrace_error error = {0};
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	demand(file != NULL, "fmemopen failed");
	ctrace_text_assemble(file, bytes, &error);
	fclose(file);
	demand(error.status == CTRACE_OK, error.text);
}

struct ctrace_trace *ctrace_memory_open(const struct ctrace_buffer *bytes, int *fd)
{
	struct ctrace_trace *trace;
	struct ctrace_error error = {0};

	*fd = ctrace_memory_fd(bytes->bytes, bytes->size);
	ctrace_trace_open(&trace, *fd, NULL, &error);
	demand(error.status == CTRACE_OK, error.text);
	return trace;
}

void ctrace_memory_close(struct ctrace_trace *trace, int fd)
{
	ctrace_trace_close(trace);
	close(fd);
}

static uint64_t mix(uint64_t digest, uint64_t value)
{
	digest = (digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return digest ^ digest >> 29;
}

static uint64_t mix_bytes(uint64_t digest, struct ctrace_bytes bytes)
{
	for (uint32_t i = 0; i < bytes.size; i++) {
		digest = mix(digest, (unsigned char)bytes.bytes[i]);
	}
	return mix(digest, bytes.size);
}

static uint64_t mix_event(const struct ctrace_trace *trace, uint64_t digest,
			  const struct ctrace_event *event)
{
	struct ctrace_value values[16];
	unsigned count = ctrace_event_values(trace, event, values);
	const struct ctrace_site *site = ctrace_trace_site(trace, event->site);

	digest = mix(digest, (uint64_t)event->kind);
	digest = mix(digest, event->site);
	digest = mix(digest, ctrace_trace_ns(trace, event->ticks));
	if (site != NULL) {
		digest = mix_bytes(digest, ctrace_trace_string(trace, site->name));
	}
	for (unsigned i = 0; i < count; i++) {
		digest = mix_bytes(digest, ctrace_trace_string(trace, values[i].name));
		digest = values[i].type == CTRACE_ARG_STR ? mix_bytes(digest, values[i].str)
							  : mix(digest, values[i].u64);
	}
	return digest;
}

uint64_t ctrace_memory_digest(const struct ctrace_trace *trace, uint32_t stream, uint64_t *events)
{
	struct ctrace_chunk chunk = {0};
	struct ctrace_cursor cursor;
	struct ctrace_event event;
	uint64_t digest = 1;

	*events = 0;
	for (uint32_t i = 0; i < ctrace_trace_info(trace)->chunk_count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, i);
		if (entry->type != CTRACE_CHUNK_EVENTS ||
		    (stream != 0 && entry->stream != stream) ||
		    ctrace_chunk_load(&chunk, trace, i, NULL) != CTRACE_OK ||
		    ctrace_chunk_check(trace, &chunk, NULL) != CTRACE_OK) {
			continue;
		}
		ctrace_cursor_init(&cursor, trace, &chunk, NULL);
		digest = mix(digest, cursor.open_count);
		while (ctrace_cursor_next(&cursor, &event, NULL) == CTRACE_OK) {
			digest = mix_event(trace, digest, &event);
			(*events)++;
		}
	}
	ctrace_chunk_unload(&chunk);
	return digest;
}

uint64_t ctrace_test_seed(void)
{
	const char *text = getenv("CTRACE_TEST_SEED");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t seed = text != NULL
				? strtoull(text, NULL, 0)
				: (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	printf("seed: %" PRIu64 "\n", seed);
	fflush(stdout);
	return seed;
}
