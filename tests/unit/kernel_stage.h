/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KERNEL_STAGE_H
#define CTRACE_KERNEL_STAGE_H

/*
 * Set-up of tests that tell a story of kernel_story.h and ask its model: one story at a time.
 *
 *     cmocka_unit_test_setup_teardown(promise, ctrace_stage_begin, ctrace_stage_end)
 *       ctrace_story_switch(&ctrace_stage.made, …)
 *       ctrace_stage_tell()               the trace is read; ctrace_stage.model knows it
 */

#include "tests/unit/kernel_story.h"

extern struct ctrace_kernel_stage {
	struct ctrace_made_trace made;
	struct ctrace_model *model;
	struct ctrace_error error;
} ctrace_stage;

int ctrace_stage_begin(void **state);
void ctrace_stage_tell(void);
int ctrace_stage_end(void **state);

#endif
