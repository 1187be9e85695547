/* SPDX-License-Identifier: MIT */
/* Spends its time in the kernel: reads a mebibyte of zeros, again and again.  call-subject TIMES */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char bytes[1 << 20];

__attribute__((noinline)) static long call_often(int fd, long times)
{
	long sum = 0;

	for (long i = 0; i < times; i++) {
		sum += read(fd, bytes, sizeof(bytes));
	}
	return sum;
}

int main(int argc, char **argv)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	long times = argc > 1 ? atol(argv[1]) : 1000;

	if (fd < 0 || call_often(fd, times) != times * (long)sizeof(bytes)) {
		perror("call-subject");
		return 1;
	}
	return 0;
}
