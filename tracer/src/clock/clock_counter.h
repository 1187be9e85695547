/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CLOCK_COUNTER_H
#define CTRACE_CLOCK_COUNTER_H

/* The processor's own counter, and the address below which a new frame begins. One variant per
 * processor. */

#if defined(__x86_64__)
#include "tracer/src/clock/clock_x86.h"
#elif defined(__aarch64__)
#include "tracer/src/clock/clock_arm64.h"
#else
#include "tracer/src/clock/clock_none.h"
#endif

#endif
