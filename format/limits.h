/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LIMITS_H
#define CTRACE_LIMITS_H

/* Every limit of the format, with its reason. tests/unit/test_limits.c holds each at the limit and
 * one past it. */

#include <stdint.h>

#define CTRACE_FILE_HEADER_BYTES  64u
#define CTRACE_CHUNK_HEADER_BYTES 56u
#define CTRACE_TRAILER_BYTES	  32u

/* SPEC 4: bounds every buffer of a reader, and the step of a salvage. */
#define CTRACE_CHUNK_PAYLOAD_MAX (1u << 20)
/* What writers aim at: large enough for LZ4 to work, small enough to lose. */
#define CTRACE_CHUNK_RAW_AIM (64u << 10)
/* SPEC 4: sums of two ticks stay below 2^63. */
#define CTRACE_SPAN_TICKS_MAX ((UINT64_C(1) << 62) - 1)

/* SPEC 2: any two ticks and any product of ticks and nanoseconds fit a signed 128-bit number. */
#define CTRACE_TICKS_MAX ((UINT64_C(1) << 62) - 1)

/* SPEC 7.1: what a person reads of a recording, not a place for data. */
#define CTRACE_META_KEY_BYTES_MAX   4096u
#define CTRACE_META_VALUE_BYTES_MAX 65536u
#define CTRACE_META_MAX		    1024u

/* SPEC 7.2: names, not logs. */
#define CTRACE_STRING_BYTES_MAX	       4096u
#define CTRACE_STRINGS_MAX	       1000000u
#define CTRACE_STRINGS_TOTAL_BYTES_MAX (256u << 20)

/* SPEC 7.3: an operation of a site fits in four varint bytes. */
#define CTRACE_SITE_MAX	     16777215u
#define CTRACE_SITE_ARGS_MAX 16u

#define CTRACE_SITES_MAX 1000000u

/* SPEC 7.4 and 7.6: more than any machine has; a clock row a second for eleven days. */
#define CTRACE_PROCESSES_MAX 65536u
#define CTRACE_CLOCKS_MAX    1000000u

/* SPEC 7.5: thread churn is real. */
#define CTRACE_THREADS_MAX 65536u

/* SPEC 7.9: a buffer per CPU and source on the largest machines. */
#define CTRACE_BUFFERS_MAX 4096u

/* SPEC 7.10: ten times what a kernel and the C library offer together; readers index by it. */
#define CTRACE_CALL_MAX 65535u

/*
 * SPEC 7.11. A reader indexes by each: at most 64 MB of stacks, 32 MB of frames and 5 MB of
 * modules; that is an hour of samples, 1000 a second, of which every one were a stack of its own. A
 * deeper one is a recursion, of which the innermost part tells all.
 */
#define CTRACE_STACK_MAX	  4000000u
#define CTRACE_STACK_FRAMES_MAX	  512u
#define CTRACE_FRAME_MAX	  1000000u
#define CTRACE_MODULE_MAX	  65535u
#define CTRACE_BUILD_ID_BYTES_MAX 64u

/* SPEC 7.12: kinds of instruments, not instances. */
#define CTRACE_SOURCES_MAX 256u

/* SPEC 7.13: one open() a millisecond for a quarter of an hour. */
#define CTRACE_FILES_MAX 1000000u

/* SPEC 8: a stack and a screen have an end. */
#define CTRACE_OPEN_SPANS_MAX 1024u

/* SPEC 2. */
#define CTRACE_VARINT_BYTES_MAX 10u

#endif
