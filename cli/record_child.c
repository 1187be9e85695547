/* SPDX-License-Identifier: MIT */
/* Starting a program and passing signals on; see record_child.h. */

#include "cli/record_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND	    127

static const int passed_on[] = {SIGINT,	 SIGTERM, SIGHUP,   SIGQUIT, SIGUSR1,
				SIGUSR2, SIGALRM, SIGWINCH, SIGCONT};
#define PASSED_ON_COUNT (sizeof(passed_on) / sizeof(passed_on[0]))

/* For the handler. */
static volatile pid_t program;
static volatile sig_atomic_t is_stop_asked;
static volatile sig_atomic_t noted_signal, is_noted;
static _Atomic uint32_t *volatile own_bell;

/* ---- is there such a program? ---- */

static int complain(const char *name, int error)
{
	fprintf(stderr, "ctrace record: %s: %s\n", name,
		error == ENOENT ? "command not found" : strerror(error));
	return error == ENOENT || error == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

/* 0, or why this file cannot run. */
static int check_file(const char *path)
{
	struct stat about;

	if (stat(path, &about) != 0) {
		return errno;
	}
	if (!S_ISREG(about.st_mode)) {
		return S_ISDIR(about.st_mode) ? EISDIR : EACCES;
	}
	return access(path, X_OK) == 0 ? 0 : errno;
}

/* As execvp searches: the first that runs, else the worst reason that is not "not there". */
static int check_in_path(const char *name)
{
	const char *at = getenv("PATH");
	char path[PATH_MAX];
	int result = ENOENT;

	at = at != NULL ? at : "/bin:/usr/bin";
	while (true) {
		size_t size = strcspn(at, ":");
		int error;

		snprintf(path, sizeof(path), "%.*s/%s", size > 0 ? (int)size : 1,
			 size > 0 ? at : ".", name);
		error = check_file(path);
		if (error == 0) {
			return 0;
		}
		result = error == EACCES ? EACCES : result;
		if (at[size] == '\0') {
			return result;
		}
		at += size + 1;
	}
}

int ctrace_child_check(char **argv)
{
	int error = strchr(argv[0], '/') != NULL ? check_file(argv[0]) : check_in_path(argv[0]);

	return error == 0 ? 0 : complain(argv[0], error);
}

/* ---- signals ---- */

static void ring_own_bell(void)
{
	_Atomic uint32_t *bell = own_bell;

	/* [B] The sleep that this interrupts ends by itself; one that is about to begin does not.
	 */
	if (bell != NULL) {
		atomic_store_explicit(bell, CTRACE_BELL_RUNG, memory_order_release);
	}
}

/* From the terminal (a code above 0) the program gets it as we do. */
static void on_signal(int signal, siginfo_t *info, void *unused)
{
	int saved = errno;

	(void)unused;
	if (signal == noted_signal) {
		is_noted = 1;
	} else if (program == 0) {
		is_stop_asked = signal == SIGINT || signal == SIGTERM || signal == SIGHUP ||
				signal == SIGQUIT || is_stop_asked;
	} else if (info->si_code <= 0) {
		kill(program, signal);
	}
	ring_own_bell();
	errno = saved;
}

static void on_child(int unused)
{
	(void)unused;
	ring_own_bell();
}

/* What is ignored stays ignored, here as in the program: nohup. */
static void install(void)
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
	struct sigaction child = {.sa_handler = on_child, .sa_flags = SA_NOCLDSTOP};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction before;

	for (size_t i = 0; i < PASSED_ON_COUNT; i++) {
		if (sigaction(passed_on[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
			sigaction(passed_on[i], &action, NULL);
		}
	}
	if (noted_signal != 0) {
		sigaction(noted_signal, &action, NULL);
	}
	sigaction(SIGCHLD, &child, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL); /* a trace over the limit is a failed write */
}

void ctrace_child_note_signal(int signal)
{
	noted_signal = signal;
}

bool ctrace_child_was_noted(void)
{
	bool was = is_noted != 0;

	is_noted = 0;
	return was;
}

bool ctrace_child_is_stop_asked(void)
{
	return is_stop_asked != 0;
}

/* ---- the child ---- */

/* Which file execvp will run, if that is plain; else it may look itself. */
static const char *find_file(const char *name, char path[PATH_MAX])
{
	const char *at = getenv("PATH");

	at = at != NULL && strchr(name, '/') == NULL ? at : "";
	while (*at != '\0') {
		size_t size = strcspn(at, ":");

		if (size == 0 ||
		    snprintf(path, PATH_MAX, "%.*s/%s", (int)size, at, name) >= PATH_MAX) {
			return name;
		}
		if (check_file(path) == 0) {
			return path;
		}
		at += size + (at[size] == ':');
	}
	return name;
}

/* The pipes of both, by whose end it is. */
struct pipes {
	int go_from, go_to, told_from, told_to;
};

static bool open_pipes(struct pipes *pipes)
{
	int go[2], told[2];

	if (pipe2(go, O_CLOEXEC) != 0) {
		return false;
	}
	if (pipe2(told, O_CLOEXEC) != 0) {
		close(go[0]);
		close(go[1]);
		return false;
	}
	*pipes = (struct pipes){go[0], go[1], told[0], told[1]};
	return true;
}

/*
 * Between the word to go and exec lies no call: what sources see of the program begins with
 * its exec.
 */
static void run(char **argv, const sigset_t *mask, const struct pipes *pipes)
{
	char path[PATH_MAX], word;
	const char *file = find_file(argv[0], path);
	int error;

	close(pipes->go_to);
	close(pipes->told_from);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (read(pipes->go_from, &word, 1) != 1) {
		_exit(EXIT_NOT_EXECUTABLE);
	}
	execvp(file, argv);
	error = errno;
	if (write(pipes->told_to, &error, sizeof(error)) != (ssize_t)sizeof(error)) {
		_exit(EXIT_NOT_EXECUTABLE);
	}
	_exit(EXIT_NOT_FOUND);
}

/* What exec said: 0 once it succeeded, which closes the pipe. */
static int wait_for_exec(int told)
{
	int error = 0;
	ssize_t got;

	do {
		got = read(told, &error, sizeof(error));
	} while (got < 0 && errno == EINTR);
	close(told);
	return got == (ssize_t)sizeof(error) ? error : 0;
}

int ctrace_child_start(struct ctrace_child *child, char **argv, _Atomic uint32_t *bell)
{
	sigset_t all, before;
	struct pipes pipes;

	*child = (struct ctrace_child){.status = 1};
	if (!open_pipes(&pipes)) {
		fprintf(stderr, "ctrace record: %s\n", strerror(errno));
		return 1;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	own_bell = bell;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	child->pid = fork();
	if (child->pid == 0) {
		run(argv, &before, &pipes);
	}
	program = child->pid > 0 ? child->pid : 0;
	install();
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(pipes.go_from);
	close(pipes.told_to);
	child->go = pipes.go_to;
	child->told = pipes.told_from;
	if (child->pid < 0) {
		fprintf(stderr, "ctrace record: fork: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}

int ctrace_child_go(struct ctrace_child *child, char **argv)
{
	ssize_t wrote = write(child->go, "", 1); /* it may be dead already: a signal */
	int error;

	(void)wrote;
	close(child->go);
	error = wait_for_exec(child->told);
	if (error != 0) {
		waitpid(child->pid, NULL, 0);
		return complain(argv[0], error);
	}
	return 0;
}

void ctrace_child_poll(struct ctrace_child *child)
{
	int status;
	pid_t ended;

	while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
		if (ended != child->pid) {
			continue;
		}
		program = 0;
		child->is_over = true;
		child->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
		child->status = WIFSIGNALED(status) ? 128 + child->signal : WEXITSTATUS(status);
	}
	child->has_heirs = ended == 0;
}
