/* SPDX-License-Identifier: MIT */
/* Shapes of calls looked up by name, and each argument by its kind. */

#include "viewer-server/model/kernel/call_decode.h"

#include "viewer-server/model/threads/call_words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define AT_FDCWD_VALUE (-100)
/* What is longer is cut: one path and what stands around it always fits. */
#define ARG_BYTES_MAX 5000u
#define ERRNO_MAX     4095
/* NULs that keep names and texts apart. */
#define SPARE_BYTES 16u

struct shape {
	const char *name, *result, *args;
};

static const struct shape shapes[] = {
#define CTRACE_CALL_SHAPE(name, result, args) {name, result, args},
#include "viewer-server/model/kernel/call_args.def"
#undef CTRACE_CALL_SHAPE
};

static const struct shape unknown_shape = {"", "int",
					   "arg0:hex arg1:hex arg2:hex arg3:hex arg4:hex arg5:hex"};

static bool is_name(struct ctrace_bytes name, const char *text)
{
	return strlen(text) == name.size && memcmp(text, name.bytes, name.size) == 0;
}

static const struct shape *shape_of(struct ctrace_bytes name)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (is_name(name, shapes[i].name)) {
			return &shapes[i];
		}
	}
	return &unknown_shape;
}

static struct ctrace_bytes print(struct ctrace_decoded_call *decoded, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static struct ctrace_bytes print(struct ctrace_decoded_call *decoded, const char *format, ...)
{
	char *at = decoded->memory + decoded->used;
	size_t room = sizeof(decoded->memory) - decoded->used;
	va_list arguments;
	int size;

	if (room <= SPARE_BYTES) {
		return (struct ctrace_bytes){"", 0};
	}
	room -= SPARE_BYTES;
	room = room < ARG_BYTES_MAX ? room : ARG_BYTES_MAX;
	va_start(arguments, format);
	size = vsnprintf(at, room, format, arguments);
	va_end(arguments);
	size = size < 0 ? 0 : (size_t)size < room ? size : (int)room - 1;
	decoded->used += (size_t)size;
	return (struct ctrace_bytes){at, (uint32_t)size};
}

/* Where the words of an argument come from. */
struct source {
	const struct ctrace_trace *trace;
	const struct ctrace_call_fact *fact;
	uint64_t pid;
};

static struct ctrace_bytes print_fd(struct ctrace_decoded_call *decoded,
				    const struct source *source, int32_t fd)
{
	const struct ctrace_file_row *file =
		fd >= 0 ? ctrace_trace_file(source->trace, source->pid, (uint64_t)fd,
					    source->fact->ticks)
			: NULL;

	if (file != NULL && file->name != 0) {
		struct ctrace_bytes name = ctrace_trace_string(source->trace, file->name);

		return print(decoded, "%" PRId32 "<%.*s>", fd, (int)name.size, name.bytes);
	}
	return print(decoded, "%" PRId32, fd);
}

static struct ctrace_bytes print_text(struct ctrace_decoded_call *decoded,
				      const struct source *source, unsigned index, uint64_t value)
{
	for (unsigned i = 0; i < source->fact->text_count; i++) {
		struct ctrace_bytes text = source->fact->texts[i].text;

		if (source->fact->texts[i].argument == index) {
			return print(decoded, "\"%.*s\"", (int)text.size, text.bytes);
		}
	}
	return value == 0 ? print(decoded, "NULL") : print(decoded, "0x%" PRIx64, value);
}

static bool is_kind(struct ctrace_bytes kind, const char *word)
{
	return is_name(kind, word);
}

static struct ctrace_bytes print_words(struct ctrace_decoded_call *decoded,
				       struct ctrace_bytes kind, uint64_t value)
{
	char words[512];

	if (ctrace_call_words(kind.bytes, kind.size, value, words, sizeof(words))) {
		return print(decoded, "%s", words);
	}
	return print(decoded, "0x%" PRIx64, value);
}

static bool take_number(struct ctrace_decoded_arg *arg, struct ctrace_bytes kind, uint64_t value)
{
	arg->is_number = true;
	if (is_kind(kind, "int")) {
		arg->number = (int32_t)value == -1 ? -1 : (int64_t)value;
	} else if (is_kind(kind, "uint")) {
		arg->number = (int64_t)(value & UINT32_MAX);
	} else if (is_kind(kind, "size")) {
		arg->number = (int64_t)value;
		arg->is_number = arg->number >= 0;
	} else {
		arg->is_number = false;
	}
	return arg->is_number;
}

static void decode_arg(struct ctrace_decoded_call *decoded, const struct source *source,
		       unsigned index, struct ctrace_bytes kind)
{
	struct ctrace_decoded_arg *arg = &decoded->args[index];
	uint64_t value = source->fact->args[index];

	if (take_number(arg, kind, value)) {
		arg->text = print(decoded, "%" PRId64, arg->number);
	} else if (is_kind(kind, "dirfd") && (int32_t)value == AT_FDCWD_VALUE) {
		arg->text = print(decoded, "AT_FDCWD");
	} else if (is_kind(kind, "fd") || is_kind(kind, "dirfd")) {
		arg->text = print_fd(decoded, source, (int32_t)value);
	} else if (is_kind(kind, "path") || is_kind(kind, "text")) {
		arg->text = print_text(decoded, source, index, value);
	} else if (is_kind(kind, "mode")) {
		arg->text = print(decoded, "0%03" PRIo64, value & 07777);
	} else if (is_kind(kind, "ptr") && value == 0) {
		arg->text = print(decoded, "NULL");
	} else {
		arg->text = print_words(decoded, kind, value);
	}
}

/* "fd:fd buf:ptr size:size": names and kinds one after the other. */
static const char *next_arg(const char *at, struct ctrace_bytes *name, struct ctrace_bytes *kind)
{
	const char *colon = strchr(at, ':'), *end;

	if (colon == NULL) {
		return NULL;
	}
	end = strchrnul(colon, ' ');
	*name = (struct ctrace_bytes){at, (uint32_t)(colon - at)};
	*kind = (struct ctrace_bytes){colon + 1, (uint32_t)(end - colon - 1)};
	return *end == ' ' ? end + 1 : end;
}

/* Waits for locks tell of all calls the same, by the kind of lock (SPEC 8.6). */
static const struct shape *lock_shape(unsigned kind)
{
	static const struct shape of_kinds[] = {
		{"", "int", "lock:ptr holder:int"},	 {"", "int", "mutex:ptr holder:int"},
		{"", "int", "lock:ptr holder:int"},	 {"", "int", "lock:ptr holder:int"},
		{"", "int", "condition:ptr holder:int"}, {"", "int", "semaphore:ptr holder:int"},
		{"", "int", "barrier:ptr holder:int"},	 {"", "int", "thread:hex holder:int"},
		{"", "int", "mutex:ptr holder:int"},	 {"", "int", "condition:ptr holder:int"},
		{"", "int", "thread:hex holder:int"},
	};

	return &of_kinds[kind < sizeof(of_kinds) / sizeof(of_kinds[0]) ? kind : 0];
}

/* Of openat and its like, the mode means something only where a file may be made. */
static bool is_given(const struct shape *shape, const struct ctrace_call_fact *fact, unsigned index)
{
	if (fact->lock_kind != 0) {
		return index == 0 || fact->args[index] != 0;
	}
	bool is_open = strcmp(shape->name, "open") == 0,
	     is_openat = strcmp(shape->name, "openat") == 0;
	unsigned flags = is_open ? 1 : 2;

	if ((!is_open && !is_openat) || index != flags + 1) {
		return true;
	}
	return (fact->args[flags] & 0100) != 0 || (fact->args[flags] & 020200000) == 020200000;
}

static void decode_args(struct ctrace_decoded_call *decoded, const struct source *source,
			const struct shape *shape)
{
	struct ctrace_bytes name, kind;

	for (const char *at = shape->args; decoded->arg_count < 6; decoded->arg_count++) {
		at = next_arg(at, &name, &kind);
		if (at == NULL || !is_given(shape, source->fact, decoded->arg_count)) {
			return;
		}
		decoded->args[decoded->arg_count].name =
			print(decoded, "%.*s", (int)name.size, name.bytes).bytes;
		decoded->used++; /* keeps the NUL */
		decode_arg(decoded, source, decoded->arg_count, kind);
		decoded->used++;
	}
}

static void decode_result(struct ctrace_decoded_call *decoded, const struct ctrace_call_fact *fact,
			  const struct shape *shape)
{
	const char *word;

	decoded->value = fact->result;
	decoded->is_error = fact->result < 0 && fact->result >= -ERRNO_MAX;
	if (decoded->is_error) {
		word = ctrace_errno_word(-fact->result);
		decoded->result = word != NULL ? print(decoded, "%s", word)
					       : print(decoded, "%" PRId64, fact->result);
	} else if (strcmp(shape->result, "ptr") == 0) {
		decoded->result = print(decoded, "0x%" PRIx64, (uint64_t)fact->result);
	} else {
		decoded->result = print(decoded, "%" PRId64, fact->result);
	}
}

void ctrace_call_decode(struct ctrace_decoded_call *decoded, const struct ctrace_trace *trace,
			const struct ctrace_call_fact *fact, uint64_t pid)
{
	const struct source source = {trace, fact, pid};
	const struct ctrace_call_row *row = ctrace_trace_call(trace, fact->call);
	const struct shape *shape =
		row != NULL ? shape_of(ctrace_trace_string(trace, row->name)) : &unknown_shape;

	decoded->arg_count = 0;
	decoded->used = 0;
	decoded->has_result = fact->has_result;
	decoded->is_error = false;
	if (fact->lock_kind != 0) {
		shape = lock_shape(fact->lock_kind);
	}
	if (fact->has_args) {
		memset(decoded->args, 0, sizeof(decoded->args));
		decode_args(decoded, &source, shape);
	}
	if (fact->has_result) {
		decode_result(decoded, fact, shape);
	}
}
