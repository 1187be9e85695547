/* SPDX-License-Identifier: MIT */
/* Sets of words: values that are one of a list, and bits that add up. */

#include "viewer-server/model/threads/call_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct word {
	const char *text;
	uint64_t value;
};

struct set {
	const char *name;
	const struct word *words;
	size_t count;
	uint64_t choice; /* these bits together choose one word; the others are a word each */
};

/* clang-format off */
static const struct word open_words[] = {
	{"O_RDONLY", 0}, {"O_WRONLY", 1}, {"O_RDWR", 2}, {"O_CREAT", 0100}, {"O_EXCL", 0200}, {"O_NOCTTY", 0400},
	{"O_TRUNC", 01000}, {"O_APPEND", 02000}, {"O_NONBLOCK", 04000}, {"O_SYNC", 04010000}, {"O_DSYNC", 010000},
	{"O_ASYNC", 020000}, {"O_TMPFILE", 020200000}, {"O_DIRECT", 040000}, {"O_LARGEFILE", 0100000},
	{"O_DIRECTORY", 0200000}, {"O_NOFOLLOW", 0400000}, {"O_NOATIME", 01000000}, {"O_CLOEXEC", 02000000},
	{"O_PATH", 010000000},
};
static const struct word prot_words[] = {
	{"PROT_NONE", 0}, {"PROT_READ", 1}, {"PROT_WRITE", 2}, {"PROT_EXEC", 4},
};
static const struct word map_words[] = {
	{"MAP_SHARED", 1}, {"MAP_PRIVATE", 2}, {"MAP_SHARED_VALIDATE", 3}, {"MAP_FIXED", 0x10}, {"MAP_ANONYMOUS", 0x20},
	{"MAP_GROWSDOWN", 0x100}, {"MAP_DENYWRITE", 0x800}, {"MAP_LOCKED", 0x2000}, {"MAP_NORESERVE", 0x4000},
	{"MAP_POPULATE", 0x8000}, {"MAP_NONBLOCK", 0x10000}, {"MAP_STACK", 0x20000}, {"MAP_HUGETLB", 0x40000},
	{"MAP_FIXED_NOREPLACE", 0x100000},
};
static const struct word clone_words[] = {
	{"CLONE_VM", 0x100}, {"CLONE_FS", 0x200}, {"CLONE_FILES", 0x400}, {"CLONE_SIGHAND", 0x800}, {"CLONE_PIDFD", 0x1000},
	{"CLONE_PTRACE", 0x2000}, {"CLONE_VFORK", 0x4000}, {"CLONE_PARENT", 0x8000}, {"CLONE_THREAD", 0x10000},
	{"CLONE_NEWNS", 0x20000}, {"CLONE_SYSVSEM", 0x40000}, {"CLONE_SETTLS", 0x80000}, {"CLONE_PARENT_SETTID", 0x100000},
	{"CLONE_CHILD_CLEARTID", 0x200000}, {"CLONE_DETACHED", 0x400000}, {"CLONE_CHILD_SETTID", 0x1000000},
	{"CLONE_NEWUSER", 0x10000000}, {"CLONE_NEWPID", 0x20000000}, {"CLONE_NEWNET", 0x40000000}, {"SIGCHLD", 17},
};
static const struct word futex_words[] = {
	{"FUTEX_WAIT", 0}, {"FUTEX_WAKE", 1}, {"FUTEX_FD", 2}, {"FUTEX_REQUEUE", 3}, {"FUTEX_CMP_REQUEUE", 4}, {"FUTEX_WAKE_OP", 5},
	{"FUTEX_LOCK_PI", 6}, {"FUTEX_UNLOCK_PI", 7}, {"FUTEX_TRYLOCK_PI", 8}, {"FUTEX_WAIT_BITSET", 9}, {"FUTEX_WAKE_BITSET", 10},
	{"FUTEX_WAIT_REQUEUE_PI", 11}, {"FUTEX_CMP_REQUEUE_PI", 12}, {"FUTEX_LOCK_PI2", 13}, {"FUTEX_PRIVATE_FLAG", 128},
	{"FUTEX_CLOCK_REALTIME", 256},
};
static const struct word family_words[] = {
	{"AF_UNSPEC", 0}, {"AF_UNIX", 1}, {"AF_INET", 2}, {"AF_INET6", 10}, {"AF_NETLINK", 16}, {"AF_PACKET", 17}, {"AF_VSOCK", 40},
};
static const struct word socktype_words[] = {
	{"SOCK_STREAM", 1}, {"SOCK_DGRAM", 2}, {"SOCK_RAW", 3}, {"SOCK_SEQPACKET", 5}, {"SOCK_NONBLOCK", 04000}, {"SOCK_CLOEXEC", 02000000},
};
static const struct word msg_words[] = {
	{"MSG_OOB", 1}, {"MSG_PEEK", 2}, {"MSG_DONTROUTE", 4}, {"MSG_CTRUNC", 8}, {"MSG_TRUNC", 0x20}, {"MSG_DONTWAIT", 0x40},
	{"MSG_EOR", 0x80}, {"MSG_WAITALL", 0x100}, {"MSG_CONFIRM", 0x800}, {"MSG_ERRQUEUE", 0x2000}, {"MSG_NOSIGNAL", 0x4000},
	{"MSG_MORE", 0x8000}, {"MSG_FASTOPEN", 0x20000000}, {"MSG_CMSG_CLOEXEC", 0x40000000},
};
static const struct word access_words[] = {{"F_OK", 0}, {"X_OK", 1}, {"W_OK", 2}, {"R_OK", 4}};
static const struct word whence_words[] = {
	{"SEEK_SET", 0}, {"SEEK_CUR", 1}, {"SEEK_END", 2}, {"SEEK_DATA", 3}, {"SEEK_HOLE", 4},
};
static const struct word clock_words[] = {
	{"CLOCK_REALTIME", 0}, {"CLOCK_MONOTONIC", 1}, {"CLOCK_PROCESS_CPUTIME_ID", 2}, {"CLOCK_THREAD_CPUTIME_ID", 3},
	{"CLOCK_MONOTONIC_RAW", 4}, {"CLOCK_REALTIME_COARSE", 5}, {"CLOCK_MONOTONIC_COARSE", 6}, {"CLOCK_BOOTTIME", 7},
	{"CLOCK_TAI", 11},
};
static const struct word timer_words[] = {{"TIMER_ABSTIME", 1}};
static const struct word at_words[] = {
	{"AT_SYMLINK_NOFOLLOW", 0x100}, {"AT_REMOVEDIR", 0x200}, {"AT_SYMLINK_FOLLOW", 0x400}, {"AT_NO_AUTOMOUNT", 0x800},
	{"AT_EMPTY_PATH", 0x1000},
};
static const struct word epollop_words[] = {{"EPOLL_CTL_ADD", 1}, {"EPOLL_CTL_DEL", 2}, {"EPOLL_CTL_MOD", 3}};
static const struct word fcntl_words[] = {
	{"F_DUPFD", 0}, {"F_GETFD", 1}, {"F_SETFD", 2}, {"F_GETFL", 3}, {"F_SETFL", 4}, {"F_GETLK", 5}, {"F_SETLK", 6}, {"F_SETLKW", 7},
	{"F_SETOWN", 8}, {"F_GETOWN", 9}, {"F_SETSIG", 10}, {"F_OFD_GETLK", 36}, {"F_OFD_SETLK", 37}, {"F_OFD_SETLKW", 38},
	{"F_SETLEASE", 1024}, {"F_DUPFD_CLOEXEC", 1030}, {"F_SETPIPE_SZ", 1031}, {"F_GETPIPE_SZ", 1032}, {"F_ADD_SEALS", 1033},
};
static const struct word flock_words[] = {{"LOCK_SH", 1}, {"LOCK_EX", 2}, {"LOCK_NB", 4}, {"LOCK_UN", 8}};
static const struct word madvise_words[] = {
	{"MADV_NORMAL", 0}, {"MADV_RANDOM", 1}, {"MADV_SEQUENTIAL", 2}, {"MADV_WILLNEED", 3}, {"MADV_DONTNEED", 4}, {"MADV_FREE", 8},
	{"MADV_REMOVE", 9}, {"MADV_DONTFORK", 10}, {"MADV_HUGEPAGE", 14}, {"MADV_NOHUGEPAGE", 15}, {"MADV_COLD", 20}, {"MADV_PAGEOUT", 21},
};
static const struct word sigmask_words[] = {{"SIG_BLOCK", 0}, {"SIG_UNBLOCK", 1}, {"SIG_SETMASK", 2}};
static const struct word shutdown_words[] = {{"SHUT_RD", 0}, {"SHUT_WR", 1}, {"SHUT_RDWR", 2}};
static const struct word wait_words[] = {
	{"WNOHANG", 1}, {"WUNTRACED", 2}, {"WEXITED", 4}, {"WCONTINUED", 8}, {"WNOWAIT", 0x1000000}, {"__WCLONE", 0x80000000},
};
static const struct word signal_words[] = {
	{"SIGHUP", 1}, {"SIGINT", 2}, {"SIGQUIT", 3}, {"SIGILL", 4}, {"SIGTRAP", 5}, {"SIGABRT", 6}, {"SIGBUS", 7}, {"SIGFPE", 8},
	{"SIGKILL", 9}, {"SIGUSR1", 10}, {"SIGSEGV", 11}, {"SIGUSR2", 12}, {"SIGPIPE", 13}, {"SIGALRM", 14}, {"SIGTERM", 15},
	{"SIGSTKFLT", 16}, {"SIGCHLD", 17}, {"SIGCONT", 18}, {"SIGSTOP", 19}, {"SIGTSTP", 20}, {"SIGTTIN", 21}, {"SIGTTOU", 22},
	{"SIGURG", 23}, {"SIGXCPU", 24}, {"SIGXFSZ", 25}, {"SIGVTALRM", 26}, {"SIGPROF", 27}, {"SIGWINCH", 28}, {"SIGIO", 29},
	{"SIGPWR", 30}, {"SIGSYS", 31},
};

#define ONE_OF UINT64_MAX
#define SET(name, choice) {#name, name##_words, sizeof(name##_words) / sizeof(name##_words[0]), choice}
static const struct set sets[] = {
	SET(open, 3), SET(prot, 0), SET(map, 15), SET(clone, 0xff), SET(futex, 127), SET(family, ONE_OF), SET(socktype, 15),
	SET(msg, 0), SET(access, 0), SET(whence, ONE_OF), SET(clock, ONE_OF), SET(timer, 0), SET(at, 0), SET(epollop, ONE_OF),
	SET(fcntl, ONE_OF), SET(flock, 0), SET(madvise, ONE_OF), SET(sigmask, ONE_OF), SET(shutdown, ONE_OF), SET(wait, 0),
	SET(signal, ONE_OF),
};

/* Linux's own, some of which no program sees; x86-64 and arm64 agree on all of them. */
static const struct word errno_words[] = {
	{"EPERM", 1}, {"ENOENT", 2}, {"ESRCH", 3}, {"EINTR", 4}, {"EIO", 5}, {"ENXIO", 6}, {"E2BIG", 7}, {"ENOEXEC", 8}, {"EBADF", 9},
	{"ECHILD", 10}, {"EAGAIN", 11}, {"ENOMEM", 12}, {"EACCES", 13}, {"EFAULT", 14}, {"ENOTBLK", 15}, {"EBUSY", 16}, {"EEXIST", 17},
	{"EXDEV", 18}, {"ENODEV", 19}, {"ENOTDIR", 20}, {"EISDIR", 21}, {"EINVAL", 22}, {"ENFILE", 23}, {"EMFILE", 24}, {"ENOTTY", 25},
	{"ETXTBSY", 26}, {"EFBIG", 27}, {"ENOSPC", 28}, {"ESPIPE", 29}, {"EROFS", 30}, {"EMLINK", 31}, {"EPIPE", 32}, {"EDOM", 33},
	{"ERANGE", 34}, {"EDEADLK", 35}, {"ENAMETOOLONG", 36}, {"ENOLCK", 37}, {"ENOSYS", 38}, {"ENOTEMPTY", 39}, {"ELOOP", 40},
	{"ENODATA", 61}, {"ETIME", 62}, {"EPROTO", 71}, {"EBADMSG", 74}, {"EOVERFLOW", 75}, {"EILSEQ", 84}, {"ENOTSOCK", 88},
	{"EDESTADDRREQ", 89}, {"EMSGSIZE", 90}, {"EPROTOTYPE", 91}, {"ENOPROTOOPT", 92}, {"EPROTONOSUPPORT", 93},
	{"ESOCKTNOSUPPORT", 94}, {"EOPNOTSUPP", 95}, {"EPFNOSUPPORT", 96}, {"EAFNOSUPPORT", 97}, {"EADDRINUSE", 98},
	{"EADDRNOTAVAIL", 99}, {"ENETDOWN", 100}, {"ENETUNREACH", 101}, {"ENETRESET", 102}, {"ECONNABORTED", 103}, {"ECONNRESET", 104},
	{"ENOBUFS", 105}, {"EISCONN", 106}, {"ENOTCONN", 107}, {"ESHUTDOWN", 108}, {"ETIMEDOUT", 110}, {"ECONNREFUSED", 111},
	{"EHOSTDOWN", 112}, {"EHOSTUNREACH", 113}, {"EALREADY", 114}, {"EINPROGRESS", 115}, {"ESTALE", 116}, {"EDQUOT", 122},
	{"ECANCELED", 125}, {"EOWNERDEAD", 130}, {"ENOTRECOVERABLE", 131}, {"ERESTARTSYS", 512}, {"ERESTARTNOINTR", 513},
	{"ERESTARTNOHAND", 514}, {"ENOIOCTLCMD", 515}, {"ERESTART_RESTARTBLOCK", 516},
};
/* clang-format on */

static const struct set *set_of(const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		if (strlen(sets[i].name) == size && memcmp(sets[i].name, name, size) == 0) {
			return &sets[i];
		}
	}
	return NULL;
}

static void put(char **at, size_t *room, const char *separator, const char *word)
{
	int size = snprintf(*at, *room, "%s%s", separator, word);

	if (size < 0 || (size_t)size >= *room) {
		size = *room > 0 ? (int)*room - 1 : 0;
	}
	*at += size;
	*room -= (size_t)size;
}

/* Is it the word of the chosen part? A word of that part has no other bits. */
static bool is_choice(const struct set *set, const struct word *word)
{
	return (word->value & ~set->choice) == 0 && (word->value != 0 || set->choice != 0);
}

/* A bit's word counts when all of its bits are there and still to be told. */
static bool is_in(const struct set *set, const struct word *word, uint64_t left)
{
	return !is_choice(set, word) && word->value != 0 && (word->value & left) == word->value;
}

static const char *chosen(const struct set *set, uint64_t value)
{
	for (size_t i = 0; i < set->count; i++) {
		if (is_choice(set, &set->words[i]) &&
		    set->words[i].value == (value & set->choice)) {
			return set->words[i].text;
		}
	}
	return NULL;
}

bool ctrace_call_words(const char *name, size_t name_size, uint64_t value, char *text, size_t size)
{
	const struct set *set = set_of(name, name_size);
	uint64_t left = value;
	const char *word, *separator = "";
	char hex[24];

	if (set == NULL) {
		return false;
	}
	text[0] = '\0';
	word = chosen(set, value);
	if (word != NULL) {
		put(&text, &size, "", word);
		left &= ~set->choice;
		separator = "|";
	}
	for (size_t i = 0; i < set->count; i++) {
		if (is_in(set, &set->words[i], left)) {
			put(&text, &size, separator, set->words[i].text);
			left &= ~set->words[i].value;
			separator = "|";
		}
	}
	if (left == 0 && *separator == '\0') {
		/* Nothing is set: the set may have a word for that. */
		put(&text, &size, "", set->words[0].value == 0 ? set->words[0].text : "0");
	} else if (left != 0) {
		snprintf(hex, sizeof(hex), "0x%" PRIx64, left);
		put(&text, &size, separator, hex);
	}
	return true;
}

const char *ctrace_errno_word(int64_t number)
{
	for (size_t i = 0; i < sizeof(errno_words) / sizeof(errno_words[0]); i++) {
		if (errno_words[i].value == (uint64_t)number) {
			return errno_words[i].text;
		}
	}
	return NULL;
}

static bool is_one_of(struct ctrace_bytes name, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		size_t size = strlen(words[i]);

		if (name.size >= size && memcmp(name.bytes, words[i], size) == 0) {
			return true;
		}
	}
	return false;
}

bool ctrace_call_is_lock(struct ctrace_bytes name)
{
	static const char *const beginnings[] = {
		"pthread_mutex_",
		"pthread_rwlock_",
		"pthread_cond_",
		"pthread_spin_",
		"pthread_barrier_",
		"sem_",
		"mtx_",
		"cnd_",
		"futex",
		NULL,
	};

	return is_one_of(name, beginnings);
}

bool ctrace_call_never_returns(struct ctrace_bytes name)
{
	static const char *const beginnings[] = {"exec",	 "fexec",     "exit",
						 "_exit",	 "_Exit",     "quick_exit",
						 "pthread_exit", "thrd_exit", NULL};

	return is_one_of(name, beginnings);
}

bool ctrace_call_may_block(struct ctrace_bytes name)
{
	static const char *const beginnings[] = {
		"read",
		"write",
		"pread",
		"pwrite",
		"recv",
		"send",
		"accept",
		"connect",
		"poll",
		"ppoll",
		"select",
		"pselect",
		"epoll_",
		"nanosleep",
		"clock_nanosleep",
		"sleep",
		"usleep",
		"wait",
		"pause",
		"sig",
		"rt_sig",
		"fsync",
		"fdatasync",
		"sync",
		"flock",
		"getaddrinfo",
		"pthread_join",
		"thrd_join",
		"fread",
		"fwrite",
		"fgets",
		"fgetc",
		"getc",
		"getline",
		"fflush",
		"msgrcv",
		"msgsnd",
		"semop",
		"semtimedop",
		"io_",
		"copy_file_range",
		"splice",
		"sendfile",
		"fopen",
		"open",
		"close",
		NULL,
	};

	return ctrace_call_is_lock(name) || is_one_of(name, beginnings);
}
