/* SPDX-License-Identifier: MIT */

/* Snapshots into files; see flight_files.h. */

#include "tracer/src/flight/flight_files.h"

#include "tracer/src/collect/file_sink.h"

#include <errno.h>
#include <unistd.h>

/* Files of an earlier process of the same number may be there. */
#define NAMES_TRIED_MAX 1000u

static int write_into(struct ctrace_file_sink *sink, const struct ctrace_snapshot *snapshot)
{
	enum ctrace_status status = ctrace_snapshot_write(snapshot, ctrace_file_sink_write, sink);
	int error;

	ctrace_file_sink_finish(sink);
	error = sink->error;
	if (status == CTRACE_OK) {
		/* No room could be promised ahead, but it was there. */
		return 0;
	}
	return error != 0 ? -error : status == CTRACE_ERR_NO_MEMORY ? -ENOMEM : -EIO;
}

int ctrace_flight_file_write(const char *path, const struct ctrace_snapshot *snapshot)
{
	struct ctrace_file_sink sink;
	int result = ctrace_file_sink_init(&sink, path);

	return result == 0 ? write_into(&sink, snapshot) : result;
}

/* The next name that is free. */
static int open_next(struct ctrace_flight_files *files, struct ctrace_file_sink *sink,
		     const char *word)
{
	bool has_number = ctrace_flight_pattern_has_number(files->pattern);
	int result = -EEXIST;

	for (unsigned i = 0; result == -EEXIST && i < NAMES_TRIED_MAX; i++) {
		files->number++;
		if (!ctrace_flight_pattern_expand(files->pattern, (int)getpid(), files->number,
						  word, files->path, sizeof(files->path))) {
			return -ENAMETOOLONG;
		}
		result = has_number ? ctrace_file_sink_init_new(sink, files->path)
				    : ctrace_file_sink_init(sink, files->path);
	}
	return result;
}

int ctrace_flight_files_write(struct ctrace_flight_files *files,
			      const struct ctrace_snapshot *snapshot, const char *word,
			      bool is_extra)
{
	struct ctrace_file_sink sink;
	int result;

	if (files->made >= CTRACE_FLIGHT_FILES_MAX && !is_extra) {
		return -EDQUOT;
	}
	result = open_next(files, &sink, word);
	if (result != 0) {
		return result;
	}
	files->made++;
	return write_into(&sink, snapshot);
}
