/* SPDX-License-Identifier: MIT */

/* Chances and weights; see alloc_chance.h. Without the library of mathematics, which would come
 * into every program. */

#include "tracer/preload/alloc_chance.h"

#include <string.h>

/* e^-64: no chance is nearer to 1. */
#define CERTAIN 64u

uint64_t ctrace_chance_random(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* ln((1 + z) / (1 - z)) for a z of at most 0.18: terms below 1e-17 are left out. */
static double log_of_ratio(double z)
{
	double square = z * z, power = z, sum = 0;

	for (unsigned i = 1; i < 24; i += 2) {
		sum += power / i;
		power *= square;
	}
	return 2 * sum;
}

/* ln of a positive number that is not tiny: 2^e m with m around 1. */
static double log_of(double x)
{
	const double ln_2 = 0.6931471805599453094, root_2 = 1.4142135623730951;
	uint64_t bits;
	int exponent;

	memcpy(&bits, &x, sizeof(bits));
	exponent = (int)(bits >> 52) - 1023;
	bits = (bits & (UINT64_MAX >> 12)) | UINT64_C(1023) << 52;
	memcpy(&x, &bits, sizeof(x));
	if (x > root_2) {
		x /= 2;
		exponent++;
	}
	return exponent * ln_2 + log_of_ratio((x - 1) / (x + 1));
}

/* ln(1 - 1/mean), exact also where 1 - 1/mean is nearly 1. */
static double log_of_miss(uint64_t mean)
{
	return mean > 4 ? log_of_ratio(-1 / (2 * (double)mean - 1)) : log_of(1 - 1 / (double)mean);
}

uint64_t ctrace_chance_draw(uint64_t *state, uint64_t mean)
{
	/* 2^-53 to 1. */
	double uniform = (double)((ctrace_chance_random(state) >> 11) + 1) * 0x1p-53;

	return mean <= 1 ? 1 : 1 + (uint64_t)(log_of(uniform) / log_of_miss(mean));
}

static double power(double base, uint64_t exponent)
{
	double result = 1;

	for (; exponent > 0; exponent >>= 1) {
		result *= (exponent & 1) != 0 ? base : 1;
		base *= base;
	}
	return result;
}

uint64_t ctrace_chance_weight(uint64_t size, uint64_t mean)
{
	double chance, weight;

	if (size == 0 || mean <= 1 || size / CERTAIN >= mean) {
		return size;
	}
	chance = 1 - power(1 - 1 / (double)mean, size);
	weight = (double)size / chance + 0.5;
	return weight > (double)size ? (uint64_t)weight : size;
}
