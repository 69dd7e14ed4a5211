"""How do links from the pages to files of the repository work on the site?

A page links to ``../minigrad/engine/graph.py#L34``, which works in a clone and on a forge. On the site, each file that
is linked to becomes a page of its own with numbered lines. CONTRIBUTING.md and CHANGELOG.md become pages, too.
"""

import logging
import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"\[([^\]]*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")
LOG = logging.getLogger("mkdocs.hooks")
PAGES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}


def on_files(files, config):
    """Add the pages that are made of files outside of docs/."""
    docs = Path(config.docs_dir)
    linked = {path for page in docs.rglob("*.md") for path in _outside(page.read_text(), page.parent)}
    for name, page in PAGES.items():
        text = _moved((ROOT / name).read_text())
        linked |= set(_outside(text, docs))
        files.append(File.generated(config, page, content=text))
    for path in sorted(linked - PAGES.keys()):
        files.append(File.generated(config, _page_of(path), content=_source(path)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Let links lead to these pages."""
    folder = posixpath.dirname(page.file.src_uri)

    def replaced(match):
        label, path, fragment = match.groups("")
        inside = posixpath.normpath(posixpath.join(folder, path))
        if not inside.startswith("../"):
            return match[0]
        target = inside.removeprefix("../")
        target = PAGES.get(target) or _page_of(target)
        if fragment.startswith("#L"):
            # As HTML, because the check of anchors does not see those of lines of code.
            url = files.get_file_from_path(target).url_relative_to(page.file)
            return f'<a href="{url}#line-0-{fragment[2:]}">{label}</a>'
        return f"[{label}]({posixpath.relpath(target, folder or '.')}{fragment})"

    return LINK.sub(replaced, markdown)


def on_page_content(html, page, config, files):
    """The same for notebooks, which are HTML before MkDocs looks at links."""
    if not page.file.src_uri.endswith(".ipynb"):
        return html

    def replaced(match):
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), match[1]))
        if files.get_file_from_path(target) is None:
            LOG.warning(f"{page.file.src_uri} links to {match[1]}, which is not there")
            return match[0]
        return f'href="{files.get_file_from_path(target).url_relative_to(page.file)}{match[2] or ""}"'

    # What draws diagrams would come from another host, and there are none.
    html = re.sub(r'<script type="module">(?:(?!</script>).)*mermaid.*?</script>', "", html, flags=re.DOTALL)
    return re.sub(r'href="(?![a-z]+:)([^"#]+\.(?:md|ipynb))(#[^"]*)?"', replaced, html)


def _outside(text, folder):
    """The files of the repository that the text of a page in a folder links to, other than pages."""
    for _, path, _ in LINK.findall(text):
        target = (folder / path).resolve()
        if target.is_relative_to(ROOT) and not target.is_relative_to(ROOT / "docs"):
            yield target.relative_to(ROOT).as_posix()


def _page_of(path):
    return f"source/{path}.md"


def _moved(text):
    """Text of the top folder with links as they are in docs/."""

    def replaced(match):
        label, path, fragment = match.groups("")
        path = path.removeprefix("docs/") if path.startswith("docs/") else f"../{path}"
        return f"[{label}]({path}{fragment})"

    return LINK.sub(replaced, text)


def _source(path):
    language = "python" if path.endswith(".py") else "text"
    text = (ROOT / path).read_text()
    # Not searched: names would be found in code before they are found in the text about them.
    head = "---\nsearch:\n  exclude: true\n---\n\n"
    return f'{head}# {path}\n\n~~~~ {{.{language} linenums="1"}}\n{text}~~~~\n'
