/* SPDX-License-Identifier: MIT */
/*
 * Every macro and function of <ctrace/trace.h>, as a stranger's program uses
 * it. Compiled as C and as C++, with and without CTRACE_DISABLE; run against
 * the installed library. Prints one word to say that what it counted adds up.
 *
 *     every_call TRACE
 */

#include <ctrace/trace.h>

#include <stdio.h>
#include <string.h>

static void say_all(uint64_t task)
{
	const char bytes[] = {'a', '\0', 'b'};
	int here = 0;

	TRACE_SPAN("span");
	TRACE_SPAN_C("category", "span of a category", TRACE_STR("text", "some"),
		     TRACE_STR("none", NULL));
	TRACE_BEGIN("begin", TRACE_STRN("bytes", bytes, sizeof(bytes)), TRACE_I64("signed", -1),
		    TRACE_U64("unsigned", 1u));
	TRACE_NEXT("next", TRACE_F64("double", 0.5), TRACE_BOOL("bool", 1),
		   TRACE_PTR("here", &here), TRACE_HEX("hex", 255u));
	TRACE_END();
	TRACE_BEGIN_C("category", "begin of a category");
	TRACE_END();
	TRACE_INSTANT("point");
	TRACE_INSTANT_C("category", "point of a category", TRACE_I64("one", 1), TRACE_I64("two", 2),
			TRACE_I64("three", 3), TRACE_I64("four", 4), TRACE_I64("five", 5),
			TRACE_I64("six", 6), TRACE_I64("seven", 7), TRACE_I64("eight", 8));
	TRACE_COUNTER("int", here);
	TRACE_COUNTER("unsigned", 7u);
	TRACE_COUNTER_C("category", "double", 0.25);
	TRACE_LOG("log", "%s and %d", "words", 5);
	TRACE_TASK_BEGIN(task, 0, "task", TRACE_I64("n", 1));
	TRACE_TASK_STEP(task, "step");
	TRACE_TASK_ENTER(task);
	TRACE_TASK_LEAVE(task);
	{
		TRACE_TASK_SCOPE(task);
		TRACE_FLOW_OUT(task);
		TRACE_FLOW_STEP(task);
		TRACE_FLOW_IN(task);
	}
	TRACE_TASK_END(task);
	TRACE_POOL(&here, "pool", &here, 4096);
	TRACE_ALLOC(&here, bytes, sizeof(bytes));
	TRACE_FREE(&here, bytes);
	TRACE_POOL(7, "pool", &here, -4096);
	TRACE_ALLOC(7, &here, 1);
	TRACE_GC_BEGIN(CTRACE_GC_FULL);
	TRACE_GC_BEGIN(CTRACE_GC_MARK);
	TRACE_GC_END(0, 0);
	TRACE_GC_END(4096u, sizeof(bytes));
	TRACE_GC_HEAP(8192);
	if (TRACE_ENABLED("category")) {
		TRACE_INSTANT("costly");
	}
}

int main(int argc, char **argv)
{
	struct ctrace_settings settings;
	struct ctrace_flight_settings flight;
	struct ctrace_snapshot_settings snapshot;
	struct ctrace_counts counts;

	if (argc != 2) {
		fprintf(stderr, "usage: every_call TRACE\n");
		return 2;
	}
	memset(&settings, 0, sizeof(settings));
	settings.file = argv[1];
	memset(&flight, 0, sizeof(flight));
	memset(&snapshot, 0, sizeof(snapshot));
	TRACE_THREAD_NAME("main thread");
	TRACE_PROCESS_NAME("every call");
	int status = ctrace_start(&settings);
	ctrace_categories("*");
	flight.seconds = 1;
	snapshot.file = "/dev/null";
	if (status == 0) {
		status = ctrace_flight_start(&flight);
	}
	say_all(ctrace_task_id());
	if (status == 0) {
		status = ctrace_snapshot(&snapshot);
	}
	if (status == 0) {
		status = ctrace_flight_stop();
	}
	status = status == 0 ? ctrace_stop() : status;
	ctrace_stats(&counts);
	printf("%d %s %s\n", status,
	       counts.attempted == counts.written + counts.lost ? "adds up" : "does not add up",
	       counts.written > 0 ? "recorded" : "silent");
	return 0;
}
