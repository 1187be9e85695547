/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KEPT_FILES_H
#define CTRACE_KEPT_FILES_H

/*
 * Descriptors that sources keep open, perhaps in a program that is not theirs: which may close
 * what it does not know and open its own under the same number, and which may fork.
 *
 *     kept = ctrace_kept_add(fd)       what it stands for is remembered
 *       ctrace_kept_is_ours(kept)      does it still?
 *     ctrace_kept_close(kept)          if it does
 *     ctrace_kept_fork_child()         in a child: all of them; what they record is the parent's
 *
 * A perf event is told by its number in the kernel, any other file by its device and inode.
 */

#include <stdbool.h>
#include <stdint.h>

struct ctrace_kept_file;

/*
 * Takes `fd`, 0 or above. NULL without memory, and it is closed.
 * Thread: any.  Blocks: no.  Allocates: yes.
 */
struct ctrace_kept_file *ctrace_kept_add(int fd);

/* Its number. */
int ctrace_kept_fd(const struct ctrace_kept_file *kept);

/* Of a perf event: its number in the kernel. 0: it is none. */
uint64_t ctrace_kept_event(const struct ctrace_kept_file *kept);

bool ctrace_kept_is_ours(const struct ctrace_kept_file *kept);

/* Takes `kept`; NULL is fine. */
void ctrace_kept_close(struct ctrace_kept_file *kept);

/* Close them all, in the only thread of a forked child. Safe in a signal handler. */
void ctrace_kept_fork_child(void);

#endif
