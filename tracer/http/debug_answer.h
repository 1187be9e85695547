/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DEBUG_ANSWER_H
#define CTRACE_DEBUG_ANSWER_H

/* Answers with the headers that all of them carry. */

#include <microhttpd.h>

/* Adds the common headers, sends, and takes `response` (NULL: the connection is cut). */
enum MHD_Result ctrace_debug_answer(struct MHD_Connection *connection, unsigned status,
				    struct MHD_Response *response);

/* One line of text, ending in a newline; copied. `allow` NULL or the methods for status 405. */
enum MHD_Result ctrace_debug_answer_text(struct MHD_Connection *connection, unsigned status,
					 const char *text, const char *allow);

/* An error in the words of `go tool pprof`: it shows the text because of X-Go-Pprof. */
enum MHD_Result ctrace_debug_answer_error(struct MHD_Connection *connection, unsigned status,
					  const char *text);

/* 301. */
enum MHD_Result ctrace_debug_answer_moved(struct MHD_Connection *connection, const char *location);

#endif
