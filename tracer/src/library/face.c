/* SPDX-License-Identifier: MIT */

/* This recorder's face and its note; see face.h. */

#include "tracer/src/library/face.h"

#include "tracer/src/directory/ring_dir.h"
#include "tracer/src/emit/thread.h"

const struct ctrace_face ctrace_face = {
	.version = CTRACE_FACE_VERSION,
	.bytes = sizeof(struct ctrace_face),
	.release = CTRACE_VERSION,
	.meet = ctrace_call_meet,
	.enter = ctrace_call_enter,
	.text = ctrace_call_text,
	.leave = ctrace_call_leave,
	.is_own_process = ctrace_thread_is_own_process,
	.record = ctrace_call_record,
	.tell_maps = ctrace_ring_dir_tell_maps,
};

/* Owner and type as face.h says; the numbers are sizes of what follows. */
__asm__(".pushsection .note.ctrace, \"a\", %note\n"
	"	.balign 4\n"
	"	.long 7, 4, 1\n"
	"	.asciz \"ctrace\"\n"
	"	.balign 4\n"
	"	.long ctrace_face - .\n"
	".popsection\n");
