/* SPDX-License-Identifier: MIT */
/* A bound on time; see look_credit.h. */

#include "tracer/sources/resident/look_credit.h"

#include <time.h>

#define OF_THOUSAND	 4u
#define MOST_NS		 1000000
#define QUESTIONS_A_LOOK 8u

static uint64_t thread_ns(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void settle(struct ctrace_look_credit *credit)
{
	uint64_t now_ns = thread_ns();

	credit->left_ns -= (int64_t)(now_ns - credit->since_ns);
	credit->since_ns = now_ns;
}

void ctrace_look_credit_begin(struct ctrace_look_credit *credit, uint64_t now_ns)
{
	uint64_t more_ns = (now_ns - credit->at_ns) * OF_THOUSAND / 1000u;

	credit->since_ns = thread_ns();
	credit->questions = 0;
	if (credit->at_ns == 0 || more_ns > MOST_NS) {
		more_ns = MOST_NS;
	}
	credit->at_ns = now_ns;
	credit->left_ns += (int64_t)more_ns;
	if (credit->left_ns > MOST_NS) {
		credit->left_ns = MOST_NS;
	}
}

bool ctrace_look_credit_is_left(struct ctrace_look_credit *credit)
{
	if (++credit->questions % QUESTIONS_A_LOOK == 0) {
		settle(credit);
	}
	return credit->left_ns > 0;
}

void ctrace_look_credit_end(struct ctrace_look_credit *credit)
{
	settle(credit);
}
