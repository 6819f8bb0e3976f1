#!/usr/bin/env python3
"""Holds the shape of the source: include arrows, self-contained headers, file hygiene, formatting.

Each rule is a function from one file to its findings. A rule is tested twice: on the whole tree, where it must find
nothing, and on a planted line, which it must find."""
# Builds: release
# First: it compiles for minutes
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path, PurePosixPath

import closing_line

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("engine", "storage", "net", "tools", "tests", "perf")

# What a folder may include besides itself: an include points right, never left.
ARROWS = {
    "engine": (),
    "storage": ("engine",),
    "net": ("storage", "engine"),
    "tools": ("net", "storage", "engine"),
    "tests": ("tools", "net", "storage", "engine"),
    "perf": ("tools", "net", "storage", "engine"),
}

# The rooms of a folder, in the order in which they may include each other, each with those of its own folder that it may
# include besides itself; what those may include, it may too. Rooms of folders further right are open to all. What lies in
# the folder itself, its hall, is open to its rooms and includes none of them; main.cc, which opens every door, apart.
ROOMS = {
    "engine/base": (),
    "engine/io": ("engine/base",),
    "engine/uring": ("engine/io",),
    "engine/reactor": ("engine/io",),
    "engine/shard": ("engine/reactor",),
    "storage/schema": (),
    "storage/database": (),
    "storage/batch": ("storage/schema",),
    "storage/table": ("storage/schema",),
    "storage/wal": ("storage/schema", "storage/database"),
    "storage/files": ("storage/table",),
    "storage/route": ("storage/batch", "storage/table"),
    "storage/repeat": ("storage/route",),
    "storage/source": ("storage/route",),
    "storage/read": ("storage/batch", "storage/table"),
    "storage/apply": ("storage/batch", "storage/files"),
    "storage/owner": ("storage/apply", "storage/repeat", "storage/wal"),
    "storage/recovery": ("storage/apply", "storage/repeat", "storage/wal"),
    "net/auth": (),
    "net/line": (),
    "net/judge": ("net/line",),
    "net/route": (),
    "net/stream": (),
    "net/body": (),
    "net/ingest": ("net/auth", "net/judge", "net/route"),
    "net/sql": (),
    "net/ddl": ("net/line", "net/sql"),
    "net/query": ("net/ingest", "net/sql"),
    "net/http": ("net/body", "net/ddl", "net/query", "net/stream"),
    "net/node": ("net/http",),
    "tools/cli": (),
    "tools/serve": ("tools/cli",),
    "tools/load": ("tools/cli",),
    "tools/inspect": ("tools/cli",),
    "tools/sql": ("tools/cli",),
    "tools/sink": ("tools/cli",),
}
OPENS_EVERY_DOOR = ("tools/main.cc",)
QUOTED_LIBRARIES = ("absl/", "fast_float/")
LINE_LENGTH_MAX = 128



def within_reach(room):
    """The rooms that a room may include: those that ROOMS names, and what these may include."""
    reached = {room}
    for other in ROOMS[room]:
        reached |= within_reach(other)
    return reached


# Headers that belong to a few files: (include or call, where it may stand, why).
RESERVED = (
    (r"#include <liburing", r"engine/uring/", "only engine/uring talks to the kernel's rings"),
    (r"#include <thread>", r"engine/shard/threads\.|tests/|perf/", "only engine/shard/threads starts threads"),
    (r"#include <atomic>", r"engine/shard/(spsc_ring|mesh)|tests/|perf/", "atomics live in engine/shard: spsc_ring and mesh"),
    (r"\b(clock_gettime|gettimeofday|getrandom|random_device)\b|_clock::now\b|\btime\((nullptr|NULL|0)\)",
     r"engine/uring/|tools/|tests/|perf/", "time and randomness come from IoBackend"),
)


def room_of(path):
    """The room that a file lies in; its folder when it lies in the hall."""
    parts = PurePosixPath(path).parts
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


class Source:
    """One file: its path from the root, and its text."""

    def __init__(self, path, text):
        self.path = PurePosixPath(path)
        self.text = text
        self.lines = text.split("\n")
        self.folder = self.path.parts[0]
        self.room = room_of(self.path)

    @property
    def is_cpp(self):
        return self.path.suffix in (".h", ".cc")

    @property
    def is_header(self):
        # Precompiled headers are read as main files, where a guard is a warning.
        return self.path.suffix == ".h" and "precompiled" not in self.path.parts

    def matches(self, pattern):
        for number, line in enumerate(self.lines, 1):
            for match in re.finditer(pattern, line):
                yield number, match

    def includes(self):
        for number, match in self.matches(r'^\s*#include "([^"]+)"'):
            yield number, match.group(1)


def arrows(source):
    """tools, tests, perf -> net -> storage -> engine."""
    if not source.is_cpp:
        return
    for number, included in source.includes():
        target = PurePosixPath(included).parts[0]
        if "/" not in included:
            yield number, f'"{included}" is not written as "folder/file.h"'
        elif target in FOLDERS and target != source.folder and target not in ARROWS[source.folder]:
            yield number, f"{source.folder} includes {target}, against tools, tests, perf -> net -> storage -> engine"


def rooms(source):
    """Within a folder, a room includes only what stands before it: the list above says which."""
    if not source.is_cpp or source.folder not in ("engine", "storage", "net", "tools"):
        return
    if source.room in ROOMS:
        reached = within_reach(source.room) | {source.folder}
    elif source.room == source.folder:
        reached = set(ROOMS) if str(source.path) in OPENS_EVERY_DOOR else {source.folder}
    elif "precompiled" in source.path.parts:
        return
    else:
        yield 1, f"{source.room} is not a room: give it a line in ROOMS, and one in ARCHITECTURE.md"
        return
    for number, included in source.includes():
        target = room_of(included)
        if target.split("/")[0] == source.folder and target not in reached:
            yield number, f"{source.room} includes {target}, which does not stand before it"


def rooms_in_the_plan(source):
    """ARCHITECTURE.md has a line for each room, and for no other."""
    if source.path.name != "ARCHITECTURE.md":
        return
    row = r"^\| `((?:engine|storage|net|tools)/[a-z_]+)` \|"
    described = {match.group(1): number for number, match in source.matches(row)}
    for room in ROOMS:
        if room not in described:
            yield 1, f"no line describes the room {room}"
    for room, number in described.items():
        if room not in ROOMS:
            yield number, f"{room} is not a room"


def included_from_the_root(source):
    """Every #include "..." names a file by its path from the root, or one of a library that is written so."""
    if source.is_cpp:
        for number, included in source.includes():
            if not included.startswith(QUOTED_LIBRARIES) and not (ROOT / included).exists():
                yield number, f'"{included}" is no file of this project, seen from its root'


def own_header_first(source):
    """The first include of x.cc is its x.h, so that x.h is seen to stand alone."""
    if source.path.suffix != ".cc" or not (ROOT / source.path.with_suffix(".h")).exists():
        return
    own = str(source.path.with_suffix(".h"))
    first = next(source.matches(r'^#include ["<]([^">]+)[">]'), None)
    if first is None or first[1].group(1) != own:
        yield first[0] if first else 1, f'the first include is not "{own}"'


def guarded_headers(source):
    """Headers have #pragma once."""
    if source.is_header and not any(source.matches(r"^#pragma once$")):
        yield 1, "a header without #pragma once"


def opening_comment(source):
    """A file opens with what it is and what it guarantees; x.cc may leave that to x.h, a test to its names."""
    if source.is_cpp:
        described_elsewhere = source.path.suffix == ".cc" and (
            (ROOT / source.path.with_suffix(".h")).exists() or source.path.stem.endswith("_test"))
        if not described_elsewhere and not source.text.startswith("//"):
            yield 1, "the file does not open with a comment"
    elif source.path.suffix == ".py" or source.text.startswith("#!"):
        line = 1 if source.text.startswith("#!") else 0
        if not source.lines[line:] or not source.lines[line].startswith(("#", '"""', 'r"""')):
            yield line + 1, "the file does not open with a comment"


def reserved_headers(source):
    """liburing, threads, atomics, clocks and randomness each have one home."""
    if not source.is_cpp:
        return
    for pattern, home, why in RESERVED:
        if not re.match(home, str(source.path)):
            for number, match in source.matches(pattern):
                yield number, f"{match.group(0)}: {why}"


def light_headers(source):
    """Headers leave out what is slow to parse."""
    if source.is_header:
        for number, match in source.matches(r"^#include <(iostream|regex)>"):
            yield number, f"<{match.group(1)}> in a header"


def white_space(source):
    """No tabs, but those of Go; no carriage returns, trailing blanks; one newline at the end."""
    for number, match in source.matches(r"\r|[ ]+$" if source.path.suffix in (".go", ".mod") else r"\t|\r|[ ]+$"):
        yield number, {"\t": "a tab", "\r": "a carriage return"}.get(match.group(0), "blanks at the end of the line")
    if source.text and (not source.text.endswith("\n") or source.text.endswith("\n\n")):
        yield len(source.lines), "the file does not end with exactly one newline"


def line_length(source):
    """Lines of code fit in 128 columns; prose and data do as they like."""
    if source.path.suffix not in (".cc", ".h", ".py", ".sh", ".build") and not source.text.startswith("#!"):
        return
    for number, line in enumerate(source.lines, 1):
        if len(line) > LINE_LENGTH_MAX:
            yield number, f"{len(line)} columns, at most {LINE_LENGTH_MAX}"


def finished_words(source):
    """Nothing says of itself that it is unfinished."""
    marks = "|".join(("TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK"))
    for number, match in source.matches(rf"\b({marks})\b|\b(?i:for" " now)" r"\b"):
        yield number, f"'{match.group(0)}': finish it, or refuse it with a clear error"


def local_paths(source):
    """No path of one machine."""
    for number, match in source.matches(r"(?<![\w.])/(work|root|home/[a-z]\w*)/"):
        yield number, f"{match.group(0)} is a path of one machine"


def file_names(source):
    """Names say what is inside, in snake_case."""
    stem = source.path.stem
    if re.fullmatch(r"(.*_)?(utils?|helpers?|misc|common)", stem):
        yield 1, f"'{stem}' does not say what is inside"
    if (source.is_cpp or source.path.suffix == ".py") and not re.fullmatch(r"[a-z0-9_]+", stem):
        yield 1, f"'{source.path.name}' is not snake_case"


def listed_sources(source):
    """Every .cc is built: a meson.build of its folder or above names it."""
    if source.path.suffix != ".cc":
        return
    for parent in source.path.parents:
        build = ROOT / parent / "meson.build"
        if build.exists() and f"'{source.path.relative_to(parent)}'" in build.read_text():
            return
    yield 1, "no meson.build names this file"


def sorted_sources(source):
    """Source lists in meson.build are sorted, one file a line."""
    if source.path.name != "meson.build":
        return
    previous = None
    for number, line in enumerate(source.lines, 1):
        entry = re.fullmatch(r"\s*'([\w/]+\.cc)',?\)?", line)
        if entry and previous and entry.group(1) < previous:
            yield number, f"{entry.group(1)} stands after {previous}"
        previous = entry.group(1) if entry else None


def planted_bugs(source):
    """A planted bug stands in a source that is compiled with it, and a test looks for it."""
    if source.path.parts[0] not in ("engine", "storage", "net") or source.path.name == "sabotage.h":
        return
    folder, _, within = str(source.path).partition("/")
    for number, match in source.matches(r'\bsabotaged\("(\w+)"\)'):
        planted = (ROOT / folder / "meson.build").read_text().partition(f"{folder}_planted_sources = ")[2]
        if source.path.suffix != ".cc":
            yield number, "what is inline in a header would mean two things in one program"
        elif f"'{within}'" not in planted:
            yield number, f"{folder}/meson.build does not have this file among those with planted bugs"
        if f'"{match.group(1)}"' not in (ROOT / "tests/node/sabotage_test.cc").read_text():
            yield number, f"tests/node/sabotage_test.cc does not look for {match.group(1)}"


# Each rule, with a file that it must object to and one that it must let pass.
RULES = {
    arrows: (("engine/x.h", '#include "storage/schema/schema.h"\n'), ("net/line/x.cc", '#include "engine/base/ids.h"\n')),
    rooms: (("storage/wal/x.h", '#include "storage/owner/owner.h"\n'),
            ("storage/owner/x.h", '#include "storage/wal/writer.h"\n')),
    rooms_in_the_plan: (("ARCHITECTURE.md", "| `engine/cellar` | what is kept |\n"),
                        ("ARCHITECTURE.md", "".join(f"| `{room}` | what it is |\n" for room in ROOMS))),
    included_from_the_root: (("net/line/x.cc", '#include "line/error.h"\n'),
                             ("net/line/x.cc", '#include "net/line/error.h"\n')),
    own_header_first: (("engine/base/status.cc", '#include <string>\n#include "engine/base/status.h"\n'),
                       ("engine/base/status.cc", '#include "engine/base/status.h"\n')),
    guarded_headers: (("net/line/x.h", "// X.\n"), ("net/line/x.h", "// X.\n#pragma once\n")),
    opening_comment: (("net/line/x.h", "#pragma once\n"), ("net/line/x.h", "// X.\n")),
    reserved_headers: (("storage/owner/x.cc", "#include <atomic>\n"), ("engine/shard/spsc_ring.h", "#include <atomic>\n")),
    light_headers: (("net/line/x.h", "#include <iostream>\n"), ("net/line/x.h", "#include <span>\n")),
    white_space: (("net/line/x.cc", "int x; \n"), ("net/line/x.cc", "int x;\n")),
    line_length: (("net/line/x.cc", "/" * 129 + "\n"), ("net/line/x.cc", "/" * 128 + "\n")),
    finished_words: (("net/line/x.cc", "// TO" "DO\n"), ("net/line/x.cc", "// done\n")),
    local_paths: (("docs/x.md", "see /ro" "ot/x\n"), ("docs/x.md", "see the root/x\n")),
    file_names: (("net/line/line_util.cc", ""), ("net/stream/acceptor.cc", "")),
    listed_sources: (("engine/base/not_there.cc", ""), ("engine/base/verify.cc", "")),
    planted_bugs: (("storage/wal/writer.cc", 'if (engine::sabotaged("unknown")) return;\n'),
                   ("storage/wal/writer.cc", 'if (engine::sabotaged("early_ack")) return;\n')),
    sorted_sources: (("net/meson.build", "  'b.cc',\n  'a.cc',\n"), ("net/meson.build", "  'a.cc',\n  'b.cc',\n")),
}


def paths():
    """All files of the project, from its root."""
    tops = [*FOLDERS, "docs", "packaging", ".ci"]
    found = [path for top in tops for path in (ROOT / top).rglob("*")] + list(ROOT.iterdir())
    for path in sorted(path for path in found if path.is_file() and path.name != "LICENSE"):
        relative = path.relative_to(ROOT)
        if "__pycache__" not in relative.parts and relative.parts[0] != ".git":
            yield relative


def is_text(path):
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return True


def tree():
    """All text files of the project."""
    for path in paths():
        if is_text(ROOT / path):
            yield Source(path.as_posix(), (ROOT / path).read_text(encoding="utf-8"))


def compiler_and_flags():
    """The compiler of the build under test, and those of its flags that decide what a header may say."""
    program = Path(os.environ.get("MILLRACE", ROOT / "build/release/millrace"))
    commands = json.loads((program.parent / "compile_commands.json").read_text())
    words = shlex.split(commands[0]["command"])
    first_flag = next(index for index, word in enumerate(words) if word.startswith("-"))
    compiler = [word for word in words[:first_flag] if word != "ccache"]
    kept = [word for word in words if re.match(r"-(std=|W|D(?!_FORTIFY_SOURCE))", word) and word != "-Winvalid-pch"]
    return shlex.join(compiler), shlex.join(kept)


# Slow to parse, and in most headers.
PRECOMPILED = ("absl/status/statusor.h", "absl/container/flat_hash_map.h")


def included_by(root, header, found):
    """Adds all that a header includes, by whatever ways, to `found`."""
    path = root / header
    if not path.exists():
        return found
    for name in re.findall(r'^\s*#include ["<]([^">]+)[">]', path.read_text(encoding="utf-8"), re.M):
        if name not in found:
            found.add(name)
            included_by(root, name, found)
    return found


def compile_headers(root, headers, directory):
    """Compiles each header alone, in parallel, and again only when something in it has changed. Returns the errors.

    What a header includes anyway comes precompiled in front of it, which hides nothing that the header has not."""
    compiler, flags = compiler_and_flags()
    rules = [
        "rule prefix",
        f"  command = {compiler} {flags} -x c++-header $in -o $out",
        "rule header",
        f"  command = echo '#include \"$in\"' | {compiler} {flags} $prefix -I. -fsyntax-only -MD -MF $out.d -MT $out -x c++ - "
        "&& touch $out",
        "  depfile = $out.d",
        "  deps = gcc",
        f"builddir = {directory}",
    ]
    directory.mkdir(parents=True, exist_ok=True)
    prefixes = {}
    for header in headers:
        (directory / header).parent.mkdir(parents=True, exist_ok=True)
        included = included_by(root, header, set())
        names = tuple(name for name in PRECOMPILED if name in included)
        if not names:
            rules.append(f"build {directory}/{header}.alone: header {header}")
            continue
        prefix = prefixes.setdefault(names, directory / f"prefix_{len(prefixes)}.h")
        rules += [f"build {directory}/{header}.alone: header {header} | {prefix}.gch", f"  prefix = -include {prefix}"]
    for names, prefix in prefixes.items():
        text = "".join(f"#include <{name}>\n" for name in names)
        if not prefix.exists() or prefix.read_text() != text:  # else all would be compiled anew
            prefix.write_text(text)
        rules.append(f"build {prefix}.gch: prefix {prefix}")
    (directory / "build.ninja").write_text("\n".join(rules) + "\n")
    run = subprocess.run(["ninja", "--quiet", "-k", "0", "-f", str(directory / "build.ninja")],
                         cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return run.stdout if run.returncode else ""


class Rules(unittest.TestCase):
    def check(self, rule):
        found = [f"{source.path}:{number}: {message}" for source in tree() for number, message in rule(source)]
        if found:
            self.fail("\n" + "\n".join(found))


class PlantedLines(unittest.TestCase):
    def check(self, rule):
        bad, good = RULES[rule]
        self.assertTrue(list(rule(Source(*bad))), f"not found: {bad}")
        self.assertFalse(list(rule(Source(*good))), f"found where nothing is: {good}")


for each in RULES:
    setattr(Rules, f"test_{each.__name__}", lambda self, rule=each: self.check(rule))
    setattr(PlantedLines, f"test_{each.__name__}", lambda self, rule=each: self.check(rule))


class TextFiles(unittest.TestCase):
    def test_every_file_is_text(self):
        # What a compiler made by mistake beside a source, too.
        self.assertEqual([str(path) for path in paths() if not is_text(ROOT / path)], [])

    def test_bytes_that_are_no_text_are_found(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"gpch\xff\x00")
            file.flush()
            self.assertFalse(is_text(Path(file.name)))


class SelfContainedHeaders(unittest.TestCase):
    def test_every_header_compiles_alone(self):
        headers = [source.path for source in tree() if source.is_header]
        # What a source of the same name begins with (own_header_first) has compiled: only what the precompiled header has could
        # be missing in it.
        if not os.environ.get("MILLRACE_TEST_LONG"):
            headers = [header for header in headers if not (ROOT / header.with_suffix(".cc")).exists()]
        headers = [str(header) for header in headers]
        errors = compile_headers(ROOT, headers, ROOT / "build/headers")
        if errors:
            self.fail("\n" + errors)

    def test_a_header_that_leans_on_others_is_found(self):
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            (root / "leaning.h").write_text("#pragma once\ninline std::string leaning() { return {}; }\n")
            self.assertIn("leaning.h", compile_headers(root, ["leaning.h"], root / "build"))


class Formatting(unittest.TestCase):
    def setUp(self):
        # Other versions lay out some lines differently; 16 is the one that the tree is formatted with.
        self.clang_format = shutil.which("clang-format-16")
        if not self.clang_format:
            self.skipTest("clang-format-16 is not installed")

    def unformatted(self, paths):
        run = subprocess.run([self.clang_format, f"--style=file:{ROOT / '.clang-format'}", "--dry-run", "--Werror", *paths],
                             cwd=ROOT, text=True, stderr=subprocess.PIPE, check=False)
        return sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", run.stderr, re.M)))

    def test_all_sources_are_formatted(self):
        found = self.unformatted([str(source.path) for source in tree() if source.is_cpp])
        if found:
            self.fail(f"\nclang-format-16 -i {' '.join(found)}")

    def test_an_unformatted_source_is_found(self):
        with tempfile.NamedTemporaryFile("w", suffix=".cc") as file:
            file.write("int  x ;\n")
            file.flush()
            self.assertEqual(self.unformatted([file.name]), [file.name])


if __name__ == "__main__":
    closing_line.main()
