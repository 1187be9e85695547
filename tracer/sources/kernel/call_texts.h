/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CALL_TEXTS_H
#define CTRACE_CALL_TEXTS_H

/* Which arguments of a system call point to a text that is given to the kernel, by its name. */

#define CTRACE_CALL_ADDRESS_SHIFT 8u

/* Bits 0 to 5: arguments that are paths or other names, ended by a NUL. Bits 8 to 13: addresses of
 * sockets, of as many bytes as the argument behind says. 0: none. */
unsigned ctrace_call_texts(const char *name);

#endif
