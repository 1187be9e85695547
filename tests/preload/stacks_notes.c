/* SPDX-License-Identifier: MIT */

/* Where blocks were got, as the C library sees it; see stacks_host.h. */

#define _GNU_SOURCE
#include "tests/preload/stacks_host.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NOTES_MAX  32768
#define FRAMES_MAX 160
/* Above every size that libraries ask for. */
#define SIZE_FIRST 100000

static struct note {
	size_t size;
	int count;
	void *frames[FRAMES_MAX];
} notes[NOTES_MAX];
static _Atomic unsigned used;
static _Atomic size_t sizes = SIZE_FIRST;

size_t unnoted_size(void)
{
	return atomic_fetch_add_explicit(&sizes, 1, memory_order_relaxed);
}

size_t note_stack(void)
{
	unsigned at = atomic_fetch_add_explicit(&used, 1, memory_order_relaxed);
	struct note *note = &notes[at];

	if (at >= NOTES_MAX) {
		abort();
	}
	note->size = unnoted_size();
	note->count = backtrace(note->frames, FRAMES_MAX);
	return note->size;
}

/* Where a handler returns to: mov rax, rt_sigreturn; syscall. Who was interrupted goes on at the
 * very place. */
static int is_restorer(const void *address)
{
	static const unsigned char code[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
	Dl_info module;

	return dladdr(address, &module) != 0 && memcmp(address, code, sizeof(code)) == 0;
}

static void print_place(uintptr_t address)
{
	Dl_info module;

	/* NOLINTNEXTLINE: backtrace gives pointers */
	if (dladdr((void *)address, &module) == 0) {
		printf(" ?+0x0");
		return;
	}
	printf(" %s+0x%lx", strrchr(module.dli_fname, '/') + 1,
	       (unsigned long)(address - (uintptr_t)module.dli_fbase));
}

void print_notes(void)
{
	for (unsigned i = 0; i < used; i++) {
		printf("%zu", notes[i].size);
		/* Without our own. */
		for (int k = 1; k < notes[i].count; k++) {
			print_place((uintptr_t)notes[i].frames[k] -
				    !(k > 1 && is_restorer(notes[i].frames[k - 1])));
		}
		printf("\n");
	}
	fflush(stdout);
}

void forget_notes(void)
{
	used = 0;
}
