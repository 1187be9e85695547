/* SPDX-License-Identifier: MIT */

/*
 * Touches PAGES pages that nobody has touched before, on one processor, each once, and says where
 * they were. It rests now and then: the kernel stops samples that come too close.
 *
 *     touch_subject PAGES
 *     FROM TO             addresses, in base 16
 */

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES   4096u
#define WITHOUT_REST 1024u

__attribute__((noinline)) static void touch_pages(volatile char *at, size_t pages)
{
	for (size_t i = 0; i < pages; i++) {
		at[i * PAGE_BYTES] = 1;
		if (i % WITHOUT_REST == 0) {
			usleep(2000);
		}
	}
}

int main(int argument_count, char **arguments)
{
	size_t pages = argument_count > 1 ? strtoul(arguments[1], NULL, 10) : 0;
	size_t bytes = pages * PAGE_BYTES;
	cpu_set_t one;
	char *at;

	CPU_ZERO(&one);
	CPU_SET((unsigned)sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == 0 || at == MAP_FAILED) {
		return 1;
	}
	madvise(at, bytes, MADV_NOHUGEPAGE);
	touch_pages(at, pages);
	printf("%lx %lx\n", (unsigned long)at, (unsigned long)at + bytes);
	return 0;
}
