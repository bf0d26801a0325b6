"""A person's own points: what is read, how it is split, and how each bad file is refused."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from genlab.data import DataError, read
from genlab.data.files.arrays import FileDataset, split
from genlab.data.files.settings import FILE, FileSettings
from genlab.settings.spaces import Points

RNG = np.random.default_rng(0)
POINTS = RNG.standard_normal((100, 2))


def save(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


def text(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def everything(dataset: FileDataset) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.concatenate([dataset.train(1, rng).x, dataset.validation(999, rng).x, dataset.test(999, rng).x])


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", ">f8", "i8", "u1", "?"])
def test_points_of_any_plain_type_become_float32(tmp_path: Path, dtype: str) -> None:
    array = (10 * np.abs(POINTS)).astype(dtype)
    settings, dataset = read(save(tmp_path / "cloud.npy", array))
    assert settings.name == "cloud"
    assert dataset.space == Points(2)
    assert dataset.x.dtype == np.float32
    np.testing.assert_array_equal(dataset.x, array.astype(np.float32))


def test_arrays_in_column_order_are_read_alike(tmp_path: Path) -> None:
    _, dataset = read(save(tmp_path / "f.npy", np.asfortranarray(POINTS)))
    np.testing.assert_array_equal(dataset.x, POINTS.astype(np.float32))


def test_a_flat_array_is_points_on_a_line(tmp_path: Path) -> None:
    _, dataset = read(save(tmp_path / "line.npy", np.arange(20.0)))
    assert dataset.space == Points(1)
    assert dataset.extent[2:] == (0, 0)


def test_labels_of_an_npz_are_numbered_in_order_and_keep_their_names(tmp_path: Path) -> None:
    labels = np.array(["dog", "cat"])[np.arange(100) % 2]
    np.savez(tmp_path / "pets.npz", x=POINTS, labels=labels)
    settings, dataset = read(tmp_path / "pets.npz")
    assert dataset.label_names == FILE.labels(settings) == ("cat", "dog")
    np.testing.assert_array_equal(dataset.labels, (np.arange(100) + 1) % 2)


def test_what_genlab_writes_as_samples_is_read_back(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", samples=POINTS, labels=np.arange(100) % 3, seed=4)
    _, dataset = read(tmp_path / "s.npz")
    assert dataset.label_names == ("0", "1", "2")
    np.testing.assert_array_equal(dataset.x, POINTS.astype(np.float32))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("header", [True, False])
def test_csv_is_read_with_and_without_a_header(tmp_path: Path, delimiter: str, header: bool) -> None:
    lines = [f"{a!r}{delimiter}{b!r}" for a, b in POINTS.tolist()]
    path = text(tmp_path / "p.csv", "\n".join([f"x{delimiter}y", *lines] if header else lines) + "\n\n")
    _, dataset = read(path)
    np.testing.assert_array_equal(dataset.x, POINTS.astype(np.float32))
    assert dataset.labels is None


def test_the_label_column_of_a_csv_may_stand_anywhere(tmp_path: Path) -> None:
    rows = "\n".join(f"{i},{10 - i % 2},{2 * i}" for i in range(20))
    _, dataset = read(text(tmp_path / "l.csv", "\ufeffx,Label,y\r\n" + rows))
    assert dataset.label_names == ("9", "10")
    np.testing.assert_array_equal(dataset.x, [[i, 2 * i] for i in range(20)])


def test_settings_hold_everything_but_the_place(tmp_path: Path) -> None:
    settings, dataset = read(save(tmp_path / "cloud.npy", POINTS))
    assert str(tmp_path) not in settings.model_dump_json()
    again = FileSettings.model_validate_json(settings.model_dump_json())
    assert again == settings
    assert FILE.space(again) == dataset.space
    assert dataset.fingerprint == settings.sha256
    assert len(settings.sha256) == 64


def test_the_fingerprint_follows_the_content_not_the_format(tmp_path: Path) -> None:
    array = POINTS.astype(np.float32)
    np.savez(tmp_path / "a.npz", x=array)
    one = read(save(tmp_path / "a.npy", array))[0].sha256
    assert read(tmp_path / "a.npz")[0].sha256 == one
    assert read(save(tmp_path / "b.npy", array + 1))[0].sha256 != one


def test_parts_are_disjoint_and_hold_every_row() -> None:
    for rows in (10, 11, 100, 1237):
        parts = split(FileSettings(rows=rows))
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(rows))
        assert min(map(len, parts)) >= 1
        assert abs(len(parts[0]) - 0.7 * rows) <= 1.5


def test_the_split_follows_its_seed(tmp_path: Path) -> None:
    path = save(tmp_path / "cloud.npy", POINTS)
    first, again = read(path)[1], read(path)[1]
    np.testing.assert_array_equal(everything(first), everything(again))
    other = FileDataset(read(path)[0].model_copy(update={"split_seed": 1}), first.x, None)
    assert not np.array_equal(everything(first), everything(other))
    np.testing.assert_array_equal(np.sort(everything(first), axis=0), np.sort(everything(other), axis=0))


def test_labels_stay_with_their_rows_through_the_split(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", x=np.arange(50.0), y=np.arange(50) % 5)
    _, dataset = read(tmp_path / "p.npz")
    for part in (dataset.train(1, RNG), dataset.validation(99, RNG), dataset.test(99, RNG)):
        np.testing.assert_array_equal(part.x[:, 0].astype(int) % 5, part.labels)


def test_a_kept_copy_rebuilds_the_same_set(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", x=POINTS, y=np.arange(100) % 5)
    settings, dataset = read(tmp_path / "p.npz")
    rebuilt = FileDataset.from_arrays(settings, dataset.x.copy(), dataset.labels)
    np.testing.assert_array_equal(everything(rebuilt), everything(dataset))
    assert (rebuilt.id, rebuilt.title, rebuilt.extent) == ("file", "p", dataset.extent)


def test_a_copy_of_other_data_is_refused(tmp_path: Path) -> None:
    settings, dataset = read(save(tmp_path / "p.npy", POINTS))
    with pytest.raises(DataError, match="not the data"):
        FileDataset.from_arrays(settings, dataset.x + 1, None)


def test_columns_of_one_value_are_fine(tmp_path: Path) -> None:
    _, dataset = read(save(tmp_path / "flat.npy", np.ones((20, 2))))
    assert dataset.extent == (0, 2, 0, 2)


def test_the_window_holds_the_bulk_of_the_points(tmp_path: Path) -> None:
    cloud = np.random.default_rng(0).standard_normal((10_000, 2)) * [1, 3] + [5, 0]
    left, right, bottom, top = read(save(tmp_path / "c.npy", cloud))[1].extent
    assert right - left == pytest.approx(top - bottom)
    inside = (cloud[:, 0] > left) & (cloud[:, 0] < right) & (cloud[:, 1] > bottom) & (cloud[:, 1] < top)
    assert inside.mean() > 0.998


def header(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def bytes_at(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def ten_gigabytes(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(10 * 2**30)
    return path


def bomb(path: Path) -> Path:
    """A few hundred kilobytes that expand to almost 800 MB."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("x.npy", "w") as file,
    ):
        file.write(header((50_000_000, 2)))
        for _ in range(100):
            file.write(bytes(8_000_000))
    return path


def archive(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)
    return path


def with_one(value: float) -> np.ndarray:
    array = POINTS.copy()
    array[41, 1] = value
    return array


ROWS = "\n".join("1.5,2" for _ in range(20))

BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda at: at / "nothing.npy", "nothing at"),
    "empty npy": (lambda at: bytes_at(at / "e.npy", b""), "is empty"),
    "empty csv": (lambda at: text(at / "e.csv", ""), "is empty"),
    "blank csv": (lambda at: text(at / "e.csv", "\n\n \n"), "no rows"),
    "header only": (lambda at: text(at / "e.csv", "x,y\n"), "no rows"),
    "no rows": (lambda at: save(at / "e.npy", np.empty((0, 2))), "no values"),
    "no columns": (lambda at: save(at / "e.npy", np.empty((30, 0))), "no values"),
    "single row": (lambda at: save(at / "one.npy", np.ones((1, 2))), "1 row; GenLab needs at least 10"),
    "single line": (lambda at: text(at / "one.csv", "1,2"), "1 row;"),
    "nan": (lambda at: save(at / "n.npy", with_one(np.nan)), "nan in row 42, column 2"),
    "infinity": (lambda at: save(at / "n.npy", with_one(-np.inf)), "-inf in row 42, column 2"),
    "beyond single precision": (lambda at: save(at / "n.npy", with_one(1e300)), "1e.300 in row 42"),
    "nan in csv": (lambda at: text(at / "n.csv", f"{ROWS}\n3,NaN\n"), "NaN in line 21, column 2"),
    "infinity in csv": (lambda at: text(at / "n.csv", f"{ROWS}\ninf,1\n"), "inf in line 21, column 1"),
    "ragged csv": (
        lambda at: text(at / "r.csv", f"x,y\n{ROWS}\n1\n"),
        "line 22 has 1 value where line 1 has 2",
    ),
    "one column too many": (
        lambda at: text(at / "r.csv", f"{ROWS}\n1,2,3\n"),
        "line 21 has 3 values where line 1",
    ),
    "too many columns": (
        lambda at: save(at / "w.npy", np.ones((20, 65))),
        "65 columns; GenLab takes points of at most 64",
    ),
    "too many columns in csv": (lambda at: text(at / "w.csv", ",".join("1" * 70)), "70 columns"),
    "64 numbers and two labels": (
        lambda at: text(at / "w.csv", "\n".join([",".join(["c"] * 65)] + [",".join("1" * 65)] * 20)),
        "65 columns",
    ),
    "text in numbers": (lambda at: text(at / "t.csv", f"{ROWS}\n1,two\n"), "'two' in line 21, column 2"),
    "gap in numbers": (lambda at: text(at / "t.csv", f"{ROWS}\n1,\n"), "nothing in line 21, column 2"),
    "text in the first line": (lambda at: text(at / "t.csv", f"1,b\n{ROWS}"), "'b' in line 1, column 2"),
    "labels without points": (lambda at: text(at / "t.csv", "label\na\nb\n"), "no columns of numbers"),
    "row without label": (lambda at: text(at / "t.csv", f"x,label\n{ROWS}\n1,\n"), "without a label"),
    "not text": (lambda at: bytes_at(at / "t.csv", b"\xff\xfe\x00\x01" * 20), "UTF-8"),
    "endless field": (lambda at: text(at / "t.csv", "1" * 200_000), "not a readable .csv"),
    "objects": (lambda at: save(at / "o.npy", np.array([[1], [1, 2]], dtype=object)), "Python objects"),
    "objects in npz": (lambda at: archive(at / "o.npz", x=np.array([{}, 1], dtype=object)), "Python objects"),
    "a pickle": (lambda at: bytes_at(at / "p.npy", pickle.dumps([1, 2])), "not a readable .npy"),
    "strings": (lambda at: save(at / "s.npy", np.array([["a", "b"]] * 20)), "not real numbers"),
    "complex": (lambda at: save(at / "c.npy", np.ones((20, 2), complex)), "not real numbers"),
    "records": (lambda at: save(at / "c.npy", np.zeros(20, dtype=[("a", "f4")])), "not real numbers"),
    "a cube": (lambda at: save(at / "c.npy", np.ones((20, 3, 3))), "20 x 3 x 3"),
    "a scalar": (lambda at: save(at / "c.npy", np.float64(3)), "single value"),
    "10 GB": (lambda at: ten_gigabytes(at / "big.npy"), "10.0 GiB; GenLab reads at most 512 MiB"),
    "10 GB of csv": (lambda at: ten_gigabytes(at / "big.csv"), "10.0 GiB"),
    "10 GB claimed": (
        lambda at: bytes_at(at / "h.npy", header((2**30, 2)) + bytes(64)),
        "claims 2147483648 values",
    ),
    "overflowing claim": (lambda at: bytes_at(at / "h.npy", header((2**62, 2**62))), "claims"),
    "negative claim": (lambda at: bytes_at(at / "h.npy", header((-5, 2))), "claims"),
    "cut short": (lambda at: bytes_at(at / "h.npy", header((100, 2)) + bytes(64)), "cut short"),
    "a bomb": (lambda at: bomb(at / "b.npz"), "expands to 0.7 GiB"),
    "not a zip": (lambda at: bytes_at(at / "z.npz", b"PK\x03\x04 no archive"), "not a readable .npz"),
    "no arrays": (lambda at: archive(at / "z.npz"), "no array of points"),
    "which array": (lambda at: archive(at / "z.npz", a=POINTS, b=POINTS), "arrays a, b; call the one"),
    "labels of another length": (
        lambda at: archive(at / "z.npz", x=POINTS, y=np.arange(5)),
        "one for each of 100 rows",
    ),
    "too many classes": (
        lambda at: archive(at / "z.npz", x=np.arange(300.0), y=np.arange(300)),
        "300 values",
    ),
    "labels not finite": (
        lambda at: archive(at / "z.npz", x=POINTS, y=np.full(100, np.nan)),
        "not all finite",
    ),
    "two lines of text": (lambda at: text(at / "n.txt", "anna\nbert\n"), "2 lines of text; GenLab needs"),
    "empty text": (lambda at: text(at / "n.txt", ""), "is empty"),
    "blank text": (lambda at: text(at / "n.txt", "\n \n\t\n"), "0 lines of text"),
    "running text": (
        lambda at: text(at / "n.txt", "anna\n" * 20 + "x" * 1257),
        "1,257 characters in line 21; every line is an example, of at most 256",
    ),
    "latin-1": (
        lambda at: bytes_at(at / "n.txt", b"anna\n" * 20 + "jörg".encode("latin-1")),
        "not text in UTF-8, as line 21 shows",
    ),
    "utf-16": (lambda at: bytes_at(at / "n.txt", ("anna\n" * 20).encode("utf-16")), "in UTF-16"),
    "a program": (
        lambda at: bytes_at(at / "n.txt", b"\x7fELF\x02\x01\n" * 20),
        "line 1 holds the control character 0x7f",
    ),
    "zero bytes": (lambda at: bytes_at(at / "n.txt", b"a\0b\n" * 20), "control character 0x00"),
    "10 GB of text": (lambda at: ten_gigabytes(at / "n.txt"), "10.0 GiB"),
    "80 MB of text": (lambda at: bytes_at(at / "n.txt", b"a\n" * 40_000_000), "reads at most 64 MiB of text"),
    "too many characters": (
        lambda at: text(at / "n.txt", "\n".join(chr(0x4E00 + i) for i in range(1100))),
        "1,100 different characters",
    ),
    "tokens as numbers": (
        lambda at: archive(at / "s.npz", samples=np.zeros((20, 3), int), vocabulary=np.array(["a", "b"])),
        "holds tokens, not points",
    ),
    "another kind": (lambda at: text(at / "x.parquet", "a"), "does not know"),
    "no ending": (lambda at: text(at / "points", "1,2"), "does not know"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_in_one_plain_sentence(case: str, tmp_path: Path) -> None:
    make, sentence = BAD[case]
    with pytest.raises(DataError, match=sentence) as error:
        read(make(tmp_path))
    message = str(error.value)
    assert "\n" not in message
    assert len(message) < 250
    assert message.endswith(".")


def test_a_member_that_hides_its_size_gives_no_more_than_it_declares(tmp_path: Path) -> None:
    path = archive(tmp_path / "liar.npz", x=np.ones((1000, 2)))
    content = path.read_bytes()
    size = (1000 * 2 * 8 + 128).to_bytes(4, "little")
    bytes_at(path, content.replace(size, (400).to_bytes(4, "little")))
    with pytest.raises(DataError, match=r"cut short|not a readable"):
        read(path)


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.csv")
    with pytest.raises(DataError, match="neither a file nor a folder"):
        read(tmp_path / "p.csv")


def test_a_file_that_may_not_be_read_is_said_to_be_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "secret.npy", POINTS)

    def refuse(self: Path, *args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"'secret.npy' may not be read"):
        read(path)
