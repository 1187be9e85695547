/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PROC_TEXT_H
#define CTRACE_PROC_TEXT_H

/* Files of /proc and the like, read whole: they are small, and gone when their process is. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Read at most size - 1 bytes and end them with a NUL. The bytes read, or -errno. */
ssize_t ctrace_proc_text(const char *path, char *text, size_t size);

/* The same below a directory. */
ssize_t ctrace_proc_text_at(int directory, const char *path, char *text, size_t size);

struct ctrace_proc_ids {
	uint32_t pid; /* its process: Tgid */
	uint32_t parent_pid;
};

/* Of a thread. False: it is gone. */
bool ctrace_proc_ids(uint32_t tid, struct ctrace_proc_ids *ids);

/* The number behind a word at a line's beginning: "Tgid:", "overrun:". False: no such line. */
bool ctrace_proc_number(const char *text, const char *word, uint64_t *number);

#endif
