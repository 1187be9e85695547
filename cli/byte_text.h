/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BYTE_TEXT_H
#define CTRACE_BYTE_TEXT_H

/* Amounts of memory in tables for people. */

#define CTRACE_BYTE_TEXT_BYTES 32u

/* Three digits that count, with a unit, in `text`: "1.25 MiB". */
const char *ctrace_byte_text(double bytes, char text[CTRACE_BYTE_TEXT_BYTES]);

#endif
