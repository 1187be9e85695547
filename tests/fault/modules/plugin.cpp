// SPDX-License-Identifier: MIT

// The same from C++: sites in inline functions, templates, members and lambdas, which object files
// share.

#include "shared.h"

#include <string>

extern "C" int plugin_work(int n);

template <class T> static T twice(T value)
{
	TRACE_SPAN_C("template", "twice", TRACE_F64("value", value));
	return value + value;
}

template <class T> struct box {
	T value;

	T get() const
	{
		TRACE_SPAN_C("template", "box::get");
		return value;
	}
};

inline int inline_work(int n)
{
	TRACE_SPAN("inline work");
	auto lambda = [n] {
		TRACE_INSTANT("in lambda", TRACE_I64("n", n));
		return n;
	};
	return lambda();
}

struct early {
	early()
	{
		TRACE_INSTANT("in a static constructor");
	}
	~early()
	{
		TRACE_INSTANT("in a static destructor");
	}
};
static early first;

int plugin_work(int n)
{
	TRACE_SPAN("plugin work", TRACE_STR("from", std::string("C++").c_str()));
	TRACE_TASK_SCOPE(7);

	TRACE_BEGIN("plugin begun");
	TRACE_COUNTER("plugin counter", n);
	TRACE_COUNTER("plugin real", n / 2.0);
	TRACE_COUNTER("plugin truth", n > 0);
	TRACE_LOG("log", "n is %d", n);
	TRACE_END();
	twice(n);
	twice(n * 1.5);
	box<int>{n}.get();
	box<long>{n}.get();
	inline_work(n);
	return TRACE_ENABLED("app") ? shared_inline(n) : -1;
}
