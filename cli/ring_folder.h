/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RING_FOLDER_H
#define CTRACE_RING_FOLDER_H

/*
 * A recorder's own ring directory, on a tmpfs: /dev/shm, else $XDG_RUNTIME_DIR.
 * Of what recorders that were killed left there, empty ones are removed and the
 * others are named on stderr, with what to do.
 */

#include "tracer/src/image.h"

#include <limits.h>
#include <stdbool.h>

struct ctrace_ring_folder {
	char path[PATH_MAX]; /* empty: there is none */
	struct ctrace_recorder_image *recorder;
};

/* False after a line on stderr. */
bool ctrace_ring_folder_make(struct ctrace_ring_folder *folder, bool is_quiet);
/* With all that processes left in it. Takes zeroed ones. */
void ctrace_ring_folder_remove(struct ctrace_ring_folder *folder);

#endif
