import json

from testbed.images import base_key, describe, sha256

LAYER = b"a layer"
DIFF_ID = sha256(b"a tar")


def test_the_same_layer_has_the_same_digest() -> None:
    assert describe("a:1", LAYER, DIFF_ID, {}).digest == describe("a:1", LAYER, DIFF_ID, {}).digest


def test_another_config_has_another_digest() -> None:
    other = describe("a:1", LAYER, DIFF_ID, {"Cmd": ["b"]})
    assert other.digest != describe("a:1", LAYER, DIFF_ID, {}).digest


def test_the_manifest_names_config_and_layer_by_digest_and_size() -> None:
    image = describe("a:1", LAYER, DIFF_ID, {"Cmd": ["b"]})
    manifest = json.loads(image.manifest)
    assert manifest["config"]["digest"] == sha256(image.config)
    assert manifest["config"]["size"] == len(image.config)
    assert [layer["digest"] for layer in manifest["layers"]] == [sha256(LAYER)]
    assert json.loads(image.config)["rootfs"]["diff_ids"] == [DIFF_ID]


def test_a_reference_is_by_digest_and_without_tag() -> None:
    image = describe("python-base:trixie", LAYER, DIFF_ID, {})
    assert image.reference == f"127.0.0.1:5000/python-base@{image.digest}"


def test_another_bundle_of_certificates_makes_another_base() -> None:
    assert base_key(b"one") == base_key(b"one")
    assert base_key(b"one") != base_key(b"two")
