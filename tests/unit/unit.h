/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_UNIT_H
#define CTRACE_UNIT_H

/* cmocka with what it wants included before it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#endif
