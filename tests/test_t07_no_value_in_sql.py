"""T07: no request value reaches SQL as text, staff routes included (lizhipay/acg-faka#821).

Two proofs: every statement in the source is built of constants (a value can only be a
parameter), and values that would break out of a statement come back as they were sent.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent

from chain.store.log import Log
from chain.store.recorder import LedgerApplicationRecorder
from tests.test_tidy import ROOT, name, sources

EXECUTORS = {"execute", "executemany", "copy", "stream"}
COMPOSING = ("sql.SQL", "sql.Composed", "sql.Identifier")
"""psycopg's own composition, which quotes names and takes no values."""
NO_CONNECTION = {"edge", "_cuts", "shutil", "returns", "found"}
"""Things with a method of the same name that are no database."""
COMPOSED = ("_statement(register,", "_beginning(register)", "_adding(register)")
"""Functions of the registers that compose a statement of names and placeholders."""
PASSED_ON = {
    "chain/store/registers.py": {"query"},
    "chain/store/embedded/cluster.py": {"statement"},
    # Names of the program's own tables and columns; what a caller says is a parameter.
    "api/access/store/credentials.py": {"query.encode()"},
    "api/doctor/views.py": {"query"},
    "projections/store/concerning.py": {"query"},
    "projections/store/digest.py": {"query"},
    "projections/store/histories.py": {"query"},
    "projections/store/reader.py": {"query"},
    "projections/store/tables.py": {
        "query",
        "f'TRUNCATE {names}'",
        "f'SELECT {names} FROM {self._schema}.{table.name} WHERE id = ANY(%s)'",
    },
    "scripts/bench/views.py": {"f\"TRUNCATE {', '.join(tables)}\""},
}
"""By file: names of statements that another function of the same file has composed."""


class Constants:
    """What of one module is text that no value can change."""

    def __init__(self, module: ast.Module) -> None:
        self.assigned: dict[str, list[ast.expr]] = {}
        for node in ast.walk(module):
            targets: list[ast.expr] = []
            value: ast.expr | None = None
            if isinstance(node, ast.Assign):
                targets, value = node.targets, node.value
            elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
                targets, value = [node.target], node.value
            elif isinstance(node, ast.For):
                # Of a pair, each name stands for all that is gone through: one value in it
                # makes both doubtful.
                names = node.target
                targets = names.elts if isinstance(names, ast.Tuple) else [names]
                value = node.iter
            for target in targets:
                if isinstance(target, ast.Name) and value is not None:
                    self.assigned.setdefault(target.id, []).append(value)

    def hold(self, node: ast.expr, depth: int = 0) -> bool:
        """Say whether *node* is built of constants alone."""
        if depth > 8:
            return False
        if isinstance(node, ast.Call):
            return self._holds_call(node, depth)
        if isinstance(node, ast.Name) and node.id not in self.assigned:
            # An imported name in capitals is a constant of the module that it comes from.
            return node.id.lstrip("_").isupper()
        if isinstance(node, ast.Constant):
            return True
        parts = self._parts(node)
        return bool(parts) and all(self.hold(each, depth + 1) for each in parts)

    def _parts(self, node: ast.expr) -> list[ast.expr]:
        """Return what *node* is put together from; nothing where that is not known."""
        parts: list[ast.expr] = []
        match node:
            case ast.JoinedStr():
                parts = node.values
            case ast.Tuple() | ast.List():
                parts = node.elts
            case ast.FormattedValue():
                parts = [node.value]
            case ast.BinOp():
                parts = [node.left, node.right]
            case ast.IfExp():
                parts = [node.body, node.orelse]
            case ast.Name():
                parts = self.assigned[node.id]
        return parts

    def _holds_call(self, node: ast.Call, depth: int) -> bool:
        called = ast.unparse(node.func)
        if called.startswith(COMPOSING):
            return not called.startswith("sql.SQL") or self._composed(node, depth)
        if called.endswith(".format") and isinstance(node.func, ast.Attribute):
            given = [*node.args, *(each.value for each in node.keywords)]
            return self.hold(node.func.value, depth + 1) and all(
                self.hold(each, depth + 1) for each in given
            )
        if called == "text":
            return all(self.hold(each, depth + 1) for each in node.args)
        return False

    def _composed(self, node: ast.Call, depth: int) -> bool:
        """Say whether every text that ``sql.SQL`` is given is a constant."""
        inner = [
            each
            for each in ast.walk(node)
            if isinstance(each, ast.Call) and ast.unparse(each.func) == "sql.SQL"
        ]
        return all(self.hold(argument, depth + 1) for each in inner for argument in each.args)


def statements(module: ast.Module) -> Iterator[tuple[ast.Call, ast.expr]]:
    for node in ast.walk(module):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in EXECUTORS or not node.args:
            continue
        owner = ast.unparse(node.func.value)
        if owner.split(".")[-1] in NO_CONNECTION:
            continue
        yield node, node.args[0]


def doubtful(path: Path, text: str) -> list[str]:
    module = ast.parse(text)
    constants = Constants(module)
    passed_on = PASSED_ON.get(name(path), set())
    return [
        f"{name(path)}:{call.lineno}: {ast.unparse(statement)[:80]}"
        for call, statement in statements(module)
        if ast.unparse(statement) not in passed_on
        and not ast.unparse(statement).startswith(COMPOSED)
        and not constants.hold(statement)
    ]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(each, id=name(each))
        for each in sources("chain", "domain", "projections", "api", "scripts")
        if "execute" in each.read_text(encoding="utf-8")
    ],
)
def test_every_statement_is_made_of_constants(path: Path) -> None:
    assert doubtful(path, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "connection.execute(f'SELECT * FROM orders WHERE id = {order}')",
        "connection.execute('SELECT * FROM orders WHERE id = %s' % order)",
        "connection.execute('SELECT * FROM orders WHERE id = ' + request.order)",
        "connection.execute('SELECT {}'.format(order))",
        "query = 'SELECT ' + order\nconnection.execute(query)",
        "connection.execute(sql.SQL(order))",
        "cursor.executemany(body['sql'], rows)",
        "for table, kept in asked:\n    connection.execute(f'TRUNCATE {table}')",
        "for a, b in (('x', order),):\n    connection.execute(f'SELECT {a}, {b}')",
    ],
)
def test_the_search_finds_a_value_in_a_statement(source: str) -> None:
    assert doubtful(ROOT / "planted.py", source)


HOSTILE = (
    "x'); DROP TABLE ledger.entries; --",
    'x"; DELETE FROM ledger.receipts; --',
    "%s %(name)s %% {0} {name}",
    "\\'; SELECT pg_sleep(10); --",
    "$$; TRUNCATE ledger.entries; $$",
)


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_that_would_break_out_of_a_statement_is_stored_as_it_came(
    value: str, database_name: str, owner_url: str, app_url: str
) -> None:
    body = b'{"data":"%b"}' % value.replace("\\", "").replace('"', "").encode()
    stream = value.replace(" ", "_")[:64]
    with Log(app_url) as log:
        recorder = LedgerApplicationRecorder(log, str)
        stored = StoredEvent(stream, 1, "order.placed", body)
        recorder.insert_events([stored], command_id=f"cmd/{stream}")
        assert list(recorder.select_events(stream)) == [stored]
        assert recorder.select_receipt(f"cmd/{stream}") == range(1, 2)
        found = recorder.select_notifications(1, 10, topics=[value, "order.placed"])
        assert [each.originator_id for each in found] == [stream]
    with psycopg.connect(owner_url) as connection:
        assert connection.execute("SELECT count(*) FROM ledger.entries").fetchone() == (1,)
