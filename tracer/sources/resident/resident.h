/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RESIDENT_H
#define CTRACE_RESIDENT_H

/*
 * `resident`: how much memory each process that is recorded has in RAM, as the kernel counts it in
 * /proc/PID/statm. Any user, any program: nothing is put into it. Of which processes is known by
 * the source that tells of forks; where none is open, by their parents in /proc. A program that
 * records itself is looked at alone.
 *
 * It is a sample: what comes and goes between two looks is not seen, but for the kernel's own peak
 * (VmHWM), which is read now and then; a remark says where it was higher.
 */

#include "tracer/sources/source.h"

extern const struct ctrace_source ctrace_source_resident;

#endif
