/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_ASSETS_H
#define CTRACE_SERVE_ASSETS_H

/*
 * The page's files, baked into the program at build time (embed.py): there is
 * no folder to serve from, so there is no path to escape from. Built without
 * the page, `/` is one plain text that says so.
 */

#include <stddef.h>

struct ctrace_asset {
	const char *path; /* as in the route table */
	const char *content_type;
	const unsigned char *bytes;
	size_t size;
};

/* Ends with a NULL path. */
extern const struct ctrace_asset ctrace_assets[];

#endif
