"""Settings come from the environment and from `.env`, and say in Russian what is wrong with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kirovlib import settings
from kirovlib.errors import ParameterError
from kirovlib.platforms.networks import NETWORKS
from kirovlib.settings import Settings, load

VK = NETWORKS["vk"]
VK_URL = VK.urls[0]


def test_without_variables_the_real_network_is_asked_and_no_token_is_set(tmp_path: Path) -> None:
    loaded = load(tmp_path, {})
    assert (loaded.home, loaded.variable("VK_TOKEN"), VK.url(loaded)) == (tmp_path, "", VK_URL)
    assert loaded.requests_per_second is None  # each network keeps its own pace


def test_variables_come_from_the_env_file_of_the_home_folder(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# ключ\nVK_TOKEN='из файла'\nKIROV_VK_URL=http://127.0.0.1:1/method/\n", "utf-8")
    loaded = load(tmp_path, {})
    assert (loaded.variable("VK_TOKEN"), VK.url(loaded)) == ("из файла", "http://127.0.0.1:1/method/")


def test_the_environment_is_stronger_than_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("VK_TOKEN=file\nKIROV_VK_URL=http://file/\n", "utf-8")
    assert load(tmp_path, {"VK_TOKEN": "environment"}).variable("VK_TOKEN") == "environment"
    assert load(tmp_path, {"VK_TOKEN": ""}).variable("VK_TOKEN") == ""
    assert VK.url(load(tmp_path, {"KIROV_VK_URL": ""})) == VK_URL


def test_a_variable_without_a_value_in_the_env_file_means_the_default(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("VK_TOKEN\nKIROV_VK_URL=\n", "utf-8")
    assert (load(tmp_path, {}).variable("VK_TOKEN"), VK.url(load(tmp_path, {}))) == ("", VK_URL)


def test_an_env_file_saved_by_windows_notepad_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfVK_TOKEN=abc\r\n")
    assert load(tmp_path, {}).variable("VK_TOKEN") == "abc"


def test_an_env_file_that_is_not_utf_8_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("# Ключ доступа\nVK_TOKEN=abc\n".encode("cp1251"))
    with pytest.raises(ParameterError, match=r"\.env» не в UTF-8. Сохраните"):
        load(tmp_path, {})


def test_white_space_around_a_pasted_token_is_dropped(tmp_path: Path) -> None:
    assert load(tmp_path, {"VK_TOKEN": " abc\n"}).variable("VK_TOKEN") == "abc"


def test_the_token_is_never_shown(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"VK_TOKEN": "very-secret"})
    assert "very-secret" not in repr(loaded) + str(loaded)


def test_an_address_gets_its_trailing_slash_once(tmp_path: Path) -> None:
    for address in ("http://127.0.0.1:8080/method", "http://127.0.0.1:8080/method/"):
        assert VK.url(load(tmp_path, {"KIROV_VK_URL": address})) == "http://127.0.0.1:8080/method/"


@pytest.mark.parametrize("address", ["api.vk.com/method", "ftp://api.vk.com", "file:///etc/passwd", "да"])
def test_what_is_not_a_web_address_is_refused_with_the_variable_to_mend(tmp_path: Path, address: str) -> None:
    with pytest.raises(ParameterError, match=r"KIROV_VK_URL.*не похоже на адрес.*уберите переменную") as caught:
        load(tmp_path, {"KIROV_VK_URL": address})
    assert f"«{address}»" in str(caught.value)


def test_a_home_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"не найдена.*KIROV_HOME"):
        load(tmp_path / "none", {})
    (tmp_path / "file").touch()
    with pytest.raises(ParameterError, match="не найдена"):
        load(None, {"KIROV_HOME": str(tmp_path / "file")})


def test_the_home_folder_is_the_argument_then_the_variable_then_the_repository(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    environment = {"KIROV_HOME": str(tmp_path / "other")}
    assert load(tmp_path, environment).home == tmp_path
    assert load(None, environment).home == tmp_path / "other"
    assert (load(None, {}).home / "kirovlib" / "settings.py").samefile(settings.__file__)


def test_without_an_argument_the_variables_of_the_process_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIROV_HOME", str(tmp_path))
    monkeypatch.setenv("VK_TOKEN", "of the process")
    assert (load().home, load().variable("VK_TOKEN")) == (tmp_path, "of the process")


def test_all_folders_lie_in_the_home_folder(tmp_path: Path) -> None:
    made = Settings(home=tmp_path)
    folders = [made.data_dir, made.registry_dir, made.lake_dir, made.reports_dir]
    relative = [folder.relative_to(tmp_path).as_posix() for folder in folders]
    assert relative == ["data", "data/registry", "data/lake", "reports"]


def test_the_clock_gives_utc(tmp_path: Path) -> None:
    now = load(tmp_path, {}).clock()
    assert now.utcoffset() == timedelta()
    assert abs(now - datetime.now(UTC)) < timedelta(hours=1)
