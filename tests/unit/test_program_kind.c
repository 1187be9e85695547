/* SPDX-License-Identifier: MIT */
/* Into which programs our library is put: those of this machine and C library, without a sanitizer.
 */

#include "tests/unit/unit.h"

#include "tracer/sources/program_kind.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAGE_BYTES 4096

/* A program's file that begins as ours does, with what `change` makes of it, and this text behind.
 */
static enum ctrace_program_kind kind_of(void (*change)(ElfW(Ehdr) * head), const char *text,
					size_t size)
{
	char path[] = "/tmp/ctrace-test-XXXXXX";
	int file = mkstemp(path), own = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	enum ctrace_program_kind kind;
	ElfW(Ehdr) head;

	assert_int_equal(read(own, &head, sizeof(head)), sizeof(head));
	close(own);
	change(&head);
	assert_int_equal(write(file, &head, sizeof(head)), sizeof(head));
	assert_int_equal(write(file, text, size), (ssize_t)size);
	close(file);
	kind = ctrace_program_kind_of(path);
	unlink(path);
	return kind;
}

#define KIND_OF(change, text) kind_of(change, text, sizeof(text))

static void as_it_is(ElfW(Ehdr) * head)
{
	(void)head;
}

static void of_32_bits(ElfW(Ehdr) * head)
{
	head->e_ident[EI_CLASS] = ELFCLASS32;
}

static void of_another_processor(ElfW(Ehdr) * head)
{
	head->e_machine = EM_S390;
}

static void a_script(ElfW(Ehdr) * head)
{
	memset(head, ' ', sizeof(*head));
}

static void programs_of_this_machine_are_plain(void **state)
{
	(void)state;
	assert_int_equal(KIND_OF(as_it_is, "/lib64/ld-linux-x86-64.so.2"), CTRACE_PROGRAM_PLAIN);
	assert_int_equal(KIND_OF(a_script, "echo"), CTRACE_PROGRAM_PLAIN);
	assert_int_equal(KIND_OF(as_it_is, "\0libasan.sound"), CTRACE_PROGRAM_PLAIN);
}

static void other_machines_and_c_libraries_are_foreign(void **state)
{
	(void)state;
	assert_int_equal(KIND_OF(of_32_bits, ""), CTRACE_PROGRAM_FOREIGN);
	assert_int_equal(KIND_OF(of_another_processor, ""), CTRACE_PROGRAM_FOREIGN);
	assert_int_equal(KIND_OF(as_it_is, "/lib/ld-musl-x86_64.so.1"), CTRACE_PROGRAM_FOREIGN);
}

static void a_sanitizer_is_found_wherever_its_name_stands(void **state)
{
	static char text[20 * PAGE_BYTES];

	(void)state;
	for (size_t at = 0; at + 15 < sizeof(text); at += 4093) {
		memset(text, 'x', sizeof(text));
		memcpy(text + at, "\0libasan.so.8", 14);
		assert_int_equal(KIND_OF(as_it_is, text), CTRACE_PROGRAM_SANITIZED);
	}
	assert_int_equal(KIND_OF(as_it_is, "\0libtsan.so.2"), CTRACE_PROGRAM_SANITIZED);
}

static void what_cannot_be_read_is_plain(void **state)
{
	(void)state;
	assert_int_equal(ctrace_program_kind_of("/nothing/there"), CTRACE_PROGRAM_PLAIN);
	assert_int_equal(ctrace_program_kind_of("no-such-program-anywhere"), CTRACE_PROGRAM_PLAIN);
	assert_int_equal(ctrace_program_kind_of("true"), CTRACE_PROGRAM_PLAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_of_this_machine_are_plain),
		cmocka_unit_test(other_machines_and_c_libraries_are_foreign),
		cmocka_unit_test(a_sanitizer_is_found_wherever_its_name_stands),
		cmocka_unit_test(what_cannot_be_read_is_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
