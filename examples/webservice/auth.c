/* SPDX-License-Identifier: MIT */
/* Passwords, tokens, and the cache of tokens. */

#include "auth.h"

#include "job.h"

#include <ctrace/trace.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PASSWORD_ROUNDS 20000 /* makes guessing slow: some milliseconds each */
#define CACHE_SLOTS	1024  /* a power of two */
#define RATE_WINDOW	1000
#define CACHE_TRUST_NS	INT64_C(250000000) /* a token taken back works no longer than this */

struct cached_token {
	uint8_t hash[STORE_HASH_SIZE];
	int64_t user;
	int64_t until_ns;
};

struct auth {
	unsigned token_seconds;
	struct signer *signer;
	pthread_mutex_t lock; /* guards what follows */
	uint64_t hits, misses;
	struct cached_token cache[CACHE_SLOTS];
};

/* What a token says, as bytes. */
struct token {
	uint8_t number[AUTH_NUMBER_SIZE];
	uint8_t signature[SIGNATURE_SIZE];
};

struct auth *auth_create(unsigned token_seconds, const uint8_t seed[SIGNATURE_SEED_SIZE])
{
	struct auth *auth = calloc(1, sizeof(*auth));

	if (auth == NULL) {
		return NULL;
	}
	auth->token_seconds = token_seconds;
	auth->signer = signer_create(seed);
	pthread_mutex_init(&auth->lock, NULL);
	if (auth->signer == NULL) {
		auth_destroy(auth);
		return NULL;
	}
	return auth;
}

void auth_destroy(struct auth *auth)
{
	if (auth != NULL) {
		signer_destroy(auth->signer);
		pthread_mutex_destroy(&auth->lock);
		free(auth);
	}
}

static bool hash_password(const char *password, const uint8_t salt[STORE_SALT_SIZE],
			  uint8_t hash[STORE_HASH_SIZE])
{
	TRACE_SPAN_C("auth", "hash password", TRACE_I64("rounds", PASSWORD_ROUNDS));
	return PKCS5_PBKDF2_HMAC(password, -1, salt, STORE_SALT_SIZE, PASSWORD_ROUNDS, EVP_sha256(),
				 STORE_HASH_SIZE, hash) == 1;
}

bool auth_set_password(struct user *user, const char *password)
{
	return RAND_bytes(user->salt, STORE_SALT_SIZE) == 1 &&
	       hash_password(password, user->salt, user->hash);
}

static void hash_token(const struct token *token, uint8_t hash[STORE_HASH_SIZE])
{
	SHA256(token->number, sizeof(token->number), hash);
}

static void write_hex(const uint8_t *bytes, size_t size, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * size] = '\0';
}

static int digit_value(char digit)
{
	if (digit >= '0' && digit <= '9') {
		return digit - '0';
	}
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool read_hex(const char *text, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		const int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);

		if (high < 0 || low < 0) {
			return false;
		}
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool make_token(const struct auth *auth, struct token *token)
{
	return RAND_bytes(token->number, sizeof(token->number)) == 1 &&
	       signer_sign(auth->signer, token->number, sizeof(token->number), token->signature);
}

/* False: not a token of this service. */
static bool read_token(const struct auth *auth, const char *text, struct token *token)
{
	return strlen(text) == AUTH_TOKEN_SIZE &&
	       read_hex(text, token->number, sizeof(token->number)) &&
	       read_hex(text + 2 * sizeof(token->number), token->signature,
			sizeof(token->signature)) &&
	       signer_verify(auth->signer, token->number, sizeof(token->number), token->signature);
}

/* An unknown name costs as much as a wrong password: the answer's time tells nothing. */
static enum store_result check_password(struct store *store, const char *name, const char *password,
					struct user *user)
{
	enum store_result found;
	uint8_t hash[STORE_HASH_SIZE];

	memset(user, 0, sizeof(*user));
	found = store_user_by_name(store, name, user);
	if (found == STORE_FAILED || !hash_password(password, user->salt, hash)) {
		return STORE_FAILED;
	}
	if (CRYPTO_memcmp(hash, user->hash, sizeof(hash)) != 0) {
		return STORE_NONE;
	}
	return found;
}

enum store_result auth_login(struct auth *auth, struct store *store, const char *name,
			     const char *password, char text[AUTH_TOKEN_SIZE + 1])
{
	const int64_t now = time(NULL);
	uint8_t hash[STORE_HASH_SIZE];
	enum store_result result;
	struct token token;
	struct user user;

	TRACE_SPAN_C("auth", "log in", TRACE_STR("name", name));
	result = check_password(store, name, password, &user);
	if (result != STORE_OK) {
		TRACE_LOG("auth", "login failed for '%s'", name);
		return result;
	}
	if (!make_token(auth, &token)) {
		return STORE_FAILED;
	}
	write_hex(token.number, sizeof(token.number), text);
	write_hex(token.signature, sizeof(token.signature), text + 2 * sizeof(token.number));
	hash_token(&token, hash);
	result = store_token_add(store, hash, user.id, now + auth->token_seconds);
	return result == STORE_OK ? store_login_add(store, user.id, now) : result;
}

static struct cached_token *slot_of(struct auth *auth, const uint8_t hash[STORE_HASH_SIZE])
{
	uint32_t number;

	memcpy(&number, hash, sizeof(number));
	return &auth->cache[number % CACHE_SLOTS];
}

/* The rate is of the last thousand or so. */
static void count_lookup(struct auth *auth, bool is_hit)
{
	auth->hits += is_hit;
	auth->misses += !is_hit;
	if (auth->hits + auth->misses > RATE_WINDOW) {
		auth->hits /= 2;
		auth->misses /= 2;
	}
	TRACE_COUNTER("cache hit rate %",
		      100.0 * (double)auth->hits / (double)(auth->hits + auth->misses));
}

static bool find_cached(struct auth *auth, const uint8_t hash[STORE_HASH_SIZE], int64_t *user)
{
	const struct cached_token *slot = slot_of(auth, hash);
	const int64_t now_ns = job_now_ns();
	bool is_hit;

	pthread_mutex_lock(&auth->lock);
	is_hit = slot->until_ns > now_ns && memcmp(slot->hash, hash, STORE_HASH_SIZE) == 0;
	*user = slot->user;
	count_lookup(auth, is_hit);
	pthread_mutex_unlock(&auth->lock);
	return is_hit;
}

static void keep_cached(struct auth *auth, const uint8_t hash[STORE_HASH_SIZE], int64_t user)
{
	struct cached_token *slot = slot_of(auth, hash);

	pthread_mutex_lock(&auth->lock);
	memcpy(slot->hash, hash, STORE_HASH_SIZE);
	slot->user = user;
	slot->until_ns = job_now_ns() + CACHE_TRUST_NS;
	pthread_mutex_unlock(&auth->lock);
}

enum store_result auth_check(struct auth *auth, struct store *store, const char *text,
			     int64_t *user)
{
	uint8_t hash[STORE_HASH_SIZE];
	enum store_result result;
	struct token token;

	TRACE_SPAN_C("auth", "authenticate");
	if (!read_token(auth, text, &token)) {
		return STORE_NONE;
	}
	hash_token(&token, hash);
	if (find_cached(auth, hash, user)) {
		return STORE_OK;
	}
	result = store_token_find(store, hash, time(NULL), user);
	if (result == STORE_OK) {
		keep_cached(auth, hash, *user);
	}
	return result;
}

static void clean_cache(struct auth *auth)
{
	const int64_t now_ns = job_now_ns();

	TRACE_SPAN_C("auth", "clean cache");
	pthread_mutex_lock(&auth->lock);
	for (struct cached_token *slot = auth->cache; slot < auth->cache + CACHE_SLOTS; slot++) {
		if (slot->until_ns <= now_ns) {
			*slot = (struct cached_token){0};
		}
	}
	pthread_mutex_unlock(&auth->lock);
}

int auth_clean(struct auth *auth, struct store *store)
{
	int count = 0;

	clean_cache(auth);
	store_tokens_expire(store, time(NULL), &count);
	return count;
}
