/* SPDX-License-Identifier: MIT */
#ifndef WEBSERVICE_STORE_H
#define WEBSERVICE_STORE_H

/*
 * Users and login tokens in SQLite. Each thread opens its own store on the same
 * file; the write-ahead log lets them read beside one that writes.
 */

#include <stdint.h>

#define STORE_HASH_SIZE 32 /* SHA-256 */
#define STORE_SALT_SIZE 16
#define STORE_SEED_SIZE 32
#define STORE_NAME_MAX	64 /* bytes of a user's name */

struct store;

enum store_result { STORE_OK, STORE_NONE, STORE_EXISTS, STORE_FAILED };

struct user {
	int64_t id;
	int64_t created; /* seconds since 1970 */
	int64_t logins;
	char name[STORE_NAME_MAX + 1];
	uint8_t salt[STORE_SALT_SIZE];
	uint8_t hash[STORE_HASH_SIZE];
};

/* Opens the file, makes it and its tables if need be. NULL after a line on stderr. */
struct store *store_open(const char *path);
void store_close(struct store *store);

enum store_result store_user_by_id(struct store *store, int64_t id, struct user *user);
enum store_result store_user_by_name(struct store *store, const char *name, struct user *user);
/* Fills user->id. STORE_EXISTS if the name is taken. */
enum store_result store_user_add(struct store *store, struct user *user);
/* Calls `each` for the first `limit` users by id. */
enum store_result store_users(struct store *store, int limit,
			      void (*each)(void *context, const struct user *user), void *context);
/* Many of them at once, for --demo: user1, user2, … with the same salt and hash, and `logins` past
 * logins each. */
enum store_result store_users_fill(struct store *store, int count, int logins,
				   const struct user *model);

enum store_result store_login_add(struct store *store, int64_t user, int64_t now);
/* Calls `each` for the latest `limit` logins, newest first; seconds since 1970. */
enum store_result store_logins(struct store *store, int64_t user, int limit,
			       void (*each)(void *context, int64_t at), void *context);

/* A token is known by its hash only. */
enum store_result store_token_add(struct store *store, const uint8_t hash[STORE_HASH_SIZE],
				  int64_t user, int64_t expires);
enum store_result store_token_find(struct store *store, const uint8_t hash[STORE_HASH_SIZE],
				   int64_t now, int64_t *user);
/* Removes those that have expired; *count is how many. */
enum store_result store_tokens_expire(struct store *store, int64_t now, int *count);

/* The seed of the key that signs tokens: the one that is kept; `seed` is kept if there is none yet.
 */
enum store_result store_seed(struct store *store, uint8_t seed[STORE_SEED_SIZE]);

#endif
