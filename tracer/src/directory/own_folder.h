/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_OWN_FOLDER_H
#define CTRACE_OWN_FOLDER_H

/*
 * This process's folder in a ring directory (image.h), and the files in it: what it says of itself,
 * its sites, its rings. Whoever needs it first makes it: at start, or by a forked child's first
 * event.
 *
 *     [M] making: compare-and-swap by who makes the folder, release when it stands; acquire by who
 *         asks or waits.
 *     [I] as in image.h: release of what stands in a file, before its mark or its count.
 *
 * Everything is system calls and stores.
 * Thread: any.  Signal handler: yes.  Blocks: while another thread makes the folder.  Allocates:
 * no.
 */

#include "tracer/src/image.h"
#include "tracer/src/ring/ring_memory.h"

#include <limits.h>
#include <stdbool.h>

/* Room for "/4711-0123456789abcdef/sites-4096". */
#define CTRACE_FOLDER_NAME_BYTES 64u
/* For the path of a file in it. */
#define CTRACE_FOLDER_PATH_BYTES (PATH_MAX + 2 * CTRACE_FOLDER_NAME_BYTES)

/* Where it will be; borrows `directory` for ever. Before anything else. */
void ctrace_own_folder_set_root(const char *directory);

/* Make it where it is not there yet. False: it cannot be made. */
bool ctrace_own_folder_need(void);
bool ctrace_own_folder_is_made(void);
/* Of no use unless it is made. */
const char *ctrace_own_folder_path(void);

/* Files for rings, in it. */
const struct ctrace_ring_files *ctrace_own_folder_ring_files(void);

/* How the process ends, where it has a folder. */
void ctrace_own_folder_note_end(enum ctrace_ended ended, int signal);

/* In a forked child: the folder is its parent's. */
void ctrace_own_folder_fork_child(void);

#endif
