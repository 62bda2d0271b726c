import os

import pytest

from minivae.files import open_regular, replacing


def test_the_new_content_takes_the_name_when_all_went_well(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new" and os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_the_old_content_stays_when_something_failed(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(error):
        with replacing(path) as file:
            file.write(b"half of the ne")
            raise error
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.txt"]


def test_only_a_regular_file_is_opened_and_nothing_blocks(tmp_path):
    (tmp_path / "a.txt").write_text("é", encoding="utf-8")
    with open_regular(tmp_path / "a.txt") as file:
        assert file.read() == "é".encode()
    with open_regular(tmp_path / "a.txt", "r", encoding="utf-8") as file:
        assert file.read() == "é"
    others = [tmp_path, os.devnull]
    if hasattr(os, "mkfifo"):       # not on Windows
        os.mkfifo(tmp_path / "pipe")
        others.append(tmp_path / "pipe")
    for path in others:
        with pytest.raises(OSError) as caught:
            open_regular(path)
        assert caught.value.strerror == "is not a regular file" and caught.value.filename == str(path)
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")
