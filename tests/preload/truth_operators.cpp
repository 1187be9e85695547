/* SPDX-License-Identifier: MIT */
/*
 * Gets and gives back memory by every form of new and delete, and some malloc, the same each time:
 * see test_truth.py. Each form is a function and a line of its own.
 */

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>

namespace
{

constexpr unsigned threads = 4, blocks = 64, steps = 1500;
constexpr std::align_val_t wide{64};
constexpr std::size_t too_large = std::size_t{1} << 62;

struct worker {
	std::uint32_t random;
	void *blocks[::blocks];
	unsigned ways[::blocks];
};

std::uint32_t next(worker &self)
{
	self.random = self.random * 1664525u + 1013904223u;
	return self.random >> 8;
}

std::size_t size_of(worker &self)
{
	std::uint32_t number = next(self);

	return number % 97 == 0 ? 100000 + number % 100000 : 1 + number % (1u << number % 12);
}

void *by_new(worker &self)
{
	return ::operator new(size_of(self));
}

void *by_new_array(worker &self)
{
	return ::operator new[](size_of(self));
}

void *by_new_nothrow(worker &self)
{
	return ::operator new(size_of(self), std::nothrow);
}

void *by_new_array_nothrow(worker &self)
{
	return ::operator new[](size_of(self), std::nothrow);
}

void *by_new_aligned(worker &self)
{
	return ::operator new(size_of(self), wide);
}

void *by_new_array_aligned(worker &self)
{
	return ::operator new[](size_of(self), wide);
}

void *by_new_aligned_nothrow(worker &self)
{
	return ::operator new(size_of(self), wide, std::nothrow);
}

void *by_new_array_aligned_nothrow(worker &self)
{
	return ::operator new[](size_of(self), wide, std::nothrow);
}

void *by_malloc(worker &self)
{
	return std::malloc(size_of(self));
}

void *(*const ways[])(worker &self) = {
	by_new,
	by_new_array,
	by_new_nothrow,
	by_new_array_nothrow,
	by_malloc,
	by_new_aligned,
	by_new_array_aligned,
	by_new_aligned_nothrow,
	by_new_array_aligned_nothrow,
};

/* As it was got: by new, by new[], by malloc, aligned or not; each deletes in all of its forms. */
void give_back(void *block, unsigned way, unsigned form)
{
	switch (way) {
	case 0:
	case 2:
		if (form % 2) {
			::operator delete(block);
		} else {
			::operator delete(block, std::nothrow);
		}
		break;
	case 1:
	case 3:
		if (form % 2) {
			::operator delete[](block);
		} else {
			::operator delete[](block, std::nothrow);
		}
		break;
	case 4:
		std::free(block);
		break;
	case 5:
	case 7:
		if (form % 2) {
			::operator delete(block, wide);
		} else {
			::operator delete(block, wide, std::nothrow);
		}
		break;
	default:
		if (form % 2) {
			::operator delete[](block, wide);
		} else {
			::operator delete[](block, wide, std::nothrow);
		}
	}
}

void work(worker *self)
{
	for (unsigned step = 0; step < steps; step++) {
		unsigned at = next(*self) % ::blocks;

		if (self->blocks[at] != nullptr) {
			give_back(self->blocks[at], self->ways[at], next(*self));
		}
		self->ways[at] = next(*self) % (sizeof(ways) / sizeof(ways[0]));
		self->blocks[at] = ways[self->ways[at]](*self);
	}
}

/* Forms that know the size, which compilers choose by the type. */
struct alignas(128) aligned {
	char bytes[200];
};

struct plain {
	char bytes[50];
	~plain()
	{
		bytes[0] = 0;
	}
};

void by_type()
{
	for (unsigned i = 0; i < 100; i++) {
		delete new plain;
		delete[] new plain[3];
		delete new aligned;
		delete[] new aligned[2];
	}
}

/* What was thrown is caught: how often, of 100 times in each form. */
unsigned refused()
{
	unsigned count = 0;

	for (unsigned i = 0; i < 100; i++) {
		try {
			::operator delete(::operator new(too_large));
		} catch (const std::bad_alloc &) {
			count++;
		}
		try {
			::operator delete[](::operator new[](too_large, wide), wide);
		} catch (const std::bad_alloc &) {
			count++;
		}
		count += ::operator new(too_large, std::nothrow) == nullptr;
	}
	return count;
}

} // namespace

/* "refuse": also what cannot be had is asked for, which valgrind does not survive. */
int main(int argc, char **argv)
{
	static worker workers[threads];
	std::thread *running[threads];

	for (unsigned i = 0; i < threads; i++) {
		workers[i].random = 1 + i;
		running[i] = new std::thread(work, &workers[i]);
	}
	for (unsigned i = 0; i < threads; i++) {
		running[i]->join();
		delete running[i];
	}
	by_type();
	return argc < 2 || std::strcmp(argv[1], "refuse") != 0 || refused() == 300 ? 0 : 1;
}
