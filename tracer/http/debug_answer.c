/* SPDX-License-Identifier: MIT */
/* Headers and short texts. */

#include "tracer/http/debug_answer.h"

#include <string.h>

static const char text_type[] = "text/plain; charset=utf-8";

enum MHD_Result ctrace_debug_answer(struct MHD_Connection *connection, unsigned status,
				    struct MHD_Response *response)
{
	enum MHD_Result result;

	if (response == NULL) {
		return MHD_NO;
	}
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static struct MHD_Response *make_text(const char *text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);

	if (response != NULL) {
		MHD_add_response_header(response, "Content-Type", text_type);
	}
	return response;
}

enum MHD_Result ctrace_debug_answer_text(struct MHD_Connection *connection, unsigned status,
					 const char *text, const char *allow)
{
	struct MHD_Response *response = make_text(text);

	if (response != NULL && allow != NULL) {
		MHD_add_response_header(response, "Allow", allow);
	}
	return ctrace_debug_answer(connection, status, response);
}

enum MHD_Result ctrace_debug_answer_error(struct MHD_Connection *connection, unsigned status,
					  const char *text)
{
	struct MHD_Response *response = make_text(text);

	if (response != NULL) {
		MHD_add_response_header(response, "X-Go-Pprof", "1");
	}
	return ctrace_debug_answer(connection, status, response);
}

enum MHD_Result ctrace_debug_answer_moved(struct MHD_Connection *connection, const char *location)
{
	struct MHD_Response *response = make_text("Moved Permanently\n");

	if (response != NULL) {
		MHD_add_response_header(response, "Location", location);
	}
	return ctrace_debug_answer(connection, 301, response);
}
