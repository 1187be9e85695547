/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHILD_SEARCH_H
#define CTRACE_CHILD_SEARCH_H

/*
 * Children of a process as /proc knows them, where nobody tells of forks: those of each of its
 * threads. Kernels without CONFIG_PROC_CHILDREN know none.
 *
 * Thread: any.  Blocks: no.  Allocates: as opendir does.
 */

#include <stdbool.h>
#include <stdint.h>

/* Of a process with more threads than these, children of the others are not found. */
#define CTRACE_SEARCH_THREADS_MAX 1024u

/* Does this kernel know them? */
bool ctrace_child_search_is_there(void);

/* Calls `found` for each child of `pid`, those that nobody has waited for among them. */
void ctrace_child_search(uint32_t pid, void (*found)(void *context, uint32_t child), void *context);

#endif
