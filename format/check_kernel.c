/* SPDX-License-Identifier: MIT */
/* What the strict validator asks of events that a kernel tells of, of the streams of its buffers,
 * and of blocks of memory. */

#include "format/checker.h"

#include <inttypes.h>

/* SPEC 7.9: what may stand where no thread is at home. */
static bool is_for_buffers(uint64_t kind)
{
	bool is_kernels = kind >= CTRACE_KIND_SCHED_SWITCH && kind <= CTRACE_KIND_THREAD_EXIT;
	bool is_of_pages = kind == CTRACE_KIND_PAGE_FAULT || kind == CTRACE_KIND_PROCESS_MEMORY;

	return kind == CTRACE_KIND_LOST || kind == CTRACE_KIND_SAMPLE ||
	       kind == CTRACE_KIND_THREAD_STACK || is_kernels || is_of_pages ||
	       ctrace_kind_info(kind) == NULL;
}

/* In these a tid of 0 is the thread whose stream it is. */
static bool may_be_own(enum ctrace_kind kind)
{
	return kind == CTRACE_KIND_SYSCALL_ENTER || kind == CTRACE_KIND_SYSCALL_EXIT ||
	       kind == CTRACE_KIND_SYSCALL_TEXT || kind == CTRACE_KIND_SAMPLE ||
	       kind == CTRACE_KIND_THREAD_STACK || kind == CTRACE_KIND_PAGE_FAULT;
}

static void check_in_buffer(struct ctrace_checker *checker, const struct ctrace_event *event,
			    const struct ctrace_value *values)
{
	const struct ctrace_kind_info *info = ctrace_kind_info((uint64_t)event->kind);

	if (event->site != CTRACE_NO_SITE || !is_for_buffers((uint64_t)event->kind)) {
		CTRACE_REPORT_CHUNK(checker,
				    "event %u: %s in the stream of a buffer, which is no thread's",
				    event->index, info == NULL ? "an event of a site" : info->name);
		return;
	}
	if (may_be_own(event->kind) && values[0].u64 == 0) {
		CTRACE_REPORT_CHUNK(
			checker,
			"event %u: %s with tid 0 in the stream of a buffer, which is no thread's",
			event->index, info->name);
	}
}

/* SPEC 8.5: got by alloc or realloc. */
static void check_block(struct ctrace_checker *checker, const struct ctrace_event *event,
			const struct ctrace_value *values)
{
	bool is_alloc = event->kind == CTRACE_KIND_ALLOC;
	uint64_t stack = values[is_alloc ? 2 : 3].u64;

	if (stack != 0) {
		ctrace_checker_reference(checker, &checker->stacks, stack, "a block of memory");
	}
	if (is_alloc && values[3].u64 != 0 && values[3].u64 < values[1].u64) {
		CTRACE_REPORT_CHUNK(checker,
				    "event %u: a block of %" PRIu64 " bytes stands for %" PRIu64
				    ", which is less",
				    event->index, values[1].u64, values[3].u64);
	}
}

/* SPEC 8.5: a part of what is resident is shared. */
static void check_resident(struct ctrace_checker *checker, const struct ctrace_event *event,
			   const struct ctrace_value *values)
{
	if (values[2].u64 > values[1].u64) {
		CTRACE_REPORT_CHUNK(checker,
				    "event %u: a process has %" PRIu64
				    " bytes resident, and %" PRIu64
				    " of them shared, which is more",
				    event->index, values[1].u64, values[2].u64);
	}
}

void ctrace_checker_kernel_event(struct ctrace_checker *checker,
				 const struct ctrace_checked_stream *stream,
				 const struct ctrace_event *event)
{
	struct ctrace_value values[16];

	ctrace_event_values(checker->trace, event, values);
	if (stream->is_buffer) {
		check_in_buffer(checker, event, values);
	}
	if (event->kind == CTRACE_KIND_SYSCALL_ENTER || event->kind == CTRACE_KIND_SYSCALL_EXIT) {
		ctrace_checker_reference(checker, &checker->calls, values[1].u64, "an event");
	}
	if (event->kind == CTRACE_KIND_SAMPLE && values[3].u64 != 0) {
		ctrace_checker_reference(checker, &checker->stacks, values[3].u64, "a sample");
	}
	if (event->kind == CTRACE_KIND_THREAD_STACK && values[2].u64 != 0) {
		ctrace_checker_reference(checker, &checker->stacks, values[2].u64,
					 "a stack of a thread");
	}
	if (event->kind == CTRACE_KIND_PAGE_FAULT && values[3].u64 != 0) {
		ctrace_checker_reference(checker, &checker->stacks, values[3].u64, "a page fault");
	}
	if (event->kind == CTRACE_KIND_PROCESS_MEMORY) {
		check_resident(checker, event, values);
	}
	if (event->kind == CTRACE_KIND_ALLOC || event->kind == CTRACE_KIND_REALLOC) {
		check_block(checker, event, values);
	}
}

void ctrace_checker_lock_event(struct ctrace_checker *checker, const struct ctrace_event *event)
{
	struct ctrace_value values[16];

	if (event->kind == CTRACE_KIND_LOCK_WAIT || event->kind == CTRACE_KIND_LOCK_ACQUIRED) {
		ctrace_event_values(checker->trace, event, values);
		ctrace_checker_reference(checker, &checker->calls, values[2].u64,
					 "a wait for a lock");
	}
	if (event->kind == CTRACE_KIND_LOCK_STACK) {
		ctrace_event_values(checker->trace, event, values);
		if (values[0].u64 != 0) {
			ctrace_checker_reference(checker, &checker->stacks, values[0].u64,
						 "a stack of a lock");
		}
	}
}

/* What a row says of its stream. */
struct stated {
	const char *whose;
	uint32_t stream;
	uint64_t written, lost;
};

static void check_counts(struct ctrace_checker *checker, const struct stated *stated)
{
	uint32_t index = ctrace_map_get(&checker->stream_index, stated->stream);
	struct ctrace_checked_stream none = {.last_offset = CTRACE_NO_OFFSET};
	const struct ctrace_checked_stream *stream =
		index == CTRACE_MAP_NONE ? &none : &checker->streams[index];

	if (stated->written != stream->written) {
		ctrace_checker_report(
			checker, stream->last_offset, CTRACE_NO_CHUNK,
			"%s %u: its row says %" PRIu64 " events written, there are %" PRIu64,
			stated->whose, stated->stream, stated->written, stream->written);
	}
	if (stated->lost != stream->lost) {
		ctrace_checker_report(checker, stream->last_offset, CTRACE_NO_CHUNK,
				      "%s %u: its row says %" PRIu64
				      " lost, its LOST events sum up to %" PRIu64,
				      stated->whose, stated->stream, stated->lost, stream->lost);
	}
}

void ctrace_checker_counts(struct ctrace_checker *checker)
{
	uint32_t count;
	const struct ctrace_thread_row *threads = ctrace_trace_threads(checker->trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		check_counts(checker, &(struct stated){"thread", threads[i].stream,
						       threads[i].written, threads[i].lost});
	}
	const struct ctrace_buffer_row *buffers = ctrace_trace_buffers(checker->trace, &count);
	for (uint32_t i = 0; i < count; i++) {
		check_counts(checker, &(struct stated){"buffer", buffers[i].stream,
						       buffers[i].written, buffers[i].lost});
	}
}
