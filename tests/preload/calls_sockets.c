/* SPDX-License-Identifier: MIT */

/* Sockets, names of hosts, and waiting for any of many; see calls_host.h. */

#include "tests/preload/calls_host.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BAD ((void *)16)

ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t room, int flags,
		       struct sockaddr *address, socklen_t *address_size);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
		const sigset_t *mask, size_t room);

static void send_and_receive(int to, int from)
{
	char buffer[32];
	struct iovec part = {buffer, 3};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct mmsghdr messages = {.msg_hdr = message};
	struct timespec none = {0, 0};
	struct sockaddr_un who;
	socklen_t size = sizeof(who);

	memset(buffer, 'a', sizeof(buffer));
	SHOW("send", send(to, buffer, 20, 0));
	SHOW("sendto", sendto(to, buffer, 4, 0, NULL, 0));
	SHOW("sendmsg", sendmsg(to, &message, 0));
	SHOW("sendmmsg", sendmmsg(to, &messages, 1, 0));
	SHOW("send", send(-1, buffer, 4, 0));
	SHOW("recv", recv(from, buffer, 4, 0));
	SHOW("recvfrom", recvfrom(from, buffer, 4, 0, (struct sockaddr *)&who, &size));
	SHOW("recvmsg", recvmsg(from, &message, 0));
	SHOW("recvmmsg", recvmmsg(from, &messages, 1, MSG_DONTWAIT, &none));
	SHOW("__recv_chk", __recv_chk(from, buffer, 4, sizeof(buffer), 0));
	SHOW("__recvfrom_chk", __recvfrom_chk(from, buffer, 4, sizeof(buffer), 0, NULL, NULL));
	SHOW("recv", recv(from, BAD, 4, MSG_DONTWAIT));
}

static void wait_for(int fd)
{
	struct pollfd item = {.fd = fd, .events = POLLOUT};
	struct timespec none = {0, 1000};
	struct timeval no_time = {0, 1000};
	struct epoll_event event = {.events = EPOLLOUT};
	int epoll = epoll_create1(0);
	fd_set set;

	SHOW("poll", poll(&item, 1, 1000));
	SHOW("poll", poll(NULL, 0, 1));
	SHOW("ppoll", ppoll(&item, 1, &none, NULL));
	SHOW("__poll_chk", __poll_chk(&item, 1, 1, sizeof(item)));
	SHOW("__ppoll_chk", __ppoll_chk(&item, 1, &none, NULL, sizeof(item)));
	FD_ZERO(&set);
	SHOW("select", select(1, &set, NULL, NULL, &no_time));
	SHOW("pselect", pselect(-1, NULL, NULL, NULL, &none, NULL));
	SHOW("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	SHOW("epoll_wait", epoll_wait(epoll, &event, 1, 1000));
	SHOW("epoll_pwait", epoll_pwait(epoll, &event, 0, 0, NULL));
	close(epoll);
}

static void resolve(void)
{
	const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST};
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct addrinfo *found = NULL;
	char host[64];

	SHOW("getaddrinfo", getaddrinfo("127.0.0.1", NULL, &numeric, &found));
	freeaddrinfo(found);
	SHOW("getaddrinfo", getaddrinfo("no number", NULL, &numeric, &found));
	SHOW("getnameinfo", getnameinfo((struct sockaddr *)&address, sizeof(address), host,
					sizeof(host), NULL, 0, NI_NUMERICHOST));
	SHOW("getnameinfo", getnameinfo((struct sockaddr *)&address, 1, host, sizeof(host), NULL, 0,
					NI_NUMERICHOST));
	SHOW_POINTER("gethostbyname", gethostbyname("127.0.0.1"));
}

void call_sockets(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client, accepted;

	SHOW("socket", server);
	SHOW("socket", socket(-1, 0, 0));
	SHOW("bind", bind(server, (struct sockaddr *)&address, sizeof(address)));
	SHOW("bind", bind(server, BAD, sizeof(address)));
	SHOW("listen", listen(server, 4));
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	SHOW("connect", connect(client, (struct sockaddr *)&address, sizeof(address)));
	SHOW("connect", connect(-1, (struct sockaddr *)&address, sizeof(address)));
	accepted = accept(server, NULL, NULL);
	SHOW("accept", accepted);
	SHOW("accept4", accept4(-1, NULL, NULL, SOCK_CLOEXEC));
	send_and_receive(client, accepted);
	wait_for(client);
	SHOW("shutdown", shutdown(client, SHUT_RDWR));
	SHOW("shutdown", shutdown(0, SHUT_RDWR) == 0);
	resolve();
	close(accepted);
	close(client);
	close(server);
	unlink("socket");
}
