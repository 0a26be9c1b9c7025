"""A page is written whole or not at all, and an error names the file that was asked for."""

from pathlib import Path

import pytest

from elman.report.page import write_page


def test_new_page_replaces_the_old_one_and_leaves_no_draft(tmp_path: Path):
    target = tmp_path / "deep" / "report.html"
    write_page("old", target)
    assert write_page("new", target) == target
    assert target.read_text(encoding="utf-8") == "new"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("refused", ["write_text", "replace"])
def test_error_names_the_page_and_not_the_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", ".draft")

    target = tmp_path / "report.html"
    target.write_text("old", encoding="utf-8")
    monkeypatch.setattr(Path, refused, refuse)
    with pytest.raises(PermissionError) as caught:
        write_page("new", target)
    assert caught.value.filename == str(target)
    assert list(tmp_path.iterdir()) == [target]
    assert target.read_bytes() == b"old"
