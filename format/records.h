/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RECORDS_H
#define CTRACE_RECORDS_H

/* What the rows of the tables say (SPEC 7), as the writer takes them and the reader gives them. */

#include "format/kinds.h"
#include "format/limits.h"

#include <stdbool.h>
#include <stdint.h>

struct ctrace_bytes {
	const char *bytes; /* not NUL-terminated; may hold any byte */
	uint32_t size;
};

struct ctrace_meta {
	struct ctrace_bytes key, value;
};

struct ctrace_site {
	uint32_t id;
	uint32_t kind; /* enum ctrace_kind, or one this version does not know */
	uint32_t name, category, file, function; /* string ids */
	uint32_t line;
	uint8_t arg_count;
	uint8_t arg_types[16];	/* enum ctrace_arg_type */
	uint32_t arg_names[16]; /* string ids */
};

struct ctrace_process_row {
	uint64_t pid, parent_pid;
	uint32_t name;
	uint64_t start; /* ticks after base */
};

struct ctrace_thread_row {
	uint32_t stream;
	uint64_t pid, tid;
	uint32_t name;
	uint64_t start; /* ticks after base */
	uint64_t written, lost;
	enum ctrace_thread_state state;
	uint64_t clamped; /* clock readings that went backwards and were replaced */
};

struct ctrace_clock_row {
	uint64_t ticks, raw_ns, monotonic_ns, boottime_ns, realtime_ns, uncertainty;
};

/* Of no single CPU. */
#define CTRACE_NO_CPU UINT32_MAX

/* A stream of no thread: one of a kernel's buffers. */
struct ctrace_buffer_row {
	uint32_t stream;
	uint32_t source; /* string id: the name of its source's row */
	uint32_t cpu;	 /* or CTRACE_NO_CPU */
	uint64_t written, lost;
	uint64_t clamped;
};

/* What `call` in syscall_enter and syscall_exit stands for. */
struct ctrace_call_row {
	uint32_t call;
	enum ctrace_call_layer layer;
	uint32_t name;
};

/* A frame and the stack of what called it. Stacks share what they have in common. */
struct ctrace_stack_row {
	uint32_t stack;	 /* 1 and up */
	uint32_t parent; /* 0: `frame` is the outermost; else smaller than `stack` and given before
			  */
	uint32_t frame;
	uint32_t depth; /* frames in all; the reader counts them, the writer does not look */
};

struct ctrace_frame_row {
	uint32_t frame;		 /* 1 and up */
	uint32_t module;	 /* 0: unknown */
	uint64_t address;	 /* in the module's file; in the process where that is unknown */
	uint32_t function, file; /* string ids, 0: not known */
	uint32_t line;
	bool is_inlined; /* into `outer`, or where that is 0 into the frame of the stack's parent */
	uint32_t outer;	 /* 0: none; else a larger number: it and this are one frame of a stack */
};

/* A program or library that frames lie in. */
struct ctrace_module_row {
	uint32_t module; /* 1 and up */
	uint32_t path;
	uint32_t build_id_size;
	uint8_t build_id[CTRACE_BUILD_ID_BYTES_MAX];
};

/* Where events come from, or why they are missing. */
struct ctrace_source_row {
	uint32_t name; /* string id: the row's key */
	enum ctrace_source_state state;
	uint32_t why; /* string id: what it lacks and what would enable it, or a remark */
	uint64_t events, lost;
	/* The clock's self-test: stamps compared, those outside their bracket, the smallest
	 * distance to either end of one in ticks. */
	uint64_t checks, misses, slack;
};

/* What a descriptor stands for from a time on, until the next row of that pid and fd. */
struct ctrace_file_row {
	uint64_t pid;
	uint32_t fd;
	uint64_t from; /* ticks after base */
	uint32_t name; /* 0: nothing that is known */
};

#endif
