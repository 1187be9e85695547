/* SPDX-License-Identifier: MIT */
/* Names of kinds, types and reasons, made from events.def. */

#include "format/kinds.h"

#include <stddef.h>
#include <string.h>

#define SITE  CTRACE_HOW_SITE
#define END   CTRACE_HOW_END
#define PLAIN CTRACE_HOW_PLAIN

static const struct ctrace_kind_info kinds[] = {
#define CTRACE_KIND(NAME, number, text, how, fields) [number] = {text, fields, how},
#include "format/events.def"
#undef CTRACE_KIND
};

#undef SITE
#undef END
#undef PLAIN

static const size_t kinds_end = sizeof(kinds) / sizeof(kinds[0]);

const struct ctrace_kind_info *ctrace_kind_info(uint64_t kind)
{
	if (kind >= kinds_end || kinds[kind].name == NULL) {
		return NULL;
	}
	return &kinds[kind];
}

static enum ctrace_field_type field_type(const char *name, size_t size)
{
	static const char *const names[] = {
		[CTRACE_FIELD_VARINT] = "varint", [CTRACE_FIELD_U8] = "u8",
		[CTRACE_FIELD_ZIGZAG] = "zigzag", [CTRACE_FIELD_AGE] = "age",
		[CTRACE_FIELD_STR] = "str",	  [CTRACE_FIELD_U64] = "u64",
		[CTRACE_FIELD_NUM] = "num",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0) {
			return (enum ctrace_field_type)i;
		}
	}
	return CTRACE_FIELD_VARINT;
}

unsigned ctrace_kind_fields(uint64_t kind, struct ctrace_field fields[CTRACE_FIELDS_MAX])
{
	const struct ctrace_kind_info *info = ctrace_kind_info(kind);
	const char *at = info == NULL ? "" : info->fields;
	unsigned count = 0;

	while (*at != '\0' && count < CTRACE_FIELDS_MAX) {
		size_t name_size = strcspn(at, ":");
		const char *type = at + name_size + 1;
		size_t type_size = strcspn(type, " ");
		fields[count++] = (struct ctrace_field){
			.name = at,
			.name_size = (unsigned)name_size,
			.type = field_type(type, type_size),
		};
		at = type + type_size + strspn(type + type_size, " ");
	}
	return count;
}

enum ctrace_kind ctrace_kind_by_name(const char *name)
{
	for (size_t i = 0; i < kinds_end; i++) {
		if (kinds[i].name != NULL && strcmp(kinds[i].name, name) == 0) {
			return (enum ctrace_kind)i;
		}
	}
	return CTRACE_KIND_NONE;
}

const char *ctrace_loss_name(unsigned reason)
{
	static const char *const names[] = {
		[CTRACE_LOSS_RING_FULL] = "ring full",
		[CTRACE_LOSS_SIGNAL_DEPTH] = "nested too deep in signal handlers",
		[CTRACE_LOSS_SPAN_DEPTH] = "spans nested too deep",
		[CTRACE_LOSS_NO_RING] = "no memory for a ring",
		[CTRACE_LOSS_SINK_SLOW] = "the collector fell behind",
		[CTRACE_LOSS_TOO_BIG] = "record too big",
		[CTRACE_LOSS_CHUNK_MISSING] = "chunk missing or damaged",
		[CTRACE_LOSS_OVERWRITTEN] = "overwritten by newer events",
		[CTRACE_LOSS_KERNEL_FULL] = "a kernel's buffer was full",
	};

	if (reason >= sizeof(names) / sizeof(names[0]) || names[reason] == NULL) {
		return "unknown reason";
	}
	return names[reason];
}

const char *ctrace_run_state_name(unsigned state)
{
	static const char *const names[] = {
		[CTRACE_RUN_YIELDED] = "yielded",
		[CTRACE_RUN_PREEMPTED] = "preempted",
		[CTRACE_RUN_SLEEPING] = "sleeping",
		[CTRACE_RUN_UNINTERRUPTIBLE] = "uninterruptible",
		[CTRACE_RUN_STOPPED] = "stopped",
		[CTRACE_RUN_TRACED] = "traced",
		[CTRACE_RUN_DEAD] = "dead",
		[CTRACE_RUN_ZOMBIE] = "zombie",
		[CTRACE_RUN_PARKED] = "parked",
		[CTRACE_RUN_IDLE] = "idle",
	};

	if (state == CTRACE_RUN_BLOCKED) {
		return "blocked";
	}
	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

/* clang-format off */
static const struct {
	enum ctrace_arg_type type;
	const char *name;
} arg_types[] = {
	{CTRACE_ARG_I64, "i64"}, {CTRACE_ARG_U64, "u64"}, {CTRACE_ARG_F64, "f64"}, {CTRACE_ARG_BOOL, "bool"},
	{CTRACE_ARG_STR, "str"}, {CTRACE_ARG_PTR, "ptr"}, {CTRACE_ARG_HEX, "hex"},
};
static const struct {
	enum ctrace_chunk_type type;
	const char *name;
} chunk_types[] = {
	{CTRACE_CHUNK_META, "META"}, {CTRACE_CHUNK_STRINGS, "STRINGS"}, {CTRACE_CHUNK_SITES, "SITES"},
	{CTRACE_CHUNK_PROCESSES, "PROCESSES"}, {CTRACE_CHUNK_THREADS, "THREADS"}, {CTRACE_CHUNK_CLOCK, "CLOCK"},
	{CTRACE_CHUNK_EVENTS, "EVENTS"}, {CTRACE_CHUNK_INDEX, "INDEX"}, {CTRACE_CHUNK_BUFFERS, "BUFFERS"},
	{CTRACE_CHUNK_CALLS, "CALLS"}, {CTRACE_CHUNK_STACKS, "STACKS"}, {CTRACE_CHUNK_MODULES, "MODULES"},
	{CTRACE_CHUNK_FRAMES, "FRAMES"}, {CTRACE_CHUNK_SOURCES, "SOURCES"}, {CTRACE_CHUNK_FILES, "FILES"},
};
/* clang-format on */

const char *ctrace_arg_type_name(unsigned type)
{
	for (size_t i = 0; i < sizeof(arg_types) / sizeof(arg_types[0]); i++) {
		if (arg_types[i].type == type) {
			return arg_types[i].name;
		}
	}
	return NULL;
}

unsigned ctrace_arg_type_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(arg_types) / sizeof(arg_types[0]); i++) {
		if (strcmp(arg_types[i].name, name) == 0) {
			return arg_types[i].type;
		}
	}
	return 0;
}

const char *ctrace_chunk_type_name(unsigned type)
{
	for (size_t i = 0; i < sizeof(chunk_types) / sizeof(chunk_types[0]); i++) {
		if (chunk_types[i].type == type) {
			return chunk_types[i].name;
		}
	}
	return NULL;
}

unsigned ctrace_chunk_type_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(chunk_types) / sizeof(chunk_types[0]); i++) {
		if (strcmp(chunk_types[i].name, name) == 0) {
			return chunk_types[i].type;
		}
	}
	return 0;
}
