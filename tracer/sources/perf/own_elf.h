/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_OWN_ELF_H
#define CTRACE_OWN_ELF_H

/*
 * What samples need of an ELF file of this machine's kind, read by hand: in a program
 * that records itself no library is loaded for it. It is read, never mapped: a file that is cut
 * meanwhile is a failed read. No byte is trusted; what is read is bounded.
 *
 *     ctrace_own_elf_read(&elf, path)             its segments, build id, call frame information
 *       ctrace_own_elf_address(&elf, offset, &a)  from what is mapped to what its tables count
 *     ctrace_own_elf_finish(&elf)
 *     ctrace_own_names_read(&names, path)         functions, when names are wanted
 *       ctrace_own_names_find(&names, address)
 *     ctrace_own_names_finish(&names)
 */

#include "tracer/sources/perf/frame_table.h"

#include <sys/types.h>

#define CTRACE_OWN_ELF_LOADS	      16u
#define CTRACE_OWN_ELF_BUILD_ID_BYTES 20u

struct ctrace_own_elf {
	struct {
		uint64_t offset, address, size;
	} loads[CTRACE_OWN_ELF_LOADS];
	unsigned load_count;
	uint8_t build_id[CTRACE_OWN_ELF_BUILD_ID_BYTES];
	uint32_t build_id_size; /* 0: it has none that is as long as usual */
	dev_t device;
	ino_t inode;
	uint8_t *bytes; /* owned: what `frames` borrows */
	struct ctrace_frame_bytes frames;
};

/*
 * `path` may be "[vdso]". False: it cannot be read, or is no such file; `elf` is zeroed then.
 * Call frame information of more than CTRACE_OWN_FRAMES_BYTES_MAX is left out.
 *
 * Blocks: on the disk.  Allocates: yes.
 */
bool ctrace_own_elf_read(struct ctrace_own_elf *elf, const char *path);
/* Takes zeroed ones. */
void ctrace_own_elf_finish(struct ctrace_own_elf *elf);

/* False: the byte at `offset` of the file is not loaded. */
bool ctrace_own_elf_address(const struct ctrace_own_elf *elf, uint64_t offset, uint64_t *address);

struct ctrace_own_name {
	uint64_t address, size;
	uint32_t name; /* in texts */
};

struct ctrace_own_names {
	struct ctrace_own_name *list; /* owned; by address */
	size_t count;
	char *texts; /* owned; ended by a NUL */
	size_t texts_size;
};

/* Of .symtab, or else of .dynsym. False: it has neither, or they are larger than
 * CTRACE_OWN_SYMBOLS_BYTES_MAX. Blocks, allocates: likewise. */
bool ctrace_own_names_read(struct ctrace_own_names *names, const char *path);
/* Takes zeroed ones. */
void ctrace_own_names_finish(struct ctrace_own_names *names);

/* NULL: no function is there. Borrows. */
const char *ctrace_own_names_find(const struct ctrace_own_names *names, uint64_t address);

#endif
