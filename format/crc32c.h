/* SPDX-License-Identifier: MIT */
#ifndef CTRACE_CRC32C_H
#define CTRACE_CRC32C_H

/* CRC-32C, the checksum of headers, payloads and trailer (SPEC 3). */

#include <stddef.h>
#include <stdint.h>

/*
 * The checksum of these bytes, with the processor's instruction where it has one.
 *
 * Thread: any.  Signal handler: yes.  Blocks: no.  Allocates: no.
 */
uint32_t ctrace_crc32c(const void *bytes, size_t size);

/* The same without the instruction: for other processors, and to test the one against the other. */
uint32_t ctrace_crc32c_by_table(const void *bytes, size_t size);

#endif
