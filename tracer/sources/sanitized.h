/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SANITIZED_H
#define CTRACE_SANITIZED_H

/* Programs that end at once with anything in LD_PRELOAD: those that gcc linked with a sanitizer. */

#include <stdbool.h>

/*
 * Does this program, found as execvp finds it, name a sanitizer's library among its strings? False
 * also if it cannot be read. Thread: any.  Signal handler: no.  Blocks: on the file.
 */
bool ctrace_sanitized_is(const char *program);

#endif
