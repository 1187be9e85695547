/* SPDX-License-Identifier: MIT */
/* The curves of a process in the order they are shown; see memory_views.h. */

#include "viewer-server/model/memory/memory_views.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct making {
	struct ctrace_memory_views *views;
	const struct ctrace_memory_curves *curves;
	const struct ctrace_memory_process *process;
};

/* The next one, which counts once it has points. */
static struct ctrace_memory_view *next_view(const struct making *making,
					    enum ctrace_memory_what what, const char *name)
{
	struct ctrace_memory_view *view = &making->views->views[making->views->count];

	*view = (struct ctrace_memory_view){.what = what, .name_size = (uint32_t)strlen(name)};
	memcpy(view->name, name, view->name_size);
	return view;
}

static void add_curve(const struct making *making, struct ctrace_memory_view *view,
		      const struct ctrace_curve *curve)
{
	view->unit = CTRACE_UNIT_BYTES;
	view->step = curve->step_shift != 0 ? UINT64_C(1) << curve->step_shift : 0;
	view->points = curve->points.items;
	view->count = curve->points.count;
	making->views->count += view->count > 0;
}

static bool add_rate(const struct making *making, struct ctrace_memory_view *view,
		     const struct ctrace_rate *rate)
{
	unsigned shift;
	bool is_ok = ctrace_memory_rate_points(making->curves, rate, making->process->is_sampled,
					       &shift, &view->own);

	view->unit = CTRACE_UNIT_BYTES_PER_SECOND;
	view->is_estimate = making->process->is_sampled;
	view->step = UINT64_C(1) << shift;
	view->points = view->own.items;
	view->count = view->own.count;
	making->views->count += is_ok && view->count > 0;
	if (!is_ok) {
		ctrace_column_finish(&view->own);
	}
	return is_ok;
}

static void name_pool(struct ctrace_memory_view *view, const struct ctrace_memory_pool *pool)
{
	uint32_t room = CTRACE_MEMORY_NAME_BYTES - view->name_size;

	if (pool->name == NULL) {
		view->name_size += (uint32_t)snprintf(&view->name[view->name_size], room,
						      "%" PRIu64, pool->pool);
		return;
	}
	room = pool->name_size < room ? pool->name_size : room;
	memcpy(&view->name[view->name_size], pool->name, room);
	view->name_size += room;
}

static void add_pools(const struct making *making)
{
	const struct ctrace_memory_pool *pools = making->curves->pools.items;
	unsigned left = CTRACE_MEMORY_POOLS_SHOWN;

	for (uint32_t at = making->process->first_pool; at != 0 && left > 0;
	     at = pools[at - 1].next) {
		const struct ctrace_memory_pool *pool = &pools[at - 1];
		struct ctrace_memory_view *view;

		if (pool->alive.points.count == 0) {
			continue;
		}
		view = next_view(making, CTRACE_MEMORY_POOL, "pool ");
		view->is_estimate = making->process->is_sampled;
		name_pool(view, pool);
		add_curve(making, view, &pool->alive);
		left--;
	}
}

static int by_bytes(const void *a, const void *b)
{
	const struct ctrace_memory_thread *const *x = a, *const *y = b;

	if ((*x)->bytes != (*y)->bytes) {
		return (*x)->bytes > (*y)->bytes ? -1 : 1;
	}
	return ((*x)->stream > (*y)->stream) - ((*x)->stream < (*y)->stream);
}

/* One alone is the process's rate. */
static bool add_threads(const struct making *making)
{
	const struct ctrace_memory_curves *curves = making->curves;
	const struct ctrace_memory_thread **order;
	uint32_t count = 0;
	bool is_ok;

	for (uint32_t at = making->process->first_thread; at != 0;
	     at = curves->threads[at - 1].next) {
		count++;
	}
	order = calloc(count + 1u, sizeof(const struct ctrace_memory_thread *));
	is_ok = order != NULL;
	count = 0;
	for (uint32_t at = making->process->first_thread; is_ok && at != 0;
	     at = curves->threads[at - 1].next) {
		if (curves->threads[at - 1].bytes > 0) {
			order[count++] = &curves->threads[at - 1];
		}
	}
	if (is_ok) {
		qsort(order, count, sizeof(const struct ctrace_memory_thread *), by_bytes);
	}
	count = count < CTRACE_MEMORY_THREADS_SHOWN ? count : CTRACE_MEMORY_THREADS_SHOWN;
	for (uint32_t i = 0; is_ok && count > 1 && i < count; i++) {
		struct ctrace_memory_view *view =
			next_view(making, CTRACE_MEMORY_THREAD_RATE, "allocation rate");

		view->stream = order[i]->stream;
		is_ok = add_rate(making, view, &order[i]->got);
	}
	free(order);
	return is_ok;
}

static bool add_all(const struct making *making)
{
	const struct ctrace_memory_process *process = making->process;
	struct ctrace_memory_view *view;

	add_curve(making, next_view(making, CTRACE_MEMORY_RESIDENT, "resident"),
		  &process->resident);
	add_curve(making, next_view(making, CTRACE_MEMORY_ANONYMOUS, "anonymous"),
		  &process->anonymous);
	view = next_view(making, CTRACE_MEMORY_LIVE, "live heap");
	view->is_estimate = process->is_sampled;
	add_curve(making, view, &process->alive);
	add_pools(making);
	if (!add_rate(making, next_view(making, CTRACE_MEMORY_RATE, "allocation rate"),
		      &process->got)) {
		return false;
	}
	add_curve(making, next_view(making, CTRACE_MEMORY_MAPPED, "mapped"), &process->mapped);
	view = next_view(making, CTRACE_MEMORY_TOUCHED, "touched");
	view->is_estimate = true;
	add_curve(making, view, &process->faulted);
	return add_threads(making);
}

enum ctrace_status ctrace_memory_views_init(struct ctrace_memory_views *views,
					    const struct ctrace_memory_curves *curves,
					    uint32_t process)
{
	struct making making = {.views = views, .curves = curves};
	size_t most = 6u + CTRACE_MEMORY_POOLS_SHOWN + CTRACE_MEMORY_THREADS_SHOWN;

	*views = (struct ctrace_memory_views){.views = calloc(most + 1, sizeof(*views->views))};
	if (views->views == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	making.process = (const struct ctrace_memory_process *)curves->processes.items + process;
	if (!add_all(&making)) {
		ctrace_memory_views_finish(views);
		return CTRACE_ERR_NO_MEMORY;
	}
	return CTRACE_OK;
}

void ctrace_memory_views_finish(struct ctrace_memory_views *views)
{
	for (uint32_t i = 0; i < views->count; i++) {
		ctrace_column_finish(&views->views[i].own);
	}
	free(views->views);
	*views = (struct ctrace_memory_views){.count = 0};
}
