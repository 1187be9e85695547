/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_HELLO_H
#define CTRACE_SERVE_HELLO_H

/*
 * What a page is told first: the trace, its tracks and lanes, then its names
 * in parts (viewer-server/API.md, "hello").
 *
 * Thread: any.  Blocks: no.  Allocates: yes; texts are given, undo with free.
 */

#include "viewer-server/model/model.h"

#include <stddef.h>

char *ctrace_hello_make(const struct ctrace_model *model, const struct ctrace_trace *trace,
			const char *name, size_t *size);
/* The names from `first` on, as many as fit in about CTRACE_PIECE_BYTES; *next is behind the last.
 */
char *ctrace_names_make(const struct ctrace_model *model, uint32_t first, uint32_t *next,
			size_t *size);

#endif
