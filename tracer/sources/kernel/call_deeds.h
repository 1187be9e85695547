/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CALL_DEEDS_H
#define CTRACE_CALL_DEEDS_H

/* What a system call does with descriptors, and with the processor, by its name. */

#include <stdbool.h>

enum ctrace_call_deed {
	CTRACE_CALL_USES_0 = 0x01, /* argument 0 is a descriptor */
	CTRACE_CALL_USES_1 = 0x02,
	CTRACE_CALL_USES_2 = 0x04,
	CTRACE_CALL_USES_4 = 0x08,
	CTRACE_CALL_OPENS = 0x10,	 /* the result is a new one */
	CTRACE_CALL_CLOSES = 0x20,	 /* argument 0 is gone */
	CTRACE_CALL_CLOSES_RANGE = 0x40, /* and all up to argument 1 */
	CTRACE_CALL_REPLACES_1 = 0x80,	 /* argument 1 is another one from now on */
	CTRACE_CALL_NAMES_0 = 0x100,	 /* argument 0 has got an address */
	CTRACE_CALL_MAY_OPEN = 0x200,	 /* fcntl: the result is a new one if argument 1 says so */
	CTRACE_CALL_YIELDS = 0x400, /* the thread gives up the processor, though it could run */
};

/* Or-ed; 0: nothing. */
unsigned ctrace_call_deeds(const char *name);

/* Is it one of these names, which stand between blanks? */
bool ctrace_call_is_in(const char *names, const char *name);

#endif
