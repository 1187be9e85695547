/* SPDX-License-Identifier: MIT */
/* What the reader gives back, and what it does when the file is not what it was. */

#include "tests/unit/unit.h"

#include "format/block.h"
#include "format/timebase.h"
#include "tests/unit/memory_trace.h"

#include <stdlib.h>
#include <unistd.h>

static uint64_t random_state;

/* A copy of an event as it was written. */
struct made {
	struct ctrace_made_event event;
	struct ctrace_value values[16];
	char *text[16]; /* owned copies of its strings */
};

struct made_list {
	struct made *events;
	size_t count, capacity;
};

static void remember(void *context, const struct ctrace_made_event *event)
{
	struct made_list *list = context;

	if (list->count == list->capacity) {
		list->capacity = list->capacity * 2 + 1000;
		list->events = realloc(list->events, list->capacity * sizeof(*list->events));
	}
	struct made *made = &list->events[list->count++];
	*made = (struct made){.event = *event};
	for (unsigned i = 0; i < event->value_count; i++) {
		made->values[i] = event->values[i];
		if (event->values[i].type == CTRACE_ARG_STR) {
			made->text[i] = malloc(event->values[i].str.size + 1);
			memcpy(made->text[i], event->values[i].str.bytes,
			       event->values[i].str.size);
		}
	}
}

static void forget(struct made_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		for (unsigned k = 0; k < 16; k++) {
			free(list->events[i].text[k]);
		}
	}
	free(list->events);
}

static void assert_same_value(const struct ctrace_value *got, const struct ctrace_value *want,
			      const char *text)
{
	assert_int_equal(got->type, want->type);
	assert_int_equal(got->name, want->name);
	if (want->type == CTRACE_ARG_STR) {
		assert_int_equal(got->str.size, want->str.size);
		assert_memory_equal(got->str.bytes, text, want->str.size);
		return;
	}
	assert_int_equal(got->u64, want->u64);
}

static void assert_same_event(const struct ctrace_trace *trace, const struct ctrace_event *got,
			      const struct made *want)
{
	struct ctrace_value values[16];

	assert_int_equal(got->kind, want->event.kind);
	assert_int_equal(got->site, want->event.site);
	assert_int_equal(got->ticks, want->event.ticks);
	assert_int_equal(ctrace_event_values(trace, got, values), want->event.value_count);
	for (unsigned i = 0; i < want->event.value_count; i++) {
		assert_same_value(&values[i], &want->values[i], want->text[i]);
	}
}

/* The events of one stream in the list, in order. */
static const struct made *next_of(const struct made_list *list, size_t *at, uint32_t stream)
{
	while (*at < list->count) {
		const struct made *made = &list->events[(*at)++];
		if (made->event.stream == stream) {
			return made;
		}
	}
	return NULL;
}

static void compare(const struct ctrace_trace *trace, const struct made_list *list)
{
	struct ctrace_chunk chunk = {0};
	struct ctrace_cursor cursor;
	struct ctrace_event event;
	size_t at[64] = {0}, count = 0;

	for (uint32_t i = 0; i < ctrace_trace_info(trace)->chunk_count; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, i);
		if (entry->type != CTRACE_CHUNK_EVENTS) {
			continue;
		}
		assert_int_equal(ctrace_chunk_load(&chunk, trace, i, NULL), CTRACE_OK);
		assert_int_equal(ctrace_cursor_init(&cursor, trace, &chunk, NULL), CTRACE_OK);
		while (ctrace_cursor_next(&cursor, &event, NULL) == CTRACE_OK) {
			const struct made *made = next_of(list, &at[entry->stream], entry->stream);
			assert_non_null(made);
			assert_same_event(trace, &event, made);
			count++;
		}
	}
	assert_int_equal(count, list->count);
	ctrace_chunk_unload(&chunk);
}

static void random_lists_of_events_come_back_identical(void **state)
{
	(void)state;
	uint64_t seed = ctrace_test_seed();

	for (unsigned i = 0; i < 300; i++) {
		struct ctrace_buffer bytes = {0};
		struct made_list list = {0};
		struct ctrace_maker_settings settings = {
			.seed = seed + i,
			.write = ctrace_memory_write,
			.sink = &bytes,
			.made = remember,
			.context = &list,
			.has_kernel = i % 3 == 0,
			.is_plain = i % 2 == 0,
		};
		int fd;
		assert_int_equal(ctrace_maker_run(&settings), CTRACE_OK);
		struct ctrace_trace *trace = ctrace_memory_open(&bytes, &fd);
		assert_int_equal(ctrace_trace_info(trace)->damage_count, 0);
		compare(trace, &list);
		ctrace_memory_close(trace, fd);
		ctrace_buffer_finish(&bytes);
		forget(&list);
	}
}

static const char small_trace[] = "ctrace-text 1\n"
				  "header base=100 rate=1000000000\n"
				  "chunk STRINGS\n"
				  "  string 1 \"main\"\n"
				  "chunk SITES\n"
				  "  site 0 span_begin name=1 category=77 arg=str:1\n"
				  "chunk EVENTS stream=4 base=150\n"
				  "  +0 span_begin 0 str=@88\n"
				  "  +10 end\n";

static void a_missing_string_is_shown_by_its_number(void **state)
{
	(void)state;
	struct ctrace_buffer bytes = {0};
	int fd;

	ctrace_memory_assemble(&bytes, small_trace);
	struct ctrace_trace *trace = ctrace_memory_open(&bytes, &fd);
	struct ctrace_bytes first = ctrace_trace_string(trace, 77);
	assert_string_equal(first.bytes, "?77");
	assert_int_equal(first.size, 3);
	assert_ptr_equal(ctrace_trace_string(trace, 77).bytes, first.bytes);
	assert_string_equal(ctrace_trace_string(trace, UINT32_MAX).bytes, "?4294967295");
	for (uint32_t id = 1000; id < 100000; id++) {
		assert_int_equal(ctrace_trace_string(trace, id).bytes[0], '?');
	}
	ctrace_memory_close(trace, fd);
	ctrace_buffer_finish(&bytes);
}

static void time_counts_from_the_files_base_without_clock_rows(void **state)
{
	(void)state;
	struct ctrace_buffer bytes = {0};
	int fd;

	ctrace_memory_assemble(&bytes, small_trace);
	struct ctrace_trace *trace = ctrace_memory_open(&bytes, &fd);
	assert_int_equal(ctrace_trace_ns(trace, 100), 0);
	assert_int_equal(ctrace_trace_ns(trace, 150), 50);
	assert_int_equal(ctrace_trace_info(trace)->last_ticks, 160);
	ctrace_memory_close(trace, fd);
	ctrace_buffer_finish(&bytes);
}

__extension__ typedef __int128 int128;

/* SPEC 6 written down once more, slowly. `rows` are sorted and thinned. */
static int128 slow_ns(const struct ctrace_clock_row *rows, uint32_t count, uint64_t base,
		      uint64_t rate, uint64_t ticks)
{
	uint64_t t0 = base, n0 = 0;
	int128 dt = rate, dn = 1000000000;

	if (count > 0) {
		uint32_t i = 0;
		while (i + 2 < count && ticks >= rows[i + 1].ticks) {
			i++;
		}
		t0 = rows[i].ticks;
		n0 = rows[i].raw_ns;
		if (count > 1) {
			dt = (int128)rows[i + 1].ticks - t0;
			dn = (int128)rows[i + 1].raw_ns - n0;
		}
	}
	int128 product = ((int128)ticks - t0) * dn;
	int128 quotient = product / dt;
	quotient -= product % dt < 0;
	return n0 + quotient;
}

static void random_clock(struct ctrace_clock_row *rows, uint32_t count)
{
	uint64_t ticks = ctrace_random(&random_state) >> 20;
	uint64_t ns = ctrace_random(&random_state) >> 20;

	for (uint32_t i = 0; i < count; i++) {
		unsigned tick_bits = 20 + (unsigned)ctrace_random_below(&random_state, 20);
		unsigned ns_bits = 20 + (unsigned)ctrace_random_below(&random_state, 20);
		rows[i] = (struct ctrace_clock_row){.ticks = ticks, .raw_ns = ns};
		ticks += 1 + (ctrace_random(&random_state) >> tick_bits);
		ns += ctrace_random(&random_state) >> ns_bits;
	}
}

static void the_fast_clock_is_exact(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		struct ctrace_clock_row rows[40];
		uint32_t count = (uint32_t)ctrace_random_below(&random_state, 40);
		uint64_t rate = 1 + ctrace_random_below(&random_state, 5000000000);
		struct ctrace_timebase timebase;
		random_clock(rows, count);
		uint64_t base = count > 0
					? rows[0].ticks - ctrace_random_below(&random_state,
									      rows[0].ticks / 2 + 1)
					: 7;
		assert_int_equal(ctrace_timebase_init(&timebase, rows, &count, base, rate),
				 CTRACE_OK);
		int128 zero = slow_ns(rows, count, base, rate, base);
		for (unsigned i = 0; i < 500; i++) {
			uint64_t ticks = base + (ctrace_random(&random_state) >> (3 + i % 60));
			int128 want = slow_ns(rows, count, base, rate, ticks) - zero;
			want = want > INT64_MAX ? INT64_MAX : want;
			assert_true(ctrace_timebase_ns(&timebase, ticks) == (uint64_t)want);
		}
		ctrace_timebase_finish(&timebase);
	}
}

static void clock_rows_are_sorted_and_thinned_as_the_spec_says(void **state)
{
	(void)state;
	struct ctrace_clock_row rows[] = {
		{.ticks = 300, .raw_ns = 30}, {.ticks = 100, .raw_ns = 10},
		{.ticks = 200, .raw_ns = 99}, {.ticks = 200, .raw_ns = 20},
		{.ticks = 250, .raw_ns = 15}, {.ticks = 260, .raw_ns = 18},
	};
	uint32_t count = 6;
	struct ctrace_timebase timebase;

	assert_int_equal(ctrace_timebase_init(&timebase, rows, &count, 100, 1), CTRACE_OK);
	assert_int_equal(count, 3);
	assert_int_equal(rows[1].raw_ns, 20);
	assert_int_equal(ctrace_timebase_ns(&timebase, 250), 15);
	ctrace_timebase_finish(&timebase);
}

static void time_never_falls_as_ticks_rise(void **state)
{
	(void)state;
	struct ctrace_clock_row rows[20];
	uint32_t count = 20;
	struct ctrace_timebase timebase;

	random_clock(rows, count);
	uint64_t base = rows[0].ticks / 2;
	uint64_t end = rows[19].ticks + 1000000, last = 0;
	assert_int_equal(ctrace_timebase_init(&timebase, rows, &count, base, 1000000000),
			 CTRACE_OK);
	for (uint64_t ticks = base; ticks < end; ticks += 1 + (end - base) / 200000) {
		uint64_t ns = ctrace_timebase_ns(&timebase, ticks);
		assert_true(ns >= last);
		last = ns;
	}
	ctrace_timebase_finish(&timebase);
}

static void a_file_cut_while_it_is_read_is_an_error_not_a_signal(void **state)
{
	(void)state;
	struct ctrace_buffer bytes = {0};
	struct ctrace_chunk chunk = {0};
	int fd;

	ctrace_memory_make(&bytes, 5, 2000);
	struct ctrace_trace *trace = ctrace_memory_open(&bytes, &fd);
	assert_int_equal(ftruncate(fd, (off_t)bytes.size / 2), 0);
	unsigned cut = 0, good = 0;
	for (uint32_t i = 0; i < ctrace_trace_info(trace)->chunk_count; i++) {
		struct ctrace_error error = {0};
		enum ctrace_status status = ctrace_chunk_load(&chunk, trace, i, &error);
		good += status == CTRACE_OK;
		cut += status == CTRACE_ERR_CUT;
	}
	assert_true(cut > 0 && good > 0);
	assert_int_equal(cut + good, ctrace_trace_info(trace)->chunk_count);
	ctrace_chunk_unload(&chunk);
	ctrace_memory_close(trace, fd);
	ctrace_buffer_finish(&bytes);
}

static void a_file_rewritten_while_it_is_read_is_an_error(void **state)
{
	(void)state;
	struct ctrace_buffer bytes = {0}, other = {0};
	struct ctrace_chunk chunk = {0};
	int fd;

	ctrace_memory_make(&bytes, 5, 2000);
	ctrace_memory_make(&other, 6, 4000);
	struct ctrace_trace *trace = ctrace_memory_open(&bytes, &fd);
	assert_true(pwrite(fd, other.bytes, other.size, 0) == (ssize_t)other.size);
	for (uint32_t i = 0; i < ctrace_trace_info(trace)->chunk_count; i++) {
		assert_int_not_equal(ctrace_chunk_load(&chunk, trace, i, NULL), CTRACE_OK);
	}
	ctrace_chunk_unload(&chunk);
	ctrace_memory_close(trace, fd);
	ctrace_buffer_finish(&bytes);
	ctrace_buffer_finish(&other);
}

static void count_calls(void *context, uint64_t done, uint64_t total)
{
	uint64_t *last = context;

	assert_true(done >= *last && done <= total);
	*last = done;
}

static void progress_rises_to_the_end_of_the_file(void **state)
{
	(void)state;
	struct ctrace_buffer bytes = {0};
	uint64_t last = 0;
	struct ctrace_trace_settings settings = {.progress = count_calls, .context = &last};
	struct ctrace_trace *trace;

	ctrace_memory_make(&bytes, 8, 20000);
	int fd = ctrace_memory_fd(bytes.bytes, bytes.size);
	assert_int_equal(ctrace_trace_open(&trace, fd, &settings, NULL), CTRACE_OK);
	assert_true(last >= bytes.size - CTRACE_TRAILER_BYTES);
	ctrace_memory_close(trace, fd);
	ctrace_buffer_finish(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_lists_of_events_come_back_identical),
		cmocka_unit_test(a_missing_string_is_shown_by_its_number),
		cmocka_unit_test(time_counts_from_the_files_base_without_clock_rows),
		cmocka_unit_test(the_fast_clock_is_exact),
		cmocka_unit_test(clock_rows_are_sorted_and_thinned_as_the_spec_says),
		cmocka_unit_test(time_never_falls_as_ticks_rise),
		cmocka_unit_test(a_file_cut_while_it_is_read_is_an_error_not_a_signal),
		cmocka_unit_test(a_file_rewritten_while_it_is_read_is_an_error),
		cmocka_unit_test(progress_rises_to_the_end_of_the_file),
	};

	random_state = ctrace_test_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
