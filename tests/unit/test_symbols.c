/* SPDX-License-Identifier: MIT */

/* Addresses of this very program, looked up in its own file. Compiled with -g -O2. */

#include "tests/unit/unit.h"

#include "tracer/pprof/symbol_lookup.h"
#include "tracer/pprof/symbol_names.h"

#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SELF "/proc/self/exe"

/* Where it is called: the program counter, and the line it is written on. */
#define HERE(address) __asm__ volatile("leaq 0(%%rip), %0" : "=r"(address))

static volatile unsigned sink;
static unsigned innermost_line, middle_line, outer_line;

static inline __attribute__((always_inline)) uintptr_t innermost(void)
{
	uintptr_t address;

	innermost_line = __LINE__ + 1;
	HERE(address);
	sink++;
	return address;
}

static inline __attribute__((always_inline)) uintptr_t middle(void)
{
	middle_line = __LINE__ + 1;
	return innermost();
}

static __attribute__((noinline)) uintptr_t outer(void)
{
	uintptr_t address;

	outer_line = __LINE__ + 1;
	address = middle();
	sink++;
	return address;
}

static int first_is_ours(struct dl_phdr_info *info, size_t unused, void *base)
{
	(void)unused;
	*(uintptr_t *)base = info->dlpi_addr;
	return 1;
}

static uint64_t in_file(uintptr_t address)
{
	uintptr_t base = 0;

	dl_iterate_phdr(first_is_ours, &base);
	return address - base;
}

static struct ctrace_symbol_frame frames[CTRACE_SYMBOL_INLINED_MAX];

static bool ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static void inlined_functions_are_named_with_their_lines(void **unused)
{
	struct ctrace_symbol_file file;
	struct ctrace_symbol_lookup lookup;

	(void)unused;
	assert_true(ctrace_symbol_file_open(&file, SELF));
	assert_true(ctrace_symbol_lookup_init(&lookup, &file, SELF));
	assert_int_equal(ctrace_symbol_lookup(&lookup, in_file(outer()), frames), 3);
	assert_string_equal(frames[0].function, "innermost");
	assert_string_equal(frames[1].function, "middle");
	assert_string_equal(frames[2].function, "outer");
	assert_in_range(frames[0].line, innermost_line, innermost_line + 1);
	assert_int_equal(frames[1].line, middle_line);
	assert_int_equal(frames[2].line, outer_line);
	for (int i = 0; i < 3; i++) {
		assert_true(ends_with(frames[i].file, "test_symbols.c"));
	}
	ctrace_symbol_lookup_finish(&lookup);
	ctrace_symbol_file_close(&file);
}

static void an_address_of_nothing_has_no_name(void **unused)
{
	struct ctrace_symbol_file file;
	struct ctrace_symbol_lookup lookup;

	(void)unused;
	assert_true(ctrace_symbol_file_open(&file, SELF));
	assert_true(ctrace_symbol_lookup_init(&lookup, &file, SELF));
	assert_int_equal(ctrace_symbol_lookup(&lookup, 0, frames), 0);
	assert_int_equal(ctrace_symbol_lookup(&lookup, UINT64_MAX, frames), 0);
	ctrace_symbol_lookup_finish(&lookup);
	ctrace_symbol_file_close(&file);
}

/* A copy of this program, treated with the named tool. */
static void make_copy(const char *tool, char path[64])
{
	char command[256];
	int fd;

	strcpy(path, "/tmp/ctrace-symbols-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	snprintf(command, sizeof(command),
		 "cp "
		 "/proc/%d/exe"
		 " %s && %s %s",
		 (int)getpid(), path, tool, path);
	assert_int_equal(system(command), 0);
}

static void a_file_without_debugging_information_has_functions(void **unused)
{
	struct ctrace_symbol_file file;
	struct ctrace_symbol_lookup lookup;
	char path[64];

	(void)unused;
	make_copy("strip --strip-debug", path);
	assert_true(ctrace_symbol_file_open(&file, path));
	unlink(path); /* deleted files are read as well */
	assert_true(ctrace_symbol_lookup_init(&lookup, &file, path));
	assert_int_equal(ctrace_symbol_lookup(&lookup, in_file(outer()), frames), 1);
	assert_string_equal(frames[0].function, "outer");
	assert_null(frames[0].file);
	ctrace_symbol_lookup_finish(&lookup);
	ctrace_symbol_file_close(&file);
}

static void a_stripped_file_names_no_function_wrongly(void **unused)
{
	struct ctrace_symbol_file file;
	struct ctrace_symbol_lookup lookup;
	char path[64];

	(void)unused;
	make_copy("strip --strip-all", path);
	assert_true(ctrace_symbol_file_open(&file, path));
	assert_true(ctrace_symbol_lookup_init(&lookup, &file, path));
	assert_int_equal(ctrace_symbol_lookup(&lookup, in_file(outer()), frames), 0);
	ctrace_symbol_lookup_finish(&lookup);
	ctrace_symbol_file_close(&file);
	unlink(path);
}

static void a_stripped_file_finds_its_debug_file_beside_it(void **unused)
{
	struct ctrace_symbol_file file;
	struct ctrace_symbol_lookup lookup;
	char path[64], debug[80], command[600];

	(void)unused;
	make_copy("true", path);
	snprintf(debug, sizeof(debug), "%s.debug", path);
	snprintf(command, sizeof(command),
		 "objcopy --only-keep-debug %s %s && strip --strip-all %s && "
		 "objcopy --add-gnu-debuglink=%s %s",
		 path, debug, path, debug, path);
	assert_int_equal(system(command), 0);
	assert_true(ctrace_symbol_file_open(&file, path));
	assert_true(ctrace_symbol_lookup_init(&lookup, &file, path));
	assert_int_equal(ctrace_symbol_lookup(&lookup, in_file(outer()), frames), 3);
	assert_string_equal(frames[2].function, "outer");
	ctrace_symbol_lookup_finish(&lookup);
	ctrace_symbol_file_close(&file);
	unlink(path);
	unlink(debug);
}

static void the_kernels_own_library_has_functions(void **unused)
{
	struct ctrace_symbol_file file;
	struct ctrace_symbol_functions functions;
	bool has_gettime = false;

	(void)unused;
	if (!ctrace_symbol_file_open_vdso(&file)) {
		skip();
	}
	assert_true(ctrace_symbol_functions_init(&functions, &file));
	for (size_t i = 0; i < functions.count; i++) {
		has_gettime |= strstr(functions.list[i].name, "clock_gettime") != NULL;
	}
	assert_true(has_gettime);
	ctrace_symbol_functions_finish(&functions);
	ctrace_symbol_file_close(&file);
}

static void mangled_names_become_readable(void **unused)
{
	char text[CTRACE_SYMBOL_NAME_BYTES], deep[4000];

	(void)unused;
	assert_string_equal(ctrace_symbol_name("_ZN4shop5PriceIiE3sumEv", text, sizeof(text)),
			    "shop::Price<int>::sum()");
	assert_string_equal(ctrace_symbol_name("main", text, sizeof(text)), "main");
	assert_string_equal(ctrace_symbol_name("_Zbroken", text, sizeof(text)), "_Zbroken");
	memset(deep, 'P', sizeof(deep)); /* a pointer to a pointer to … */
	memcpy(deep, "_Z1f", 4);
	deep[sizeof(deep) - 1] = '\0';
	ctrace_symbol_name(deep, text, sizeof(text));
	assert_int_equal(strlen(text), sizeof(text) - 1);
}

static void what_is_no_elf_file_is_refused(void **unused)
{
	struct ctrace_symbol_file file;

	(void)unused;
	assert_false(ctrace_symbol_file_open(&file, "/dev/null"));
	assert_false(ctrace_symbol_file_open(&file, "/proc/self/status"));
	assert_false(ctrace_symbol_file_open(&file, "/nowhere"));
	ctrace_symbol_file_close(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inlined_functions_are_named_with_their_lines),
		cmocka_unit_test(an_address_of_nothing_has_no_name),
		cmocka_unit_test(a_file_without_debugging_information_has_functions),
		cmocka_unit_test(a_stripped_file_names_no_function_wrongly),
		cmocka_unit_test(a_stripped_file_finds_its_debug_file_beside_it),
		cmocka_unit_test(the_kernels_own_library_has_functions),
		cmocka_unit_test(mangled_names_become_readable),
		cmocka_unit_test(what_is_no_elf_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
