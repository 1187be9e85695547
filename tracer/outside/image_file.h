/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_IMAGE_FILE_H
#define CTRACE_IMAGE_FILE_H

/* The bytes of one file of a ring directory: those of a living process shared with it, those of a
 * dead one as a copy, which nobody can change or cut short while we read. */

#include "format/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctrace_image_file {
	uint8_t *bytes; /* NULL: not open */
	size_t size;
	bool is_shared;
};

/*
 * CTRACE_ERR_NOT_FOUND: no such file, or an empty one; nothing is said in `error`. A file that is
 * longer than `size_max`, shorter than `size_min`, no plain file, or not ours is an error.
 */
enum ctrace_status ctrace_image_file_open(struct ctrace_image_file *file, const char *path,
					  bool is_shared, size_t size_min, size_t size_max,
					  struct ctrace_error *error);
/* Takes zeroed and closed files. */
void ctrace_image_file_close(struct ctrace_image_file *file);

#endif
