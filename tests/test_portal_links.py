from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kirovlib.order import checks
from kirovlib.order.portal_links import PortalLink, foreign_ogrn, foreign_region, parse, repair

OGRN, OTHER = "1022800520060", "1022800524647"
FORM = f"https://pos.gosuslugi.ru/form/?opaId=222775&utm_source=vk&utm_medium=33&utm_campaign={OGRN}"
SURVEYS = f"https://pos.gosuslugi.ru/og/org-activities?reg_code=33&utm_source=vk1&utm_medium=33&utm_campaign={OGRN}"
MUN = f"https://pos.gosuslugi.ru/og/org-activities?mun_code=33701000&utm_source=vk2&utm_medium=33&utm_campaign={OGRN}"
AWAY = "https://vk.com/away.php?to=https%3A%2F%2Fpos.gosuslugi.ru%2Fform%2F%3FopaId%3D222775%26utm_source%3Dvk"
AWAY_WHOLE = AWAY + f"%26utm_medium%3D33%26utm_campaign%3D{OGRN}"
TAIL = f"&utm_source=vk&utm_medium=33&utm_campaign={OGRN}"


def brief(link: PortalLink) -> tuple[str, str, str, str]:
    return link.target, link.state, link.identifier, ",".join(link.notes)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        # the right ones, in any order of parameters, wrapped or not
        (FORM, ("message_form", "works", "222775", "")),
        (SURVEYS, ("surveys", "works", "33", "")),
        (MUN, ("surveys", "works", "33701000", "")),
        (f"https://pos.gosuslugi.ru/form/?utm_campaign={OGRN}&utm_medium=33&utm_source=vk&opaId=1",
         ("message_form", "works", "1", "")),
        (AWAY_WHOLE, ("message_form", "works", "222775", "")),
        (AWAY_WHOLE.replace("vk.com", "vk.ru"), ("message_form", "works", "222775", "")),
        (FORM.replace("https", "http"), ("message_form", "works", "222775", "http_link")),
        (FORM.replace("https://", ""), ("message_form", "works", "222775", "")),
        (SURVEYS.replace("=33&utm_source", "=3370&utm_source"), ("surveys", "works", "3370", "")),
        # damage that does not matter
        (FORM.replace("utm_medium", "utm_mediu%20m"), ("message_form", "works", "222775", "utm_damaged")),
        (FORM.partition("&")[0], ("message_form", "works", "222775", "utm_damaged")),
        (FORM.replace("=222775", "=%20222775"), ("message_form", "works", "222775", "id_padded")),
        (MUN.replace("=33701000", "=33701000%20"), ("surveys", "works", "33701000", "id_padded")),
        # the identifying parameter misspelt or cut
        (FORM.replace("opaId", "opald"), ("message_form", "misspelt", "222775", "")),
        (SURVEYS.replace("reg_code", "regcode"), ("surveys", "misspelt", "33", "")),
        (SURVEYS.replace("reg_code", "reg%20code"), ("surveys", "misspelt", "33", "")),
        (SURVEYS.replace("reg_code=33", "reg_code10"), ("surveys", "misspelt", "10", "")),
        (MUN.replace("33701000", "3370100"), ("surveys", "misspelt", "", "")),
        (SURVEYS.replace("=33&utm_source", "=3&utm_source"), ("surveys", "misspelt", "", "")),
        (SURVEYS.replace("=33&utm_source", "=337010001&utm_source"), ("surveys", "misspelt", "", "")),
        (FORM.replace("222775", ""), ("message_form", "misspelt", "", "")),
        (FORM.replace("222775", "abc"), ("message_form", "misspelt", "", "")),
        (FORM.replace("222775", "٢٢٢"), ("message_form", "misspelt", "", "")),
        ("https://pos.gosuslugi.ru/form/", ("message_form", "misspelt", "", "")),
        # the wrong path
        (FORM.replace("/form/", "/f"), ("message_form", "broken", "222775", "")),
        (SURVEYS.replace("org-activities", "org%20activities"), ("surveys", "broken", "33", "")),
        # other pages
        ("https://pos.gosuslugi.ru/landing/", ("", "other_target", "", "")),
        ("https://clck.ru/3Vymysl", ("", "other_target", "", "")),
        ("https://vk.com/albums-1", ("", "elsewhere", "", "")),
        ("https://example.org/form/?opaId=1", ("", "elsewhere", "", "")),
        # what names the portal without being it may be a redirect or a slip of the hand: nobody has opened it
        ("https://pos.gosuslugi.ru.example.org/form/?opaId=1" + TAIL, ("", "other_target", "", "")),
        ("https://www.google.com/url?q=https://pos.gosuslugi.ru/form/", ("", "other_target", "", "")),
        ("https://pos.gosuslugi.ru /form/?opaId=1", ("", "other_target", "", "")),
        ("htps://pos.gosuslugi.ru/form/?opaId=1", ("", "other_target", "", "")),
        ("https://pos.gosuslugi.ru/Form/?opaId=1", ("", "other_target", "", "")),
        ("https://pos.gosuslugi.ru/og/org-activities/?reg_code=33", ("", "other_target", "33", "")),
        ("https://pos.gosuslugi.ru/og/", ("", "other_target", "", "")),
        ("https://vk.com/app8181405?ref=group_menu", ("mini_app", "elsewhere", "8181405", "")),
        ("https://vk.ru/app51723558_-123", ("mini_app", "elsewhere", "51723558", "")),
        ("", ("", "elsewhere", "", "")),
    ],
)  # fmt: skip
def test_an_address_is_what_its_parts_say(url: str, told: tuple[str, str, str, str]) -> None:
    assert brief(parse(url)) == told


def test_the_title_changes_nothing_about_a_parsed_link() -> None:
    assert {brief(parse(FORM, title)) for title in ("", "Решаем вместе", "Высказать мнение")} == {brief(parse(FORM))}


def test_the_mini_app_under_a_title_of_the_portal_may_lead_there() -> None:
    assert parse("https://vk.com/app8181405", "Сообщить о проблеме").state == "other_target"
    assert parse("https://vk.com/app8181405", "Госуслуги").state == "elsewhere"
    assert parse("https://vk.com/app8181405", "Запись в кружок").state == "elsewhere"


@pytest.mark.parametrize(
    "url",
    [
        FORM.replace("https://", "https:/"),
        FORM.replace("https://", "https//"),
        FORM.replace("https://", "http://https://"),
        FORM.replace("https://", ""),
        FORM.replace("https://", "//"),
        FORM.replace("https://", "HTTPS://"),
        FORM.replace("/", "\\"),
        FORM.replace("pos.", "www.pos."),
        FORM.replace(".ru/", ".ru./"),
        FORM.replace("&", "&amp;"),
        FORM.replace("https://", "") + "&ref=https://vk.com",
        "vk.com/away.php?to=" + FORM.replace("&", "%26"),
        "https://www.vk.com/away.php?to=" + FORM.replace("&", "%26"),
    ],
)
def test_an_address_that_browsers_mend_is_the_address_it_becomes(url: str) -> None:
    link = parse(url)
    assert (link.target, link.state) == ("message_form", "works")


@pytest.mark.parametrize("host", ["ya.cc", "gu-st.ru", "www.clck.ru", "example.org"])
def test_an_unknown_host_under_a_title_of_a_widget_may_lead_to_the_portal(host: str) -> None:
    assert parse(f"https://{host}/abc", "Сообщить о проблеме").state == "other_target"


def test_a_post_of_vk_under_a_title_of_a_widget_is_no_form() -> None:
    assert parse("https://vk.com/wall-1_2", "Решаем вместе").state == "elsewhere"


@pytest.mark.parametrize(
    "url",
    [
        "https://pos.gosuslugi.ru/og/org-activities?regcode=43&utm_medium=43",
        "https://pos.gosuslugi.ru/og/org-activities?reg_code=43&utm_source=vk1",
        "https://pos.gosuslugi.ru/form/?opald=222775&utm_medium=43",
        "https://pos.gosuslugi.ru/form/?opaId=222775?utm_medium=3",
        "https://pos.gosuslugi.ru/og/org-activities?reg_code=33&mun_code=33701000&utm_medium=3",
    ],
)
def test_a_repaired_link_works_without_a_note_and_never_names_region_43(url: str) -> None:
    mended = parse(repair(parse(url), OGRN, "33"))
    assert (mended.state, mended.notes) == ("works", ())
    assert not foreign_region(mended)


@pytest.mark.parametrize("url", [FORM, SURVEYS, MUN])
def test_a_right_link_is_repaired_to_itself(url: str) -> None:
    assert repair(parse(url), OGRN, "33") == url
    assert repair(parse(url), "", "33") == url


def test_the_region_of_kirov_is_33_in_a_repaired_link_and_never_43() -> None:
    assert "utm_medium=33&" in repair(parse("https://pos.gosuslugi.ru/form/?opald=222775"), OGRN, "33")
    without = SURVEYS.replace("&utm_medium=33", "")
    assert repair(parse(without), OGRN, "33") == SURVEYS
    assert "43" not in repair(parse(without.replace("reg_code", "regcode")), OGRN, "33")


def test_a_link_of_another_region_keeps_its_region() -> None:
    link = parse("https://pos.gosuslugi.ru/og/org-activities?reg_code=10")
    assert "utm_medium=10&" in repair(link, OGRN, "33")


def test_what_cannot_be_derived_is_said() -> None:
    assert "opaId" in repair(parse("https://pos.gosuslugi.ru/form/"), OGRN, "33")
    assert "reg_code" in repair(parse("https://pos.gosuslugi.ru/og/org-activities"), OGRN, "33")
    assert "ОГРН" in repair(parse("https://pos.gosuslugi.ru/form/?opaId=1"), "", "33")


def test_another_institutions_ogrn_is_noticed_and_an_unknown_one_is_not() -> None:
    assert foreign_ogrn(parse(FORM), OTHER)
    assert not foreign_ogrn(parse(FORM), OGRN)
    assert not foreign_ogrn(parse(FORM), "")
    assert not foreign_ogrn(parse(FORM.replace(OGRN, "1022800520061")), OTHER), "not an ОГРН at all"
    assert not foreign_ogrn(parse(FORM.partition("&")[0]), OTHER)


PIECES = st.sampled_from([
    "https://", "http:", "//", "pos.gosuslugi.ru", "/form/", "/og/org-activities", "?", "&", "=", "opaId", "reg_code",
    "mun_code", "utm_campaign", OGRN, "33", "%20", "%", "[", "]", "vk.com/away.php?to=", "vk.com/app1", "\n",
    "@", ":", "#", "٣",
])  # fmt: skip


@given(st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=2)), max_size=12).map("".join)), st.text())
def test_no_text_breaks_the_parser_or_the_repair(url: str, title: str) -> None:
    link = parse(url, title)
    assert link.state in {"works", "misspelt", "broken", "other_target", "elsewhere"}
    assert set(link.notes) <= set(checks.NOTES)
    for ogrn in ("", OGRN):
        mended = repair(link, ogrn, "33")
        assert not mended.startswith("https://") or parse(mended).state == "works"
    foreign_ogrn(link, OGRN)


# --- the recorded communities

# community -> its damaged links: state and what they are repaired to (no ОГРН of a register)
_FORM, _REG = (
    "https://pos.gosuslugi.ru/form/?opaId={}&utm_source=vk",
    "https://pos.gosuslugi.ru/og/org-activities?reg_code=10&utm_source=vk1",
)
DAMAGED = {
    84221359: [("works", f"{_FORM.format(344104)}&utm_medium=10&utm_campaign=1022800524647")],
    133572280: [
        ("works", f"{_FORM.format(222775)}&utm_medium=10&utm_campaign=1082801011413"),
        ("works", "https://pos.gosuslugi.ru/og/org-activities?mun_code=10701000&utm_source=vk2&utm_medium=10"
                  "&utm_campaign=1082801011413"),
    ],
    212546992: [("works", f"{_FORM.format(223478)}&utm_medium=10&utm_campaign=1022800711625")],
    216572215: [("works", f"{_FORM.format(223478)}&utm_medium=10&utm_campaign=1022800873699")],
    218316847: [("works", f"{_FORM.format(223478)}&utm_medium=10&utm_campaign=1022801064307")],
    211689305: [("works", f"{_FORM.format(223478)}&utm_medium=10&utm_campaign=1082801000370")],
    217460356: [
        ("works", f"{_FORM.format(223478)}&utm_medium=10&utm_campaign=1082827000080"),
        ("misspelt", f"{_REG}&utm_medium=10&utm_campaign=1082827000080"),
    ],
    215695227: [
        ("works", f"{_FORM.format(223478)}&utm_medium=10&utm_campaign=1082827000101"),
        ("misspelt", f"{_REG}&utm_medium=10&utm_campaign=1082827000101"),
    ],
    215995865: [("works", f"{_FORM.format(223478)}&utm_medium=10&utm_campaign=1082827000277")],
    216175456: [("works", f"{_FORM.format(223478)}&utm_medium=10&utm_campaign=1022800536307")],
    218335297: [
        ("works", f"{_FORM.format(223478)}&utm_medium=10&utm_campaign=1072801009148"),
        ("broken", f"{_REG}&utm_medium=10&utm_campaign=1072801009148"),
    ],
    218319028: [
        ("misspelt", f"{_FORM.format(223478)}&utm_medium=10&utm_campaign=1062827004910"),
        ("misspelt", f"{_REG}&utm_medium=10&utm_campaign=1062827004910"),
    ],
    219472909: [
        ("works", f"{_FORM.format(223478)}&utm_medium=10&utm_campaign=1072801009148"),
        ("broken", f"{_REG}&utm_medium=10&utm_campaign=1072801009148"),
    ],
    215643946: [("works", f"{_FORM.format(222776)}&utm_medium=10&utm_campaign=1042800013882")],
    219360790: [("works", f"{_FORM.format(222776)}&utm_medium=10&utm_campaign=1122801001487")],
    217835450: [("works", f"{_FORM.format(222776)}&utm_medium=10&utm_campaign=1122801001487")],
    212221737: [("works", f"{_FORM.format(222776)}&utm_medium=10&utm_campaign=1122801001487")],
}  # fmt: skip


def recorded_menus(recorded: Path) -> dict[int, list[PortalLink]]:
    body = json.loads((recorded / "vk" / "groups_getById_94_institutions.json").read_text(encoding="utf-8"))
    return {
        group["id"]: [parse(item["url"], item["title"]) for item in group.get("menu", {}).get("items", [])]
        for group in body["response"]["groups"]
    }


@pytest.mark.recorded
@pytest.mark.parametrize(
    ("target", "told"),
    [("message_form", {"works": 87, "none": 6, "misspelt": 1}),
     ("surveys", {"works": 82, "none": 7, "broken": 2, "misspelt": 3})],
)  # fmt: skip
def test_the_recorded_communities_have_so_many_links_of_each_state(
    recorded: Path, target: str, told: dict[str, int]
) -> None:
    best: Counter[str] = Counter()
    for links in recorded_menus(recorded).values():
        states = {link.state for link in links if link.target == target}
        best["works" if "works" in states else next(iter(states), "none")] += 1
    assert best == told


@pytest.mark.recorded
def test_each_damaged_recorded_link_is_repaired_as_the_table_says(recorded: Path) -> None:
    found = {
        group: damaged
        for group, links in recorded_menus(recorded).items()
        if (damaged := [
            (link.state, repair(link, "", "33"))
            for link in links
            if link.target in {"message_form", "surveys"} and (link.state != "works" or link.notes)
        ])
    }  # fmt: skip
    assert {group: sorted(links) for group, links in found.items()} == {
        group: sorted(links) for group, links in DAMAGED.items()
    }
