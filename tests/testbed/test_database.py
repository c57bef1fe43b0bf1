import stat
from pathlib import Path

from testbed import database
from testbed.paths import Paths


def platform(folder: Path) -> Paths:
    return Paths(folder / "cache", folder)


def test_the_bot_has_a_role_and_a_database_of_its_own(tmp_path: Path) -> None:
    paths = platform(tmp_path)
    paths.bot_password.write_text("abc-_1")
    assert database.url(paths) == "postgresql://bot:abc-_1@10.250.0.1:5432/bot"


def test_before_the_first_up_there_is_no_password(tmp_path: Path) -> None:
    assert database.url(platform(tmp_path)) == "postgresql://bot:@10.250.0.1:5432/bot"


def test_a_password_is_kept_where_only_its_owner_reads(tmp_path: Path) -> None:
    paths = platform(tmp_path)
    first = database.password(paths)
    assert stat.S_IMODE(paths.bot_password.stat().st_mode) == 0o600
    assert database.password(paths) == first
    assert first.replace("-", "").replace("_", "").isalnum()


def test_what_exists_is_not_created_again() -> None:
    created = [line for line in database.statements("p").split(";") if "CREATE" in line]
    for line in created:
        assert line.count("CREATE") == line.count("WHERE NOT EXISTS")
