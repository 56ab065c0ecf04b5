"""SOQL as far as clients of ours speak it: parsed, checked against the schema, and run.

SELECT fields, parent fields and one level of child queries; FROM; WHERE with comparisons, IN, LIKE,
AND, OR, NOT and parentheses; ORDER BY; LIMIT.
https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.salesforce.errors import SalesforceError, malformed
from sandbox.salesforce.schema import CHILDREN, FIELDS, PARENTS, field_of, long_id, object_name
from sandbox.store import Record, Store

_TOKENS = re.compile(
    r"""\s*(?:
      (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<word>[A-Za-z_][A-Za-z0-9_.]*)
    | (?P<sign>!=|<>|<=|>=|=|<|>|\(|\)|,)
    )""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", '"': '"', "%": "%", "_": "_"}
_DEEPEST = 50

Test = Callable[[Record], bool]


@dataclass
class Query:
    kind: str
    fields: list[str]
    children: list[tuple[str, list[str]]] = field(default_factory=list)
    test: Test | None = None
    order: list[tuple[str, bool]] = field(default_factory=list)
    limit: int | None = None
    #: SystemModstamp bounds that every result must have, for reading by time.
    low: datetime | None = None
    high: datetime | None = None
    #: Ids that the outermost AND asks for.
    ids: list[str] | None = None
    #: COUNT() in place of fields.
    counts: bool = False


def run(store: Store, text: str, *, deleted: bool) -> tuple[Query, list[Record]]:
    """All results, in order. Raises SalesforceError: MALFORMED_QUERY, INVALID_FIELD, INVALID_TYPE."""
    query = _Parser(store, text).query()
    table = store.tables[query.kind]
    if query.ids is not None:
        candidates = [key for key in dict.fromkeys(query.ids) if key in table.records]
    elif query.low or query.high:
        candidates = [key for _, key in table.between(query.low, query.high)]
    else:
        candidates = table.by_id
    found = [
        record
        for record in (table.records[key] for key in candidates)
        if (deleted or not record.archived) and (query.test is None or query.test(record))
    ]
    for name, backward in reversed(query.order):
        found.sort(key=lambda record: _sortable(_value(store, record, name)), reverse=backward)
    return query, found[: query.limit]


def told(store: Store, query: Query, record: Record, version: str) -> dict[str, Any]:
    """One record as a query's answer shows it."""
    answer: dict[str, Any] = {"attributes": _attributes(record, version)}
    for name in query.fields:
        *parents, last = name.split(".")
        target = answer
        owner: Record | None = record
        for parent in parents:
            owner = _parent(store, owner, parent) if owner else None
            if owner is None:
                target.setdefault(parent, None)
                break
            target = target.setdefault(parent, {"attributes": _attributes(owner, version)})
        else:
            target[last] = owner.values.get(last) if owner else None
    for relationship, names in query.children:
        kind, reference = CHILDREN[query.kind][relationship]
        rows = [
            store.tables[kind].records[key]
            for key in sorted(store.linked((record.object, record.id), kind))
        ]
        rows = [row for row in rows if not row.archived and row.values.get(reference) == record.id]
        answer[relationship] = (
            {
                "totalSize": len(rows),
                "done": True,
                "records": [
                    {
                        "attributes": _attributes(row, version),
                        **{name: row.values.get(name) for name in names},
                    }
                    for row in rows
                ],
            }
            if rows
            else None
        )
    return answer


def _attributes(record: Record, version: str) -> dict[str, str]:
    url = f"/services/data/{version}/sobjects/{record.object}/{record.id}"
    return {"type": record.object, "url": url}


def _parent(store: Store, record: Record, name: str) -> Record | None:
    reference = record.values.get(PARENTS[name])
    field_ = FIELDS[record.object][PARENTS[name]]
    return store.get(field_.refers_to, reference) if reference else None


def _value(store: Store, record: Record, name: str) -> Any:
    *parents, last = name.split(".")
    owner: Record | None = record
    for parent in parents:
        owner = _parent(store, owner, parent) if owner else None
    if owner is None:
        return None
    if last == "SystemModstamp":
        return owner.modified_at
    value = owner.values.get(last)
    if value is not None and FIELDS[owner.object][last].type == "datetime":
        return datetime.fromisoformat(value)
    return value


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)


class _Parser:
    def __init__(self, store: Store, text: str) -> None:
        self.store, self.text = store, text
        self.tokens = list(_tokens(text))
        self.at = 0
        self.depth = 0

    def query(self) -> Query:
        self._keyword("SELECT")
        counts = self._take("COUNT")
        if counts and not (self._take("(") and self._take(")")):
            raise malformed("only COUNT() is supported")
        names, children = ([], []) if counts else self._selection()
        self._keyword("FROM")
        query = Query(self._object(), [], [], counts=counts)
        query.fields = [self._checked(query.kind, name) for name in names]
        query.children = [self._child(query.kind, *child) for child in children]
        if self._take("WHERE"):
            query.test = self._or(query, outermost=True)
        if self._take("ORDER"):
            self._keyword("BY")
            query.order = self._order(query.kind)
        if self._take("LIMIT"):
            query.limit = int(self._next("number"))
        if self.at < len(self.tokens):
            raise malformed(f"unexpected token: '{self.tokens[self.at][1]}'")
        return query

    def _selection(self) -> tuple[list[str], list[tuple[str, list[str]]]]:
        names: list[str] = []
        children: list[tuple[str, list[str]]] = []
        while True:
            if self._take("("):
                self._keyword("SELECT")
                inner = [self._next("word")]
                while self._take(","):
                    inner.append(self._next("word"))
                self._keyword("FROM")
                children.append((self._next("word"), inner))
                self._keyword(")")
            else:
                names.append(self._next("word"))
            if not self._take(","):
                return names, children

    def _child(self, kind: str, relationship: str, names: list[str]) -> tuple[str, list[str]]:
        known = CHILDREN.get(kind, {})
        found = next((name for name in known if name.lower() == relationship.lower()), None)
        if found is None:
            message = f"Didn't understand relationship '{relationship}' in FROM part of query call."
            raise SalesforceError(400, "INVALID_TYPE", message)
        return found, [self._checked(known[found][0], name) for name in names]

    def _object(self) -> str:
        text = self._next("word")
        kind = object_name(text)
        if kind is None:
            message = f"sObject type '{text}' is not supported."
            raise SalesforceError(400, "INVALID_TYPE", message)
        return kind

    def _checked(self, kind: str, text: str) -> str:
        """The field path as the schema spells it."""
        *parents, last = text.split(".")
        spelled = []
        owner = kind
        for parent in parents:
            name = next((known for known in PARENTS if known.lower() == parent.lower()), None)
            if name is None or PARENTS[name] not in FIELDS[owner]:
                message = f"Didn't understand relationship '{parent}' in field path."
                raise SalesforceError(400, "INVALID_FIELD", message)
            spelled.append(name)
            owner = FIELDS[owner][PARENTS[name]].refers_to
        found = field_of(owner, last)
        if found is None:
            column = self.text.find(text) + 1
            message = (
                f"ERROR at Row:1:Column:{column}\nNo such column '{last}' on entity '{owner}'."
            )
            raise SalesforceError(400, "INVALID_FIELD", message)
        return ".".join([*spelled, found.name])

    def _order(self, kind: str) -> list[tuple[str, bool]]:
        order = []
        while True:
            name = self._checked(kind, self._next("word"))
            backward = self._take("DESC")
            if not backward:
                self._take("ASC")
            order.append((name, backward))
            if not self._take(","):
                return order

    def _or(self, query: Query, *, outermost: bool = False) -> Test:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise malformed("the condition is nested too deeply")
        start = self.at
        tests = [self._and(query, outermost=outermost)]
        if outermost and self._peek("OR"):
            # Bounds of one branch do not hold for the others: read it again without taking any.
            query.low = query.high = query.ids = None
            self.at = start
            tests = [self._and(query, outermost=False)]
        while self._take("OR"):
            tests.append(self._and(query, outermost=False))
        self.depth -= 1
        return tests[0] if len(tests) == 1 else lambda record: any(test(record) for test in tests)

    def _and(self, query: Query, *, outermost: bool) -> Test:
        tests = [self._condition(query, outermost=outermost)]
        while self._take("AND"):
            tests.append(self._condition(query, outermost=outermost))
        return tests[0] if len(tests) == 1 else lambda record: all(test(record) for test in tests)

    def _condition(self, query: Query, *, outermost: bool) -> Test:
        if self._take("NOT"):
            inner = self._condition(query, outermost=False)
            return lambda record: not inner(record)
        if self._take("("):
            test = self._or(query)
            self._keyword(")")
            return test
        name = self._checked(query.kind, self._next("word"))
        negated = bool(self._take("NOT"))
        if self._take("IN"):
            return self._among(query, name, negated=negated, outermost=outermost)
        sign = self._next("sign")
        value = self._literal(name)
        if outermost:
            self._bound(query, name, sign, value)
        return self._compare(name, sign, value)

    def _among(self, query: Query, name: str, *, negated: bool, outermost: bool) -> Test:
        self._keyword("(")
        values = [self._literal(name)]
        while self._take(","):
            values.append(self._literal(name))
        self._keyword(")")
        if outermost and name == "Id" and not negated:
            query.ids = [str(value) for value in values]
        wanted = {_folded(value) for value in values}
        return lambda record: (_folded(_value(self.store, record, name)) in wanted) is not negated

    def _compare(self, name: str, sign: str, value: Any) -> Test:
        if sign in {"=", "!=", "<>"}:
            equal = sign == "="
            wanted = _folded(value)
            return lambda record: (_folded(_value(self.store, record, name)) == wanted) is equal
        if sign not in {"<", "<=", ">", ">="} or value is None:
            raise malformed(f"unexpected token: '{sign}'")
        compare: Callable[[Any], bool] = {
            "<": lambda given: given < value,
            "<=": lambda given: given <= value,
            ">": lambda given: given > value,
            ">=": lambda given: given >= value,
        }[sign]

        def test(record: Record) -> bool:
            given = _value(self.store, record, name)
            try:
                return given is not None and compare(given)
            except TypeError:
                message = f"value of filter criterion for field '{name}' is of the wrong type"
                raise SalesforceError(400, "INVALID_FIELD", message) from None

        return test

    def _bound(self, query: Query, name: str, sign: str, value: Any) -> None:
        """Outermost conditions on the stamp and on the id make the reading quick."""
        if name == "SystemModstamp" and isinstance(value, datetime):
            if sign in {">", ">="}:
                query.low = value
            elif sign in {"<", "<="}:
                query.high = value
        elif name == "Id" and sign == "=":
            query.ids = [str(value)]

    def _literal(self, name: str) -> Any:
        if self.at >= len(self.tokens):
            raise malformed("unexpected token: '<EOF>'")
        kind, text = self.tokens[self.at]
        self.at += 1
        match kind:
            case "string":
                value = re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text[1:-1])
                is_id = name.rpartition(".")[2].endswith("Id")
                return long_id(value) if is_id else value
            case "datetime":
                return datetime.fromisoformat(text)
            case "date":
                return text
            case "number":
                return float(text)
            case "word" if text.lower() in {"true", "false"}:
                return text.lower() == "true"
            case "word" if text.lower() == "null":
                return None
        raise malformed(f"unexpected token: '{text}'")

    def _peek(self, word: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][1].upper() == word

    def _take(self, word: str) -> bool:
        if self._peek(word):
            self.at += 1
            return True
        return False

    def _keyword(self, word: str) -> None:
        if not self._take(word):
            found = self.tokens[self.at][1] if self.at < len(self.tokens) else "<EOF>"
            raise malformed(f"unexpected token: '{found}' (expecting {word})")

    def _next(self, kind: str) -> str:
        if self.at >= len(self.tokens) or self.tokens[self.at][0] != kind:
            found = self.tokens[self.at][1] if self.at < len(self.tokens) else "<EOF>"
            raise malformed(f"unexpected token: '{found}'")
        self.at += 1
        return str(self.tokens[self.at - 1][1])


def _tokens(text: str) -> Any:
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKENS.match(text, at)
        if match is None or match.lastgroup is None:
            raise malformed(f"line 1:{at} no viable alternative at character '{text[at]}'")
        yield match.lastgroup, match[match.lastgroup]
        at = match.end()


def _folded(value: Any) -> Any:
    """Texts compare without case."""
    if isinstance(value, str):
        return value.casefold()
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
