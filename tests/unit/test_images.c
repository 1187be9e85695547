/* SPDX-License-Identifier: MIT */

/* What a ring directory's files may hold: each number at its limit and past it. */

#include "tracer/outside/foreign_sites.h"
#include "tracer/outside/process_image.h"
#include "tracer/outside/ring_image.h"
#include "tracer/src/collect/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DATA_BYTES (CTRACE_RING_KB_MIN << 10)
#define RING_BYTES (CTRACE_RING_HEAD_BYTES + DATA_BYTES)

static _Alignas(128) uint64_t ring_words[RING_BYTES / 8];
static struct ctrace_ring_shared *shared = (void *)ring_words;
static uint8_t sites_bytes[CTRACE_SITES_FILE_BYTES];

static enum ctrace_status open_ring(size_t size, struct ctrace_error *error)
{
	struct ctrace_ring ring;

	*error = (struct ctrace_error){.status = CTRACE_OK};
	return ctrace_ring_image_open(&ring, (uint8_t *)ring_words, size, true, error);
}

static void make_ring(void)
{
	memset(ring_words, 0, sizeof(ring_words));
	shared->head = (struct ctrace_ring_head){.version = CTRACE_IMAGE_VERSION,
						 .shared_bytes = sizeof(*shared),
						 .nested_levels = CTRACE_NESTED_LEVELS,
						 .nested_bytes = CTRACE_NESTED_BYTES,
						 .data_offset = CTRACE_RING_HEAD_BYTES,
						 .data_bytes = DATA_BYTES};
	atomic_store(&shared->head.magic, CTRACE_RING_MAGIC);
}

static void a_good_ring_opens_and_an_unfinished_one_waits(void **state)
{
	struct ctrace_error error;

	(void)state;
	make_ring();
	assert_int_equal(open_ring(RING_BYTES, &error), CTRACE_OK);
	assert_int_equal(error.status, CTRACE_OK);
	atomic_store(&shared->head.magic, 0);
	assert_int_equal(open_ring(RING_BYTES, &error), CTRACE_ERR_NOT_FOUND);
}

static void refuses_head(uint32_t *field, uint32_t wrong)
{
	struct ctrace_error error;

	make_ring();
	*field = wrong;
	assert_int_not_equal(open_ring(RING_BYTES, &error), CTRACE_OK);
	assert_int_equal(error.offset, (uint8_t *)field - (uint8_t *)shared);
}

static void each_number_of_a_rings_head_is_checked(void **state)
{
	struct ctrace_error error;

	(void)state;
	refuses_head(&shared->head.version, CTRACE_IMAGE_VERSION + 1);
	refuses_head(&shared->head.shared_bytes, sizeof(*shared) + 8);
	refuses_head(&shared->head.nested_levels, CTRACE_NESTED_LEVELS + 1);
	refuses_head(&shared->head.nested_bytes, CTRACE_NESTED_BYTES * 2);
	refuses_head(&shared->head.data_offset, CTRACE_RING_HEAD_BYTES - 8);
	make_ring();
	assert_int_not_equal(open_ring(RING_BYTES - 8, &error), CTRACE_OK);
	for (uint64_t bytes = 0; bytes < UINT64_C(1) << 40; bytes = bytes * 2 + 4096) {
		shared->head.data_bytes = bytes;
		assert_int_not_equal(open_ring(RING_BYTES, &error), CTRACE_OK);
	}
}

static void times_and_losses_that_cannot_be_are_set_right_and_told(void **state)
{
	struct ctrace_error error;

	(void)state;
	make_ring();
	atomic_store(&shared->start, CTRACE_STILL_TICKS_MAX);
	assert_int_equal(open_ring(RING_BYTES, &error), CTRACE_OK);
	assert_int_equal(error.status, CTRACE_OK);
	atomic_store(&shared->start, CTRACE_STILL_TICKS_MAX + 1);
	assert_int_equal(open_ring(RING_BYTES, &error), CTRACE_OK);
	assert_int_equal(error.status, CTRACE_ERR_LIMIT);
	assert_int_equal(atomic_load(&shared->start), 0);
	make_ring();
	atomic_store(&shared->lost[CTRACE_LOSS_RING_FULL].seen, 1);
	open_ring(RING_BYTES, &error);
	assert_int_equal(error.status, CTRACE_ERR_LIMIT);
	make_ring();
	atomic_store(&shared->lost[CTRACE_LOSS_CHUNK_MISSING].count, 1);
	open_ring(RING_BYTES, &error);
	assert_int_equal(error.status, CTRACE_ERR_LIMIT);
}

/* ---- sites ---- */

static struct ctrace_site_record *record_at(size_t at)
{
	return (void *)(sites_bytes + sizeof(struct ctrace_sites_head) + at);
}

static void put_record(size_t at, unsigned code, unsigned kind)
{
	*record_at(at) = (struct ctrace_site_record){
		.commit = CTRACE_SITE_COMMIT | (sizeof(struct ctrace_site_record) + 8),
		.code = (uint16_t)code,
		.kind = (uint8_t)kind,
		.sizes = {4, 3}};
	memcpy(record_at(at) + 1, "nameapp", 7);
}

static uint32_t sites_found(struct ctrace_error *error)
{
	struct ctrace_foreign_sites *sites = calloc(1, sizeof(*sites));
	uint32_t count;

	*error = (struct ctrace_error){.status = CTRACE_OK};
	ctrace_foreign_sites_take(sites, sites_bytes, sites_bytes, sizeof(sites_bytes), error);
	count = sites->count;
	ctrace_foreign_sites_finish(sites);
	free(sites);
	return count;
}

static void what_was_not_committed_is_stepped_over(void **state)
{
	struct ctrace_error error;

	(void)state;
	memset(sites_bytes, 0, sizeof(sites_bytes));
	put_record(0, 1, CTRACE_KIND_SPAN_BEGIN);
	put_record(400, 2, CTRACE_KIND_INSTANT);
	assert_int_equal(sites_found(&error), 2);
	atomic_store(&record_at(0)->commit, 0);
	assert_int_equal(sites_found(&error), 1);
	assert_int_equal(error.status, CTRACE_OK);
}

static void refuses_site(void)
{
	struct ctrace_error error;

	assert_int_equal(sites_found(&error), 0);
	assert_int_equal(error.status, CTRACE_ERR_DAMAGED);
	assert_int_equal(error.offset, sizeof(struct ctrace_sites_head));
	put_record(0, 1, CTRACE_KIND_SPAN_BEGIN);
}

static void a_site_that_no_emit_could_have_is_refused(void **state)
{
	(void)state;
	memset(sites_bytes, 0, sizeof(sites_bytes));
	put_record(0, 0, CTRACE_KIND_SPAN_BEGIN);
	refuses_site();
	record_at(0)->code = CTRACE_CODES_MAX;
	refuses_site();
	record_at(0)->kind = CTRACE_KIND_LOST;
	refuses_site();
	record_at(0)->kind = CTRACE_KIND_LOG; /* without its message */
	refuses_site();
	record_at(0)->arg_count = CTRACE_ENTRY_ARGS_MAX + 1;
	refuses_site();
	record_at(0)->arg_count = 1; /* of type 0 */
	refuses_site();
	record_at(0)->sizes[0] = 6; /* one byte more than the record has */
	refuses_site();
	record_at(0)->sizes[0] = CTRACE_SITE_TEXT_BYTES_MAX + 1;
	refuses_site();
}

/* ---- the process ---- */

static struct ctrace_process_image process;

static enum ctrace_status check_process(void)
{
	struct ctrace_process_image about;
	struct ctrace_error error = {.status = CTRACE_OK};

	return ctrace_process_image_check(&about, (const uint8_t *)&process, sizeof(process),
					  &error);
}

static void make_process(void)
{
	process = (struct ctrace_process_image){.version = CTRACE_IMAGE_VERSION,
						.bytes = sizeof(process),
						.pid = 1,
						.clock_kind = CTRACE_CLOCK_TSC};
	atomic_store(&process.magic, CTRACE_PROCESS_MAGIC);
}

#define REFUSES(field, value)                                                                      \
	do {                                                                                       \
		make_process();                                                                    \
		process.field = (value);                                                           \
		assert_int_not_equal(check_process(), CTRACE_OK);                                  \
	} while (0)

static void each_number_of_a_process_is_checked(void **state)
{
	(void)state;
	make_process();
	assert_int_equal(check_process(), CTRACE_OK);
	REFUSES(version, CTRACE_IMAGE_VERSION + 1);
	REFUSES(bytes, sizeof(process) - 8);
	REFUSES(pid, 0);
	REFUSES(pid, UINT32_MAX);
	REFUSES(clock_kind, 0);
	REFUSES(clock_kind, CTRACE_CLOCK_ARTIFICIAL + 1);
	REFUSES(made, CTRACE_STILL_TICKS_MAX + 1);
	REFUSES(program_bytes, sizeof(process.program) + 1);
	REFUSES(command_bytes, sizeof(process.command) + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_ring_opens_and_an_unfinished_one_waits),
		cmocka_unit_test(each_number_of_a_rings_head_is_checked),
		cmocka_unit_test(times_and_losses_that_cannot_be_are_set_right_and_told),
		cmocka_unit_test(what_was_not_committed_is_stepped_over),
		cmocka_unit_test(a_site_that_no_emit_could_have_is_refused),
		cmocka_unit_test(each_number_of_a_process_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
