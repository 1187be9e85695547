/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_TEXT_H
#define CTRACE_TEXT_H

/*
 * The text form of a trace, both ways. A dump assembles to the very bytes it
 * came from, whatever they are. A text written by hand may leave out what can
 * be computed, and may lie: what it says goes into the file with good checksums.
 *
 *     ctrace-text 1
 *     header base=1000 rate=1000000000 clock=5
 *     chunk STRINGS
 *       string 1 "main"                       # a comment
 *     chunk SITES
 *       site 0 span_begin name=1 category=0 file=0 function=0 line=3 arg=u64:1
 *     chunk THREADS
 *       thread 1 pid=7 tid=7 name=1 start=0 written=2 lost=0 state=2 clamped=0
 *     chunk BUFFERS                           a kernel's; then CALLS, MODULES, FRAMES, STACKS, …
 *       buffer 2 source=1 cpu=0 written=1 lost=0 clamped=0
 *     chunk EVENTS stream=1 base=1000 lz4
 *       open 0 age=5                          a restated span, outermost first
 *       +10 span_begin 0 u64=3                ticks since the event before; the site's arguments
 *       +2 end                                or `end SITE`
 *       +0 lost 1 500 20                      a plain kind: its fields in order; strings "so" or
 * @ID chunk INDEX auto trailer
 *
 * More words, for what is odd: `event SITE …` (a site of any kind), `plain KIND
 * more=HEX`, `op=N`, `bytes=HEX` among arguments, `more=HEX` at the end of a
 * row or of fields, `row HEX`, `ops|times|args HEX` for pieces of columns,
 * `columns ops=N times=N`, `open-count N`, `payload HEX`, `stored HEX`; any
 * header field on the `chunk`, `header` or `trailer` line as key=number;
 * `chunk 99 optional`. Between chunks: `bytes HEX`. At the end, on the whole
 * file: `patch OFFSET HEX`, `flip OFFSET BIT`, `cut BYTES`.
 */

#include "format/buffer.h"
#include "format/reader.h"

#include <stdio.h>

/*
 * Write the trace in `fd` as text. `trace` is the same file, opened.
 * CTRACE_ERR_IO if it cannot be read or `out` not written.
 */
enum ctrace_status ctrace_text_dump(FILE *out, int fd, const struct ctrace_trace *trace,
				    struct ctrace_error *error);

/*
 * The bytes that a text describes, appended to `bytes` (zeroed, or emptied by
 * the caller; undo with ctrace_buffer_finish). On CTRACE_ERR_USAGE the error's
 * text begins with "line N: ".
 */
enum ctrace_status ctrace_text_assemble(FILE *text, struct ctrace_buffer *bytes,
					struct ctrace_error *error);

#endif
