/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SYMBOL_DEBUG_H
#define CTRACE_SYMBOL_DEBUG_H

/*
 * Where the debugging information of a stripped file lies on this machine: by its
 * build id, or by the name it has written down (.gnu_debuglink). Never over a network.
 */

#include "tracer/pprof/symbol_file.h"

/*
 * Open the file that holds the debugging information of `file`, which has the name `path`; of
 * one that is not open, that of its build id. False: there is none here.
 *
 * Thread: any.  Blocks: on the disk.  Allocates: yes.
 */
bool ctrace_symbol_debug_open(struct ctrace_symbol_file *debug,
			      const struct ctrace_symbol_file *file, const char *path);

#endif
