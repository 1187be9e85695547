/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PRELOAD_SOURCE_H
#define CTRACE_PRELOAD_SOURCE_H

/*
 * `preload`: libctrace-preload.so in the program and in all that it starts, by LD_PRELOAD. Its
 * events come through the rings that the recorder follows anyway.
 */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_preload;

/*
 * Another library of ours, put there likewise; once. False, with the answer why.
 */
bool ctrace_preload_put_library(const char *name, const struct ctrace_source_before *before,
				struct ctrace_source_answer *answer);

/* Is this library of ours there, and can it be named to the loader? */
void ctrace_preload_probe_library(const char *name, struct ctrace_source_answer *answer);

/* Is the library there, and can it be named to the loader? */
void ctrace_preload_probe(struct ctrace_source_answer *answer);

/*
 * Put it into the environment of the program that will be forked, once. `calls`: what it shall
 * record of calls, as CTRACE_CALLS says it; NULL: nothing, unless a source before has said so.
 * False, with the answer why.
 */
bool ctrace_preload_put(const struct ctrace_source_before *before, const char *calls,
			struct ctrace_source_answer *answer);

#endif
