"""Plans for the reports' tests, and the rendered page of a Markdown text as its readers see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from html.parser import HTMLParser

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from unit.domain.make import change, pair, plan_of

from psarecon.domain.comparison import Comparison, compare
from psarecon.domain.model import Finding, LineKey, Severity
from psarecon.domain.money import Money
from psarecon.domain.plan import Change, Plan

ZERO_WIDTH = "\u200b"
#: What Markdown, HTML, GitHub and GitLab would make something of.
NAMES = (
    "Acme | Corp | | x", "`code` ``", "<script>document.title='ran'</script>",
    "<img src=http://evil.example/x onerror=x>", "</summary></details><h1>all is well", "--> <b>",
    "&lt;b&gt; &#64;all &amp;", "@everyone", "a@evil.example", "#123", "GH-123", "org/repo#5", "!17", "%9", "~bug",
    "$5 and $6", "$`x`$", "&12", "[click](http://evil.example)", "[x][y]", "![x](http://evil.example/x.png)",
    "https://evil.example/a?b=c", "www.evil.example", "evil.example", "mailto:a@evil.example",
    "*bold* _em_ ~~gone~~ __x__", "# heading", "- item", "1. item", "> quote", "    code", "---", "\\|\\<b>\\`",
    ":tada: :+1:", "0123456789abcdef0123456789abcdef01234567", "deadbee", "{+ added +} {- gone -}", "[-x-]",
    "[[wiki]]", "[^1]", "##vso[task.x]y", "line\r\nbreak\u2028x", "Acme \u202egpj.exe\u202c", "\x1b[2J\x07", "", " ",
    "\ud800", "Z" + "\u0351" * 60, "A" * 10_000, "\u05e9\u05dc\u05d5\u05dd 1", "\u5317\u6d77\u9053",
    "=cmd|'/C calc'!A0", "/close", "^alert#1", "*iteration:1", "a&b; c",
)  # fmt: skip

texts = st.one_of(
    st.sampled_from(NAMES),
    st.text(max_size=80),
    st.text(alphabet="@#!$%&|<>`*_~[]{}():/\\.-+^=\"' \nw0ahtpABg1", max_size=80),
)
figures = st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False)


def numbered(
    number: int, cost: str | Decimal = "9.00", revenue: str | Decimal = "15.00", client: str = "Acme"
) -> Change:
    """A change of its own line that moves so much a month."""
    line = LineKey("autotask", "174", "29683353", f"{8000 + number}")
    money = Money(Decimal("0.00"), Decimal(cost), Decimal("0.00"), Decimal(revenue))
    return change(pair(10, 11 + number), line=line, money=money, client=client)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any names, any money, any findings."""
    rows = draw(st.lists(st.tuples(texts, texts, figures, figures), max_size=60))
    changes = [replace(numbered(number, cost, revenue, client), product=product)
               for number, (client, product, cost, revenue) in enumerate(rows)]  # fmt: skip
    scopes = ["plan", "source:jumpcloud", "line:autotask/1", *(one.scope for one in changes)]
    found = st.builds(Finding, texts, st.sampled_from(Severity), st.one_of(st.sampled_from(scopes), texts), texts)
    plan = plan_of(changes, draw(st.lists(found, max_size=40)))
    return replace(
        plan, currency=draw(texts), month=draw(texts), commit=draw(st.none() | texts), tenants=draw(_TENANTS)
    )


_TENANTS = st.dictionaries(texts, texts, max_size=3).map(lambda found: {"autotask": "127.0.0.1/1", **found})


def edited(plan: Plan) -> Comparison:
    """The plan against one without its first change, other figures on each third line, and one change more."""
    other = Money(Decimal(0), Decimal(1), Decimal(0), Decimal(3))
    changes = [
        replace(one, id=f"{number:012x}", money=other) if number % 3 == 1 else one
        for number, one in enumerate(plan.changes)
        if number
    ]
    gone = numbered(5000, "70.00", "100.00", "Gone & Co")
    remark = Finding("name-differs", Severity.LOOK, "line:autotask/13000", "it was so")
    before = replace(plan_of([*changes, gone], [*plan.findings[1:], remark]), tenants=plan.tenants)
    return compare("main", "fedcba9876543210", before, plan)


@dataclass
class Table:
    """A rendered table: what its columns are called, and its cells' texts."""

    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def column(self, name: str) -> list[str]:
        """The texts of one column; none where there is no such column."""
        return [row[self.columns.index(name)] for row in self.rows if name in self.columns]


class Page(HTMLParser):
    """What a browser would make of some HTML: its elements, its tables (any space is a space), its texts."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.tables: list[Table] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Remember the element, and begin its text."""
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        if tag == "table":
            self.tables.append(Table())
        elif tag == "tr" and self.tables[-1].columns:
            self.tables[-1].rows.append([])
        elif tag in {"td", "th"}:
            (self.tables[-1].rows[-1] if tag == "td" else self.tables[-1].columns).append("")
        self._open.append(tag)
        self.texts.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        """What follows belongs to the element around it."""
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Text of the innermost element, and of the cell it stands in."""
        tag = self._open[-1] if self._open else ""
        self.texts.append((tag, data))
        if "td" in self._open:
            self.tables[-1].rows[-1][-1] += data.replace("\u00a0", " ")
        elif "th" in self._open:
            self.tables[-1].columns[-1] += data.replace(" / ", "/")

    def text(self) -> str:
        """All there is to read, without the signs that take no room."""
        return "".join(text for _, text in self.texts).replace(ZERO_WIDTH, "")

    def outside_code(self) -> Iterator[str]:
        """Texts in which a site looks for references."""
        return (text for tag, text in self.texts if tag != "code")


def rendered(markdown: str) -> Page:
    """The Markdown as GitHub's kind of Markdown: tables, strikethrough, HTML, and links of every address it finds."""
    return Page(str(MarkdownIt("gfm-like").render(markdown)))


def money(text: str) -> Decimal:
    """A figure as it is shown."""
    return Decimal(text.replace(",", ""))
