/* SPDX-License-Identifier: MIT */

/* Every macro in every form, for compilers to complain about: compiled as C and as C++. */

#include <ctrace/trace.h>

int use_every_macro(const char *text, double real, unsigned char byte);

int use_every_macro(const char *text, double real, unsigned char byte)
{
	uint64_t id = ctrace_task_id();
	int only_traced = 3;

	TRACE_SPAN("plain");
	TRACE_SPAN_C("db", "with \"all\"", TRACE_STR("s", text), TRACE_F64("f", real),
		     TRACE_BOOL("b", text), TRACE_PTR("p", text), TRACE_HEX("h", 1),
		     TRACE_U64("u", 1), TRACE_STRN("n", text, 2), TRACE_I64("i", only_traced));
	TRACE_BEGIN("begun");
	TRACE_NEXT("next", TRACE_I64("k", 1));
	TRACE_END();
	TRACE_BEGIN_C("x", "begun", TRACE_I64("k", 1), TRACE_I64("l", 2));
	TRACE_END();
	TRACE_INSTANT("point");
	TRACE_INSTANT_C("c", "point", TRACE_STR("a", "b"), TRACE_I64("l", 2), TRACE_I64("m", 3));
	TRACE_COUNTER("real", real);
	TRACE_COUNTER("byte", byte);
	TRACE_COUNTER("float", 1.0f);
	TRACE_COUNTER("size", sizeof(int));
	TRACE_COUNTER_C("x", "negative", -1);
	TRACE_LOG("log", "plain");
	TRACE_LOG("log", "%d %s", 1, text);
	TRACE_TASK_BEGIN(id, 0, "task");
	TRACE_TASK_BEGIN(id, id, "task", TRACE_I64("k", 1), TRACE_STR("s", text));
	TRACE_TASK_STEP(id, "step");
	TRACE_TASK_STEP(id, "step", TRACE_I64("a", 3));
	TRACE_TASK_SCOPE(id);
	TRACE_TASK_ENTER(id);
	TRACE_TASK_LEAVE(id);
	TRACE_TASK_END(id);
	TRACE_FLOW_OUT(1);
	TRACE_FLOW_STEP(1);
	TRACE_FLOW_IN(1);
	TRACE_POOL(1, "pool", &byte, 1);
	TRACE_ALLOC(1, &byte, 1);
	TRACE_FREE(1, &byte);
	TRACE_GC_BEGIN(byte ? CTRACE_GC_FULL : CTRACE_GC_MINOR);
	TRACE_GC_END(sizeof(byte), -1);
	TRACE_GC_HEAP(byte);
	TRACE_THREAD_NAME("thread");
	TRACE_PROCESS_NAME("process");
	if (TRACE_ENABLED("c")) {
		TRACE_INSTANT("enabled");
	}
	if (byte)
		TRACE_INSTANT("alone");
	else
		TRACE_END();
	return 0;
}

int main(void)
{
	struct ctrace_counts counts;
	static struct ctrace_settings settings; /* all zero, in either language */
	int started;

	settings.file = "/dev/null";
	started = ctrace_start(&settings);
	use_every_macro("text", 0.5, 1);
	ctrace_categories("*");
	ctrace_stats(&counts);
	ctrace_stop();
#ifdef CTRACE_DISABLE
	return started == 0;
#else
	return started != 0;
#endif
}
