/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_ANSWER_CHROME_H
#define CTRACE_SERVE_ANSWER_CHROME_H

/*
 * Single events as Chrome trace events, made by the encoder that also writes
 * /trace.json (viewer-server/export), so that both say the same.
 *
 * Thread: one at a time per source.  Blocks: on the disk.  Allocates: yes.
 */

#include "viewer-server/export/chrome_site.h"
#include "viewer-server/model/query.h"

#include <jansson.h>

struct ctrace_answer_source {
	const struct ctrace_model *model;
	struct ctrace_trace *trace;
	struct ctrace_chrome_sites *sites; /* texts of call sites, kept between answers */
};

/* The lines of one event: a task is its begin and end, everything else is one line. */
json_t *ctrace_answer_chrome(const struct ctrace_answer_source *source,
			     const struct ctrace_detail *detail);

/* The lines of the first events of a range's top list; fewer when patience ends. */
json_t *ctrace_answer_chrome_top(const struct ctrace_answer_source *source,
				 const struct ctrace_range *range,
				 const struct ctrace_patience *patience);

#endif
