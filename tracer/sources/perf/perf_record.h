/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PERF_RECORD_H
#define CTRACE_PERF_RECORD_H

/*
 * A perf record, taken apart. Records of the kernel's own doing (switches, names,
 * forks, mappings) end with who, when and where, because our events ask for it
 * (sample_id_all); samples begin with it.
 *
 * Every event of ours has a sample_type of CTRACE_PERF_SIDE_TYPE, of CTRACE_PERF_RAW_TYPE,
 * of CTRACE_PERF_SAMPLE_TYPE or of CTRACE_PERF_FAULT_TYPE, these two with or without
 * CTRACE_PERF_STACK_TYPE, each with or without CTRACE_PERF_EVENT_TYPE: the parser knows no others.
 */

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CTRACE_PERF_SIDE_TYPE (PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU)
#define CTRACE_PERF_RAW_TYPE  (CTRACE_PERF_SIDE_TYPE | PERF_SAMPLE_RAW)
#define CTRACE_PERF_SAMPLE_TYPE                                                                    \
	(CTRACE_PERF_SIDE_TYPE | PERF_SAMPLE_IP | PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN)
/* Without the period: where a software event is asked for it, the kernel tells of every one. */
#define CTRACE_PERF_FAULT_TYPE                                                                     \
	(CTRACE_PERF_SIDE_TYPE | PERF_SAMPLE_IP | PERF_SAMPLE_ADDR | PERF_SAMPLE_CALLCHAIN)
#define CTRACE_PERF_EVENT_TYPE PERF_SAMPLE_ID
#define CTRACE_PERF_STACK_TYPE (PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER)

/* sample_regs_user of samples with a stack, in the order of their bits. */
#define CTRACE_PERF_REGISTERS 3u

struct ctrace_perf_map {
	uint64_t start, size, file_offset;
	uint64_t inode, device; /* of the file, 0 where there is a build id */
	uint8_t build_id[20];
	uint8_t build_id_size; /* 0: the kernel did not tell */
	const char *path;      /* NUL-terminated; borrows as the record */
};

struct ctrace_perf_sample {
	uint64_t ip, period;
	uint64_t address;     /* that was touched, if PERF_SAMPLE_ADDR was asked for */
	const uint8_t *chain; /* chain_count addresses of 8 bytes, PERF_CONTEXT_* among them */
	uint64_t chain_count;
	bool has_registers;
	uint64_t frame_pointer, stack_pointer, instruction; /* if has_registers */
	const uint8_t *stack;				    /* as it was at stack_pointer */
	uint64_t stack_size;				    /* 0: not told */
};

/* What a tracepoint tells: the bytes that tracefs has for it. */
struct ctrace_perf_raw {
	const uint8_t *bytes;
	uint32_t size;
};

struct ctrace_perf_record {
	uint32_t type; /* PERF_RECORD_… */
	uint16_t misc;
	uint32_t pid, tid; /* whose; of a fork the child's, of an exit the one that is gone */
	uint32_t cpu;
	uint64_t time;	/* ns of the event's clock */
	uint64_t event; /* its number in the kernel, if CTRACE_PERF_EVENT_TYPE was asked for */
	union {
		struct {
			uint32_t parent_pid, parent_tid; /* FORK, EXIT */
		};
		const char *name;	    /* COMM; NUL-terminated */
		uint64_t lost;		    /* LOST, LOST_SAMPLES */
		struct ctrace_perf_map map; /* MMAP2 */
		struct ctrace_perf_sample sample;
		struct ctrace_perf_raw raw; /* a sample of CTRACE_PERF_RAW_TYPE */
	};
};

/*
 * When the record was made, without looking at the rest. 0: it is too short to say.
 * Thread: any.  Allocates: no.
 */
uint64_t ctrace_perf_record_time(const struct perf_event_header *header, uint64_t sample_type);

/* Take it apart; what it points at is borrowed from it. False: it is not what its type says. */
bool ctrace_perf_record_read(struct ctrace_perf_record *record,
			     const struct perf_event_header *header, uint64_t sample_type);

#endif
