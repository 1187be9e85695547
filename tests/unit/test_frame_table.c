/* SPDX-License-Identifier: MIT */

/*
 * Call frame information read by hand, held against elfutils at random addresses of every
 * file that this program has loaded, and at damaged bytes; and names and build ids likewise.
 */

#include "tests/unit/unit.h"

#include "tracer/pprof/symbol_file.h"
#include "tracer/sources/perf/cfi_rules.h"
#include "tracer/sources/perf/own_elf.h"

#include <link.h>
#include <unistd.h>

#define ADDRESSES 20000
#define WORDS	  4096
#define DAMAGES	  20000

static uint64_t random_state;

static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static int seed(void **unused)
{
	const char *text = getenv("CTRACE_TEST_SEED");

	(void)unused;
	random_state = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)getpid() * 2654435761u;
	printf("seed: %llu\n", (unsigned long long)random_state);
	random_state |= 1;
	return 0;
}

/* ---- files ---- */

struct files {
	char paths[16][256];
	unsigned count;
};

static int add_file(struct dl_phdr_info *info, size_t unused, void *context)
{
	struct files *files = context;

	(void)unused;
	if (files->count < 16 && info->dlpi_name[0] == '/') {
		snprintf(files->paths[files->count++], sizeof(files->paths[0]), "%s",
			 info->dlpi_name);
	}
	return 0;
}

/* Those of this process, which have been mapped: the program, the C library, elfutils and others.
 */
static struct files loaded(void)
{
	struct files files = {.count = 1};

	snprintf(files.paths[0], sizeof(files.paths[0]), "/proc/self/exe");
	dl_iterate_phdr(add_file, &files);
	return files;
}

/* ---- steps ---- */

static uint64_t words[WORDS];

/* A stack of random words, and registers that point into it. */
static struct ctrace_cfi_state random_stack(void)
{
	struct ctrace_cfi_state state = {.stack = (const uint8_t *)words,
					 .stack_begin = 0x70000000,
					 .stack_size = sizeof(words)};

	for (unsigned i = 0; i < WORDS; i++) {
		words[i] = random_number();
	}
	state.instruction = random_number();
	state.stack_pointer = state.stack_begin + 8 * (random_number() % (WORDS / 2));
	state.frame_pointer = state.stack_begin + 8 * (random_number() % WORDS);
	return state;
}

static void compare_step(struct ctrace_cfi *cfi, const struct ctrace_own_elf *elf, uint64_t address)
{
	struct ctrace_cfi_state state = random_stack(), own = state;
	enum ctrace_cfi_result expected = ctrace_cfi_step(cfi, address, &state);
	enum ctrace_cfi_result result = CTRACE_CFI_UNKNOWN;
	struct ctrace_frame_way way;

	if (ctrace_frame_find(&elf->frames, address, &way)) {
		result = ctrace_frame_step(&way, &own);
	}
	assert_int_equal(result, expected);
	assert_int_equal(own.instruction, state.instruction);
	assert_int_equal(own.stack_pointer, state.stack_pointer);
	assert_int_equal(own.frame_pointer, state.frame_pointer);
}

static uint64_t random_address(const struct ctrace_own_elf *elf)
{
	unsigned at = (unsigned)(random_number() % elf->load_count);

	return elf->loads[at].address + random_number() % (elf->loads[at].size + 1);
}

static void compare_file(const char *path)
{
	struct ctrace_symbol_file file;
	struct ctrace_own_elf elf;
	struct ctrace_cfi cfi;

	assert_true(ctrace_symbol_file_open(&file, path));
	assert_true(ctrace_own_elf_read(&elf, path));
	assert_int_equal(elf.build_id_size, file.build_id_size);
	assert_memory_equal(elf.build_id, file.build_id, elf.build_id_size);
	ctrace_cfi_init(&cfi, file.elf);
	for (unsigned i = 0; i < ADDRESSES; i++) {
		compare_step(&cfi, &elf, random_address(&elf));
	}
	ctrace_cfi_finish(&cfi);
	ctrace_own_elf_finish(&elf);
	ctrace_symbol_file_close(&file);
}

static void every_step_is_that_of_elfutils(void **unused)
{
	struct files files = loaded();

	(void)unused;
	assert_true(files.count >= 3);
	for (unsigned i = 0; i < files.count; i++) {
		compare_file(files.paths[i]);
	}
}

static void places_in_files_are_those_of_elfutils(void **unused)
{
	struct ctrace_symbol_file file;
	struct ctrace_own_elf elf;

	(void)unused;
	assert_true(ctrace_symbol_file_open(&file, "/proc/self/exe"));
	assert_true(ctrace_own_elf_read(&elf, "/proc/self/exe"));
	for (unsigned i = 0; i < ADDRESSES; i++) {
		uint64_t offset = random_number() % (1u << 22), expected = 0, address = 0;
		bool is_loaded = ctrace_symbol_file_address(&file, offset, &expected);

		assert_int_equal(ctrace_own_elf_address(&elf, offset, &address), is_loaded);
		assert_int_equal(address, expected);
	}
	ctrace_own_elf_finish(&elf);
	ctrace_symbol_file_close(&file);
}

/* ---- damage ---- */

/* Not for what it answers, but that it reads nothing beyond: under the address sanitizer, too. */
static void damaged_information_does_no_harm(void **unused)
{
	struct ctrace_own_elf elf;

	(void)unused;
	assert_true(ctrace_own_elf_read(&elf, "/proc/self/exe"));
	assert_non_null(elf.bytes);
	for (unsigned i = 0; i < DAMAGES; i++) {
		uint64_t at = random_number() % elf.frames.size;
		uint8_t before = elf.bytes[at];
		struct ctrace_cfi_state state = random_stack();
		struct ctrace_frame_way way;

		elf.bytes[at] = (uint8_t)random_number();
		if (ctrace_frame_find(&elf.frames, random_address(&elf), &way)) {
			ctrace_frame_step(&way, &state);
		}
		if (i % 2 == 0) { /* others add up */
			elf.bytes[at] = before;
		}
	}
	ctrace_own_elf_finish(&elf);
}

static void what_is_no_program_is_refused(void **unused)
{
	struct ctrace_own_elf elf;
	struct ctrace_own_names names;

	(void)unused;
	assert_false(ctrace_own_elf_read(&elf, "/proc/self/maps"));
	assert_false(ctrace_own_elf_read(&elf, "/no/such/file"));
	assert_false(ctrace_own_elf_read(&elf, "/dev/null"));
	assert_false(ctrace_own_names_read(&names, "/proc/self/maps"));
}

/* ---- names ---- */

static int first_is_ours(struct dl_phdr_info *info, size_t unused, void *base)
{
	(void)unused;
	*(uintptr_t *)base = info->dlpi_addr;
	return 1;
}

static void functions_have_their_names(void **unused)
{
	struct ctrace_own_names names;
	uintptr_t base = 0, here = (uintptr_t)functions_have_their_names;

	(void)unused;
	dl_iterate_phdr(first_is_ours, &base);
	assert_true(ctrace_own_names_read(&names, "/proc/self/exe"));
	assert_string_equal(ctrace_own_names_find(&names, here - base),
			    "functions_have_their_names");
	assert_string_equal(ctrace_own_names_find(&names, here - base + 5),
			    "functions_have_their_names");
	assert_null(ctrace_own_names_find(&names, 0));
	assert_null(ctrace_own_names_find(&names, UINT64_MAX));
	ctrace_own_names_finish(&names);
}

static void the_kernels_own_library_is_read(void **unused)
{
	struct ctrace_own_names names;
	struct ctrace_own_elf elf;

	(void)unused;
	if (!ctrace_own_elf_read(&elf, "[vdso]")) {
		skip();
	}
	assert_non_null(elf.frames.bytes);
	assert_true(ctrace_own_names_read(&names, "[vdso]"));
	assert_true(names.count > 0);
	ctrace_own_names_finish(&names);
	ctrace_own_elf_finish(&elf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_step_is_that_of_elfutils),
		cmocka_unit_test(places_in_files_are_those_of_elfutils),
		cmocka_unit_test(damaged_information_does_no_harm),
		cmocka_unit_test(what_is_no_program_is_refused),
		cmocka_unit_test(functions_have_their_names),
		cmocka_unit_test(the_kernels_own_library_is_read),
	};

	return cmocka_run_group_tests(tests, seed, NULL);
}
