/* SPDX-License-Identifier: MIT */
/* Whole chunks lost, repeated and moved: the others survive, and what is missing is said (SPEC 9).
 */

#include "tests/unit/unit.h"

#include "format/chunk.h"
#include "format/limits.h"
#include "format/salvage.h"
#include "tests/unit/memory_trace.h"

#include <unistd.h>

#define CHUNKS_MAX 64u

/* A trace as its pieces: the file header, its chunks, its trailer. */
struct pieces {
	struct ctrace_buffer whole;
	size_t at[CHUNKS_MAX + 1]; /* where each chunk begins; the trailer at last */
	uint32_t count;
	uint32_t streams[CHUNKS_MAX], types[CHUNKS_MAX];
	uint64_t digest[8], events[8]; /* of each stream, undamaged */
};

static void take_apart(struct pieces *pieces)
{
	int fd;
	struct ctrace_trace *trace = ctrace_memory_open(&pieces->whole, &fd);
	const struct ctrace_trace_info *info = ctrace_trace_info(trace);

	pieces->count = info->chunk_count;
	for (uint32_t i = 0; i < pieces->count && i < CHUNKS_MAX; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, i);
		pieces->at[i] = entry->offset;
		pieces->streams[i] = entry->stream;
		pieces->types[i] = entry->type;
	}
	if (pieces->count <= CHUNKS_MAX) {
		pieces->at[pieces->count] = pieces->whole.size - CTRACE_TRAILER_BYTES;
	}
	for (uint32_t stream = 1; stream < 8; stream++) {
		pieces->digest[stream] =
			ctrace_memory_digest(trace, stream, &pieces->events[stream]);
	}
	ctrace_memory_close(trace, fd);
}

static int begin(void **state)
{
	struct pieces *pieces = calloc(1, sizeof(*pieces));
	struct ctrace_maker_settings settings = {.events = 400, .threads = 3};

	settings.write = ctrace_memory_write;
	settings.sink = &pieces->whole;
	do {
		pieces->whole.size = 0;
		settings.seed++;
		assert_int_equal(ctrace_maker_run(&settings), CTRACE_OK);
		take_apart(pieces);
	} while (pieces->count < 15 || pieces->count > 40);
	*state = pieces;
	return 0;
}

static int end(void **state)
{
	struct pieces *pieces = *state;

	ctrace_buffer_finish(&pieces->whole);
	free(pieces);
	return 0;
}

static void put_chunk(struct ctrace_buffer *out, const struct pieces *pieces, uint32_t chunk)
{
	ctrace_buffer_put(out, pieces->whole.bytes + pieces->at[chunk],
			  pieces->at[chunk + 1] - pieces->at[chunk]);
}

/* The file with its chunks in another order. */
static void put_together(struct ctrace_buffer *out, const struct pieces *pieces,
			 const uint32_t *order, uint32_t count)
{
	out->size = 0;
	ctrace_buffer_put(out, pieces->whole.bytes, CTRACE_FILE_HEADER_BYTES);
	for (uint32_t i = 0; i < count; i++) {
		put_chunk(out, pieces, order[i]);
	}
	ctrace_buffer_put(out, pieces->whole.bytes + pieces->at[pieces->count],
			  CTRACE_TRAILER_BYTES);
}

/* Streams other than `touched` (and than `also`) read as if nothing had happened. */
static void assert_others_intact(const struct pieces *pieces, const struct ctrace_trace *trace,
				 uint32_t touched, uint32_t also)
{
	for (uint32_t stream = 1; stream < 8; stream++) {
		uint64_t events;
		if (stream == touched || stream == also) {
			continue;
		}
		assert_int_equal(ctrace_memory_digest(trace, stream, &events),
				 pieces->digest[stream]);
		assert_int_equal(events, pieces->events[stream]);
	}
}

static bool has_gap(const struct ctrace_trace *trace, uint32_t stream)
{
	for (uint32_t i = 0; i < ctrace_trace_info(trace)->chunk_count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, i);
		if (entry->stream == stream && entry->missing_before > 0) {
			return true;
		}
	}
	return false;
}

static bool is_last_of_stream(const struct pieces *pieces, uint32_t chunk)
{
	for (uint32_t i = chunk + 1; i < pieces->count; i++) {
		if (pieces->streams[i] == pieces->streams[chunk]) {
			return false;
		}
	}
	return true;
}

static void a_deleted_chunk_leaves_a_gap_in_its_stream_only(void **state)
{
	const struct pieces *pieces = *state;
	struct ctrace_buffer file = {0};
	uint32_t order[CHUNKS_MAX];
	int fd;

	for (uint32_t gone = 0; gone < pieces->count; gone++) {
		uint32_t count = 0;
		if (pieces->types[gone] != CTRACE_CHUNK_EVENTS) {
			continue;
		}
		for (uint32_t i = 0; i < pieces->count; i++) {
			if (i != gone) {
				order[count++] = i;
			}
		}
		put_together(&file, pieces, order, count);
		struct ctrace_trace *trace = ctrace_memory_open(&file, &fd);
		assert_int_equal(ctrace_trace_info(trace)->damage_count, 0);
		assert_others_intact(pieces, trace, pieces->streams[gone], 0);
		assert_true(has_gap(trace, pieces->streams[gone]) ||
			    is_last_of_stream(pieces, gone));
		ctrace_memory_close(trace, fd);
	}
	ctrace_buffer_finish(&file);
}

static void a_repeated_chunk_is_reported_and_changes_nothing(void **state)
{
	const struct pieces *pieces = *state;
	struct ctrace_buffer file = {0};
	uint32_t order[CHUNKS_MAX + 1];
	int fd;

	for (uint32_t twice = 0; twice < pieces->count; twice++) {
		uint32_t count = 0;
		if (pieces->types[twice] != CTRACE_CHUNK_EVENTS) {
			continue;
		}
		for (uint32_t i = 0; i < pieces->count; i++) {
			order[count++] = i;
			if (i == twice) {
				order[count++] = i;
			}
		}
		put_together(&file, pieces, order, count);
		struct ctrace_trace *trace = ctrace_memory_open(&file, &fd);
		assert_int_equal(ctrace_trace_info(trace)->damage_count, 1);
		assert_int_equal(ctrace_trace_info(trace)->damage[0].offset, pieces->at[twice + 1]);
		assert_others_intact(pieces, trace, 0, 0);
		ctrace_memory_close(trace, fd);
	}
	ctrace_buffer_finish(&file);
}

static void every_swap_of_chunks_leaves_other_streams_intact(void **state)
{
	const struct pieces *pieces = *state;
	struct ctrace_buffer file = {0};
	uint32_t order[CHUNKS_MAX];
	int fd;

	for (uint32_t a = 0; a < pieces->count; a++) {
		for (uint32_t b = a + 1; b < pieces->count; b++) {
			bool is_same = pieces->streams[a] == pieces->streams[b];
			for (uint32_t i = 0; i < pieces->count; i++) {
				order[i] = i == a ? b : i == b ? a : i;
			}
			put_together(&file, pieces, order, pieces->count);
			struct ctrace_trace *trace = ctrace_memory_open(&file, &fd);
			assert_others_intact(pieces, trace, pieces->streams[a], pieces->streams[b]);
			if (is_same && pieces->types[a] == CTRACE_CHUNK_EVENTS) {
				assert_true(ctrace_trace_info(trace)->damage_count > 0);
			}
			ctrace_memory_close(trace, fd);
		}
	}
	ctrace_buffer_finish(&file);
}

static void bytes_between_chunks_are_one_damaged_place(void **state)
{
	const struct pieces *pieces = *state;
	struct ctrace_buffer file = {0};
	int fd;

	for (uint32_t before = 0; before <= pieces->count; before++) {
		size_t at = pieces->at[before];
		file.size = 0;
		ctrace_buffer_put(&file, pieces->whole.bytes, at);
		for (unsigned i = 0; i < 200; i++) {
			ctrace_buffer_u8(&file, (uint8_t)(i * 37));
		}
		ctrace_buffer_put(&file, pieces->whole.bytes + at, pieces->whole.size - at);
		struct ctrace_trace *trace = ctrace_memory_open(&file, &fd);
		const struct ctrace_trace_info *info = ctrace_trace_info(trace);
		assert_int_equal(info->damage_count, 1);
		assert_int_equal(info->damage[0].offset, at);
		assert_int_equal(info->damage[0].size, 200);
		assert_others_intact(pieces, trace, 0, 0);
		ctrace_memory_close(trace, fd);
	}
	ctrace_buffer_finish(&file);
}

static void the_search_finds_each_chunk_from_any_byte(void **state)
{
	const struct pieces *pieces = *state;
	size_t limit = pieces->at[pieces->count];
	int fd = ctrace_memory_fd(pieces->whole.bytes, pieces->whole.size);
	uint32_t chunk = 0;

	for (size_t from = CTRACE_FILE_HEADER_BYTES; from <= limit; from++) {
		while (chunk < pieces->count && pieces->at[chunk] < from) {
			chunk++;
		}
		assert_int_equal(ctrace_salvage_next(fd, from, limit, 0), pieces->at[chunk]);
	}
	close(fd);
}

static void a_header_that_ends_the_file_is_found(void **state)
{
	struct ctrace_chunk_header header = ctrace_chunk_header_default();
	uint8_t bytes[1 + CTRACE_CHUNK_HEADER_BYTES] = {0};

	(void)state;
	header.type = CTRACE_CHUNK_EVENTS;
	header.stream = 1;
	ctrace_chunk_header_encode(bytes + 1, &header);
	int fd = ctrace_memory_fd(bytes, sizeof(bytes));
	assert_int_equal(ctrace_salvage_next(fd, 1, sizeof(bytes), 0), 1);
	assert_int_equal(ctrace_salvage_next(fd, 0, sizeof(bytes), 0), 1);
	close(fd);
}

static void a_long_stretch_of_sync_words_is_passed(void **state)
{
	const struct pieces *pieces = *state;
	struct ctrace_buffer file = {0};

	for (unsigned i = 0; i < 100000; i++) {
		ctrace_buffer_le(&file, 0x43544BC7, 4);
	}
	put_chunk(&file, pieces, 0);
	int fd = ctrace_memory_fd(file.bytes, file.size);
	assert_int_equal(ctrace_salvage_next(fd, 0, file.size, 0), 400000);
	close(fd);
	ctrace_buffer_finish(&file);
}

static void strict_opening_ends_at_the_first_damage(void **state)
{
	const struct pieces *pieces = *state;
	const struct ctrace_trace_settings strict = {.is_strict = true};
	struct ctrace_error error = {0};
	struct ctrace_trace *trace;
	uint8_t *bytes = malloc(pieces->whole.size);

	memcpy(bytes, pieces->whole.bytes, pieces->whole.size);
	bytes[pieces->at[4] + 1] ^= 1;
	bytes[pieces->at[2] + 20] ^= 1;
	int fd = ctrace_memory_fd(bytes, pieces->whole.size);
	assert_int_equal(ctrace_trace_open(&trace, fd, &strict, &error), CTRACE_ERR_DAMAGED);
	assert_null(trace);
	assert_int_equal(error.offset, pieces->at[2]);
	assert_int_equal(error.chunk, 2);
	free(bytes);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_deleted_chunk_leaves_a_gap_in_its_stream_only),
		cmocka_unit_test(a_repeated_chunk_is_reported_and_changes_nothing),
		cmocka_unit_test(every_swap_of_chunks_leaves_other_streams_intact),
		cmocka_unit_test(bytes_between_chunks_are_one_damaged_place),
		cmocka_unit_test(the_search_finds_each_chunk_from_any_byte),
		cmocka_unit_test(strict_opening_ends_at_the_first_damage),
		cmocka_unit_test(a_header_that_ends_the_file_is_found),
		cmocka_unit_test(a_long_stretch_of_sync_words_is_passed),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
