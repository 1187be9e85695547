/* SPDX-License-Identifier: MIT */

/*
 * The power fails: of what was written to a file since it was last synced, each
 * page may or may not be on the disk, in any order. Whatever is left opens, unless the
 * file's first bytes are gone, and every chunk whose bytes are all there is found.
 *
 *     test_power_loss [SEED]      CTRACE_TEST_CUTS for more than 5,000
 */

#include "format/limits.h"
#include "tests/unit/recorded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PAGE	   4096u
#define WRITES_MAX 4096u
#define IMAGE_MAX  (4u << 20)

/* What the sink wrote, in order. */
static struct {
	uint64_t at, size;
} writes[WRITES_MAX];
static unsigned writes_count;
static uint8_t whole[IMAGE_MAX]; /* the file as it should be */
static uint8_t image[IMAGE_MAX]; /* as the disk has it */
static uint64_t random_state;

/* The linker puts this in place of the sink's own (meson.build). */
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
	if (writes_count < WRITES_MAX && (uint64_t)at + size <= IMAGE_MAX) {
		writes[writes_count].at = (uint64_t)at;
		writes[writes_count++].size = size;
		memcpy(whole + at, bytes, size);
	}
	return syscall(SYS_pwrite64, fd, bytes, size, at);
}

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* ---- a trace of some hundred writes ---- */

static void record(void)
{
	struct recorded recorded;

	recorded_start(&recorded, NULL);
	for (unsigned i = 0; i < 150000; i++) {
		TRACE_SPAN("step", TRACE_U64("n", i * 2654435761u));
		TRACE_INSTANT("in step", TRACE_STRN("text", "0123456789abcdef", i % 17));
		if (i % 3000 == 2999) {
			recorded_collect_now();
		}
	}
	recorded_stop(&recorded);
	recorded_free(&recorded);
	assert_in_range(writes_count, 10, WRITES_MAX - 1);
}

/* ---- what the disk keeps ---- */

/* Of one write, page by page: all, none, or some. Returns where what was kept ends. */
static uint64_t keep_some(unsigned index, unsigned chance)
{
	uint64_t at = writes[index].at, end = at + writes[index].size, kept = 0;

	while (at < end) {
		uint64_t next = (at / PAGE + 1) * PAGE < end ? (at / PAGE + 1) * PAGE : end;

		if (next_random() % 100 < chance) {
			memcpy(image + at, whole + at, next - at);
			kept = next;
		}
		at = next;
	}
	return kept;
}

/* Synced up to one write, cut off after a later one. Returns the file's size. */
static uint64_t make_image(void)
{
	unsigned synced = (unsigned)(next_random() % (writes_count + 1));
	unsigned issued = synced + (unsigned)(next_random() % (writes_count - synced + 1));
	unsigned chance = (unsigned)(next_random() % 101);
	uint64_t size = 0;

	memset(image, 0, sizeof(image));
	for (unsigned i = 0; i < issued; i++) {
		uint64_t end = keep_some(i, i < synced ? 100 : chance);

		size = end > size ? end : size;
	}
	/* The size may have been kept where the bytes were not. */
	if (issued > 0 && next_random() % 4 == 0) {
		size = writes[issued - 1].at + writes[issued - 1].size;
	}
	return size;
}

/* ---- what must hold ---- */

static struct ctrace_trace *open_bytes(const uint8_t *bytes, uint64_t size, int *fd,
				       struct ctrace_error *error)
{
	struct ctrace_trace *trace = NULL;

	*fd = memfd_create("image", MFD_CLOEXEC);
	assert_true(syscall(SYS_pwrite64, *fd, bytes, size, 0) == (ssize_t)size);
	return ctrace_trace_open(&trace, *fd, NULL, error) == CTRACE_OK ? trace : NULL;
}

static bool is_kept(const struct ctrace_chunk_entry *entry, uint64_t end, uint64_t size)
{
	return end <= size &&
	       memcmp(image + entry->offset, whole + entry->offset, end - entry->offset) == 0;
}

/* Chunks stand in the file's order, so one pass over both directories finds each. */
static void check_chunks(const struct ctrace_trace *good, const struct ctrace_trace *cut,
			 uint64_t size)
{
	const struct ctrace_trace_info *info = ctrace_trace_info(good);
	uint32_t count = ctrace_trace_info(cut)->chunk_count, at = 0;
	struct ctrace_chunk chunk = {0};
	struct ctrace_error error;

	for (uint32_t i = 0; i < info->chunk_count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(good, i);
		uint64_t end = entry->offset + CTRACE_CHUNK_HEADER_BYTES + entry->stored;

		if (!is_kept(entry, end, size)) {
			continue;
		}
		while (at < count && ctrace_trace_chunk(cut, at)->offset < entry->offset) {
			at++;
		}
		assert_true(at < count && ctrace_trace_chunk(cut, at)->offset == entry->offset);
		assert_int_equal(ctrace_chunk_load(&chunk, cut, at, &error), CTRACE_OK);
	}
	ctrace_chunk_unload(&chunk);
}

static void check_image(const struct ctrace_trace *good, uint64_t size)
{
	bool has_header = size >= CTRACE_FILE_HEADER_BYTES &&
			  memcmp(image, whole, CTRACE_FILE_HEADER_BYTES) == 0;
	struct ctrace_error error = {0};
	struct ctrace_trace *cut;
	int fd;

	cut = open_bytes(image, size, &fd, &error);
	assert_true(cut != NULL || !has_header);
	if (cut != NULL) {
		check_chunks(good, cut, size);
	}
	ctrace_trace_close(cut);
	close(fd);
}

static void whatever_the_disk_kept_opens(void **state)
{
	const char *more = getenv("CTRACE_TEST_CUTS");
	unsigned cuts = more != NULL ? (unsigned)strtoul(more, NULL, 10) : 5000;
	uint64_t size;
	struct ctrace_error error;
	struct ctrace_trace *good;
	int fd;

	(void)state;
	record();
	size = writes[writes_count - 1].at + writes[writes_count - 1].size;
	good = open_bytes(whole, size, &fd, &error);
	assert_non_null(good);
	assert_true(ctrace_trace_info(good)->has_trailer);
	for (unsigned i = 0; i < cuts; i++) {
		check_image(good, make_image());
	}
	print_message("%u cuts of %u writes, %u chunks\n", cuts, writes_count,
		      ctrace_trace_info(good)->chunk_count);
	ctrace_trace_close(good);
	close(fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_the_disk_kept_opens)};
	const char *given = argc > 1 ? argv[1] : getenv("CTRACE_TEST_SEED");

	random_state = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("seed: %llu\n", (unsigned long long)random_state);
	random_state = random_state * 2 + 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
