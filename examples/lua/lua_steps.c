/* SPDX-License-Identifier: MIT */
/*
 * Lua 5.4 with its collector in the trace. Lua tells nobody when it collects, so this program stops
 * the automatic collector and collects itself, a step after each frame: that is when a game or a
 * server has time for it. Each step is marked, with what is alive after it.
 *
 *     CTRACE_FILE=trace.out ./lua_steps
 *
 * Prints how many steps it made, how many cycles they completed, and how many bytes are alive.
 */

#include <ctrace/trace.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

#define FRAMES	200
#define STEP_KB 64 /* of work, as if so much had been allocated */

static const char script[] = "local kept = {}\n"
			     "function frame(number)\n"
			     "	kept[number % 50 + 1] = string.rep('kept', 1000) .. number\n"
			     "	for i = 1, 200 do\n"
			     "		local dropped = { number, i, tostring(i) }\n"
			     "	end\n"
			     "end\n";

static size_t live_bytes(lua_State *lua)
{
	return (size_t)lua_gc(lua, LUA_GCCOUNT) * 1024 + (size_t)lua_gc(lua, LUA_GCCOUNTB);
}

static size_t less(size_t before, size_t after)
{
	return before > after ? before - after : 0;
}

/* Returns 1 where the step completed a cycle. */
static int collect_a_little(lua_State *lua)
{
	size_t before = live_bytes(lua);
	int is_complete;

	TRACE_GC_HEAP(before);
	TRACE_GC_BEGIN(CTRACE_GC_STEP);
	is_complete = lua_gc(lua, LUA_GCSTEP, STEP_KB);
	TRACE_GC_END(live_bytes(lua), less(before, live_bytes(lua)));
	TRACE_GC_HEAP(live_bytes(lua));
	return is_complete;
}

static void collect_all(lua_State *lua)
{
	size_t before = live_bytes(lua);

	TRACE_GC_BEGIN(CTRACE_GC_FULL);
	lua_gc(lua, LUA_GCCOLLECT);
	TRACE_GC_END(live_bytes(lua), less(before, live_bytes(lua)));
	TRACE_GC_HEAP(live_bytes(lua));
}

static int draw(lua_State *lua, int number)
{
	TRACE_SPAN("frame", TRACE_I64("number", number));

	lua_getglobal(lua, "frame");
	lua_pushinteger(lua, number);
	return lua_pcall(lua, 1, 0, 0);
}

static int run(lua_State *lua)
{
	int cycles = 0;

	lua_gc(lua, LUA_GCSTOP);
	for (int i = 0; i < FRAMES; i++) {
		if (draw(lua, i) != LUA_OK) {
			return -1;
		}
		cycles += collect_a_little(lua);
	}
	collect_all(lua);
	printf("%d steps, %d cycles, %zu bytes\n", FRAMES, cycles, live_bytes(lua));
	return 0;
}

int main(void)
{
	lua_State *lua = luaL_newstate();
	int status = -1;

	if (lua == NULL) {
		return 1;
	}
	luaL_openlibs(lua);
	if (luaL_dostring(lua, script) == LUA_OK) {
		status = run(lua);
	}
	if (status != 0) {
		fprintf(stderr, "lua_steps: %s\n", lua_tostring(lua, -1));
	}
	lua_close(lua);
	return status == 0 ? 0 : 1;
}
