/* SPDX-License-Identifier: MIT */
/* Functions of the kernel, out of files as /proc/kallsyms is. */

#include "unit.h"

#include "tracer/sources/perf/kernel_symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BASE UINT64_C(0xffffffff81000000)

static void write_file(char *path, const char *text)
{
	FILE *file;

	strcpy(path, "/tmp/ctrace-kallsyms-XXXXXX");
	file = fdopen(mkstemp(path), "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static const char seen[] = "0000000000000000 A fixed_percpu_data\n"
			   "ffffffff81000000 T _stext\n"
			   "ffffffff81000100 t first\n"
			   "ffffffff81000180 D data_between\n"
			   "ffffffff81000200 W second\n"
			   "ffffffffa0000100 t late_in_module\t[ext4]\n"
			   "ffffffffa0000000 t early_in_module\t[ext4]\n";

static void test_an_address_is_in_the_function_before_it(void **state)
{
	struct ctrace_kernel_symbols symbols;
	char path[64];

	(void)state;
	write_file(path, seen);
	assert_int_equal(ctrace_kernel_symbols_base(path), BASE);
	assert_true(ctrace_kernel_symbols_load(&symbols, path));
	assert_string_equal(ctrace_kernel_symbols_find(&symbols, BASE), "_stext");
	assert_string_equal(ctrace_kernel_symbols_find(&symbols, BASE + 0xff), "_stext");
	assert_string_equal(ctrace_kernel_symbols_find(&symbols, BASE + 0x1ff), "first");
	assert_string_equal(ctrace_kernel_symbols_find(&symbols, BASE + 0x200), "second");
	assert_string_equal(ctrace_kernel_symbols_find(&symbols, UINT64_C(0xffffffffa0000050)),
			    "early_in_module");
	assert_string_equal(ctrace_kernel_symbols_find(&symbols, UINT64_C(0xffffffffa0000150)),
			    "late_in_module");
	ctrace_kernel_symbols_finish(&symbols);
	unlink(path);
}

static void test_what_is_before_or_far_behind_is_in_none(void **state)
{
	struct ctrace_kernel_symbols symbols;
	char path[64];

	(void)state;
	write_file(path, seen);
	assert_true(ctrace_kernel_symbols_load(&symbols, path));
	assert_null(ctrace_kernel_symbols_find(&symbols, BASE - 1));
	assert_null(ctrace_kernel_symbols_find(&symbols, BASE + (64u << 20)));
	assert_null(ctrace_kernel_symbols_find(&symbols, UINT64_MAX));
	ctrace_kernel_symbols_finish(&symbols);
	unlink(path);
}

static void nothing_in(const char *text)
{
	struct ctrace_kernel_symbols symbols;
	char path[64];

	write_file(path, text);
	assert_int_equal(ctrace_kernel_symbols_base(path), 0);
	assert_false(ctrace_kernel_symbols_load(&symbols, path));
	ctrace_kernel_symbols_finish(&symbols);
	unlink(path);
}

static void test_hidden_addresses_and_other_files_give_nothing(void **state)
{
	struct ctrace_kernel_symbols symbols;

	(void)state;
	nothing_in("");
	nothing_in("0000000000000000 T _stext\n0000000000000000 t first\n");
	nothing_in(
		"ffffffff81000000\nffffffff81000000 \nffffffff81000000 T\nno number T _stext\n\n");
	nothing_in("ffffffff81000000 D _stext\n");
	assert_int_equal(ctrace_kernel_symbols_base("/no/such/file"), 0);
	assert_false(ctrace_kernel_symbols_load(&symbols, "/no/such/file"));
}

static void test_a_long_name_is_cut_and_the_rest_goes_on(void **state)
{
	struct ctrace_kernel_symbols symbols;
	char path[64], *text = calloc(1, 8192);

	(void)state;
	sprintf(text, "ffffffff81000000 T ");
	memset(text + strlen(text), 'x', 2000);
	strcat(text, "\nffffffff81000100 t _stext");
	write_file(path, text);
	assert_int_equal(ctrace_kernel_symbols_base(path), BASE + 0x100);
	assert_true(ctrace_kernel_symbols_load(&symbols, path));
	assert_string_equal(ctrace_kernel_symbols_find(&symbols, BASE + 0x100), "_stext");
	ctrace_kernel_symbols_finish(&symbols);
	unlink(path);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_address_is_in_the_function_before_it),
		cmocka_unit_test(test_what_is_before_or_far_behind_is_in_none),
		cmocka_unit_test(test_hidden_addresses_and_other_files_give_nothing),
		cmocka_unit_test(test_a_long_name_is_cut_and_the_rest_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
