/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_ENVIRONMENT_H
#define CTRACE_ENVIRONMENT_H

/* Every environment variable the library knows; docs/environment.md is their table. */

/* Read them and do what they say; once, when the library is loaded. Nothing in a setuid program. */
void ctrace_environment_apply(void);

#endif
