/* SPDX-License-Identifier: MIT */
/* xdg-open in a session of its own: Ctrl-C here must not close the browser. */

#include "cli/browser.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>

extern char **environ;

/* Our blocked and ignored signals are not the browser's business. */
static void reset_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, defaults;
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGCHLD);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &defaults);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
						     POSIX_SPAWN_SETSIGDEF);
}

static int spawn(const char *program, const char *url)
{
	char *arguments[] = {(char *)program, (char *)url, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	pid_t pid;
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	for (int fd = 0; fd < 3; fd++) {
		posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
	}
	reset_signals(&attributes);
	signal(SIGCHLD, SIG_IGN); /* nobody waits for it: let it leave no zombie */
	int failed = posix_spawnp(&pid, program, &files, &attributes, arguments, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return failed;
}

static int is_set(const char *name)
{
	const char *value = getenv(name);
	return value != NULL && value[0] != '\0';
}

const char *ctrace_browser_open(const char *url)
{
	if (!is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY")) {
		return "no display here (DISPLAY is not set): open this URL in a browser";
	}
	if (spawn("xdg-open", url) != 0) {
		return "xdg-open is not there: open this URL in a browser";
	}
	return NULL;
}
