/* SPDX-License-Identifier: MIT */

/* Perf records as they lie in a ring; see perf_record.h and perf_event_open(2). */

#include "tracer/sources/perf/perf_record.h"

#include "format/wire.h"

#include <string.h>

/* Who, when, where: what sample_id_all adds to a record's end; and of which event, if asked for. */
#define SIDE_BYTES  24u
#define EVENT_BYTES 8u
#define SIDE_TIME   8u
/* Of a sample: the header, ip, tid. */
#define SAMPLE_TIME 24u

/* How a mapping's record holds the file's identity (misc bit) since Linux 5.12. */
#ifndef PERF_RECORD_MISC_MMAP_BUILD_ID
#define PERF_RECORD_MISC_MMAP_BUILD_ID (1 << 14)
#endif

static size_t side_bytes(uint64_t sample_type)
{
	return SIDE_BYTES + (sample_type & CTRACE_PERF_EVENT_TYPE ? EVENT_BYTES : 0);
}

static const uint8_t *bytes_of(const struct perf_event_header *header)
{
	return (const uint8_t *)header;
}

uint64_t ctrace_perf_record_time(const struct perf_event_header *header, uint64_t sample_type)
{
	size_t at = SAMPLE_TIME - (sample_type & PERF_SAMPLE_IP ? 0 : 8);

	if (header->type != PERF_RECORD_SAMPLE) {
		size_t side = side_bytes(sample_type);

		at = header->size < side ? SIZE_MAX : header->size - side + SIDE_TIME;
	}
	if (header->size < 8 || at > header->size - 8u) {
		return 0;
	}
	return ctrace_get_le(bytes_of(header) + at, 8);
}

/* The kernel pads texts with NULs to eight bytes; one of them must be there. */
static const char *read_text(struct ctrace_wire *wire)
{
	size_t size = ctrace_wire_left(wire);
	const uint8_t *text = ctrace_wire_take(wire, size);

	if (text == NULL || memchr(text, 0, size) == NULL) {
		ctrace_wire_fail(wire, CTRACE_WIRE_SHORT);
		return "";
	}
	return (const char *)text;
}

static void read_task(struct ctrace_wire *wire, struct ctrace_perf_record *record)
{
	record->pid = ctrace_wire_u32(wire);
	record->parent_pid = ctrace_wire_u32(wire);
	record->tid = ctrace_wire_u32(wire);
	record->parent_tid = ctrace_wire_u32(wire);
}

static void read_comm(struct ctrace_wire *wire, struct ctrace_perf_record *record)
{
	record->pid = ctrace_wire_u32(wire);
	record->tid = ctrace_wire_u32(wire);
	record->name = read_text(wire);
}

static void read_file_identity(struct ctrace_wire *wire, struct ctrace_perf_map *map)
{
	uint64_t major = ctrace_wire_u32(wire), minor = ctrace_wire_u32(wire);

	map->device = major << 32 | minor;
	map->inode = ctrace_wire_u64(wire);
	ctrace_wire_u64(wire); /* generation: never told to stat's callers */
}

static void read_build_id(struct ctrace_wire *wire, struct ctrace_perf_map *map)
{
	uint8_t size = ctrace_wire_u8(wire);
	const uint8_t *bytes;

	ctrace_wire_take(wire, 3);
	bytes = ctrace_wire_take(wire, sizeof(map->build_id));
	if (bytes != NULL && size <= sizeof(map->build_id)) {
		map->build_id_size = size;
		memcpy(map->build_id, bytes, size);
	}
}

static void read_map(struct ctrace_wire *wire, struct ctrace_perf_record *record)
{
	struct ctrace_perf_map *map = &record->map;

	record->pid = ctrace_wire_u32(wire);
	record->tid = ctrace_wire_u32(wire);
	map->start = ctrace_wire_u64(wire);
	map->size = ctrace_wire_u64(wire);
	map->file_offset = ctrace_wire_u64(wire);
	if (record->misc & PERF_RECORD_MISC_MMAP_BUILD_ID) {
		read_build_id(wire, map);
	} else {
		read_file_identity(wire, map);
	}
	ctrace_wire_u64(wire); /* protection, flags: only what can run is told of */
	map->path = read_text(wire);
}

static void read_lost(struct ctrace_wire *wire, struct ctrace_perf_record *record)
{
	if (record->type == PERF_RECORD_LOST) {
		ctrace_wire_u64(wire); /* the event's id, which we did not ask for */
	}
	record->lost = ctrace_wire_u64(wire);
}

static void read_registers(struct ctrace_wire *wire, struct ctrace_perf_sample *sample)
{
	sample->has_registers = ctrace_wire_u64(wire) == PERF_SAMPLE_REGS_ABI_64;
	if (sample->has_registers) {
		sample->frame_pointer = ctrace_wire_u64(wire);
		sample->stack_pointer = ctrace_wire_u64(wire);
		sample->instruction = ctrace_wire_u64(wire);
	}
}

static void read_stack(struct ctrace_wire *wire, struct ctrace_perf_sample *sample)
{
	uint64_t room = ctrace_wire_u64(wire), used;

	sample->stack = ctrace_wire_take(wire, room);
	if (room == 0) {
		return;
	}
	used = ctrace_wire_u64(wire);
	sample->stack_size = used <= room ? used : 0;
}

static void read_raw(struct ctrace_wire *wire, struct ctrace_perf_record *record)
{
	record->pid = ctrace_wire_u32(wire);
	record->tid = ctrace_wire_u32(wire);
	record->time = ctrace_wire_u64(wire);
	record->cpu = ctrace_wire_u32(wire);
	ctrace_wire_u32(wire);
	record->raw.size = ctrace_wire_u32(wire);
	record->raw.bytes = ctrace_wire_take(wire, record->raw.size);
}

static void read_sample(struct ctrace_wire *wire, struct ctrace_perf_record *record,
			uint64_t sample_type)
{
	struct ctrace_perf_sample *sample = &record->sample;

	sample->ip = ctrace_wire_u64(wire);
	record->pid = ctrace_wire_u32(wire);
	record->tid = ctrace_wire_u32(wire);
	record->time = ctrace_wire_u64(wire);
	sample->address = sample_type & PERF_SAMPLE_ADDR ? ctrace_wire_u64(wire) : 0;
	record->event = sample_type & CTRACE_PERF_EVENT_TYPE ? ctrace_wire_u64(wire) : 0;
	record->cpu = ctrace_wire_u32(wire);
	ctrace_wire_u32(wire);
	sample->period = sample_type & PERF_SAMPLE_PERIOD ? ctrace_wire_u64(wire) : 0;
	sample->chain_count = ctrace_wire_u64(wire);
	if (sample->chain_count > ctrace_wire_left(wire) / 8) {
		ctrace_wire_fail(wire, CTRACE_WIRE_SHORT);
		return;
	}
	sample->chain = ctrace_wire_take(wire, sample->chain_count * 8);
	if (sample_type & PERF_SAMPLE_REGS_USER) {
		/* A thread of the kernel has none, and then only says so. */
		read_registers(wire, sample);
		read_stack(wire, sample);
	}
}

/* The end of a record: who and when; sets the wire to what is before it. */
static bool read_side(struct ctrace_wire *wire, struct ctrace_perf_record *record,
		      uint64_t sample_type)
{
	size_t size = side_bytes(sample_type);
	struct ctrace_wire side;

	if (ctrace_wire_left(wire) < size) {
		return false;
	}
	wire->end -= size;
	side = ctrace_wire_over(wire->end, size);
	record->pid = ctrace_wire_u32(&side);
	record->tid = ctrace_wire_u32(&side);
	record->time = ctrace_wire_u64(&side);
	record->event = sample_type & CTRACE_PERF_EVENT_TYPE ? ctrace_wire_u64(&side) : 0;
	record->cpu = ctrace_wire_u32(&side);
	return true;
}

static void read_body(struct ctrace_wire *wire, struct ctrace_perf_record *record)
{
	switch (record->type) {
	case PERF_RECORD_COMM:
		read_comm(wire, record);
		return;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		read_task(wire, record);
		return;
	case PERF_RECORD_MMAP2:
		read_map(wire, record);
		return;
	case PERF_RECORD_LOST:
	case PERF_RECORD_LOST_SAMPLES:
		read_lost(wire, record);
		return;
	default: /* a switch says all at its end; others are of no use */
		return;
	}
}

bool ctrace_perf_record_read(struct ctrace_perf_record *record,
			     const struct perf_event_header *header, uint64_t sample_type)
{
	struct ctrace_wire wire = ctrace_wire_over(bytes_of(header), header->size);

	*record = (struct ctrace_perf_record){.type = header->type, .misc = header->misc};
	ctrace_wire_take(&wire, sizeof(*header));
	if (record->type == PERF_RECORD_SAMPLE && sample_type & PERF_SAMPLE_RAW) {
		read_raw(&wire, record);
	} else if (record->type == PERF_RECORD_SAMPLE) {
		read_sample(&wire, record, sample_type);
	} else if (read_side(&wire, record, sample_type)) {
		read_body(&wire, record);
	} else {
		return false;
	}
	return wire.fault == CTRACE_WIRE_GOOD;
}
