/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_SYMBOL_NAMES_H
#define CTRACE_SYMBOL_NAMES_H

/* Names as people write them: those of C++ are mangled in symbol tables. */

#include <stddef.h>

/*
 * The readable form of a symbol's name into `text`, cut to its size; a name that is not
 * mangled stays. Returns `text`.
 *
 * Thread: any.  Allocates: for a while.
 */
const char *ctrace_symbol_name(const char *symbol, char *text, size_t size);

#endif
