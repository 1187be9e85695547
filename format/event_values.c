/* SPDX-License-Identifier: MIT */
/* The arguments or fields of one event (SPEC 8.2, 8.3), which the cursor has checked. */

#include "format/opened.h"
#include "format/wire.h"

#include <string.h>

static void get_string(const struct ctrace_trace *trace, struct ctrace_wire *wire,
		       struct ctrace_value *value)
{
	uint64_t number = ctrace_wire_varint(wire);

	value->type = CTRACE_ARG_STR;
	if ((number & 1) == 0) {
		value->str = ctrace_trace_string(trace, (uint32_t)(number >> 1));
		return;
	}
	const uint8_t *bytes = ctrace_wire_take(wire, number >> 1);
	value->str = (struct ctrace_bytes){
		.bytes = bytes == NULL ? "" : (const char *)bytes,
		.size = bytes == NULL ? 0 : (uint32_t)(number >> 1),
	};
}

static void get_arg(const struct ctrace_trace *trace, struct ctrace_wire *wire,
		    struct ctrace_value *value)
{
	uint64_t bits;

	switch (value->type) {
	case CTRACE_ARG_I64:
		value->i64 = ctrace_wire_zigzag(wire);
		break;
	case CTRACE_ARG_F64:
		bits = ctrace_wire_u64(wire);
		memcpy(&value->f64, &bits, sizeof(bits));
		break;
	case CTRACE_ARG_BOOL:
		value->u64 = ctrace_wire_u8(wire);
		break;
	case CTRACE_ARG_STR:
		get_string(trace, wire, value);
		break;
	case CTRACE_ARG_U64:
	case CTRACE_ARG_PTR:
	case CTRACE_ARG_HEX:
		value->u64 = ctrace_wire_varint(wire);
		break;
	}
}

static void get_field(const struct ctrace_trace *trace, struct ctrace_wire *wire, unsigned type,
		      struct ctrace_value *value)
{
	*value = (struct ctrace_value){.type = CTRACE_ARG_U64};
	if (type == CTRACE_FIELD_STR) {
		get_string(trace, wire, value);
	} else if (type == CTRACE_FIELD_ZIGZAG) {
		value->type = CTRACE_ARG_I64;
		value->i64 = ctrace_wire_zigzag(wire);
	} else if (type == CTRACE_FIELD_U8) {
		value->u64 = ctrace_wire_u8(wire);
	} else {
		value->u64 = ctrace_wire_varint(wire);
	}
}

unsigned ctrace_event_values(const struct ctrace_trace *trace, const struct ctrace_event *event,
			     struct ctrace_value values[16])
{
	struct ctrace_wire wire =
		ctrace_wire_over(event->args, (size_t)(event->args_end - event->args));

	if (event->kind == CTRACE_KIND_SPAN_END) {
		return 0;
	}
	if (event->site != CTRACE_NO_SITE) {
		const struct ctrace_site *site = ctrace_trace_site(trace, event->site);
		unsigned count = site == NULL ? 0 : site->arg_count;
		for (unsigned i = 0; i < count; i++) {
			values[i] = (struct ctrace_value){
				.type = (enum ctrace_arg_type)site->arg_types[i],
				.name = site->arg_names[i],
			};
			get_arg(trace, &wire, &values[i]);
		}
		return count;
	}
	if ((unsigned)event->kind >= CTRACE_KINDS_END) {
		return 0;
	}
	const struct ctrace_plain_kind *kind = &trace->kinds[event->kind];
	for (unsigned i = 0; i < kind->field_count; i++) {
		get_field(trace, &wire, kind->field_types[i], &values[i]);
	}
	return kind->field_count;
}
