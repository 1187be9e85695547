/* SPDX-License-Identifier: MIT */
/* From events of memory to curves of processes; see memory_curves.h. */

#include "viewer-server/model/memory/memory_curves.h"

#include <string.h>

#define STEP_EVENTS 16384u
/* A rate has at most so many stretches, and none is shorter than 1 ms. */
#define RATE_STRETCHES	 1024u
#define RATE_SHIFT_LEAST 20u
/* Of estimates, so many chosen blocks are to come in a stretch; and so few stretches are enough. */
#define RATE_SAMPLES	   16u
#define RATE_STRETCHES_MIN 16u

struct ctrace_memory_call {
	uint64_t args[4];
	bool is_under_way;
};

/* ---- whose ---- */

static struct ctrace_memory_process *process_at(const struct ctrace_memory_curves *curves,
						uint32_t place)
{
	return &((struct ctrace_memory_process *)curves->processes.items)[place];
}

static struct ctrace_memory_pool *pool_at(const struct ctrace_memory_curves *curves, uint32_t place)
{
	return &((struct ctrace_memory_pool *)curves->pools.items)[place];
}

/* CTRACE_MAP_NONE: no memory. */
static uint32_t process_of(struct ctrace_memory_curves *curves, uint64_t pid)
{
	uint32_t known = ctrace_map_get(&curves->process_of_pid, pid);
	struct ctrace_memory_process *process;

	if (known != CTRACE_MAP_NONE) {
		return known;
	}
	known = (uint32_t)curves->processes.count;
	process = ctrace_column_add(&curves->processes, sizeof(*process));
	if (process == NULL) {
		return CTRACE_MAP_NONE;
	}
	*process = (struct ctrace_memory_process){.pid = pid};
	return ctrace_map_put(&curves->process_of_pid, pid, known) ? known : CTRACE_MAP_NONE;
}

static uint64_t key_of_pool(uint32_t process, uint64_t pool)
{
	uint64_t key = (pool ^ (uint64_t)process << 40) * UINT64_C(0x9e3779b97f4a7c15);

	return key ^ key >> 29;
}

static void link_pool(struct ctrace_memory_curves *curves, struct ctrace_memory_process *process,
		      uint32_t number)
{
	if (process->last_pool != 0) {
		pool_at(curves, process->last_pool - 1)->next = number;
	} else {
		process->first_pool = number;
	}
	process->last_pool = number;
}

/* The number of a process's pool, from 1 on. 0: no memory. */
static uint32_t find_owner(struct ctrace_memory_curves *curves, uint64_t pid, uint64_t pool)
{
	uint32_t process = process_of(curves, pid), known;
	uint64_t key = key_of_pool(process, pool);
	struct ctrace_memory_pool *added;

	if (process == CTRACE_MAP_NONE) {
		return 0;
	}
	for (known = ctrace_map_get(&curves->pool_of_key, key); known != CTRACE_MAP_NONE;
	     known = ctrace_map_get(&curves->pool_of_key, ++key)) {
		if (pool_at(curves, known)->process == process &&
		    pool_at(curves, known)->pool == pool) {
			return known + 1;
		}
	}
	known = (uint32_t)curves->pools.count;
	added = ctrace_column_add(&curves->pools, sizeof(*added));
	if (added == NULL || !ctrace_map_put(&curves->pool_of_key, key, known)) {
		return 0;
	}
	*added = (struct ctrace_memory_pool){.process = process, .pool = pool};
	link_pool(curves, process_at(curves, process), known + 1);
	return known + 1;
}

static uint32_t owner_of(struct ctrace_memory_curves *curves, const struct ctrace_heap_event *event)
{
	if (curves->last_owner == 0 || curves->last_pid != event->pid ||
	    curves->last_pool != event->pool) {
		curves->last_owner = find_owner(curves, event->pid, event->pool);
		curves->last_pid = event->pid;
		curves->last_pool = event->pool;
	}
	return curves->last_owner;
}

/* ---- blocks ---- */

/* So much more, or less, of a pool is alive. */
static bool change(struct ctrace_memory_curves *curves, uint32_t owner, uint64_t time,
		   uint64_t more, uint64_t less)
{
	struct ctrace_memory_pool *pool = pool_at(curves, owner - 1);
	struct ctrace_memory_process *process = process_at(curves, pool->process);

	process->live += more - less;
	pool->live += more - less;
	return ctrace_curve_add(&process->alive, time, (double)process->live) &&
	       (pool->pool == 0 || ctrace_curve_add(&pool->alive, time, (double)pool->live));
}

static bool put_alive(struct ctrace_memory_curves *curves, const struct ctrace_live_block *block,
		      uint64_t time)
{
	struct ctrace_live_block former;
	bool is_failed = false, is_known;

	is_known = ctrace_live_blocks_put(&curves->blocks, block, &former, &is_failed);
	return !is_failed &&
	       change(curves, block->owner, time, block->bytes, is_known ? former.bytes : 0);
}

static bool count_got(struct ctrace_memory_curves *curves, const struct ctrace_heap_event *event,
		      uint32_t process, uint64_t bytes)
{
	struct ctrace_memory_thread *thread = &curves->threads[event->place];
	struct ctrace_memory_process *of = process_at(curves, process);

	if (thread->got.stretches.count == 0) {
		thread->process = process;
		thread->next = of->first_thread;
		of->first_thread = event->place + 1;
	}
	thread->bytes += (double)bytes;
	of->is_sampled |= event->weight != 0;
	return ctrace_rate_add(&of->got, curves->rate_shift, event->time, (double)bytes) &&
	       ctrace_rate_add(&thread->got, curves->rate_shift, event->time, (double)bytes);
}

static bool begin_block(struct ctrace_memory_curves *curves, const struct ctrace_heap_event *event)
{
	const struct ctrace_live_block block = {
		.address = event->address,
		.bytes = event->weight != 0 ? event->weight : event->size,
		.owner = owner_of(curves, event),
	};

	return block.owner != 0 && put_alive(curves, &block, event->time) &&
	       count_got(curves, event, pool_at(curves, block.owner - 1)->process, block.bytes);
}

static bool end_block(struct ctrace_memory_curves *curves, const struct ctrace_heap_event *event)
{
	struct ctrace_live_block *last = &curves->threads[event->place].last_freed;
	uint32_t owner = owner_of(curves, event);

	last->owner = 0;
	if (owner == 0) {
		return false;
	}
	return !ctrace_live_blocks_take(&curves->blocks, owner, event->address, last) ||
	       change(curves, owner, event->time, 0, last->bytes);
}

/* A call that failed: what was freed for it lives on. */
static bool revive(struct ctrace_memory_curves *curves, const struct ctrace_heap_event *event)
{
	struct ctrace_live_block last = curves->threads[event->place].last_freed;

	curves->threads[event->place].last_freed.owner = 0;
	if (last.owner == 0 || last.address != event->address ||
	    ctrace_live_blocks_has(&curves->blocks, last.owner, last.address)) {
		return true;
	}
	return put_alive(curves, &last, event->time);
}

static bool name_pool(struct ctrace_memory_curves *curves, const struct ctrace_heap_event *event)
{
	uint32_t owner = owner_of(curves, event);
	struct ctrace_memory_pool *pool;
	char *copy;

	if (owner == 0) {
		return false;
	}
	pool = pool_at(curves, owner - 1);
	if (event->name.size == 0) {
		return true;
	}
	copy = malloc(event->name.size);
	if (copy == NULL) {
		return false;
	}
	memcpy(copy, event->name.bytes, event->name.size);
	free(pool->name);
	pool->name = copy;
	pool->name_size = event->name.size;
	return true;
}

/* ---- pages ---- */

static bool take_fault(struct ctrace_memory_curves *curves, const struct ctrace_heap_event *event)
{
	uint32_t place = process_of(curves, event->pid);
	struct ctrace_memory_process *process;

	if (place == CTRACE_MAP_NONE) {
		return false;
	}
	process = process_at(curves, place);
	process->touched += event->weight * CTRACE_FAULT_BYTES;
	return ctrace_curve_add(&process->faulted, event->time, (double)process->touched);
}

static bool take_resident(struct ctrace_memory_curves *curves,
			  const struct ctrace_heap_event *event)
{
	uint32_t place = process_of(curves, event->pid);
	struct ctrace_memory_process *process;

	if (place == CTRACE_MAP_NONE) {
		return false;
	}
	process = process_at(curves, place);
	return ctrace_curve_add(&process->resident, event->time, (double)event->size) &&
	       ctrace_curve_add(&process->anonymous, event->time,
				(double)(event->size - event->from));
}

/* Where the call of this thread stands that began last and has not ended: those that a thread
 * tells of itself and those that a kernel tells of it apart. */
static struct ctrace_memory_call *call_of(struct ctrace_memory_curves *curves,
					  const struct ctrace_heap_event *event)
{
	uint64_t key = event->is_of_kernel ? event->tid << 1 | 1 : (uint64_t)event->place << 1;
	uint32_t known = ctrace_map_get(&curves->call_of_key, key);
	struct ctrace_memory_call *call;

	if (known != CTRACE_MAP_NONE) {
		return &((struct ctrace_memory_call *)curves->calls.items)[known];
	}
	known = (uint32_t)curves->calls.count;
	call = ctrace_column_add(&curves->calls, sizeof(*call));
	if (call == NULL || !ctrace_map_put(&curves->call_of_key, key, known)) {
		return NULL;
	}
	*call = (struct ctrace_memory_call){.is_under_way = false};
	return call;
}

/* The call is over: what it changes is in the curve. */
static bool take_mapping(struct ctrace_memory_process *process, enum ctrace_mapping_call which,
			 const struct ctrace_memory_call *call,
			 const struct ctrace_heap_event *event)
{
	uint64_t before = process->mappings.bytes;

	if (!ctrace_mapped_bytes_take(&process->mappings, which, call->args, event->result)) {
		return false;
	}
	return process->mappings.bytes == before ||
	       ctrace_curve_add(&process->mapped, event->time, (double)process->mappings.bytes);
}

static bool take_call(struct ctrace_memory_curves *curves, const struct ctrace_heap_event *event)
{
	struct ctrace_memory_call *call = call_of(curves, event);
	uint32_t place = process_of(curves, event->pid);
	enum ctrace_mapping_call which =
		(enum ctrace_mapping_call)curves->mapping_calls[event->call];

	if (call == NULL || place == CTRACE_MAP_NONE) {
		return false;
	}
	if (event->kind == CTRACE_KIND_SYSCALL_ENTER) {
		memcpy(call->args, event->args, sizeof(call->args));
		call->is_under_way = which != CTRACE_MAPPING_EXIT;
		return call->is_under_way ||
		       take_mapping(process_at(curves, place), which, call, event);
	}
	if (!call->is_under_way) {
		return true;
	}
	call->is_under_way = false;
	return take_mapping(process_at(curves, place), which, call, event);
}

/* ---- the walk ---- */

static bool take(struct ctrace_memory_curves *curves, const struct ctrace_heap_event *event)
{
	switch ((int)event->kind) {
	case CTRACE_KIND_ALLOC:
		return begin_block(curves, event);
	case CTRACE_KIND_FREE:
		return end_block(curves, event);
	case CTRACE_KIND_REALLOC:
		return event->size == 0 && event->from == event->address
			       ? revive(curves, event)
			       : begin_block(curves, event);
	case CTRACE_KIND_POOL:
		return name_pool(curves, event);
	case CTRACE_KIND_PAGE_FAULT:
		return take_fault(curves, event);
	case CTRACE_KIND_PROCESS_MEMORY:
		return take_resident(curves, event);
	default:
		return take_call(curves, event);
	}
}

static unsigned shift_for(uint64_t duration, uint64_t stretches, unsigned shift)
{
	while (duration >> shift > stretches) {
		shift++;
	}
	return shift;
}

uint8_t *ctrace_memory_mapping_calls(const struct ctrace_trace *trace)
{
	uint32_t end = ctrace_trace_call_end(trace);
	uint8_t *calls = calloc(end + 1u, 1);

	for (uint32_t i = 0; calls != NULL && i < end; i++) {
		const struct ctrace_call_row *row = ctrace_trace_call(trace, i);

		calls[i] = row == NULL
				   ? CTRACE_MAPPING_NONE
				   : ctrace_mapping_call_of(ctrace_trace_string(trace, row->name));
	}
	return calls;
}

static bool make_threads(struct ctrace_memory_curves *curves)
{
	curves->thread_count = curves->walk.stream_count;
	curves->threads = calloc(curves->thread_count + 1u, sizeof(*curves->threads));
	for (uint32_t i = 0; curves->threads != NULL && i < curves->thread_count; i++) {
		curves->threads[i].stream = ctrace_heap_walk_stream(&curves->walk, i);
	}
	return curves->threads != NULL;
}

enum ctrace_status ctrace_memory_curves_init(struct ctrace_memory_curves *curves,
					     const struct ctrace_trace *trace,
					     const struct ctrace_memory_settings *settings)
{
	struct ctrace_heap_choice choice = {.chunks = settings->chunks,
					    .is_checked = settings->is_checked,
					    .threads = settings->threads};
	enum ctrace_status status = CTRACE_ERR_NO_MEMORY;

	*curves = (struct ctrace_memory_curves){.trace = trace, .until = settings->until};
	curves->duration = ctrace_trace_ns(trace, ctrace_trace_info(trace)->last_ticks);
	curves->duration = curves->duration < settings->until ? curves->duration : settings->until;
	curves->rate_shift = shift_for(curves->duration, RATE_STRETCHES, RATE_SHIFT_LEAST);
	curves->mapping_calls = ctrace_memory_mapping_calls(trace);
	if (curves->mapping_calls == NULL) {
		return status;
	}
	choice.calls = curves->mapping_calls;
	choice.call_end = ctrace_trace_call_end(trace);
	status = ctrace_heap_walk_init_chosen(&curves->walk, trace, &choice);
	if (status == CTRACE_OK && !make_threads(curves)) {
		status = CTRACE_ERR_NO_MEMORY;
	}
	return status;
}

static void close_all(struct ctrace_memory_curves *curves)
{
	for (uint32_t i = 0; i < curves->processes.count; i++) {
		ctrace_curve_close(&process_at(curves, i)->resident);
		ctrace_curve_close(&process_at(curves, i)->anonymous);
		ctrace_curve_close(&process_at(curves, i)->alive);
		ctrace_curve_close(&process_at(curves, i)->mapped);
		ctrace_curve_close(&process_at(curves, i)->faulted);
	}
	for (uint32_t i = 0; i < curves->pools.count; i++) {
		ctrace_curve_close(&pool_at(curves, i)->alive);
	}
}

static bool take_oldest(struct ctrace_memory_curves *curves)
{
	return take(curves, &curves->ahead[curves->ahead_out++ % CTRACE_MEMORY_AHEAD]);
}

static bool take_waiting(struct ctrace_memory_curves *curves)
{
	while (curves->ahead_out < curves->ahead_in) {
		if (!take_oldest(curves)) {
			return false;
		}
	}
	return true;
}

/* The event has just come from the walk. What a pool's borrows from there does not wait. */
static bool pass_on(struct ctrace_memory_curves *curves, struct ctrace_heap_event *event)
{
	uint32_t owner;

	curves->ahead_in++;
	if (event->kind == CTRACE_KIND_POOL) {
		return take_waiting(curves);
	}
	if (event->kind >= CTRACE_KIND_ALLOC && event->kind <= CTRACE_KIND_REALLOC) {
		owner = owner_of(curves, event);
		ctrace_live_blocks_fetch(&curves->blocks, owner, event->address);
	}
	return curves->ahead_in - curves->ahead_out < CTRACE_MEMORY_AHEAD || take_oldest(curves);
}

enum ctrace_status ctrace_memory_curves_step(struct ctrace_memory_curves *curves)
{
	for (unsigned i = 0; i < STEP_EVENTS; i++) {
		struct ctrace_heap_event *event =
			&curves->ahead[curves->ahead_in % CTRACE_MEMORY_AHEAD];

		if (!ctrace_heap_walk_next(&curves->walk, event) || event->time >= curves->until) {
			if (!take_waiting(curves)) {
				return CTRACE_ERR_NO_MEMORY;
			}
			close_all(curves);
			return curves->walk.status == CTRACE_OK ? CTRACE_END : curves->walk.status;
		}
		if (!pass_on(curves, event)) {
			return CTRACE_ERR_NO_MEMORY;
		}
	}
	return CTRACE_OK;
}

void ctrace_memory_curves_finish(struct ctrace_memory_curves *curves)
{
	for (uint32_t i = 0; i < curves->processes.count; i++) {
		struct ctrace_memory_process *process = process_at(curves, i);

		ctrace_curve_finish(&process->resident);
		ctrace_curve_finish(&process->anonymous);
		ctrace_curve_finish(&process->alive);
		ctrace_rate_finish(&process->got);
		ctrace_curve_finish(&process->mapped);
		ctrace_curve_finish(&process->faulted);
		ctrace_mapped_bytes_finish(&process->mappings);
	}
	for (uint32_t i = 0; i < curves->pools.count; i++) {
		ctrace_curve_finish(&pool_at(curves, i)->alive);
		free(pool_at(curves, i)->name);
	}
	for (uint32_t i = 0; curves->threads != NULL && i < curves->thread_count; i++) {
		ctrace_rate_finish(&curves->threads[i].got);
	}
	free(curves->threads);
	free(curves->mapping_calls);
	ctrace_column_finish(&curves->processes);
	ctrace_column_finish(&curves->pools);
	ctrace_column_finish(&curves->calls);
	ctrace_map_finish(&curves->process_of_pid);
	ctrace_map_finish(&curves->pool_of_key);
	ctrace_map_finish(&curves->call_of_key);
	ctrace_live_blocks_finish(&curves->blocks);
	ctrace_heap_walk_finish(&curves->walk);
	*curves = (struct ctrace_memory_curves){.trace = NULL};
}

/* ---- rates ---- */

static uint64_t events_of(const struct ctrace_rate *rate)
{
	const struct ctrace_rate_stretch *stretches = rate->stretches.items;
	uint64_t events = 0;

	for (size_t i = 0; i < rate->stretches.count; i++) {
		events += stretches[i].events;
	}
	return events;
}

bool ctrace_memory_rate_points(const struct ctrace_memory_curves *curves,
			       const struct ctrace_rate *rate, bool is_sampled, unsigned *shift,
			       struct ctrace_column *points)
{
	uint64_t stretches = RATE_STRETCHES;

	if (is_sampled) {
		stretches = events_of(rate) / RATE_SAMPLES;
		stretches = stretches > RATE_STRETCHES_MIN ? stretches : RATE_STRETCHES_MIN;
	}
	*shift = shift_for(curves->duration, stretches, curves->rate_shift);
	return ctrace_rate_points(rate, curves->rate_shift, *shift, curves->duration, points);
}
