/* SPDX-License-Identifier: MIT */
/* Complaints, streams and strings of the strict validator. */

#include "format/checker.h"

#include "format/limits.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ctrace_checker_report(struct ctrace_checker *checker, uint64_t offset, uint32_t chunk,
			   const char *format, ...)
{
	struct ctrace_error error = {
		.status = CTRACE_ERR_DAMAGED, .offset = offset, .chunk = chunk};
	va_list args;

	va_start(args, format);
	vsnprintf(error.text, sizeof(error.text), format, args);
	va_end(args);
	checker->report->problems++;
	checker->problem(checker->context, &error);
}

/* SPEC 8: only there a stream's first chunk may list spans. */
static bool is_snapshot(const struct ctrace_trace *trace)
{
	static const char key[] = "snapshot";
	uint32_t count;
	const struct ctrace_meta *meta = ctrace_trace_meta(trace, &count);

	for (uint32_t i = 0; i < count; i++) {
		if (meta[i].key.size == sizeof(key) - 1 &&
		    memcmp(meta[i].key.bytes, key, sizeof(key) - 1) == 0) {
			return true;
		}
	}
	return false;
}

struct ctrace_checked_stream *ctrace_checker_stream(struct ctrace_checker *checker, uint32_t number)
{
	uint32_t index = ctrace_map_get(&checker->stream_index, number);

	if (index != CTRACE_MAP_NONE) {
		return &checker->streams[index];
	}
	if (checker->stream_count == checker->stream_capacity) {
		uint32_t more = checker->stream_capacity * 2 + 16;
		struct ctrace_checked_stream *grown =
			realloc(checker->streams, more * sizeof(*grown));
		if (grown == NULL) {
			return NULL;
		}
		checker->streams = grown;
		checker->stream_capacity = more;
	}
	struct ctrace_checked_stream *stream = &checker->streams[checker->stream_count];
	*stream = (struct ctrace_checked_stream){
		.number = number,
		.is_buffer = ctrace_trace_buffer(checker->trace, number) != NULL,
		.is_stack_known = !is_snapshot(checker->trace)};
	stream->stack = malloc(CTRACE_OPEN_SPANS_MAX * sizeof(*stream->stack));
	if (stream->stack == NULL ||
	    !ctrace_map_put(&checker->stream_index, number, checker->stream_count)) {
		free(stream->stack);
		return NULL;
	}
	checker->stream_count++;
	return stream;
}

void ctrace_checker_reference(struct ctrace_checker *checker, const struct ctrace_defined *defined,
			      uint64_t number, const char *whose)
{
	if (!ctrace_defined_is(defined, number) && !checker->is_reference_reported) {
		checker->is_reference_reported = true;
		CTRACE_REPORT_CHUNK(checker,
				    "%s refers to %s %" PRIu64 ", which is not defined before it",
				    whose, defined->what, number);
	}
}

void ctrace_checker_string(struct ctrace_checker *checker, uint64_t id, const char *whose)
{
	if (id != 0) {
		ctrace_checker_reference(checker, &checker->strings, id, whose);
	}
}
