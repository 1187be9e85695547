/* SPDX-License-Identifier: MIT */

/* The function syscall(): recorded by the name of the call that it makes. */

#include "tracer/preload/call_results.h"
#include "tracer/preload/call_table.h"

#include <stddef.h>
#include <sys/syscall.h>

/* Past all numbers that kernels of today have; a larger one is recorded as "syscall". */
#define NUMBERS 512

static uint16_t states[NUMBERS] = {[0 ... NUMBERS - 1] = CTRACE_STATE_NOT_MET};
static char own_module = 0;

static const struct ctrace_site_info sites[NUMBERS] = {
#define NAME(number, text)                                                                         \
	[number] = {.state = &states[number],                                                      \
		    .module = &own_module,                                                         \
		    .name = (text),                                                                \
		    .category = CTRACE_CALL_OF_SYSTEM,                                             \
		    .file = "",                                                                    \
		    .function = "",                                                                \
		    .schema = "u\0u\0u\0u\0u\0u\0",                                                \
		    .name_size = sizeof(text) - 1,                                                 \
		    .schema_size = 2 * CTRACE_CALL_ARGS_MAX,                                       \
		    .kind = CTRACE_KIND_SYSCALL_ENTER},
#include "syscall_names.inc"
};

#if defined(__x86_64__)
#define WAY_IN	 static
#define RECORDED "ctrace_syscall_recorded"
#else
#define WAY_IN	 CTRACE_WRAPPER
#define RECORDED "syscall"
#endif

/* They return in another process, or never: nothing of ours may stand around them. */
static bool is_no_call(long number)
{
	switch (number) {
	case SYS_clone:
	case SYS_clone3:
#ifdef SYS_fork
	case SYS_fork:
	case SYS_vfork:
#endif
	case SYS_execve:
	case SYS_execveat:
	case SYS_exit:
	case SYS_exit_group:
	case SYS_rt_sigreturn:
		return true;
	default:
		return false;
	}
}

static bool is_named(long number)
{
	return number >= 0 && number < NUMBERS && sites[number].name != NULL;
}

static unsigned begin_named(long number, const uint64_t *words)
{
	unsigned state = __atomic_load_n(&states[number], __ATOMIC_ACQUIRE);
	const struct ctrace_face *recorder =
		atomic_load_explicit(&ctrace_recorder, memory_order_acquire);

	if (recorder == NULL) {
		return 0;
	}
	if (state == CTRACE_STATE_NOT_MET) {
		state = is_no_call(number) ? 0 : ctrace_call_first_pass(&sites[number]);
	}
	return state != 0 ? recorder->enter(state, words, CTRACE_CALL_ARGS_MAX) : 0;
}

static unsigned begin(long number, const uint64_t *words)
{
	const uint64_t unnamed[] = {(uint64_t)number};

	if (is_named(number)) {
		return begin_named(number, words);
	}
	return is_no_call(number) ? 0 : ctrace_call_begin(CTRACE_CALL_syscall, unnamed, 1);
}

/* libc passes on six arguments too, whatever is there. */
WAY_IN long recorded(long number, ...) __asm__(RECORDED);
__attribute__((used)) WAY_IN long recorded(long number, ...)
{
	unsigned state = ctrace_call_state(CTRACE_CALL_syscall);
	unsigned code = 0;
	uint64_t words[CTRACE_CALL_ARGS_MAX];
	va_list list;
	long result;

	va_start(list, number);
	for (unsigned i = 0; i < CTRACE_CALL_ARGS_MAX; i++) {
		words[i] = va_arg(list, unsigned long);
	}
	va_end(list);
	if (state == CTRACE_STATE_NOT_MET) {
		state = ctrace_call_first_pass(&ctrace_call_sites[CTRACE_CALL_syscall]);
	}
	if (state != 0) {
		code = begin(number, words);
	}
	result = ctrace_real.syscall(number, words[0], words[1], words[2], words[3], words[4],
				     words[5]);
	ctrace_call_end(code, CTRACE_RESULT_ERRNO(result));
	return result;
}

#if defined(__x86_64__)
/* While nobody records, arguments stay where the caller has put them, however many they are. */
__attribute__((naked)) CTRACE_WRAPPER long syscall(__attribute__((unused)) long number, ...)
{
	__asm__("cmpw $0, ctrace_call_states+%c0(%%rip)\n\t"
		"jne " RECORDED "\n\t"
		"jmp *ctrace_real+%c1(%%rip)"
		:
		: "i"(CTRACE_CALL_syscall * sizeof(ctrace_call_states[0])),
		  "i"(offsetof(struct ctrace_real, syscall)));
}
#endif
