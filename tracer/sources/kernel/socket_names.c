/* SPDX-License-Identifier: MIT */
/* Sockets by their inode; see socket_names.h. */

#include "tracer/sources/kernel/socket_names.h"

#include "tracer/sources/kernel/proc_text.h"
#include "tracer/src/clock/clock.h"
#include "tracer/src/limits.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The n-th word of a line, words counted from 0; NULL: it has fewer. */
static const char *word(const char *line, unsigned n)
{
	line += strspn(line, " ");
	while (n > 0 && *line != '\n' && *line != '\0') {
		line += strcspn(line, " \n");
		line += strspn(line, " ");
		n--;
	}
	return *line != '\n' && *line != '\0' ? line : NULL;
}

/* The line whose word at this place is the number. */
static const char *find_line(const char *table, unsigned place, uint64_t inode)
{
	for (const char *line = table; line != NULL && *line != '\0';
	     line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : NULL) {
		const char *at = word(line, place);

		if (at != NULL && strtoull(at, NULL, 10) == inode) {
			return line;
		}
	}
	return NULL;
}

/* "0100007F:18EB", as the kernel prints addresses: words of the machine in hexadecimal. */
static void address(const char *text, char *out, size_t size)
{
	size_t digits = strcspn(text, ":");
	uint32_t words[4] = {0};
	char host[INET6_ADDRSTRLEN] = "?";
	unsigned port = (unsigned)strtoul(text + digits + 1, NULL, 16);

	for (size_t i = 0; i < digits / 8 && i < 4; i++) {
		char part[9] = "";

		memcpy(part, text + 8 * i, 8);
		words[i] = (uint32_t)strtoul(part, NULL, 16);
	}
	inet_ntop(digits > 8 ? AF_INET6 : AF_INET, words, host, sizeof(host));
	snprintf(out, size, digits > 8 ? "[%s]:%u" : "%s:%u", host, port);
}

static void name_internet(const char *line, const char *kind, char *name, size_t size)
{
	char local[80], remote[80];
	const char *other = word(line, 2);

	address(word(line, 1), local, sizeof(local));
	address(other, remote, sizeof(remote));
	if (strtoul(other + strcspn(other, ":") + 1, NULL, 16) == 0) {
		snprintf(name, size, "%s %s", kind, local);
	} else {
		snprintf(name, size, "%s %s -> %s", kind, local, remote);
	}
}

static void name_unix(const char *line, char *name, size_t size)
{
	const char *path = word(line, 7);

	if (path == NULL) {
		snprintf(name, size, "unix socket");
	} else {
		snprintf(name, size, "unix %.*s", (int)strcspn(path, "\n"), path);
	}
}

/* ---- the kernel's tables ---- */

/* So many times as long as it took the processor to read it, a table is not read again. */
#define REST 9u

enum { TABLES = 5 };

static const struct {
	const char *file, *kind; /* kind NULL: named by a path */
	unsigned inode_place;
} tables[TABLES] = {{"tcp", "tcp", 9},
		    {"tcp6", "tcp", 9},
		    {"unix", NULL, 6},
		    {"udp", "udp", 9},
		    {"udp6", "udp", 9}};

struct ctrace_socket_names {
	char space[64]; /* the network namespace that the texts are of */
	struct {
		char *text;	     /* CTRACE_SOCKET_TABLE_BYTES of it */
		uint64_t read;	     /* ticks */
		uint64_t rest_until; /* ns */
	} tables[TABLES];
};

struct ctrace_socket_names *ctrace_socket_names_create(void)
{
	struct ctrace_socket_names *names = calloc(1, sizeof(*names));

	for (unsigned i = 0; names != NULL && i < TABLES; i++) {
		names->tables[i].text = calloc(1, CTRACE_SOCKET_TABLE_BYTES);
		if (names->tables[i].text == NULL) {
			ctrace_socket_names_destroy(names);
			return NULL;
		}
	}
	return names;
}

void ctrace_socket_names_destroy(struct ctrace_socket_names *names)
{
	for (unsigned i = 0; names != NULL && i < TABLES; i++) {
		free(names->tables[i].text);
	}
	free(names);
}

/* What is kept of another namespace is not for this process. */
static void enter_space(struct ctrace_socket_names *names, uint32_t pid)
{
	char path[64], space[sizeof(names->space)] = "";

	snprintf(path, sizeof(path), "/proc/%u/ns/net", pid);
	if (readlink(path, space, sizeof(space) - 1) < 0) {
		space[0] = '\0';
	}
	if (strcmp(space, names->space) != 0) {
		memcpy(names->space, space, sizeof(space));
		for (unsigned i = 0; i < TABLES; i++) {
			names->tables[i].read = 0;
		}
	}
}

static uint64_t processor_ns(void)
{
	struct timespec time = {0};

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

static void read_table(struct ctrace_socket_names *names, unsigned table, uint32_t pid)
{
	uint64_t before = processor_ns();
	char path[64];

	names->tables[table].read = ctrace_clock_ticks();
	snprintf(path, sizeof(path), "/proc/%u/net/%s", pid, tables[table].file);
	if (ctrace_proc_text(path, names->tables[table].text, CTRACE_SOCKET_TABLE_BYTES) <= 0) {
		names->tables[table].text[0] = '\0';
	}
	names->tables[table].rest_until = ctrace_clock_raw_ns() + REST * (processor_ns() - before);
}

/* Is the table of a time when the socket was there? */
static bool is_fresh(struct ctrace_socket_names *names, unsigned table, uint32_t pid,
		     uint64_t since)
{
	if (names->tables[table].read > since) {
		return true;
	}
	if (ctrace_clock_raw_ns() < names->tables[table].rest_until) {
		return false;
	}
	read_table(names, table, pid);
	return true;
}

bool ctrace_socket_name(struct ctrace_socket_names *names, uint32_t pid, uint64_t since, char *name,
			size_t size)
{
	const char *prefix = "socket:[";
	uint64_t inode;

	if (strncmp(name, prefix, strlen(prefix)) != 0) {
		return true;
	}
	inode = strtoull(name + strlen(prefix), NULL, 10);
	enter_space(names, pid);
	for (unsigned i = 0; i < TABLES; i++) {
		const char *line;

		if (!is_fresh(names, i, pid, since)) {
			return false;
		}
		line = find_line(names->tables[i].text, tables[i].inode_place, inode);
		if (line != NULL && tables[i].kind != NULL) {
			name_internet(line, tables[i].kind, name, size);
			return true;
		}
		if (line != NULL) {
			name_unix(line, name, size);
			return true;
		}
	}
	return true;
}
