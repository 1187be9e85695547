/* SPDX-License-Identifier: MIT */
/*
 * Any bytes at all as what a dead process left in a ring directory. What must hold
 * beside memory safety: whatever `ctrace recover` makes of it keeps every rule of the
 * format, and it ends.
 *
 * Input: four pieces, each behind its length of two bytes, and the rest:
 *     over the `process` file from byte 8 on; `sites-1` behind its head; over the ring's
 *     shared page from byte 8 on; the first nested ring; the data; those of `ring-1-1`, if
 *     the page says that the ring has grown.
 * make_ring_seed.py makes one of a real folder. A libFuzzer target, as fuzz_reader.c.
 */

#include "format/buffer.h"
#include "format/validate.h"
#include "tracer/outside/outside.h"
#include "tracer/src/ring/ring_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DATA_BYTES (CTRACE_RING_KB_MIN << 10)
#define RING_BYTES (CTRACE_RING_HEAD_BYTES + DATA_BYTES)
#define NEXT_BYTES (2 * DATA_BYTES)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char folder[64];
static _Alignas(128) uint8_t ring[RING_BYTES]; /* as struct ctrace_ring_shared */
static uint8_t sites[CTRACE_SITES_FILE_BYTES];
static struct ctrace_process_image process;

struct input {
	const uint8_t *at;
	size_t left;
};

static void take(struct input *input, void *to, size_t room, size_t size)
{
	size = size < input->left ? size : input->left;
	memcpy(to, input->at, size < room ? size : room);
	input->at += size;
	input->left -= size;
}

static void take_piece(struct input *input, void *to, size_t room)
{
	uint8_t length[2] = {0, 0};

	take(input, length, sizeof(length), sizeof(length));
	take(input, to, room, length[0] | (size_t)length[1] << 8);
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || pwrite(fd, bytes, size, 0) != (ssize_t)size) {
		abort();
	}
	close(fd);
}

/* Valid but for what the input says. */
static void fill_process(struct input *input)
{
	process = (struct ctrace_process_image){.version = CTRACE_IMAGE_VERSION,
						.bytes = sizeof(process),
						.pid = 1,
						.clock_kind = CTRACE_CLOCK_TSC,
						.rings = 1,
						.site_files = 1};
	take_piece(input, (uint8_t *)&process + 8, sizeof(process) - 8);
	atomic_store_explicit(&process.magic, CTRACE_PROCESS_MAGIC, memory_order_relaxed);
}

static void fill_sites(struct input *input)
{
	memset(sites, 0, sizeof(sites));
	take_piece(input, sites + sizeof(struct ctrace_sites_head),
		   sizeof(sites) - sizeof(struct ctrace_sites_head));
}

static void fill_ring(struct input *input)
{
	struct ctrace_ring_shared *shared = (void *)ring;

	memset(ring, 0, sizeof(ring));
	shared->head = (struct ctrace_ring_head){.version = CTRACE_IMAGE_VERSION,
						 .shared_bytes = sizeof(*shared),
						 .nested_levels = CTRACE_NESTED_LEVELS,
						 .nested_bytes = CTRACE_NESTED_BYTES,
						 .data_offset = CTRACE_RING_HEAD_BYTES,
						 .data_bytes = DATA_BYTES};
	take_piece(input, ring + 8, sizeof(*shared) - 8);
	atomic_store_explicit(&shared->head.magic, CTRACE_RING_MAGIC, memory_order_relaxed);
	take_piece(input, ring + CTRACE_RING_SHARED_BYTES, CTRACE_RING_NESTED_BYTES);
	take(input, ring + CTRACE_RING_HEAD_BYTES, DATA_BYTES, DATA_BYTES);
}

static bool has_grown(void)
{
	const struct ctrace_ring_shared *shared = (const void *)ring;

	return atomic_load_explicit(&shared->grown, memory_order_relaxed) != 0 ||
	       atomic_load_explicit(&shared->settled, memory_order_relaxed) != 0;
}

static void write_next(struct input *input)
{
	static uint8_t next[NEXT_BYTES];

	memset(next, 0, sizeof(next));
	take(input, next, sizeof(next), input->left);
	write_file("ring-1-1", next, sizeof(next));
}

static void remove_folder(void)
{
	ctrace_outside_delete(folder);
}

static void make_folder(void)
{
	if (folder[0] == '\0') {
		snprintf(folder, sizeof(folder), "/dev/shm/ctrace-fuzz-XXXXXX");
		if (mkdtemp(folder) == NULL) {
			abort();
		}
		atexit(remove_folder);
	}
}

/* ---- what becomes of it ---- */

static void look_at_line(void *lines, const char *line)
{
	if (line[0] == '\0') {
		abort();
	}
	(*(unsigned *)lines)++;
}

static enum ctrace_status take_bytes(void *trace, const void *bytes, size_t size)
{
	ctrace_buffer_put(trace, bytes, size);
	return CTRACE_OK;
}

static void describe(struct ctrace_writer *writer, void *unused)
{
	(void)unused;
	ctrace_writer_meta(writer, "pid", "1", 1);
}

static void recover(struct ctrace_buffer *trace)
{
	const struct ctrace_session_settings settings = {.write = take_bytes, .sink = trace};
	const struct ctrace_session_start start = {
		.base_ticks = process.made <= CTRACE_STILL_TICKS_MAX ? process.made : 0,
		.ticks_per_second = 1000000000u,
		.clock_kind = CTRACE_CLOCK_TSC,
		.describe = describe,
	};
	struct ctrace_session_totals totals;
	struct ctrace_outside outside;
	struct ctrace_outside_process *found;
	unsigned lines = 0;
	bool is_refused;

	ctrace_outside_init(&outside, true, look_at_line, &lines);
	if (ctrace_outside_begin(&outside, &settings, &start) != CTRACE_OK) {
		abort();
	}
	found = ctrace_outside_add(&outside, folder, &is_refused);
	if (found == NULL && lines == 0) {
		abort();
	}
	if (found != NULL) {
		ctrace_outside_drain(&outside, found, true);
	}
	ctrace_outside_end(&outside, "fuzzed", &totals);
	ctrace_outside_finish(&outside);
}

static void tell_problem(void *unused, const struct ctrace_error *error)
{
	(void)unused;
	fprintf(stderr, "byte %llu: %s\n", (unsigned long long)error->offset, error->text);
}

static void check(const struct ctrace_buffer *bytes)
{
	struct ctrace_validate_report report;
	struct ctrace_error error = {.status = CTRACE_OK};
	struct ctrace_trace *trace;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes->bytes, bytes->size) != (ssize_t)bytes->size) {
		abort();
	}
	if (ctrace_trace_open(&trace, fd, NULL, &error) != CTRACE_OK) {
		fprintf(stderr, "%s\n", error.text);
		abort();
	}
	if (ctrace_validate(trace, tell_problem, NULL, &report) != CTRACE_OK ||
	    report.problems != 0) {
		abort();
	}
	ctrace_trace_close(trace);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = {bytes, size};
	struct ctrace_buffer trace = {0};

	make_folder();
	fill_process(&input);
	fill_sites(&input);
	fill_ring(&input);
	write_file("process", &process, sizeof(process));
	write_file("sites-1", sites, sizeof(sites));
	write_file("ring-1", ring, sizeof(ring));
	if (has_grown()) {
		write_next(&input);
	}
	recover(&trace);
	check(&trace);
	ctrace_buffer_finish(&trace);
	return 0;
}
