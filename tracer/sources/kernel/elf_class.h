/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_ELF_CLASS_H
#define CTRACE_ELF_CLASS_H

#include <stdbool.h>
#include <stdint.h>

/* Does this process run a 32-bit program on a 64-bit machine? `path`: of its exec, for when it is
 * gone already. */
bool ctrace_elf_is_compat(uint32_t pid, const char *path);

#endif
