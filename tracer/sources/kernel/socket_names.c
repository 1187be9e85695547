/* SPDX-License-Identifier: MIT */
/* Sockets by their inode; see socket_names.h. */

#include "tracer/sources/kernel/socket_names.h"

#include "tracer/sources/kernel/proc_text.h"
#include "tracer/src/limits.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void ctrace_socket_name(uint32_t pid, char *name, size_t size)
{
	static const struct {
		const char *file, *kind;
		unsigned inode_place;
	} tables[] = {{"tcp", "tcp", 9},
		      {"tcp6", "tcp", 9},
		      {"unix", NULL, 6},
		      {"udp", "udp", 9},
		      {"udp6", "udp", 9}};
	static char text[CTRACE_SOCKET_TABLE_BYTES];
	const char *prefix = "socket:[";
	uint64_t inode;

	if (strncmp(name, prefix, strlen(prefix)) != 0) {
		return;
	}
	inode = strtoull(name + strlen(prefix), NULL, 10);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		char path[64];
		const char *line;

		snprintf(path, sizeof(path), "/proc/%u/net/%s", pid, tables[i].file);
		if (ctrace_proc_text(path, text, sizeof(text)) <= 0) {
			continue;
		}
		line = find_line(text, tables[i].inode_place, inode);
		if (line != NULL && tables[i].kind != NULL) {
			name_internet(line, tables[i].kind, name, size);
			return;
		}
		if (line != NULL) {
			name_unix(line, name, size);
			return;
		}
	}
}
