/* SPDX-License-Identifier: MIT */
/* Lengths from a microsecond to the whole, and the worst windows of one; see utilisation.h. */

#include "viewer-server/analysis/utilisation.h"

#include "viewer-server/analysis/pause_pieces.h"

#include <math.h>
#include <string.h>

#define SHORTEST_NS 1000u
#define WINDOW_NS   10000000u

static const char *const what_names[CTRACE_PAUSE_WHATS] = {
	[CTRACE_PAUSE_COLLECTOR] = "collector", [CTRACE_PAUSE_RUNNABLE] = "runnable",
	[CTRACE_PAUSE_BLOCKED] = "blocked",	[CTRACE_PAUSE_LOCK] = "lock",
	[CTRACE_PAUSE_ALLOCATOR] = "allocator",
};

const char *ctrace_pause_what_name(unsigned what)
{
	return what < CTRACE_PAUSE_WHATS ? what_names[what] : "none";
}

unsigned ctrace_pause_what_of(const char *name)
{
	unsigned what = 0;

	while (what < CTRACE_PAUSE_WHATS && strcmp(what_names[what], name) != 0) {
		what++;
	}
	return what;
}

struct asking {
	struct ctrace_pauses *pauses;
	struct ctrace_pause_members members;
	const struct ctrace_patience *patience;
	bool is_stopped;
};

static bool goes_on(struct asking *asking)
{
	if (asking->patience != NULL && !asking->patience->go_on(asking->patience->context)) {
		asking->is_stopped = true;
	}
	return !asking->is_stopped;
}

/* ---- One length ---------------------------------------------------------------- */

/* The window within [from, to) that hits any member most. False: it fits into none. */
static bool worst_of(struct asking *asking, uint64_t window, uint64_t from, uint64_t to,
		     struct ctrace_pause_point *point)
{
	bool is_found = false;

	for (uint32_t i = 0; i < asking->members.count && goes_on(asking); i++) {
		const struct ctrace_pause_member *member = &asking->members.items[i];
		uint64_t begin = from > member->taken.start ? from : member->taken.start;
		uint64_t end = to < member->taken.end ? to : member->taken.end;
		struct ctrace_window_hit hit;

		if (end < begin || end - begin < window) {
			continue;
		}
		hit = ctrace_taken_worst(&member->taken, window, begin, end);
		if (!is_found || hit.taken > point->taken ||
		    (hit.taken == point->taken && hit.start < point->start)) {
			*point = (struct ctrace_pause_point){window, hit.taken, hit.start,
							     member->track};
			is_found = true;
		}
	}
	return is_found && !asking->is_stopped;
}

/* ---- The curve -------------------------------------------------------------------- */

static uint64_t longest_stretch(const struct asking *asking)
{
	uint64_t longest = 0;

	for (uint32_t i = 0; i < asking->members.count; i++) {
		const struct ctrace_taken *taken = &asking->members.items[i].taken;

		longest = taken->end - taken->start > longest ? taken->end - taken->start : longest;
	}
	return longest;
}

static uint64_t length_of(uint64_t first, uint64_t last, unsigned i)
{
	double share = (double)i / (CTRACE_PAUSE_POINTS - 1);
	double length = (double)first * pow((double)last / (double)first, share);

	return i == CTRACE_PAUSE_POINTS - 1 || length >= (double)last ? last : (uint64_t)length;
}

/* Even steps on a logarithmic scale; the last is the longest there is. */
static void draw_curve(struct asking *asking)
{
	struct ctrace_pauses *pauses = asking->pauses;
	uint64_t last = longest_stretch(asking), before = 0;
	uint64_t first = asking->members.grain > SHORTEST_NS ? asking->members.grain : SHORTEST_NS;

	first = first < last ? first : last;
	for (unsigned i = 0; last > 0 && i < CTRACE_PAUSE_POINTS && !asking->is_stopped; i++) {
		uint64_t window = length_of(first, last, i);

		if (window > before && worst_of(asking, window, pauses->start, pauses->end,
						&pauses->points[pauses->point_count])) {
			pauses->point_count++;
			before = window;
		}
	}
}

/* ---- The worst windows ---------------------------------------------------------------- */

/* A stretch without any window chosen yet, and the worst window in it. */
struct hole {
	uint64_t from, to;
	struct ctrace_pause_point worst;
	bool has_worst;
};

static struct hole look_into(struct asking *asking, uint64_t window, uint64_t from, uint64_t to)
{
	struct hole hole = {.from = from, .to = to};

	hole.has_worst = worst_of(asking, window, from, to, &hole.worst) && hole.worst.taken > 0;
	return hole;
}

static struct hole *worst_hole(struct hole *holes, unsigned count)
{
	struct hole *worst = NULL;

	for (unsigned i = 0; i < count; i++) {
		if (holes[i].has_worst &&
		    (worst == NULL || holes[i].worst.taken > worst->worst.taken ||
		     (holes[i].worst.taken == worst->worst.taken &&
		      holes[i].worst.start < worst->worst.start))) {
			worst = &holes[i];
		}
	}
	return worst;
}

/* Long enough to hold pauses whole, and short beside the stretch. */
static uint64_t suiting(const struct ctrace_pauses *pauses)
{
	uint64_t shortest = pauses->point_count > 0 ? pauses->points[0].window : 1;
	uint64_t longest =
		pauses->point_count > 0 ? pauses->points[pauses->point_count - 1].window : 1;
	uint64_t window = longest / 10 < WINDOW_NS ? longest / 10 : WINDOW_NS;

	return window > shortest ? window : shortest;
}

/* The worst, then the worst that does not touch it, and so on: each leaves two holes. */
static void list_worst(struct asking *asking, uint64_t window)
{
	struct ctrace_pauses *pauses = asking->pauses;
	struct hole holes[CTRACE_PAUSE_WORST + 1], *hole;
	unsigned count = 1;

	holes[0] = look_into(asking, window, pauses->start, pauses->end);
	while (pauses->worst_count < CTRACE_PAUSE_WORST && !asking->is_stopped) {
		struct ctrace_pause_point found;
		uint64_t to;

		hole = worst_hole(holes, count);
		if (hole == NULL) {
			return;
		}
		found = hole->worst;
		to = hole->to;
		pauses->worst[pauses->worst_count++] = found;
		if (pauses->worst_count < CTRACE_PAUSE_WORST) {
			*hole = look_into(asking, window, hole->from, found.start);
			holes[count++] = look_into(asking, window, found.start + window, to);
		}
	}
}

/* ---- All together ------------------------------------------------------------------ */

static void sum_up(struct asking *asking)
{
	struct ctrace_pauses *pauses = asking->pauses;

	pauses->threads = asking->members.count;
	pauses->grain = asking->members.grain;
	for (uint32_t i = 0; i < asking->members.count; i++) {
		const struct ctrace_pause_member *member = &asking->members.items[i];

		pauses->pieces += member->taken.count;
		for (size_t j = 0; j < member->taken.count; j++) {
			const struct ctrace_taken_piece *piece = &member->taken.pieces[j];
			uint64_t length = piece->end - piece->start;

			pauses->taken += length;
			if (length > pauses->longest.window) {
				pauses->longest = (struct ctrace_pause_point){
					length, length, piece->start, member->track};
			}
		}
	}
}

static void cut_to_trace(struct ctrace_pauses_question *question, const struct ctrace_model *model)
{
	uint64_t duration = ctrace_model_summary(model).duration_ns;

	question->end = question->end < duration ? question->end : duration;
	question->start = question->start < question->end ? question->start : question->end;
}

enum ctrace_status ctrace_pauses_ask(struct ctrace_pauses *pauses, const struct ctrace_model *model,
				     const struct ctrace_trace *trace,
				     const struct ctrace_pauses_question *question,
				     const struct ctrace_patience *patience)
{
	struct asking asking = {.pauses = pauses, .patience = patience};
	struct ctrace_pauses_question cut = *question;
	enum ctrace_status status;

	cut_to_trace(&cut, model);
	*pauses = (struct ctrace_pauses){.start = cut.start, .end = cut.end};
	status = ctrace_pause_members_init(&asking.members, model, trace, &cut, patience);
	for (unsigned i = 0; status == CTRACE_OK && i < CTRACE_PAUSE_WHATS; i++) {
		pauses->why_not[i] =
			ctrace_pause_why_not(model, cut.track, (enum ctrace_pause_what)i);
	}
	if (status == CTRACE_OK && pauses->why_not[cut.what] == NULL) {
		sum_up(&asking);
		draw_curve(&asking);
		pauses->window = cut.window > 0 ? cut.window : suiting(pauses);
		list_worst(&asking, pauses->window);
	}
	ctrace_pause_members_finish(&asking.members);
	return status == CTRACE_OK && asking.is_stopped ? CTRACE_END : status;
}
