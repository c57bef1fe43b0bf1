"""What makes a context's digest change, and what the engine receives."""

import io
import os
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from testbed.docker_provider import ProviderError
from testbed.docker_provider.context import BuildContext, digest, locate, write_tar


@pytest.fixture
def context(tmp_path: Path) -> BuildContext:
    folder = tmp_path / "app"
    folder.joinpath("sub").mkdir(parents=True)
    folder.joinpath("Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    folder.joinpath("a.py").write_text("print(1)\n")
    folder.joinpath("sub/b.py").write_text("print(2)\n")
    folder.joinpath("secret.txt").write_text("not for the image\n")
    folder.joinpath(".dockerignore").write_text("*.txt\n")
    folder.joinpath("link").symlink_to("a.py")
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    return BuildContext(folder, folder / "Dockerfile")


def members(context: BuildContext) -> tuple[str, dict[str, tarfile.TarInfo]]:
    file = io.BytesIO()
    name = write_tar(context, file)
    file.seek(0)
    with tarfile.open(fileobj=file) as archive:
        return name, {member.name: member for member in archive.getmembers()}


def test_the_digest_is_the_same_for_the_same_content(context: BuildContext) -> None:
    before = digest(context)
    os.utime(context.folder / "a.py", (1, 1))
    assert digest(context) == before


def test_the_digest_is_laid_out_as_the_official_provider_does(context: BuildContext) -> None:
    context.folder.joinpath("link").unlink()  # the official one hashes where it leads in the end
    dockerfile, a, b = "FROM scratch\nCOPY . /\n", "print(1)\n", "print(2)\n"
    records = [
        ("Dockerfile", "----------", dockerfile),
        (".dockerignore", "-rw-r--r--", "*.txt\n"),
        ("Dockerfile", "-rw-r--r--", dockerfile),
        ("a.py", "-rw-r--r--", a),
        ("sub/b.py", "-rw-r--r--", b),
    ]
    layout = b"".join(
        name.encode() + mode.encode() + sha256(content.encode()).digest() + b"\0"
        for name, mode, content in records
    )
    assert digest(context) == sha256(layout).hexdigest()


CHANGES: dict[str, Callable[[Path], object]] = {
    "a byte": lambda folder: folder.joinpath("a.py").write_text("print(3)\n"),
    "a mode": lambda folder: folder.joinpath("a.py").chmod(0o755),
    "a name": lambda folder: folder.joinpath("a.py").rename(folder / "c.py"),
    "a new file": lambda folder: folder.joinpath("sub/new").touch(),
    "a file less": lambda folder: folder.joinpath("sub/b.py").unlink(),
    "the Dockerfile": lambda folder: folder.joinpath("Dockerfile").write_text("FROM scratch\n"),
    "what is ignored": lambda folder: folder.joinpath(".dockerignore").write_text(""),
    "where a link points": lambda folder: (
        folder.joinpath("link").unlink(),
        folder.joinpath("link").symlink_to("sub"),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_digest_changes_with(context: BuildContext, change: str) -> None:
    before = digest(context)
    CHANGES[change](context.folder)
    assert digest(context) != before


def test_the_digest_overlooks_what_is_ignored(context: BuildContext) -> None:
    before = digest(context)
    context.folder.joinpath("secret.txt").write_text("changed\n")
    context.folder.joinpath("other.txt").write_text("new\n")
    assert digest(context) == before


def test_the_digest_overlooks_what_a_link_leads_to(context: BuildContext, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("1")
    context.folder.joinpath("out").symlink_to(outside)
    before = digest(context)
    outside.unlink()
    assert digest(context) == before


def test_an_ignored_dockerfile_still_counts_and_is_sent(context: BuildContext) -> None:
    context.folder.joinpath(".dockerignore").write_text("*\n")
    before = digest(context)
    assert members(context)[1].keys() == {".", "Dockerfile", ".dockerignore"}
    context.dockerfile.write_text("FROM scratch\nCOPY a.py /\n")
    assert digest(context) != before


def test_the_tar_holds_what_is_not_ignored_without_owners(context: BuildContext) -> None:
    name, content = members(context)
    assert name == "Dockerfile"
    expected = {".", ".dockerignore", "Dockerfile", "a.py", "link", "sub", "sub/b.py"}
    assert content.keys() == expected
    assert {(member.uid, member.gid, member.uname) for member in content.values()} == {(0, 0, "")}
    assert content["link"].issym()
    assert content["link"].linkname == "a.py"
    assert content["a.py"].mode == 0o644


def test_the_tars_first_block_is_a_plain_header(context: BuildContext) -> None:
    # The engine tells a tar from a Dockerfile by its first 512 bytes.
    context.folder.joinpath("0" * 150).write_text("a name that needs an extension header")
    file = io.BytesIO()
    write_tar(context, file)
    assert file.getvalue()[:512].rstrip(b"\0").startswith(b".")
    tarfile.TarInfo.frombuf(file.getvalue()[:512], "utf-8", "strict")


def test_a_dockerfile_outside_is_added_under_a_name_of_its_content(
    context: BuildContext, tmp_path: Path
) -> None:
    outside = tmp_path / "bot.Dockerfile"
    outside.write_text("FROM scratch\n")
    moved = BuildContext(context.folder, outside)
    assert moved.dockerfile_name == "../bot.Dockerfile"
    name, content = members(moved)
    assert name in content
    assert members(moved)[0] == name
    outside.write_text("FROM scratch\nCOPY a.py /\n")
    assert members(moved)[0] != name


def test_a_dockerfile_named_relative_to_the_context_gets_the_right_path_as_a_hint(
    context: BuildContext, tmp_path: Path
) -> None:
    assert locate("app", "app/Dockerfile", tmp_path) == context
    with pytest.raises(ProviderError, match="Try setting `dockerfile` to 'app/Dockerfile'"):
        locate("app", "Dockerfile", tmp_path)


def test_a_missing_context_or_dockerfile_is_told_with_its_base(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match=rf"build.context: 'nope'.*{tmp_path}"):
        locate("nope", "Dockerfile", tmp_path)
    with pytest.raises(ProviderError, match=rf"build.dockerfile: .*'nope'.*{tmp_path}"):
        locate(".", "nope", tmp_path)
