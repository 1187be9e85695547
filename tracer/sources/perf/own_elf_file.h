/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_OWN_ELF_FILE_H
#define CTRACE_OWN_ELF_FILE_H

/* The bytes of an ELF file, for own_elf.c and own_names.c: of a file, or what the kernel lends each
 * process as "[vdso]". */

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctrace_own_elf_file {
	int fd;		       /* owned; -1: it is memory */
	const uint8_t *memory; /* borrows for ever */
	uint64_t memory_size;
	Elf64_Ehdr header;
};

/* False: it cannot be opened, or is no file of this machine's kind; nothing is open then. */
bool ctrace_own_elf_file_open(struct ctrace_own_elf_file *file, const char *path);
void ctrace_own_elf_file_close(struct ctrace_own_elf_file *file);

/* All of them or false. */
bool ctrace_own_elf_file_read(const struct ctrace_own_elf_file *file, uint64_t offset, void *into,
			      size_t size);

/* `count` pieces of `size`, at most `most` bytes in all, to be freed. NULL: no. */
void *ctrace_own_elf_file_load(const struct ctrace_own_elf_file *file, uint64_t offset,
			       uint64_t count, size_t size, uint64_t most);

/* Its sections, *count of them, to be freed; NULL: it has none. */
Elf64_Shdr *ctrace_own_elf_file_sections(const struct ctrace_own_elf_file *file, size_t *count);

#endif
