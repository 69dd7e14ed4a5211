"""Are the pictures that the pages show those that their code draws?"""

import page_pictures
import pytest
from page_pictures import DRAWING, drawn, labels, shown
from pages import ONE_SESSION, ROOT


@pytest.mark.parametrize("page", DRAWING)
def test_a_page_shows_what_its_code_draws(page):
    pictures = drawn(page)
    assert sorted(pictures) == sorted(shown(page))
    for name, picture in pictures.items():
        kept = ((ROOT / page).parent / name).read_bytes()
        assert len(kept) < 60_000, name
        assert labels(kept) == labels(picture), f"{name} is another one; python tests/page_pictures.py draws it anew"
        assert labels(kept)


def test_every_page_that_saves_pictures_is_looked_at():
    saving = {page for page in ONE_SESSION if "plot." in (text := (ROOT / page).read_text()) and "savefig(" in text}
    assert saving == {*DRAWING}


def test_another_picture_is_noticed(tmp_path, monkeypatch):
    assert labels(b"<svg><text>loss</text><text>0.5</text><g><text>epoch</text></g></svg>") == {"loss", "epoch"}
    monkeypatch.setattr(page_pictures, "ROOT", tmp_path)
    (tmp_path / "page.md").write_text("![a curve](curve.svg) and [a page](page.md)")
    assert shown("page.md") == ["curve.svg"]
