/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SPAN_SOURCE_H
#define CTRACE_SPAN_SOURCE_H

/* `spans`: what programs that use ctrace say of themselves, in rings that the recorder follows. */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_spans;

#endif
