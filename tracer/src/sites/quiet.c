/* SPDX-License-Identifier: MIT */

/* See quiet.h. */

#include "tracer/src/sites/quiet.h"

__thread unsigned ctrace_quiet __attribute__((tls_model("initial-exec")));
