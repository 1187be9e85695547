/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TEST_SNAPSHOTS_H
#define CTRACE_TEST_SNAPSHOTS_H

/* A flight recorder under test: a folder for its files, and snapshots read back strictly. */

#include "tests/unit/recorded.h"

#include <stdbool.h>

struct snapshots {
	char folder[32];
	char pattern[64]; /* folder/%r-%n.trace */
};

void snapshots_init(struct snapshots *snapshots);
/* Takes the folder away with all that is in it. */
void snapshots_finish(struct snapshots *snapshots);

/* Take one of the last `seconds` (0: all) into a file of its own and read it: every rule holds. */
void snapshots_take(struct recorded *recorded, double seconds);
/* Read this one of the folder; false: there is none. */
bool snapshots_read(const struct snapshots *snapshots, const char *name, struct recorded *recorded);
unsigned snapshots_count(const struct snapshots *snapshots);

/* META `snapshot`. */
struct ctrace_bytes snapshots_reason(const struct recorded *recorded);

#endif
