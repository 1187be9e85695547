// SPDX-License-Identifier: MIT

// C++ that allocates on the way in and out of exceptions, through templates and virtual functions.

#include "tests/preload/stacks_host.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{

struct Node {
	virtual ~Node() = default;
	virtual void grow(unsigned depth) = 0;
};

template <unsigned Bytes> struct Block final : Node {
	char room[Bytes];
	APART void grow(unsigned depth) override
	{
		room[depth % Bytes] = 1;
		char *volatile got = new char[note_stack()];
		std::unique_ptr<char[]> held(got);
		if (depth > 0) {
			Block<Bytes * 2 % 1009 + 8> within;
			within.room[0] = room[0];
			GET_BLOCK();
		}
		AFTER_CALL();
	}
};

/* While an exception passes, destructors get blocks. */
struct Last {
	APART ~Last()
	{
		GET_BLOCK();
	}
};

APART void throws(unsigned depth)
{
	Last last;
	if (depth == 0) {
		GET_BLOCK();
		throw std::runtime_error("deep");
	}
	throws(depth - 1);
	AFTER_CALL();
}

APART void catches(unsigned depth)
{
	try {
		throws(depth);
	} catch (const std::exception &) {
		GET_BLOCK();
	}
}

APART void sorts()
{
	std::vector<int> numbers{5, 2, 8, 1, 9};
	std::sort(numbers.begin(), numbers.end(), [](int left, int right) {
		GET_BLOCK();
		return left < right;
	});
	std::map<std::string, std::function<void()>> calls;
	calls["one"] = [] { GET_BLOCK(); };
	calls["two"] = [&numbers] {
		numbers[0]++;
		GET_BLOCK();
	};
	for (auto &[name, call] : calls) {
		call();
	}
}

} // namespace

void get_in_classes()
{
	for (unsigned i = 0; i < 5; i++) {
		Block<24> small;
		Block<300> large;
		Node *nodes[] = {&small, &large};
		for (Node *node : nodes) {
			node->grow(i);
		}
		catches(i);
		sorts();
	}
}
