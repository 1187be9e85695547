/* SPDX-License-Identifier: MIT */

/* Two libraries are made of this, with frames of different sizes at the same place. */

void through(void (*call)(unsigned), unsigned depth);

void through(void (*call)(unsigned), unsigned depth)
{
	volatile char room[FRAME_BYTES];

	room[0] = (char)depth;
	call(depth);
	room[1] = room[0];
}
