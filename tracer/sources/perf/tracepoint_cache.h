/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACEPOINT_CACHE_H
#define CTRACE_TRACEPOINT_CACHE_H

/*
 * Numbers and fields of the kernel's tracepoints for users who may record them with
 * perf but may not read tracefs: a file that root wrote.
 *
 *     ctrace_tracepoints_write(path, &answer)      as root: `ctrace sources --write-ids`
 *     ctrace_tracepoints_read(path, &layout, …)    as anybody; path: ctrace_tracepoints_path()
 *
 * Its text, by which a wrong number would be a wrong event: the kernel it is for, and
 * of each event the words that tracefs has in its `format` file.
 *
 *     ctrace tracepoints 1
 *     kernel 6.1.0-18-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1
 *     event sched/sched_switch
 *     name: sched_switch
 *     ID: 314
 *     …
 *
 * It is believed if it is a file of root's that only root can write to, and if its kernel
 * is the one that runs, to the build.
 */

#include "tracer/sources/tracefs/tracefs_layout.h"

/* Where the file is, unless CTRACE_TRACEPOINTS says another place (not to setuid programs). */
const char *ctrace_tracepoints_path(void);

/*
 * What this kernel's tracefs says, to `path`, whose folder is made if only that is missing; it is
 * there whole or not at all. False, with the answer why.
 *
 * Blocks: on the disk.  Allocates: yes.
 */
bool ctrace_tracepoints_write(const char *path, struct ctrace_source_answer *answer);

/* The layout without a page's; every event may be missing. False, with the answer why. */
bool ctrace_tracepoints_read(const char *path, struct ctrace_tracefs_layout *layout,
			     struct ctrace_source_answer *answer);

/* The same of a text and the kernel that runs, as uname says it; for tests. */
bool ctrace_tracepoints_parse(char *text, const char *kernel, struct ctrace_tracefs_layout *layout,
			      struct ctrace_source_answer *answer);

/* From tracefs where it can be read, else from the file. False, with the answer why. */
bool ctrace_tracepoints_get(struct ctrace_tracefs_layout *layout,
			    struct ctrace_source_answer *answer);

#endif
