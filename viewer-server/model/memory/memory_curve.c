/* SPDX-License-Identifier: MIT */
/* Values over time, thinned where they are many; see memory_curve.h. */

#include "viewer-server/model/memory/memory_curve.h"

/* So many points of one step are gathered before it is thinned. */
#define STEP_POINTS_MAX 64u
/* The shortest step: thinning begins with it, and doubles until the points are few enough. */
#define FIRST_SHIFT 8u

static struct ctrace_curve_point *points_of(const struct ctrace_curve *curve)
{
	return curve->points.items;
}

/* Keep the lowest, the highest and the last of [first, end), from `to` on. Where they end then. */
static size_t thin(struct ctrace_curve_point *points, size_t first, size_t end, size_t to)
{
	size_t low = first, high = first;

	for (size_t i = first + 1; i < end; i++) {
		low = points[i].value < points[low].value ? i : low;
		high = points[i].value > points[high].value ? i : high;
	}
	for (size_t i = first; i < end; i++) {
		if (i == low || i == high || i + 1 == end) {
			points[to++] = points[i];
		}
	}
	return to;
}

static void thin_last_step(struct ctrace_curve *curve)
{
	curve->points.count =
		thin(points_of(curve), curve->step_first, curve->points.count, curve->step_first);
}

/* All of it, by steps of this length. */
static void thin_all(struct ctrace_curve *curve, unsigned shift)
{
	struct ctrace_curve_point *points = points_of(curve);
	size_t first = 0, to = 0, count = curve->points.count;

	while (first < count) {
		size_t end = first + 1;

		while (end < count && points[end].time >> shift == points[first].time >> shift) {
			end++;
		}
		curve->step_first = to;
		to = thin(points, first, end, to);
		first = end;
	}
	curve->points.count = to;
	curve->step_shift = shift;
}

static void thin_to_half(struct ctrace_curve *curve)
{
	unsigned shift = curve->step_shift != 0 ? curve->step_shift : FIRST_SHIFT - 1u;

	while (curve->points.count > CTRACE_CURVE_POINTS / 2 && shift < 63) {
		thin_all(curve, ++shift);
	}
}

bool ctrace_curve_add(struct ctrace_curve *curve, uint64_t time, double value)
{
	struct ctrace_curve_point *added;
	unsigned shift = curve->step_shift;

	if (shift != 0 && curve->points.count > curve->step_first) {
		const struct ctrace_curve_point *last = &points_of(curve)[curve->points.count - 1];
		bool is_new = last->time >> shift != time >> shift;

		if (is_new || curve->points.count - curve->step_first >= STEP_POINTS_MAX) {
			thin_last_step(curve);
			curve->step_first = is_new ? curve->points.count : curve->step_first;
		}
	}
	if (curve->points.count >= CTRACE_CURVE_POINTS) {
		thin_to_half(curve);
	}
	added = ctrace_column_add(&curve->points, sizeof(*added));
	if (added == NULL) {
		return false;
	}
	*added = (struct ctrace_curve_point){time, value};
	return true;
}

void ctrace_curve_close(struct ctrace_curve *curve)
{
	if (curve->step_shift != 0 && curve->points.count > curve->step_first) {
		thin_last_step(curve);
	}
}

void ctrace_curve_finish(struct ctrace_curve *curve)
{
	ctrace_column_finish(&curve->points);
	*curve = (struct ctrace_curve){.step_shift = 0};
}

/* ---- rates ---- */

bool ctrace_rate_add(struct ctrace_rate *rate, unsigned shift, uint64_t time, double amount)
{
	struct ctrace_rate_stretch *stretches = rate->stretches.items, *last = NULL;

	if (rate->stretches.count > 0) {
		last = &stretches[rate->stretches.count - 1];
	}
	if (last == NULL || last->number != time >> shift) {
		last = ctrace_column_add(&rate->stretches, sizeof(*last));
		if (last == NULL) {
			return false;
		}
		*last = (struct ctrace_rate_stretch){.number = time >> shift};
	}
	last->sum += amount;
	last->events++;
	return true;
}

static bool add_point(struct ctrace_column *points, uint64_t time, double value)
{
	struct ctrace_curve_point *point = ctrace_column_add(points, sizeof(*point));

	if (point != NULL) {
		*point = (struct ctrace_curve_point){time, value};
	}
	return point != NULL;
}

/* The last stretch that is long enough to stand alone. */
static uint64_t last_number(unsigned shift, uint64_t end)
{
	uint64_t number = end >> shift, rest = end - (number << shift);

	return number > 0 && rest < (UINT64_C(1) << shift) / 2 ? number - 1 : number;
}

bool ctrace_rate_points(const struct ctrace_rate *rate, unsigned from, unsigned to, uint64_t end,
			struct ctrace_column *points)
{
	const struct ctrace_rate_stretch *stretches = rate->stretches.items;
	uint64_t last = last_number(to, end), next = 0;
	bool is_ok = true, is_held = false;

	for (size_t i = 0; is_ok && i < rate->stretches.count;) {
		uint64_t number = stretches[i].number >> (to - from);
		double sum = 0, ns;

		number = number < last ? number : last;
		for (; i < rate->stretches.count &&
		       (number == last || stretches[i].number >> (to - from) == number);
		     i++) {
			sum += stretches[i].sum;
		}
		if (is_held && number > next) {
			is_ok = add_point(points, next << to, 0);
		}
		ns = number == last ? (double)(end - (last << to)) : (double)(UINT64_C(1) << to);
		is_ok = is_ok && add_point(points, number << to, sum * 1e9 / (ns > 1 ? ns : 1));
		next = number + 1;
		is_held = true;
	}
	if (is_ok && is_held && next <= last) {
		is_ok = add_point(points, next << to, 0);
	}
	return is_ok;
}

void ctrace_rate_finish(struct ctrace_rate *rate)
{
	ctrace_column_finish(&rate->stretches);
}
