/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RING_DIR_H
#define CTRACE_RING_DIR_H

/*
 * This process's part of a ring directory (image.h): rings that outlive it.
 *
 *     use("/dev/shm/x")    from the environment; the process's folder is made, sites go on
 *       …a thread's first event makes a ring file, a new site a record…
 *       a forked child makes a folder of its own at its first event
 *     end                  exited in good order
 *
 * Everything after `use` is system calls and stores, so that a signal handler's
 * first event may do it. No descriptor is kept, which the program could close and
 * use again: files are opened by path. The process's folder is in own_folder.h.
 */

#include <stdbool.h>

/* Refused with one line on stderr. `categories` is borrowed for ever; NULL: all. */
void ctrace_ring_dir_use(const char *directory, const char *categories);

/* Do this process's rings outlive it? */
bool ctrace_ring_dir_is_used(void);

/* Does another process drain our rings? Then nobody here may. */
bool ctrace_ring_dir_is_drained_outside(void);

/*
 * Leave what this process has mapped in its folder, where it has one; again as it ends. Never
 * more than CTRACE_MAPS_BYTES_MAX. Signal handler: no.  Blocks: no.  Allocates: no.
 */
void ctrace_ring_dir_tell_maps(void);

/* The process ends in good order. */
void ctrace_ring_dir_end(void);

/*
 * The process dies of this signal: one word in its file. For a crash handler.
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.
 */
void ctrace_ring_dir_note_crash(int signal);

/* In a forked child: the folder is its parent's. Safe in a signal handler. */
void ctrace_ring_dir_fork_child(void);

#endif
