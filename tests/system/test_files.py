import os
from contextlib import nullcontext

import pytest

from minivae.system.files import open_regular, replacing


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


@pytest.mark.parametrize("failures", [3, 10])
def test_a_file_that_another_program_has_open_is_replaced_when_it_is_closed(tmp_path, monkeypatch, failures):
    """As on Windows."""
    path, replace, waits = tmp_path / "a.txt", os.replace, []

    def refused_at_first(*names):
        if len(waits) < failures:
            raise PermissionError(13, "Access is denied", *names)
        replace(*names)
    monkeypatch.setattr("minivae.system.files.os.replace", refused_at_first)
    monkeypatch.setattr("minivae.system.files.time.sleep", waits.append)
    path.write_bytes(b"old")
    refused = pytest.raises(PermissionError, match="another program may have it open.*a.txt")
    with refused if failures == 10 else nullcontext():
        with replacing(path) as file:
            file.write(b"new")
    assert path.read_bytes() == (b"old" if failures == 10 else b"new") and os.listdir(tmp_path) == ["a.txt"]
    assert sum(waits) == pytest.approx(0.9 if failures == 10 else 0.3)


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
