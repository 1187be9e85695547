/* SPDX-License-Identifier: MIT */
/* A replay whose facts become lines at once; see chrome_kernel.h. */

#include "viewer-server/export/chrome_kernel.h"

#include "viewer-server/export/chrome_memory.h"
#include "viewer-server/export/json_pen.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct ctrace_chrome_kernel {
	struct ctrace_chrome_facts facts;
	struct ctrace_chrome_kernel_settings settings;
	struct ctrace_thread_table threads;
	bool *is_wanted; /* owned; by thread of the table */
	struct ctrace_kernel_replay *replay;
	struct ctrace_buffer *json; /* borrowed for the length of a call */
	struct ctrace_chrome_kernel_counts counts;
};

/* ---- What is inside the range -------------------------------------------------- */

static bool is_thread_wanted(const struct ctrace_chrome_kernel *kernel, uint32_t thread)
{
	return thread == CTRACE_NO_THREAD ? kernel->settings.thread_count == 0
					  : kernel->is_wanted[thread];
}

/* As spans: what touches the range, whole; what began before the recording like a point, its end.
 */
static bool is_inside(const struct ctrace_chrome_kernel *kernel, uint64_t begin, uint64_t end,
		      unsigned flags)
{
	const struct ctrace_chrome_kernel_settings *settings = &kernel->settings;

	if ((flags & CTRACE_FACT_BEGAN_BEFORE) != 0) {
		return end >= settings->start && end < settings->end;
	}
	return begin < settings->end && (begin >= settings->start || end > settings->start ||
					 (flags & CTRACE_FACT_UNFINISHED) != 0);
}

static void next_line(struct ctrace_chrome_kernel *kernel)
{
	kernel->counts.lines++;
	ctrace_buffer_put(kernel->json, ",\n", 2);
}

/* ---- Facts ------------------------------------------------------------------------ */

static void on_turn(void *context, const struct ctrace_turn_fact *fact)
{
	struct ctrace_chrome_kernel *kernel = context;

	if (is_thread_wanted(kernel, fact->thread) &&
	    is_inside(kernel, fact->begin, fact->end, fact->flags)) {
		next_line(kernel);
		ctrace_chrome_turn(kernel->json, &kernel->facts, fact);
	}
}

static void on_state(void *context, const struct ctrace_state_fact *fact)
{
	struct ctrace_chrome_kernel *kernel = context;
	uint32_t waker;

	if (!is_thread_wanted(kernel, fact->thread) ||
	    !is_inside(kernel, fact->begin, fact->end, fact->flags)) {
		return;
	}
	next_line(kernel);
	ctrace_chrome_state(kernel->json, &kernel->facts, fact);
	waker = ctrace_thread_table_find(&kernel->threads, fact->waker_tid, UINT64_MAX);
	if (fact->state == CTRACE_STATE_WOKEN && fact->waker_tid != 0 &&
	    waker != CTRACE_NO_THREAD && kernel->threads.threads[waker].pid != 0 &&
	    is_thread_wanted(kernel, waker)) {
		next_line(kernel);
		kernel->counts.lines++;
		ctrace_chrome_wake(kernel->json, &kernel->facts, fact);
	}
}

static void mark(const struct ctrace_chrome_kernel *kernel, struct ctrace_event_place at)
{
	if (at.chunk != CTRACE_NO_CHUNK) {
		kernel->settings.marks[at.chunk] = CTRACE_CHROME_HAS_MEMORY;
	}
}

static void on_call(void *context, const struct ctrace_call_fact *fact)
{
	struct ctrace_chrome_kernel *kernel = context;
	const struct ctrace_known_thread *known = &kernel->threads.threads[fact->thread];

	if (fact->call < ctrace_trace_call_end(kernel->facts.trace) &&
	    kernel->settings.mapping_calls[fact->call] != CTRACE_MAPPING_NONE) {
		mark(kernel, fact->from);
		mark(kernel, fact->to);
	}
	if (is_thread_wanted(kernel, fact->thread) &&
	    is_inside(kernel, fact->begin, fact->end, fact->flags)) {
		next_line(kernel);
		kernel->counts.calls++;
		ctrace_chrome_call(kernel->json, kernel->facts.trace, fact, known->pid, known->tid);
	}
}

static void on_wake(void *context, const struct ctrace_wake_fact *fact)
{
	(void)context;
	(void)fact; /* told with the state that it began */
}

static void on_sample(void *context, const struct ctrace_sample_fact *fact)
{
	struct ctrace_chrome_kernel *kernel = context;
	const struct ctrace_known_thread *known = &kernel->threads.threads[fact->thread];

	if (is_thread_wanted(kernel, fact->thread) && fact->time >= kernel->settings.start &&
	    fact->time < kernel->settings.end) {
		next_line(kernel);
		ctrace_chrome_sample(kernel->json, fact, known->pid, known->tid);
	}
}

static void on_look(void *context, uint32_t thread, const struct ctrace_look *look)
{
	struct ctrace_chrome_kernel *kernel = context;
	const struct ctrace_known_thread *known = &kernel->threads.threads[thread];

	if (is_thread_wanted(kernel, thread) && look->time >= kernel->settings.start &&
	    look->time < kernel->settings.end) {
		next_line(kernel);
		ctrace_chrome_look(kernel->json, look, known->pid, known->tid);
	}
}

static void on_pages(void *context, uint32_t thread, struct ctrace_event_place at)
{
	struct ctrace_chrome_kernel *kernel = context;

	(void)thread;
	mark(kernel, at);
}

static void on_delay(void *context, uint32_t thread, uint64_t time, uint64_t waited)
{
	(void)context;
	(void)thread;
	(void)time;
	(void)waited;
}

static void on_lost(void *context, const struct ctrace_buffer_loss *loss)
{
	struct ctrace_chrome_kernel *kernel = context;
	uint64_t tid = loss->cpu == CTRACE_NO_CPU ? CTRACE_CHROME_NO_CPU_TID : loss->cpu;
	const struct ctrace_chrome_thread thread =
		ctrace_chrome_thread_of(CTRACE_CHROME_CPUS_PID, tid);
	const struct ctrace_chrome_line line = {
		.kind = CTRACE_KIND_LOST,
		.thread = &thread,
		.start = loss->to,
		.since = loss->from,
		.lost = loss->lost->events,
		.chunks = loss->lost->chunks,
		.reason = loss->lost->reason,
	};
	char *start;

	if (loss->to < kernel->settings.start || loss->to >= kernel->settings.end) {
		return;
	}
	next_line(kernel);
	kernel->counts.lost++;
	start = (char *)ctrace_buffer_reserve(kernel->json, ctrace_chrome_line_room(&line));
	if (start != NULL) {
		kernel->json->size += (size_t)(ctrace_chrome_line_write(start, &line) - start);
	}
}

static void on_damaged(void *context, uint32_t chunk, const struct ctrace_error *error)
{
	struct ctrace_chrome_kernel *kernel = context;

	kernel->settings.damaged(kernel->settings.context, chunk, error);
}

static const struct ctrace_kernel_calls calls = {
	.turn = on_turn,
	.state = on_state,
	.call = on_call,
	.wake = on_wake,
	.sample = on_sample,
	.look = on_look,
	.pages = on_pages,
	.delay = on_delay,
	.lost = on_lost,
	.damaged = on_damaged,
};

/* ---- Making one ---------------------------------------------------------------------- */

static bool has_buffers(const struct ctrace_trace *trace)
{
	uint32_t chunks = ctrace_trace_info(trace)->chunk_count;

	for (uint32_t i = 0; i < chunks; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, i);

		if (entry->type == CTRACE_CHUNK_EVENTS &&
		    ctrace_trace_buffer(trace, entry->stream) != NULL) {
			return true;
		}
	}
	return false;
}

static bool mark_wanted(struct ctrace_chrome_kernel *kernel)
{
	const struct ctrace_chrome_kernel_settings *settings = &kernel->settings;

	kernel->is_wanted = calloc(kernel->threads.count + 1u, sizeof(*kernel->is_wanted));
	for (uint32_t i = 0; kernel->is_wanted != NULL && i < kernel->threads.count; i++) {
		kernel->is_wanted[i] = settings->thread_count == 0;
		for (uint32_t j = 0; j < settings->thread_count; j++) {
			kernel->is_wanted[i] |=
				settings->threads[j] == kernel->threads.threads[i].tid;
		}
	}
	return kernel->is_wanted != NULL;
}

static enum ctrace_status fill(struct ctrace_chrome_kernel *kernel,
			       const struct ctrace_trace *trace)
{
	enum ctrace_status status = ctrace_thread_table_init(&kernel->threads, trace);

	if (status == CTRACE_OK && !mark_wanted(kernel)) {
		status = CTRACE_ERR_NO_MEMORY;
	}
	if (status == CTRACE_OK) {
		status = ctrace_kernel_replay_create(&kernel->replay, trace, &kernel->threads,
						     &calls, kernel);
	}
	return status;
}

enum ctrace_status ctrace_chrome_kernel_create(struct ctrace_chrome_kernel **kernel,
					       const struct ctrace_trace *trace,
					       const struct ctrace_chrome_kernel_settings *settings)
{
	struct ctrace_chrome_kernel *made;
	enum ctrace_status status;

	*kernel = NULL;
	if (!has_buffers(trace)) {
		return CTRACE_OK;
	}
	made = calloc(1, sizeof(*made));
	if (made == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	made->settings = *settings;
	made->facts = (struct ctrace_chrome_facts){trace, &made->threads};
	status = fill(made, trace);
	if (status != CTRACE_OK) {
		ctrace_chrome_kernel_destroy(made);
		return status;
	}
	made->settings.threads = NULL;
	*kernel = made;
	return CTRACE_OK;
}

void ctrace_chrome_kernel_destroy(struct ctrace_chrome_kernel *kernel)
{
	if (kernel == NULL) {
		return;
	}
	ctrace_kernel_replay_destroy(kernel->replay);
	ctrace_thread_table_finish(&kernel->threads);
	free(kernel->is_wanted);
	free(kernel);
}

/* ---- Text -------------------------------------------------------------------------- */

static void put_metadata(struct ctrace_buffer *json, const char *name, uint64_t pid, uint64_t tid)
{
	ctrace_json_put(
		json,
		"{\"name\":\"%s\",\"cat\":\"__metadata\",\"ph\":\"M\",\"ts\":0,\"pid\":%" PRIu64
		",\"tid\":%" PRIu64 ",\"args\":{",
		name, pid, tid);
}

static void put_process(struct ctrace_buffer *json, uint64_t pid, const char *name, int place)
{
	put_metadata(json, "process_name", pid, 0);
	ctrace_json_put(json, "\"name\":\"%s\"}},\n", name);
	put_metadata(json, "process_sort_index", pid, 0);
	ctrace_json_put(json, "\"sort_index\":%d}}", place);
}

static void put_cpu(struct ctrace_buffer *json, uint32_t cpu)
{
	ctrace_json_put(json, ",\n");
	put_metadata(json, "thread_name", CTRACE_CHROME_CPUS_PID, cpu);
	ctrace_json_put(json, "\"name\":\"CPU %" PRIu32 "\"}}", cpu);
}

/* CPUs above all processes, states below. */
void ctrace_chrome_kernel_metadata(struct ctrace_chrome_kernel *kernel, struct ctrace_buffer *json)
{
	uint32_t count;
	const struct ctrace_buffer_row *rows = ctrace_trace_buffers(kernel->facts.trace, &count);
	char text[CTRACE_CHROME_THREAD_NAME_BYTES];

	put_process(json, CTRACE_CHROME_CPUS_PID, "CPUs", -1);
	for (uint32_t i = 0; i < count; i++) {
		if (rows[i].cpu != CTRACE_NO_CPU) {
			put_cpu(json, rows[i].cpu);
		}
	}
	ctrace_json_put(json, ",\n");
	put_process(json, CTRACE_CHROME_STATES_PID, "Thread states", 65536);
	for (uint32_t i = 0; i < kernel->threads.count; i++) {
		if (!kernel->is_wanted[i] || kernel->threads.threads[i].pid == 0) {
			continue;
		}
		ctrace_json_put(json, ",\n");
		put_metadata(json, "thread_name", CTRACE_CHROME_STATES_PID,
			     kernel->threads.threads[i].tid);
		ctrace_json_put(json, "\"name\":");
		ctrace_json_put_string(json, ctrace_chrome_thread_name(&kernel->facts, i, text));
		ctrace_json_put(json, "}}");
	}
}

enum ctrace_status ctrace_chrome_kernel_step(struct ctrace_chrome_kernel *kernel,
					     struct ctrace_buffer *json)
{
	enum ctrace_status status;

	kernel->json = json;
	status = ctrace_kernel_replay_step(kernel->replay);
	kernel->json = NULL;
	return json->is_failed ? CTRACE_ERR_NO_MEMORY : status;
}

struct ctrace_chrome_kernel_counts ctrace_chrome_kernel_counts(
	const struct ctrace_chrome_kernel *kernel)
{
	return kernel->counts;
}

uint64_t ctrace_chrome_kernel_repaired(const struct ctrace_chrome_kernel *kernel)
{
	return ctrace_kernel_replay_repaired(kernel->replay);
}
