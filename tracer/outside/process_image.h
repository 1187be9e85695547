/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_PROCESS_IMAGE_H
#define CTRACE_PROCESS_IMAGE_H

/* What a `process` file says, held to its limits, and whether the process still lives. */

#include "tracer/outside/image_file.h"
#include "tracer/src/image.h"

enum ctrace_life {
	CTRACE_LIFE_ALIVE,
	CTRACE_LIFE_REPLACED, /* its pid runs another program by now: exec */
	CTRACE_LIFE_DEAD,
};

/*
 * Open FOLDER/process. `about` is a copy whose texts end in NUL and whose numbers are within
 * limits; `file` the bytes it came from. CTRACE_ERR_NOT_FOUND: not there, or not complete.
 */
enum ctrace_status ctrace_process_image_open(struct ctrace_process_image *about,
					     struct ctrace_image_file *file, const char *folder,
					     bool is_shared, struct ctrace_error *error);

/* The same for bytes at hand. */
enum ctrace_status ctrace_process_image_check(struct ctrace_process_image *about,
					      const uint8_t *bytes, size_t size,
					      struct ctrace_error *error);

enum ctrace_life ctrace_process_image_life(const struct ctrace_process_image *about);

/* In words, for META `ended`: "exited", "crashed with signal 11 (SIGSEGV)", … */
void ctrace_process_image_ended(const struct ctrace_process_image *about, enum ctrace_life life,
				char *text, size_t size);

#endif
