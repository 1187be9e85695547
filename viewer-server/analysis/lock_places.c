/* SPDX-License-Identifier: MIT */
/* Functions that wait and let go; see lock_places.h. */

#include "viewer-server/analysis/lock_places.h"

#include "format/limits.h"

#include <stdlib.h>
#include <string.h>

#define ORDER(a, b)  (((a) > (b)) - ((a) < (b)))
#define FUNCTION_ROW (UINT64_C(1) << 32)

/* What stands between a program and pthread_mutex_lock, as its name is told. */
static const char *const passed_over[] = {
	"std::", "void std::", "bool std::", "__gthread_", "__glibcxx_rwlock_", "boost::"};
/* Of what has a name without its namespace, as lambdas make it: where the standard library lies. */
#define STANDARD_FOLDER "/include/c++/"

/* What libraries are called that only pass a sleep on to the kernel, and the kernel itself. */
static const char *const passing_modules[] = {"libc.so.", "libc-2.", "libpthread", "ld-linux",
					      "ld-musl-", "[vdso]",  "[kernel]"};
/* Ours, which stand between the program and these. */
static const char *const own_modules[] = {"libctrace-preload", "libctrace-alloc"};

/* Does the name of the frame's module, without its folders, begin with one of these? */
static bool is_in_module(const struct ctrace_trace *trace, const struct ctrace_frame_row *frame,
			 const char *const *names, size_t count)
{
	const struct ctrace_module_row *module = ctrace_trace_module(trace, frame->module);
	struct ctrace_bytes path = ctrace_trace_string(trace, module != NULL ? module->path : 0);
	const char *slash = path.size > 0 ? memrchr(path.bytes, '/', path.size) : NULL;
	const char *name = slash != NULL ? slash + 1 : path.bytes;
	size_t length = path.size > 0 ? path.size - (size_t)(name - path.bytes) : 0;

	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(names[i]);

		if (length >= size && memcmp(name, names[i], size) == 0) {
			return true;
		}
	}
	return false;
}

#define COUNT_OF(names) (sizeof(names) / sizeof((names)[0]))

static bool is_ours(const struct ctrace_trace *trace, const struct ctrace_frame_row *frame)
{
	return is_in_module(trace, frame, own_modules, COUNT_OF(own_modules));
}

static bool is_passed_over(const struct ctrace_trace *trace, const struct ctrace_frame_row *frame)
{
	struct ctrace_bytes name = ctrace_trace_string(trace, frame->function), file;

	if (is_ours(trace, frame) ||
	    is_in_module(trace, frame, passing_modules, COUNT_OF(passing_modules))) {
		return true;
	}

	for (size_t i = 0; i < sizeof(passed_over) / sizeof(passed_over[0]); i++) {
		size_t size = strlen(passed_over[i]);

		if (name.size >= size && memcmp(name.bytes, passed_over[i], size) == 0) {
			return true;
		}
	}
	file = ctrace_trace_string(trace, frame->file);
	return file.size > 0 &&
	       memmem(file.bytes, file.size, STANDARD_FOLDER, sizeof(STANDARD_FOLDER) - 1) != NULL;
}

/* The frame, or one that it is inlined into; 0: all are passed over. */
static uint32_t own_frame(const struct ctrace_trace *trace, uint32_t number)
{
	for (unsigned i = 0; number != 0 && i < CTRACE_STACK_FRAMES_MAX; i++) {
		const struct ctrace_frame_row *frame = ctrace_trace_frame(trace, number);

		if (frame == NULL || !is_passed_over(trace, frame)) {
			return frame != NULL ? number : 0;
		}
		number = frame->outer;
	}
	return 0;
}

uint32_t ctrace_lock_place(const struct ctrace_trace *trace, uint32_t stack)
{
	const struct ctrace_stack_row *row = ctrace_trace_stack(trace, stack);
	uint32_t innermost = row != NULL ? row->frame : 0, found = 0;

	for (unsigned i = 0; row != NULL && found == 0 && i < CTRACE_STACK_FRAMES_MAX; i++) {
		found = own_frame(trace, row->frame);
		row = row->parent != 0 ? ctrace_trace_stack(trace, row->parent) : NULL;
	}
	return found != 0 ? found : innermost;
}

struct ctrace_told_frames ctrace_lock_told_frames(const struct ctrace_trace *trace,
						  const struct ctrace_frame_row *const *frames,
						  unsigned count)
{
	struct ctrace_told_frames told = {0, 0};

	while (told.own < count && is_passed_over(trace, frames[told.own])) {
		told.call = is_ours(trace, frames[told.own]) ? told.call : told.own;
		told.own++;
	}
	return told.own < count ? told : (struct ctrace_told_frames){0, 0};
}

void ctrace_lock_tally_add(struct ctrace_lock_tally *tally, const struct ctrace_trace *trace,
			   uint32_t stack, uint64_t weight)
{
	uint32_t frame = ctrace_lock_place(trace, stack);
	const struct ctrace_frame_row *row = ctrace_trace_frame(trace, frame);

	if (row != NULL) {
		tally->places[tally->count++] = (struct ctrace_weighed_place){
			.key = row->function != 0 ? FUNCTION_ROW | row->function : frame,
			.weight = weight,
			.frame = frame,
		};
	}
}

static int by_key(const void *a, const void *b)
{
	const struct ctrace_weighed_place *x = a, *y = b;
	int order = ORDER(x->key, y->key);

	return order != 0 ? order : ORDER(x->frame, y->frame);
}

uint32_t ctrace_lock_tally_take(struct ctrace_lock_tally *tally)
{
	uint64_t most = 0, sum = 0;
	uint32_t frame = 0, first = 0;

	if (tally->count > 0) {
		qsort(tally->places, tally->count, sizeof(*tally->places), by_key);
	}
	for (size_t i = 0; i < tally->count; i++) {
		const struct ctrace_weighed_place *place = &tally->places[i];
		bool is_new = i == 0 || tally->places[i - 1].key != place->key;

		sum = is_new ? place->weight : sum + place->weight;
		first = is_new ? place->frame : first;
		if (frame == 0 || sum > most) {
			most = sum;
			frame = first;
		}
	}
	tally->count = 0;
	return frame;
}
