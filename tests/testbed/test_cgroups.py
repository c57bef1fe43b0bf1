from pathlib import Path

from testbed.cgroups import hierarchies, make, remove


def version_1(root: Path) -> Path:
    for name in ("cpu", "memory", "unified"):
        (root / name).mkdir()
        (root / name / "cgroup.procs").touch()
    (root / "cpuacct").symlink_to(root / "cpu")
    (root / "no-hierarchy").mkdir()
    return root


def version_2(root: Path) -> Path:
    (root / "cgroup.controllers").touch()
    (root / "cgroup.procs").touch()
    (root / "system.slice").mkdir()
    return root


def test_version_1_has_one_hierarchy_per_controller(tmp_path: Path) -> None:
    result = hierarchies(version_1(tmp_path))
    assert [folder.name for folder in result] == ["cpu", "memory", "unified"]


def test_version_2_has_one_hierarchy(tmp_path: Path) -> None:
    assert hierarchies(version_2(tmp_path)) == [tmp_path]


def test_our_group_is_made_in_every_hierarchy_that_has_controllers(tmp_path: Path) -> None:
    make("testbed", version_1(tmp_path))
    made = sorted(path.parent.name for path in tmp_path.glob("*/testbed"))
    assert set(made) == {"cpu", "cpuacct", "memory"}  # The second is a link to the first.


def test_our_groups_are_removed_with_their_children_and_no_others(tmp_path: Path) -> None:
    root = version_2(tmp_path)
    (root / "testbed" / "kubepods" / "pod").mkdir(parents=True)
    (root / "testbed" / "docker").mkdir()
    remove("testbed", root)
    assert not (root / "testbed").exists()
    assert (root / "system.slice").exists()


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    remove("testbed", version_2(tmp_path))
