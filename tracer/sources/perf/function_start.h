/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_FUNCTION_START_H
#define CTRACE_FUNCTION_START_H

/*
 * Where the function begins that an address is in, by the table of functions (.eh_frame_hdr) that
 * its file brings along and the process has in its memory. No byte of it is trusted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory of the program. */
struct ctrace_code_reader {
	/* False: not all of it can be read. */
	bool (*read)(void *context, uint64_t address, void *bytes, size_t size);
	void *context;
};

/*
 * `origin`: where the file's first byte would be in memory, if all of it were mapped as the code
 * is. 0: it is not told, or not in the way that linkers write it. Allocates: no.
 */
uint64_t ctrace_function_start(const struct ctrace_code_reader *code, uint64_t origin,
			       uint64_t address);

#endif
