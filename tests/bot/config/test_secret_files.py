from pathlib import Path

import pytest

from bot.config.secret_files import VALUE_BYTES_MAX, SecretsError, read_secrets


def test_no_folder_means_no_secrets() -> None:
    assert read_secrets(None) == {}


def test_each_file_is_a_secret_and_prints_as_stars(tmp_path: Path) -> None:
    (tmp_path / "apiKey").write_text("hunter2\n")
    (tmp_path / "..data").mkdir()
    secrets = read_secrets(tmp_path)
    assert secrets["apiKey"].get_secret_value() == "hunter2"
    assert "hunter2" not in f"{secrets} {secrets!r}"
    assert list(secrets) == ["apiKey"]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SecretsError, match="missing"):
        read_secrets(tmp_path / "missing")
    (tmp_path / "key").write_bytes(b"\xff")
    with pytest.raises(SecretsError, match="UTF-8"):
        read_secrets(tmp_path)
    (tmp_path / "key").write_bytes(b"x" * (VALUE_BYTES_MAX + 1))
    with pytest.raises(SecretsError, match="larger"):
        read_secrets(tmp_path)
