/* SPDX-License-Identifier: MIT */
/*
 * TRACE_BEGIN, TRACE_NEXT, TRACE_END: where a span's ends are in no one scope.
 * TRACE_NEXT closes one and opens the next on one reading of the clock.
 */

#include <ctrace/trace.h>
#include <unistd.h>

static void start_work(void)
{
	TRACE_BEGIN("connect", TRACE_STR("host", "db1"));
	usleep(300);
}

static void finish_work(void)
{
	TRACE_NEXT("send query");
	usleep(200);
	TRACE_NEXT("read answer", TRACE_U64("bytes", 4096));
	usleep(400);
	TRACE_END();
}

int main(void)
{
	start_work();
	finish_work();
	return 0;
}
