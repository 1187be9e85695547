/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_CALL_RESULTS_H
#define CTRACE_PRELOAD_CALL_RESULTS_H

/*
 * What a call returned, as the trace tells it (SPEC 8.4): a failure is -errno. To be asked
 * before anything else can change errno.
 */

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

static inline int64_t ctrace_result_number(int64_t result)
{
	return result > 0 ? -result : result;
}

/* The errors of getaddrinfo are not those of errno; the nearest. */
static inline int64_t ctrace_result_resolved(int result)
{
	switch (result) {
	case 0:
		return 0;
	case EAI_SYSTEM:
		return -errno;
	case EAI_AGAIN:
		return -EAGAIN;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_NONAME:
	case EAI_NODATA:
		return -ENOENT;
	case EAI_OVERFLOW:
		return -EOVERFLOW;
	default:
		return -EINVAL;
	}
}

/* By the words of calls.def. */
#define CTRACE_RESULT_ERRNO(r)	  ((r) == -1 ? -(int64_t)errno : (int64_t)(r))
#define CTRACE_RESULT_ENDED(r)	  ((r) == EOF ? -(int64_t)errno : (int64_t)(r))
#define CTRACE_RESULT_NULLED(r)	  ((r) == NULL ? -(int64_t)errno : (int64_t)(r))
#define CTRACE_RESULT_MAPPED(r)	  ((r) == MAP_FAILED ? -(int64_t)errno : (int64_t)(r))
#define CTRACE_RESULT_VALUE(r)	  ((int64_t)(r))
#define CTRACE_RESULT_NUMBER(r)	  ctrace_result_number(r)
#define CTRACE_RESULT_RESOLVED(r) ctrace_result_resolved(r)

#endif
