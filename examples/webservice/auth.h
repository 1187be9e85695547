/* SPDX-License-Identifier: MIT */
#ifndef WEBSERVICE_AUTH_H
#define WEBSERVICE_AUTH_H

/*
 * Passwords and login tokens. Neither is stored: a password as PBKDF2 of it and
 * its own salt, a token as the SHA-256 of its number. A token is 128 random bits and this service's
 * signature of them; numbers just looked up are kept in a small cache that all workers share.
 */

#include "signature.h"
#include "store.h"

#include <stdbool.h>
#include <stdint.h>

#define AUTH_NUMBER_SIZE 16
/* Characters: the number and its signature in hexadecimal. */
#define AUTH_TOKEN_SIZE (2 * (AUTH_NUMBER_SIZE + SIGNATURE_SIZE))

struct auth;

/* `seed`: of the key that signs tokens. */
struct auth *auth_create(unsigned token_seconds, const uint8_t seed[SIGNATURE_SEED_SIZE]);
void auth_destroy(struct auth *auth);

/* Fills salt and hash. */
bool auth_set_password(struct user *user, const char *password);

/* STORE_NONE: no such user or wrong password (which of the two is not told). */
enum store_result auth_login(struct auth *auth, struct store *store, const char *name,
			     const char *password, char text[AUTH_TOKEN_SIZE + 1]);
/* Whose token this is. STORE_NONE: nobody's, or it has expired. */
enum store_result auth_check(struct auth *auth, struct store *store, const char *text,
			     int64_t *user);
/* Forget what has expired, in the store and in the cache. Returns how many tokens went. */
int auth_clean(struct auth *auth, struct store *store);

#endif
