/* SPDX-License-Identifier: MIT */

/* A library that is loaded, used and unloaded again and again. */

#include "shared.h"

int plugin_work(int n);

int plugin_work(int n)
{
	TRACE_SPAN("plugin work", TRACE_STR("from", "C"));

	TRACE_BEGIN("plugin begun");
	TRACE_COUNTER("plugin counter", n);
	TRACE_END();
	return TRACE_ENABLED("app") ? shared_inline(n) : -1;
}
