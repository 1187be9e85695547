/* SPDX-License-Identifier: MIT */
/* SQL: one prepared statement per question, kept from its first use on. */

#include "store.h"

#include <ctrace/trace.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum question {
	USER_BY_ID,
	USER_BY_NAME,
	USER_ADD,
	USERS,
	USERS_FILL,
	TOKEN_ADD,
	TOKEN_FIND,
	TOKENS_EXPIRE,
	LOGIN_COUNT,
	LOGIN_ADD,
	LOGINS,
	LOGINS_FILL,
	KEY_KEEP,
	KEY_GET,
	QUESTIONS
};

#define USER_COLUMNS "id, created, logins, name, salt, hash"

static const char *const questions[QUESTIONS] = {
	[USER_BY_ID] = "SELECT " USER_COLUMNS " FROM users WHERE id = ?1",
	[USER_BY_NAME] = "SELECT " USER_COLUMNS " FROM users WHERE name = ?1",
	[USER_ADD] = "INSERT INTO users (name, salt, hash, created) VALUES (?1, ?2, ?3, ?4)",
	[USERS] = "SELECT " USER_COLUMNS " FROM users ORDER BY id LIMIT ?1",
	[USERS_FILL] =
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)"
		" INSERT OR IGNORE INTO users (id, name, salt, hash, created)"
		" SELECT i, 'user' || i, ?2, ?3, ?4 FROM n",
	[TOKEN_ADD] = "INSERT INTO tokens (hash, user, expires) VALUES (?1, ?2, ?3)",
	[TOKEN_FIND] = "SELECT user FROM tokens WHERE hash = ?1 AND expires > ?2",
	[TOKENS_EXPIRE] = "DELETE FROM tokens WHERE expires <= ?1",
	[LOGIN_COUNT] = "UPDATE users SET logins = logins + 1 WHERE id = ?1",
	[LOGIN_ADD] = "INSERT OR REPLACE INTO logins (user, at) VALUES (?1, ?2)",
	[LOGINS] = "SELECT at FROM logins WHERE user = ?1 ORDER BY at DESC LIMIT ?2",
	[KEY_KEEP] = "INSERT OR IGNORE INTO keys (id, seed) VALUES (1, ?1)",
	[KEY_GET] = "SELECT seed FROM keys WHERE id = 1",
	[LOGINS_FILL] =
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)"
		" INSERT OR IGNORE INTO logins (user, at)"
		" SELECT users.id, ?3 - 86399 * i - 61 * users.id FROM users, n WHERE users.id <= "
		"?1",
};

static const char schema[] =
	"PRAGMA journal_mode = WAL;"
	"PRAGMA synchronous = NORMAL;"
	"CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
	" salt BLOB NOT NULL, hash BLOB NOT NULL, created INTEGER NOT NULL,"
	" logins INTEGER NOT NULL DEFAULT 0);"
	"CREATE TABLE IF NOT EXISTS tokens (hash BLOB PRIMARY KEY, user INTEGER NOT NULL,"
	" expires INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS tokens_by_expiry ON tokens (expires);"
	"CREATE TABLE IF NOT EXISTS logins (user INTEGER NOT NULL, at INTEGER NOT NULL,"
	" PRIMARY KEY (user, at)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS keys (id INTEGER PRIMARY KEY, seed BLOB NOT NULL);";

#define BUSY_MS 2000 /* how long to wait for another thread's write */

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[QUESTIONS];
};

struct store *store_open(const char *path)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	struct store *store = calloc(1, sizeof(*store));

	TRACE_SPAN_C("sql", "open", TRACE_STR("path", path));
	if (store == NULL) {
		return NULL;
	}
	if (sqlite3_open_v2(path, &store->db, flags, NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(store->db, BUSY_MS) != SQLITE_OK ||
	    sqlite3_exec(store->db, schema, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "webservice: database %s: %s\n", path, sqlite3_errmsg(store->db));
		store_close(store);
		return NULL;
	}
	return store;
}

void store_close(struct store *store)
{
	if (store == NULL) {
		return;
	}
	for (int i = 0; i < QUESTIONS; i++) {
		sqlite3_finalize(store->statements[i]);
	}
	sqlite3_close(store->db);
	free(store);
}

/* The statement, ready for its parameters; NULL after a log line. */
static sqlite3_stmt *ask(struct store *store, enum question question)
{
	sqlite3_stmt **statement = &store->statements[question];

	if (*statement == NULL) {
		TRACE_SPAN_C("sql", "sql prepare", TRACE_STR("sql", questions[question]));
		if (sqlite3_prepare_v3(store->db, questions[question], -1,
				       SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK) {
			TRACE_LOG("sql", "cannot prepare: %s", sqlite3_errmsg(store->db));
			return NULL;
		}
	}
	return *statement;
}

static int step(sqlite3_stmt *statement)
{
	TRACE_SPAN_C("sql", "sql step");
	return sqlite3_step(statement);
}

/* One step's outcome as ours; ends the question. */
static enum store_result finish(struct store *store, sqlite3_stmt *statement, int outcome)
{
	enum store_result result = STORE_FAILED;

	if (outcome == SQLITE_ROW) {
		result = STORE_OK;
	} else if (outcome == SQLITE_DONE) {
		result = STORE_NONE;
	} else if (outcome == SQLITE_CONSTRAINT) {
		result = STORE_EXISTS;
	} else {
		TRACE_LOG("sql", "failed: %s", sqlite3_errmsg(store->db));
	}
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return result;
}

/* For questions that change something and have no rows. */
static enum store_result change(struct store *store, sqlite3_stmt *statement)
{
	const enum store_result result = finish(store, statement, step(statement));

	return result == STORE_NONE ? STORE_OK : result;
}

static void copy_blob(sqlite3_stmt *statement, int column, uint8_t *bytes, size_t size)
{
	const void *blob = sqlite3_column_blob(statement, column);

	memset(bytes, 0, size);
	if (blob != NULL && (size_t)sqlite3_column_bytes(statement, column) == size) {
		memcpy(bytes, blob, size);
	}
}

static void read_user(sqlite3_stmt *statement, struct user *user)
{
	user->id = sqlite3_column_int64(statement, 0);
	user->created = sqlite3_column_int64(statement, 1);
	user->logins = sqlite3_column_int64(statement, 2);
	snprintf(user->name, sizeof(user->name), "%s",
		 (const char *)sqlite3_column_text(statement, 3));
	copy_blob(statement, 4, user->salt, sizeof(user->salt));
	copy_blob(statement, 5, user->hash, sizeof(user->hash));
}

static enum store_result one_user(struct store *store, sqlite3_stmt *statement, struct user *user)
{
	const int outcome = step(statement);

	if (outcome == SQLITE_ROW) {
		read_user(statement, user);
	}
	return finish(store, statement, outcome);
}

enum store_result store_user_by_id(struct store *store, int64_t id, struct user *user)
{
	sqlite3_stmt *statement;

	TRACE_SPAN_C("sql", "select user by id", TRACE_I64("id", id));
	statement = ask(store, USER_BY_ID);
	if (statement == NULL) {
		return STORE_FAILED;
	}
	sqlite3_bind_int64(statement, 1, id);
	return one_user(store, statement, user);
}

enum store_result store_user_by_name(struct store *store, const char *name, struct user *user)
{
	sqlite3_stmt *statement;

	TRACE_SPAN_C("sql", "select user by name", TRACE_STR("name", name));
	statement = ask(store, USER_BY_NAME);
	if (statement == NULL) {
		return STORE_FAILED;
	}
	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	return one_user(store, statement, user);
}

enum store_result store_user_add(struct store *store, struct user *user)
{
	enum store_result result;
	sqlite3_stmt *statement;

	TRACE_SPAN_C("sql", "insert user", TRACE_STR("name", user->name));
	statement = ask(store, USER_ADD);
	if (statement == NULL) {
		return STORE_FAILED;
	}
	sqlite3_bind_text(statement, 1, user->name, -1, SQLITE_STATIC);
	sqlite3_bind_blob(statement, 2, user->salt, STORE_SALT_SIZE, SQLITE_STATIC);
	sqlite3_bind_blob(statement, 3, user->hash, STORE_HASH_SIZE, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 4, user->created);
	result = change(store, statement);
	user->id = sqlite3_last_insert_rowid(store->db);
	return result;
}

enum store_result store_users(struct store *store, int limit,
			      void (*each)(void *context, const struct user *user), void *context)
{
	enum store_result result;
	sqlite3_stmt *statement;
	struct user user;
	int outcome;

	TRACE_SPAN_C("sql", "select users", TRACE_I64("limit", limit));
	statement = ask(store, USERS);
	if (statement == NULL) {
		return STORE_FAILED;
	}
	sqlite3_bind_int(statement, 1, limit);
	while ((outcome = step(statement)) == SQLITE_ROW) {
		read_user(statement, &user);
		each(context, &user);
	}
	result = finish(store, statement, outcome);
	return result == STORE_NONE ? STORE_OK : result;
}

static enum store_result fill_users(struct store *store, int count, const struct user *model)
{
	sqlite3_stmt *statement = ask(store, USERS_FILL);

	if (statement == NULL) {
		return STORE_FAILED;
	}
	sqlite3_bind_int(statement, 1, count);
	sqlite3_bind_blob(statement, 2, model->salt, STORE_SALT_SIZE, SQLITE_STATIC);
	sqlite3_bind_blob(statement, 3, model->hash, STORE_HASH_SIZE, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 4, model->created);
	return change(store, statement);
}

static enum store_result fill_logins(struct store *store, int users, int logins, int64_t until)
{
	sqlite3_stmt *statement = ask(store, LOGINS_FILL);

	if (statement == NULL) {
		return STORE_FAILED;
	}
	sqlite3_bind_int(statement, 1, users);
	sqlite3_bind_int(statement, 2, logins);
	sqlite3_bind_int64(statement, 3, until);
	return change(store, statement);
}

enum store_result store_users_fill(struct store *store, int count, int logins,
				   const struct user *model)
{
	enum store_result result;

	TRACE_SPAN_C("sql", "insert demo users", TRACE_I64("count", count));
	result = fill_users(store, count, model);
	return result == STORE_OK ? fill_logins(store, count, logins, model->created) : result;
}

static enum store_result note_login(struct store *store, int64_t user, int64_t now)
{
	sqlite3_stmt *statement = ask(store, LOGIN_ADD);

	if (statement == NULL) {
		return STORE_FAILED;
	}
	sqlite3_bind_int64(statement, 1, user);
	sqlite3_bind_int64(statement, 2, now);
	return change(store, statement);
}

static enum store_result count_login(struct store *store, int64_t user)
{
	sqlite3_stmt *statement = ask(store, LOGIN_COUNT);

	if (statement == NULL) {
		return STORE_FAILED;
	}
	sqlite3_bind_int64(statement, 1, user);
	return change(store, statement);
}

enum store_result store_login_add(struct store *store, int64_t user, int64_t now)
{
	enum store_result result;

	TRACE_SPAN_C("sql", "insert login", TRACE_I64("user", user));
	result = note_login(store, user, now);
	return result == STORE_OK ? count_login(store, user) : result;
}

/* One span for all rows: a step is less than a microsecond. */
enum store_result store_logins(struct store *store, int64_t user, int limit,
			       void (*each)(void *context, int64_t at), void *context)
{
	enum store_result result;
	sqlite3_stmt *statement;
	int outcome;

	TRACE_SPAN_C("sql", "select logins", TRACE_I64("user", user));
	statement = ask(store, LOGINS);
	if (statement == NULL) {
		return STORE_FAILED;
	}
	sqlite3_bind_int64(statement, 1, user);
	sqlite3_bind_int(statement, 2, limit);
	while ((outcome = sqlite3_step(statement)) == SQLITE_ROW) {
		each(context, sqlite3_column_int64(statement, 0));
	}
	result = finish(store, statement, outcome);
	return result == STORE_NONE ? STORE_OK : result;
}

enum store_result store_token_add(struct store *store, const uint8_t hash[STORE_HASH_SIZE],
				  int64_t user, int64_t expires)
{
	sqlite3_stmt *statement;

	TRACE_SPAN_C("sql", "insert token", TRACE_I64("user", user));
	statement = ask(store, TOKEN_ADD);
	if (statement == NULL) {
		return STORE_FAILED;
	}
	sqlite3_bind_blob(statement, 1, hash, STORE_HASH_SIZE, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, user);
	sqlite3_bind_int64(statement, 3, expires);
	return change(store, statement);
}

enum store_result store_token_find(struct store *store, const uint8_t hash[STORE_HASH_SIZE],
				   int64_t now, int64_t *user)
{
	sqlite3_stmt *statement;
	int outcome;

	TRACE_SPAN_C("sql", "select token");
	statement = ask(store, TOKEN_FIND);
	if (statement == NULL) {
		return STORE_FAILED;
	}
	sqlite3_bind_blob(statement, 1, hash, STORE_HASH_SIZE, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, now);
	outcome = step(statement);
	if (outcome == SQLITE_ROW) {
		*user = sqlite3_column_int64(statement, 0);
	}
	return finish(store, statement, outcome);
}

enum store_result store_tokens_expire(struct store *store, int64_t now, int *count)
{
	enum store_result result;
	sqlite3_stmt *statement;

	TRACE_SPAN_C("sql", "delete expired tokens");
	statement = ask(store, TOKENS_EXPIRE);
	if (statement == NULL) {
		return STORE_FAILED;
	}
	sqlite3_bind_int64(statement, 1, now);
	result = change(store, statement);
	*count = sqlite3_changes(store->db);
	return result;
}

static enum store_result keep_seed(struct store *store, const uint8_t seed[STORE_SEED_SIZE])
{
	sqlite3_stmt *statement = ask(store, KEY_KEEP);

	if (statement == NULL) {
		return STORE_FAILED;
	}
	sqlite3_bind_blob(statement, 1, seed, STORE_SEED_SIZE, SQLITE_STATIC);
	return change(store, statement);
}

enum store_result store_seed(struct store *store, uint8_t seed[STORE_SEED_SIZE])
{
	sqlite3_stmt *statement;
	int outcome;

	if (keep_seed(store, seed) != STORE_OK) {
		return STORE_FAILED;
	}
	statement = ask(store, KEY_GET);
	if (statement == NULL) {
		return STORE_FAILED;
	}
	outcome = step(statement);
	if (outcome == SQLITE_ROW) {
		copy_blob(statement, 0, seed, STORE_SEED_SIZE);
	}
	return finish(store, statement, outcome);
}
