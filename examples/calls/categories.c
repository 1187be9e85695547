/* SPDX-License-Identifier: MIT */
/* ctrace_categories: choose what is recorded, also while recording. */

#include <ctrace/trace.h>
#include <stdio.h>

static void work(int number)
{
	TRACE_SPAN_C("http", "request", TRACE_I64("number", number));
	TRACE_SPAN_C("db", "query", TRACE_I64("number", number));
	TRACE_INSTANT_C("debug", "detail", TRACE_I64("number", number));
}

int main(int argc, char **argv)
{
	struct ctrace_settings settings = {
		.file = argc > 1 ? argv[1] : "trace.out",
		.categories = "*,-debug", /* everything but details */
	};

	if (ctrace_start(&settings) != 0) {
		return 1;
	}
	work(1);
	ctrace_categories("http"); /* requests only */
	work(2);
	ctrace_categories("*");
	work(3);
	return ctrace_stop() != 0;
}
