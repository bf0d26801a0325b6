"""Exports: what a picture shows, and what the numbers say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genlab.data import DataError, read
from genlab.runs.export import csv_text, samples_grid, save_csv, save_npz, save_png, save_txt, to_pixels
from genlab.runs.folder import RunError
from genlab.runs.migrations import RUN_FORMAT
from genlab.runs.plot import MODEL, REAL
from genlab.runs.recipe import read_recipe, recipe_of
from genlab.settings.spaces import Images, Points, Signal, Tokens

DIGITS = Images(1, 8, 8, 17)


def colours(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB")).astype(int)


def blue(picture: Image.Image) -> np.ndarray:
    """Where the model's colour is: (rows, columns)."""
    rgb = colours(picture)
    return np.argwhere(rgb[..., 2] - rgb[..., 0] > 100)


def test_levels_become_the_full_range_of_grey() -> None:
    x = np.array([-3, 0, 8, 16, 99], np.float32).reshape(5, 1, 1, 1)
    pixels = to_pixels(x, Images(1, 1, 1, 17))
    np.testing.assert_array_equal(pixels[:, 0, 0, 0], [0, 0, 128, 255, 255])
    assert pixels.shape == (5, 1, 1, 3)


def test_a_montage_puts_each_tile_where_its_number_says() -> None:
    x = np.zeros((5, 1, 8, 8), np.float32)
    x[4] = 16
    picture = samples_grid(x, DIGITS, columns=3, scale=2, padding=4)
    assert picture.size == (3 * 20 + 4, 2 * 20 + 4)
    rgb = colours(picture)
    assert (rgb[24:40, 24:40] == 255).all()  # row 1, column 1
    assert (rgb[4:20, 4:20] == 0).all()
    assert len(np.unique(rgb[24:40, 44:60])) == 1  # nothing there but the background
    assert (rgb == 255).all(-1).sum() == 16 * 16


def test_a_montage_by_class_has_a_row_per_class() -> None:
    labels = np.array([2, 0, 2, 0, 2])
    x = np.where(labels == 2, 16, 0).astype(np.float32).reshape(5, 1, 1, 1) * np.ones(
        (1, 1, 8, 8), np.float32
    )
    rgb = colours(samples_grid(x, DIGITS, labels, scale=1, padding=0, by_class=True))
    assert rgb.shape[:2] == (16, 24)
    assert (rgb[:8, :16] == 0).all()
    assert (rgb[8:] == 255).all()


def test_a_colour_image_keeps_its_channels() -> None:
    x = np.zeros((1, 3, 8, 8), np.float32)
    x[0, 1] = 255
    rgb = colours(samples_grid(x, Images(3, 8, 8, 256), scale=1, padding=0))
    np.testing.assert_array_equal(rgb[3, 3], [0, 255, 0])


def test_a_point_is_drawn_at_its_place_with_y_upwards() -> None:
    x = np.array([[0.5, 0.75]], np.float32)
    picture = samples_grid(x, Points(2), extent=(-1, 1, -1, 1))
    spots = blue(picture)
    spots = spots[spots[:, 0] > 70]  # below the legend
    frame = (colours(picture) == (190, 197, 208)).all(-1)
    rows, columns = np.flatnonzero(frame.sum(1) > 500), np.flatnonzero(frame.sum(0) > 500)
    row, column = spots.mean(0)
    assert (column - columns[0]) / (columns[-1] - columns[0]) == pytest.approx(0.75, abs=0.01)
    assert (row - rows[0]) / (rows[-1] - rows[0]) == pytest.approx(0.125, abs=0.01)


def test_reference_points_lie_in_grey_behind_the_model() -> None:
    rng = np.random.default_rng(0)
    near = rng.normal([-1, 0], 0.1, (3000, 2)).astype(np.float32)
    far = rng.normal([1, 0], 0.1, (3000, 2)).astype(np.float32)
    rgb = colours(samples_grid(near, Points(2), reference=far, extent=(-2, 2, -2, 2)))
    left, right = rgb[300:600, 250:350], rgb[300:600, 550:650]
    # a colour's tint is its mixture with white, so hues compare by direction from white
    for part, colour in ((left, MODEL), (right, REAL)):
        darkest = part.reshape(-1, 3)[part.sum(-1).argmin()]
        tint, full = 255 - darkest, 255 - np.array(colour)
        assert np.dot(tint, full) / np.linalg.norm(tint) / np.linalg.norm(full) > 0.99


def test_a_histogram_is_tallest_where_most_samples_are() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(-2, 0.2, 3000), rng.normal(2, 0.2, 1000)]).astype(np.float32)[:, None]
    spots = blue(samples_grid(x, Points(1), extent=(-4, 4, 0, 0)))
    spots = spots[spots[:, 0] > 70]
    assert spots[spots[:, 0].argmin(), 1] < 450


@pytest.mark.parametrize("dim", [1, 2, 3, 6])
def test_awkward_points_still_give_a_picture(dim: int) -> None:
    for x in (np.zeros((1, dim)), np.full((5, dim), np.nan), np.full((4, dim), 1e20), np.zeros((0, dim))):
        picture = samples_grid(x.astype(np.float32), Points(dim), reference=np.ones((3, dim), np.float32))
        assert picture.size == (900, 900)


def test_a_picture_carries_its_recipe(tmp_path: Path) -> None:
    manifest = {
        "paradigm": "diffusion",
        "session": {"data": {"name": "Ärger"}},
        "seed": 3,
        "folder": "/home/me",
    }
    recipe = recipe_of(manifest, 120, sampler={"steps": 20})
    save_png(Image.new("RGB", (4, 4)), tmp_path / "a.png", recipe)
    assert read_recipe(tmp_path / "a.png") == {
        "format": RUN_FORMAT,
        "paradigm": "diffusion",
        "session": {"data": {"name": "Ärger"}},
        "seed": 3,
        "step": 120,
        "sampler": {"steps": 20},
    }


def test_a_picture_without_a_recipe_says_so(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    with pytest.raises(RunError, match="no recipe"):
        read_recipe(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("nothing")
    with pytest.raises(RunError, match="not a PNG"):
        read_recipe(tmp_path / "b.png")
    with pytest.raises(RunError, match="no such file"):
        read_recipe(tmp_path / "c.png")


def test_numbers_come_back_from_npz_and_csv(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    labels = np.array([0, 1, 1, 0])
    save_npz(tmp_path / "s.npz", x, labels, 7)
    with np.load(tmp_path / "s.npz") as found:
        assert sorted(found) == ["labels", "samples", "seed"]
        np.testing.assert_array_equal(found["samples"], x)
        assert found["seed"] == 7
    save_csv(tmp_path / "s.csv", x, labels, ("up", "down, left"))
    read = np.genfromtxt(tmp_path / "s.csv", delimiter=",", skip_header=1, usecols=(0, 1), dtype=np.float32)
    np.testing.assert_array_equal(read, x)
    assert csv_text(x, labels, ("up", "down, left")).splitlines()[2].endswith(',"down, left"')


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such file or folder"):
        save_csv(tmp_path / "nowhere" / "s.csv", np.zeros((1, 1), np.float32), None)
    assert list(tmp_path.iterdir()) == []


TEXT = Tokens(6, (*"abcdefg ,", "\n"), end=9)
SAID = ["abc", "fa, d", "", "gggggg"]
SAYING = np.stack([TEXT.row(text) for text in SAID])


def test_text_is_saved_as_lines_that_are_read_back(tmp_path: Path) -> None:
    save_txt(tmp_path / "s.txt", SAYING, TEXT)
    assert (tmp_path / "s.txt").read_bytes() == b"abc\nfa, d\n\ngggggg\n"
    rows = np.random.default_rng(0).integers(7, size=(40, 6))
    save_txt(tmp_path / "t.txt", rows, TEXT)
    _, again = read(tmp_path / "t.txt")
    assert isinstance(again.space, Tokens)
    assert again.space.texts(again.x) == TEXT.texts(rows)


def test_text_with_line_breaks_of_its_own_is_not_torn_into_lines(tmp_path: Path) -> None:
    running = Tokens(3, ("a", "\n"))
    with pytest.raises(RunError, match=r"a line per sample.*save them as .csv"):
        save_txt(tmp_path / "s.txt", np.array([[0, 1, 0]]), running)
    assert list(tmp_path.iterdir()) == []
    assert csv_text(np.array([[0, 1, 0]]), None, space=running) == 'text\n"a\na"\n'


def test_text_has_one_column_and_its_label_in_a_table() -> None:
    table = csv_text(SAYING, np.array([0, 1, 1, 0]), ("low", "high"), TEXT)
    assert table == 'text,label\nabc,low\n"fa, d",high\n,high\ngggggg,low\n'


def test_tokens_stay_whole_numbers_and_carry_their_vocabulary(tmp_path: Path) -> None:
    save_npz(tmp_path / "s.npz", SAYING, None, 7, space=TEXT)
    with np.load(tmp_path / "s.npz") as found:
        assert found["samples"].dtype == np.int64
        np.testing.assert_array_equal(found["samples"], SAYING)
        space = Tokens(6, tuple(found["vocabulary"].tolist()), int(found["end"]))
        assert space == TEXT
        assert space.texts(found["samples"]) == SAID
    with pytest.raises(DataError, match="tokens, not points"):
        read(tmp_path / "s.npz")


@pytest.mark.parametrize("space", [Points(4), Images(1, 2, 2, 17), Signal(4, 8.0)])
def test_numbers_of_any_space_are_written_alike(space: Points | Images | Signal) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    assert csv_text(x.reshape(3, *space.event), None, space=space) == csv_text(x, None)
    assert csv_text(x, None).startswith("x1,x2,x3,x4\n")


def ink(picture: Image.Image) -> np.ndarray:
    """Where something dark is drawn: (rows, columns)."""
    return colours(picture).sum(-1) < 600


def test_every_character_of_a_text_has_a_cell_of_one_width() -> None:
    space = Tokens(5, ("i", "m", " "))
    x = np.array([[0, 2, 0, 2, 0], [1, 2, 1, 2, 1]])
    dark = ink(samples_grid(x, space, columns=1))
    assert dark.any()
    for line in (dark[28:54], dark[54:80]):
        columns = np.flatnonzero(line.any(0))
        groups = np.split(columns, np.flatnonzero(np.diff(columns) > 3) + 1)
        middles = np.array([(group[0] + group[-1]) / 2 for group in groups])
        assert len(middles) == 3
        np.testing.assert_allclose(np.diff(middles), 22, atol=1.5)
        assert middles[0] == pytest.approx(28 + 5.5, abs=1.5)


def test_texts_by_class_stand_in_a_column_of_their_class() -> None:
    space = Tokens(2, ("m", " "))
    x = np.array([[0, 0], [0, 0], [0, 0], [0, 0]])
    dark = ink(samples_grid(x, space, np.array([1, 0, 1, 1]), by_class=True))
    first, second = dark[:, 28 : 28 + 55], dark[:, 28 + 55 :]
    lines = [(part[28 + 26 * k : 54 + 26 * k]).any() for part in (first, second) for k in range(3)]
    assert lines == [True, False, False, True, True, True]


def test_of_many_and_long_texts_a_picture_shows_what_fits() -> None:
    space = Tokens(200, ("m",))
    picture = samples_grid(np.zeros((3000, 200), np.int64), space, np.arange(3000), by_class=True)
    assert max(picture.size) < 5000
    assert samples_grid(np.zeros((0, 200), np.int64), space).size[0] > 0


def test_a_signal_is_a_line_from_left_to_right_at_the_height_of_its_values() -> None:
    ramp = np.linspace(-1, 1, 200, dtype=np.float32)
    picture = samples_grid(np.stack([ramp, -ramp]), Signal(200, 100.0), columns=1)
    rgb = colours(picture)
    blue = rgb[..., 2] - rgb[..., 0] > 40
    for top, sign in ((64, -1), (64 + 136, 1)):
        frame = blue[top + 2 : top + 118, 18:454]
        rows = np.array([np.flatnonzero(column).mean() for column in frame.T if column.any()])
        assert len(rows) > 430
        slope = np.polyfit(np.arange(len(rows)), rows, 1)[0]
        # two units of height between the margins of 8 % above and below
        assert slope == pytest.approx(sign * 120 * 2 / 2.32 / 440, rel=0.03)


def test_a_signal_that_is_not_finite_has_gaps_and_no_error() -> None:
    x = np.zeros((1, 100), np.float32)
    x[0, 40:60] = np.nan
    blue = (lambda rgb: rgb[..., 2] - rgb[..., 0] > 100)(colours(samples_grid(x, Signal(100, 1.0))))
    drawn = blue[66:182, 18:454].any(0)
    assert drawn[:160].mean() > 0.95
    assert not drawn[185:250].any()
    for values in (np.full((2, 5), np.nan), np.zeros((0, 5)), np.full((3, 5), 7.0)):
        assert samples_grid(values.astype(np.float32), Signal(5, 1.0)).size[0] > 0
