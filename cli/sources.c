/* SPDX-License-Identifier: MIT */
/* `ctrace sources`: what can be recorded here, what it costs, and what would enable the rest. */

#include "cli/command.h"
#include "cli/options.h"
#include "cli/sources_check.h"
#include "tracer/sources/perf/tracepoint_cache.h"
#include "tracer/sources/source.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct row {
	const struct ctrace_source *source;
	struct ctrace_source_answer answer;
	struct ctrace_source_counts counts; /* of a trial */
};

static struct row look(const struct ctrace_source *source, bool is_trial)
{
	struct row row = {.source = source};

	source->probe(&row.answer);
	/* What has to be prepared opens in a program that is recorded, and nowhere else. */
	if (is_trial && row.answer.is_available && source->open != NULL &&
	    source->prepare == NULL) {
		row.answer.is_available = ctrace_sources_try(source, &row.answer, &row.counts);
	}
	return row;
}

static void print_row(const struct row *row)
{
	printf("%-13s %-3s  %s\n", row->source->name, row->answer.is_available ? "yes" : "no",
	       row->source->about);
	printf("%19scosts: %s\n", "", row->source->costs);
	if (!row->answer.is_available) {
		printf("%19swhy not: %s\n", "", row->answer.why);
	}
	if (row->answer.remedy[0] != '\0') {
		printf("%19swould help: %s\n", "", row->answer.remedy);
	}
	if (row->counts.checks > 0) {
		printf("%19sclock: %" PRIu64 " stamps checked, %" PRIu64
		       " out of place, nearest %" PRIu64 " ticks\n",
		       "", row->counts.checks, row->counts.misses, row->counts.slack);
	}
}

static json_t *json_of(const struct row *row)
{
	json_t *made = json_pack("{s:s, s:b, s:s, s:s}", "name", row->source->name, "available",
				 row->answer.is_available, "gives", row->source->about, "costs",
				 row->source->costs);

	if (!row->answer.is_available) {
		json_object_set_new(made, "why", json_string(row->answer.why));
		json_object_set_new(made, "remedy", json_string(row->answer.remedy));
	}
	if (row->counts.checks > 0) {
		json_object_set_new(made, "clock",
				    json_pack("{s:I, s:I, s:I}", "checks",
					      (json_int_t)row->counts.checks, "misses",
					      (json_int_t)row->counts.misses, "slack",
					      (json_int_t)row->counts.slack));
	}
	return made;
}

static int print_json(bool is_trial)
{
	json_t *list = json_array();

	for (const struct ctrace_source *const *at = ctrace_source_list; *at != NULL; at++) {
		const struct row row = look(*at, is_trial);

		json_array_append_new(list, json_of(&row));
	}
	list = json_pack("{s:o}", "sources", list);
	json_dumpf(list, stdout, JSON_INDENT(1));
	printf("\n");
	json_decref(list);
	return CTRACE_EXIT_OK;
}

static int print_text(bool is_trial)
{
	for (const struct ctrace_source *const *at = ctrace_source_list; *at != NULL; at++) {
		const struct row row = look(*at, is_trial);

		print_row(&row);
	}
	return CTRACE_EXIT_OK;
}

static int write_ids(void)
{
	const char *path = ctrace_tracepoints_path();
	struct ctrace_source_answer answer;

	if (!ctrace_tracepoints_write(path, &answer)) {
		fprintf(stderr,
			"ctrace sources: cannot write the tracepoints of this kernel: %s%s%s\n",
			answer.why, answer.remedy[0] != '\0' ? "; " : "", answer.remedy);
		return CTRACE_EXIT_FAILED;
	}
	printf("%s: the tracepoints of this kernel\n", path);
	return CTRACE_EXIT_OK;
}

int ctrace_command_sources(int argc, char **argv)
{
	struct ctrace_options options;
	bool is_trial = false, writes_ids = false;
	const struct ctrace_option own[] = {
		{.name = "check",
		 .help = "open each for a moment, and test its clock",
		 .kind = CTRACE_OPTION_FLAG,
		 .into = &is_trial},
		{.name = "write-ids",
		 .help = "as root: write down this kernel's tracepoints, for perf-sched",
		 .kind = CTRACE_OPTION_FLAG,
		 .into = &writes_ids},
		{0},
	};
	const struct ctrace_usage usage = {
		.synopsis = "sources [OPTIONS]",
		.about = "What `ctrace record` can take its events from on this machine, as this "
			 "user: what each source\ngives and costs, why one is not there, and what "
			 "would enable it. Names are for\n`ctrace record --sources`. Nothing on "
			 "the machine is changed, unless --write-ids asks for it.",
		.example = "  ctrace sources\n"
			   "  ctrace record --sources bpf,spans -- ./server\n",
		.shared = CTRACE_SHARED_JSON,
		.own = own,
	};
	int status = ctrace_options_parse(&options, &usage, argc, argv);

	if (status >= 0) {
		return status;
	}
	if (writes_ids) {
		return write_ids();
	}
	return options.is_json ? print_json(is_trial) : print_text(is_trial);
}
