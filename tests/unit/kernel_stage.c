/* SPDX-License-Identifier: MIT */
/* See kernel_stage.h. */

#include "tests/unit/kernel_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct ctrace_kernel_stage ctrace_stage;

int ctrace_stage_begin(void **state)
{
	(void)state;
	ctrace_story_begin(&ctrace_stage.made);
	return 0;
}

void ctrace_stage_tell(void)
{
	ctrace_fixture_open(&ctrace_stage.made);
	assert_int_equal(ctrace_model_create(&ctrace_stage.model, ctrace_stage.made.trace, NULL,
					     &ctrace_stage.error),
			 CTRACE_OK);
}

int ctrace_stage_end(void **state)
{
	(void)state;
	ctrace_model_destroy(ctrace_stage.model);
	ctrace_stage.model = NULL;
	ctrace_fixture_close(&ctrace_stage.made);
	return 0;
}
