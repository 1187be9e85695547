/* SPDX-License-Identifier: MIT */
/*
 * Bytes per begin or end event, and what writing and reading one costs.
 *
 *     bench/size [EVENTS]          a real stream: a small interpreter, a span around each of its
 * functions bench/size FILE…             traces somebody recorded
 *
 * The interpreter tokenizes, parses and evaluates expressions; times are the
 * counter's, taken where the tracer takes them. They are kept first and encoded
 * afterwards, so the encoder does not stretch the gaps. Targets: 3.0 bytes
 * before LZ4, 1.5 stored; 100 M events/s to write, 50 M/s to read.
 */

#include "format/block.h"
#include "format/reader.h"
#include "format/writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_EVENTS 4000000u

enum site {
	SITE_LINE,
	SITE_TOKEN,
	SITE_SKIP,
	SITE_SUM,
	SITE_PRODUCT,
	SITE_ATOM,
	SITE_NUMBER,
	SITE_NAME,
	SITES
};

struct stamp {
	uint64_t ticks;
	uint32_t site;
	uint32_t is_end;
};

static struct stamp *stamps;
static size_t stamp_count, stamp_limit;

static uint64_t ticks_now(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
#endif
}

static void stamp(enum site site, uint32_t is_end)
{
	if (stamp_count < stamp_limit) {
		stamps[stamp_count++] =
			(struct stamp){.ticks = ticks_now(), .site = site, .is_end = is_end};
	}
}

static void leave(const enum site *site)
{
	stamp(*site, 1);
}

#define SPAN(which)                                                                                \
	__attribute__((cleanup(leave))) const enum site span_site = (which);                       \
	stamp(span_site, 0)

/* The interpreter: sums and products of numbers and one-letter names, with parentheses. */
static const char *at;
static long names[26];

static void skip_blanks(void)
{
	SPAN(SITE_SKIP);
	at += strspn(at, " \t");
}

static char peek(void)
{
	SPAN(SITE_TOKEN);
	skip_blanks();
	return *at;
}

static long number(void)
{
	char *end;

	SPAN(SITE_NUMBER);
	long value = strtol(at, &end, 10);
	at = end > at ? end : at + 1;
	return value;
}

static long name(void)
{
	SPAN(SITE_NAME);
	return names[(*at++ - 'a') % 26];
}

static long sum(void);

static long atom(void)
{
	SPAN(SITE_ATOM);
	char next = peek();

	if (next == '(') {
		at++;
		long value = sum();
		at += peek() == ')';
		return value;
	}
	return next >= 'a' && next <= 'z' ? name() : number();
}

static long product(void)
{
	SPAN(SITE_PRODUCT);
	long value = atom();

	while (peek() == '*') {
		at++;
		value = (long)((unsigned long)value * (unsigned long)atom());
	}
	return value;
}

static long sum(void)
{
	SPAN(SITE_SUM);
	long value = product();

	for (char next = peek(); next == '+' || next == '-'; next = peek()) {
		at++;
		long right = product();
		value = (long)((unsigned long)value +
			       (unsigned long)(next == '+' ? right : -right));
	}
	return value;
}

static void run_line(const char *line)
{
	SPAN(SITE_LINE);
	at = line + 2;
	names[line[0] - 'a'] = sum();
}

static void run_program(size_t events)
{
	static const char *const program[] = {
		"a=1 + 2 * 3 - b",
		"b=(a + 41) * (c - 7) + 12345",
		"c=a * a * a + b * (a - (b + (c * 2)))",
		"d=17",
		"e=d + c + b + a - 1000000 * 2 + 3 * (4 + 5)",
		"f=((((((e))))))",
	};

	stamp_limit = events;
	for (size_t i = 0; stamp_count < stamp_limit; i++) {
		run_line(program[(i * 7 + i / 13) % (sizeof(program) / sizeof(program[0]))]);
	}
}

struct sink {
	uint8_t *bytes;
	size_t size;
};

static enum ctrace_status write_memory(void *context, const void *bytes, size_t size)
{
	struct sink *sink = context;

	memcpy(sink->bytes + sink->size, bytes, size);
	sink->size += size;
	return CTRACE_OK;
}

static void write_block(struct ctrace_writer *writer, struct ctrace_block *block)
{
	for (size_t i = 0; i < stamp_count; i++) {
		if (!ctrace_block_has_room(block, 0)) {
			ctrace_writer_seal(writer, block);
		}
		if (stamps[i].is_end != 0) {
			ctrace_block_end(block, stamps[i].site, stamps[i].ticks);
		} else {
			ctrace_block_begin(block, stamps[i].site, stamps[i].ticks);
		}
	}
	ctrace_writer_seal(writer, block);
}

static void write_trace(struct sink *sink)
{
	struct ctrace_writer_settings settings = {.write = write_memory,
						  .sink = sink,
						  .base_ticks = stamps[0].ticks,
						  .ticks_per_second = 1000000000,
						  .clock_kind = CTRACE_CLOCK_TSC};
	struct ctrace_writer writer;
	struct ctrace_block block;

	ctrace_writer_init(&writer, &settings);
	ctrace_block_init(&block, 1, stamps[0].ticks);
	for (uint32_t id = 0; id < SITES; id++) {
		struct ctrace_site site = {.id = id, .kind = CTRACE_KIND_SPAN_BEGIN};
		ctrace_writer_site(&writer, &site);
	}
	write_block(&writer, &block);
	ctrace_writer_close(&writer);
	ctrace_block_finish(&block);
	ctrace_writer_finish(&writer);
}

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static uint64_t read_events(const struct ctrace_trace *trace)
{
	static struct ctrace_cursor cursor;
	struct ctrace_chunk chunk = {0};
	struct ctrace_event event;
	uint64_t events = 0;

	for (uint32_t i = 0; i < ctrace_trace_info(trace)->chunk_count; i++) {
		if (ctrace_trace_chunk(trace, i)->type != CTRACE_CHUNK_EVENTS ||
		    ctrace_chunk_load(&chunk, trace, i, NULL) != CTRACE_OK) {
			continue;
		}
		ctrace_cursor_init(&cursor, trace, &chunk, NULL);
		while (ctrace_cursor_next(&cursor, &event, NULL) == CTRACE_OK) {
			events++;
		}
	}
	ctrace_chunk_unload(&chunk);
	return events;
}

/* Raw and stored bytes of EVENTS chunks; the best of five readings of all events. */
static void print_trace(const char *label, int fd, double write_ns)
{
	struct ctrace_trace *trace;
	struct ctrace_error error = {0};
	uint64_t raw = 0, stored = 0, events = 0;
	double best = 0;

	if (ctrace_trace_open(&trace, fd, NULL, &error) != CTRACE_OK) {
		fprintf(stderr, "%s: %s\n", label, error.text);
		exit(1);
	}
	for (uint32_t i = 0; i < ctrace_trace_info(trace)->chunk_count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, i);
		if (entry->type == CTRACE_CHUNK_EVENTS) {
			raw += entry->raw;
			stored += entry->stored + CTRACE_CHUNK_HEADER_BYTES;
		}
	}
	for (unsigned i = 0; i < 5; i++) {
		double start = cpu_ns();
		events = read_events(trace);
		double ns = (cpu_ns() - start) / (double)(events > 0 ? events : 1);
		best = i == 0 || ns < best ? ns : best;
	}
	double per = (double)(events > 0 ? events : 1);
	printf("%-28.28s %12llu %9.2f %9.2f %9.2f %9.2f\n", label, (unsigned long long)events,
	       (double)raw / per, (double)stored / per, write_ns, best);
	ctrace_trace_close(trace);
}

static int print_files(int count, char **paths)
{
	for (int i = 0; i < count; i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			perror(paths[i]);
			return 1;
		}
		print_trace(paths[i], fd, 0);
		close(fd);
	}
	return 0;
}

static int print_interpreter(size_t events)
{
	struct sink sink = {.bytes = malloc(events * 16 + 65536)};
	double best = 0;

	stamps = malloc(events * sizeof(*stamps));
	if (sink.bytes == NULL || stamps == NULL) {
		return 1;
	}
	memset(stamps, 0, events * sizeof(*stamps));
	run_program(events);
	for (unsigned i = 0; i < 5; i++) {
		sink.size = 0;
		double start = cpu_ns();
		write_trace(&sink);
		double ns = (cpu_ns() - start) / (double)events;
		best = i == 0 || ns < best ? ns : best;
	}
	int fd = memfd_create("size", MFD_CLOEXEC);
	if (fd < 0 || write(fd, sink.bytes, sink.size) != (ssize_t)sink.size) {
		return 1;
	}
	print_trace("interpreter", fd, best);
	close(fd);
	free(stamps);
	free(sink.bytes);
	return 0;
}

int main(int argc, char **argv)
{
	char *end = NULL;
	size_t events = argc > 1 ? strtoull(argv[1], &end, 10) : DEFAULT_EVENTS;

	printf("%-28s %12s %9s %9s %9s %9s\n", "stream", "events", "raw B/ev", "B/ev", "write ns",
	       "read ns");
	if (argc > 1 && *end != '\0') {
		return print_files(argc - 1, argv + 1);
	}
	return print_interpreter(events > 0 ? events : DEFAULT_EVENTS);
}
