/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CANONICAL_KERNEL_H
#define CTRACE_CANONICAL_KERNEL_H

/* The tables of SPEC 7.9 to 7.13 in the canonical form. */

#include "format/reader.h"

void ctrace_canonical_kernel_tables(const struct ctrace_trace *trace);

/* Of canonical.c: a space, then the string in quotes. */
void ctrace_canonical_name(const struct ctrace_trace *trace, uint32_t id);

#endif
