/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_API_H
#define CTRACE_API_H

#include <stdbool.h>

/* The one recording that ctrace_start makes, and what the rest of the library does to it. */

/* The process exits: close the trace, end the flight. */
void ctrace_api_exit(void);

/* A forked child has no recording. Safe in a signal handler. */
void ctrace_api_fork_child(void);

/* Categories and ring size for what comes, from the environment. A size out of range is refused:
 * -EINVAL. */
void ctrace_api_default_categories(const char *list);
int ctrace_api_ring_kb(unsigned kilobytes);
int ctrace_api_ring_max_kb(unsigned kilobytes);
int ctrace_api_memory_mb(unsigned megabytes);
/* The same for what happens when rings are full. */
int ctrace_api_ring_policy(const char *name);
int ctrace_api_block_ms(unsigned milliseconds);

#define CTRACE_API_CATEGORIES_MAX 1024
/* What recordings want that do not say so themselves; false: all. */
bool ctrace_api_get_categories(char list[CTRACE_API_CATEGORIES_MAX]);

/* Likewise of sources: -EINVAL, there is no such source, or the list is too long. */
#define CTRACE_API_SOURCES_MAX 257
int ctrace_api_default_sources(const char *list);
bool ctrace_api_get_sources(char list[CTRACE_API_SOURCES_MAX]);

#endif
