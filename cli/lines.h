/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_LINES_H
#define CTRACE_LINES_H

/*
 * Files and lines for a trace that a program recorded of itself: it holds functions at
 * best, and those who read it may have the program.
 */

#include "format/reader.h"

/*
 * Look up what is missing, on this machine, and have the open trace hold it as if it had been in
 * the file. What is not found stays as it is; nothing is said. For some seconds at most.
 */
void ctrace_lines_look_up(struct ctrace_trace *trace);

#endif
