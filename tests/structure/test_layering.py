# SPDX-License-Identifier: MIT
"""tests/layering.py finds each kind of violation where it was planted, and nothing in a clean tree."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import layering  # noqa: E402

C = "/* SPDX-License-Identifier: MIT */\n"
CLEAN = {
    "format/wire.h": C + "#include <stdint.h>\n",
    "format/chunk.h": C + '#include "format/wire.h"\n',
    "format/reader.h": C + "#include <stddef.h>\n",
    "tracer/include/ctrace/trace.h": C + "#include <stdint.h>\n",
    "tracer/src/emit/emit.c": C + '#include "format/wire.h"\n#include <ctrace/trace.h>\n'
                             "/* atomic_load(x) in a comment is no call */\n"
                             "int f(void)\n{\n\treturn atomic_load_explicit(&x, memory_order_relaxed);\n}\n",
    "viewer-server/model/model.h": C + '#include "format/reader.h"\n',
    "viewer-server/serve/server.c": C + '#include "viewer-server/model/model.h"\n#include <libwebsockets.h>\n',
    "cli/main.c": C + '#include "tracer/include/ctrace/trace.h"\n#include "viewer-server/model/model.h"\n',
    "examples/calls/main.c": C + "#include <ctrace/trace.h>\n",
    "web/src/model/nanos.ts": C + "export const a = 1\n",
    "web/src/draw/lanes.ts": C + "import {a} from '../model/nanos.js'\n",
    "README.md": "# A title with an arrow → and an emoji 🙂\n",
}


class Layering(unittest.TestCase):
    def planted(self, path, text):
        """The checks that complain about a clean tree with one file more."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in {**CLEAN, path: text}.items():
                file = Path(folder, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content, encoding="utf-8")
            return {(check, where) for check, where, *_ in layering.violations(folder)}

    def assert_found(self, check, path, text):
        self.assertEqual({(check, path)}, self.planted(path, text))

    def test_a_clean_tree_has_no_violation(self):
        self.assertEqual(set(), self.planted("format/limits.h", C))

    def test_format_must_not_use_tracer(self):
        self.assert_found("check_arrows", "format/bad.c", C + "#include <ctrace/trace.h>\n")

    def test_viewer_must_not_use_tracer(self):
        self.assert_found("check_arrows", "viewer-server/serve/bad.c", C + '#include "tracer/include/ctrace/trace.h"\n')

    def test_tracer_must_not_use_viewer(self):
        self.assert_found("check_arrows", "tracer/src/bad.c", C + '#include "viewer-server/model/model.h"\n')

    def test_an_include_by_a_relative_path_is_seen(self):
        self.assert_found("check_arrows", "tracer/src/bad.c", C + '#include "../../cli/main.c"\n')

    def test_examples_use_only_what_is_installed(self):
        self.assert_found("check_arrows", "examples/calls/bad.c", C + '#include "format/reader.h"\n')

    def test_model_must_not_reach_up_to_serve(self):
        self.assert_found("check_arrows", "viewer-server/model/bad.c", C + '#include "viewer-server/serve/server.c"\n')

    def test_wire_must_not_reach_up_to_chunk(self):
        self.assertIn(("check_arrows", "format/wire.c"), self.planted("format/wire.c", C + '#include "format/chunk.h"\n'))

    def test_web_model_must_not_import_draw(self):
        self.assert_found("check_arrows", "web/src/model/bad.ts", C + "import {b} from '../draw/lanes.js'\n")

    def test_an_import_over_several_lines_is_seen(self):
        self.assert_found("check_arrows", "web/src/model/bad.ts", C + "import {\n  b,\n} from '../draw/lanes.js'\n")

    def test_web_must_not_import_from_outside(self):
        self.assert_found("check_arrows", "web/src/ui/bad.ts", C + "import x from '../../../format/wire.h'\n")

    def test_two_files_must_not_need_each_other(self):
        with_cycle = C + '#include "viewer-server/model/lanes/lane.h"\n'
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {"viewer-server/model/lanes/lane.h": C + '#include "viewer-server/model/lanes/bucket.h"\n',
                               "viewer-server/model/lanes/bucket.h": with_cycle}.items():
                Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
                Path(folder, name).write_text(text, encoding="utf-8")
            self.assertEqual({"check_cycles"}, {check for check, *_ in layering.violations(folder)})

    def test_an_include_of_ours_in_angles_is_refused(self):
        self.assert_found("check_roots", "format/bad.c", C + "#include <format/wire.h>\n")

    def test_an_include_of_nothing_is_refused(self):
        self.assert_found("check_roots", "format/bad.c", C + '#include "format/nothing.h"\n')

    def test_only_format_knows_lz4(self):
        self.assert_found("check_libraries", "cli/bad.c", C + "#include <lz4.h>\n")

    def test_only_serve_knows_libwebsockets(self):
        self.assert_found("check_libraries", "viewer-server/model/bad.c", C + "#include <libwebsockets.h>\n")

    def test_one_place_says_which_look_tells_of_which_sleep(self):
        self.assert_found("check_speakers", "viewer-server/serve/bad.c", C + "int f(void)\n{\n\treturn ctrace_look_asleep(0);\n}\n")

    def test_the_public_header_needs_only_the_standard_library(self):
        self.assert_found("check_libraries", layering.PUBLIC_HEADER, C + "#include <pthread.h>\n")

    def test_a_file_name_is_used_once(self):
        self.assert_found("check_names", "tracer/src/wire.h", C)

    def test_a_file_of_801_lines_is_too_long(self):
        self.assert_found("check_length", "format/long.c", C + "\n" * 800)

    def test_a_file_of_800_lines_is_not(self):
        self.assertEqual(set(), self.planted("format/long.c", C + "\n" * 799))

    def test_a_source_names_its_licence(self):
        self.assert_found("check_licence", "web/src/model/bad.ts", "export const b = 2\n")

    def test_every_sink_of_markup_is_found(self):
        for sink in ("a.innerHTML = b", "a.outerHTML = b", "a.insertAdjacentHTML('x', b)", "document.write(b)",
                     "document.writeln(b)", "eval(b)", "new Function(b)", "frame.srcdoc = b", "setTimeout('b', 1)",
                     'setInterval("b", 1)', "a.setHTMLUnsafe(b)"):
            with self.subTest(sink):
                self.assert_found("check_sinks", "web/src/ui/bad.ts", C + sink + "\n")

    def test_a_sink_in_a_comment_is_none(self):
        self.assertEqual(set(), self.planted("web/src/ui/good.ts", C + "// never innerHTML\nsetTimeout(() => 1, 2)\n"))

    def test_every_atomic_names_its_order(self):
        for call in ("atomic_load(&x)", "atomic_store(&x, 1)", "atomic_fetch_add(&x, 1)", "atomic_exchange(&x, 1)",
                     "atomic_compare_exchange_strong(&x, &y, 1)", "atomic_flag_test_and_set(&x)",
                     "__sync_fetch_and_add(&x, 1)"):
            with self.subTest(call):
                self.assert_found("check_atomics", "tracer/src/bad.c", C + f"int f(void)\n{{\n\treturn {call};\n}}\n")

    def test_direction_overrides_and_controls_are_refused(self):
        for character in ("\u202e", "\u2066", "\u200b", "\ufeff", "\x00", "\x1b", "\r"):
            with self.subTest(repr(character)):
                self.assertIn(("check_characters", "format/bad.c"), self.planted("format/bad.c", C + "/* " + character + " */\n"))


if __name__ == "__main__":
    unittest.main()
