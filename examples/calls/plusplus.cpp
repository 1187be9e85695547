/* SPDX-License-Identifier: MIT */
// The same macros in C++17: scopes end spans when exceptions pass, too.

#include <ctrace/trace.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace
{

int parse(const std::string &text)
{
	TRACE_SPAN("parse", TRACE_STRN("text", text.data(), text.size()));
	return std::stoi(text);
}

template <typename Numbers> int sum(const Numbers &texts)
{
	TRACE_SPAN_C("math", "sum", TRACE_U64("count", texts.size()));
	int total = 0;
	for (const auto &text : texts) {
		try {
			total += parse(text);
		} catch (const std::invalid_argument &) {
			TRACE_LOG("math", "not a number: %s", text.c_str());
		}
	}
	TRACE_COUNTER("total", total);
	return total;
}

} // namespace

int main()
{
	const std::vector<std::string> texts = {"1", "20", "three", "300"};

	return sum(texts) == 321 ? 0 : 1;
}
