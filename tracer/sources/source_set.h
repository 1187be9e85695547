/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SOURCE_SET_H
#define CTRACE_SOURCE_SET_H

/*
 * The sources of one recording: which are wanted, which could be opened, and why
 * the others could not.
 *
 *     ctrace_source_set_choose(&set, "tracefs,-preload", …)   --sources
 *       ctrace_source_set_prepare(&set, argv[0])              before the program is forked
 *       ctrace_source_set_open(&set, &target)                 it waits to be told to exec
 *         ctrace_source_set_drain(&set, &pass)                again and again
 *         ctrace_source_set_look(&set)                        once rings are empty, too
 *       ctrace_source_set_close(&set)                         the last pass, counts
 *     ctrace_source_set_state(&set, writer)                   SOURCES rows
 *
 * Without a list, a source is opened if it gives something that none before it gives, and is not
 * one that is only asked for.
 */

#include "tracer/sources/source.h"

#include <stddef.h>

#define CTRACE_SOURCE_MEMBERS_MAX 24u

struct ctrace_writer;

enum ctrace_member_state {
	CTRACE_MEMBER_WANTED,	/* not decided yet */
	CTRACE_MEMBER_OPEN,	/* or it was, until close */
	CTRACE_MEMBER_MISSING,	/* `answer` says why */
	CTRACE_MEMBER_UNWANTED, /* not asked for, or another gives the same */
};

struct ctrace_source_member {
	const struct ctrace_source *source;
	enum ctrace_member_state state;
	bool is_named; /* asked for by name: opened whatever others give */
	struct ctrace_source_answer answer;
	struct ctrace_opened_source *opened; /* NULL: the recorder itself takes it, or not open */
	struct ctrace_source_counts counts;
};

struct ctrace_source_set {
	struct ctrace_source_member members[CTRACE_SOURCE_MEMBERS_MAX];
	size_t count;
};

/*
 * `list`: names, `-name` for all but that, `+name` for that besides, `none`, `best`;
 * NULL: as is best.
 * False: there is no such source; `bad` and `bad_size` say which word it is.
 */
bool ctrace_source_set_choose(struct ctrace_source_set *set, const char *list, const char **bad,
			      size_t *bad_size);

void ctrace_source_set_prepare(struct ctrace_source_set *set, const char *program);
void ctrace_source_set_open(struct ctrace_source_set *set,
			    const struct ctrace_source_target *target);
void ctrace_source_set_drain(struct ctrace_source_set *set, struct ctrace_source_pass *pass);
/* Rings have been emptied too. */
void ctrace_source_set_look(const struct ctrace_source_set *set);
/* A last pass; nothing is open behind it. Takes sets that are closed already. */
void ctrace_source_set_close(struct ctrace_source_set *set);

/* Is this one taking part? */
bool ctrace_source_set_has(const struct ctrace_source_set *set, const struct ctrace_source *source);
/* Is one open whose buffers may overflow if nobody drains them in time? */
bool ctrace_source_set_is_open(const struct ctrace_source_set *set);

/* What all of them counted so far. */
struct ctrace_source_counts ctrace_source_set_counts(const struct ctrace_source_set *set);

/* A word to add on those which give this; none if it is empty. */
void ctrace_source_set_remark(struct ctrace_source_set *set, unsigned gives, const char *text);

/* The table SOURCES: how each went, and why one is missing. */
void ctrace_source_set_state(const struct ctrace_source_set *set, struct ctrace_writer *writer);

/* What a reader has to know of it: why it is missing and what would help, or its remark. */
void ctrace_source_member_why(const struct ctrace_source_member *member, char *text, size_t size);

#endif
