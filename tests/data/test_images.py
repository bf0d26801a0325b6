"""A person's own folder of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genlab.data import DataError, read
from genlab.data.files.arrays import FileDataset
from genlab.settings.spaces import Images

RNG = np.random.default_rng(0)


def write(path: Path, array: np.ndarray, mode: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path)


def folder(at: Path, n: int = 12, shape: tuple[int, ...] = (8, 8), suffix: str = ".png") -> np.ndarray:
    arrays = RNG.integers(256, size=(n, *shape), dtype=np.uint8)
    for k, array in enumerate(arrays):
        write(at / f"{k:03d}{suffix}", array)
    return arrays


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".PNG"])
def test_small_grey_images_are_kept_pixel_by_pixel(tmp_path: Path, suffix: str) -> None:
    arrays = folder(tmp_path / "mine", shape=(8, 10), suffix=suffix)
    settings, dataset = read(tmp_path / "mine")
    assert (settings.name, dataset.title) == ("mine", "mine")
    assert dataset.space == Images(1, 8, 10, 256)
    np.testing.assert_array_equal(dataset.x[:, 0], arrays)


def test_colour_images_have_three_channels(tmp_path: Path) -> None:
    arrays = folder(tmp_path, shape=(8, 8, 3))
    _, dataset = read(tmp_path)
    assert dataset.space == Images(3, 8, 8, 256)
    np.testing.assert_array_equal(dataset.x, arrays.transpose(0, 3, 1, 2))


def test_one_colour_image_among_grey_ones_makes_all_colour(tmp_path: Path) -> None:
    arrays = folder(tmp_path)
    write(tmp_path / "zzz.png", np.zeros((8, 8, 3), np.uint8))
    _, dataset = read(tmp_path)
    np.testing.assert_array_equal(dataset.x[0], np.repeat(arrays[:1], 3, axis=0))


def test_larger_images_are_cropped_to_the_centre_and_averaged_down(tmp_path: Path) -> None:
    arrays = folder(tmp_path, shape=(64, 96))
    _, dataset = read(tmp_path)
    assert dataset.space == Images(1, 32, 32, 256)
    expected = arrays[:, :, 16:80].reshape(12, 32, 2, 32, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(dataset.x[:, 0], expected, atol=1)


def test_images_of_different_sizes_take_the_side_of_the_smallest(tmp_path: Path) -> None:
    folder(tmp_path, shape=(20, 30))
    write(tmp_path / "small.png", np.full((16, 12), 7, np.uint8))
    _, dataset = read(tmp_path)
    assert dataset.space == Images(1, 12, 12, 256)
    assert (dataset.x[-1] == 7).all()


def test_subfolders_are_classes(tmp_path: Path) -> None:
    cats, dogs = folder(tmp_path / "cat", 6), folder(tmp_path / "dog", 7)
    (tmp_path / "notes").mkdir()
    _, dataset = read(tmp_path)
    assert dataset.label_names == ("cat", "dog")
    np.testing.assert_array_equal(dataset.labels, [0] * 6 + [1] * 7)
    np.testing.assert_array_equal(dataset.x[:, 0], np.concatenate([cats, dogs]))


@pytest.mark.parametrize("word", ["any", "none"])
def test_no_class_can_have_a_name_that_means_something_else_as_a_label(word: str, tmp_path: Path) -> None:
    for name in ("cat", word):
        folder(tmp_path / "animals" / name)
    rows = "".join(f"{i},{word if i % 2 else 'b'}\n" for i in range(20))
    (tmp_path / "p.csv").write_text(f"x,label\n{rows}", encoding="utf-8")
    for path in (tmp_path / "animals", tmp_path / "p.csv"):
        assert f"no class can be called '{word}'" in refused(path)


def test_transparent_pixels_become_white(tmp_path: Path) -> None:
    folder(tmp_path, shape=(8, 8, 3))
    write(tmp_path / "zzz.png", np.zeros((8, 8, 4), np.uint8))
    assert (read(tmp_path)[1].x[-1] == 255).all()


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path) -> None:
    folder(tmp_path)
    write(tmp_path / "zzz.png", np.full((8, 8), 257 * 100, np.uint16))
    assert (read(tmp_path)[1].x[-1] == 100).all()


def test_a_palette_image_is_read_in_its_colours(tmp_path: Path) -> None:
    folder(tmp_path, shape=(8, 8, 3))
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    write(tmp_path / "zzz.png", red, "P")
    np.testing.assert_array_equal(read(tmp_path)[1].x[-1], red.transpose(2, 0, 1))


def test_a_photograph_held_sideways_is_turned_upright(tmp_path: Path) -> None:
    for k in range(12):
        image = Image.fromarray(np.tile(np.linspace(0, 255, 24).astype(np.uint8), (16, 1)))
        exif = Image.Exif()
        exif[0x0112] = 6
        image.save(tmp_path / f"{k}.jpg", exif=exif, quality=95)
    _, dataset = read(tmp_path)
    assert dataset.space == Images(1, 24, 16, 256)
    assert dataset.x[0, 0, -1].mean() > 200 > 50 > dataset.x[0, 0, 0].mean()


def test_a_kept_copy_of_images_rebuilds_the_same_set(tmp_path: Path) -> None:
    folder(tmp_path)
    settings, dataset = read(tmp_path)
    rebuilt = FileDataset.from_arrays(settings, dataset.x.copy(), None)
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(rebuilt.test(9, rng).x, dataset.test(9, rng).x)


def test_hidden_and_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / ".hidden.png").write_bytes(b"x")
    (tmp_path / "readme.md").write_text("x")
    assert len(read(tmp_path)[1].x) == 12


def refused(path: Path) -> str:
    with pytest.raises(DataError) as error:
        read(path)
    message = str(error.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    assert "holds no images" in refused(tmp_path)


def test_too_few_images_are_refused(tmp_path: Path) -> None:
    folder(tmp_path, 1)
    assert "1 image; GenLab needs at least 10" in refused(tmp_path)


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "fake.png").write_bytes(b"this is not a picture")
    assert refused(tmp_path) == "'fake.png' is not a readable image."


def test_another_format_under_a_known_ending_is_refused(tmp_path: Path) -> None:
    folder(tmp_path)
    Image.new("L", (8, 8)).save(tmp_path / "fake.png", format="GIF")
    assert refused(tmp_path) == "'fake.png' is not a readable image."


def test_a_damaged_image_is_named(tmp_path: Path) -> None:
    folder(tmp_path, shape=(30, 30, 3))
    path = tmp_path / "005.png"
    path.write_bytes(path.read_bytes()[:600])
    assert "'005.png' is damaged" in refused(tmp_path)


def test_an_empty_image_file_is_named(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "005.png").write_bytes(b"")
    assert "'005.png' is not a readable image" in refused(tmp_path)


def test_an_enormous_image_is_refused_by_its_header(tmp_path: Path) -> None:
    folder(tmp_path)
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    assert "'bomb.png' has more pixels" in refused(tmp_path)
    Image.new("1", (8000, 8000)).save(tmp_path / "bomb.png")
    assert "'bomb.png' has 8000 x 8000 pixels" in refused(tmp_path)


def test_a_tiny_image_is_refused(tmp_path: Path) -> None:
    folder(tmp_path)
    write(tmp_path / "dot.png", np.zeros((1, 1), np.uint8))
    assert "'dot.png' has 1 x 1 pixels; GenLab needs at least 4" in refused(tmp_path)


def test_images_beside_class_folders_are_refused(tmp_path: Path) -> None:
    folder(tmp_path)
    folder(tmp_path / "cat")
    assert "images beside its subfolders" in refused(tmp_path)


def test_more_pixels_than_memory_allows_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path)
    monkeypatch.setattr("genlab.data.files.images.MAX_VALUES", 100)
    assert "holds 12 images, more than" in refused(tmp_path)
