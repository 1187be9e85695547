/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SYMBOL_FILE_H
#define CTRACE_SYMBOL_FILE_H

/*
 * A program, a library, or what holds the debugging information of one: an ELF
 * file, open. It stays readable when its name is gone or another file has it.
 *
 *     ctrace_symbol_file_open(&file, path)   or _open_vdso(&file)
 *       ctrace_symbol_file_address(…)        from what is mapped to what its tables count
 *     ctrace_symbol_file_close(&file)
 *
 * It is read, never mapped: a file that is cut while we look is a failed read, not
 * a SIGBUS. No byte of it is trusted; libelf checks what it parses, we bound what we
 * add up.
 */

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* As many as a trace keeps; linkers make 16 or 20. */
#define CTRACE_SYMBOL_BUILD_ID_BYTES 64u

struct ctrace_symbol_file {
	Elf *elf; /* owned; NULL: not open */
	int fd;	  /* owned */
	uint8_t build_id[CTRACE_SYMBOL_BUILD_ID_BYTES];
	uint32_t build_id_size; /* 0: it has none */
	dev_t device;
	ino_t inode;
};

/*
 * False: it cannot be opened, or is no ELF file; `file` is zeroed then.
 * Thread: any.  Blocks: on the disk.  Allocates: yes.
 */
bool ctrace_symbol_file_open(struct ctrace_symbol_file *file, const char *path);
/* What the kernel lends each process, as this one sees it. */
bool ctrace_symbol_file_open_vdso(struct ctrace_symbol_file *file);
/* Takes zeroed ones. */
void ctrace_symbol_file_close(struct ctrace_symbol_file *file);

/* Where the byte at `offset` of the file is in its tables' own count. False: it is not loaded. */
bool ctrace_symbol_file_address(const struct ctrace_symbol_file *file, uint64_t offset,
				uint64_t *address);

/* Bytes of its debugging information once unpacked; 0: it has none. */
uint64_t ctrace_symbol_file_debug_bytes(const struct ctrace_symbol_file *file);

/* The section of this name, NULL if there is none. */
Elf_Scn *ctrace_symbol_file_section(const struct ctrace_symbol_file *file, const char *name);

#endif
