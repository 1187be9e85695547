/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CHROME_SITE_H
#define CTRACE_CHROME_SITE_H

/*
 * What all events of one call site have in common, as JSON text: made once,
 * copied for every event.
 *
 *     {"name":"query","cat":"db","ph":"X"      head
 *     "sql":  "rows":                          a key for each argument
 *
 * Sites are made when they are first met, so opening a trace of a million
 * sites costs nothing for those that are not in the range.
 *
 * One thread at a time per object.
 */

#include "format/reader.h"

/* Fixed-size copies are cheaper than exact ones: this many bytes behind a text may be read. */
#define CTRACE_CHROME_COPY_STEP 32u

struct ctrace_chrome_text {
	const char *bytes;
	uint32_t size;
};

/* Keys that the encoder adds to a span's arguments. */
enum ctrace_chrome_key {
	CTRACE_CHROME_KEY_TASK,		/* the task it belongs to */
	CTRACE_CHROME_KEY_BEGAN_BEFORE, /* it began before the recording */
	CTRACE_CHROME_KEY_UNFINISHED,	/* its end is not in the trace */
	CTRACE_CHROME_KEY_RESTATED,	/* its begin is not: it has no arguments */
	CTRACE_CHROME_KEY_COUNT,
};

struct ctrace_chrome_site {
	const struct ctrace_site *site; /* NULL: unknown */
	struct ctrace_chrome_text name; /* {"name":"…" */
	struct ctrace_chrome_text cat;	/* ,"cat":"…" */
	struct ctrace_chrome_text head; /* name, cat and ,"ph":"X" */
	struct ctrace_chrome_text keys[16];
	struct ctrace_chrome_text own_keys[CTRACE_CHROME_KEY_COUNT];
	uint32_t key_bytes; /* of all keys together */
};

struct ctrace_chrome_sites {
	const struct ctrace_trace *trace;
	struct ctrace_chrome_site **sites; /* owned, by site id; NULL: not made yet */
	uint32_t count;
	struct ctrace_chrome_site *unknown; /* owned: of events whose site is not known */
};

/* Borrows `trace` until finish. */
enum ctrace_status ctrace_chrome_sites_init(struct ctrace_chrome_sites *sites,
					    const struct ctrace_trace *trace);
void ctrace_chrome_sites_finish(struct ctrace_chrome_sites *sites);

/* The texts of a site, CTRACE_NO_SITE included; NULL when out of memory. Borrowed until finish. */
const struct ctrace_chrome_site *ctrace_chrome_site_make(struct ctrace_chrome_sites *sites,
							 uint32_t id);

static inline const struct ctrace_chrome_site *ctrace_chrome_site_get(
	struct ctrace_chrome_sites *sites, uint32_t id)
{
	if (__builtin_expect(id < sites->count && sites->sites[id] != NULL, 1)) {
		return sites->sites[id];
	}
	return ctrace_chrome_site_make(sites, id);
}

#endif
