/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PLAIN_SPANS_H
#define CTRACE_PLAIN_SPANS_H

/* Realistic nested spans by the million: the traces that benchmarks run on. */

#include "tests/unit/trace_maker.h"

/* As ctrace_maker_run with is_plain_spans. */
enum ctrace_status ctrace_plain_spans_run(const struct ctrace_maker_settings *settings);

#endif
