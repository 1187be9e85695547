/* SPDX-License-Identifier: MIT */

/* Sums of memory; see heap_sums.h. */

#include "viewer-server/analysis/heap_sums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of a normal distribution, 95 % lie within so many standard deviations. */
#define SPREAD_95 1.959964

#define PATIENCE_EVENTS 4096u

struct summing {
	struct ctrace_heap *heap;
	const struct ctrace_heap_settings *settings;
	bool has_passed_from;
	/* Of each stream, the block that its last free named; owned. */
	struct ctrace_heap_block *last_freed;
	struct ctrace_map last_by_stream;
	uint32_t last_count, last_room;
};

/* ---- sums ---- */

static struct ctrace_heap_sum sum_of(const struct ctrace_heap_block *block)
{
	double weight = (double)block->weight, size = (double)block->size;

	if (block->weight == 0 || block->size == 0) {
		return (struct ctrace_heap_sum){.bytes = block->size, .blocks = 1};
	}
	return (struct ctrace_heap_sum){.bytes = block->weight,
					.blocks = weight / size,
					.variance = weight * (weight - size)};
}

static void add(struct ctrace_heap_sum *sum, struct ctrace_heap_sum more)
{
	sum->bytes += more.bytes;
	sum->blocks += more.blocks;
	sum->variance += more.variance;
}

static void take_off(struct ctrace_heap_sum *sum, struct ctrace_heap_sum less)
{
	sum->bytes -= less.bytes;
	sum->blocks -= less.blocks;
	sum->variance -= less.variance;
	/* What is left of sums of fractions. */
	if (sum->bytes == 0 && sum->blocks < 0.5) {
		sum->blocks = 0;
		sum->variance = 0;
	}
}

double ctrace_heap_growth_variance(const struct ctrace_heap_site *site)
{
	double variance = site->live.variance + site->before.variance - 2 * site->kept.variance;

	return variance > 0 ? variance : 0;
}

double ctrace_heap_spread(const struct ctrace_heap_sum *sum)
{
	return sum->variance > 0 ? SPREAD_95 * sqrt(sum->variance) : 0;
}

/* ---- rows ---- */

/* Room for one more; the new row is zero. */
static bool need_row(void *list, uint32_t count, uint32_t *room, size_t size)
{
	void *rows, *more;
	uint32_t larger = *room != 0 ? 2 * *room : 64;

	memcpy(&rows, list, sizeof(rows));
	if (count == *room) {
		more = realloc(rows, larger * size);
		if (more == NULL) {
			return false;
		}
		memcpy(list, &more, sizeof(more));
		rows = more;
		*room = larger;
	}
	memset((char *)rows + count * size, 0, size);
	return true;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t hash = (a ^ b * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9);

	return hash ^ hash >> 31;
}

/* Is there room for one more row? */
static bool may_add(struct ctrace_heap *heap, uint32_t count)
{
	heap->is_full = heap->is_full || (heap->rows_max != 0 && count >= heap->rows_max);
	return !heap->is_full;
}

/* CTRACE_MAP_NONE without memory. */
static uint32_t site_of(struct ctrace_heap *heap, uint64_t stack, uint64_t pool)
{
	uint64_t key = mix(stack, pool);
	uint32_t known = ctrace_map_get(&heap->site_by_key, key);

	if (known != CTRACE_MAP_NONE) {
		return known;
	}
	if (!may_add(heap, heap->site_count) ||
	    !need_row(&heap->sites, heap->site_count, &heap->site_room, sizeof(*heap->sites)) ||
	    !ctrace_map_put(&heap->site_by_key, key, heap->site_count)) {
		return CTRACE_MAP_NONE;
	}
	heap->sites[heap->site_count].stack = stack;
	heap->sites[heap->site_count].pool = pool;
	return heap->site_count++;
}

static struct ctrace_heap_pair *pair_of(struct ctrace_heap *heap, uint32_t from, uint32_t to)
{
	uint64_t key = (uint64_t)from << 32 | to;
	uint32_t known = ctrace_map_get(&heap->pair_by_key, key);

	if (known != CTRACE_MAP_NONE) {
		return &heap->pairs[known];
	}
	if (!may_add(heap, heap->pair_count) ||
	    !need_row(&heap->pairs, heap->pair_count, &heap->pair_room, sizeof(*heap->pairs)) ||
	    !ctrace_map_put(&heap->pair_by_key, key, heap->pair_count)) {
		return NULL;
	}
	heap->pairs[heap->pair_count].from = from;
	heap->pairs[heap->pair_count].to = to;
	return &heap->pairs[heap->pair_count++];
}

static struct ctrace_heap_pool *pool_of(struct ctrace_heap *heap, uint64_t pid, uint64_t pool)
{
	uint64_t key = mix(pid, pool);
	uint32_t known = ctrace_map_get(&heap->pool_by_key, key);

	if (known != CTRACE_MAP_NONE) {
		return &heap->pools[known];
	}
	if (!may_add(heap, heap->pool_count) ||
	    !need_row(&heap->pools, heap->pool_count, &heap->pool_room, sizeof(*heap->pools)) ||
	    !ctrace_map_put(&heap->pool_by_key, key, heap->pool_count)) {
		return NULL;
	}
	heap->pools[heap->pool_count].pid = pid;
	heap->pools[heap->pool_count].pool = pool;
	return &heap->pools[heap->pool_count++];
}

/* ---- events ---- */

static bool is_counted(const struct summing *summing)
{
	return !summing->settings->has_from || summing->has_passed_from;
}

static unsigned digits_of(uint64_t ns)
{
	unsigned digits = ns == 0 ? 0 : 64u - (unsigned)__builtin_clzll(ns);

	return digits < CTRACE_HEAP_LIVES ? digits : CTRACE_HEAP_LIVES - 1;
}

/* Points that nothing happened in are as the one before ended. */
static struct ctrace_heap_point *point_at(struct ctrace_heap *heap, uint64_t time)
{
	uint64_t last = time / heap->point_ns;

	last = last < CTRACE_HEAP_POINTS ? last : CTRACE_HEAP_POINTS - 1;
	while (heap->point_count <= last) {
		uint64_t live = heap->point_count > 0 ? heap->curve[heap->point_count - 1].live : 0;

		uint64_t resident =
			heap->point_count > 0 ? heap->curve[heap->point_count - 1].resident : 0;

		heap->curve[heap->point_count++] =
			(struct ctrace_heap_point){.live = live,
						   .most = live,
						   .resident = resident,
						   .resident_most = resident};
	}
	return &heap->curve[last];
}

static void count_point(struct ctrace_heap *heap, uint64_t time, uint64_t got)
{
	struct ctrace_heap_point *point = point_at(heap, time);

	point->live = heap->total.live.bytes;
	point->most = point->live > point->most ? point->live : point->most;
	point->got += got;
}

static void count_peak(struct ctrace_heap *heap, uint64_t time)
{
	if (heap->total.live.bytes > heap->peak) {
		heap->peak = heap->total.live.bytes;
		heap->peak_time = time;
	}
}

static bool put_alive(struct summing *summing, const struct ctrace_heap_block *block)
{
	struct ctrace_heap *heap = summing->heap;
	struct ctrace_heap_sum sum = sum_of(block);

	if (!ctrace_heap_blocks_add(&heap->blocks, block)) {
		return false;
	}
	add(&heap->sites[block->site].live, sum);
	add(&heap->total.live, sum);
	if (block->pool != 0) {
		struct ctrace_heap_pool *pool = pool_of(heap, block->pid, block->pool);

		if (pool == NULL) {
			return false;
		}
		pool->live += sum.bytes;
	}
	return true;
}

static void take_alive(struct summing *summing, const struct ctrace_heap_block *block)
{
	struct ctrace_heap *heap = summing->heap;
	struct ctrace_heap_sum sum = sum_of(block);

	take_off(&heap->sites[block->site].live, sum);
	take_off(&heap->total.live, sum);
	if (block->pool != 0) {
		struct ctrace_heap_pool *pool = pool_of(heap, block->pid, block->pool);

		if (pool != NULL) {
			pool->live -= sum.bytes;
		}
	}
}

static void count_life(struct summing *summing, const struct ctrace_heap_block *block,
		       uint64_t time)
{
	struct ctrace_heap_site *rows[] = {&summing->heap->sites[block->site],
					   &summing->heap->total};
	struct ctrace_heap_sum sum = sum_of(block);
	uint64_t life = time - block->time;

	for (unsigned i = 0; i < 2; i++) {
		if (life > rows[i]->longest_life) {
			rows[i]->longest_life = life;
		}
		if (is_counted(summing)) {
			add(&rows[i]->freed, sum);
			rows[i]->lives[digits_of(life)] += sum.blocks;
		}
	}
}

/* Of this stream. NULL: no memory. */
static struct ctrace_heap_block *last_freed_of(struct summing *summing, uint32_t stream)
{
	uint32_t known = ctrace_map_get(&summing->last_by_stream, stream);

	if (known != CTRACE_MAP_NONE) {
		return &summing->last_freed[known];
	}
	if (!need_row(&summing->last_freed, summing->last_count, &summing->last_room,
		      sizeof(*summing->last_freed)) ||
	    !ctrace_map_put(&summing->last_by_stream, stream, summing->last_count)) {
		return NULL;
	}
	return &summing->last_freed[summing->last_count++];
}

static struct ctrace_heap_block name_of(const struct ctrace_heap_event *event, uint64_t address)
{
	return (struct ctrace_heap_block){
		.pid = event->pid, .pool = event->pool, .address = address};
}

/* False: no memory. */
static bool end_block(struct summing *summing, const struct ctrace_heap_event *event)
{
	struct ctrace_heap *heap = summing->heap;
	struct ctrace_heap_block name = name_of(event, event->address), block;
	struct ctrace_heap_block *last = last_freed_of(summing, event->stream);
	struct ctrace_heap_pair *pair;

	if (last == NULL) {
		return false;
	}
	last->is_there = false;
	if (!ctrace_heap_blocks_take(&heap->blocks, &name, &block)) {
		heap->unmatched++;
		return true;
	}
	*last = block;
	take_alive(summing, &block);
	count_point(heap, event->time, 0);
	count_life(summing, &block, event->time);
	if (!is_counted(summing)) {
		return true;
	}
	pair = pair_of(heap, block.stream, event->stream);
	if (pair != NULL) {
		add(&pair->sum, sum_of(&block));
	}
	return pair != NULL;
}

/* One of this name is alive already only if its free is lost. */
static bool begin_block(struct summing *summing, const struct ctrace_heap_event *event)
{
	struct ctrace_heap *heap = summing->heap;
	struct ctrace_heap_block block = name_of(event, event->address), former;

	block.size = event->size;
	block.weight = event->weight;
	block.time = event->time;
	block.stream = event->stream;
	block.site = site_of(heap, event->stack, event->pool);
	if (block.site == CTRACE_MAP_NONE) {
		return false;
	}
	if (ctrace_heap_blocks_take(&heap->blocks, &block, &former)) {
		take_alive(summing, &former);
	}
	if (is_counted(summing)) {
		add(&heap->sites[block.site].got, sum_of(&block));
		add(&heap->total.got, sum_of(&block));
	}
	heap->is_sampled = heap->is_sampled || block.weight != 0;
	if (!put_alive(summing, &block)) {
		return false;
	}
	count_peak(heap, event->time);
	count_point(heap, event->time, sum_of(&block).bytes);
	return true;
}

/* A call that failed: what was freed for it lives on. Its free is not taken out of what was freed:
 * it is one call in a program's life. */
static bool revive(struct summing *summing, const struct ctrace_heap_event *event)
{
	struct ctrace_heap_block *last = last_freed_of(summing, event->stream);

	if (last == NULL) {
		return false;
	}
	if (last->is_there && last->address == event->address &&
	    ctrace_heap_blocks_find(&summing->heap->blocks, last) == NULL) {
		last->is_there = false;
		return put_alive(summing, last);
	}
	return true;
}

/* The walk lends a name only until its next event. */
static bool keep_name(struct ctrace_heap_pool *pool, struct ctrace_bytes name)
{
	char *named = realloc(pool->named, name.size);

	if (named == NULL) {
		return false;
	}
	memcpy(named, name.bytes, name.size);
	pool->named = named;
	pool->name = (struct ctrace_bytes){named, name.size};
	return true;
}

static bool resize_pool(struct summing *summing, const struct ctrace_heap_event *event)
{
	struct ctrace_heap_pool *pool = pool_of(summing->heap, event->pid, event->pool);

	if (pool == NULL || (event->name.size > 0 && !keep_name(pool, event->name))) {
		return false;
	}
	if (!event->is_less) {
		pool->reserved += event->size;
	} else {
		pool->reserved -= event->size < pool->reserved ? event->size : pool->reserved;
	}
	return true;
}

static bool take_fault(struct summing *summing, const struct ctrace_heap_event *event)
{
	struct ctrace_heap *heap = summing->heap;
	struct ctrace_heap_sum sum = {.bytes = event->weight * CTRACE_HEAP_FAULT_BYTES,
				      .blocks = (double)event->weight};
	uint32_t site;

	if (!is_counted(summing)) {
		return true;
	}
	site = site_of(heap, event->stack, 0);
	if (site == CTRACE_MAP_NONE) {
		return false;
	}
	add(&heap->sites[site].touched, sum);
	add(&heap->total.touched, sum);
	return true;
}

static bool take_resident(struct summing *summing, const struct ctrace_heap_event *event)
{
	struct ctrace_heap *heap = summing->heap;
	struct ctrace_heap_point *point = point_at(heap, event->time);
	uint64_t all;

	if (!ctrace_resident_take(&heap->resident, event)) {
		return false;
	}
	all = heap->resident.all.now;
	point->resident = all;
	point->resident_most = all > point->resident_most ? all : point->resident_most;
	return true;
}

static bool take(struct summing *summing, const struct ctrace_heap_event *event)
{
	if (event->kind == CTRACE_KIND_PAGE_FAULT) {
		return take_fault(summing, event);
	}
	if (event->kind == CTRACE_KIND_PROCESS_MEMORY) {
		return take_resident(summing, event);
	}
	summing->heap->events++;
	switch (event->kind) {
	case CTRACE_KIND_ALLOC:
		return begin_block(summing, event);
	case CTRACE_KIND_FREE:
		return end_block(summing, event);
	case CTRACE_KIND_REALLOC:
		return event->size == 0 && event->from == event->address
			       ? revive(summing, event)
			       : begin_block(summing, event);
	default:
		return resize_pool(summing, event);
	}
}

/* ---- the walk ---- */

/* The moment that all is compared with has come. */
static void pass_from(struct summing *summing)
{
	struct ctrace_heap *heap = summing->heap;

	summing->has_passed_from = true;
	heap->total.before = heap->total.live;
	ctrace_resident_pass(&heap->resident, summing->settings->from);
	for (uint32_t i = 0; i < heap->site_count; i++) {
		heap->sites[i].before = heap->sites[i].live;
	}
}

static bool goes_on(const struct ctrace_patience *patience, const struct ctrace_heap_walk *walk,
		    uint64_t round)
{
	struct ctrace_range_share share = {.count = walk->read, .of = walk->of};

	if (patience == NULL || round % PATIENCE_EVENTS != 0) {
		return true;
	}
	if (patience->so_far != NULL) {
		patience->so_far(patience->context, &share);
	}
	return patience->go_on(patience->context);
}

static enum ctrace_status walk_all(struct summing *summing, struct ctrace_heap_walk *walk)
{
	const struct ctrace_heap_settings *settings = summing->settings;
	struct ctrace_heap *heap = summing->heap;
	struct ctrace_heap_event event;

	for (uint64_t round = 1; ctrace_heap_walk_next(walk, &event) && event.time <= settings->at;
	     round++) {
		if (!goes_on(settings->patience, walk, round)) {
			return CTRACE_END;
		}
		if (settings->has_pid && event.pid != settings->pid) {
			continue;
		}
		if (settings->has_from && !summing->has_passed_from &&
		    event.time > settings->from) {
			pass_from(summing);
		}
		heap->moment = event.time;
		if (!take(summing, &event)) {
			heap->is_full = heap->is_full || heap->blocks.is_full;
			return heap->is_full ? CTRACE_ERR_LIMIT : CTRACE_ERR_NO_MEMORY;
		}
	}
	if (settings->has_from && !summing->has_passed_from) {
		pass_from(summing);
	}
	return walk->status;
}

static void count_if_there(struct ctrace_heap *heap, const struct ctrace_heap_settings *settings,
			   const struct ctrace_heap_block *block)
{
	struct ctrace_heap_site *site;

	if (!block->is_there) {
		return;
	}
	site = &heap->sites[block->site];
	if (heap->moment - block->time > site->longest_life) {
		add(&site->overdue, sum_of(block));
		add(&heap->total.overdue, sum_of(block));
	}
	if (settings->has_from && block->time <= settings->from) {
		add(&site->kept, sum_of(block));
		add(&heap->total.kept, sum_of(block));
	}
}

static int by_time_and_name(const void *a, const void *b)
{
	const struct ctrace_heap_block *x = a, *y = b;

	if (x->time != y->time) {
		return x->time < y->time ? -1 : 1;
	}
	if (x->address != y->address) {
		return x->address < y->address ? -1 : 1;
	}
	return x->pid != y->pid ? (x->pid > y->pid) - (x->pid < y->pid)
				: (x->pool > y->pool) - (x->pool < y->pool);
}

/* Sums of fractions depend on their order: of a sample, which has few blocks, it is always the same
 * one. False: no memory. */
static bool count_alive(struct ctrace_heap *heap, const struct ctrace_heap_settings *settings)
{
	const struct ctrace_heap_block *places = heap->blocks.places;
	struct ctrace_heap_block *alive;
	uint64_t count = 0;
	bool is_ok;

	for (uint64_t i = 0; !heap->is_sampled && i < heap->blocks.place_count; i++) {
		count_if_there(heap, settings, &places[i]);
	}
	if (!heap->is_sampled || heap->blocks.count == 0) {
		return true;
	}
	alive = malloc(heap->blocks.count * sizeof(*alive));
	is_ok = alive != NULL;
	for (uint64_t i = 0; is_ok && i < heap->blocks.place_count; i++) {
		if (places[i].is_there) {
			alive[count++] = places[i];
		}
	}
	if (is_ok) {
		qsort(alive, count, sizeof(*alive), by_time_and_name);
	}
	for (uint64_t i = 0; i < count; i++) {
		count_if_there(heap, settings, &alive[i]);
	}
	free(alive);
	return is_ok;
}

/* ---- order ---- */

static double growth(const struct ctrace_heap_site *site)
{
	return (double)site->live.bytes - (double)site->before.bytes;
}

/* `before` is zero where nothing is compared. */
static int by_growth(const void *a, const void *b)
{
	const struct ctrace_heap_site *x = a, *y = b;

	if (growth(x) != growth(y)) {
		return growth(x) > growth(y) ? -1 : 1;
	}
	if (x->got.bytes != y->got.bytes) {
		return x->got.bytes > y->got.bytes ? -1 : 1;
	}
	if (x->touched.bytes != y->touched.bytes) {
		return x->touched.bytes > y->touched.bytes ? -1 : 1;
	}
	return (x->stack > y->stack) - (x->stack < y->stack);
}

static int by_bytes(const void *a, const void *b)
{
	const struct ctrace_heap_pair *x = a, *y = b;

	if (x->sum.bytes != y->sum.bytes) {
		return x->sum.bytes > y->sum.bytes ? -1 : 1;
	}
	return x->from != y->from ? (x->from > y->from) - (x->from < y->from)
				  : (x->to > y->to) - (x->to < y->to);
}

/* An empty table may be NULL, which qsort must not be given. */
static void sort_rows(struct ctrace_heap *heap)
{
	if (heap->site_count > 0) {
		qsort(heap->sites, heap->site_count, sizeof(*heap->sites), by_growth);
	}
	if (heap->pair_count > 0) {
		qsort(heap->pairs, heap->pair_count, sizeof(*heap->pairs), by_bytes);
	}
}

enum ctrace_status ctrace_heap_init(struct ctrace_heap *heap, const struct ctrace_trace *trace,
				    const struct ctrace_heap_settings *settings)
{
	struct summing summing = {.heap = heap, .settings = settings};
	struct ctrace_thread_table threads;
	const struct ctrace_heap_choice choice = {.threads = &threads,
						  .buffer_chunks = settings->buffer_chunks};
	struct ctrace_heap_walk walk = {.trace = NULL};
	enum ctrace_status status;

	*heap = (struct ctrace_heap){.trace = trace, .rows_max = settings->rows_max};
	heap->blocks.count_max = settings->blocks_max;
	heap->point_ns =
		ctrace_trace_ns(trace, ctrace_trace_info(trace)->last_ticks) / CTRACE_HEAP_POINTS +
		1;
	status = ctrace_thread_table_init(&threads, trace);
	if (status == CTRACE_OK) {
		status = ctrace_heap_walk_init_chosen(&walk, trace, &choice);
	}
	if (status == CTRACE_OK) {
		status = walk_all(&summing, &walk);
	}
	if (status == CTRACE_OK && !count_alive(heap, settings)) {
		status = CTRACE_ERR_NO_MEMORY;
	}
	if (status == CTRACE_OK) {
		sort_rows(heap);
	}
	heap->lost = walk.lost;
	heap->damaged = walk.damaged;
	ctrace_heap_walk_finish(&walk);
	ctrace_thread_table_finish(&threads);
	free(summing.last_freed);
	ctrace_map_finish(&summing.last_by_stream);
	return status;
}

void ctrace_heap_finish(struct ctrace_heap *heap)
{
	for (uint32_t i = 0; i < heap->pool_count; i++) {
		free(heap->pools[i].named);
	}
	free(heap->sites);
	free(heap->pairs);
	free(heap->pools);
	ctrace_map_finish(&heap->site_by_key);
	ctrace_map_finish(&heap->pair_by_key);
	ctrace_map_finish(&heap->pool_by_key);
	ctrace_heap_blocks_finish(&heap->blocks);
	ctrace_resident_finish(&heap->resident);
	*heap = (struct ctrace_heap){.trace = NULL};
}

uint64_t ctrace_heap_median_life(const struct ctrace_heap_site *site)
{
	double passed = 0;

	for (unsigned i = 0; i < CTRACE_HEAP_LIVES; i++) {
		passed += site->lives[i];
		if (site->freed.blocks > 0 && 2 * passed >= site->freed.blocks) {
			uint64_t below = (UINT64_C(1) << i) - 1;

			return below < site->longest_life ? below : site->longest_life;
		}
	}
	return site->longest_life;
}
