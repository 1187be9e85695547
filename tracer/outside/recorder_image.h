/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_RECORDER_IMAGE_H
#define CTRACE_RECORDER_IMAGE_H

/* A ring directory's `recorder` file: who drains the rings there. */

#include "tracer/src/image.h"

#include <stdbool.h>
#include <sys/types.h>

/* Say in DIRECTORY that this process drains. NULL, with errno, if it cannot be said. */
struct ctrace_recorder_image *ctrace_recorder_image_make(const char *directory);

/*
 * The pid of the living process that drains there; 0: none does. `was_there`: one of our pid
 * namespace has said so; of those in another (a container that shares the directory) nothing is
 * known.
 */
pid_t ctrace_recorder_image_alive(const char *directory, bool *was_there);

/* Rung by a process, or so long. */
void ctrace_recorder_image_sleep(struct ctrace_recorder_image *image, uint32_t milliseconds);

#endif
