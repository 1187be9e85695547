/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FOREIGN_SITES_H
#define CTRACE_FOREIGN_SITES_H

/* What another process's codes mean, read from its `sites-N` files (image.h). */

#include "format/status.h"
#include "tracer/src/sites/entry.h"

#include <stddef.h>

struct ctrace_foreign_sites {
	struct ctrace_entry *entries[CTRACE_CODES_MAX]; /* owned; NULL: not known */
	uint32_t count;
	uint32_t bad; /* records that broke a rule */
};

/* Files a process may have: more than the records of all codes need. */
#define CTRACE_SITE_FILES_MAX 16384u

/*
 * Take the records of one file's bytes. `commits` is an earlier reading of the same
 * bytes: what was committed there is complete in `bytes`; pass the same for a dead
 * process's. Known codes stay. A record that breaks a rule is skipped; the first one is
 * told in `error`.
 */
void ctrace_foreign_sites_take(struct ctrace_foreign_sites *sites, const uint8_t *commits,
			       const uint8_t *bytes, size_t size, struct ctrace_error *error);

/* Takes zeroed ones. */
void ctrace_foreign_sites_finish(struct ctrace_foreign_sites *sites);

#endif
