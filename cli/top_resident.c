/* SPDX-License-Identifier: MIT */
/* The table of processes by memory; see top_resident.h. */

#include "cli/top_resident.h"

#include "cli/byte_text.h"
#include "cli/json_out.h"
#include "cli/top_tables.h"

#include <inttypes.h>

static struct ctrace_bytes name_of(const struct ctrace_model *model, uint64_t pid)
{
	uint32_t count;
	const struct ctrace_track *tracks = ctrace_model_tracks(model, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (tracks[i].kind == CTRACE_TRACK_PROCESS && tracks[i].pid == pid) {
			return tracks[i].label;
		}
	}
	return (struct ctrace_bytes){"", 0};
}

static void put_row(FILE *out, const struct ctrace_resident_row *row,
		    const struct ctrace_model *model)
{
	char most[CTRACE_BYTE_TEXT_BYTES], end[CTRACE_BYTE_TEXT_BYTES], time[24];

	fprintf(out, "  %10s %10s %10s %8" PRIu64 "  ", ctrace_byte_text((double)row->most, most),
		ctrace_top_tables_duration(row->most_time, time),
		ctrace_byte_text((double)row->end, end), row->pid);
	ctrace_top_tables_plain(out, name_of(model, row->pid));
}

static uint32_t count_there(const struct ctrace_resident *resident)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < resident->count; i++) {
		count += resident->rows[i].is_there;
	}
	return count;
}

void ctrace_top_resident_text(FILE *out, const struct ctrace_resident *resident,
			      const struct ctrace_model *model, uint64_t rows)
{
	uint32_t told = 0;

	if (count_there(resident) == 0) {
		return;
	}
	fprintf(out, "\nresident memory\n  %10s %10s %10s %8s  %s\n", "at most", "when",
		"at the end", "pid", "process");
	for (uint32_t i = 0; i < resident->count && (rows == 0 || told < rows); i++) {
		if (resident->rows[i].is_there) {
			put_row(out, &resident->rows[i], model);
			told++;
		}
	}
	ctrace_top_tables_more(out, count_there(resident), rows);
}

static void put_row_json(FILE *out, const struct ctrace_resident_row *row,
			 const struct ctrace_model *model)
{
	struct ctrace_bytes name = name_of(model, row->pid);

	fprintf(out, "{\"pid\": %" PRIu64 ", \"name\": ", row->pid);
	ctrace_json_out_string(out, name.bytes, name.size);
	fprintf(out,
		", \"resident_begin\": %" PRIu64 ", \"resident_most\": %" PRIu64
		", \"resident_most_ns\": %" PRIu64 ", \"resident_end\": %" PRIu64
		", \"has_ended\": %s}",
		row->begin, row->most, row->most_time, row->end, row->has_ended ? "true" : "false");
}

void ctrace_top_resident_json(FILE *out, const struct ctrace_resident *resident,
			      const struct ctrace_model *model)
{
	bool is_first = true;

	fprintf(out, ",\n  \"processes\": [");
	for (uint32_t i = 0; i < resident->count; i++) {
		if (resident->rows[i].is_there) {
			fprintf(out, "%s\n    ", is_first ? "" : ",");
			put_row_json(out, &resident->rows[i], model);
			is_first = false;
		}
	}
	fprintf(out, "%s]", is_first ? "" : "\n  ");
}
