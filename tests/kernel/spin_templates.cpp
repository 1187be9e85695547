// SPDX-License-Identifier: MIT

// Spins in templates of a namespace, so that names have to be demangled.

#include <cstdint>
#include <cstdlib>

namespace shop
{
template <typename Unit> struct Price {
	volatile Unit sum = 0;

	__attribute__((noinline)) void spin(std::uint64_t turns)
	{
		for (std::uint64_t i = 0; i < turns; i++) {
			sum = sum * 3 + 1;
		}
	}
};
} // namespace shop

int main(int argc, char **argv)
{
	shop::Price<unsigned long> price;
	int rounds = argc > 1 ? std::atoi(argv[1]) : 100;

	for (int i = 0; i < rounds; i++) {
		price.spin(1000000);
		price.sum = price.sum + 1;
	}
	return price.sum == 1;
}
