/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_INPUT_H
#define CTRACE_INPUT_H

/*
 * The file a command works on. Every failure is one line on stderr that says
 * what the file is and what to do; the command then returns CTRACE_EXIT_FAILED.
 */

#include "format/reader.h"

#include <stddef.h>

/*
 * A readable, seekable descriptor for FILE, or -1 after the line was printed.
 * `-`, pipes and devices are first copied to an unlinked temporary file.
 */
int ctrace_input_open(const char *path);

/* What to call FILE in messages: `-` is "standard input". */
const char *ctrace_input_name(const char *path);

/*
 * Is this something else that people have at hand (PNG, gzip, zip, Chrome JSON, …)?
 * Then the words for it, else NULL. `bytes` are the first of the file.
 */
const char *ctrace_input_guess(const unsigned char *bytes, size_t size);

/*
 * Open FILE as a trace. Gives *trace and *fd (the caller closes both), or prints
 * the line and returns the status. Damage inside is not a failure: it is in
 * ctrace_trace_info(). `settings` as in ctrace_trace_open.
 */
enum ctrace_status ctrace_input_trace(const char *path,
				      const struct ctrace_trace_settings *settings,
				      struct ctrace_trace **trace, int *fd);

/* Print the line of an error about FILE. */
void ctrace_input_complain(const char *path, const struct ctrace_error *error);

#endif
