/* SPDX-License-Identifier: MIT */

/* A program whose recorder is of another time: its face has a version that is not ours. */

#define CTRACE_DISABLE
#include "tracer/src/library/face.h"

#include <unistd.h>

extern const struct ctrace_face other_face;
const struct ctrace_face other_face = {
	.version = CTRACE_FACE_VERSION + 1, .bytes = sizeof(struct ctrace_face), .release = "9.9"};

__asm__(".pushsection .note.ctrace, \"a\", %note\n"
	"	.balign 4\n"
	"	.long 7, 4, 1\n"
	"	.asciz \"ctrace\"\n"
	"	.balign 4\n"
	"	.long other_face - .\n"
	".popsection\n");

int main(void)
{
	return write(STDOUT_FILENO, "runs\n", 5) == 5 ? 0 : 1;
}
