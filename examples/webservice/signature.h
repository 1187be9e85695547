/* SPDX-License-Identifier: MIT */
#ifndef WEBSERVICE_SIGNATURE_H
#define WEBSERVICE_SIGNATURE_H

/*
 * Ed25519 signatures of login tokens: one that this service did not issue is refused before the
 * database is asked. Any thread may use a signer.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_SEED_SIZE 32
#define SIGNATURE_SIZE	    64

struct signer;

/* NULL: no memory, or the library refused. */
struct signer *signer_create(const uint8_t seed[SIGNATURE_SEED_SIZE]);
void signer_destroy(struct signer *signer);

bool signer_sign(const struct signer *signer, const uint8_t *text, size_t size,
		 uint8_t signature[SIGNATURE_SIZE]);
bool signer_verify(const struct signer *signer, const uint8_t *text, size_t size,
		   const uint8_t signature[SIGNATURE_SIZE]);

#endif
