/* SPDX-License-Identifier: MIT */

/* Reading an ELF file piece by piece; see own_elf_file.h. */

#include "tracer/sources/perf/own_elf_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* Two or three pages. */
#define VDSO_BYTES_MAX (64u << 10)
/* Those of a program compiled with a section for each function are left in its object files. */
#define SECTIONS_BYTES_MAX (256u << 10)

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#else
#define OWN_MACHINE EM_AARCH64
#endif

static bool open_vdso(struct ctrace_own_elf_file *file)
{
	const uint8_t *vdso = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);

	if (vdso == NULL) {
		return false;
	}
	memcpy(&file->header, vdso, sizeof(file->header));
	file->memory = vdso;
	file->memory_size =
		file->header.e_shoff + (uint64_t)file->header.e_shnum * file->header.e_shentsize;
	return file->memory_size <= VDSO_BYTES_MAX;
}

static bool is_own_kind(const Elf64_Ehdr *header)
{
	return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
	       header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == ELFDATA2LSB &&
	       header->e_machine == OWN_MACHINE;
}

bool ctrace_own_elf_file_open(struct ctrace_own_elf_file *file, const char *path)
{
	bool is_open;

	*file = (struct ctrace_own_elf_file){.fd = -1};
	if (strcmp(path, "[vdso]") == 0) {
		return open_vdso(file) && is_own_kind(&file->header);
	}
	/* Not blocked by a pipe that has got the name. */
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file->fd < 0) {
		return false;
	}
	is_open = ctrace_own_elf_file_read(file, 0, &file->header, sizeof(file->header)) &&
		  is_own_kind(&file->header);
	if (!is_open) {
		ctrace_own_elf_file_close(file);
	}
	return is_open;
}

void ctrace_own_elf_file_close(struct ctrace_own_elf_file *file)
{
	if (file->fd >= 0) {
		close(file->fd);
		file->fd = -1;
	}
}

static bool read_memory(const struct ctrace_own_elf_file *file, uint64_t offset, void *into,
			size_t size)
{
	if (offset > file->memory_size || size > file->memory_size - offset) {
		return false;
	}
	memcpy(into, file->memory + offset, size);
	return true;
}

bool ctrace_own_elf_file_read(const struct ctrace_own_elf_file *file, uint64_t offset, void *into,
			      size_t size)
{
	uint8_t *at = into;

	if (file->memory != NULL) {
		return read_memory(file, offset, into, size);
	}
	while (size > 0 && offset <= INT64_MAX) {
		ssize_t got = pread(file->fd, at, size, (off_t)offset);

		if (got <= 0) {
			return false;
		}
		at += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return size == 0;
}

void *ctrace_own_elf_file_load(const struct ctrace_own_elf_file *file, uint64_t offset,
			       uint64_t count, size_t size, uint64_t most)
{
	void *bytes;

	if (count == 0 || size == 0 || count > most / size) {
		return NULL;
	}
	bytes = malloc((size_t)count * size);
	if (bytes != NULL && !ctrace_own_elf_file_read(file, offset, bytes, (size_t)count * size)) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

Elf64_Shdr *ctrace_own_elf_file_sections(const struct ctrace_own_elf_file *file, size_t *count)
{
	*count = file->header.e_shnum;
	return file->header.e_shentsize == sizeof(Elf64_Shdr)
		       ? ctrace_own_elf_file_load(file, file->header.e_shoff, *count,
						  sizeof(Elf64_Shdr), SECTIONS_BYTES_MAX)
		       : NULL;
}
