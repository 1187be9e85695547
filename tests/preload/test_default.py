# SPDX-License-Identifier: MIT
"""What `ctrace record` does when nothing is said of memory and locks: both are recorded, of programs that nobody here wrote, which
print and end as without it, whatever allocator serves them; and what leaves them out.

    test_default.py --ctrace PROGRAM --preload LIBRARY
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from calls_trace import Programs, Trace, result_of, run
from test_foreign import PYTHON, PYTHON_TEXT, SOURCE, needs

# Small enough that every program gets some that are chosen.
OFTEN = {"CTRACE_ALLOC_BYTES": "5000"}
# In the table SOURCES.
RECORDED, MISSING, NOT_ASKED = 1, 2, 3
ALLOCATORS = ("libjemalloc.so.2", "libmimalloc.so.2.0", "libtcmalloc_minimal.so.4")
LUA_TEXT = """
local t = {}
for i = 1, 20000 do t[i] = { name = "n" .. i, back = t[i - 1] } end
local words = {}
for i = 1, 2000 do words[#words + 1] = t[i * 7].name:rep(3) end
t = nil; collectgarbage()
print(#words, #table.concat(words, ","), pcall(error, "caught"))
os.exit(6)
"""
PAGE = "<html><head><title>t</title></head><body>" + "<table><tr><td>a</td><td>b &amp; c</td></tr></table><p>text</p>" * 300 + "</body></html>"
NGINX = """
daemon off; worker_processes 2; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; gzip on; gzip_types text/plain;
server {{ listen 127.0.0.1:{port}; root {folder}/www; }} }}
"""
ENDS = """
#include <pthread.h>
#include <stdlib.h>
static void use(unsigned size) { free(malloc(size)); }
__attribute__((constructor)) static void begin(void) { use(55001); }
__attribute__((destructor)) static void end(void) { use(55006); }
static void at_exit(void) { use(55005); }
static void of_thread(void *block) { free(block); use(55004); }
static pthread_key_t key;
static void *work(void *unused) { use(55002); pthread_setspecific(key, malloc(55003)); return NULL; }
int main(void)
{
	pthread_t thread;
	pthread_key_create(&key, of_thread);
	atexit(at_exit);
	pthread_create(&thread, NULL, work, NULL);
	return pthread_join(thread, NULL);
}
"""
LOADER = """
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char **words)
{
	void *library = dlopen(words[1], RTLD_NOW);
	int (*plug)(void) = library ? (int (*)(void))dlsym(library, "plug") : 0;
	printf("%d\\n", dlsym(RTLD_DEFAULT, "_Znwm") != 0);
	printf("%d\\n", plug ? plug() : -1);
	return dlclose(library);
}
"""
# A thread's first event comes in a handler whose stack has 4 KiB beside what the kernel puts there.
SMALL_STACK = """
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
static sem_t posted;
static void on_signal(int unused) { sem_post(&posted); }
static void *wait_for_it(void *unused) { while (sem_wait(&posted) != 0) { } return unused; }
static void *raise_it(void *unused)
{
	unsigned long frame = getauxval(AT_MINSIGSTKSZ), size = ((frame ? frame : 2048) + 2 * 4096 - 1) / 4096 * 4096;
	char *memory = mmap(NULL, size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = {.ss_sp = memory + 4096, .ss_size = size};
	if (mprotect(memory, 4096, PROT_NONE) == 0 && sigaltstack(&stack, NULL) == 0) { raise(SIGUSR1); }
	return unused;
}
int main(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
	struct timespec while_it_waits = {.tv_nsec = 200000000};
	pthread_t waits, raises;
	sem_init(&posted, 0, 0);
	sigaction(SIGUSR1, &action, NULL);
	pthread_create(&waits, NULL, wait_for_it, NULL);
	nanosleep(&while_it_waits, NULL);
	pthread_create(&raises, NULL, raise_it, NULL);
	pthread_join(raises, NULL);
	pthread_join(waits, NULL);
	puts("fine");
	return 0;
}
"""
# In a sandbox of a program's own: it may make no folders, or dies of reading a process's memory.
SANDBOX = """
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#define ON(call, answer) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), BPF_STMT(BPF_RET | BPF_K, (answer))
int main(int count, char **words)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ON(SYS_mkdir, SECCOMP_RET_ERRNO | REFUSAL), ON(SYS_mkdirat, SECCOMP_RET_ERRNO | REFUSAL),
		ON(SYS_process_vm_readv, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) { return 2; }
	printf("%d %d\\n", open("/tmp", O_TMPFILE, 0600), errno);
	fflush(stdout);
	return count > 1 ? execvp(words[1], words + 1) : 0;
}
"""
# Its result: 3, or how often its own operators were called.
PLUGIN = """
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
static int calls;
#ifdef OWN
void *operator new(std::size_t size) { calls++; return std::malloc(size); }
void operator delete(void *block) noexcept { calls++; std::free(block); }
void operator delete(void *block, std::size_t) noexcept { calls++; std::free(block); }
#endif
struct large { char bytes[10001]; };
extern "C" int plug()
{
	for (int i = 0; i < 5; i++) { delete new large; std::string text(10000, 'x'); }
#ifndef OWN
	try { (void)!new char[1UL << 62]; } catch (const std::bad_alloc &) { return 3; }
#endif
	return calls;
}
"""
# Names of libgc that are none of it: one that is too old for handlers, or somebody else's. Of a program, and of a plugin's library.
OLD_GC = """
static int count;
void GC_init(void) { count += 1; }
void GC_gcollect(void) { count += 10; }
int GC_try_to_collect(int (*stop)(void)) { count += 100; return 7; }
void GC_set_on_heap_resize(void (*handler)(unsigned long)) { handler(1000); }
int old_count(void) { return count; }
"""
USER_OF_GC = """
#include <stdio.h>
void GC_init(void), GC_gcollect(void), GC_set_on_heap_resize(void (*handler)(unsigned long));
int GC_try_to_collect(int (*stop)(void)), old_count(void);
static unsigned long told;
static void tell(unsigned long bytes) { told = bytes; }
int plug(void)
{
	GC_init();
	GC_gcollect();
	GC_set_on_heap_resize(tell);
	return GC_try_to_collect(NULL) + old_count() * 10 + (int)told * 10;
}
int main(void) { printf("%d\\n", plug()); return 0; }
"""
SANITIZED = "#include <stdio.h>\n#include <stdlib.h>\nint main(void) { free(malloc(100000)); puts(\"ok\"); return 5; }\n"


def found_allocators():
    return [str(found) for name in ALLOCATORS for found in Path("/usr/lib").glob(f"*/{name}")]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Recorded(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)
        self.path.chmod(0o755)
        self.trace = self.path / "trace.out"

    def words(self, *options):
        return [str(word) for word in (Programs.ctrace, "record", "-q", *options, "-o", self.trace, "--")]

    def has_memory(self, what=""):
        trace = Trace(self.trace)
        self.assertNotEqual([], trace.events("alloc"), what)
        return trace


class Foreign(Recorded):
    """Each as it is, and with each allocator that is installed behind ours."""

    def ways(self):
        yield (), {}
        for library in found_allocators():
            yield ("--sources", "spans,alloc,locks"), {"LD_PRELOAD": library}

    def same(self, *words, **more):
        for options, env in self.ways():
            plain = run(*words, env=env, **more)
            done = run(*self.words(*options), *words, env={**env, **OFTEN}, **more)
            self.assertEqual(result_of(plain), result_of(done), env)
            self.has_memory(env)
        return plain

    @needs(PYTHON)
    def test_python(self):
        self.assertEqual(0, self.same(PYTHON, "-c", PYTHON_TEXT).returncode)

    @needs("gcc")
    def test_gcc(self):
        source, program = self.path / "a.c", self.path / "a"
        source.write_text(SOURCE)
        self.same("gcc", "-O2", "-Wall", "-o", program, source)
        self.assertEqual((5, b"0\n1\n4\n"), (run(program).returncode, run(program).stdout))
        source.write_text("int main(void) { return }\n")
        self.assertEqual(1, self.same("gcc", "-c", "-o", program, source).returncode)

    @needs("git")
    def test_git(self):
        run("git", "init", "-q", ".", cwd=self.path)
        (self.path / "a").write_text("text\n")
        run("git", "add", "a", cwd=self.path)
        run("git", "-c", "user.name=a", "-c", "user.email=a", "commit", "-q", "-m", "one", cwd=self.path)
        self.same("git", "log", "-p", cwd=self.path)
        self.same("git", "fsck", "--full", cwd=self.path)
        self.assertEqual(128, self.same("git", "show", "nothing", cwd=self.path).returncode)

    @needs("lua5.4")
    def test_lua(self):
        self.assertEqual(6, self.same("lua5.4", "-e", LUA_TEXT).returncode)

    @needs("w3m")
    def test_w3m_with_its_collector(self):
        page = self.path / "page.html"
        page.write_text(PAGE)
        self.assertIn(b"b & c", self.same("env", f"HOME={self.path}", "w3m", "-dump", page).stdout)

    # ---- servers

    def serve(self, options, env, words, load):
        """Starts it recorded, has `load` use it and end it."""
        server = subprocess.Popen([*self.words(*options), *[str(word) for word in words]], stdout=subprocess.DEVNULL,
                                  stdin=subprocess.DEVNULL, env={**os.environ, **env, **OFTEN})
        try:
            load(server)
            self.assertEqual(0, server.wait(60))
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()
        self.has_memory(env)

    def wait_for(self, port):
        for _ in range(3000):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                time.sleep(0.01)
        self.fail("the server does not answer")

    @needs("redis-server", "redis-benchmark", "redis-cli")
    def test_redis(self):
        for options, env in self.ways():
            port = free_port()

            def load(_, port=port):
                self.wait_for(port)
                done = run("redis-benchmark", "-p", port, "-n", "2000", "-c", "10", "-q", "-t", "set,get,lpush")
                self.assertEqual(0, done.returncode, done.stderr)
                self.assertEqual(b"", run("redis-cli", "-p", port, "shutdown", "nosave").stdout)

            self.serve(options, env, ["redis-server", "--port", port, "--save", "", "--dir", self.path], load)

    @needs("nginx", "ab")
    def test_nginx_under_load(self):
        (self.path / "www").mkdir()
        (self.path / "www/text.txt").write_text("line of text\n" * 2000)
        for options, env in self.ways():
            port = free_port()
            (self.path / "nginx.conf").write_text(NGINX.format(folder=self.path, port=port))

            def load(server, port=port):
                self.wait_for(port)
                done = run("ab", "-q", "-n", "1000", "-c", "8", "-H", "Accept-Encoding: gzip", f"http://127.0.0.1:{port}/text.txt")
                self.assertEqual(0, done.returncode, done.stderr)
                self.assertIn(b"Complete requests:      1000\nFailed requests:        0\n", done.stdout)
                server.terminate()

            self.serve(options, env, ["nginx", "-p", self.path, "-c", self.path / "nginx.conf"], load)


class Unasked(Recorded):
    """What is taken, and what is put into the program, by what --sources says."""

    def sources(self, *options, words=("true",)):
        done = run(*self.words(*options), *words)
        self.assertEqual(0, done.returncode, done.stderr)
        text = run(Programs.ctrace, "dump", self.trace).stdout.decode()
        strings = dict(re.findall(r'^  string (\d+) "(.*)"$', text, re.MULTILINE))
        return {strings[name]: int(state) for name, state in re.findall(r"^  source (\d+) state=(\d)", text, re.MULTILINE)}, text

    def environment(self, *options):
        """What is in the program's environment that is not there without us."""
        done = run(*self.words(*options), PYTHON, "-c", "import json, os; print(json.dumps(dict(os.environ)))")
        return {name for name, value in json.loads(done.stdout).items() if os.environ.get(name) != value}

    def test_memory_and_locks_are_recorded(self):
        states, _ = self.sources()
        self.assertEqual((RECORDED, RECORDED, NOT_ASKED), (states["alloc"], states["locks"], states["alloc-full"]))

    def test_every_block_takes_the_place_of_the_sample(self):
        states, _ = self.sources("--sources", "+alloc-full")
        self.assertEqual((NOT_ASKED, RECORDED, RECORDED), (states["alloc"], states["locks"], states["alloc-full"]))
        states, _ = self.sources("--sources", "+alloc-stacks")
        self.assertEqual((NOT_ASKED, NOT_ASKED, RECORDED), (states["alloc"], states["alloc-full"], states["alloc-stacks"]))

    def test_both_by_name_are_one_too_many(self):
        for words in (("alloc", "alloc-full"), ("alloc", "alloc-stacks"), ("alloc-full", "alloc-stacks")):
            states, text = self.sources("--sources", ",".join(words))
            self.assertEqual((MISSING, RECORDED), (states[words[0]], states[words[1]]))
            self.assertIn("ways of recording the same", text)

    @needs(PYTHON)
    def test_left_out_nothing_is_put_into_the_program(self):
        self.assertIn("LD_PRELOAD", self.environment())
        left = self.environment("--sources", "-alloc,-locks,-gc,-preload,-sigprof")
        self.assertEqual(set(), {name for name in left if not name.startswith("CTRACE_")})

    @needs(PYTHON)
    def test_a_list_of_names_puts_nothing_into_the_program(self):
        self.assertNotIn("LD_PRELOAD", self.environment("--sources", "spans"))

    @needs("gcc")
    def test_children_with_a_sanitizer_run(self):
        source = self.path / "a.c"
        source.write_text(SANITIZED)
        for sanitizer in ("address", "thread", "undefined", "leak"):
            program = self.path / sanitizer
            if run("gcc", f"-fsanitize={sanitizer}", "-o", program, source).returncode != 0:
                continue
            plain = run("sh", "-c", f"{program}; echo $?")
            done = run(*self.words(), "sh", "-c", f"{program}; echo $?")
            self.assertEqual(result_of(plain), result_of(done), sanitizer)
            Trace(self.trace)

    @needs("gcc", "g++")
    def test_a_library_that_is_loaded_later_finds_its_own_operators(self):
        """In a program that begins without C++: those of libstdc++, of its own, or linked into it; as without us."""
        (self.path / "host.c").write_text(LOADER)
        (self.path / "plug.cpp").write_text(PLUGIN)
        self.assertEqual(0, run("gcc", "-o", self.path / "host", self.path / "host.c", "-ldl").returncode)
        for options in ([], ["-DOWN"], ["-static-libstdc++", "-static-libgcc"]):
            library = self.path / f"plug{len(options)}.so"
            if run("g++", "-shared", "-fPIC", "-w", *options, "-o", library, self.path / "plug.cpp").returncode != 0:
                continue
            plain = run(self.path / "host", library)
            self.assertIn(b"\n3\n" if "-DOWN" not in options else b"\n20\n", plain.stdout)
            for source in ("alloc", "alloc-full"):
                done = run(*self.words("--sources", f"spans,{source},locks"), self.path / "host", library, env=OFTEN)
                self.assertEqual(result_of(plain), result_of(done), options)
                self.has_memory()

    @needs("gcc")
    def test_functions_of_libgc_s_names_that_are_not_its_own_are_called(self):
        for name, text in (("old", OLD_GC), ("user", USER_OF_GC), ("host", LOADER)):
            (self.path / f"{name}.c").write_text(text)
        old = ["-L", self.path, "-lold", f"-Wl,-rpath,{self.path}"]
        for words in (["-shared", "-fPIC", "-o", self.path / "libold.so", self.path / "old.c"],
                      ["-o", self.path / "program", self.path / "user.c", *old],
                      ["-shared", "-fPIC", "-o", self.path / "plug.so", self.path / "user.c", *old],
                      ["-o", self.path / "host", self.path / "host.c", "-ldl"]):
            self.assertEqual(0, run("gcc", "-w", *words).returncode)
        for words in ([self.path / "program"], [self.path / "host", self.path / "plug.so"]):
            plain = run(*words)
            self.assertIn(b"11117\n", plain.stdout)
            self.assertEqual(result_of(plain), result_of(run(*self.words(), *words)))

    @needs("g++")
    def test_operators_that_the_program_brings_are_its_own(self):
        (self.path / "own.cpp").write_text(PLUGIN + "int main() { std::printf(\"%d\\n\", plug()); }\n")
        program = self.path / "own"
        self.assertEqual(0, run("g++", "-DOWN", "-w", "-o", program, self.path / "own.cpp").returncode)
        done = run(*self.words("--sources", "spans,alloc-full"), program)
        self.assertEqual((0, b"20\n", b""), result_of(done))
        self.assertEqual(10, [fields[1] for fields in self.has_memory().events("alloc")].count("10001"))

    @needs("gcc")
    def test_memory_is_recorded_from_the_first_constructor_to_the_last_destructor(self):
        (self.path / "ends.c").write_text(ENDS)
        program = self.path / "ends"
        self.assertEqual(0, run("gcc", "-O0", "-fno-builtin", "-w", "-pthread", "-o", program, self.path / "ends.c").returncode)
        self.assertEqual(0, run(*self.words("--sources", "spans,alloc-full"), program).returncode)
        sizes = [int(fields[1]) for fields in self.has_memory().events("alloc")]
        self.assertEqual(list(range(55001, 55007)), sorted(size for size in sizes if 55000 < size < 55100))

    @needs("gcc")
    def test_a_handler_on_a_small_stack_has_its_thread_s_first_event(self):
        (self.path / "small.c").write_text(SMALL_STACK)
        program = self.path / "small"
        self.assertEqual(0, run("gcc", "-O1", "-w", "-Wl,-z,now", "-pthread", "-o", program, self.path / "small.c").returncode)
        done = run(*self.words("--sources", "spans,alloc,locks"), program)
        self.assertEqual((0, b"fine\n", b""), result_of(done))
        self.assertEqual(1, len(Trace(self.trace).events("lock_released")))

    @needs("gcc")
    def test_a_sandbox_of_the_program_s_own_is_as_without_it(self):
        (self.path / "sandbox.c").write_text(SANDBOX)
        for refusal in ("ENOSYS", "EPERM", "EACCES"):
            program = self.path / refusal
            self.assertEqual(0, run("gcc", "-w", f"-DREFUSAL={refusal}", "-o", program, self.path / "sandbox.c").returncode)
            plain = run(program, "echo", "inside")
            self.assertTrue(plain.stdout.endswith(b"inside\n"), plain)
            done = run(*self.words("--sources", "spans,preload,alloc,locks"), program, "echo", "inside")
            self.assertEqual(result_of(plain), result_of(done), refusal)

    def test_a_setuid_program_is_as_without_it(self):
        if os.geteuid() != 0 or shutil.which("setpriv") is None:
            self.skipTest("only root can make one")
        program = self.path / "id"
        shutil.copy(shutil.which("id"), program)
        program.chmod(0o4755)
        words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", program, "-u"]
        done = run(*self.words(), *words)
        self.assertEqual(result_of(run(*words)), result_of(done))
        Trace(self.trace)


def main():
    parser = argparse.ArgumentParser()
    for name in ("ctrace", "preload"):
        parser.add_argument(f"--{name}", required=True)
    arguments, rest = parser.parse_known_args()
    Programs.ctrace, Programs.preload = Path(arguments.ctrace).resolve(), Path(arguments.preload).resolve()
    os.environ["LC_ALL"] = "C"
    os.environ["PATH"] += ":/usr/sbin"
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
