/* SPDX-License-Identifier: MIT */

/* ELF files; see symbol_file.h. */

#include "tracer/pprof/symbol_file.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel's own is 8 KiB; what follows it in memory is not ours to copy. */
#define VDSO_BYTES_MAX 65536u

static void read_build_id(struct ctrace_symbol_file *file)
{
	const void *bytes;
	ssize_t size = dwelf_elf_gnu_build_id(file->elf, &bytes);

	if (size > 0 && size <= (ssize_t)sizeof(file->build_id)) {
		memcpy(file->build_id, bytes, (size_t)size);
		file->build_id_size = (uint32_t)size;
	}
}

/* Takes fd. */
static bool open_descriptor(struct ctrace_symbol_file *file, int fd)
{
	struct stat about;

	*file = (struct ctrace_symbol_file){.fd = fd};
	elf_version(EV_CURRENT);
	if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
		file->elf = elf_begin(fd, ELF_C_READ, NULL);
	}
	if (file->elf == NULL || elf_kind(file->elf) != ELF_K_ELF) {
		ctrace_symbol_file_close(file);
		return false;
	}
	file->device = about.st_dev;
	file->inode = about.st_ino;
	read_build_id(file);
	return true;
}

bool ctrace_symbol_file_open(struct ctrace_symbol_file *file, const char *path)
{
	/* Not to wait for a FIFO's writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	*file = (struct ctrace_symbol_file){.elf = NULL};
	return fd >= 0 && open_descriptor(file, fd);
}

/* Its size by its own headers: up to the end of the section headers, which come last. */
static size_t vdso_size(const uint8_t *vdso)
{
	Elf64_Ehdr header;
	size_t size;

	memcpy(&header, vdso, sizeof(header));
	size = (size_t)header.e_shoff + (size_t)header.e_shnum * header.e_shentsize;
	return size <= VDSO_BYTES_MAX ? size : 0;
}

bool ctrace_symbol_file_open_vdso(struct ctrace_symbol_file *file)
{
	const uint8_t *vdso = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	size_t size = vdso != NULL ? vdso_size(vdso) : 0;
	int fd;

	*file = (struct ctrace_symbol_file){.elf = NULL};
	if (size == 0) {
		return false;
	}
	fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd < 0) {
		return false;
	}
	if (write(fd, vdso, size) != (ssize_t)size) {
		close(fd);
		return false;
	}
	return open_descriptor(file, fd);
}

void ctrace_symbol_file_close(struct ctrace_symbol_file *file)
{
	if (file->elf == NULL && file->fd == 0) {
		return;
	}
	elf_end(file->elf);
	close(file->fd);
	*file = (struct ctrace_symbol_file){.elf = NULL};
}

bool ctrace_symbol_file_address(const struct ctrace_symbol_file *file, uint64_t offset,
				uint64_t *address)
{
	size_t count = 0;

	if (elf_getphdrnum(file->elf, &count) != 0) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (gelf_getphdr(file->elf, (int)i, &segment) == NULL ||
		    segment.p_type != PT_LOAD || offset < segment.p_offset ||
		    offset - segment.p_offset >= segment.p_filesz) {
			continue;
		}
		*address = segment.p_vaddr + (offset - segment.p_offset);
		return true;
	}
	return false;
}

static const char *section_name(const struct ctrace_symbol_file *file, Elf_Scn *section,
				GElf_Shdr *header)
{
	size_t names;

	if (gelf_getshdr(section, header) == NULL || elf_getshdrstrndx(file->elf, &names) != 0) {
		return NULL;
	}
	return elf_strptr(file->elf, names, header->sh_name);
}

Elf_Scn *ctrace_symbol_file_section(const struct ctrace_symbol_file *file, const char *name)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(file->elf, section)) != NULL) {
		const char *own = section_name(file, section, &header);

		if (own != NULL && strcmp(own, name) == 0) {
			return header.sh_type != SHT_NOBITS ? section : NULL;
		}
	}
	return NULL;
}

static uint64_t unpacked_bytes(Elf_Scn *section, const GElf_Shdr *header)
{
	GElf_Chdr packed;

	if ((header->sh_flags & SHF_COMPRESSED) != 0 && gelf_getchdr(section, &packed) != NULL) {
		return packed.ch_size;
	}
	return header->sh_size;
}

uint64_t ctrace_symbol_file_debug_bytes(const struct ctrace_symbol_file *file)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	uint64_t sum = 0;

	if (ctrace_symbol_file_section(file, ".debug_info") == NULL &&
	    ctrace_symbol_file_section(file, ".zdebug_info") == NULL) {
		return 0;
	}
	while ((section = elf_nextscn(file->elf, section)) != NULL) {
		const char *name = section_name(file, section, &header);
		uint64_t bytes;

		if (name == NULL || strstr(name, "debug_") == NULL) {
			continue;
		}
		bytes = unpacked_bytes(section, &header);
		sum = bytes > UINT64_MAX - sum ? UINT64_MAX : sum + bytes;
	}
	return sum;
}
