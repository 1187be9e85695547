/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DEBUG_PAGES_H
#define CTRACE_DEBUG_PAGES_H

/* The answers that are made at once: index and cmdline. */

#include "tracer/http/debug_server.h"

enum MHD_Result ctrace_debug_page_index(struct ctrace_debug_server *server,
					struct MHD_Connection *connection);
enum MHD_Result ctrace_debug_page_cmdline(struct ctrace_debug_server *server,
					  struct MHD_Connection *connection);

#endif
