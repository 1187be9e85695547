/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DUMP_JSON_TABLES_H
#define CTRACE_DUMP_JSON_TABLES_H

/* The tables of `ctrace dump --json`, one object a line. */

#include "format/reader.h"

#include <stdio.h>

void ctrace_dump_json_tables(FILE *out, const struct ctrace_trace *trace);

#endif
