/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_BROWSER_H
#define CTRACE_BROWSER_H

/* Opens a URL in the user's browser, without a shell and without waiting. */

/*
 * NULL, or one line that says why no browser was opened.
 *
 * Thread: any.  Blocks: no.
 */
const char *ctrace_browser_open(const char *url);

#endif
