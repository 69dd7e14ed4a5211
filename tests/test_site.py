"""Does the site have every page and every public name once, and do all links lead somewhere?"""

import posixpath
import re
from collections import Counter

import pytest
from notebooks import NOTEBOOKS
from pages import PAGES, ROOT

import minigrad as mg
from minigrad import data, losses, nn, optim, plot, testing

LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
MARKDOWN = [*PAGES, "CONTRIBUTING.md", "CHANGELOG.md"]


def public():
    """Every name that a user may call, but for the operations, which have a page of their own."""
    for module in (nn, losses, optim, data, mg.exchange, plot, testing, testing.strategies):
        yield from (f"{module.__name__}.{name}" for name in module.__all__ if name != "strategies")
    modules = {"nn", "losses", "optim", "data", "metrics", "checkpoint"}
    yield from (f"minigrad.{name}" for name in mg._OWN if name not in modules)
    yield from (f"minigrad.checkpoint.{name}" for name in mg.checkpoint.__all__)
    # Accuracy stands with the names of the package itself.
    yield from (f"minigrad.metrics.{name}" for name in mg.metrics.__all__ if name != "accuracy")


def test_every_public_name_is_in_the_reference_once():
    texts = [path.read_text() for path in (ROOT / "docs/api").glob("*.md")]
    shown = Counter(re.findall(r"^::: (\S+)$", "\n".join(texts), re.MULTILINE))
    assert shown == Counter(public())


def test_every_page_is_in_the_navigation_once():
    navigation = (ROOT / "mkdocs.yml").read_text().split("\nnav:\n")[1]
    shown = re.findall(r": (\S+\.(?:md|ipynb))$", navigation, re.MULTILINE)
    docs = [page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")]
    notebooks = [f"notebooks/{path.name}" for path in NOTEBOOKS]
    # The last two are made of files outside of docs/.
    assert sorted(shown) == sorted([*docs, *notebooks, "contributing.md", "changelog.md"])


def anchors(page):
    """What links to the headings of a page end with."""
    headings = re.findall(r"^#+ (.*)$", (ROOT / page).read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", MARKDOWN)
def test_links_lead_somewhere(page):
    for path, anchor in LINK.findall((ROOT / page).read_text()):
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
        assert (ROOT / target).is_file(), path
        if anchor.startswith("L") and target.endswith(".py"):
            assert 0 < int(anchor[1:]) <= len((ROOT / target).read_text().splitlines())
        elif anchor:
            assert anchor in anchors(target), (path, anchor)
