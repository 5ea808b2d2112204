"""A lint that is a test: the house rules that no tool of the trade checks for us.

The floors and the three rules are those of ``docs/decisions/0001-the-house.md``: imports
point down, a glossary noun is a file name, and only ``store/`` folders and adapters behind
a Protocol touch the world.
"""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("chain", "domain", "projections", "api", "scripts")
TOP_LEVEL = {
    *FLOORS,
    "tests",
    "docs",
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "Makefile",
    "README.md",
    "alembic.ini",
    "pyproject.toml",
    "requirements.lock",
}
MAX_FILE = 400
MAX_FUNCTION = 70
NAMES_THAT_SAY_NOTHING = {
    "utils",
    "helpers",
    "common",
    "models",
    "services",
    "types",
    "misc",
    "base",
}
WORLD = {
    "os",
    "socket",
    "subprocess",
    "random",
    "secrets",
    "time",
    "tempfile",
    "shutil",
    "psycopg",
    "psycopg_pool",
    "sqlalchemy",
    "requests",
    "httpx",
    "urllib.request",
}
CLOCK_CALLS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("datetime", "today"),
}
PURE_FLOORS = ("chain", "domain")


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def touches_the_world(path: Path) -> bool:
    return "store" in path.relative_to(ROOT).parts


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


EVERY_SOURCE = [pytest.param(path, id=name(path)) for path in sources(*FLOORS)]
PURE_SOURCES = [
    pytest.param(path, id=name(path))
    for path in sources(*PURE_FLOORS)
    if not touches_the_world(path)
]


@pytest.mark.parametrize("path", EVERY_SOURCE)
def test_imports_point_down(path: Path) -> None:
    floor = FLOORS.index(path.relative_to(ROOT).parts[0])
    above = FLOORS[floor + 1 :]
    up = [each for each in imports(tree_of(path)) if each.split(".")[0] in above]
    assert up == []


@pytest.mark.parametrize("path", PURE_SOURCES)
def test_only_store_folders_touch_the_world(path: Path) -> None:
    module = tree_of(path)
    world = [each for each in imports(module) if each in WORLD or each.split(".")[0] in WORLD]
    clocks = [
        ast.unparse(node)
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in CLOCK_CALLS
    ]
    opened = [
        ast.unparse(node)
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open"
    ]
    assert world + clocks + opened == []


@pytest.mark.parametrize("path", EVERY_SOURCE)
def test_every_module_and_every_function_fits_the_eye(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < MAX_FUNCTION, f"{node.name} is too long"


@pytest.mark.parametrize("path", EVERY_SOURCE)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(tree_of(path)), "begin the file with what it is"


def test_file_names_are_nouns_of_the_field() -> None:
    silent = [name(path) for path in sources(*FLOORS) if path.stem in NAMES_THAT_SAY_NOTHING]
    assert silent == []


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout: which files are the project's is not known")
    return [line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def test_the_top_level_holds_what_it_always_held() -> None:
    assert {line.split("/")[0] for line in tracked()} <= TOP_LEVEL


def test_a_migration_says_what_was_done_on_its_day_whatever_the_program_says_since() -> None:
    versions = [each for each in sources("scripts") if each.parent.name == "versions"]
    assert len(versions) > 10
    ours = {
        name(each): [named for named in imports(tree_of(each)) if named.split(".")[0] in FLOORS]
        for each in versions
    }
    assert {each: found for each, found in ours.items() if found} == {}


def test_tests_are_no_packages() -> None:
    """An ``__init__.py`` under tests/chain would shadow the real chain."""
    assert [name(path) for path in (ROOT / "tests").rglob("__init__.py")] == []


ADDRESS = re.compile(r"(?<![\w/])/(?:work|root|home/[a-z]+)/[\w.]")


def test_no_file_names_a_machine_or_a_registry() -> None:
    named = []
    for line in tracked():
        path = ROOT / line
        if path.suffix not in {".py", ".md", ".toml", ".ini", ".lock", ""} or path.is_symlink():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if ADDRESS.search(text) or (path.suffix == ".lock" and "://" in text):
            named.append(line)
    assert named == []
