/* SPDX-License-Identifier: MIT */

/* A library that uses libgc, for a program that does not know it: see gc_loader.c. */

#include <gc/gc.h>

unsigned long collect(int times);

/* Returns how many collections there were. */
unsigned long collect(int times)
{
	GC_INIT();
	for (int i = 0; i < times; i++) {
		GC_gcollect();
	}
	return GC_get_gc_no();
}
