/* SPDX-License-Identifier: MIT */
/* Decides from a request's headers whether to answer it. Knows no sockets and no HTTP library. */

#include "tracer/http/debug_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 64 /* the longest IPv6 literal is 45 characters */

/* "" or ":1" to ":65535". */
static bool is_port_or_nothing(const char *text)
{
	unsigned port = 0;

	if (*text == '\0') {
		return true;
	}
	if (*text++ != ':') {
		return false;
	}
	for (unsigned digits = 0; *text != '\0'; text++) {
		if (*text < '0' || *text > '9' || ++digits > 5) {
			return false;
		}
		port = port * 10 + (unsigned)(*text - '0');
	}
	return port >= 1 && port <= 65535;
}

static bool is_address6(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET6, text, &address) == 1 && !IN6_IS_ADDR_UNSPECIFIED(&address);
}

/* Dotted quad only; net 0 means "this host" to some systems. */
static bool is_address4(const char *text)
{
	struct in_addr address;

	return inet_pton(AF_INET, text, &address) == 1 && (ntohl(address.s_addr) >> 24) != 0;
}

static bool is_plain_name(const char *name)
{
	return strcasecmp(name, "localhost") == 0 || is_address4(name);
}

bool ctrace_debug_host_is_plain(const char *host)
{
	const bool is_bracketed = host[0] == '[';
	const char *name = is_bracketed ? host + 1 : host;
	const size_t size = strcspn(name, is_bracketed ? "]" : ":");
	char copy[HOST_MAX];

	if (size >= sizeof(copy)) {
		return false;
	}
	memcpy(copy, name, size);
	copy[size] = '\0';
	if (!is_bracketed) {
		return is_plain_name(copy) && is_port_or_nothing(name + size);
	}
	return name[size] == ']' && is_address6(copy) && is_port_or_nothing(name + size + 1);
}

bool ctrace_debug_origin_is_own(const char *origin, const char *host)
{
	static const char scheme[] = "http://";
	const size_t size = sizeof(scheme) - 1;

	return strncasecmp(origin, scheme, size) == 0 && strcasecmp(origin + size, host) == 0;
}

static bool is_own_site(const char *site)
{
	return strcmp(site, "none") == 0 || strcmp(site, "same-origin") == 0;
}

static unsigned refuse(unsigned status, const char *text, const char **why)
{
	*why = text;
	return status;
}

unsigned ctrace_debug_guard(const struct ctrace_debug_caller *caller, const char **why)
{
	if (caller->host_count != 1 || caller->host == NULL || caller->host[0] == '\0') {
		return refuse(400, "exactly one Host header is needed\n", why);
	}
	if (!ctrace_debug_host_is_plain(caller->host)) {
		return refuse(403, "Host must be an IP address or localhost\n", why);
	}
	if (caller->origin_count > 1 ||
	    (caller->origin != NULL && !ctrace_debug_origin_is_own(caller->origin, caller->host))) {
		return refuse(403, "requests of other sites' pages are refused (Origin)\n", why);
	}
	if (caller->site_count > 1 || (caller->site != NULL && !is_own_site(caller->site))) {
		return refuse(403, "requests of other sites' pages are refused (Sec-Fetch-Site)\n",
			      why);
	}
	*why = NULL;
	return 0;
}
