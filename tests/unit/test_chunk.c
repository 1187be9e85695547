/* SPDX-License-Identifier: MIT */
/* Chunk headers and payloads (SPEC 4). */

#include "tests/unit/unit.h"

#include "format/chunk.h"
#include "format/wire.h"
#include "tests/unit/memory_trace.h"

#define FILE_BASE 1000u

static uint64_t random_state;

static struct ctrace_chunk_header good_events(void)
{
	struct ctrace_chunk_header header = ctrace_chunk_header_default();

	header.type = CTRACE_CHUNK_EVENTS;
	header.stream = 3;
	header.seq = 9;
	header.events = 2;
	header.base = FILE_BASE + 5;
	header.span = 100;
	header.raw = header.stored = 10;
	return header;
}

static struct ctrace_chunk_header good_table(void)
{
	struct ctrace_chunk_header header = ctrace_chunk_header_default();

	header.type = CTRACE_CHUNK_STRINGS;
	header.raw = header.stored = 10;
	return header;
}

static enum ctrace_status judge(const struct ctrace_chunk_header *header,
				struct ctrace_error *error)
{
	uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES];
	struct ctrace_chunk_header again;

	*error = (struct ctrace_error){0};
	ctrace_chunk_header_encode(bytes, header);
	return ctrace_chunk_header_decode(&again, bytes, FILE_BASE, 64, 0, error);
}

static void refuses(const struct ctrace_chunk_header *header, enum ctrace_status status,
		    const char *part)
{
	struct ctrace_error error;

	assert_int_equal(judge(header, &error), status);
	assert_int_equal(error.offset, 64);
	assert_non_null(strstr(error.text, part));
}

static void a_header_comes_back_field_by_field(void **state)
{
	(void)state;
	uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES], again[CTRACE_CHUNK_HEADER_BYTES];

	for (unsigned i = 0; i < 1000; i++) {
		for (unsigned k = 0; k < sizeof(bytes); k++) {
			bytes[k] = (uint8_t)ctrace_random(&random_state);
		}
		struct ctrace_chunk_header header = ctrace_chunk_header_fields(bytes);
		ctrace_chunk_header_encode(again, &header);
		assert_memory_equal(bytes, again, 52);
		assert_true(ctrace_chunk_header_is_here(again) ==
			    (header.sync == CTRACE_CHUNK_SYNC));
	}
}

static void good_headers_are_accepted(void **state)
{
	(void)state;
	struct ctrace_error error;
	struct ctrace_chunk_header events = good_events(), table = good_table();

	assert_int_equal(judge(&events, &error), CTRACE_OK);
	assert_int_equal(judge(&table, &error), CTRACE_OK);
}

static void every_flipped_bit_of_a_header_is_found(void **state)
{
	(void)state;
	struct ctrace_chunk_header header = good_events(), again;
	uint8_t bytes[CTRACE_CHUNK_HEADER_BYTES];

	ctrace_chunk_header_encode(bytes, &header);
	for (unsigned bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(
			ctrace_chunk_header_decode(&again, bytes, FILE_BASE, 0, 0, NULL),
			CTRACE_OK);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void reserved_bits_are_refused(void **state)
{
	(void)state;
	struct ctrace_chunk_header header = good_events();

	header.flags = 4;
	refuses(&header, CTRACE_ERR_DAMAGED, "flags is 4");
	header = good_events();
	header.reserved = 1;
	refuses(&header, CTRACE_ERR_DAMAGED, "reserved field is 1");
	header = good_events();
	header.size = 60;
	refuses(&header, CTRACE_ERR_DAMAGED, "size is 60");
}

static void sizes_must_fit_each_other(void **state)
{
	(void)state;
	struct ctrace_chunk_header header = good_events();

	header.stored = 9;
	refuses(&header, CTRACE_ERR_DAMAGED, "without LZ4");
	header.flags = CTRACE_CHUNK_LZ4;
	header.stored = 10;
	refuses(&header, CTRACE_ERR_DAMAGED, "with LZ4");
	header = good_events();
	header.events = 11;
	refuses(&header, CTRACE_ERR_DAMAGED, "number of events is 11");
}

static void tables_have_no_stream_and_no_time(void **state)
{
	(void)state;
	struct ctrace_chunk_header header = good_table();

	header.stream = 1;
	refuses(&header, CTRACE_ERR_DAMAGED, "stream is 1");
	header = good_table();
	header.base = 7;
	refuses(&header, CTRACE_ERR_DAMAGED, "base or span is 7");
	header = good_table();
	header.span = 8;
	refuses(&header, CTRACE_ERR_DAMAGED, "base or span is 8");
}

static void events_have_a_stream_and_begin_after_the_file(void **state)
{
	(void)state;
	struct ctrace_chunk_header header = good_events();

	header.stream = 0;
	refuses(&header, CTRACE_ERR_DAMAGED, "stream is 0");
	header = good_events();
	header.base = FILE_BASE - 1;
	refuses(&header, CTRACE_ERR_DAMAGED, "base is 999");
}

/* Seal random bytes, then open them. */
static void round_trip(size_t size, unsigned letters, bool is_plain)
{
	struct ctrace_packer packer;
	struct ctrace_chunk_header header = good_events();
	uint8_t *raw = malloc(size + 1);

	assert_int_equal(ctrace_packer_init(&packer), CTRACE_OK);
	uint8_t *payload = ctrace_packer_payload(&packer, size);
	uint8_t *copy = malloc(size + 1);
	for (size_t i = 0; i < size; i++) {
		copy[i] = payload[i] = (uint8_t)ctrace_random_below(&random_state, letters);
	}
	header.raw = (uint32_t)size;
	header.events = 0;
	assert_int_equal(ctrace_packer_seal(&packer, &header, is_plain), CTRACE_OK);
	assert_int_equal(packer.chunk_size, CTRACE_CHUNK_HEADER_BYTES + header.stored);
	struct ctrace_error error = {0};
	assert_int_equal(judge(&header, &error), CTRACE_OK);
	const uint8_t *stored = packer.chunk + CTRACE_CHUNK_HEADER_BYTES;
	assert_int_equal(ctrace_chunk_payload_decode(&header, stored, raw, 64, 0, &error),
			 CTRACE_OK);
	assert_memory_equal(raw, copy, size);
	assert_true(!is_plain || (header.flags & CTRACE_CHUNK_LZ4) == 0);
	ctrace_packer_finish(&packer);
	free(raw);
	free(copy);
}

static void payloads_come_back(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		size_t size = ctrace_random_below(&random_state, 5000);
		round_trip(size, 1 + (unsigned)ctrace_random_below(&random_state, 256), i % 2 == 0);
	}
	round_trip(CTRACE_CHUNK_PAYLOAD_MAX, 4, false);
	round_trip(CTRACE_CHUNK_PAYLOAD_MAX, 256, false);
	round_trip(0, 1, false);
}

static void a_payload_is_checked_before_it_is_decompressed(void **state)
{
	(void)state;
	struct ctrace_packer packer;
	struct ctrace_chunk_header header = good_events();
	struct ctrace_error error = {0};
	uint8_t raw[4096], stored[4096];

	ctrace_packer_init(&packer);
	memset(ctrace_packer_payload(&packer, sizeof(raw)), 7, sizeof(raw));
	header.raw = sizeof(raw);
	ctrace_packer_seal(&packer, &header, false);
	assert_int_equal(header.flags, CTRACE_CHUNK_LZ4);
	memcpy(stored, packer.chunk + CTRACE_CHUNK_HEADER_BYTES, header.stored);
	for (unsigned bit = 0; bit < 8 * header.stored; bit++) {
		error = (struct ctrace_error){0};
		stored[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(ctrace_chunk_payload_decode(&header, stored, raw, 64, 5, &error),
				 CTRACE_ERR_DAMAGED);
		assert_non_null(strstr(error.text, "checksum"));
		assert_int_equal(error.chunk, 5);
		stored[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ctrace_packer_finish(&packer);
}

static void a_payload_must_give_exactly_its_raw_size(void **state)
{
	(void)state;
	struct ctrace_packer packer;
	struct ctrace_chunk_header header = good_events();
	struct ctrace_error error = {0};
	uint8_t raw[5000];

	ctrace_packer_init(&packer);
	memset(ctrace_packer_payload(&packer, 4096), 7, 4096);
	header.raw = 4096;
	ctrace_packer_seal(&packer, &header, false);
	header.raw = 4097;
	assert_int_equal(ctrace_chunk_payload_decode(&header,
						     packer.chunk + CTRACE_CHUNK_HEADER_BYTES, raw,
						     0, 0, &error),
			 CTRACE_ERR_DAMAGED);
	assert_non_null(strstr(error.text, "4096 bytes, the header says 4097"));
	error = (struct ctrace_error){0};
	header.raw = 4095;
	assert_int_equal(ctrace_chunk_payload_decode(&header,
						     packer.chunk + CTRACE_CHUNK_HEADER_BYTES, raw,
						     0, 0, &error),
			 CTRACE_ERR_DAMAGED);
	ctrace_packer_finish(&packer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_comes_back_field_by_field),
		cmocka_unit_test(good_headers_are_accepted),
		cmocka_unit_test(every_flipped_bit_of_a_header_is_found),
		cmocka_unit_test(reserved_bits_are_refused),
		cmocka_unit_test(sizes_must_fit_each_other),
		cmocka_unit_test(tables_have_no_stream_and_no_time),
		cmocka_unit_test(events_have_a_stream_and_begin_after_the_file),
		cmocka_unit_test(payloads_come_back),
		cmocka_unit_test(a_payload_is_checked_before_it_is_decompressed),
		cmocka_unit_test(a_payload_must_give_exactly_its_raw_size),
	};

	random_state = ctrace_test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
