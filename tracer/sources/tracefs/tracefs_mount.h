/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACEFS_MOUNT_H
#define CTRACE_TRACEFS_MOUNT_H

/*
 * Where tracefs is: at one of its two usual places, or, where it is mounted nowhere and we may,
 * a mount of our own that stands in no directory and ends with its descriptor.
 */

#include "tracer/sources/source.h"

/* A descriptor of tracefs' root, or -1 with the answer why. */
int ctrace_tracefs_open(struct ctrace_source_answer *answer);

/* Write to a file below; 0 or -errno. */
int ctrace_tracefs_write(int directory, const char *path, const char *text);
/* The same, beside what it holds. */
int ctrace_tracefs_write_more(int directory, const char *path, const char *text);

#endif
