/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SITE_LOG_H
#define CTRACE_SITE_LOG_H

/*
 * What the codes in this process's rings mean, written where it outlives the
 * process: files of records (image.h), each appended before its code is first used.
 *
 * A site without a record stays off: its events could not be told apart.
 * [K] the log is on: stored before all entries are walked; an entry is published before it is
 * loaded. Sequentially consistent: one of the two sees the other.
 */

#include "tracer/src/sites/entry.h"

#include <stdbool.h>
#include <stddef.h>

/* Makes the next file of `bytes` bytes; gives a descriptor, or -1. A signal handler may ask. */
typedef int ctrace_site_file_fn(size_t bytes);
/* So many files are there now. */
typedef void ctrace_site_files_fn(unsigned count);

/* From now on; the caller then appends what is there already. False: no file could be made. */
bool ctrace_site_log_begin(ctrace_site_file_fn *make, ctrace_site_files_fn *tell);

/* True: appended, or there is no log. Thread: any.  Signal handler: yes.  Blocks: no. */
bool ctrace_site_log_add(const struct ctrace_entry *entry);

/* Could this code not be appended? */
bool ctrace_site_log_lacks(unsigned code);

/* In a forked child: the log is its parent's. */
void ctrace_site_log_fork_child(void);

#endif
