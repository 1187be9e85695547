/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SERVE_DOWNLOAD_H
#define CTRACE_SERVE_DOWNLOAD_H

/*
 * The body of /trace.json: Chrome trace events of the whole trace or a range,
 * made while they are sent, in HTTP chunks. Memory does not grow with the trace.
 *
 *     ctrace_download_create(&download, trace, query)
 *       while ((status = ctrace_download_read(download, room, &size)) == CTRACE_OK) …
 *     ctrace_download_destroy(download)
 *
 * Thread: one at a time.  Blocks: on the disk, for a few milliseconds a call.
 */

#include "format/reader.h"
#include "viewer-server/limits.h"
#include "viewer-server/serve/guard.h"

#define CTRACE_DOWNLOAD_ROOM (CTRACE_PIECE_BYTES + 32u)

struct ctrace_download;

/* `query` is used until create returns. Borrows `trace` until destroy. */
enum ctrace_status ctrace_download_create(struct ctrace_download **download,
					  const struct ctrace_trace *trace,
					  const struct ctrace_trace_query *query);
/*
 * The next bytes, at most CTRACE_DOWNLOAD_ROOM; *size may be 0. CTRACE_END with the last ones.
 * An error ends the body in the middle: the client sees that its last chunk is missing.
 */
enum ctrace_status ctrace_download_read(struct ctrace_download *download, char *room, size_t *size);
void ctrace_download_destroy(struct ctrace_download *download); /* NULL is fine */

/* Header fields of the answer for a trace of that name, as C text of at most `size` bytes. */
void ctrace_download_fields(const char *name, char *fields, size_t size);

#endif
