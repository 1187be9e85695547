/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CALL_NAMES_H
#define CTRACE_CALL_NAMES_H

/*
 * Names of system calls, from the headers this was built with (call_table.py), and
 * their numbers in a trace: those of this architecture's own table as they are, those of its 32-bit
 * table CTRACE_CALL_COMPAT above. Numbers from CTRACE_CALL_LIBRARY_FIRST on are for library
 * functions.
 */

#include "tracer/sources/kernel/source_trace.h"

#define CTRACE_CALL_COMPAT	  4096u
#define CTRACE_CALL_UNKNOWN	  8191u /* a number no table can have */
#define CTRACE_CALL_LIBRARY_FIRST 8192u

/* NULL without memory. */
struct ctrace_call_names *ctrace_call_names_create(void);
void ctrace_call_names_destroy(struct ctrace_call_names *names);

/* The name of one of the kernel's, by its number in a trace; NULL: not known. */
const char *ctrace_call_name(uint32_t call);

/* The kernel's number as the trace's; its row is written when it first comes by. */
uint32_t ctrace_call_number(struct ctrace_source_trace *trace, int64_t number, bool is_compat);

/* What a call of that number does with descriptors (call_deeds.h); it has come by before. */
unsigned ctrace_call_number_deeds(const struct ctrace_source_trace *trace, uint32_t call);

#endif
