/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACK_LABELS_H
#define CTRACE_TRACK_LABELS_H

/* Labels of tracks while streams come together. What is made up or said in events is copied into
 * gathering->model->labels. */

#include "viewer-server/model/build/gather.h"

/* The row of a built stream's thread, NULL if its table was lost. */
const struct ctrace_thread_row *ctrace_track_row(const struct ctrace_gathering *gathering,
						 uint32_t build);

struct ctrace_bytes ctrace_track_process_label(struct ctrace_gathering *gathering, uint64_t pid);
struct ctrace_bytes ctrace_track_thread_label(struct ctrace_gathering *gathering, uint32_t build);

/* For qsort_r over built streams: the main thread, then by name, numbers in names by value.
 * `context`: the gathering. */
int ctrace_track_compare(const void *a, const void *b, void *context);

#endif
