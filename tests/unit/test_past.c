/* SPDX-License-Identifier: MIT */

/* The flight recorder's memory is bounded, by age and by bytes, and never holds a stream with a
 * hole. */

#include "tests/unit/unit.h"
#include "tracer/src/collect/past.h"

#define PAYLOAD 1000u

static uint8_t payload[PAYLOAD];

static void state(struct ctrace_past *past, uint32_t stream, enum ctrace_thread_state is)
{
	const struct ctrace_thread_row row = {
		.stream = stream, .pid = 1, .tid = stream, .state = is};

	ctrace_past_thread(past, &row, 0, "thread");
}

static void keep(struct ctrace_past *past, uint32_t stream, uint32_t seq, uint64_t base)
{
	struct ctrace_sealed chunk = {.payload = payload, .oldest = base};

	chunk.header.stream = stream;
	chunk.header.seq = seq;
	chunk.header.base = base;
	chunk.header.span = 10;
	chunk.header.events = 1;
	chunk.header.stored = PAYLOAD;
	assert_int_equal(ctrace_past_keep(past, &chunk), CTRACE_OK);
}

/* Of each stream the kept ones are numbered without a hole, up to the last. */
static void assert_suffixes(const struct ctrace_past *past, uint32_t streams, uint32_t last)
{
	uint32_t next[64] = {0};

	for (const struct ctrace_past_chunk *at = past->oldest; at != NULL; at = at->newer) {
		const struct ctrace_chunk_header *header = &at->sealed.header;

		assert_true(next[header->stream] == 0 || next[header->stream] == header->seq);
		next[header->stream] = header->seq + 1;
		assert_memory_equal(at->sealed.payload, payload, PAYLOAD);
	}
	for (uint32_t i = 1; i <= streams; i++) {
		assert_true(next[i] == 0 || next[i] == last + 1);
	}
}

static void the_oldest_fall_off_by_bytes(void **unused)
{
	struct ctrace_past *past = ctrace_past_create(0, 64 << 10);

	(void)unused;
	for (uint32_t stream = 1; stream <= 8; stream++) {
		state(past, stream, CTRACE_THREAD_ALIVE);
	}
	for (uint32_t seq = 0; seq < 1000; seq++) {
		for (uint32_t stream = 1; stream <= 8; stream++) {
			keep(past, stream, seq, seq);
			assert_true(past->bytes <= 64 << 10);
		}
	}
	assert_true(past->chunks >= 50 && past->chunks < 64);
	assert_int_equal(past->chunks + past->fallen_off, 8000);
	assert_suffixes(past, 8, 999);
	ctrace_past_destroy(past);
}

static void the_oldest_fall_off_by_age(void **unused)
{
	struct ctrace_past *past = ctrace_past_create(1000, 1 << 20);

	(void)unused;
	state(past, 1, CTRACE_THREAD_ALIVE);
	for (uint32_t seq = 0; seq < 100; seq++) {
		keep(past, 1, seq, 100 * (uint64_t)seq);
		ctrace_past_forget(past, 100 * (uint64_t)seq + 10);
		assert_true(past->chunks <= 11);
		assert_true(past->oldest->sealed.header.base + 10 + 1000 >=
			    100 * (uint64_t)seq + 10);
	}
	assert_int_equal(past->chunks, 11);
	assert_suffixes(past, 1, 99);
	ctrace_past_forget(past, 1000000);
	assert_int_equal(past->chunks, 0);
	assert_null(past->newest);
	keep(past, 1, 100, 1000000);
	assert_int_equal(past->chunks, 1);
	ctrace_past_destroy(past);
}

static void the_oldest_by_time_fall_off_in_whatever_order_they_were_sealed(void **unused)
{
	struct ctrace_past *past = ctrace_past_create(0, 32 << 10);
	uint64_t last = 0;

	(void)unused;
	for (uint32_t stream = 1; stream <= 60; stream++) {
		state(past, stream, CTRACE_THREAD_ALIVE);
		/* 60, 40, 20, 59, 39, 19, … */
		keep(past, stream, 0, 60 - (stream - 1) / 3 - 20 * (uint64_t)((stream - 1) % 3));
	}
	assert_in_range(past->chunks, 10, 30);
	for (const struct ctrace_past_chunk *at = past->oldest; at != NULL; at = at->newer) {
		assert_true(at->sealed.header.base > 60 - past->chunks);
		assert_true(at->sealed.header.base > last);
		assert_true(at->newer != NULL ? at->newer->older == at : at == past->newest);
		last = at->sealed.header.base;
	}
	assert_null(past->oldest->older);
	ctrace_past_destroy(past);
}

static void threads_that_are_gone_are_forgotten(void **unused)
{
	struct ctrace_past *past = ctrace_past_create(0, 64 << 10);
	size_t most = 0;

	(void)unused;
	for (uint32_t stream = 1; stream < 100000; stream++) {
		state(past, stream, CTRACE_THREAD_ALIVE);
		keep(past, stream, 0, stream);
		state(past, stream, CTRACE_THREAD_EXITED);
		most = past->bytes > most ? past->bytes : most;
		assert_true(past->threads == past->chunks && past->threads_shown == past->chunks);
	}
	assert_true(most <= 64 << 10);
	assert_null(ctrace_past_find(past, 1));
	assert_non_null(ctrace_past_find(past, 99999));
	state(past, 200000, CTRACE_THREAD_ALIVE);
	state(past, 200000, CTRACE_THREAD_EXITED);
	assert_null(ctrace_past_find(past, 200000));
	ctrace_past_destroy(past);
}

static void no_more_threads_than_a_file_takes(void **unused)
{
	struct ctrace_past *past = ctrace_past_create(0, (size_t)1 << 30);

	(void)unused;
	for (uint32_t stream = 1; stream < 70000; stream++) {
		state(past, stream, CTRACE_THREAD_ALIVE);
		keep(past, stream, 0, stream);
		state(past, stream, CTRACE_THREAD_EXITED);
	}
	assert_int_equal(past->threads_shown, 32768);
	ctrace_past_destroy(past);
}

static void clock_rows_cover_what_is_kept(void **unused)
{
	struct ctrace_past *past = ctrace_past_create(1000, 1 << 20);

	(void)unused;
	state(past, 1, CTRACE_THREAD_ALIVE);
	for (uint64_t now = 0; now < 100000; now += 10) {
		const struct ctrace_clock_row row = {.ticks = now, .raw_ns = now};

		ctrace_past_clock(past, &row);
		keep(past, 1, (uint32_t)now / 10, now);
		ctrace_past_forget(past, now);
		assert_true(past->clocks[0].ticks <= past->oldest->sealed.header.base);
		assert_true(past->clocks_count <= 103);
	}
	ctrace_past_destroy(past);
	past = ctrace_past_create(0, 1 << 20);
	for (uint64_t now = 0; now < 100000; now++) {
		const struct ctrace_clock_row row = {.ticks = now, .raw_ns = now};

		ctrace_past_clock(past, &row);
		assert_true(past->clocks_count <= 4096);
		assert_true(past->clocks[0].ticks == 0);
		assert_true(past->clocks[past->clocks_count - 1].ticks == now);
	}
	ctrace_past_destroy(past);
}

static void a_held_chunk_outlives_the_past(void **unused)
{
	struct ctrace_past *past = ctrace_past_create(0, 1 << 20);
	struct ctrace_past_chunk *chunk;

	(void)unused;
	state(past, 1, CTRACE_THREAD_ALIVE);
	keep(past, 1, 0, 5);
	chunk = past->oldest;
	ctrace_past_chunk_hold(chunk);
	ctrace_past_destroy(past);
	assert_memory_equal(chunk->sealed.payload, payload, PAYLOAD);
	ctrace_past_chunk_drop(chunk);
	ctrace_past_destroy(NULL);
}

static void a_chunk_that_cannot_be_kept_takes_the_past_with_it(void **unused)
{
	struct ctrace_past *past = ctrace_past_create(0, 1 << 20);

	(void)unused;
	state(past, 1, CTRACE_THREAD_ALIVE);
	keep(past, 1, 0, 5);
	keep(past, 2, 0, 6); /* a thread without a row: there was no memory for it */
	assert_int_equal(past->chunks, 0);
	assert_int_equal(past->refused, 1);
	keep(past, 1, 1, 7);
	assert_int_equal(past->chunks, 1);
	ctrace_past_destroy(past);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_fall_off_by_bytes),
		cmocka_unit_test(the_oldest_fall_off_by_age),
		cmocka_unit_test(the_oldest_by_time_fall_off_in_whatever_order_they_were_sealed),
		cmocka_unit_test(threads_that_are_gone_are_forgotten),
		cmocka_unit_test(no_more_threads_than_a_file_takes),
		cmocka_unit_test(clock_rows_cover_what_is_kept),
		cmocka_unit_test(a_held_chunk_outlives_the_past),
		cmocka_unit_test(a_chunk_that_cannot_be_kept_takes_the_past_with_it),
	};

	for (unsigned i = 0; i < PAYLOAD; i++) {
		payload[i] = (uint8_t)(i * 7);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
