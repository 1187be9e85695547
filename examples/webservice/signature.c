/* SPDX-License-Identifier: MIT */
#include "signature.h"

#include <ctrace/trace.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct signer {
	EVP_PKEY *key;
};

struct signer *signer_create(const uint8_t seed[SIGNATURE_SEED_SIZE])
{
	struct signer *signer = calloc(1, sizeof(*signer));

	if (signer == NULL) {
		return NULL;
	}
	signer->key =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SIGNATURE_SEED_SIZE);
	if (signer->key == NULL) {
		signer_destroy(signer);
		return NULL;
	}
	return signer;
}

void signer_destroy(struct signer *signer)
{
	if (signer != NULL) {
		EVP_PKEY_free(signer->key);
		free(signer);
	}
}

bool signer_sign(const struct signer *signer, const uint8_t *text, size_t size,
		 uint8_t signature[SIGNATURE_SIZE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t signature_size = SIGNATURE_SIZE;
	bool is_signed;

	TRACE_SPAN_C("auth", "sign token");
	is_signed = context != NULL &&
		    EVP_DigestSignInit(context, NULL, NULL, NULL, signer->key) == 1 &&
		    EVP_DigestSign(context, signature, &signature_size, text, size) == 1;
	EVP_MD_CTX_free(context);
	return is_signed;
}

bool signer_verify(const struct signer *signer, const uint8_t *text, size_t size,
		   const uint8_t signature[SIGNATURE_SIZE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_ours;

	TRACE_SPAN_C("auth", "verify signature");
	is_ours = context != NULL &&
		  EVP_DigestVerifyInit(context, NULL, NULL, NULL, signer->key) == 1 &&
		  EVP_DigestVerify(context, signature, SIGNATURE_SIZE, text, size) == 1;
	EVP_MD_CTX_free(context);
	return is_ours;
}
