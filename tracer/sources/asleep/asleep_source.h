/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_ASLEEP_SOURCE_H
#define CTRACE_ASLEEP_SOURCE_H

/*
 * `asleep`: where threads are that do not run. Each is looked at in turn, from outside
 * (thread_look.h), at most every CTRACE_ASLEEP_LOOK_MS and all together for at most
 * CTRACE_ASLEEP_PERCENT of a processor's time; so of very many each one more rarely. A thread that
 * sleeps is told with its stack (SPEC 8.4, thread_stack): once, if it has not run since, again
 * only every CTRACE_ASLEEP_TELL_MS.
 *
 * Needs no rights and nothing in the program.
 */

#include "tracer/sources/source.h"

#define CTRACE_ASLEEP_LOOK_MS 100u
#define CTRACE_ASLEEP_TELL_MS 1000u
#define CTRACE_ASLEEP_PERCENT 1u

extern const struct ctrace_source ctrace_source_asleep;
/* Of our own process: only where it is named. */
extern const struct ctrace_source ctrace_source_own_asleep;

#endif
