/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DEBUG_GUARD_H
#define CTRACE_DEBUG_GUARD_H

/*
 * Who may call /debug/pprof/. Any web page can make the user's browser send
 * requests to 127.0.0.1, and one whose name was re-bound to 127.0.0.1 could read
 * the answers. Such requests give themselves away by their headers:
 *
 *     Host             who sends it                                        answer
 *     absent, twice    nobody honest                                       400
 *     an IP address    curl, go tool pprof, a browser's address bar        go on
 *     localhost        the same                                            go on
 *     0.0.0.0, [::]    pages that get around loopback rules                403
 *     any other name   a page whose name was re-bound; a wrong proxy       403
 *
 *     Origin           absent (all tools), or our own: go on.  Another, or "null": 403
 *     Sec-Fetch-Site   absent, "none" (address bar), "same-origin": go on.  Else: 403
 *
 * A port in Host is not compared with ours: a tunnel (ssh -L) changes it, and
 * re-binding needs a name. Nothing here protects from other users of the machine.
 */

#include <stdbool.h>

/* Of one request. Counts are how often the header came; the strings are the first, NULL if none. */
struct ctrace_debug_caller {
	unsigned host_count, origin_count, site_count;
	const char *host;   /* Host */
	const char *origin; /* Origin */
	const char *site;   /* Sec-Fetch-Site */
};

/*
 * Returns 0: may call, or the HTTP status to refuse with and in *why one line for
 * people, which ends with a newline.
 *
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.
 */
unsigned ctrace_debug_guard(const struct ctrace_debug_caller *caller, const char **why);

/* Is this Host of a form that only someone who means this machine types? As above. */
bool ctrace_debug_host_is_plain(const char *host);

/* Does this Origin name the same place as this Host? */
bool ctrace_debug_origin_is_own(const char *origin, const char *host);

#endif
