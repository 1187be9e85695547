/* SPDX-License-Identifier: MIT */

/* Snapshots read back and held to every rule of the law; see snapshots.h. */

#include "tests/unit/snapshots.h"

#include "format/validate.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void snapshots_init(struct snapshots *snapshots)
{
	snprintf(snapshots->folder, sizeof(snapshots->folder), "/tmp/ctrace-flight-XXXXXX");
	if (mkdtemp(snapshots->folder) == NULL) {
		abort();
	}
	snprintf(snapshots->pattern, sizeof(snapshots->pattern), "%s/%%r-%%n.trace",
		 snapshots->folder);
}

static unsigned each(const struct snapshots *snapshots, bool is_removing)
{
	DIR *folder = opendir(snapshots->folder);
	unsigned count = 0;
	struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] != '.') {
			count++;
			if (is_removing) {
				unlinkat(dirfd(folder), entry->d_name, 0);
			}
		}
	}
	if (folder != NULL) {
		closedir(folder);
	}
	return count;
}

void snapshots_finish(struct snapshots *snapshots)
{
	each(snapshots, true);
	rmdir(snapshots->folder);
}

unsigned snapshots_count(const struct snapshots *snapshots)
{
	return each(snapshots, false);
}

static void print_problem(void *context, const struct ctrace_error *error)
{
	(void)context;
	fprintf(stderr, "byte %llu: %s\n", (unsigned long long)error->offset, error->text);
}

/* What recorded_read does not look at: restated spans, the order of tables, the index. */
static void validate(const struct recorded *recorded)
{
	struct ctrace_validate_report report;

	if (ctrace_validate(recorded->trace, print_problem, NULL, &report) != CTRACE_OK ||
	    report.problems != 0) {
		fprintf(stderr, "%s breaks a rule\n", recorded->path);
		abort();
	}
}

void snapshots_take(struct recorded *recorded, double seconds)
{
	struct ctrace_snapshot_settings settings = {.seconds = seconds};
	int result;

	recorded_path(recorded);
	settings.file = recorded->path;
	result = ctrace_snapshot(&settings);
	if (result != 0) {
		fprintf(stderr, "ctrace_snapshot: %s\n", strerror(-result));
		abort();
	}
	recorded_read(recorded);
	validate(recorded);
}

bool snapshots_read(const struct snapshots *snapshots, const char *name, struct recorded *recorded)
{
	*recorded = (struct recorded){.fd = -1};
	snprintf(recorded->path, sizeof(recorded->path), "%s/%s", snapshots->folder, name);
	if (access(recorded->path, F_OK) != 0) {
		return false;
	}
	recorded_read(recorded);
	validate(recorded);
	return true;
}

struct ctrace_bytes snapshots_reason(const struct recorded *recorded)
{
	uint32_t count;
	const struct ctrace_meta *meta = ctrace_trace_meta(recorded->trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (meta[i].key.size == 8 && memcmp(meta[i].key.bytes, "snapshot", 8) == 0) {
			return meta[i].value;
		}
	}
	return (struct ctrace_bytes){.bytes = ""};
}
