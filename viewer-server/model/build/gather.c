/* SPDX-License-Identifier: MIT */
/* Tracks: processes, their threads, and the headings for counters and tasks. */

#include "viewer-server/model/build/gather.h"

#include "viewer-server/model/build/track_labels.h"

#include <string.h>

uint64_t ctrace_gather_pid(const struct ctrace_gathering *gathering, uint32_t build)
{
	return gathering->pids[build];
}

bool ctrace_gather_lane(struct ctrace_gathering *gathering, struct ctrace_lane *lane,
			uint32_t track, uint32_t depth, uint32_t stream)
{
	uint32_t *of_stream = ctrace_column_add(&gathering->lane_streams, sizeof(*of_stream));
	struct ctrace_lane *added;

	if (of_stream == NULL) {
		return false;
	}
	added = ctrace_column_add(&gathering->lanes, sizeof(*added));
	if (added == NULL) {
		return false;
	}
	*of_stream = stream;
	*added = *lane;
	added->info.id = (uint32_t)gathering->lanes.count - 1;
	added->info.track = track;
	added->info.depth = depth;
	memset(lane, 0, sizeof(*lane));
	return true;
}

static struct ctrace_track *add_track(struct ctrace_gathering *gathering,
				      enum ctrace_track_kind kind, uint32_t parent, uint64_t pid)
{
	struct ctrace_track *track = ctrace_column_add(&gathering->tracks, sizeof(*track));

	if (track != NULL) {
		*track = (struct ctrace_track){
			.id = (uint32_t)gathering->tracks.count - 1,
			.parent = parent,
			.kind = kind,
			.pid = pid,
		};
	}
	return track;
}

static bool add_thread_lanes(struct ctrace_gathering *gathering, uint32_t build, uint32_t track)
{
	struct ctrace_stream_build *from = &gathering->builds[build];
	struct ctrace_model_stream *stream = &gathering->model->streams[build];
	bool is_ok = true;

	stream->state_lane = stream->sample_lane = CTRACE_NONE;
	if (from->states.count > 0) {
		stream->state_lane = (uint32_t)gathering->lanes.count;
		is_ok = ctrace_gather_lane(gathering, &from->states, track, 0, build);
	}
	if (from->found.count > 0) {
		stream->sample_lane = (uint32_t)gathering->lanes.count;
		is_ok = is_ok && ctrace_gather_lane(gathering, &from->found, track, 0, build);
	}
	if (from->halted.count > 0) {
		is_ok = is_ok && ctrace_gather_lane(gathering, &from->halted, track, 0, build);
	}
	if (from->gaps.count > 0) {
		is_ok = is_ok && ctrace_gather_lane(gathering, &from->gaps, track, 0, build);
	}
	if (from->instants.count > 0) {
		is_ok = is_ok && ctrace_gather_lane(gathering, &from->instants, track, 0, build);
	}
	stream->first_span_lane = (uint32_t)gathering->lanes.count;
	stream->span_lanes = from->lane_count;
	for (uint32_t i = 0; is_ok && i < from->lane_count; i++) {
		is_ok = ctrace_gather_lane(gathering, &from->lanes[i], track, i, build);
	}
	return is_ok;
}

static void take(struct ctrace_column *to, struct ctrace_column *from)
{
	*to = *from;
	*from = (struct ctrace_column){0};
}

/* Its own, and the facts that a kernel's events of it came to. */
static uint64_t events_of(const struct ctrace_stream_build *build)
{
	return build->events + build->states.count + build->weave.next + build->found.count +
	       build->looks.count;
}

static bool add_thread(struct ctrace_gathering *gathering, uint32_t build, uint32_t process,
		       uint64_t pid)
{
	struct ctrace_stream_build *from = &gathering->builds[build];
	const struct ctrace_thread_row *row = ctrace_track_row(gathering, build);
	struct ctrace_bytes label = ctrace_track_thread_label(gathering, build);
	struct ctrace_track *track = add_track(gathering, CTRACE_TRACK_THREAD, process, pid);

	if (track == NULL) {
		return false;
	}
	track->label = label;
	track->tid = row != NULL ? row->tid : 0;
	track->stream = from->stream;
	track->events = events_of(from);
	track->memory = from->memory;
	track->looks = from->looks.count;
	track->lost = row != NULL && row->lost > from->lost ? row->lost : from->lost;
	gathering->model->streams[build].stream = from->stream;
	gathering->model->streams[build].track = track->id;
	gathering->model->streams[build].thread = from->thread;
	if (from->thread != CTRACE_NO_THREAD) {
		gathering->model->thread_streams[from->thread] = build;
	}
	take(&gathering->model->streams[build].delays, &from->delays);
	take(&gathering->model->streams[build].looks, &from->looks);
	take(&gathering->model->streams[build].contexts, &from->contexts);
	take(&gathering->model->streams[build].losses, &from->losses);
	take(&gathering->model->streams[build].strays, &from->strays);
	return add_thread_lanes(gathering, build, track->id);
}

/* The main thread first, the others by name, numbers in names by value: worker 2, worker 10. */
static bool add_threads(struct ctrace_gathering *gathering, uint32_t process, uint64_t pid)
{
	uint32_t count = gathering->own_count, *order = malloc((count + 1u) * sizeof(*order));
	bool is_ok = order != NULL;

	if (is_ok) {
		memcpy(order, gathering->own, count * sizeof(*order));
		qsort_r(order, count, sizeof(*order), ctrace_track_compare, gathering);
	}
	for (uint32_t i = 0; is_ok && i < count; i++) {
		is_ok = add_thread(gathering, order[i], process, pid);
	}
	free(order);
	return is_ok;
}

struct heading {
	enum ctrace_track_kind kind;
	const char *label;
	enum ctrace_status (*gather)(struct ctrace_gathering *gathering, uint64_t pid,
				     uint32_t track);
};

/* A track that stands for a whole process, if there is anything in it. */
static enum ctrace_status add_heading(struct ctrace_gathering *gathering,
				      const struct heading *heading, uint32_t process, uint64_t pid)
{
	struct ctrace_track *track = add_track(gathering, heading->kind, process, pid);
	size_t lanes = gathering->lanes.count;
	enum ctrace_status status;

	if (track == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	track->label = (struct ctrace_bytes){heading->label, (uint32_t)strlen(heading->label)};
	status = heading->gather(gathering, pid, track->id);
	for (size_t i = lanes; i < gathering->lanes.count; i++) {
		track->events += ((struct ctrace_lane *)gathering->lanes.items)[i].count;
	}
	gathering->tracks.count -= gathering->lanes.count == lanes;
	return status;
}

static const struct heading above_threads[] = {
	{CTRACE_TRACK_COUNTERS, "Counters", ctrace_gather_counters},
	{CTRACE_TRACK_COLLECTOR, "Collector", ctrace_gather_collector},
	{CTRACE_TRACK_MEMORY, "Memory", ctrace_gather_memory},
	{CTRACE_TRACK_MEMORY, "Allocation rate by thread", ctrace_gather_memory_threads},
};
static const struct heading below_threads = {CTRACE_TRACK_TASKS, "Tasks", ctrace_gather_tasks};

static enum ctrace_status add_process(struct ctrace_gathering *gathering, uint64_t pid)
{
	struct ctrace_bytes label = ctrace_track_process_label(gathering, pid);
	struct ctrace_track *track = add_track(gathering, CTRACE_TRACK_PROCESS, CTRACE_NONE, pid);
	uint32_t process = (uint32_t)gathering->tracks.count - 1;
	enum ctrace_status status = CTRACE_OK;

	if (track == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	track->label = label;
	for (uint32_t i = 0; i < gathering->own_count; i++) {
		track->events += events_of(&gathering->builds[gathering->own[i]]);
		track->lost += gathering->builds[gathering->own[i]].lost;
	}
	for (size_t i = 0;
	     status == CTRACE_OK && i < sizeof(above_threads) / sizeof(above_threads[0]); i++) {
		status = add_heading(gathering, &above_threads[i], process, pid);
	}
	if (status != CTRACE_OK) {
		return status;
	}
	if (!add_threads(gathering, process, pid)) {
		return CTRACE_ERR_NO_MEMORY;
	}
	return add_heading(gathering, &below_threads, process, pid);
}

static bool add_cpu(struct ctrace_gathering *gathering, struct ctrace_cpu_lanes *cpu,
		    uint32_t track, uint32_t depth)
{
	struct ctrace_model *model = gathering->model;
	struct ctrace_cpu_losses *losses;
	bool is_ok = true;

	cpu->turns.info.cpu = cpu->gaps.info.cpu = cpu->cpu;
	if (cpu->gaps.count > 0) {
		losses = ctrace_column_add(&model->cpu_losses, sizeof(*losses));
		if (losses == NULL) {
			return false;
		}
		*losses = (struct ctrace_cpu_losses){.lane = (uint32_t)gathering->lanes.count,
						     .stream = cpu->stream};
		take(&losses->losses, &cpu->losses);
		is_ok = ctrace_gather_lane(gathering, &cpu->gaps, track, depth, CTRACE_NONE);
	}
	if (cpu->turns.count > 0) {
		is_ok = is_ok &&
			ctrace_gather_lane(gathering, &cpu->turns, track, depth, CTRACE_NONE);
	}
	return is_ok;
}

static int by_cpu(const void *a, const void *b)
{
	const struct ctrace_cpu_lanes *x = a, *y = b;

	return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

/* Who ran where stands above all processes. */
static bool add_cpus(struct ctrace_gathering *gathering)
{
	struct ctrace_kernel_lanes *kernel = gathering->kernel;
	struct ctrace_track *track;
	bool is_ok = true;

	if (kernel->cpu_count == 0) {
		return true;
	}
	track = add_track(gathering, CTRACE_TRACK_CPUS, CTRACE_NONE, 0);
	if (track == NULL) {
		return false;
	}
	track->label = (struct ctrace_bytes){"CPUs", 4};
	track->lost = kernel->lost;
	qsort(kernel->cpus, kernel->cpu_count, sizeof(*kernel->cpus), by_cpu);
	for (uint32_t i = 0; is_ok && i < kernel->cpu_count; i++) {
		track->events += kernel->cpus[i].turns.count;
		is_ok = add_cpu(gathering, &kernel->cpus[i], track->id, i);
	}
	return is_ok;
}

/* ---- process by process ---- */

static int by_process(const void *a, const void *b, void *pids)
{
	const uint64_t *of = pids;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return of[x] != of[y] ? (of[x] > of[y]) - (of[x] < of[y]) : (x > y) - (x < y);
}

static bool group_builds(struct ctrace_gathering *gathering)
{
	uint32_t count = gathering->build_count;

	gathering->pids = malloc((count + 1u) * sizeof(*gathering->pids));
	gathering->grouped = malloc((count + 1u) * sizeof(*gathering->grouped));
	if (gathering->pids == NULL || gathering->grouped == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct ctrace_thread_row *row = ctrace_track_row(gathering, i);

		gathering->pids[i] = row != NULL ? row->pid : 0;
		gathering->grouped[i] = i;
	}
	qsort_r(gathering->grouped, count, sizeof(*gathering->grouped), by_process,
		gathering->pids);
	return true;
}

/* By each build that is its process's first: where its process stands in `grouped`. */
static uint32_t *find_groups(const struct ctrace_gathering *gathering)
{
	uint32_t count = gathering->build_count;
	uint32_t *groups = malloc((count + 1u) * sizeof(*groups));

	for (uint32_t i = 0; groups != NULL && i < count; i++) {
		uint32_t build = gathering->grouped[i];
		bool is_first = i == 0 || gathering->pids[gathering->grouped[i - 1]] !=
						  gathering->pids[build];

		groups[build] = is_first ? i : CTRACE_NONE;
	}
	return groups;
}

static void enter_process(struct ctrace_gathering *gathering, uint32_t group)
{
	uint32_t end = group + 1;
	uint64_t pid = gathering->pids[gathering->grouped[group]];

	while (end < gathering->build_count && gathering->pids[gathering->grouped[end]] == pid) {
		end++;
	}
	gathering->own = &gathering->grouped[group];
	gathering->own_count = end - group;
}

/* In the order of their first builds. */
static enum ctrace_status add_processes(struct ctrace_gathering *gathering)
{
	uint32_t *groups = find_groups(gathering);
	enum ctrace_status status = groups != NULL ? CTRACE_OK : CTRACE_ERR_NO_MEMORY;

	for (uint32_t i = 0; status == CTRACE_OK && i < gathering->build_count; i++) {
		if (groups[i] != CTRACE_NONE) {
			enter_process(gathering, groups[i]);
			status = add_process(gathering, gathering->pids[i]);
		}
	}
	free(groups);
	return status;
}

static enum ctrace_status gather_all(struct ctrace_gathering *gathering)
{
	enum ctrace_status status = group_builds(gathering) && add_cpus(gathering)
					    ? add_processes(gathering)
					    : CTRACE_ERR_NO_MEMORY;

	if (status != CTRACE_OK) {
		return status;
	}
	ctrace_gather_tasks_sort(gathering);
	return ctrace_gather_flows(gathering);
}

/* What was gathered becomes the model's, also after a failure: its destroy then frees it. */
static void hand_over(struct ctrace_gathering *gathering)
{
	struct ctrace_model *model = gathering->model;

	model->lanes = gathering->lanes.items;
	model->lane_count = (uint32_t)gathering->lanes.count;
	model->lane_streams = gathering->lane_streams.items;
	model->tracks = gathering->tracks.items;
	model->track_count = (uint32_t)gathering->tracks.count;
}

static bool make_streams(struct ctrace_model *model, uint32_t count)
{
	model->streams = calloc(count + 1u, sizeof(*model->streams));
	model->thread_streams = malloc((model->threads.count + 1u) * sizeof(uint32_t));
	model->stream_count = count;
	if (model->thread_streams != NULL) {
		memset(model->thread_streams, 0xff, model->threads.count * sizeof(uint32_t));
	}
	return model->streams != NULL && model->thread_streams != NULL;
}

enum ctrace_status ctrace_gather(struct ctrace_model *model, struct ctrace_loaded *loaded,
				 const struct ctrace_memory_curves *memory)
{
	struct ctrace_gathering gathering = {.model = model,
					     .builds = loaded->builds,
					     .build_count = loaded->count,
					     .kernel = &loaded->kernel,
					     .memory = memory};
	enum ctrace_status status;

	if (!make_streams(model, loaded->count)) {
		return CTRACE_ERR_NO_MEMORY;
	}
	status = gather_all(&gathering);
	for (uint32_t i = 0; i < loaded->count; i++) {
		model->events += loaded->builds[i].events;
		model->lost += loaded->builds[i].lost;
		model->repaired += loaded->builds[i].repaired;
	}
	model->events += loaded->kernel.events;
	model->lost += loaded->kernel.lost;
	model->repaired += loaded->kernel.repaired;
	take(&model->wakes, &loaded->kernel.wakes);
	hand_over(&gathering);
	free(gathering.grouped);
	free(gathering.pids);
	free(gathering.build_of_thread);
	return status;
}
