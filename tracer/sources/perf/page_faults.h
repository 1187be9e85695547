/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PAGE_FAULTS_H
#define CTRACE_PAGE_FAULTS_H

/*
 * `faults`: who touched memory that had no page yet, and where: every CTRACE_FAULT_PERIOD-th fault
 * of each thread on each processor, which stands for so many, with its stack. Any user may have it
 * of his own programs; faults that the kernel takes on their behalf (a read into fresh memory) are
 * among them for who may see the kernel.
 */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_faults;

#endif
