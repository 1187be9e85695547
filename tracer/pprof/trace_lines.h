/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TRACE_LINES_H
#define CTRACE_TRACE_LINES_H

/*
 * Functions, files, lines and what is inlined, for the frames of a trace that has none of
 * them: a program that records itself does not look them up. On a machine that has its files.
 *
 *     ctrace_lines_are_missing(trace)             is there anything to look up?
 *     ctrace_lines_add(&writer, trace, &settings, &report)      rows, by a writer that goes on
 *                                                               with the trace (format/continue.h)
 *
 * A file is opened by the path that MODULES has, if it is a plain one whose build id is that of
 * the trace; else what /usr/lib/debug has for that build id. No other byte of it is believed, and
 * none of the trace's.
 */

#include "format/reader.h"
#include "format/writer.h"

enum ctrace_lines_lack {
	CTRACE_LINES_FOUND,
	CTRACE_LINES_NO_FILE,	  /* neither the file nor its debugging information is here */
	CTRACE_LINES_OTHER_FILE,  /* a file of that name is here, of another build */
	CTRACE_LINES_NO_BUILD_ID, /* the trace does not say which build it was */
	CTRACE_LINES_NO_DEBUG,	  /* it is here, without debugging information */
	CTRACE_LINES_NO_TIME,
};

/* What is said of a module once it is done. */
struct ctrace_lines_module {
	struct ctrace_bytes path;
	uint32_t frames, with_lines; /* that were looked up, that have lines now */
	enum ctrace_lines_lack lack;
};

struct ctrace_lines_settings {
	unsigned seconds_max; /* in all */
	/* May be NULL. What it gets is borrowed until it returns. */
	void (*told)(void *context, const struct ctrace_lines_module *module);
	void *context;
};

struct ctrace_lines_report {
	uint32_t frames;     /* without a line, in a file */
	uint32_t with_lines; /* of these, that have one now */
	uint32_t with_names; /* of the others, that have a function now and had none */
};

/* Has any frame a module and no line? */
bool ctrace_lines_are_missing(const struct ctrace_trace *trace);

/*
 * Returns CTRACE_OK, CTRACE_ERR_NO_MEMORY, or what the writer says.
 * Thread: any.  Blocks: on the disk, for seconds_max and one module more.  Allocates: yes.
 */
enum ctrace_status ctrace_lines_add(struct ctrace_writer *writer, const struct ctrace_trace *trace,
				    const struct ctrace_lines_settings *settings,
				    struct ctrace_lines_report *report);

#endif
