/* SPDX-License-Identifier: MIT */
/* Exact statistics of a range: every event that touches it is looked at. */

#include "viewer-server/model/ask/near.h"

struct ranging {
	struct ctrace_range *range;
	const struct ctrace_model *model;
	const struct ctrace_patience *patience;
	uint64_t start, end;
	uint64_t events_in_all;
	uint32_t top_max, events_since_asked;
	bool is_by_start, is_stopped;
	uint32_t *slot_of_name; /* slot + 1 in range->names */
};

static bool goes_on(struct ranging *ranging)
{
	if (++ranging->events_since_asked < 65536) {
		return true;
	}
	ranging->events_since_asked = 0;
	if (ranging->patience != NULL && ranging->patience->so_far != NULL) {
		const struct ctrace_range_share share = {.count = ranging->range->count,
							 .of = ranging->events_in_all,
							 .busy = ranging->range->busy};

		ranging->patience->so_far(ranging->patience->context, &share);
	}
	ranging->is_stopped =
		ranging->patience != NULL && !ranging->patience->go_on(ranging->patience->context);
	return !ranging->is_stopped;
}

static void add_to_name(struct ranging *ranging, const struct ctrace_model_event *event,
			uint64_t self)
{
	uint32_t *slot = &ranging->slot_of_name[event->name];
	struct ctrace_name_total *total;

	if (*slot == 0) {
		*slot = ++ranging->range->name_count;
		ranging->range->names[*slot - 1] = (struct ctrace_name_total){
			.name = event->name, .min = UINT64_MAX, .longest = event->place};
	}
	total = &ranging->range->names[*slot - 1];
	total->count++;
	total->total += event->duration;
	total->self += self;
	total->min = event->duration < total->min ? event->duration : total->min;
	if (event->duration > total->max) {
		total->max = event->duration;
		total->longest = event->place;
	}
}

/* Does `a` go before `b` in the list the caller sees? */
static bool goes_before(const struct ranging *ranging, const struct ctrace_model_event *a,
			const struct ctrace_model_event *b)
{
	if (!ranging->is_by_start && a->duration != b->duration) {
		return a->duration > b->duration;
	}
	if (a->start != b->start) {
		return a->start < b->start;
	}
	if (a->place.lane != b->place.lane) {
		return a->place.lane < b->place.lane;
	}
	return a->place.index < b->place.index;
}

/* The list stays sorted: it is short, and most events fail the first comparison. */
static void add_to_top(struct ranging *ranging, const struct ctrace_model_event *event,
		       uint64_t self)
{
	struct ctrace_range *range = ranging->range;
	uint32_t i = range->top_count;

	if (ranging->top_max == 0 ||
	    (i == ranging->top_max && !goes_before(ranging, event, &range->top[i - 1].event))) {
		return;
	}
	if (i < ranging->top_max) {
		range->top_count++;
	} else {
		i--;
	}
	for (; i > 0 && goes_before(ranging, event, &range->top[i - 1].event); i--) {
		range->top[i] = range->top[i - 1];
	}
	range->top[i] = (struct ctrace_range_top){*event, self};
}

static void add_event(struct ranging *ranging, struct ctrace_place place)
{
	struct ctrace_model_event event;
	uint64_t self;

	if (ctrace_model_event(ranging->model, place, &event) != CTRACE_OK) {
		return;
	}
	self = ctrace_near_self(ranging->model, place);
	ranging->range->count++;
	add_to_name(ranging, &event, self);
	add_to_top(ranging, &event, self);
}

static uint32_t first_touching(const struct ctrace_lane *lane, uint64_t start)
{
	uint32_t first = ctrace_lane_lower_bound(lane, start);

	if (first > 0 && lane->start[first - 1] + ctrace_lane_duration(lane, first - 1) > start) {
		first--;
	}
	return first;
}

static void add_lane(struct ranging *ranging, uint32_t id)
{
	const struct ctrace_lane *lane = &ranging->model->lanes[id];
	uint32_t first = first_touching(lane, ranging->start);
	uint32_t end = ctrace_lane_lower_bound(lane, ranging->end);

	if (lane->count == 0) {
		return;
	}
	ranging->range->busy += ctrace_lane_busy(lane, ranging->start, ranging->end);
	for (uint32_t i = first; i < end && goes_on(ranging); i++) {
		add_event(ranging, (struct ctrace_place){id, i});
	}
}

static void add_lost(struct ranging *ranging)
{
	for (uint32_t i = 0; i < ranging->model->lane_count; i++) {
		const struct ctrace_lane *lane = &ranging->model->lanes[i];

		if (lane->info.kind != CTRACE_LANE_GAP || lane->count == 0) {
			continue;
		}
		for (uint32_t j = first_touching(lane, ranging->start);
		     j < ctrace_lane_lower_bound(lane, ranging->end); j++) {
			ranging->range->lost += (uint64_t)lane->value[j];
		}
	}
}

static void count_lane(struct ranging *ranging, uint32_t id)
{
	const struct ctrace_lane *lane = &ranging->model->lanes[id];

	if (lane->count > 0) {
		ranging->events_in_all += ctrace_lane_lower_bound(lane, ranging->end) -
					  first_touching(lane, ranging->start);
	}
}

/* The lanes asked for; of none, all with spans. */
static void for_lanes(struct ranging *ranging, const uint32_t *lanes, uint32_t lane_count,
		      void (*visit)(struct ranging *ranging, uint32_t id))
{
	for (uint32_t i = 0; i < lane_count && !ranging->is_stopped; i++) {
		if (lanes[i] < ranging->model->lane_count) {
			visit(ranging, lanes[i]);
		}
	}
	for (uint32_t i = 0;
	     lane_count == 0 && i < ranging->model->lane_count && !ranging->is_stopped; i++) {
		if (ranging->model->lanes[i].info.kind == CTRACE_LANE_SPAN) {
			visit(ranging, i);
		}
	}
}

static int largest_total_first(const void *a, const void *b)
{
	const struct ctrace_name_total *x = a, *y = b;

	if (x->total != y->total) {
		return x->total > y->total ? -1 : 1;
	}
	return (x->name > y->name) - (x->name < y->name);
}

enum ctrace_status ctrace_range_init(struct ctrace_range *range, const struct ctrace_model *model,
				     const uint32_t *lanes, uint32_t lane_count, uint64_t start,
				     uint64_t end, uint32_t top, bool is_by_start,
				     const struct ctrace_patience *patience)
{
	struct ranging ranging = {.range = range,
				  .model = model,
				  .patience = patience,
				  .start = start,
				  .end = end,
				  .top_max = top,
				  .is_by_start = is_by_start};

	*range = (struct ctrace_range){0};
	ranging.slot_of_name = calloc(model->name_count + 1u, sizeof(uint32_t));
	range->names = calloc(model->name_count + 1u, sizeof(*range->names));
	range->top = calloc(top + (size_t)1, sizeof(*range->top));
	if (ranging.slot_of_name == NULL || range->names == NULL || range->top == NULL) {
		free(ranging.slot_of_name);
		ctrace_range_finish(range);
		return CTRACE_ERR_NO_MEMORY;
	}
	if (start < end) {
		for_lanes(&ranging, lanes, lane_count, count_lane);
		for_lanes(&ranging, lanes, lane_count, add_lane);
		add_lost(&ranging);
		qsort(range->names, range->name_count, sizeof(*range->names), largest_total_first);
	}
	free(ranging.slot_of_name);
	if (ranging.is_stopped) {
		ctrace_range_finish(range);
		return CTRACE_END;
	}
	return CTRACE_OK;
}

void ctrace_range_finish(struct ctrace_range *range)
{
	free(range->names);
	free(range->top);
	*range = (struct ctrace_range){0};
}
