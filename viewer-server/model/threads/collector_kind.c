/* SPDX-License-Identifier: MIT */
/* The words for what a collector does. */

#include "viewer-server/model/threads/collector_kind.h"

const char *ctrace_collector_kind_name(unsigned kind)
{
	static const char *const names[CTRACE_COLLECTOR_KINDS] = {
		[CTRACE_COLLECTOR_UNKNOWN] = "collector's work",
		[CTRACE_COLLECTOR_FULL] = "collection",
		[CTRACE_COLLECTOR_YOUNG] = "minor collection",
		[CTRACE_COLLECTOR_STEP] = "collection step",
		[CTRACE_COLLECTOR_WORLD_STOPPED] = "world stopped",
		[CTRACE_COLLECTOR_STOPPING] = "stopping the world",
		[CTRACE_COLLECTOR_STARTING] = "starting the world",
		[CTRACE_COLLECTOR_MARK] = "mark",
		[CTRACE_COLLECTOR_RECLAIM] = "reclaim",
	};

	return names[ctrace_collector_kind_of(kind)];
}
