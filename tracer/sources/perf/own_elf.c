/* SPDX-License-Identifier: MIT */

/* Segments, build id and call frame information of an ELF file; see own_elf.h. */

#include "tracer/sources/perf/own_elf.h"

#include "format/wire.h"
#include "tracer/sources/perf/own_elf_file.h"
#include "tracer/src/limits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SEGMENTS_BYTES_MAX (16u << 10)
/* Of notes: a build id has 36 bytes, beside a few others. */
#define NOTE_BYTES_MAX 4096u
/* Of .eh_frame_hdr: as far as where .eh_frame is. */
#define HEADER_BYTES 8u

#ifndef SHT_X86_64_UNWIND
#define SHT_X86_64_UNWIND 0x70000001
#endif

/* ---- segments ---- */

static void add_load(struct ctrace_own_elf *elf, const Elf64_Phdr *segment)
{
	if (elf->load_count < CTRACE_OWN_ELF_LOADS) {
		elf->loads[elf->load_count].offset = segment->p_offset;
		elf->loads[elf->load_count].address = segment->p_vaddr;
		elf->loads[elf->load_count].size = segment->p_filesz;
		elf->load_count++;
	}
}

bool ctrace_own_elf_address(const struct ctrace_own_elf *elf, uint64_t offset, uint64_t *address)
{
	for (unsigned i = 0; i < elf->load_count; i++) {
		if (offset >= elf->loads[i].offset &&
		    offset - elf->loads[i].offset < elf->loads[i].size) {
			*address = elf->loads[i].address + (offset - elf->loads[i].offset);
			return true;
		}
	}
	return false;
}

/* And back: *left bytes lie from there on in the same segment. */
static bool offset_of(const struct ctrace_own_elf *elf, uint64_t address, uint64_t *offset,
		      uint64_t *left)
{
	for (unsigned i = 0; i < elf->load_count; i++) {
		uint64_t within = address - elf->loads[i].address;

		if (address >= elf->loads[i].address && within < elf->loads[i].size) {
			*offset = elf->loads[i].offset + within;
			*left = elf->loads[i].size - within;
			return true;
		}
	}
	return false;
}

/* ---- the build id ---- */

static uint64_t padded(uint64_t size)
{
	return (size + 3) & ~UINT64_C(3);
}

static void read_build_id(struct ctrace_own_elf *elf, const uint8_t *bytes, size_t size)
{
	struct ctrace_wire wire = ctrace_wire_over(bytes, size);

	while (wire.fault == CTRACE_WIRE_GOOD && ctrace_wire_left(&wire) > 0) {
		uint32_t name_size = ctrace_wire_u32(&wire), id_size = ctrace_wire_u32(&wire);
		uint32_t type = ctrace_wire_u32(&wire);
		const uint8_t *name = ctrace_wire_take(&wire, padded(name_size));
		const uint8_t *id = ctrace_wire_take(&wire, padded(id_size));

		if (name != NULL && id != NULL && type == NT_GNU_BUILD_ID && name_size == 4 &&
		    memcmp(name, "GNU", 4) == 0 && id_size <= sizeof(elf->build_id)) {
			memcpy(elf->build_id, id, id_size);
			elf->build_id_size = id_size;
			return;
		}
	}
}

static void read_note(struct ctrace_own_elf *elf, const struct ctrace_own_elf_file *file,
		      const Elf64_Phdr *segment)
{
	uint8_t *bytes = ctrace_own_elf_file_load(file, segment->p_offset, segment->p_filesz, 1,
						  NOTE_BYTES_MAX);

	if (bytes != NULL) {
		read_build_id(elf, bytes, segment->p_filesz);
	}
	free(bytes);
}

/* ---- call frame information ---- */

/* As its section says; else to the end of its segment. */
static uint64_t frame_size(const struct ctrace_own_elf_file *file, uint64_t address, uint64_t left)
{
	size_t count;
	Elf64_Shdr *sections = ctrace_own_elf_file_sections(file, &count);
	uint64_t size = left;

	for (size_t i = 0; sections != NULL && i < count; i++) {
		bool is_kind = sections[i].sh_type == SHT_PROGBITS ||
			       sections[i].sh_type == SHT_X86_64_UNWIND;

		if (is_kind && sections[i].sh_addr == address && sections[i].sh_size <= left) {
			size = sections[i].sh_size;
		}
	}
	free(sections);
	return size;
}

/* From one of the two to the end of the other. */
static void load_frames(struct ctrace_own_elf *elf, const struct ctrace_own_elf_file *file,
			const Elf64_Phdr *header, uint64_t frame)
{
	uint64_t offset, left, begin, end, size;

	if (!offset_of(elf, frame, &offset, &left)) {
		return;
	}
	size = frame_size(file, frame, left);
	begin = frame < header->p_vaddr ? frame : header->p_vaddr;
	end = header->p_vaddr + header->p_memsz;
	end = end > frame + size ? end : frame + size;
	if (end < begin || !offset_of(elf, begin, &offset, &left) || end - begin > left) {
		return;
	}
	elf->bytes =
		ctrace_own_elf_file_load(file, offset, end - begin, 1, CTRACE_OWN_FRAMES_BYTES_MAX);
	if (elf->bytes != NULL) {
		elf->frames = (struct ctrace_frame_bytes){.bytes = elf->bytes,
							  .address = begin,
							  .size = end - begin,
							  .header = header->p_vaddr};
	}
}

/* Every linker of today says where .eh_frame is in four bytes, from there on. */
static void read_frames(struct ctrace_own_elf *elf, const struct ctrace_own_elf_file *file,
			const Elf64_Phdr *header)
{
	uint8_t bytes[HEADER_BYTES];

	if (ctrace_own_elf_file_read(file, header->p_offset, bytes, sizeof(bytes)) &&
	    bytes[0] == 1 && bytes[1] == 0x1b) {
		int32_t distance = (int32_t)ctrace_get_le(bytes + 4, 4);

		load_frames(elf, file, header, header->p_vaddr + 4 + (uint64_t)(int64_t)distance);
	}
}

/* ---- all of it ---- */

static void read_segments(struct ctrace_own_elf *elf, const struct ctrace_own_elf_file *file,
			  const Elf64_Phdr *segments, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (segments[i].p_type == PT_LOAD) {
			add_load(elf, &segments[i]);
		} else if (segments[i].p_type == PT_NOTE && elf->build_id_size == 0) {
			read_note(elf, file, &segments[i]);
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (segments[i].p_type == PT_GNU_EH_FRAME && elf->bytes == NULL) {
			read_frames(elf, file, &segments[i]);
		}
	}
}

static bool read_file(struct ctrace_own_elf *elf, const struct ctrace_own_elf_file *file)
{
	size_t count = file->header.e_phnum;
	Elf64_Phdr *segments = NULL;
	struct stat status;

	if (file->fd >= 0 && fstat(file->fd, &status) == 0) {
		elf->device = status.st_dev;
		elf->inode = status.st_ino;
	}
	if (file->header.e_phentsize == sizeof(*segments)) {
		segments = ctrace_own_elf_file_load(file, file->header.e_phoff, count,
						    sizeof(*segments), SEGMENTS_BYTES_MAX);
	}
	if (segments != NULL) {
		read_segments(elf, file, segments, count);
	}
	free(segments);
	return elf->load_count > 0;
}

bool ctrace_own_elf_read(struct ctrace_own_elf *elf, const char *path)
{
	struct ctrace_own_elf_file file;
	bool is_read;

	*elf = (struct ctrace_own_elf){.load_count = 0};
	if (!ctrace_own_elf_file_open(&file, path)) {
		return false;
	}
	is_read = read_file(elf, &file);
	ctrace_own_elf_file_close(&file);
	if (!is_read) {
		ctrace_own_elf_finish(elf);
	}
	return is_read;
}

void ctrace_own_elf_finish(struct ctrace_own_elf *elf)
{
	free(elf->bytes);
	*elf = (struct ctrace_own_elf){.load_count = 0};
}
