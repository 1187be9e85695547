/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LANE_FIXTURE_H
#define CTRACE_LANE_FIXTURE_H

/* Indexed lanes and models made from an oracle's plain arrays, without a trace. */

#include "tests/oracle/lane_oracle.h"
#include "viewer-server/model/model_parts.h"

/* Fill and seal `lane` with the events of `plain`; a pyramid if it is large enough. */
void ctrace_fixture_lane(struct ctrace_lane *lane, const struct ctrace_oracle_lane *plain,
			 uint64_t trace_end);

/* A model of these lanes and no threads; only tiles and queries may be asked. Undo with _finish. */
void ctrace_fixture_model(struct ctrace_model *model, const struct ctrace_oracle_lane *plain,
			  uint32_t count);
void ctrace_fixture_finish(struct ctrace_model *model);

/* The seed of a randomised test: the first argument, else one of the day. Prints it. */
uint64_t ctrace_fixture_seed(int argc, char **argv);

#endif
