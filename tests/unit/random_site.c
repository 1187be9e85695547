/* SPDX-License-Identifier: MIT */
/* Names, sites and values where mistakes would be; see random_site.h. */

#include "tests/unit/random_site.h"

#include "tests/unit/trace_maker.h"

#include <math.h>

#define NAME(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
/* clang-format off */
static const struct {
	const char *bytes;
	uint32_t size;
} names[] = {
	NAME("main"), NAME("parse"), NAME("handle request"), NAME("db.query"), NAME("malloc"), NAME("http"), NAME("app"),
	NAME("src/server.c"), NAME("std::vector<int>::push_back"), NAME("wait"), NAME("queue length"), NAME("bytes"),
	NAME("quote\"quote"), NAME("back\\slash"), NAME("nul\0nul"), NAME("\xff\xfe invalid \xc3"), NAME("\xed\xa0\x80 surrogate"),
	NAME("</script><script>alert(1)</script>"), NAME("<img src=x onerror=alert(1)>"), NAME("emoji \xf0\x9f\x98\x80"),
	NAME("line\nbreak\ttab\r"), NAME("\x1b[31mred"), NAME("${jndi:x}"), NAME("{{7*7}}"), NAME("'; DROP TABLE spans;--"),
	NAME("\xe2\x80\xae" "right to left"), NAME(" "), NAME("%s%n%d"), NAME("\xc0\xaf overlong"), NAME("\xf4\x90\x80\x80"),
};
/* clang-format on */

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

static bool one_in(uint64_t *dice, uint64_t odds)
{
	return ctrace_random_below(dice, odds) == 0;
}

uint32_t ctrace_random_name(struct ctrace_writer *writer, uint64_t *dice)
{
	size_t i = ctrace_random_below(dice, NAME_COUNT);
	char made[64];

	if (!one_in(dice, 4)) {
		return ctrace_writer_string(writer, names[i].bytes, names[i].size);
	}
	size_t size = ctrace_random_below(dice, sizeof(made));
	for (size_t k = 0; k < size; k++) {
		made[k] = (char)ctrace_random_below(dice, 256);
	}
	return ctrace_writer_string(writer, made, size);
}

static const enum ctrace_kind site_kinds[] = {
	CTRACE_KIND_SPAN_BEGIN, CTRACE_KIND_SPAN_BEGIN, CTRACE_KIND_SPAN_BEGIN,
	CTRACE_KIND_INSTANT,	CTRACE_KIND_COUNTER,	CTRACE_KIND_LOG,
	CTRACE_KIND_TASK_BEGIN, CTRACE_KIND_TASK_STEP,
};

static void demand_args(struct ctrace_site *site, uint64_t *dice)
{
	static const uint8_t numbers[] = {CTRACE_ARG_I64, CTRACE_ARG_U64, CTRACE_ARG_F64};

	switch (site->kind) {
	case CTRACE_KIND_COUNTER:
		site->arg_types[site->arg_count++] =
			numbers[ctrace_random_below(dice, sizeof(numbers))];
		break;
	case CTRACE_KIND_LOG:
		site->arg_types[site->arg_count++] = CTRACE_ARG_STR;
		break;
	case CTRACE_KIND_TASK_BEGIN:
		site->arg_types[site->arg_count++] = CTRACE_ARG_U64;
		site->arg_types[site->arg_count++] = CTRACE_ARG_U64;
		break;
	case CTRACE_KIND_TASK_STEP:
		site->arg_types[site->arg_count++] = CTRACE_ARG_U64;
		break;
	default:
		break;
	}
}

void ctrace_random_site(struct ctrace_site *site, uint32_t index, struct ctrace_writer *writer,
			uint64_t *dice)
{
	size_t kind = ctrace_random_below(dice, sizeof(site_kinds) / sizeof(site_kinds[0]));

	*site = (struct ctrace_site){
		.id = one_in(dice, 20) ? CTRACE_SITE_MAX - index : index * 3,
		.kind = index == 0 ? CTRACE_KIND_SPAN_BEGIN : site_kinds[kind],
		.name = ctrace_random_name(writer, dice),
		.category = ctrace_random_name(writer, dice),
		.file = ctrace_random_name(writer, dice),
		.function = ctrace_random_name(writer, dice),
		.line = (uint32_t)ctrace_random_below(dice, 5000),
	};
	demand_args(site, dice);
	uint64_t more = one_in(dice, 3) ? ctrace_random_below(dice, 9) : 0;
	for (uint64_t i = 0; i < more; i++) {
		site->arg_types[site->arg_count++] =
			(uint8_t)(CTRACE_ARG_I64 + ctrace_random_below(dice, CTRACE_ARG_HEX));
	}
	for (unsigned i = 0; i < site->arg_count; i++) {
		site->arg_names[i] = ctrace_random_name(writer, dice);
	}
	ctrace_writer_site(writer, site);
}

uint64_t ctrace_random_number(uint64_t *dice)
{
	uint64_t bits = ctrace_random_below(dice, 65);

	return bits == 0 ? 0 : ctrace_random(dice) >> (64 - bits);
}

static double random_double(uint64_t *dice)
{
	static const double special[] = {0.0, -0.0, 1.5, INFINITY, -INFINITY, NAN, 5e-324, 1e308};

	if (one_in(dice, 3)) {
		return special[ctrace_random_below(dice, sizeof(special) / sizeof(special[0]))];
	}
	return (double)(int64_t)ctrace_random_number(dice) / 1024.0;
}

struct ctrace_bytes ctrace_random_text(uint64_t *dice)
{
	static const char long_text[CTRACE_STRING_BYTES_MAX];
	size_t i = ctrace_random_below(dice, NAME_COUNT);

	if (one_in(dice, 200)) {
		return (struct ctrace_bytes){long_text, (uint32_t)sizeof(long_text)};
	}
	if (one_in(dice, 8)) {
		return (struct ctrace_bytes){"", 0};
	}
	return (struct ctrace_bytes){names[i].bytes, names[i].size};
}

void ctrace_random_value(struct ctrace_value *value, struct ctrace_block *block,
			 struct ctrace_writer *writer, uint64_t *dice)
{
	switch (value->type) {
	case CTRACE_ARG_I64:
		value->i64 = (int64_t)ctrace_random_number(dice) * (one_in(dice, 2) ? 1 : -1);
		ctrace_block_arg_i64(block, value->i64);
		break;
	case CTRACE_ARG_F64:
		value->f64 = random_double(dice);
		ctrace_block_arg_f64(block, value->f64);
		break;
	case CTRACE_ARG_BOOL:
		value->u64 = ctrace_random_below(dice, 2);
		ctrace_block_arg_bool(block, value->u64 != 0);
		break;
	case CTRACE_ARG_STR:
		value->str = ctrace_random_text(dice);
		if (one_in(dice, 2)) {
			ctrace_block_arg_string(
				block,
				ctrace_writer_string(writer, value->str.bytes, value->str.size));
		} else {
			ctrace_block_arg_bytes(block, value->str.bytes, value->str.size);
		}
		break;
	case CTRACE_ARG_U64:
	case CTRACE_ARG_PTR:
	case CTRACE_ARG_HEX:
		value->u64 = ctrace_random_number(dice);
		ctrace_block_arg_u64(block, value->u64);
		break;
	}
}
