/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_COLLECTOR_DETAIL_H
#define CTRACE_COLLECTOR_DETAIL_H

/* What is known of a collector's work, of a pause, of a thread that was stopped. Thread: any. */

#include "viewer-server/model/query.h"

/* Fill detail->collector if the event is one of these; event, origin and kernel are there. */
enum ctrace_status ctrace_collector_detail_find(struct ctrace_detail *detail,
						const struct ctrace_model *model,
						struct ctrace_error *error);

#endif
