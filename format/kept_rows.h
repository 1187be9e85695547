/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_KEPT_ROWS_H
#define CTRACE_KEPT_ROWS_H

/*
 * Rows of a writer that keeps chunks, and remembers what they refer to (rows_bytes_max of
 * writer.h): for a flight recorder, whose chunks stand in other traces later.
 *
 *     ctrace_kept_rows_forget(writer, oldest, now)     now and then: what nothing needs any more
 *     ctrace_kept_rows_tidy(writer)                    of rows that replace another only the last
 *     ctrace_kept_rows_strings(writer, &other)         a snapshot: strings first,
 *       … META, SITES, threads of its own …
 *     ctrace_kept_rows_put(writer, &other, &counts)    then all other rows
 *
 * Ids of strings, stacks, frames, modules and calls are the same in the other trace, so that chunks
 * mean there what they meant here. Times in rows are moved to its base.
 *
 * What is forgotten, once the oldest chunk that is kept is younger than a row is old: threads that
 * had exited, processes without a thread but for the youngest CTRACE_KEPT_PROCESSES_MAX, files that
 * were closed or replaced since, or whose process is gone, and passing strings of these. Calls,
 * modules, frames and stacks stay.
 *
 * One thread at a time, as of the writer.
 */

#include "format/writer.h"

/* Without a thread that is remembered: a program may have ended before its kernel told of it. */
#define CTRACE_KEPT_PROCESSES_MAX 4096u

/* Bytes of rows and strings; what finds them takes about as much again. */
size_t ctrace_kept_rows_bytes(const struct ctrace_writer *writer);
/* Rows and strings for which there was no room. */
uint64_t ctrace_kept_rows_refused(const struct ctrace_writer *writer);
/* Rows of one table, those that replace another counted too. */
uint32_t ctrace_kept_rows_count(const struct ctrace_writer *writer, enum ctrace_chunk_type type);
/* How often has an age ended? Who makes rows may let go of what it knows of the dead. */
uint32_t ctrace_kept_rows_age(const struct ctrace_writer *writer);

/* No chunk that is kept speaks of a time before `oldest`. Most of the time does nothing, and
 * answers false; after true each key has one row. */
bool ctrace_kept_rows_forget(struct ctrace_writer *writer, uint64_t oldest, uint64_t now);
void ctrace_kept_rows_tidy(struct ctrace_writer *writer);

/* What a row of SOURCES counts is the other trace's own matter. */
struct ctrace_kept_counts {
	void (*source)(void *context, struct ctrace_source_row *row);
	void *context;
};

void ctrace_kept_rows_strings(const struct ctrace_writer *from, struct ctrace_writer *to);
/* The other writer's status says how it went. */
void ctrace_kept_rows_put(const struct ctrace_writer *from, struct ctrace_writer *to,
			  const struct ctrace_kept_counts *counts);

#endif
