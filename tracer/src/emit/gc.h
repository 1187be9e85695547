/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_GC_H
#define CTRACE_GC_H

/*
 * What collectors of memory do (SPEC 8.7), as TRACE_GC_BEGIN and its relatives and a preloaded
 * library record it. In a ring:
 *
 *     code of GC_BEGIN   something begins; one word, its kind
 *     code | 0x8000      it is over; two words, bytes alive and bytes freed
 *     code of GC_HEAP    one word, the heap's bytes
 *     code of GC_THREAD  two words: a tid, and whether the thread is stopped
 */

#include "tracer/src/ring/ring.h"

/* Behind the code of an end. */
#define CTRACE_GC_END_WORDS 2u

/* A code on a thread's stack of begins (TRACE_BEGIN's too) that is a collector's: whoever ends it
 * writes the words. */
#define CTRACE_GC_CODE CTRACE_END_BIT

#endif
