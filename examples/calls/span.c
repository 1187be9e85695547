/* SPDX-License-Identifier: MIT */
/*
 * TRACE_SPAN: a span to the end of the scope, also when the scope is left early.
 *
 *     cc span.c $(pkg-config --cflags --libs ctrace) -o span
 *     CTRACE_FILE=trace.out ./span && ctrace view trace.out
 */

#include <ctrace/trace.h>
#include <stdio.h>

static int is_prime(int number)
{
	TRACE_SPAN("is_prime", TRACE_I64("number", number));
	for (int i = 2; i * i <= number; i++) {
		if (number % i == 0) {
			return 0; /* the span ends here, too */
		}
	}
	return number > 1;
}

int main(void)
{
	int count = 0;

	TRACE_SPAN_C("math", "count primes"); /* with a category that can be switched */
	for (int number = 0; number < 1000; number++) {
		count += is_prime(number);
	}
	printf("%d primes\n", count);
	return 0;
}
