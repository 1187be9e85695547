/* SPDX-License-Identifier: MIT */
/*
 * The loader: chunks sorted by stream, each stream taken by whichever thread is free.
 *
 * [A] next stream: relaxed, each value is taken once and orders nothing.
 * [B] stop, events: relaxed, read for progress and limits only. What the threads
 *     built is seen by the caller through pthread_join.
 */

#include "viewer-server/model/build/load.h"

#include "format/limits.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define LOADER_THREADS	   2
#define DEFAULT_MAX_MEMORY (UINT64_C(2) << 30)
/* What an event takes in the end: a span is two events, 20 bytes and its share of index and
 * pyramid; all else is dearer but rarer. */
#define BYTES_PER_EVENT 14u
/* A switch is a turn and two states, a wake-up a state and a row; calls are as spans. */
#define BYTES_PER_KERNEL_EVENT 40u

struct slice {
	uint32_t stream, first, count; /* chunks of a stream: positions in `order` */
};

struct loader {
	struct ctrace_model *model;
	struct ctrace_loaded *loaded;
	const struct ctrace_model_settings *settings;
	uint32_t *order; /* EVENTS chunks by stream, then seq */
	struct slice *slices;
	uint64_t events_in_all, kernel_events;
	_Atomic uint32_t next;	 /* [A] */
	_Atomic uint64_t events; /* [B] */
	_Atomic int stop;	 /* [B] a status */
	pthread_mutex_t lock;	 /* damage and error */
	struct ctrace_error error;
};

struct worker {
	struct loader *loader;
	pthread_t thread;
	struct ctrace_chunk chunk; /* memory is reused */
	bool is_caller, is_started;
};

static int by_stream_then_seq(const void *a, const void *b, void *context)
{
	const struct ctrace_trace *trace = context;
	const struct ctrace_chunk_entry *x = ctrace_trace_chunk(trace, *(const uint32_t *)a);
	const struct ctrace_chunk_entry *y = ctrace_trace_chunk(trace, *(const uint32_t *)b);

	if (x->stream != y->stream) {
		return x->stream < y->stream ? -1 : 1;
	}
	if (x->seq != y->seq) {
		return x->seq < y->seq ? -1 : 1;
	}
	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Chunks of each stream together; returns how many chunks there are. */
static uint32_t sort_chunks(struct loader *loader)
{
	struct ctrace_trace *trace = loader->model->trace;
	uint32_t chunks = ctrace_trace_info(trace)->chunk_count, count = 0;

	for (uint32_t i = 0; i < chunks; i++) {
		const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(trace, i);

		if (entry->type != CTRACE_CHUNK_EVENTS) {
			continue;
		}
		if (ctrace_trace_buffer(trace, entry->stream) != NULL) {
			loader->kernel_events += entry->events;
		} else {
			loader->order[count++] = i;
		}
		loader->events_in_all += entry->events;
	}
	qsort_r(loader->order, count, sizeof(*loader->order), by_stream_then_seq, trace);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t stream = ctrace_trace_chunk(trace, loader->order[i])->stream;
		uint32_t slices = loader->loaded->count;

		if (slices == 0 || loader->slices[slices - 1].stream != stream) {
			loader->slices[loader->loaded->count++] = (struct slice){stream, i, 0};
		}
		loader->slices[loader->loaded->count - 1].count++;
	}
	return count;
}

static void stop_with(struct loader *loader, enum ctrace_status status, const char *what)
{
	pthread_mutex_lock(&loader->lock);
	if (atomic_load_explicit(&loader->stop, memory_order_relaxed) == CTRACE_OK) {
		atomic_store_explicit(&loader->stop, (int)status, memory_order_relaxed);
		if (what != NULL) {
			ctrace_error_set(&loader->error, status, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
					 "%s", what);
		}
	}
	pthread_mutex_unlock(&loader->lock);
}

static void note_damage(struct loader *loader, uint32_t chunk, const struct ctrace_error *error)
{
	const struct ctrace_chunk_entry *entry = ctrace_trace_chunk(loader->model->trace, chunk);
	struct ctrace_damage *damage;

	pthread_mutex_lock(&loader->lock);
	if (loader->loaded->damage.count < CTRACE_DAMAGE_MAX) {
		damage = ctrace_column_add(&loader->loaded->damage, sizeof(*damage));
		if (damage != NULL) {
			*damage = (struct ctrace_damage){
				entry->offset, CTRACE_CHUNK_HEADER_BYTES + entry->stored, *error};
		}
	}
	pthread_mutex_unlock(&loader->lock);
}

static void report(struct worker *worker)
{
	struct loader *loader = worker->loader;
	const struct ctrace_model_settings *settings = loader->settings;

	if (worker->is_caller && settings->progress != NULL &&
	    !settings->progress(settings->context, "indexing",
				atomic_load_explicit(&loader->events, memory_order_relaxed),
				loader->events_in_all)) {
		stop_with(loader, CTRACE_END, NULL);
	}
}

static bool is_stopped(struct loader *loader)
{
	return atomic_load_explicit(&loader->stop, memory_order_relaxed) != CTRACE_OK;
}

/* A chunk that cannot be used is damage of its own; only want of memory ends the loading. */
static void load_chunk(struct worker *worker, struct ctrace_stream_build *build, uint32_t ordinal)
{
	struct loader *loader = worker->loader;
	struct ctrace_error error = {0};
	enum ctrace_status status;

	status = ctrace_chunk_load(&worker->chunk, loader->model->trace, ordinal, &error);
	if (status == CTRACE_OK) {
		status = ctrace_stream_build_chunk(build, &worker->chunk, ordinal, &error);
	}
	if (status == CTRACE_OK) {
		atomic_fetch_add_explicit(&loader->events, worker->chunk.entry->events,
					  memory_order_relaxed);
	} else if (status == CTRACE_ERR_NO_MEMORY) {
		stop_with(loader, status, "no memory for the events of a thread");
	} else {
		note_damage(loader, ordinal, &error);
		ctrace_stream_build_miss(build, ctrace_trace_chunk(loader->model->trace, ordinal));
	}
}

/* ---- What a kernel tells, before the streams -------------------------------- */

static bool go_on(void *context, uint64_t events)
{
	struct loader *loader = context;
	const struct ctrace_model_settings *settings = loader->settings;

	atomic_store_explicit(&loader->events, events, memory_order_relaxed);
	return settings->progress == NULL ||
	       settings->progress(settings->context, "indexing", events, loader->events_in_all);
}

static void note_kernel_damage(void *context, uint32_t chunk, const struct ctrace_error *error)
{
	note_damage(context, chunk, error);
}

/* A thread that only a kernel knows is a stream without chunks. */
static void add_kernel_threads(struct loader *loader)
{
	const struct ctrace_kernel_lanes *kernel = &loader->loaded->kernel;

	for (uint32_t i = 0; i < kernel->thread_count; i++) {
		const struct ctrace_known_thread *thread = &loader->model->threads.threads[i];

		if (!thread->has_chunks && ctrace_kernel_lanes_know(kernel, i)) {
			loader->slices[loader->loaded->count++] =
				(struct slice){thread->stream, 0, 0};
		}
	}
}

static enum ctrace_status load_kernel(struct loader *loader)
{
	struct ctrace_loaded *loaded = loader->loaded;
	enum ctrace_status status;

	loaded->kernel.go_on = go_on;
	loaded->kernel.damaged = note_kernel_damage;
	loaded->kernel.context = loader;
	status = ctrace_kernel_lanes_fill(&loaded->kernel, loader->model);
	if (status != CTRACE_OK) {
		return status;
	}
	add_kernel_threads(loader);
	loaded->builds = calloc(loaded->count + 1u, sizeof(*loaded->builds));
	return loaded->builds != NULL ? CTRACE_OK : CTRACE_ERR_NO_MEMORY;
}

static void move_lane(struct ctrace_lane *to, struct ctrace_lane *from)
{
	ctrace_lane_finish(to);
	*to = *from;
	memset(from, 0, sizeof(*from));
}

/* What the kernel told of the thread whose stream this is goes into its lanes. */
static void hand_over(struct loader *loader, struct ctrace_stream_build *build)
{
	uint32_t thread = ctrace_thread_table_of_stream(&loader->model->threads, build->stream);
	struct ctrace_thread_lanes *lanes;

	build->thread = thread;
	if (thread == CTRACE_NO_THREAD) {
		return;
	}
	lanes = &loader->loaded->kernel.threads[thread];
	move_lane(&build->states, &lanes->states);
	move_lane(&build->weave.calls, &lanes->calls);
	move_lane(&build->found, &lanes->samples);
	build->delays = lanes->delays;
	lanes->delays = (struct ctrace_column){0};
	build->looks = lanes->looks;
	lanes->looks = (struct ctrace_column){0};
}

static void load_stream(struct worker *worker, uint32_t position)
{
	struct loader *loader = worker->loader;
	const struct slice *slice = &loader->slices[position];
	struct ctrace_stream_build *build = &loader->loaded->builds[position];

	if (ctrace_stream_build_init(build, loader->model, slice->stream) != CTRACE_OK) {
		stop_with(loader, CTRACE_ERR_NO_MEMORY, "no memory for the events of a thread");
	}
	hand_over(loader, build);
	for (uint32_t i = 0; i < slice->count && !is_stopped(loader); i++) {
		load_chunk(worker, build, loader->order[slice->first + i]);
		report(worker);
	}
	if (!is_stopped(loader) && ctrace_stream_build_close(build) != CTRACE_OK) {
		stop_with(loader, CTRACE_ERR_NO_MEMORY, "no memory for the index");
	}
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct loader *loader = worker->loader;

	while (!is_stopped(loader)) {
		uint32_t position =
			atomic_fetch_add_explicit(&loader->next, 1, memory_order_relaxed);

		if (position >= loader->loaded->count) {
			break;
		}
		load_stream(worker, position);
	}
	ctrace_chunk_unload(&worker->chunk);
	return NULL;
}

static void run_workers(struct loader *loader)
{
	struct worker workers[LOADER_THREADS];

	for (int i = 0; i < LOADER_THREADS; i++) {
		workers[i] = (struct worker){.loader = loader, .is_caller = i == 0};
	}
	for (int i = 1; i < LOADER_THREADS; i++) {
		workers[i].is_started =
			pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0;
	}
	work(&workers[0]);
	for (int i = 1; i < LOADER_THREADS; i++) {
		if (workers[i].is_started) {
			pthread_join(workers[i].thread, NULL);
		}
	}
}

/* Told before the work is done, as all that counts is known by now. */
static enum ctrace_status check_memory(struct loader *loader)
{
	uint64_t needed = (loader->events_in_all - loader->kernel_events) * BYTES_PER_EVENT +
			  loader->kernel_events * BYTES_PER_KERNEL_EVENT;
	uint64_t limit = loader->settings->max_memory != 0 ? loader->settings->max_memory
							   : DEFAULT_MAX_MEMORY;

	if (needed <= limit) {
		return CTRACE_OK;
	}
	return ctrace_error_set(
		&loader->error, CTRACE_ERR_LIMIT, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
		"the index of %" PRIu64 " events needs about %" PRIu64 " KiB, the limit is %" PRIu64
		" KiB; raise --max-memory, or convert a part with --start and --end",
		loader->events_in_all, (needed + 1023) >> 10, limit >> 10);
}

static enum ctrace_status prepare(struct loader *loader)
{
	uint32_t chunks = ctrace_trace_info(loader->model->trace)->chunk_count;

	size_t most = (size_t)chunks + loader->model->threads.count + 1u;

	loader->order = calloc(chunks + 1u, sizeof(*loader->order));
	loader->slices = calloc(most, sizeof(*loader->slices));
	if (loader->order == NULL || loader->slices == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	sort_chunks(loader);
	if (loader->events_in_all > CTRACE_STRAY_REF) {
		return ctrace_error_set(
			&loader->error, CTRACE_ERR_LIMIT, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
			"%" PRIu64
			" events, the limit is %u; convert a part with --start and --end",
			loader->events_in_all, CTRACE_STRAY_REF);
	}
	if (check_memory(loader) != CTRACE_OK) {
		return loader->error.status;
	}
	return CTRACE_OK;
}

enum ctrace_status ctrace_load(struct ctrace_loaded *loaded, struct ctrace_model *model,
			       const struct ctrace_model_settings *settings,
			       struct ctrace_error *error)
{
	struct loader loader = {.model = model, .loaded = loaded, .settings = settings};
	enum ctrace_status status;

	*loaded = (struct ctrace_loaded){0};
	pthread_mutex_init(&loader.lock, NULL);
	status = prepare(&loader);
	if (status == CTRACE_OK) {
		status = load_kernel(&loader);
	}
	if (status == CTRACE_OK) {
		run_workers(&loader);
		status = (enum ctrace_status)atomic_load_explicit(&loader.stop,
								  memory_order_relaxed);
	}
	if (status != CTRACE_OK && loader.error.status != CTRACE_OK) {
		ctrace_error_set(error, status, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK, "%s",
				 loader.error.text);
	} else if (status == CTRACE_ERR_NO_MEMORY) {
		ctrace_error_set(error, status, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
				 "no memory for the index");
	}
	pthread_mutex_destroy(&loader.lock);
	free(loader.order);
	free(loader.slices);
	return status;
}

void ctrace_loaded_finish(struct ctrace_loaded *loaded)
{
	for (uint32_t i = 0; loaded->builds != NULL && i < loaded->count; i++) {
		ctrace_stream_build_finish(&loaded->builds[i]);
	}
	free(loaded->builds);
	ctrace_kernel_lanes_finish(&loaded->kernel);
	ctrace_column_finish(&loaded->damage);
	*loaded = (struct ctrace_loaded){0};
}
