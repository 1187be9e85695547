/* SPDX-License-Identifier: MIT */
/* Every type of argument. Keys are literals; strings are copied, up to 1,024 bytes. */

#include <ctrace/trace.h>
#include <stdint.h>

int main(void)
{
	const char *const nothing = NULL;
	const char bytes[4] = {'n', 'o', '\0', 't'};
	int here = 0;

	TRACE_SPAN("texts", TRACE_STR("name", "zo\xc3\xab"), TRACE_STR("none", nothing),
		   TRACE_STRN("bytes", bytes, sizeof(bytes)));
	TRACE_INSTANT("numbers", TRACE_I64("signed", INT64_MIN), TRACE_U64("unsigned", UINT64_MAX),
		      TRACE_F64("double", 0.1), TRACE_BOOL("bool", 1));
	TRACE_INSTANT("machine words", TRACE_PTR("pointer", &here), TRACE_HEX("flags", 0xdeadu));
	return here;
}
