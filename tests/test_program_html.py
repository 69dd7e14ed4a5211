"""The page of a program shows each step with its line, value and gradient, by buttons, keys and mouse, in a browser."""

import base64
import json
import re

import browser
import numpy as np
import program_examples
import pytest
from program_examples import convolutional, network_program, normal, two_layer_arguments, two_layer_program

import minigrad as mg
from minigrad.program.errors import ProgramError
from minigrad.program.views import html
from minigrad.program.views.drawings import drawing

ARGUMENTS = two_layer_arguments(3)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The page of a network with two layers."""
    found = tmp_path_factory.mktemp("pages") / "two_layers.html"
    two_layer_program().html(found, *ARGUMENTS)
    return found


def data_of(path):
    inside = re.search(r'<script id="program" type="application/json">(.*?)</script>', path.read_text(), re.S)
    return json.loads(inside[1])


def by_name(path):
    return {value["name"]: value for value in data_of(path)["values"]}


def numbers(value):
    return np.array([float(text) for text in value["data"]["numbers"]])


def by_hand():
    """Values and gradients, by the names on the page."""
    w1, b1, w2, b2, x, y = ARGUMENTS
    z1 = x @ w1 + b1
    a1 = np.tanh(z1)
    p = np.tanh(a1 @ w2 + b2)
    dp = 2.0 * (p - y) / p.size
    dz2 = dp * (1.0 - p**2)
    dz1 = dz2 @ w2.T * (1.0 - a1**2)
    return {"z1": z1, "a1": a1, "p": p, "x": x, "da1": dz2 @ w2.T, "dz1": dz1, "dw1": x.T @ dz1, "db2": dz2.sum(axis=0)}


def test_values_and_gradients_are_those_of_numpy(path):
    values = by_name(path)
    for name, expected in by_hand().items():
        np.testing.assert_allclose(numbers(values[name]), expected.reshape(-1), rtol=1e-5, atol=1e-12)


def test_every_step_says_where_it_comes_from_and_goes(path):
    values = data_of(path)["values"]
    program = two_layer_program()
    assert len(values) == len(program.inputs) + len(program.code)
    for number, value in enumerate(values):
        assert all(used < number for used in value["uses"])
        assert all(number in values[used]["used"] for used in value["uses"])
        assert all(number in values[user]["uses"] for user in value["used"])
        if value["of"] is not None:
            assert value["shape"] == values[value["of"]]["shape"]
            assert values[value["of"]]["gradient"] <= number
    named = by_name(path)
    assert [values[each]["name"] for each in named["a1"]["uses"]] == ["z1"]
    assert values[named["a1"]["gradient"]]["name"] == "da1"
    assert sum(value["result"] for value in values) == 5


def test_lines_of_the_user_and_of_numpy(path):
    value = by_name(path)["a1"]
    assert value["source"] == "a1 = np.tanh(z1)"
    assert value["place"] == f"program_examples.py:{program_examples.two_layers.__code__.co_firstlineno + 2}"
    assert value["call"] == "a1 = np.tanh(z1)"
    assert by_name(path)["dz1"]["source"] == "a1 = np.tanh(z1)"


def test_the_page_needs_nothing_else(path):
    text = path.read_text()
    assert not re.search(r"https?:|//[a-z]|src=|href=|url\(|@import|fetch\(|XMLHttp", text)
    assert len(text) < 60_000
    assert "{{" not in re.sub(r"<script.*", "", text, flags=re.S)


def test_the_script_and_the_page_fit(path):
    """Also where no browser is: what the script looks for is there."""
    text = path.read_text()
    script = text[text.rindex("<script>") :]
    ids = set(re.findall(r'at\("([\w-]+)"\)', script)) | set(re.findall(r'getElementById\("([\w-]+)"\)', script))
    assert len(ids) > 15
    assert ids == set(re.findall(r' id="([\w-]+)"', text)) & ids
    entry = data_of(path)["values"][0]
    assert set(re.findall(r"\bvalue\.(\w+)", script)) <= entry.keys()
    keys = {key for value in (np.ones(3), np.ones(99), np.ones(3, bool)) for key in drawing(value, 20)}
    assert set(re.findall(r"\bdata\.(\w+)", script)) - {"value"} <= keys | {"length"}


def test_text_cannot_end_the_data(tmp_path):
    program = mg.program(lambda x: x * 2.0, normal(3), wrt=[], name="</script><b>&")
    program.html(tmp_path / "page.html", normal(3))
    text = (tmp_path / "page.html").read_text()
    assert "<b>" not in text
    assert "<title>&lt;/script&gt;&lt;b&gt;&amp;</title>" in text
    assert data_of(tmp_path / "page.html")["title"] == "</script><b>&"


def test_layers_are_told(tmp_path):
    program = network_program(4, 5, 2)
    program.html(tmp_path / "page.html", program.examples[0], normal(3, 4), normal(3, 2))
    layers = {value["layers"] for value in data_of(tmp_path / "page.html")["values"]}
    assert {"", "Sequential / layers.0 Dense", "Sequential / layers.3 Tanh"} <= layers


def test_arguments_are_checked(tmp_path):
    with pytest.raises(ProgramError, match="axis 1 of x has size 9"):
        two_layer_program().html(tmp_path / "page.html", *ARGUMENTS[:4], normal(3, 9), ARGUMENTS[5])
    assert not (tmp_path / "page.html").exists()


def test_long_programs_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(html, "_MOST_STEPS", 10)
    count = len(two_layer_program().code)
    with pytest.raises(ProgramError, match=f"{count} instructions, and a page shows 10 at most; record a part of it"):
        two_layer_program().html(tmp_path / "page.html", *ARGUMENTS)


def test_large_arrays_make_no_large_page(tmp_path):
    def long(x):
        for _ in range(150):
            x = np.sin(x)
        return x

    program = mg.program(long, normal(2, 2), wrt=[])
    program.html(tmp_path / "page.html", normal(300, 300))
    assert 500_000 < (tmp_path / "page.html").stat().st_size < 4_000_000


class TestDrawings:
    def test_small_arrays_are_numbers(self):
        found = drawing(np.array([[1.0, -0.5], [np.nan, 1e-9]]), 40)
        assert found["numbers"] == ["1", "-0.5", "nan", "1e-09"]
        assert (found["rows"], found["columns"]) == (2, 2)
        assert found["bad"] == "1 NaN"
        assert found["summary"] == "min -0.5, mean 0.166667, max 1"

    def test_large_arrays_are_pictures(self):
        array = np.linspace(-1.0, 3.0, 120).reshape(10, 12)
        array[2, 3] = np.inf
        found = drawing(array, 40)
        levels = np.frombuffer(base64.b64decode(found["picture"]), np.uint8).reshape(found["rows"], found["columns"])
        assert levels.shape == (10, 12)
        assert levels[2, 3] == 255
        assert levels[-1, -1] == 254
        shown = (levels.astype(float) - 127.0) / 127.0 * 3.0
        np.testing.assert_allclose(shown[3:], array[3:], atol=3.0 / 254.0)
        assert (found["scale"], found["bad"], found["sampled"]) == ("3", "1 infinite", "")

    @pytest.mark.parametrize("shape", [(100_000,), (70, 900), (900, 3), (3, 50, 60), (2, 16, 30, 30), (2, 3, 4, 5, 6)])
    def test_no_picture_is_larger_than_it_may_be(self, shape):
        array = np.ones(shape)
        found = drawing(array, 40)
        size = found["rows"] * found["columns"]
        assert len(base64.b64decode(found["picture"])) == size
        assert size <= 49 * 49
        assert bool(found["sampled"]) == (found["picture"] != "" and size < array.size)

    def test_matrices_of_larger_arrays_lie_side_by_side(self):
        array = np.stack([np.full((6, 7), 1.0), np.full((6, 7), -1.0)])
        found = drawing(array, 40)
        levels = np.frombuffer(base64.b64decode(found["picture"]), np.uint8).reshape(found["rows"], found["columns"])
        assert levels.shape == (6, 15)
        assert (levels[:, :7] == 254).all()
        assert (levels[:, 7] == 255).all()
        assert (levels[:, 8:] == 0).all()

    @pytest.mark.parametrize("value", [np.zeros((0, 3)), np.ones(3, complex), np.ones(99, complex), np.array("text")])
    def test_others_have_a_summary(self, value):
        assert drawing(value, 40)["summary"]


if browser.PROGRAM is not None:
    # Where no browser is installed, the tests above look at the same page.

    @pytest.fixture(scope="module")
    def reader():
        found = browser.Browser()
        yield found
        found.close()

    @pytest.fixture
    def page(reader, path):
        reader.open(path)
        yield reader
        assert reader.errors() == []
        assert {address.split(":")[0] for address in reader.requests()} == {"file"}

    def steps():
        return len(two_layer_program().code)

    class TestInABrowser:
        def test_buttons(self, page):
            assert page.text("#position") == f"Step 1 of {steps()}"
            page.click("#on")
            page.click("#on")
            assert page.text("#position") == f"Step 3 of {steps()}"
            page.click("#back")
            assert page.text("#position") == f"Step 2 of {steps()}"
            page.click("#last")
            assert page.text("#position") == f"Step {steps()} of {steps()}"
            assert page.value("at('on').disabled && at('last').disabled && !at('back').disabled")
            page.click("#first")
            assert page.text("#position") == f"Step 1 of {steps()}"
            assert page.value("at('back').disabled && at('first').disabled && !at('on').disabled")

        def test_keys(self, page):
            for key, position in [("ArrowLeft", 1), ("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2),
                                  ("End", steps()), ("ArrowRight", steps()), ("Home", 1)]:  # fmt: skip
                page.press(key)
                assert page.text("#position") == f"Step {position} of {steps()}"

        def test_keys_go_one_step_while_the_slider_has_the_focus(self, page):
            page.value("at('slider').focus()")
            page.press("ArrowRight")
            assert page.text("#position") == f"Step 2 of {steps()}"

        def test_slider(self, page):
            page.value("at('slider').value = 4; at('slider').dispatchEvent(new Event('input'))")
            assert page.text("#position") == f"Step 5 of {steps()}"

        def test_a_step_of_the_list_and_a_link(self, page):
            number = list(by_name_in_order(page)).index("a1")
            page.click(f"#steps button[data-value='{number}']")
            assert page.text("#call") == "a1 = np.tanh(z1)"
            assert page.text("#phase") == "forward"
            page.click("#uses button")
            assert page.text("#call") == "z1 = v7 + b1"
            page.click("#used button")
            assert page.text("#call") == "a1 = np.tanh(z1)"

        def test_numbers(self, page):
            names = list(by_name_in_order(page))
            expected = by_hand()
            for name in expected:
                page.value(f"show({names.index(name)})")
                cells = page.value("[...document.querySelectorAll('#value td')].map((cell) => cell.textContent)")
                np.testing.assert_allclose(
                    [float(cell) for cell in cells], expected[name].reshape(-1), rtol=1e-5, atol=1e-12
                )
            rows = page.value("document.querySelectorAll('#value tr').length")
            assert rows == 1

        def test_a_gradient_is_shown_once_the_pass_back_has_been_there(self, page):
            names = list(by_name_in_order(page))
            page.value(f"show({names.index('w1')})")
            assert "not yet: it is computed in step" in page.text("#gradient")
            page.press("End")
            page.value(f"show({names.index('w1')})")
            cells = page.value("[...document.querySelectorAll('#gradient td')].map((cell) => cell.textContent)")
            np.testing.assert_allclose([float(cell) for cell in cells], by_hand()["dw1"].reshape(-1), rtol=1e-5)
            page.value(f"show({names.index('dz1')})")
            assert page.text("#gradient-title") == "dz1 is the gradient of"
            page.click("#gradient button")
            assert page.text("#value-title").startswith("z1 (3, 5)")

        def test_every_step_of_the_convolutional_example(self, reader, tmp_path):
            program, arguments = convolutional()
            program.html(tmp_path / "page.html", *arguments)
            reader.open(tmp_path / "page.html", width=390)
            for position in range(len(program.code)):
                assert reader.text("#position") == f"Step {position + 1} of {len(program.code)}"
                assert reader.value("document.querySelector('#value').children.length > 0")
                assert reader.value("document.documentElement.scrollWidth <= innerWidth")
                reader.press("ArrowRight")
            reader.value("show(values.findIndex((value) => value.name === 'W2'))")
            assert reader.value("document.querySelectorAll('#value canvas, #gradient canvas').length") == 2
            assert reader.errors() == []

        def test_pictures_and_colours(self, reader, tmp_path):
            array = np.where(np.arange(120).reshape(10, 12) < 60, -1.0, 1.0)
            array[0, 0] = np.nan
            program = mg.program(lambda x: x * 2.0, normal(10, 12), wrt=[])
            program.html(tmp_path / "page.html", array)
            pixel = "(() => {{ const c = document.querySelector('#value canvas').getContext('2d');" \
                    " return [...c.getImageData({0}, {1}, 1, 1).data]; }})()"  # fmt: skip
            reader.open(tmp_path / "page.html")
            assert reader.value(pixel.format(5, 1)) == [33, 102, 172, 255]
            assert reader.value(pixel.format(5, 9)) == [178, 24, 43, 255]
            assert reader.value(pixel.format(0, 0))[3] == 0
            assert "1 NaN" in reader.text("#value")
            background = "getComputedStyle(document.body).backgroundColor"
            light = reader.value(background)
            reader.open(tmp_path / "page.html", scheme="dark")
            assert reader.value(background) != light
            assert reader.value(pixel.format(5, 1)) != [33, 102, 172, 255]

        @pytest.mark.parametrize("width", [320, 390, 1200])
        def test_nothing_is_cut_off(self, reader, tmp_path, width):
            def wide(a_name_that_is_rather_long_for_a_telephone):
                return np.concatenate([a_name_that_is_rather_long_for_a_telephone] * 9, axis=1) * 123456.789

            program = mg.program(wide, normal(2, 3), wrt=[])
            program.html(tmp_path / "page.html", normal(2, 3))
            reader.open(tmp_path / "page.html", width)
            for _ in program.code:
                assert reader.value("document.documentElement.scrollWidth <= innerWidth")
                assert reader.value("[...document.querySelectorAll('button')].every((b) => b.offsetHeight >= 30)")
                reader.press("ArrowRight")
            sizes = "[...document.querySelectorAll('pre, p, td, button, figcaption')].map((e) =>" \
                    " parseFloat(getComputedStyle(e).fontSize))"  # fmt: skip
            assert min(reader.value(sizes)) >= 13
            assert reader.errors() == []

    def by_name_in_order(page):
        return dict.fromkeys(page.value("values.map((value) => value.name)"))
