/* SPDX-License-Identifier: MIT */
/* Names of system calls; see call_names.h. */

#include "tracer/sources/kernel/call_names.h"

/* native_calls and compat_calls: names by number, NULL between. Generated. */
#include "call_table.inc"

#include "tracer/sources/kernel/call_deeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* On x86-64, a call of the x32 table. */
#define X32_BIT 0x40000000

struct ctrace_call_names {
	bool is_stated[CTRACE_CALL_LIBRARY_FIRST];
	uint16_t deeds[CTRACE_CALL_LIBRARY_FIRST];
};

struct ctrace_call_names *ctrace_call_names_create(void)
{
	return calloc(1, sizeof(struct ctrace_call_names));
}

void ctrace_call_names_destroy(struct ctrace_call_names *names)
{
	free(names);
}

const char *ctrace_call_name(uint32_t call)
{
	uint32_t number = call % CTRACE_CALL_COMPAT;

	if (call >= CTRACE_CALL_COMPAT) {
		return number < sizeof(compat_calls) / sizeof(compat_calls[0])
			       ? compat_calls[number]
			       : NULL;
	}
	return number < sizeof(native_calls) / sizeof(native_calls[0]) ? native_calls[number]
								       : NULL;
}

static void state_row(struct ctrace_source_trace *trace, uint32_t call)
{
	bool is_compat = call >= CTRACE_CALL_COMPAT;
	uint32_t number = call % CTRACE_CALL_COMPAT;
	const char *name = ctrace_call_name(call);
	struct ctrace_call_row row = {.call = call, .layer = CTRACE_CALL_SYSTEM};
	char text[64];

	if (call == CTRACE_CALL_UNKNOWN) {
		snprintf(text, sizeof(text), "syscall_?");
	} else if (name == NULL) {
		snprintf(text, sizeof(text), "syscall_%u%s", number, is_compat ? " (32-bit)" : "");
	} else {
		snprintf(text, sizeof(text), "%s%s", name, is_compat ? " (32-bit)" : "");
	}
	row.name = ctrace_writer_string(trace->writer, text, strlen(text));
	ctrace_writer_call(trace->writer, &row);
	trace->calls->deeds[call] = (uint16_t)ctrace_call_deeds(name != NULL ? name : "");
}

uint32_t ctrace_call_number(struct ctrace_source_trace *trace, int64_t number, bool is_compat)
{
	uint32_t call = CTRACE_CALL_UNKNOWN;

	number &= number > 0 ? ~(int64_t)X32_BIT : -1;
	if (number >= 0 && number < (int64_t)CTRACE_CALL_COMPAT - 1) {
		call = (uint32_t)number + (is_compat ? CTRACE_CALL_COMPAT : 0);
	}
	if (!trace->calls->is_stated[call]) {
		trace->calls->is_stated[call] = true;
		state_row(trace, call);
	}
	return call;
}

unsigned ctrace_call_number_deeds(const struct ctrace_source_trace *trace, uint32_t call)
{
	return trace->calls->deeds[call];
}
