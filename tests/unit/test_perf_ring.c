/* SPDX-License-Identifier: MIT */

/* Rings and records of perf, made by hand: what the kernel may write, and what it must not. */

#include "tests/unit/unit.h"

#include "tracer/sources/perf/perf_record.h"
#include "tracer/sources/perf/perf_ring.h"

#include <sys/mman.h>
#include <unistd.h>

/* A ring whose kernel is this test: one page of data. */
struct made {
	struct ctrace_perf_ring ring;
	uint8_t *data;
	uint64_t head;
};

static size_t page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static void make(struct made *made)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, (off_t)(2 * page())), 0);
	assert_int_equal(ctrace_perf_ring_init(&made->ring, fd, 4), 0);
	assert_int_equal(made->ring.size, page());
	close(fd);
	made->data = (uint8_t *)made->ring.page + page();
	made->head = 0;
}

static void put(struct made *made, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		made->data[(made->head + i) % page()] = ((const uint8_t *)bytes)[i];
	}
	made->head += size;
	made->ring.page->data_head = made->head;
}

static void put_record(struct made *made, uint32_t type, const void *body, size_t size)
{
	const struct perf_event_header header = {.type = type,
						 .size = (uint16_t)(sizeof(header) + size)};

	put(made, &header, sizeof(header));
	put(made, body, size);
}

/* What every record but a sample ends with. */
struct side {
	uint32_t pid, tid;
	uint64_t time;
	uint32_t cpu, unused;
};

static const struct side somebody = {.pid = 7, .tid = 8, .time = 99, .cpu = 3};

static void records_come_whole_and_in_order_around_the_end(void **unused)
{
	struct made made;
	uint64_t seen = 0;

	(void)unused;
	make(&made);
	for (uint64_t i = 0; i < 1000; i++) {
		struct side side = somebody;
		const struct perf_event_header *header;
		struct ctrace_perf_record record;

		side.time = i;
		put_record(&made, PERF_RECORD_SWITCH, &side, sizeof(side));
		ctrace_perf_ring_look(&made.ring);
		header = ctrace_perf_ring_peek(&made.ring);
		assert_non_null(header);
		assert_int_equal(ctrace_perf_record_time(header, CTRACE_PERF_SIDE_TYPE), i);
		assert_true(ctrace_perf_record_read(&record, header, CTRACE_PERF_SIDE_TYPE));
		assert_int_equal(record.time, seen++);
		assert_int_equal(record.tid, 8);
		assert_int_equal(record.cpu, 3);
		ctrace_perf_ring_take(&made.ring);
		assert_null(ctrace_perf_ring_peek(&made.ring));
		ctrace_perf_ring_release(&made.ring);
		assert_int_equal(made.ring.page->data_tail, made.head);
	}
	assert_int_equal(made.ring.broken, 0);
	ctrace_perf_ring_finish(&made.ring);
}

static void a_size_that_makes_no_sense_passes_over_all_and_is_counted(void **unused)
{
	static const uint16_t sizes[] = {0, 1, 7, 12, 4096, 65528};

	(void)unused;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct perf_event_header header = {.type = 1, .size = sizes[i]};
		struct made made;

		make(&made);
		put(&made, &header, sizeof(header));
		put(&made, &somebody, sizeof(somebody));
		ctrace_perf_ring_look(&made.ring);
		assert_null(ctrace_perf_ring_peek(&made.ring));
		assert_int_equal(made.ring.broken, 1);
		assert_int_equal(made.ring.tail, made.head);
		ctrace_perf_ring_finish(&made.ring);
	}
}

static void a_head_beyond_the_ring_is_not_followed(void **unused)
{
	struct made made;

	(void)unused;
	make(&made);
	made.ring.page->data_head = 10 * page();
	ctrace_perf_ring_look(&made.ring);
	assert_null(ctrace_perf_ring_peek(&made.ring));
	assert_int_equal(made.ring.broken, 1);
	ctrace_perf_ring_finish(&made.ring);
}

/* A record alone, of any size, with nothing readable behind it. */
static const struct perf_event_header *alone(uint32_t type, const void *body, size_t size)
{
	static uint8_t *pages;
	struct perf_event_header header = {.type = type, .size = (uint16_t)(sizeof(header) + size)};
	uint8_t *at;

	if (pages == NULL) {
		pages = mmap(NULL, 5 * page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
		mprotect(pages + 4 * page(), page(), PROT_NONE);
	}
	at = pages + 4 * page() - header.size;
	memcpy(at, &header, sizeof(header));
	memcpy(at + sizeof(header), body, size);
	return (const void *)at;
}

/* Every beginning of a record is refused, or read without a step over its end. */
static void no_record_is_read_past_its_end(void **unused)
{
	static const uint32_t types[] = {
		PERF_RECORD_LOST,	  PERF_RECORD_COMM,   PERF_RECORD_EXIT,
		PERF_RECORD_FORK,	  PERF_RECORD_SAMPLE, PERF_RECORD_MMAP2,
		PERF_RECORD_LOST_SAMPLES, PERF_RECORD_SWITCH, PERF_RECORD_MAX};
	static const uint8_t fills[] = {0x00, 0x01, 0x7f, 0xff};
	uint8_t body[200];

	(void)unused;
	for (size_t fill = 0; fill < sizeof(fills); fill++) {
		memset(body, fills[fill], sizeof(body));
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
			for (size_t size = 0; size <= sizeof(body); size += 8) {
				const struct perf_event_header *header =
					alone(types[i], body, size);
				struct ctrace_perf_record record;

				ctrace_perf_record_time(header, CTRACE_PERF_SAMPLE_TYPE);
				ctrace_perf_record_read(&record, header,
							CTRACE_PERF_SAMPLE_TYPE |
								CTRACE_PERF_STACK_TYPE);
			}
		}
	}
}

static void a_text_without_an_end_is_refused(void **unused)
{
	struct {
		uint32_t pid, tid;
		char name[8];
		struct side side;
	} body = {.pid = 1, .tid = 2, .name = "12345678", .side = somebody};
	struct ctrace_perf_record record;

	(void)unused;
	assert_false(ctrace_perf_record_read(&record, alone(PERF_RECORD_COMM, &body, sizeof(body)),
					     CTRACE_PERF_SIDE_TYPE));
	body.name[7] = '\0';
	assert_true(ctrace_perf_record_read(&record, alone(PERF_RECORD_COMM, &body, sizeof(body)),
					    CTRACE_PERF_SIDE_TYPE));
	assert_string_equal(record.name, "1234567");
}

static void losses_are_what_the_kernel_says(void **unused)
{
	struct {
		uint64_t id, lost;
		struct side side;
	} body = {.id = 5, .lost = 1234, .side = somebody};
	struct ctrace_perf_record record;

	(void)unused;
	assert_true(ctrace_perf_record_read(&record, alone(PERF_RECORD_LOST, &body, sizeof(body)),
					    CTRACE_PERF_SIDE_TYPE));
	assert_int_equal(record.lost, 1234);
	assert_int_equal(record.time, 99);
}

static void a_sample_has_its_chain_registers_and_stack(void **unused)
{
	struct {
		uint64_t ip;
		uint32_t pid, tid;
		uint64_t time;
		uint32_t cpu, unused;
		uint64_t period, chain_count, chain[2];
		uint64_t abi, registers[3];
		uint64_t stack_size, stack[4], stack_used;
	} body = {.ip = 1,
		  .pid = 2,
		  .tid = 3,
		  .time = 4,
		  .cpu = 5,
		  .period = 6,
		  .chain_count = 2,
		  .abi = PERF_SAMPLE_REGS_ABI_64,
		  .registers = {10, 11, 12},
		  .stack_size = 32,
		  .stack_used = 16};
	const uint64_t type = CTRACE_PERF_SAMPLE_TYPE | CTRACE_PERF_STACK_TYPE;
	struct ctrace_perf_record record;

	(void)unused;
	assert_true(ctrace_perf_record_read(&record, alone(PERF_RECORD_SAMPLE, &body, sizeof(body)),
					    type));
	assert_int_equal(record.time, 4);
	assert_int_equal(record.sample.period, 6);
	assert_int_equal(record.sample.frame_pointer, 10);
	assert_int_equal(record.sample.stack_pointer, 11);
	assert_int_equal(record.sample.instruction, 12);
	assert_int_equal(record.sample.stack_size, 16);
	body.stack_used = 33; /* more than there is */
	assert_true(ctrace_perf_record_read(&record, alone(PERF_RECORD_SAMPLE, &body, sizeof(body)),
					    type));
	assert_int_equal(record.sample.stack_size, 0);
	body.chain_count = UINT64_MAX / 4;
	assert_false(ctrace_perf_record_read(&record,
					     alone(PERF_RECORD_SAMPLE, &body, sizeof(body)), type));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_whole_and_in_order_around_the_end),
		cmocka_unit_test(a_size_that_makes_no_sense_passes_over_all_and_is_counted),
		cmocka_unit_test(a_head_beyond_the_ring_is_not_followed),
		cmocka_unit_test(no_record_is_read_past_its_end),
		cmocka_unit_test(a_text_without_an_end_is_refused),
		cmocka_unit_test(losses_are_what_the_kernel_says),
		cmocka_unit_test(a_sample_has_its_chain_registers_and_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
