/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_ENTRY_H
#define CTRACE_ENTRY_H

/* A call site as the collector knows it. */

#include "tracer/src/limits.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <urcu/rculfhash.h>

struct ctrace_text {
	const char *bytes;
	uint32_t size;
};

/* Never changes, never goes. */
struct ctrace_entry {
	struct cds_lfht_node node; /* intern table of the process itself */
	_Atomic uint64_t hash;
	uint16_t code;
	uint8_t kind;
	uint8_t arg_count;
	uint8_t arg_types[CTRACE_ENTRY_ARGS_MAX]; /* enum ctrace_arg_type, those the kind demands
						     first */
	struct ctrace_text arg_names[CTRACE_ENTRY_ARGS_MAX];
	uint32_t line;
	struct ctrace_text name, category, file, function;
};

/* The categories of calls, which say the layer (SPEC 7.10): no list chooses by them. */
#define CTRACE_CALL_OF_SYSTEM  "syscall"
#define CTRACE_CALL_OF_LIBRARY "library"

/* The category of a collector that the program says nothing of (emit/gc.h): likewise. */
#define CTRACE_GC_OF_LIBRARY "libgc"

/*
 * Those of sites that no list has unless it names them (category.h): of malloc and of locks in a
 * program that is linked with libctrace-alloc, where nothing else says whether they are wanted.
 */
#define CTRACE_NAMED_ALLOC "+alloc"
#define CTRACE_NAMED_LOCKS "+locks"

/* Does this list want this site? Names of threads and processes, calls, locks, memory of malloc and
 * collectors of libraries belong to every list, but for what has to be named. */
bool ctrace_entry_is_in(const struct ctrace_entry *entry, const char *list);

/* How many words stand behind the code of an end of this site. */
unsigned ctrace_entry_end_words(const struct ctrace_entry *entry);

#endif
