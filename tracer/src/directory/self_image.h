/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SELF_IMAGE_H
#define CTRACE_SELF_IMAGE_H

/* What a process says of itself in its `process` file: all but the mark that it is complete. */

#include "tracer/src/image.h"

/* Only system calls. Thread: any.  Signal handler: yes. */
void ctrace_self_image_fill(struct ctrace_process_image *image);

#endif
