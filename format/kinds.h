/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KINDS_H
#define CTRACE_KINDS_H

/* The numbers of SPEC sections 5 and 8 as C names; the kinds come from events.def. */

#include <stdbool.h>
#include <stdint.h>

enum ctrace_kind {
	CTRACE_KIND_NONE = 0,
#define CTRACE_KIND(NAME, number, text, how, fields) CTRACE_KIND_##NAME = number,
#include "format/events.def"
#undef CTRACE_KIND
};

/* How an event of a kind is written (SPEC 8.1). */
enum ctrace_how { CTRACE_HOW_SITE, CTRACE_HOW_END, CTRACE_HOW_PLAIN };

struct ctrace_kind_info {
	const char *name;
	const char *fields; /* as in events.def */
	enum ctrace_how how;
};

/* What events.def says of a kind; NULL for one this version does not know. */
const struct ctrace_kind_info *ctrace_kind_info(uint64_t kind);

/* What a field of a kind holds (SPEC 8.3 and events.def). */
enum ctrace_field_type {
	CTRACE_FIELD_VARINT,
	CTRACE_FIELD_U8,
	CTRACE_FIELD_ZIGZAG,
	CTRACE_FIELD_AGE, /* a varint: ticks before the event */
	CTRACE_FIELD_STR,
	CTRACE_FIELD_U64, /* demanded arguments of a site */
	CTRACE_FIELD_NUM,
};

struct ctrace_field {
	const char *name; /* not NUL-terminated: points into events.def's text */
	unsigned name_size;
	enum ctrace_field_type type;
};

#define CTRACE_FIELDS_MAX 16
/* One past the largest kind of events.def. */
#define CTRACE_KINDS_END (CTRACE_KIND_THREAD_STACK + 1)

/* The fields of a kind in order; 0 for none or an unknown kind. */
unsigned ctrace_kind_fields(uint64_t kind, struct ctrace_field fields[CTRACE_FIELDS_MAX]);

/* The kind of that text name, CTRACE_KIND_NONE if there is none. */
enum ctrace_kind ctrace_kind_by_name(const char *name);

enum ctrace_arg_type {
	CTRACE_ARG_I64 = 1,
	CTRACE_ARG_U64,
	CTRACE_ARG_F64,
	CTRACE_ARG_BOOL,
	CTRACE_ARG_STR,
	CTRACE_ARG_PTR,
	CTRACE_ARG_HEX,
};
/* "i64" and so on; NULL for a number that is no type. And back, 0 if there is none. */
const char *ctrace_arg_type_name(unsigned type);
unsigned ctrace_arg_type_by_name(const char *name);

enum ctrace_chunk_type {
	CTRACE_CHUNK_META = 1,
	CTRACE_CHUNK_STRINGS,
	CTRACE_CHUNK_SITES,
	CTRACE_CHUNK_PROCESSES,
	CTRACE_CHUNK_THREADS,
	CTRACE_CHUNK_CLOCK,
	CTRACE_CHUNK_EVENTS,
	CTRACE_CHUNK_INDEX,
	CTRACE_CHUNK_BUFFERS = 16,
	CTRACE_CHUNK_CALLS,
	CTRACE_CHUNK_STACKS,
	CTRACE_CHUNK_MODULES,
	CTRACE_CHUNK_FRAMES,
	CTRACE_CHUNK_SOURCES,
	CTRACE_CHUNK_FILES,
};
/* One past the largest type that this version knows. */
#define CTRACE_CHUNK_TYPES_END (CTRACE_CHUNK_FILES + 1)
/* "META" and so on; NULL for a type this version does not know. And back, 0 if there is none. */
const char *ctrace_chunk_type_name(unsigned type);
unsigned ctrace_chunk_type_by_name(const char *name);

/* Bits of a chunk's flags (SPEC 4). */
#define CTRACE_CHUNK_LZ4      0x0001u
#define CTRACE_CHUNK_OPTIONAL 0x0002u

enum ctrace_clock_kind {
	CTRACE_CLOCK_TSC = 1,
	CTRACE_CLOCK_MONOTONIC_RAW,
	CTRACE_CLOCK_MONOTONIC,
	CTRACE_CLOCK_ARM,
	CTRACE_CLOCK_ARTIFICIAL,
};

enum ctrace_loss {
	CTRACE_LOSS_RING_FULL = 1,
	CTRACE_LOSS_SIGNAL_DEPTH,
	CTRACE_LOSS_SPAN_DEPTH,
	CTRACE_LOSS_NO_RING,
	CTRACE_LOSS_SINK_SLOW,
	CTRACE_LOSS_TOO_BIG,
	CTRACE_LOSS_CHUNK_MISSING, /* made by readers, never written */
	CTRACE_LOSS_OVERWRITTEN,
	CTRACE_LOSS_KERNEL_FULL,
};
const char *ctrace_loss_name(unsigned reason);

enum ctrace_thread_state { CTRACE_THREAD_UNKNOWN, CTRACE_THREAD_ALIVE, CTRACE_THREAD_EXITED };

/* How a thread stopped running: the states of sched_switch and sched_out (SPEC 8.4). */
enum ctrace_run_state {
	CTRACE_RUN_YIELDED,
	CTRACE_RUN_PREEMPTED,
	CTRACE_RUN_SLEEPING,
	CTRACE_RUN_UNINTERRUPTIBLE,
	CTRACE_RUN_STOPPED,
	CTRACE_RUN_TRACED,
	CTRACE_RUN_DEAD,
	CTRACE_RUN_ZOMBIE,
	CTRACE_RUN_PARKED,
	CTRACE_RUN_IDLE,
	CTRACE_RUN_BLOCKED = 255, /* not known how */
};
/* "preempted" and so on; "unknown" for a number that is none. */
const char *ctrace_run_state_name(unsigned state);

/* What a call of syscall_enter is (SPEC 7.10). */
enum ctrace_call_layer { CTRACE_CALL_SYSTEM = 1, CTRACE_CALL_LIBRARY };

/* What became of a source of events (SPEC 7.12). */
enum ctrace_source_state {
	CTRACE_SOURCE_RECORDED = 1,
	CTRACE_SOURCE_MISSING, /* wanted, and not available */
	CTRACE_SOURCE_NOT_ASKED,
};

/* No site: an END without a name, or an event of a kind that has none. */
#define CTRACE_NO_SITE UINT32_MAX

#endif
