/* SPDX-License-Identifier: MIT */
/*
 * HTTP on libwebsockets: takes over admitted connections, answers the one
 * request of each, and closes it.
 */

#include "viewer-server/serve/http.h"

#include "viewer-server/serve/assets.h"
#include "viewer-server/serve/download.h"
#include "viewer-server/serve/page_socket.h"

#include <libwebsockets.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Head of an answer: the security lines are about 500 bytes. */
#define HEAD_BYTES   1536
#define FIELDS_BYTES 320

struct arrival {
	struct arrival *next;
	int fd;
	struct ctrace_admission *admission;
};

struct ctrace_http {
	struct ctrace_http_settings settings;
	struct ctrace_page_sockets sockets;
	struct lws_context *context;
	struct lws_vhost *vhost;
	struct ctrace_admission *adopting; /* the library has not said yet whether it keeps it */
	pthread_mutex_t lock;		   /* for `arrivals` */
	struct arrival *arrivals, **last;
	unsigned char room[LWS_PRE + CTRACE_DOWNLOAD_ROOM];
};

const char ctrace_door_headers[] =
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
	"img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; "
	"form-action 'none'; frame-ancestors 'none'\r\n"
	"X-Content-Type-Options: nosniff\r\n"
	"Referrer-Policy: no-referrer\r\n"
	"Cross-Origin-Resource-Policy: same-origin\r\n"
	"Cross-Origin-Opener-Policy: same-origin\r\n";

/* What a connection is sending; the library keeps one per connection. */
struct sending {
	const struct ctrace_asset *asset;
	size_t sent;
};

static const struct ctrace_asset *asset_of(const char *path)
{
	for (const struct ctrace_asset *asset = ctrace_assets; asset->path != NULL; asset++) {
		if (strcmp(asset->path, path) == 0) {
			return asset;
		}
	}
	return NULL;
}

static int send_head(struct ctrace_http *http, struct lws *wsi, const char *status,
		     const char *fields)
{
	char *head = (char *)http->room + LWS_PRE;
	int size = snprintf(head, HEAD_BYTES, "HTTP/1.1 %s\r\n%sConnection: close\r\n%s\r\n",
			    status, ctrace_door_headers, fields);
	return lws_write(wsi, (unsigned char *)head, (size_t)size, LWS_WRITE_HTTP_HEADERS) == size
		       ? 0
		       : -1;
}

/* A client that takes nothing for so long is closed. */
static void expect_progress(struct lws *wsi)
{
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, CTRACE_STALL_MS / 1000);
}

static int start_asset(struct ctrace_http *http, struct lws *wsi, struct sending *sending,
		       const struct ctrace_admission *admission)
{
	char fields[FIELDS_BYTES];
	sending->asset = asset_of(admission->route->path);
	if (sending->asset == NULL) {
		return send_head(http, wsi, "404 Not Found", "Content-Length: 0\r\n");
	}
	snprintf(fields, sizeof(fields),
		 "Content-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-cache\r\n",
		 sending->asset->content_type, sending->asset->size);
	if (send_head(http, wsi, "200 OK", fields) != 0) {
		return -1;
	}
	sending->sent = admission->is_head_only ? sending->asset->size : 0;
	return 0;
}

static int start_download(struct ctrace_http *http, struct lws *wsi,
			  struct ctrace_admission *admission)
{
	char fields[FIELDS_BYTES];
	if (!admission->is_head_only &&
	    ctrace_download_create(&admission->download, http->settings.trace, admission->query) !=
		    CTRACE_OK) {
		return send_head(http, wsi, "500 Internal Server Error", "Content-Length: 0\r\n");
	}
	ctrace_download_fields(http->settings.name, fields, sizeof(fields));
	return send_head(http, wsi, "200 OK", fields);
}

/* What the library reads was written by the door; this finds a mistake of ours, not of a client. */
static bool is_admitted(const struct ctrace_admission *admission, const char *path, size_t size)
{
	return admission != NULL && strlen(admission->route->path) == size &&
	       memcmp(admission->route->path, path, size) == 0;
}

static bool is_socket(const struct ctrace_admission *admission)
{
	return admission != NULL && admission->route->kind == CTRACE_ROUTE_SOCKET;
}

static int start(struct ctrace_http *http, struct lws *wsi, struct sending *sending,
		 struct ctrace_admission *admission)
{
	if (admission->is_used || is_socket(admission)) {
		return -1;
	}
	admission->is_used = true;
	int status = admission->route->kind == CTRACE_ROUTE_TRACE
			     ? start_download(http, wsi, admission)
			     : start_asset(http, wsi, sending, admission);
	if (status == 0) {
		expect_progress(wsi);
		lws_callback_on_writable(wsi);
	}
	return status;
}

static int write_body(struct ctrace_http *http, struct lws *wsi, size_t size, bool is_last)
{
	if (size > 0 && lws_write(wsi, http->room + LWS_PRE, size,
				  is_last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) != (int)size) {
		return -1;
	}
	if (size > 0) {
		expect_progress(wsi);
	}
	lws_callback_on_writable(wsi);
	return 0;
}

/* One piece per call; -1 when all is said. */
static int go_on_asset(struct ctrace_http *http, struct lws *wsi, struct sending *sending)
{
	if (sending->asset == NULL || sending->sent == sending->asset->size) {
		return -1;
	}
	size_t left = sending->asset->size - sending->sent;
	size_t size = left < CTRACE_PIECE_BYTES ? left : CTRACE_PIECE_BYTES;
	memcpy(http->room + LWS_PRE, sending->asset->bytes + sending->sent, size);
	sending->sent += size;
	return write_body(http, wsi, size, size == left);
}

static int go_on_download(struct ctrace_http *http, struct lws *wsi,
			  struct ctrace_admission *admission)
{
	size_t size;
	if (admission->download == NULL) {
		return -1;
	}
	enum ctrace_status status =
		ctrace_download_read(admission->download, (char *)http->room + LWS_PRE, &size);
	if (status == CTRACE_END) {
		ctrace_download_destroy(admission->download);
		admission->download = NULL;
	} else if (status != CTRACE_OK) {
		return -1;
	}
	return write_body(http, wsi, size, status == CTRACE_END);
}

static int go_on(struct ctrace_http *http, struct lws *wsi, struct sending *sending,
		 struct ctrace_admission *admission)
{
	if (admission == NULL || !admission->is_used) {
		return -1;
	}
	return admission->route->kind == CTRACE_ROUTE_TRACE ? go_on_download(http, wsi, admission)
							    : go_on_asset(http, wsi, sending);
}

static struct arrival *take_arrivals(struct ctrace_http *http)
{
	pthread_mutex_lock(&http->lock);
	struct arrival *arrivals = http->arrivals;
	http->arrivals = NULL;
	http->last = &http->arrivals;
	pthread_mutex_unlock(&http->lock);
	return arrivals;
}

static void forget(struct ctrace_http *http, struct ctrace_admission *admission)
{
	ctrace_download_destroy(admission->download);
	ctrace_admission_destroy(admission);
	http->settings.left(http->settings.context);
}

/* The library reads the head from here; what stands behind it in the socket comes after. */
static void adopt(struct ctrace_http *http, struct arrival *arrival)
{
	struct ctrace_admission *admission = arrival->admission;
	http->adopting = admission;
	struct lws *wsi = lws_adopt_socket_vhost_readbuf(
		http->vhost, arrival->fd, admission->request, admission->request_size);
	if (wsi == NULL && http->adopting != NULL) {
		forget(http, admission);
	} else if (wsi != NULL && http->adopting != NULL) {
		lws_set_opaque_user_data(wsi, admission);
	}
	http->adopting = NULL;
}

/* While it is being adopted a connection asks before it could be told whose it is. */
static struct ctrace_admission *admission_of(struct ctrace_http *http, struct lws *wsi)
{
	if (http->adopting != NULL && lws_get_opaque_user_data(wsi) == NULL) {
		lws_set_opaque_user_data(wsi, http->adopting);
		http->adopting = NULL;
	}
	return lws_get_opaque_user_data(wsi);
}

static void wake_up(struct ctrace_http *http)
{
	struct arrival *arrivals = take_arrivals(http);
	while (arrivals != NULL) {
		struct arrival *arrival = arrivals;
		arrivals = arrival->next;
		adopt(http, arrival);
		free(arrival);
	}
	http->settings.woken(http->settings.context);
	lws_callback_on_writable_all_protocol(
		http->context,
		lws_vhost_name_to_protocol(http->vhost, CTRACE_PAGE_SOCKET_PROTOCOL));
}

static void connection_gone(struct ctrace_http *http, struct lws *wsi)
{
	struct ctrace_admission *admission = lws_get_opaque_user_data(wsi);
	if (admission != NULL) {
		lws_set_opaque_user_data(wsi, NULL);
		forget(http, admission);
	}
}

static int on_http(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		   size_t size)
{
	struct ctrace_http *http = lws_context_user(lws_get_context(wsi));
	switch (reason) {
	case LWS_CALLBACK_FILTER_HTTP_CONNECTION:
		return is_admitted(admission_of(http, wsi), in, size) ? 0 : -1;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		/* The library may hand over freed memory in `in` here: the admission says enough.
		 */
		return is_socket(admission_of(http, wsi)) ? 0 : -1;
	case LWS_CALLBACK_HTTP:
		if (!is_admitted(admission_of(http, wsi), in, size)) {
			return -1;
		}
		return start(http, wsi, user, admission_of(http, wsi));
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return go_on(http, wsi, user, admission_of(http, wsi));
	case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
		wake_up(http);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		connection_gone(http, wsi);
		return 0;
	case LWS_CALLBACK_HTTP_BODY:
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return -1;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{.name = "http", .callback = on_http, .per_session_data_size = sizeof(struct sending)},
	{.name = CTRACE_PAGE_SOCKET_PROTOCOL,
	 .callback = ctrace_page_socket_callback,
	 .per_session_data_size = sizeof(struct ctrace_page_socket)},
	{.name = NULL},
};

static bool create_context(struct ctrace_http *http)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.user = http,
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
		.timeout_secs = CTRACE_HEAD_MS / 1000,
		.timeout_secs_ah_idle = CTRACE_HEAD_MS / 1000,
		.keepalive_timeout = CTRACE_HEAD_MS / 1000,
		.max_http_header_data = 4096, /* of our own writing */
		.max_http_header_pool = CTRACE_SERVE_CONNECTIONS_MAX,
		.fd_limit_per_thread = CTRACE_SERVE_CONNECTIONS_MAX + 32,
		.vhost_name = "ctrace",
	};
	lws_set_log_level(0, NULL);
	http->context = lws_create_context(&info);
	info.user = &http->sockets;
	http->vhost = http->context != NULL ? lws_create_vhost(http->context, &info) : NULL;
	return http->vhost != NULL;
}

enum ctrace_status ctrace_http_create(struct ctrace_http **http,
				      const struct ctrace_http_settings *settings,
				      struct ctrace_error *error)
{
	*http = calloc(1, sizeof(**http));
	if (*http == NULL) {
		return ctrace_error_set(error, CTRACE_ERR_NO_MEMORY, CTRACE_NO_OFFSET,
					CTRACE_NO_CHUNK, "no memory for the server");
	}
	(*http)->settings = *settings;
	(*http)->last = &(*http)->arrivals;
	(*http)->sockets.desk = settings->desk;
	pthread_mutex_init(&(*http)->lock, NULL);
	if (!create_context(*http)) {
		ctrace_http_destroy(*http);
		*http = NULL;
		return ctrace_error_set(error, CTRACE_ERR_IO, CTRACE_NO_OFFSET, CTRACE_NO_CHUNK,
					"libwebsockets does not start");
	}
	return CTRACE_OK;
}

void ctrace_http_admit(struct ctrace_http *http, int fd, struct ctrace_admission *admission)
{
	struct arrival *arrival = malloc(sizeof(*arrival));
	if (arrival == NULL) {
		close(fd);
		forget(http, admission);
		return;
	}
	*arrival = (struct arrival){NULL, fd, admission};
	pthread_mutex_lock(&http->lock);
	*http->last = arrival;
	http->last = &arrival->next;
	pthread_mutex_unlock(&http->lock);
	ctrace_http_wake(http);
}

void ctrace_http_wake(struct ctrace_http *http)
{
	lws_cancel_service(http->context);
}

bool ctrace_http_turn(struct ctrace_http *http)
{
	return lws_service(http->context, 0) >= 0;
}

void ctrace_http_destroy(struct ctrace_http *http)
{
	if (http == NULL) {
		return;
	}
	if (http->context != NULL) {
		lws_context_destroy(http->context);
	}
	struct arrival *arrivals = take_arrivals(http);
	while (arrivals != NULL) {
		struct arrival *arrival = arrivals;
		arrivals = arrival->next;
		close(arrival->fd);
		forget(http, arrival->admission);
		free(arrival);
	}
	pthread_mutex_destroy(&http->lock);
	free(http);
}
