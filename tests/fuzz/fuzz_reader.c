/* SPDX-License-Identifier: MIT */
/*
 * Any bytes at all as a trace, and as a text that describes one: everything a
 * user of the reader can call is called. Checksums are made good first, or
 * nothing behind them would ever be reached. What must hold beside memory
 * safety: a dump assembles to the same bytes, and the strict check ends.
 *
 * A libFuzzer target; with fuzz_plain.c a program that runs saved inputs.
 */

#include "format/text.h"
#include "format/validate.h"
#include "tests/fuzz/good_sums.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define INPUT_BYTES_MAX (64u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Kept so that the compiler keeps what is read. */
static uint64_t seen;

static void see_bytes(struct ctrace_bytes bytes)
{
	for (uint32_t i = 0; i < bytes.size; i++) {
		seen += (unsigned char)bytes.bytes[i];
	}
}

static void see_tables(const struct ctrace_trace *trace)
{
	uint32_t count;

	for (uint32_t id = 0; id < ctrace_trace_string_end(trace) + 2 && id < 5000; id++) {
		see_bytes(ctrace_trace_string(trace, id));
	}
	for (uint32_t id = 0; id < ctrace_trace_site_end(trace) + 2 && id < 5000; id++) {
		const struct ctrace_site *site = ctrace_trace_site(trace, id);
		seen += site == NULL ? 0 : site->kind;
	}
	const struct ctrace_meta *meta = ctrace_trace_meta(trace, &count);
	for (uint32_t i = 0; i < count; i++) {
		see_bytes(meta[i].key);
		see_bytes(meta[i].value);
	}
	const struct ctrace_thread_row *threads = ctrace_trace_threads(trace, &count);
	for (uint32_t i = 1; i < count; i++) {
		if (threads[i - 1].stream >= threads[i].stream) {
			abort();
		}
	}
	ctrace_trace_processes(trace, &count);
	ctrace_trace_clocks(trace, &count);
}

/* Time must not fall, whatever the clock rows say. */
static void see_times(const struct ctrace_trace *trace)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(trace);
	uint64_t last = 0;

	for (unsigned shift = 0; shift < 64; shift++) {
		uint64_t step = UINT64_C(1) << shift;
		uint64_t ticks =
			info->base_ticks > UINT64_MAX - step ? UINT64_MAX : info->base_ticks + step;
		uint64_t ns = ctrace_trace_ns(trace, ticks);
		if (ns < last) {
			abort();
		}
		last = ns;
	}
	seen += ctrace_trace_ns(trace, 0) + ctrace_trace_ns(trace, UINT64_MAX);
}

static void see_events(const struct ctrace_trace *trace, const struct ctrace_chunk *chunk)
{
	static struct ctrace_cursor cursor;
	struct ctrace_event event;
	struct ctrace_value values[16];

	if (ctrace_cursor_init(&cursor, trace, chunk, NULL) != CTRACE_OK) {
		return;
	}
	while (ctrace_cursor_next(&cursor, &event, NULL) == CTRACE_OK) {
		unsigned count = ctrace_event_values(trace, &event, values);
		for (unsigned i = 0; i < count; i++) {
			see_bytes(ctrace_trace_string(trace, values[i].name));
			if (values[i].type == CTRACE_ARG_STR) {
				see_bytes(values[i].str);
			}
		}
	}
}

static void see_chunks(const struct ctrace_trace *trace)
{
	struct ctrace_chunk chunk = {0};
	uint32_t count = ctrace_trace_info(trace)->chunk_count;

	for (uint32_t i = 0; i <= count; i++) {
		if (ctrace_chunk_load(&chunk, trace, i, NULL) == CTRACE_OK) {
			see_events(trace, &chunk);
			seen += (uint64_t)ctrace_chunk_check(trace, &chunk, NULL);
		}
	}
	ctrace_chunk_unload(&chunk);
}

/* A dump must assemble to the same bytes. */
static void dump_and_assemble(int fd, const struct ctrace_trace *trace, const uint8_t *bytes,
			      size_t size)
{
	struct ctrace_buffer again = {0};
	char *text = NULL;
	size_t text_size = 0;
	FILE *out = open_memstream(&text, &text_size);

	enum ctrace_status status = ctrace_text_dump(out, fd, trace, NULL);
	fclose(out);
	if (status == CTRACE_OK) {
		FILE *in = fmemopen(text, text_size, "r");
		struct ctrace_error error = {0};
		ctrace_text_assemble(in, &again, &error);
		fclose(in);
		if (error.status != CTRACE_OK || again.size != size ||
		    memcmp(again.bytes, bytes, size) != 0) {
			fprintf(stderr, "the dump comes back as %zu bytes: %s\n", again.size,
				error.text);
			abort();
		}
	}
	ctrace_buffer_finish(&again);
	free(text);
}

static void count_problem(void *context, const struct ctrace_error *error)
{
	char line[600];

	(void)context;
	ctrace_error_line(error, "a\nb", line, (int)(seen % sizeof(line)) + 1);
	seen += strlen(error->text);
}

static void read_trace(const uint8_t *bytes, size_t size)
{
	struct ctrace_validate_report report;
	struct ctrace_trace *trace;
	struct ctrace_error error = {0};
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) {
		abort();
	}
	if (ctrace_trace_open(&trace, fd, NULL, &error) == CTRACE_OK) {
		see_tables(trace);
		see_times(trace);
		see_chunks(trace);
		ctrace_validate(trace, count_problem, NULL, &report);
		dump_and_assemble(fd, trace, bytes, size);
		ctrace_trace_close(trace);
	} else if (error.text[0] == '\0') {
		abort();
	}
	close(fd);
}

static void read_text(const uint8_t *bytes, size_t size)
{
	struct ctrace_buffer made = {0};
	struct ctrace_error error = {0};
	FILE *text = size == 0 ? NULL : fmemopen((void *)(uintptr_t)bytes, size, "r");

	if (text == NULL) {
		return;
	}
	if (ctrace_text_assemble(text, &made, &error) == CTRACE_OK &&
	    made.size <= INPUT_BYTES_MAX) {
		read_trace(made.bytes, made.size);
	}
	fclose(text);
	ctrace_buffer_finish(&made);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size > INPUT_BYTES_MAX) {
		return 0;
	}
	uint8_t *copy = malloc(size + 1);
	if (copy == NULL) {
		return 0;
	}
	memcpy(copy, bytes, size);
	read_trace(copy, size);
	fuzz_make_sums_good(copy, size);
	read_trace(copy, size);
	read_text(bytes, size);
	free(copy);
	return 0;
}
