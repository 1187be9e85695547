/* SPDX-License-Identifier: MIT */
/* Bytes with a unit; see byte_text.h. */

#include "cli/byte_text.h"

#include <stdio.h>

const char *ctrace_byte_text(double bytes, char text[CTRACE_BYTE_TEXT_BYTES])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = bytes < 0 ? -bytes : bytes;
	unsigned unit = 0;

	while (value >= 1024 && unit < 4) {
		value /= 1024;
		unit++;
	}
	snprintf(text, CTRACE_BYTE_TEXT_BYTES, "%s%.*f %s", bytes < 0 ? "-" : "",
		 unit == 0 || value >= 100 ? 0
		 : value >= 10		   ? 1
					   : 2,
		 value, units[unit]);
	return text;
}
