/* SPDX-License-Identifier: MIT */
/* A heading, the curve, the worst windows; see pauses_tables.h. */

#include "cli/pauses_tables.h"

#include "cli/json_out.h"
#include "cli/top_tables.h"

#include <inttypes.h>

/* What the curve takes away, in words. */
static const char *const meanings[CTRACE_PAUSE_WHATS] = {
	[CTRACE_PAUSE_COLLECTOR] = "the world stood still for a collector",
	[CTRACE_PAUSE_RUNNABLE] = "could run, and waited for a CPU",
	[CTRACE_PAUSE_BLOCKED] = "could not run: asleep, waiting for a disk, stopped",
	[CTRACE_PAUSE_LOCK] = "waited for a lock",
	[CTRACE_PAUSE_ALLOCATOR] = "in the allocator; an estimate from samples",
};

static const struct ctrace_track *track_of(const struct ctrace_pauses_shown *shown, uint32_t track)
{
	uint32_t count;

	return &ctrace_model_tracks(shown->model, &count)[track];
}

static bool is_thread(const struct ctrace_pauses_shown *shown)
{
	return track_of(shown, shown->track)->kind == CTRACE_TRACK_THREAD;
}

/* Of a process, which of its threads is meant; a collector's pauses stop all of them. */
static bool names_threads(const struct ctrace_pauses_shown *shown)
{
	return !is_thread(shown) && shown->pauses->point_count > 0 &&
	       shown->pauses->points[0].track != shown->track;
}

/* ---- Text ------------------------------------------------------------------------ */

static void put_moment(FILE *out, uint64_t ns)
{
	fprintf(out, "%" PRIu64 ".%09" PRIu64 " s", ns / 1000000000, ns % 1000000000);
}

/* Its number and its name, to the line's end. */
static void end_with_track(FILE *out, const struct ctrace_track *track)
{
	fprintf(out, "%" PRIu64 " ", track->kind == CTRACE_TRACK_THREAD ? track->tid : track->pid);
	ctrace_top_tables_plain(out, track->label);
}

static void put_heading(FILE *out, const struct ctrace_pauses_shown *shown)
{
	const struct ctrace_pauses *pauses = shown->pauses;
	const char *meaning = meanings[shown->what];
	char taken[24], longest[24];

	if (shown->what == CTRACE_PAUSE_COLLECTOR && (is_thread(shown) || names_threads(shown))) {
		meaning = "the world stood still, or the thread worked for the collector, or it "
			  "was stopped";
	}
	fprintf(out, "%s ", is_thread(shown) ? "thread" : "process");
	end_with_track(out, track_of(shown, shown->track));
	fputs("from ", out);
	put_moment(out, pauses->start);
	fputs(" to ", out);
	put_moment(out, pauses->end);
	fprintf(out, "\n%s: %s\n", ctrace_pause_what_name(shown->what), meaning);
	if (pauses->pieces == 0) {
		fputs("never in this stretch\n", out);
		return;
	}
	fprintf(out, "%" PRIu64 " time%s, %s in all", pauses->pieces,
		pauses->pieces == 1 ? "" : "s", ctrace_top_tables_duration(pauses->taken, taken));
	if (names_threads(shown)) {
		fprintf(out, " of %" PRIu32 " thread%s", pauses->threads,
			pauses->threads == 1 ? "" : "s");
	}
	fprintf(out, "; the longest %s at ",
		ctrace_top_tables_duration(pauses->longest.window, longest));
	put_moment(out, pauses->longest.start);
	fputc('\n', out);
}

static double share_left(const struct ctrace_pause_point *point)
{
	return point->window > 0 ? 1.0 - (double)point->taken / (double)point->window : 1.0;
}

static void put_point(FILE *out, const struct ctrace_pauses_shown *shown,
		      const struct ctrace_pause_point *point, bool has_window)
{
	char window[24], taken[24];

	if (has_window) {
		fprintf(out, "  %12s", ctrace_top_tables_duration(point->window, window));
	}
	fprintf(out, "  %10.2f %%  %12s  ", share_left(point) * 100,
		ctrace_top_tables_duration(point->taken, taken));
	put_moment(out, point->start);
	if (names_threads(shown)) {
		fputs("  ", out);
		end_with_track(out, track_of(shown, point->track));
	} else {
		fputc('\n', out);
	}
}

/* Is the point one of the `rows` that stand for all? The first and the last are. */
static bool is_shown(uint32_t i, uint32_t count, uint64_t rows)
{
	return rows == 0 || rows >= count || i == count - 1 ||
	       (rows > 1 &&
		(i == 0 || i * (rows - 1) / (count - 1) != (i - 1) * (rows - 1) / (count - 1)));
}

static void put_curve(FILE *out, const struct ctrace_pauses_shown *shown)
{
	const struct ctrace_pauses *pauses = shown->pauses;

	fprintf(out, "\nminimum mutator utilisation\n  %12s  %12s  %12s  %s\n", "window",
		"utilisation", "taken", "where it is worst");
	for (uint32_t i = 0; i < pauses->point_count; i++) {
		if (is_shown(i, pauses->point_count, shown->rows)) {
			put_point(out, shown, &pauses->points[i], true);
		}
	}
}

void ctrace_pauses_tables_text(FILE *out, const struct ctrace_pauses_shown *shown)
{
	const struct ctrace_pauses *pauses = shown->pauses;
	char window[24];

	put_heading(out, shown);
	if (pauses->point_count > 0) {
		put_curve(out, shown);
	}
	if (pauses->worst_count > 0) {
		fprintf(out, "\nthe worst windows of %s\n  %12s  %12s  %s\n",
			ctrace_top_tables_duration(pauses->window, window), "utilisation", "taken",
			"from");
	}
	for (uint32_t i = 0; i < pauses->worst_count; i++) {
		put_point(out, shown, &pauses->worst[i], false);
	}
}

/* ---- JSON -------------------------------------------------------------------------- */

static void put_track_json(FILE *out, const struct ctrace_track *track)
{
	fprintf(out, "{\"pid\": %" PRIu64, track->pid);
	if (track->kind == CTRACE_TRACK_THREAD) {
		fprintf(out, ", \"tid\": %" PRIu64, track->tid);
	}
	fputs(", \"name\": ", out);
	ctrace_json_out_string(out, track->label.bytes, track->label.size);
	fputc('}', out);
}

static void put_point_json(FILE *out, const struct ctrace_pauses_shown *shown,
			   const struct ctrace_pause_point *point)
{
	fprintf(out, "{\"window_ns\": %" PRIu64 ", \"taken_ns\": %" PRIu64 ", \"utilisation\": ",
		point->window, point->taken);
	ctrace_json_out_double(out, share_left(point));
	fprintf(out, ", \"start_ns\": %" PRIu64, point->start);
	if (names_threads(shown)) {
		fprintf(out, ", \"tid\": %" PRIu64, track_of(shown, point->track)->tid);
	}
	fputc('}', out);
}

static void put_points_json(FILE *out, const struct ctrace_pauses_shown *shown, const char *key,
			    const struct ctrace_pause_point *points, uint32_t count)
{
	fprintf(out, ",\n  \"%s\": [", key);
	for (uint32_t i = 0; i < count; i++) {
		fprintf(out, "%s\n    ", i > 0 ? "," : "");
		put_point_json(out, shown, &points[i]);
	}
	fprintf(out, "%s]", count > 0 ? "\n  " : "");
}

void ctrace_pauses_tables_json(FILE *out, const struct ctrace_pauses_shown *shown)
{
	const struct ctrace_pauses *pauses = shown->pauses;

	fprintf(out, "{\n  \"what\": \"%s\",\n  \"of\": ", ctrace_pause_what_name(shown->what));
	put_track_json(out, track_of(shown, shown->track));
	fprintf(out,
		",\n  \"start_ns\": %" PRIu64 ",\n  \"end_ns\": %" PRIu64 ",\n  \"count\": %" PRIu64
		",\n  \"taken_ns\": %" PRIu64 ",\n  \"longest_ns\": %" PRIu64
		",\n  \"is_estimate\": %s",
		pauses->start, pauses->end, pauses->pieces, pauses->taken, pauses->longest.window,
		shown->what == CTRACE_PAUSE_ALLOCATOR ? "true" : "false");
	put_points_json(out, shown, "curve", pauses->points, pauses->point_count);
	fprintf(out, ",\n  \"window_ns\": %" PRIu64, pauses->window);
	put_points_json(out, shown, "worst", pauses->worst, pauses->worst_count);
	fputs("\n}\n", out);
}
