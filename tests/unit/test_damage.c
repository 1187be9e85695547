/* SPDX-License-Identifier: MIT */
/*
 * Every prefix and every single flipped bit of a small trace of all kinds: one
 * complaint with a place, and all chunks that are whole are kept (SPEC 9).
 */

#include "tests/unit/unit.h"

#include "format/limits.h"
#include "format/validate.h"
#include "tests/unit/memory_trace.h"

#include <unistd.h>

#define CHUNKS_MAX 256u

struct sample {
	struct ctrace_buffer whole;
	uint64_t begin[CHUNKS_MAX], end[CHUNKS_MAX];
	uint32_t events[CHUNKS_MAX]; /* 0 in tables */
	uint32_t count;
	uint64_t all_events;
};

/* Small, of several threads and many chunks. */
static void make_small(struct ctrace_buffer *whole)
{
	struct ctrace_maker_settings settings = {.events = 150,
						 .threads = 2,
						 .has_kernel = true,
						 .write = ctrace_memory_write,
						 .sink = whole};

	do {
		whole->size = 0;
		settings.seed++;
		assert_int_equal(ctrace_maker_run(&settings), CTRACE_OK);
	} while (whole->size > 8192);
}

static int begin(void **state)
{
	struct sample *sample = calloc(1, sizeof(*sample));
	int fd;

	make_small(&sample->whole);
	struct ctrace_trace *trace = ctrace_memory_open(&sample->whole, &fd);
	sample->count = ctrace_trace_info(trace)->chunk_count;
	sample->all_events = ctrace_trace_info(trace)->events;
	assert_true(sample->count <= CHUNKS_MAX);
	for (uint32_t i = 0; i < sample->count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, i);
		sample->begin[i] = entry->offset;
		sample->end[i] = entry->offset + CTRACE_CHUNK_HEADER_BYTES + entry->stored;
		sample->events[i] = entry->type == CTRACE_CHUNK_EVENTS ? entry->events : 0;
	}
	ctrace_memory_close(trace, fd);
	*state = sample;
	return 0;
}

static int end(void **state)
{
	struct sample *sample = *state;

	ctrace_buffer_finish(&sample->whole);
	free(sample);
	return 0;
}

struct findings {
	uint64_t problems;
	uint64_t first_offset;
	struct ctrace_damage damage; /* the first found while opening */
};

static void note(void *context, const struct ctrace_error *error)
{
	struct findings *findings = context;

	assert_true(error->text[0] != '\0');
	assert_null(strchr(error->text, '\n'));
	if (findings->problems++ == 0) {
		findings->first_offset = error->offset;
	}
}

/* Open and check; the number of events that could be used. UINT64_MAX if it was refused whole. */
static uint64_t examine(const uint8_t *bytes, size_t size, struct findings *findings,
			struct ctrace_trace_info *info)
{
	struct ctrace_validate_report report;
	struct ctrace_error error = {0};
	struct ctrace_trace *trace;
	int fd = ctrace_memory_fd(bytes, size);

	*findings = (struct findings){.first_offset = CTRACE_NO_OFFSET};
	if (ctrace_trace_open(&trace, fd, NULL, &error) != CTRACE_OK) {
		note(findings, &error);
		close(fd);
		return UINT64_MAX;
	}
	*info = *ctrace_trace_info(trace);
	if (info->damage_count > 0) {
		findings->damage = info->damage[0];
	}
	assert_int_equal(ctrace_validate(trace, note, findings, &report), CTRACE_OK);
	ctrace_memory_close(trace, fd);
	return report.events;
}

/* Events of chunks that end by `size`. */
static uint64_t whole_events(const struct sample *sample, size_t size)
{
	uint64_t events = 0;

	for (uint32_t i = 0; i < sample->count; i++) {
		events += sample->end[i] <= size ? sample->events[i] : 0;
	}
	return events;
}

static bool is_border(const struct sample *sample, size_t size)
{
	for (uint32_t i = 0; i < sample->count; i++) {
		if (sample->begin[i] == size || sample->end[i] == size) {
			return true;
		}
	}
	return false;
}

static void every_prefix_gives_its_whole_chunks_and_says_where_it_ends(void **state)
{
	const struct sample *sample = *state;
	struct findings findings;
	struct ctrace_trace_info info;

	for (size_t size = 0; size < sample->whole.size; size++) {
		uint64_t events = examine(sample->whole.bytes, size, &findings, &info);
		if (size < CTRACE_FILE_HEADER_BYTES) {
			assert_true(events == UINT64_MAX);
			assert_int_equal(findings.problems, 1);
			continue;
		}
		assert_int_equal(events, whole_events(sample, size));
		assert_false(info.has_trailer);
		assert_int_equal(info.damage_count, is_border(sample, size) ? 0 : 1);
		assert_true(info.good_end <= size);
		if (info.damage_count == 1) {
			assert_int_equal(findings.damage.error.status, CTRACE_ERR_CUT);
			assert_int_equal(findings.damage.offset, info.good_end);
		}
	}
}

/* The chunk that holds this byte; the count if none does. */
static uint32_t chunk_of(const struct sample *sample, size_t at)
{
	uint32_t i = 0;

	while (i < sample->count && (at < sample->begin[i] || at >= sample->end[i])) {
		i++;
	}
	return i;
}

static void check_flip(const struct sample *sample, uint8_t *bytes, size_t bit)
{
	struct findings findings;
	struct ctrace_trace_info info;
	uint32_t chunk = chunk_of(sample, bit / 8);

	bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	uint64_t events = examine(bytes, sample->whole.size, &findings, &info);
	bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	assert_true(findings.problems > 0);
	if (bit / 8 < CTRACE_FILE_HEADER_BYTES) {
		assert_true(events == UINT64_MAX);
		return;
	}
	if (chunk == sample->count) {
		assert_int_equal(events, sample->all_events);
		assert_int_equal(findings.first_offset, sample->whole.size - CTRACE_TRAILER_BYTES);
		return;
	}
	assert_int_equal(findings.first_offset, sample->begin[chunk]);
	if (sample->events[chunk] > 0) {
		assert_int_equal(events, sample->all_events - sample->events[chunk]);
	}
}

static void every_flipped_bit_is_named_and_spares_the_other_chunks(void **state)
{
	const struct sample *sample = *state;
	uint8_t *bytes = malloc(sample->whole.size);

	memcpy(bytes, sample->whole.bytes, sample->whole.size);
	for (size_t bit = 0; bit < 8 * sample->whole.size; bit++) {
		check_flip(sample, bytes, bit);
	}
	free(bytes);
}

static void many_flipped_bits_never_invent_events(void **state)
{
	const struct sample *sample = *state;
	uint64_t random = ctrace_test_seed();
	uint8_t *bytes = malloc(sample->whole.size);

	for (unsigned round = 0; round < 3000; round++) {
		struct findings findings;
		struct ctrace_trace_info info;
		memcpy(bytes, sample->whole.bytes, sample->whole.size);
		for (unsigned i = 0; i < 2 + round % 40; i++) {
			uint64_t bit = ctrace_random_below(&random, 8 * sample->whole.size);
			bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		uint64_t events = examine(bytes, sample->whole.size, &findings, &info);
		assert_true(events == UINT64_MAX || events <= sample->all_events);
	}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_prefix_gives_its_whole_chunks_and_says_where_it_ends),
		cmocka_unit_test(every_flipped_bit_is_named_and_spares_the_other_chunks),
		cmocka_unit_test(many_flipped_bits_never_invent_events),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
