/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PREAD_H
#define CTRACE_PREAD_H

/* Reading a place of a file, whatever signals and short reads come between. */

#include <stddef.h>
#include <stdint.h>

/* How many of `size` bytes at `offset` there were; -1 with errno on failure. */
int64_t ctrace_pread_all(int fd, void *bytes, size_t size, uint64_t offset);

#endif
