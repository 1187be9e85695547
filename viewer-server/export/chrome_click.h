/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_CLICK_H
#define CTRACE_CHROME_CLICK_H

/*
 * One event of the model as it stands in the exported JSON: the same items, the same lines, from
 * what the model kept instead of from a replay.
 *
 * Thread: one at a time per `sites`.  Blocks: no.  Allocates: yes.
 */

#include "format/buffer.h"
#include "viewer-server/export/chrome_site.h"
#include "viewer-server/model/query.h"

/*
 * Append the event's lines to `json`, with ",\n" between them: a task has one for its begin and,
 * if that is in the trace, one for its end; everything else has one.
 */
enum ctrace_status ctrace_chrome_click(struct ctrace_buffer *json,
				       struct ctrace_chrome_sites *sites,
				       const struct ctrace_detail *detail,
				       enum ctrace_lane_kind lane);

#endif
