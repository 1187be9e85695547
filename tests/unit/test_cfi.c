/* SPDX-License-Identifier: MIT */

/* Unwinding by call frame information: this program's own stack, and expressions by hand. */

#include "tests/unit/unit.h"

#include "tracer/pprof/symbol_file.h"
#include "tracer/sources/perf/cfi_expression.h"
#include "tracer/sources/perf/cfi_rules.h"

#include <dwarf.h>
#include <link.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* ---- expressions ---- */

static const uint64_t words[4] = {11, 22, 33, 44};

static struct ctrace_cfi_state on_words(void)
{
	return (struct ctrace_cfi_state){.instruction = 0x1000b,
					 .frame_pointer = 0x5010,
					 .stack_pointer = 0x5000,
					 .stack = (const uint8_t *)words,
					 .stack_begin = 0x5000,
					 .stack_size = sizeof(words)};
}

static void memory_is_what_was_copied_and_no_more(void **unused)
{
	struct ctrace_cfi_state state = on_words();
	uint64_t value;

	(void)unused;
	assert_true(ctrace_cfi_read(&state, 0x5000, &value));
	assert_int_equal(value, 11);
	assert_true(ctrace_cfi_read(&state, 0x5018, &value));
	assert_int_equal(value, 44);
	assert_false(ctrace_cfi_read(&state, 0x5019, &value));
	assert_false(ctrace_cfi_read(&state, 0x4fff, &value));
	assert_false(ctrace_cfi_read(&state, UINT64_MAX, &value));
	state.stack_size = 7;
	assert_false(ctrace_cfi_read(&state, 0x5000, &value));
}

/* What every procedure linkage table says: sp + 8 + ((ip & 15) >= 11) * 8. */
static void the_expression_of_linkage_tables_is_understood(void **unused)
{
	const struct ctrace_cfi_operation operations[] = {{.atom = DW_OP_breg7, .number = 8},
							  {.atom = DW_OP_breg16, .number = 0},
							  {.atom = DW_OP_lit15},
							  {.atom = DW_OP_and},
							  {.atom = DW_OP_lit11},
							  {.atom = DW_OP_ge},
							  {.atom = DW_OP_lit3},
							  {.atom = DW_OP_shl},
							  {.atom = DW_OP_plus}};
	struct ctrace_cfi_state state = on_words();
	uint64_t address;

	(void)unused;
	assert_true(ctrace_cfi_address(&state, operations, 9, &address));
	assert_int_equal(address, 0x5010);
	state.instruction = 0x1000a;
	assert_true(ctrace_cfi_address(&state, operations, 9, &address));
	assert_int_equal(address, 0x5008);
}

static void what_is_broken_is_refused(void **unused)
{
	const struct ctrace_cfi_operation empty[] = {{.atom = DW_OP_plus}};
	const struct ctrace_cfi_operation other_register[] = {{.atom = DW_OP_breg3}};
	const struct ctrace_cfi_operation far[] = {{.atom = DW_OP_breg7, .number = 4096},
						   {.atom = DW_OP_deref}};
	struct ctrace_cfi_state state = on_words();
	struct ctrace_cfi_operation many[100];
	uint64_t address;

	(void)unused;
	for (size_t i = 0; i < 100; i++) {
		many[i] = (struct ctrace_cfi_operation){.atom = DW_OP_lit1};
	}
	assert_false(ctrace_cfi_address(&state, empty, 0, &address));
	assert_false(ctrace_cfi_address(&state, empty, 1, &address));
	assert_false(ctrace_cfi_address(&state, other_register, 1, &address));
	assert_false(ctrace_cfi_address(&state, far, 2, &address));
	assert_false(ctrace_cfi_address(&state, many, 100, &address));
}

/* ---- a real stack ---- */

#define COPY_BYTES 4096u

static uint8_t copy[COPY_BYTES];
static struct ctrace_cfi_state seen;

/* Of all that is there, whatever a sanitizer has put between. */
static __attribute__((no_sanitize("address"))) void copy_stack(const volatile uint8_t *from)
{
	for (size_t i = 0; i < COPY_BYTES; i++) {
		copy[i] = from[i];
	}
}

static void take_copy(int unused_signal, siginfo_t *unused, void *context)
{
	const greg_t *registers = ((const ucontext_t *)context)->uc_mcontext.gregs;

	(void)unused_signal;
	(void)unused;
	seen = (struct ctrace_cfi_state){.instruction = (uint64_t)registers[REG_RIP],
					 .frame_pointer = (uint64_t)registers[REG_RBP],
					 .stack_pointer = (uint64_t)registers[REG_RSP],
					 .stack = copy,
					 .stack_begin = (uint64_t)registers[REG_RSP],
					 .stack_size = COPY_BYTES};
	copy_stack((const volatile uint8_t *)(uintptr_t)registers[REG_RSP]);
}

static void *return_addresses[3];

/* Compiled without frame pointers: only the information tells of the room on the stack. */
static __attribute__((noinline)) int innermost(int depth)
{
	volatile char room[200];

	room[depth] = 1;
	return_addresses[0] = __builtin_return_address(0);
	__asm__ volatile("int3");
	return room[depth] + depth;
}

static __attribute__((noinline)) int middle(int depth)
{
	volatile char room[500];

	room[depth] = 1;
	return_addresses[1] = __builtin_return_address(0);
	return innermost(depth) + room[depth];
}

static __attribute__((noinline)) int outer(int depth)
{
	volatile int result;

	return_addresses[2] = __builtin_return_address(0);
	result = middle(depth); /* no jump to it in place of a call */
	return result;
}

static int first_is_ours(struct dl_phdr_info *info, size_t unused, void *base)
{
	(void)unused;
	*(uintptr_t *)base = info->dlpi_addr;
	return 1;
}

static void callers_are_found_without_frame_pointers(void **unused)
{
	const struct sigaction action = {.sa_sigaction = take_copy, .sa_flags = SA_SIGINFO};
	struct ctrace_symbol_file file;
	struct ctrace_cfi cfi;
	uintptr_t base = 0;

	(void)unused;
	sigaction(SIGTRAP, &action, NULL);
	outer(3);
	dl_iterate_phdr(first_is_ours, &base);
	assert_true(ctrace_symbol_file_open(&file, "/proc/self/exe"));
	for (int pass = 0; pass < 2; pass++) { /* read, then remembered */
		struct ctrace_cfi_state state = seen;

		if (pass == 0) {
			ctrace_cfi_init(&cfi, file.elf);
		}
		for (int i = 0; i < 3; i++) {
			uint64_t address = state.instruction - base - (i > 0);

			assert_int_equal(ctrace_cfi_step(&cfi, address, &state), CTRACE_CFI_CALLER);
			assert_int_equal(state.instruction, (uintptr_t)return_addresses[i]);
		}
	}
	ctrace_cfi_finish(&cfi);
	ctrace_symbol_file_close(&file);
}

static void an_address_of_nothing_has_no_caller(void **unused)
{
	struct ctrace_cfi_state state = on_words();
	struct ctrace_symbol_file file;
	struct ctrace_cfi cfi;

	(void)unused;
	assert_true(ctrace_symbol_file_open(&file, "/proc/self/exe"));
	ctrace_cfi_init(&cfi, file.elf);
	assert_int_equal(ctrace_cfi_step(&cfi, UINT64_MAX, &state), CTRACE_CFI_UNKNOWN);
	assert_int_equal(state.stack_pointer, 0x5000);
	ctrace_cfi_finish(&cfi);
	assert_int_equal(ctrace_cfi_step(&cfi, 0, &state), CTRACE_CFI_UNKNOWN);
	ctrace_symbol_file_close(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_what_was_copied_and_no_more),
		cmocka_unit_test(the_expression_of_linkage_tables_is_understood),
		cmocka_unit_test(what_is_broken_is_refused),
		cmocka_unit_test(callers_are_found_without_frame_pointers),
		cmocka_unit_test(an_address_of_nothing_has_no_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
