/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_DESCRIBE_H
#define CTRACE_DESCRIBE_H

/* What a trace says of the process and the machine it was recorded in: META and PROCESSES rows. */

#include "format/writer.h"

/* A name of the process's own choice, from now on; NULL: none. Thread: any. */
void ctrace_describe_set_name(const char *name);

/* `unused` makes it a describe of ctrace_session_start. */
void ctrace_describe_process(struct ctrace_writer *writer, void *unused);

#endif
