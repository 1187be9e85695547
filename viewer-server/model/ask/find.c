/* SPDX-License-Identifier: MIT */
/* Search by name: sets of names, counts, and the next hit in the order (start, lane, index). */

#include "viewer-server/model/model_parts.h"

#include <string.h>

static char folded(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool contains(struct ctrace_bytes name, const char *text, size_t size)
{
	for (size_t i = 0; i + size <= name.size; i++) {
		size_t j = 0;

		while (j < size && folded(name.bytes[i + j]) == folded(text[j])) {
			j++;
		}
		if (j == size) {
			return true;
		}
	}
	return false;
}

/* Names and text may be 4 KiB each and made to match slowly: this much work is about a millisecond.
 */
#define COMPARED_BETWEEN_QUESTIONS (1u << 20)

static bool has_patience(const struct ctrace_patience *patience, uint64_t *compared, uint64_t more)
{
	*compared += more;
	if (*compared < COMPARED_BETWEEN_QUESTIONS || patience == NULL) {
		return true;
	}
	*compared = 0;
	return patience->go_on(patience->context);
}

enum ctrace_status ctrace_name_set_init(struct ctrace_name_set *set,
					const struct ctrace_model *model, const char *text,
					size_t size, const struct ctrace_patience *patience)
{
	uint64_t compared = 0;

	*set = (struct ctrace_name_set){.names = model->name_count};
	set->bits = calloc(model->name_count / 64 + 1, sizeof(*set->bits));
	if (set->bits == NULL) {
		return CTRACE_ERR_NO_MEMORY;
	}
	for (uint32_t i = 0; i < model->name_count; i++) {
		if (model->name_counts[i] > 0 && contains(model->names[i], text, size)) {
			set->bits[i / 64] |= UINT64_C(1) << (i % 64);
			set->matches++;
		}
		if (!has_patience(patience, &compared, (uint64_t)model->names[i].size * size)) {
			ctrace_name_set_finish(set);
			return CTRACE_END;
		}
	}
	return CTRACE_OK;
}

void ctrace_name_set_finish(struct ctrace_name_set *set)
{
	free(set->bits);
	*set = (struct ctrace_name_set){0};
}

static bool has_name(const struct ctrace_name_set *set, uint32_t name)
{
	return set->bits[name / 64] >> (name % 64) & 1;
}

uint64_t ctrace_model_count(const struct ctrace_model *model, const struct ctrace_name_set *set)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < model->name_count; i++) {
		count += has_name(set, i) ? model->name_counts[i] : 0;
	}
	return count;
}

/* A search: what is looked for, and how long it may take. */
struct search {
	const struct ctrace_model *model;
	const struct ctrace_name_set *set;
	const struct ctrace_patience *patience;
	uint64_t any_name; /* blocks without one of these bits hold no hit */
	uint32_t blocks_since_asked;
	bool is_stopped;
};

static bool goes_on(struct search *search)
{
	if (++search->blocks_since_asked < 4096) {
		return true;
	}
	search->blocks_since_asked = 0;
	if (search->patience != NULL && !search->patience->go_on(search->patience->context)) {
		search->is_stopped = true;
	}
	return !search->is_stopped;
}

static bool may_hit(const struct search *search, const struct ctrace_lane *lane, uint32_t index)
{
	return (lane->blocks[index / CTRACE_BLOCK_EVENTS].names & search->any_name) != 0;
}

/* First hit of [index, end), or CTRACE_NONE. */
static uint32_t hit_from(struct search *search, const struct ctrace_lane *lane, uint32_t index,
			 uint32_t end)
{
	if (lane->info.is_made) {
		return CTRACE_NONE;
	}
	while (index < end) {
		if (index % CTRACE_BLOCK_EVENTS == 0 && !goes_on(search)) {
			return CTRACE_NONE;
		}
		if (!may_hit(search, lane, index)) {
			index = (index / CTRACE_BLOCK_EVENTS + 1) * CTRACE_BLOCK_EVENTS;
		} else if (has_name(search->set, ctrace_lane_name(lane, index))) {
			return index;
		} else {
			index++;
		}
	}
	return CTRACE_NONE;
}

/* Last hit of [end, index), or CTRACE_NONE. */
static uint32_t hit_before(struct search *search, const struct ctrace_lane *lane, uint32_t index,
			   uint32_t end)
{
	if (lane->info.is_made) {
		return CTRACE_NONE;
	}
	while (index > end) {
		uint32_t last = index - 1;

		if (index % CTRACE_BLOCK_EVENTS == 0 && !goes_on(search)) {
			return CTRACE_NONE;
		}
		if (!may_hit(search, lane, last)) {
			index = last / CTRACE_BLOCK_EVENTS * CTRACE_BLOCK_EVENTS;
		} else if (has_name(search->set, ctrace_lane_name(lane, last))) {
			return last;
		} else {
			index--;
		}
	}
	return CTRACE_NONE;
}

/* A place in the order of hits: after all events that start earlier, and of those at `start` after
 * those before `place`. */
struct edge {
	uint64_t start;
	struct ctrace_place place; /* lane CTRACE_NONE: before all that start at `start` */
	bool is_after;		   /* behind `place` itself */
};

/* How many events of the lane stand before the edge. */
static uint32_t events_before(const struct ctrace_lane *lane, const struct edge *edge)
{
	uint32_t id = lane->info.id, low = ctrace_lane_lower_bound(lane, edge->start), high, at;

	if (edge->place.lane == CTRACE_NONE || id > edge->place.lane) {
		return low;
	}
	high = edge->start == UINT64_MAX ? lane->count
					 : ctrace_lane_lower_bound(lane, edge->start + 1);
	if (id < edge->place.lane) {
		return high;
	}
	at = edge->place.index < high ? edge->place.index + edge->is_after : high;
	return at > low ? at : low;
}

/* The hit of one lane that is nearest to the edge; only up to the best of the lanes before. */
static uint32_t nearest_in(struct search *search, const struct ctrace_lane *lane,
			   const struct edge *edge, const struct edge *best, int direction)
{
	uint32_t at = events_before(lane, edge);

	if (direction < 0) {
		return hit_before(search, lane, at, best == NULL ? 0 : events_before(lane, best));
	}
	return hit_from(search, lane, at, best == NULL ? lane->count : events_before(lane, best));
}

static struct ctrace_place nearest(struct search *search, const struct edge *edge, int direction)
{
	struct edge best = {.place = {CTRACE_NONE, 0}};

	for (uint32_t i = 0; i < search->model->lane_count && !search->is_stopped; i++) {
		const struct ctrace_lane *lane = &search->model->lanes[i];
		uint32_t hit = nearest_in(search, lane, edge,
					  best.place.lane == CTRACE_NONE ? NULL : &best, direction);

		if (hit != CTRACE_NONE) {
			best = (struct edge){lane->start[hit], {i, hit}, direction < 0};
		}
	}
	return best.place;
}

static uint64_t position_of(struct search *search, struct ctrace_place place)
{
	const struct edge edge = {search->model->lanes[place.lane].start[place.index], place, true};
	uint64_t position = 0;

	for (uint32_t i = 0; i < search->model->lane_count && !search->is_stopped; i++) {
		const struct ctrace_lane *lane = &search->model->lanes[i];
		uint32_t end = events_before(lane, &edge), hit = hit_from(search, lane, 0, end);

		while (hit != CTRACE_NONE) {
			position++;
			hit = hit_from(search, lane, hit + 1, end);
		}
	}
	return position;
}

static uint64_t fold_names(const struct ctrace_name_set *set)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i <= set->names / 64; i++) {
		any |= set->bits[i];
	}
	return any;
}

enum ctrace_status ctrace_model_find(const struct ctrace_model *model,
				     const struct ctrace_name_set *set, uint64_t from,
				     struct ctrace_place place, int direction,
				     const struct ctrace_patience *patience,
				     struct ctrace_found *found)
{
	struct search search = {
		.model = model, .set = set, .patience = patience, .any_name = fold_names(set)};
	const struct edge edge = {from, place, direction > 0};
	const struct edge outside = {direction < 0 ? UINT64_MAX : 0, {CTRACE_NONE, 0}, false};
	struct ctrace_model_event event;

	*found = (struct ctrace_found){.place = nearest(&search, &edge, direction)};
	if (found->place.lane == CTRACE_NONE && !search.is_stopped) {
		found->wrapped = true;
		found->place = nearest(&search, &outside, direction);
	}
	if (search.is_stopped) {
		return CTRACE_END;
	}
	if (ctrace_model_event(model, found->place, &event) != CTRACE_OK) {
		return CTRACE_ERR_NOT_FOUND;
	}
	found->start = event.start;
	found->duration = event.duration;
	return CTRACE_OK;
}

enum ctrace_status ctrace_model_position(const struct ctrace_model *model,
					 const struct ctrace_name_set *set,
					 struct ctrace_place place,
					 const struct ctrace_patience *patience, uint64_t *position)
{
	struct search search = {
		.model = model, .set = set, .patience = patience, .any_name = fold_names(set)};

	*position = position_of(&search, place);
	return search.is_stopped ? CTRACE_END : CTRACE_OK;
}
