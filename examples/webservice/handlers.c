/* SPDX-License-Identifier: MIT */
/* The routes: each turns a request into a question to the store, and the result into JSON. */

#include "handlers.h"

#include "auth.h"
#include "job.h"
#include "store.h"

#include <ctrace/trace.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define USERS_LIMIT_DEFAULT 20
#define USERS_LIMIT_MAX	    1000
#define LOGINS_SHOWN	    20
#define SLOW_NS		    INT64_C(5000000) /* worth a line in the log */

struct worker {
	const struct handlers_settings *settings;
	struct store *store;
};

void *handlers_enter(void *settings)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (worker == NULL) {
		return NULL;
	}
	worker->settings = settings;
	worker->store = store_open(worker->settings->database);
	if (worker->store == NULL) {
		handlers_leave(worker);
		return NULL;
	}
	return worker;
}

void handlers_leave(void *state)
{
	struct worker *worker = state;

	if (worker != NULL) {
		store_close(worker->store);
		free(worker);
	}
}

/* Takes `value`. */
static void reply(struct job *job, unsigned status, json_t *value)
{
	TRACE_SPAN_C("json", "encode json");
	job->reply = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
	json_decref(value);
	if (job->reply == NULL) {
		job_fail(job, 500, "out of memory");
		return;
	}
	job->reply_size = strlen(job->reply);
	job->status = status;
}

static void fail_store(struct job *job)
{
	job_fail(job, 500, "the database could not answer");
}

/* {"name", "password"} of the body. The strings are borrowed until `body` goes. */
static bool parse_credentials(struct job *job, json_t **body, const char **name,
			      const char **password)
{
	json_error_t error;

	TRACE_SPAN_C("json", "parse json", TRACE_U64("bytes", job->body_size));
	*body = json_loadb(job->body != NULL ? job->body : "", job->body_size, 0, &error);
	if (*body == NULL) {
		job_fail(job, 400, "the body is not JSON");
		return false;
	}
	if (json_unpack(*body, "{s:s, s:s}", "name", name, "password", password) != 0) {
		job_fail(job, 400, "the body must hold two strings, name and password");
		return false;
	}
	if (**name == '\0' || strlen(*name) > STORE_NAME_MAX) {
		job_fail(job, 400, "a name has 1 to 64 bytes");
		return false;
	}
	return true;
}

static void answer_health(struct worker *worker, struct job *job)
{
	(void)worker;
	reply(job, 200, json_pack("{s:s}", "status", "ok"));
}

static void log_in(struct worker *worker, struct job *job, const char *name, const char *password)
{
	char token[AUTH_TOKEN_SIZE + 1];

	switch (auth_login(worker->settings->auth, worker->store, name, password, token)) {
	case STORE_OK:
		reply(job, 200,
		      json_pack("{s:s, s:i}", "token", token, "expires_in",
				(int)worker->settings->token_seconds));
		break;
	case STORE_NONE:
		job_fail(job, 401, "wrong name or password");
		break;
	default:
		fail_store(job);
	}
}

static void answer_login(struct worker *worker, struct job *job)
{
	const char *name, *password;
	json_t *body;

	if (parse_credentials(job, &body, &name, &password)) {
		log_in(worker, job, name, password);
	}
	json_decref(body);
}

static bool is_allowed(struct worker *worker, struct job *job)
{
	enum store_result result;
	int64_t user;

	if (job->token == NULL) {
		if (!worker->settings->is_token_free) {
			job_fail(job, 401, "a token is needed: Authorization: Bearer TOKEN");
		}
		return worker->settings->is_token_free;
	}
	result = auth_check(worker->settings->auth, worker->store, job->token, &user);
	if (result == STORE_NONE) {
		job_fail(job, 401, "the token is unknown or has expired");
	} else if (result != STORE_OK) {
		fail_store(job);
	}
	return result == STORE_OK;
}

static bool parse_id(const char *text, int64_t *id)
{
	char *end;

	errno = 0;
	*id = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *id > 0 && *text != '+' && *text != ' ';
}

static json_t *user_json(const struct user *user)
{
	return json_pack("{s:I, s:s, s:I, s:I}", "id", (json_int_t)user->id, "name", user->name,
			 "created", (json_int_t)user->created, "logins", (json_int_t)user->logins);
}

static void append_login(void *logins, int64_t at)
{
	const time_t seconds = (time_t)at;
	char text[sizeof("2000-01-01T00:00:00Z")];
	struct tm date;

	if (gmtime_r(&seconds, &date) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &date) != 0) {
		json_array_append_new(logins, json_string(text));
	}
}

static enum store_result find_user(struct worker *worker, int64_t id, json_t **answer)
{
	enum store_result result;
	struct user user;
	json_t *logins;

	result = store_user_by_id(worker->store, id, &user);
	if (result != STORE_OK) {
		return result;
	}
	logins = json_array();
	result = store_logins(worker->store, id, LOGINS_SHOWN, append_login, logins);
	*answer = user_json(&user);
	json_object_set_new(*answer, "latest_logins", logins);
	return result;
}

static void answer_user(struct worker *worker, struct job *job)
{
	json_t *answer = NULL;
	int64_t id;

	if (!is_allowed(worker, job)) {
		return;
	}
	if (!parse_id(strrchr(job->path, '/') + 1, &id)) {
		job_fail(job, 400, "the id must be a positive number");
		return;
	}
	switch (find_user(worker, id, &answer)) {
	case STORE_OK:
		reply(job, 200, answer);
		return;
	case STORE_NONE:
		job_fail(job, 404, "no such user");
		break;
	default:
		fail_store(job);
	}
	json_decref(answer);
}

static void add_user(struct worker *worker, struct job *job, const char *name, const char *password)
{
	struct user user = {.created = time(NULL)};
	enum store_result result = STORE_FAILED;

	memcpy(user.name, name, strlen(name) + 1);
	if (auth_set_password(&user, password)) {
		result = store_user_add(worker->store, &user);
	}
	if (result == STORE_OK) {
		reply(job, 201,
		      json_pack("{s:I, s:s}", "id", (json_int_t)user.id, "name", user.name));
	} else if (result == STORE_EXISTS) {
		job_fail(job, 409, "the name is taken");
	} else {
		fail_store(job);
	}
}

static void answer_add(struct worker *worker, struct job *job)
{
	const char *name, *password;
	json_t *body;

	if (parse_credentials(job, &body, &name, &password)) {
		add_user(worker, job, name, password);
	}
	json_decref(body);
}

static void append_user(void *users, const struct user *user)
{
	json_array_append_new(users, user_json(user));
}

static void answer_users(struct worker *worker, struct job *job)
{
	int64_t limit = USERS_LIMIT_DEFAULT;
	json_t *users;

	if (job->limit != NULL && (!parse_id(job->limit, &limit) || limit > USERS_LIMIT_MAX)) {
		job_fail(job, 400, "limit must be a number from 1 to 1000");
		return;
	}
	users = json_array();
	if (store_users(worker->store, (int)limit, append_user, users) != STORE_OK) {
		json_decref(users);
		fail_store(job);
		return;
	}
	reply(job, 200, json_pack("{s:o}", "users", users));
}

static const struct route {
	const char *method;
	const char *path; /* one that ends in / stands for all below it */
	void (*answer)(struct worker *worker, struct job *job);
} routes[] = {
	{"GET", "/healthz", answer_health},  {"POST", "/auth/login", answer_login},
	{"GET", "/auth/user/", answer_user}, {"POST", "/users", answer_add},
	{"GET", "/users", answer_users},
};

static bool is_path_of(const struct route *route, const char *path)
{
	const size_t size = strlen(route->path);

	if (route->path[size - 1] != '/') {
		return strcmp(route->path, path) == 0;
	}
	return strncmp(route->path, path, size) == 0 && strchr(path + size, '/') == NULL;
}

static void answer(struct worker *worker, struct job *job)
{
	const size_t count = sizeof(routes) / sizeof(routes[0]);

	for (const struct route *route = routes; route < routes + count; route++) {
		if (!is_path_of(route, job->path)) {
			continue;
		}
		if (strcmp(route->method, job->method) == 0) {
			route->answer(worker, job);
			return;
		}
		job->allow = job->allow == NULL ? route->method : "GET, POST";
	}
	if (job->allow != NULL) {
		job_fail(job, 405, "this path does not take that method");
	} else {
		job_fail(job, 404, "no such path");
	}
}

void handlers_work(void *state, struct job *job)
{
	int64_t taken_ns;

	TRACE_TASK_SCOPE(job->id);
	TRACE_SPAN_C("http", "handle request", TRACE_STR("path", job->path));
	TRACE_FLOW_STEP(job->id);
	TRACE_TASK_STEP(job->id, "taken by a worker");
	answer(state, job);
	taken_ns = job_now_ns() - job->received_ns;
	if (taken_ns > SLOW_NS) {
		TRACE_LOG("http", "slow request: %s %s took %.1f ms", job->method, job->path,
			  (double)taken_ns / 1e6);
	}
}
