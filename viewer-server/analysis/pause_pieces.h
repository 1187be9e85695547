/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PAUSE_PIECES_H
#define CTRACE_PAUSE_PIECES_H

/* What takes time away from threads, as the model has it (utilisation.h says which counts as what).
 */

#include "viewer-server/analysis/taken_time.h"
#include "viewer-server/analysis/utilisation.h"

/* 24 bytes each; past it an answer would take longer than anybody waits. */
#define CTRACE_PAUSE_PIECES_MAX (UINT32_C(1) << 23)

/* A thread of the question, or the process as a whole. */
struct ctrace_pause_member {
	uint32_t track;
	struct ctrace_taken taken; /* closed: its stretch is what is known of the member */
};

struct ctrace_pause_members {
	struct ctrace_pause_member *items; /* owned */
	uint32_t count;
	uint64_t pieces;
	uint64_t grain; /* ns; the largest weight of an estimate's samples */
};

/* CTRACE_ERR_LIMIT: more than CTRACE_PAUSE_PIECES_MAX pieces. As ctrace_pauses_ask else. Undo with
 * _finish, also after a failure. */
enum ctrace_status ctrace_pause_members_init(struct ctrace_pause_members *members,
					     const struct ctrace_model *model,
					     const struct ctrace_trace *trace,
					     const struct ctrace_pauses_question *question,
					     const struct ctrace_patience *patience);
void ctrace_pause_members_finish(struct ctrace_pause_members *members);

/* Why the curve cannot be had of the track; NULL: it can. */
const char *ctrace_pause_why_not(const struct ctrace_model *model, uint32_t track,
				 enum ctrace_pause_what what);

#endif
