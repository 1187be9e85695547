/* SPDX-License-Identifier: MIT */
/* Looks at threads: how much time they take, who waits, where a function begins. The stacks
 * themselves: tests/preload/test_asleep.py. */

#include "tests/unit/unit.h"

#include "format/wire.h"
#include "tracer/sources/asleep/look_share.h"
#include "tracer/sources/perf/frame_search.h"
#include "tracer/src/collect/open_waits.h"

#include <dlfcn.h>
#include <time.h>

#define MS UINT64_C(1000000)

/* ---- time ---- */

static uint64_t own_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000 * MS + (uint64_t)now.tv_nsec;
}

static void work(uint64_t ns)
{
	for (uint64_t end = own_time() + ns; own_time() < end;) {
	}
}

static void what_looks_have_cost_is_paid_back_before_the_next_one(void **state)
{
	(void)state;
	struct ctrace_look_share share = {.percent = 1};

	ctrace_look_share_begin(&share, 1000 * MS);
	assert_true(ctrace_look_share_has(&share));
	work((CTRACE_LOOK_FIRST_MS + 5) * MS);
	ctrace_look_share_pay(&share);
	assert_false(ctrace_look_share_has(&share));
	/* A hundredth of this is less than the five milliseconds that are owed. */
	ctrace_look_share_begin(&share, 1400 * MS);
	assert_false(ctrace_look_share_has(&share));
	/* Of this it is more, however busy the machine was while it worked. */
	ctrace_look_share_begin(&share, 1000000 * MS);
	assert_true(ctrace_look_share_has(&share));
	/* And it is not kept for ever: half a second's worth at most. */
	work(6 * MS);
	ctrace_look_share_pay(&share);
	assert_false(ctrace_look_share_has(&share));
}

static void time_of_others_is_not_paid_for(void **state)
{
	(void)state;
	struct ctrace_look_share share = {.percent = 1};

	ctrace_look_share_begin(&share, 1000 * MS);
	ctrace_look_share_pay(&share);
	work((CTRACE_LOOK_FIRST_MS + 5) * MS);
	ctrace_look_share_begin(&share, 1001 * MS);
	ctrace_look_share_pay(&share);
	assert_true(ctrace_look_share_has(&share));
}

/* ---- waits ---- */

#define WAITERS 40u

static struct ctrace_open_waits waits;

static void check_waits(const uint32_t places[WAITERS], const uint64_t holders[WAITERS])
{
	uint32_t open = 0;

	for (uint32_t i = 0; i < WAITERS; i++) {
		if (places[i] == 0) {
			continue;
		}
		open++;
		assert_int_equal(waits.list[places[i] - 1].holder, holders[i]);
		assert_ptr_equal(waits.list[places[i] - 1].place, &places[i]);
	}
	assert_int_equal(open, waits.count);
}

static void waits_begin_and_end_in_any_order(void **state)
{
	(void)state;
	uint32_t places[WAITERS] = {0};
	uint64_t holders[WAITERS] = {0};
	unsigned seed = 1;

	waits.count = 0;
	for (unsigned i = 0; i < 10000; i++) {
		uint32_t who = (seed = seed * 1103515245 + 12345) >> 16 & 31;

		if ((seed >> 28) < 8) {
			holders[who] = i + 1;
			ctrace_open_waits_begin(&waits, &places[who],
						&(struct ctrace_open_wait){.holder = i + 1});
		} else {
			ctrace_open_waits_end(&waits, &places[who]);
		}
		check_waits(places, holders);
	}
}

static void waits_beyond_the_limit_are_not_kept(void **state)
{
	(void)state;
	static uint32_t places[CTRACE_OPEN_WAITS_MAX + 1];
	const struct ctrace_open_wait wait = {.holder = 7};

	waits.count = 0;
	for (uint32_t i = 0; i <= CTRACE_OPEN_WAITS_MAX; i++) {
		ctrace_open_waits_begin(&waits, &places[i], &wait);
	}
	assert_int_equal(waits.count, CTRACE_OPEN_WAITS_MAX);
	assert_int_equal(places[CTRACE_OPEN_WAITS_MAX], 0);
	ctrace_open_waits_end(&waits, &places[CTRACE_OPEN_WAITS_MAX]);
	assert_int_equal(waits.count, CTRACE_OPEN_WAITS_MAX);
}

/* ---- functions ---- */

static bool read_own(void *unused, uint64_t address, void *bytes, size_t size)
{
	(void)unused;
	memcpy(bytes, (const void *)(uintptr_t)address, size); /* NOLINT: our own */
	return true;
}

static void a_function_begins_where_its_files_table_says(void **state)
{
	(void)state;
	const struct ctrace_code_reader code = {.read = read_own};
	uint64_t function = (uint64_t)(uintptr_t)&waits_begin_and_end_in_any_order;
	Dl_info own;

	assert_int_not_equal(dladdr((const void *)&check_waits, &own), 0);
	for (uint64_t inside = 0; inside < 40; inside += 13) {
		assert_true(ctrace_function_start(&code, (uint64_t)(uintptr_t)own.dli_fbase,
						  function + inside) == function);
	}
}

/* A file's beginning that leads astray, wherever it is asked. */
static bool read_random(void *context, uint64_t address, void *bytes, size_t size)
{
	uint64_t *seed = context;
	uint8_t *at = bytes;

	for (size_t i = 0; i < size; i++) {
		*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
		at[i] = (uint8_t)(*seed >> 56);
	}
	if (address % 4096 == 0 && size == 64) {
		memcpy(at, "\177ELF\2", 5);
		ctrace_put_u64(at + 48, UINT64_C(0x0038) << 48 | 0x40);
		at[56] = 8;
		at[57] = 0;
	} else if (size == 56) {
		memcpy(at, "\x50\xe5\x74\x64", 4);
	} else if (size == 12) {
		memcpy(at, "\1\x1b\3\x3b", 4);
	}
	return (*seed >> 32) % 50 != 0;
}

static void no_byte_of_a_table_is_trusted(void **state)
{
	(void)state;
	uint64_t seed = 1;
	const struct ctrace_code_reader code = {.read = read_random, .context = &seed};

	for (unsigned i = 0; i < 20000; i++) {
		uint64_t start = ctrace_function_start(&code, 0x7f0000000000, 0x7f0000012345);

		assert_true(start <= 0x7f0000012345);
	}
}

static void calls_are_known_from_their_bytes(void **state)
{
	(void)state;
	static const struct {
		uint8_t bytes[7];
		bool is_call;
	} cases[] = {
		{{0x90, 0x90, 0xe8, 1, 2, 3, 4}, true},		     /* call there */
		{{0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xd0}, true},  /* call *%rax */
		{{0x90, 0x90, 0x90, 0x90, 0x41, 0xff, 0xd3}, true},  /* call *%r11 */
		{{0x90, 0xff, 0x15, 1, 2, 3, 4}, true},		     /* call *there(%rip) */
		{{0x90, 0x90, 0x90, 0x90, 0xff, 0x50, 8}, true},     /* call *8(%rax) */
		{{0x90, 0x90, 0x90, 0xff, 0x54, 0x24, 8}, true},     /* call *8(%rsp) */
		{{0xff, 0x94, 0x24, 1, 2, 3, 4}, true},		     /* call *there(%rsp) */
		{{0x90, 0x90, 0xe9, 1, 2, 3, 4}, false},	     /* jmp there */
		{{0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xe0}, false}, /* jmp *%rax */
		{{0x90, 0xff, 0x35, 1, 2, 3, 4}, false},	     /* push there(%rip) */
	};
	const struct ctrace_code_reader code = {.read = read_own};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t behind = (uint64_t)(uintptr_t)cases[i].bytes + 7;

		assert_int_equal(ctrace_is_behind_call(&code, behind), cases[i].is_call);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_looks_have_cost_is_paid_back_before_the_next_one),
		cmocka_unit_test(time_of_others_is_not_paid_for),
		cmocka_unit_test(waits_begin_and_end_in_any_order),
		cmocka_unit_test(waits_beyond_the_limit_are_not_kept),
		cmocka_unit_test(a_function_begins_where_its_files_table_says),
		cmocka_unit_test(no_byte_of_a_table_is_trusted),
		cmocka_unit_test(calls_are_known_from_their_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
