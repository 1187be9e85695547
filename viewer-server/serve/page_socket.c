/* SPDX-License-Identifier: MIT */
/* Callbacks of one WebSocket; see page_socket.h. */

#include "viewer-server/serve/page_socket.h"

#include "viewer-server/serve/door.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How often a held or waiting socket is looked at. */
#define LOOK_US (100 * LWS_US_PER_MS)

static uint64_t now_ms(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static struct ctrace_page_sockets *sockets_of(struct lws *wsi)
{
	return lws_vhost_user(lws_get_vhost(wsi));
}

static void ask_for_room(struct lws *wsi, struct ctrace_page_socket *socket)
{
	if (socket->asked_ms == 0) {
		socket->asked_ms = now_ms();
		lws_set_timer_usecs(wsi, LOOK_US);
	}
	lws_callback_on_writable(wsi);
}

/* Only what the door admitted for this route may become a socket, and only once. */
static int filter(struct lws *wsi)
{
	struct ctrace_admission *admission = lws_get_opaque_user_data(wsi);
	if (admission == NULL || admission->route->kind != CTRACE_ROUTE_SOCKET ||
	    admission->is_used) {
		return -1;
	}
	admission->is_used = true;
	return 0;
}

static int open_page(struct lws *wsi, struct ctrace_page_socket *socket)
{
	*socket = (struct ctrace_page_socket){
		.refilled_ms = now_ms(),
		.messages_left = CTRACE_MESSAGES_PER_SECOND,
	};
	socket->message = malloc(CTRACE_MESSAGE_BYTES_MAX);
	if (socket->message == NULL ||
	    ctrace_page_create(&socket->page, sockets_of(wsi)->desk) != CTRACE_OK) {
		return -1;
	}
	ask_for_room(wsi, socket);
	return 0;
}

static void close_page(struct ctrace_page_socket *socket)
{
	ctrace_page_destroy(socket->page);
	free(socket->message);
	*socket = (struct ctrace_page_socket){.page = NULL};
}

static void refill(struct ctrace_page_socket *socket)
{
	uint64_t now = now_ms();
	if (now - socket->refilled_ms >= 1000) {
		socket->refilled_ms = now;
		socket->messages_left = CTRACE_MESSAGES_PER_SECOND;
	}
}

/* Nothing is lost: what comes too fast waits in the connection. */
static void count_message(struct lws *wsi, struct ctrace_page_socket *socket)
{
	refill(socket);
	socket->messages_left -= socket->messages_left > 0 ? 1 : 0;
	if (socket->messages_left == 0 && !socket->is_held) {
		socket->is_held = true;
		lws_rx_flow_control(wsi, 0);
		lws_set_timer_usecs(wsi, LOOK_US);
	}
}

static int refuse(struct lws *wsi, enum lws_close_status status, const char *why)
{
	lws_close_reason(wsi, status, (unsigned char *)(uintptr_t)why, strlen(why));
	return -1;
}

static int receive(struct lws *wsi, struct ctrace_page_socket *socket, const char *bytes,
		   size_t size)
{
	if (lws_frame_is_binary(wsi)) {
		return refuse(wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "text only");
	}
	if (size > CTRACE_MESSAGE_BYTES_MAX - socket->message_size) {
		return refuse(wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "at most 65536 bytes");
	}
	memcpy(socket->message + socket->message_size, bytes, size);
	socket->message_size += size;
	if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) != 0) {
		return 0;
	}
	ctrace_page_receive(socket->page, socket->message, socket->message_size);
	socket->message_size = 0;
	count_message(wsi, socket);
	if (ctrace_page_is_stuffed(socket->page)) {
		return refuse(wsi, LWS_CLOSE_STATUS_POLICY_VIOLATION, "answers are not read");
	}
	ask_for_room(wsi, socket);
	return 0;
}

static int write_piece(struct lws *wsi, struct ctrace_page_socket *socket)
{
	unsigned char *room = sockets_of(wsi)->room + LWS_PRE;
	struct ctrace_piece piece;
	socket->asked_ms = 0;
	if (!ctrace_page_piece(socket->page, room, &piece)) {
		return 0;
	}
	enum lws_write_protocol kind = piece.is_binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
	int flags = lws_write_ws_flags((int)kind, piece.is_first, piece.is_last);
	if (lws_write(wsi, room, piece.size, (enum lws_write_protocol)flags) < (int)piece.size) {
		return -1;
	}
	if (ctrace_page_is_stuffed(socket->page)) {
		return refuse(wsi, LWS_CLOSE_STATUS_POLICY_VIOLATION, "answers are not read");
	}
	ask_for_room(wsi, socket);
	return 0;
}

static int look(struct lws *wsi, struct ctrace_page_socket *socket)
{
	refill(socket);
	if (socket->is_held && socket->messages_left > 0) {
		socket->is_held = false;
		lws_rx_flow_control(wsi, 1);
	}
	if (socket->asked_ms != 0 && now_ms() - socket->asked_ms >= CTRACE_STALL_MS) {
		return -1;
	}
	if (socket->is_held || socket->asked_ms != 0) {
		lws_set_timer_usecs(wsi, LOOK_US);
	}
	return 0;
}

int ctrace_page_socket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
				void *in, size_t size)
{
	switch (reason) {
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return filter(wsi);
	case LWS_CALLBACK_ESTABLISHED:
		return open_page(wsi, user);
	case LWS_CALLBACK_RECEIVE:
		return receive(wsi, user, in, size);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return write_piece(wsi, user);
	case LWS_CALLBACK_TIMER:
		return look(wsi, user);
	case LWS_CALLBACK_CLOSED:
		close_page(user);
		return 0;
	case LWS_CALLBACK_FILTER_HTTP_CONNECTION:
	case LWS_CALLBACK_HTTP:
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return -1;
	default:
		return 0;
	}
}
