# SPDX-License-Identifier: MIT
"""Fails on what the layout forbids: an include or import against the arrows, and a handful of habits.

    layering.py [FOLDER]      the tree to check; the one this file stands in if none is given

The arrows: format <- tracer, format <- viewer-server, {format, tracer, viewer-server} <- cli; web stands alone;
examples use only what is installed; tests and bench use everything. Inside a folder no two files may need each
other, and where ORDER names an order, nothing reaches upwards.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

MAY_USE = {
    "format": {"format"},
    "tracer": {"tracer", "format"},
    "viewer-server": {"viewer-server", "format"},
    "cli": {"cli", "format", "tracer", "viewer-server"},
    "examples": {"examples"},
    "web": {"web"},
}

# Rooms of a folder, lowest first; a file belongs to the first name that its path starts with.
ORDER = {
    # The model's contracts are low: its rooms speak in their types.
    "viewer-server": ["viewer-server/limits.h", "viewer-server/model/model.h", "viewer-server/model/tile.h", "viewer-server/model/lanes/",
                      "viewer-server/model/threads/", "viewer-server/model/kernel/", "viewer-server/model/memory/",
                      "viewer-server/model/query.h",
                      "viewer-server/model/model_parts.h", "viewer-server/model/build/", "viewer-server/model/ask/",
                      "viewer-server/model/", "viewer-server/export/", "viewer-server/analysis/",
                      "viewer-server/serve/"],
    "tracer": ["tracer/include/", "tracer/src/limits.h", "tracer/src/small_text.h", "tracer/src/image.h", "tracer/src/clock/", "tracer/src/sites/",
               "tracer/src/ring/", "tracer/src/emit/", "tracer/src/directory/", "tracer/src/collect/", "tracer/src/flight/", "tracer/src/library/",
               "tracer/src/", "tracer/outside/", "tracer/pprof/symbol", "tracer/sources/source.h", "tracer/sources/kernel/",
               "tracer/sources/tracefs/", "tracer/sources/bpf/", "tracer/sources/perf/", "tracer/sources/", "tracer/unwind/", "tracer/inside/", "tracer/pprof/", "tracer/http/", "tracer/preload/"],
    # reader.h is low: it is the contract, in whose types reader.c's helpers speak.
    "format": ["format/limits.h", "format/status.h", "format/error.", "format/events.def", "format/kinds.",
               "format/records.h", "format/reader.h", "format/wire.", "format/crc32c.", "format/buffer.", "format/arena.",
               "format/map.", "format/strings.", "format/pread.", "format/chunk.", "format/header.", "format/block.",
               "format/kernel_events.", "format/alloc_events.", "format/rows.", "format/kernel_rows.", "format/writer.", "format/kept_", "format/timebase.", "format/tables.h",
               "format/table_", "format/tables.c", "format/salvage.", "format/stream_order.", "format/opened.",
               "format/chunk_load.c", "format/event_values.c",
               "format/cursor.", "format/reader.c", "format/text"],
    "web": ["web/src/model/", "web/src/wire/", "web/src/draw/", "web/src/ui/", "web/src/main.ts"],
}

# Which files may know a library.
LIBRARIES = {
    "lz4": ("format/", "tests/", "bench/"),
    "urcu": ("tracer/", "tests/"),
    "stb/": ("tracer/",),
    "microhttpd.h": ("tracer/http/", "examples/", "tests/", "bench/"),
    "libwebsockets.h": ("viewer-server/serve/", "tests/"),
    "sqlite3.h": ("examples/",),
    "bpf/": ("tracer/sources/bpf/",),
    "linux/bpf.h": ("tracer/sources/bpf/", "tests/"),
    "elfutils/": ("tracer/pprof/symbol", "tracer/sources/perf/cfi", "tests/"),
    "libelf.h": ("tracer/pprof/symbol", "tests/"),
    "gelf.h": ("tracer/pprof/symbol", "tests/"),
    "cmocka.h": ("tests/",),
}

# The one header that programs include, and those below it that they do not read: these may use only what every C and C++ compiler brings.
PUBLIC_FOLDER = "tracer/include/"
PUBLIC_HEADER = PUBLIC_FOLDER + "ctrace/trace.h"
PUBLIC_HEADERS = {PUBLIC_HEADER, *(PUBLIC_FOLDER + f"ctrace/trace_{part}.h" for part in ("macros", "calls", "c", "cxx", "off"))}
STANDARD_HEADERS = {"errno.h", "stdarg.h", "stdatomic.h", "atomic", "stdbool.h", "stddef.h", "stdint.h", "string.h", "type_traits"}

# What only these files may speak of, so that one place answers it: which look at a thread tells of which sleep.
SPOKEN_BY = {
    "ctrace_look_asleep": ("viewer-server/model/threads/look_list.", "viewer-server/model/ask/sleeps.c"),
    "ctrace_looks_tell": ("viewer-server/model/threads/look_list.", "viewer-server/model/ask/sleeps.c", "viewer-server/model/ask/lock_detail.c"),
    "ctrace_look_since": ("viewer-server/model/threads/look_list.", "viewer-server/model/ask/sleeps.c"),
}

SOURCES = {".c", ".h", ".def", ".cpp", ".hpp", ".ts", ".mjs", ".js", ".py", ".css"}
LICENSED = {".c", ".h", ".def", ".cpp", ".hpp", ".ts", ".py"}
LINES_MAX = 800
# Names that a tool or a custom gives: programs begin in main, and each side keeps its limits in limits.h.
SHARED_NAMES = {"limits.h", "main.c", "main.ts", "__init__.py"}

SINKS = re.compile(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\s*\.\s*write(?:ln)?|srcdoc|setHTMLUnsafe"
                   r"|createContextualFragment)\b|\beval\s*\(|\bnew\s+Function\b|\bset(?:Timeout|Interval)\s*\(\s*['\"`]")
ATOMIC_CALL = re.compile(r"\batomic_(load|store|exchange|compare_exchange_(?:strong|weak)|fetch_\w+?|flag_test_and_set"
                         r"|flag_clear)(_explicit)?\s*\(|\b(__sync_\w+)\s*\(")
# Characters that make text read other than it is: C0 and C1 controls, zero width, and direction overrides.
TRICKERY = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
# Traces and inputs that are hostile on purpose.
HOSTILE = ("tests/golden/", "tests/fuzz/seeds/", "tests/fuzz/seeds_rings/", "tests/fuzz/regress/")
TEXT = SOURCES | {".md", ".build", ".txt", ".json", ".html", ".svg", ".sh", ""}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
IMPORT = re.compile(r"""(?:^|;)[ \t]*(?:import|export)\b[^'";]*?\bfrom[ \t\n]*['"]([^'"]+)['"]"""
                    r"""|^[ \t]*import[ \t]*['"]([^'"]+)['"]|\bimport\([ \t]*['"]([^'"]+)['"]""", re.MULTILINE)


class Tree:
    """The files of a source tree: what git knows, or everything when it is no repository."""

    def __init__(self, root):
        self.root = Path(root)
        self.paths = sorted(p for p in self._listed() if (self.root / p).is_file())
        self.names = set(self.paths)

    def _listed(self):
        if (self.root / ".git").exists() and shutil.which("git"):
            git = subprocess.run(["git", "-C", str(self.root), "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"],
                                 capture_output=True, check=False)
            if git.returncode == 0:
                return set(os.fsdecode(git.stdout).split("\0")) - {""}
        return {p.relative_to(self.root).as_posix() for p in self.root.rglob("*") if not self._is_made(p)}

    def _is_made(self, path):
        parts = path.relative_to(self.root).parts
        return bool({"node_modules", "__pycache__", ".git"} & set(parts)) or parts[0].startswith("build")

    def read(self, path):
        return (self.root / path).read_bytes().decode("utf-8", "surrogateescape")

    def of(self, *suffixes):
        return [p for p in self.paths if PurePosixPath(p).suffix in suffixes]


def line_at(text, offset):
    return text.count("\n", 0, offset) + 1


def folder_of(path):
    return path.split("/")[0]


def without_comments(text):
    """C or TypeScript with comments blanked, line numbers kept."""
    blank = lambda found: re.sub(r"[^\n]", " ", found.group(0)) if found.group(0)[0] == "/" else found.group(0)
    return re.sub(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", blank, text, flags=re.DOTALL)


def resolve_include(tree, path, quote, name):
    """The file of this tree that an #include means, None for one of the system."""
    if PUBLIC_FOLDER + name in PUBLIC_HEADERS:
        return PUBLIC_FOLDER + name
    near = os.path.normpath(os.path.join(os.path.dirname(path), name))
    for candidate in (near, name) if quote == '"' else (name,):
        if candidate in tree.names:
            return candidate
    return None


def resolve_import(tree, path, name):
    if not name.startswith("."):
        return None
    base = os.path.normpath(os.path.join(os.path.dirname(path), name))
    stem = re.sub(r"\.js$", "", base)
    for candidate in (base, base + ".ts", stem + ".ts", base + "/index.ts"):
        if candidate in tree.names:
            return candidate
    return base


def uses(tree):
    """Yields (file, line, how it is written, file it means or None) for every include and import."""
    for path in tree.of(".c", ".h", ".cpp", ".hpp", ".def"):
        text = tree.read(path)
        for found in INCLUDE.finditer(text):
            target = resolve_include(tree, path, found.group(1), found.group(2))
            yield path, line_at(text, found.start()), found.group(1) + found.group(2), target
    for path in tree.of(".ts"):
        text = tree.read(path)
        for found in IMPORT.finditer(text):
            name = next(group for group in found.groups() if group)
            yield path, line_at(text, found.start(found.lastindex)), name, resolve_import(tree, path, name)


def rank(path):
    for at, room in enumerate(ORDER.get(folder_of(path), ())):
        if path.startswith(room):
            return at
    return None


def stands_below(path, target):
    return rank(path) is not None and rank(target) is not None and rank(path) < rank(target)


def is_test(path):
    return path.endswith(".test.ts")


def check_arrows(tree):
    for path, line, written, target in uses(tree):
        here = folder_of(path)
        allowed = MAY_USE.get(here)
        if target is None or allowed is None:
            continue
        there = folder_of(target)
        if here == "examples" and target == PUBLIC_HEADER:
            continue
        if there not in allowed:
            yield path, line, f"{here} must not use {there} ({target})"
        elif there == here and not is_test(path) and stands_below(path, target):
            yield path, line, f"{path} stands below {target} and must not use it"


def check_roots(tree):
    """Quoted includes name a file from the root of the tree; libraries and the public header are in angles."""
    for path, line, written, target in uses(tree):
        if not path.endswith((".c", ".h", ".cpp", ".hpp")):
            continue
        if written[0] == "<" and target is not None and target not in PUBLIC_HEADERS:
            yield path, line, f"include {target} in quotes"
        if written[0] == '"' and target is None and folder_of(written[1:]) in MAY_USE:
            yield path, line, f"{written[1:]} is not in the tree"


def check_libraries(tree):
    for path, line, written, target in uses(tree):
        if target is not None or written[0] != "<":
            continue
        for library, rooms in LIBRARIES.items():
            if written[1:].startswith(library) and not path.startswith(rooms):
                yield path, line, f"only {', '.join(rooms)} may know <{written[1:]}>"
        if path in PUBLIC_HEADERS and written[1:] not in STANDARD_HEADERS:
            yield path, line, f"the public header must not need <{written[1:]}>"


def check_speakers(tree):
    for path in tree.of(".c", ".h"):
        text = tree.read(path) if folder_of(path) in MAY_USE else ""
        for word, speakers in SPOKEN_BY.items():
            at = text.find(word + "(")
            if at >= 0 and not path.startswith(speakers):
                yield path, line_at(text, at), f"only {', '.join(speakers)} may call {word}"


def check_cycles(tree):
    graph, where = {}, {}
    for path, line, _, target in uses(tree):
        if target is None or is_test(path) or folder_of(path) not in MAY_USE:
            continue
        graph.setdefault(path, set()).add(target)
        where.setdefault((path, target), (path, line))
    for ring in rings(graph):
        path, line = where[ring[0], ring[1]]
        yield path, line, "need each other: " + " -> ".join(ring)


def rings(graph):
    """One cycle for each place where a walk along the arrows comes back, found once."""
    state, found = {}, []

    def walk(node, trail):
        state[node] = "open"
        for other in sorted(graph.get(node, ())):
            if state.get(other) == "open":
                found.append(trail[trail.index(other):] + [other])
            elif other not in state:
                walk(other, trail + [other])
        state[node] = "done"

    for node in sorted(graph):
        if node not in state:
            walk(node, [node])
    return found


def check_names(tree):
    """One name, one file. An example is a program of its own, and a bench is called as what it measures."""
    seen = {}
    for path in tree.of(*SOURCES):
        name = PurePosixPath(path).name
        if name in SHARED_NAMES or folder_of(path) in ("examples", "bench"):
            continue
        if name in seen:
            yield path, 1, f"the name {name} is taken by {seen[name]}"
        seen[name] = path


def check_length(tree):
    for path in tree.of(*SOURCES):
        lines = tree.read(path).count("\n")
        if lines > LINES_MAX:
            yield path, LINES_MAX + 1, f"{lines} lines, the limit is {LINES_MAX}: name the second thing in it"


def check_licence(tree):
    for path in tree.of(*LICENSED):
        if not any("SPDX-License-Identifier: MIT" in line for line in tree.read(path).splitlines()[:3]):
            yield path, 1, "no line 'SPDX-License-Identifier: MIT' at the top"


def check_sinks(tree):
    for path in tree.of(".ts", ".js", ".html"):
        if folder_of(path) != "web":
            continue
        text = without_comments(tree.read(path))
        for found in SINKS.finditer(text):
            yield path, line_at(text, found.start()), f"{found.group(0).strip()} lets text become markup or script"


def check_atomics(tree):
    for path in tree.of(".c", ".h"):
        if folder_of(path) != "tracer":
            continue
        text = without_comments(tree.read(path))
        for found in ATOMIC_CALL.finditer(text):
            if found.group(3) or not found.group(2):
                yield path, line_at(text, found.start()), f"{found.group(0).rstrip('( ')} without an explicit memory order"


def check_characters(tree):
    for path in tree.paths:
        if PurePosixPath(path).suffix not in TEXT or path.startswith(HOSTILE):
            continue
        text = tree.read(path)
        for found in TRICKERY.finditer(text):
            yield path, line_at(text, found.start()), f"character U+{ord(found.group(0)):04X}: write it as an escape"


CHECKS = (check_arrows, check_roots, check_libraries, check_speakers, check_cycles, check_names, check_length, check_licence, check_sinks,
          check_atomics, check_characters)


def violations(root):
    tree = Tree(root)
    return [(check.__name__, *found) for check in CHECKS for found in check(tree)]


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    found = violations(root)
    for _, path, line, text in found:
        print(f"{path}:{line}: {text}")
    broken = {check for check, *_ in found}
    print(f"{len(CHECKS) - len(broken)} passed, {len(broken)} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
