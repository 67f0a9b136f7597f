from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        ("https://pos.gosuslugi.ru/og/org-activities/?reg_code=33", ("", "other_target", "", "")),
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
        FORM.replace("https://", ""),
        FORM.replace("https://", "//"),
        FORM.replace("https://", "HTTPS://"),
        FORM.replace("/", "\\"),
        FORM.replace(".ru/", ".ru./"),
        FORM.replace(".ru/", ".ru:443/"),
        FORM.replace("https", "http").replace(".ru/", ".ru:80/"),
        FORM.replace("pos.", "someone:secret@pos."),
        FORM.replace("pos.gosuslugi.ru", "POS.Gosuslugi.RU"),
        FORM.replace("/form", "/%66orm").replace("opaId", "%6FpaId"),
        FORM.replace("form/", "fo\nrm/"),
        f"{FORM}#top",
        FORM.replace("&", "&amp;"),
        FORM.replace("https://", "") + "&ref=https://vk.com",
        "vk.com/away.php?to=" + FORM.replace("&", "%26"),
        "https://www.vk.com/away.php?to=" + FORM.replace("&", "%26"),
    ],
)
def test_an_address_that_browsers_mend_is_the_address_it_becomes(url: str) -> None:
    link = parse(url)
    assert (link.target, link.state, link.identifier) == ("message_form", "works", "222775")


@pytest.mark.parametrize(
    "url",
    [
        # another host than it looks, or one that nobody knows to answer
        FORM.replace("pos.", "www.pos."),
        FORM.replace(".ru/", ".ru../"),
        FORM.replace(".ru/", ".ru@evil.example/"),
        FORM.replace(".ru/", ".ru:443@evil.example/"),
        "https://evil.example/@pos.gosuslugi.ru/form/?opaId=1",
        "https://evil.example\\@pos.gosuslugi.ru/form/?opaId=1",
        # browsers open these; which hosts they fold into one is not for us to repeat
        FORM.replace("pos.gosuslugi.ru", "pos。gosuslugi。ru"),
        FORM.replace("pos.gosuslugi.ru", "ｐｏｓ.gosuslugi.ru"),
        FORM.replace("pos.gosuslugi.ru", "pos%2Egosuslugi.ru"),
        FORM.replace("gosuslugi", "gosu\u00adslugi"),
        FORM.replace("ru/form", "ru\u200b/form"),
        # other ports
        FORM.replace(".ru/", ".ru:8443/"),
        FORM.replace(".ru/", ".ru:80/"),
        FORM.replace("https", "http").replace(".ru/", ".ru:443/"),
        FORM.replace(".ru/", ".ru:99999/"),
        FORM.replace(".ru/", ".ru:port/"),
        # schemes that browsers do not mend
        FORM.replace("https://", "https//"),
        FORM.replace("https://", "http://https://"),
        FORM.replace("https://", "view-source:https://"),
        # slips in the host beside the parameters of a widget
        FORM.replace("pos.", ""),
        FORM.replace(".ru/", ".com/"),
        FORM.replace("pos.", "pоs."),
        SURVEYS.replace("pos.", "pos-"),
        # paths that may be the widget's all the same
        FORM.replace("/form/", "/form"),
        FORM.replace("/form/", "/./form/"),
        FORM.replace("/form/", "/x/../form/"),
        FORM.replace("/form/", "/form/%20"),
        FORM.replace("/form/", "/%20form/"),
        FORM.replace("/form/", "/form%20/"),
        FORM.replace("/form/", "/form%2F"),
        FORM.replace("/form/?", "/form/%3F"),
        SURVEYS.replace("og/org", "og%2Forg"),
        SURVEYS.replace("org-", "org–"),
        SURVEYS.replace("org-activities", "%20org-activities"),
        # redirects that VK itself would not follow so, or too many of them
        AWAY.replace("?to=", "?TO="),
        AWAY.replace("?to=", "#to="),
        AWAY.replace("away.php", "farawayclub"),
        f"{AWAY}&to=https://example.org",
        "https://vk.com/away.php?to=" + quote(quote(FORM, safe=""), safe=""),
        "https://vk.com/away.php?to=https://clck.ru/abc",
        "https://vk.com/away.php",
    ],
)
def test_an_address_that_only_may_be_the_form_neither_works_nor_is_broken(url: str) -> None:
    assert brief(parse(url)) == ("", "other_target", "", "")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        # which of several the portal reads is not known: all must be right; of both codes the narrower one is named
        ("opaId=1&opaId=1", ("works", "1")),
        ("opaId=1&opaId=2", ("works", "1")),
        ("opaId=&opaId=222775", ("misspelt", "222775")),
        ("opaId=222775&opaId=", ("misspelt", "222775")),
        ("opaId=abc&opaId=222775", ("misspelt", "222775")),
        ("opaid=1&opald=2", ("misspelt", "")),
        ("reg_code=33&mun_code=33701000", ("works", "33701000")),
        ("mun_code=33701000&reg_code=33", ("works", "33701000")),
        ("reg_code=&mun_code=33701000", ("misspelt", "33701000")),
        ("mun_code=&reg_code=33", ("misspelt", "33")),
        ("reg_code=33&mun_code=3370100", ("misspelt", "33")),
        ("mun_code=337010001", ("misspelt", "")),
        # `&reg` is no entity
        ("utm_source=vk1&reg_code=33", ("works", "33")),
        ("utm_source=vk1&amp;reg_code=33", ("misspelt", "33")),
        # separators that browsers do not take for any
        ("opaId=222775;utm_source=vk", ("misspelt", "222775")),
        ("utm_source=vk;opaId=222775", ("misspelt", "222775")),
        ("utm_source=vk?opaId=222775", ("misspelt", "222775")),
        ("utm_source=vk#opaId=222775", ("misspelt", "222775")),
        ("?opaId=222775", ("misspelt", "222775")),
        ("opaId%3D222775", ("misspelt", "222775")),
        ("opaId=222775%26utm_source%3Dvk", ("misspelt", "222775")),
        # names
        ("OPAID=222775", ("misspelt", "222775")),
        ("%20opaId=222775", ("misspelt", "222775")),
        ("opaId%20=222775", ("misspelt", "222775")),
        ("opаId=222775", ("misspelt", "222775")),
        ("opaId222775", ("misspelt", "222775")),
        ("REG_CODE=33", ("misspelt", "33")),
        ("reg-code=33", ("misspelt", "33")),
        ("mun_kode=33701000", ("misspelt", "33701000")),
        ("mun_code33701000", ("misspelt", "33701000")),
        ("region=33", ("misspelt", "")),
        # values: what cannot be read for sure is not guessed
        ("opaId=222775,", ("misspelt", "222775")),
        ("opaId=222775utm_source=vk", ("misspelt", "222775")),
        ("opaId=22%202775", ("misspelt", "222775")),
        ("opaId=22277S", ("misspelt", "")),
        ("opaId=2227O5", ("misspelt", "")),
        ("opaId=222775-3", ("misspelt", "")),
        ("opaId=22?2775", ("misspelt", "")),
        ("opaId=22;2775", ("misspelt", "")),
        ("opaId=%252022", ("misspelt", "")),
        ("opaId=22%D9%A2", ("misspelt", "")),
        ("opaId=22٢", ("misspelt", "")),
        ("opaId=-1", ("misspelt", "")),
        ("reg_code=٣٣", ("misspelt", "")),
        ("opaId=" + "9" * 100_000, ("works", "9" * 100_000)),
        ("&" * 100_000 + "opaId=1", ("works", "1")),
        ("opald=1&" * 10_000, ("misspelt", "1")),
    ],
)  # fmt: skip
def test_the_identifier_is_read_as_the_portal_would_and_recovered_only_for_sure(
    query: str, told: tuple[str, str]
) -> None:
    is_form = "opa" in query.lower() or "opа" in query
    link = parse(f"https://pos.gosuslugi.ru/{'form/' if is_form else 'og/org-activities'}?{query}")
    assert (link.state, link.identifier) == told


@pytest.mark.parametrize(
    ("url", "state"),
    [(FORM.replace("/form/", path), "broken") for path in ("/f", "/f/", "/fo", "/for", "/f%20orm/")]
    + [(SURVEYS.replace("org-activities", path), "broken")
       for path in ("org%20activities", "org activities", "org-%20activities", "org+activities")],
)  # fmt: skip
def test_a_path_that_is_cut_or_torn_by_a_blank_is_broken(url: str, state: str) -> None:
    assert parse(url).state == state


@pytest.mark.parametrize(
    "url",
    [
        AWAY_WHOLE.replace("vk.com", "m.vk.com"),
        AWAY_WHOLE.replace("vk.com/away.php", "away.vk.com/"),
        AWAY_WHOLE.replace("away.php?", "away?utf=1&post=-1_2&"),
        f"{AWAY_WHOLE}&cc_key=&to=",
        "https://vk.com/away.php?to=" + quote(AWAY_WHOLE, safe=""),
        "https://vk.ru/away.php?to=" + quote("https://vk.com/away.php?to=" + quote(AWAY_WHOLE, safe=""), safe=""),
    ],
)
def test_the_redirects_of_vk_are_followed_also_one_inside_another(url: str) -> None:
    assert brief(parse(url)) == ("message_form", "works", "222775", "")


@pytest.mark.parametrize(
    "url",
    [
        "https://vk.com/app8181405?ref=group_menu",
        "https://vk.com/app8181405_-1#x",
        "https://m.vk.com/app8181405/",
        "https://vk.com//app8181405",
        "https://vk.com/app8181405&ref=group_menu",
        "https://vk.ru/%61pp8181405",
        "https://vk.com/club1?w=app8181405_-1",
        "https://vk.com/away.php?to=https%3A%2F%2Fvk.com%2Fapp8181405",
    ],
)
def test_an_app_of_vk_is_known_by_its_number_however_it_is_written(url: str) -> None:
    assert brief(parse(url)) == ("mini_app", "elsewhere", "8181405", "")
    assert parse(url, "Сообщить о проблеме").state == "other_target"


@pytest.mark.parametrize(
    "url", ["https://vk.com/app8181405shop", "https://vk.com/apps", "https://example.org/app8181405"]
)
def test_what_only_resembles_an_app_is_none(url: str) -> None:
    assert parse(url).target == ""


@pytest.mark.parametrize("url", ["tel:+78332000000", "mailto:post@pos.gosuslugi.ru", "https://docs.google.com/forms/1"])
def test_a_call_a_letter_and_a_form_of_others_are_surely_not_the_portals(url: str) -> None:
    assert parse(url, "Сообщить о проблеме").state == "elsewhere"


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
    assert "ОГРН" in repair(parse(FORM.replace(OGRN, "1022800520061")), "1022800520061", "33"), "wrong check digit"
    assert "ОГРН" in repair(parse(f"{FORM}99"), "", "33"), "fifteen digits"
    assert "43" in repair(parse(MUN.replace("=33701000", "=43701000")), OGRN, "33")
    assert "43" in repair(parse(SURVEYS.replace("reg_code=33", "regcode=4300")), OGRN, "33")
    for url in ("https://vk.com/app8181405", "https://pos.gosuslugi.ru/landing/?reg_code=33", "https://example.org"):
        assert repair(parse(url), OGRN, "33").startswith("Адрес не восстановить")


def test_no_code_that_begins_with_43_is_one_of_the_region_or_stays_in_a_repaired_link() -> None:
    for url in (FORM, SURVEYS, MUN):
        assert not foreign_region(parse(url))
        for wrong in ("43", "4311", "43701000"):
            link = parse(url.replace("utm_medium=33", f"utm_medium={wrong}"))
            assert foreign_region(link)
            assert repair(link, OGRN, "33") == url
    assert foreign_region(parse(MUN.replace("=33701000", "=43701000")))
    assert not foreign_region(parse(FORM.replace("222775", "4311"))), "the number of a form is no region"


def test_an_ogrn_torn_by_a_blank_or_with_a_letter_missing_around_it_is_read() -> None:
    for damaged in (
        "utm_campaign=102%202800520060",
        "utm_mediu%20m10utm_campaign=1022800520060",
        "utmcampaign1022800520060",
    ):
        url = f"https://pos.gosuslugi.ru/form/?opaId=222775&utm_source=vk&utm_medium=33&{damaged}"
        assert repair(parse(url), "", "33") == FORM


def test_an_ogrn_with_a_wrong_check_digit_is_damage_of_a_mark_only() -> None:
    assert brief(parse(FORM.replace(OGRN, "1022800520061"))) == ("message_form", "works", "222775", "utm_damaged")


def test_another_institutions_ogrn_is_noticed_and_an_unknown_one_is_not() -> None:
    assert foreign_ogrn(parse(FORM), OTHER)
    assert not foreign_ogrn(parse(FORM), OGRN)
    assert not foreign_ogrn(parse(FORM), "")
    assert not foreign_ogrn(parse(FORM.replace(OGRN, "1022800520061")), OTHER), "not an ОГРН at all"
    assert not foreign_ogrn(parse(FORM.partition("&")[0]), OTHER)


PIECES = st.sampled_from([
    "https://", "http:", "//", "pos.gosuslugi.ru", "/form/", "/og/org-activities", "?", "&", "=", "opaId", "reg_code",
    "mun_code", "utm_campaign", OGRN, "33", "%20", "%", "[", "]", "vk.com/away.php?to=", "vk.com/app1", "\n",
    "@", ":", "#", "٣", "&amp;", ";", "\\", "。", "\u200b", "\ud800", "evil.example", "%2F", "%26", ".", "www.", ":443",
])  # fmt: skip
ANYTHING = st.one_of(
    st.text(st.characters()), st.lists(st.one_of(PIECES, st.text(max_size=2)), max_size=12).map("".join)
)


@given(ANYTHING, st.text())
def test_no_text_breaks_the_parser_or_the_repair(url: str, title: str) -> None:
    link = parse(url, title)
    assert link.state in {"works", "misspelt", "broken", "other_target", "elsewhere"}
    assert set(link.notes) <= {"http_link", "id_padded", "utm_damaged"}
    for ogrn in ("", OGRN):
        mended = repair(link, ogrn, "33")
        assert mended.startswith("Адрес не восстановить") or brief(parse(mended))[1::2] == ("works", "")
    foreign_ogrn(link, OGRN)


def host_of(url: str) -> str:
    """The host after the redirects of VK, worked out without the parser."""
    url = re.sub(r"^(https?:)?[\\/]*", "https://", url.strip(), flags=re.IGNORECASE)
    parts = urlsplit(re.sub(r"\\", "/", url))
    inner = parse_qs(parts.query).get("to", [""])[0]
    return host_of(inner) if "away" in url and parts.hostname in {"vk.com", "vk.ru"} and inner else parts.hostname or ""


@given(
    st.one_of(
        PIECES.map(lambda piece: f"pos.gosuslugi.ru{piece}"),
        PIECES.map(lambda piece: f"{piece}pos.gosuslugi.ru"),
        st.text(st.sampled_from("pos.gosuslugi.ru@:/\\%2E。еоѕ\u00ad"), min_size=1, max_size=20),
        st.text(max_size=12),
    ),
    st.sampled_from(["{}", "https://vk.com/away.php?to={}", "https://vk.ru/away?a=1&to={}"]),
)
def test_no_host_but_the_portals_own_ever_works(host: str, wrap: str) -> None:
    bare = f"https://{host}/form/?opaId=222775"
    url = wrap.format(quote(bare, safe="", errors="replace") if wrap != "{}" else bare)
    if parse(url).state == "works":
        assert host_of(url).removesuffix(".") == "pos.gosuslugi.ru"


# --- damage and repair

Damage = Callable[[str, int], str]


def _misspell(url: str, at: int) -> str:
    """A letter of the identifying parameter's name lost, doubled, moved, replaced or in the other case."""
    name = next(name for name in ("opaId", "reg_code", "mun_code") if name in url)
    place, way = at % len(name), at // 16 % 5
    before, letter, after = name[:place], name[place], name[place + 1 :]
    ways = [before + after, before + letter * 2 + after, before + after[:1] + letter + after[1:],
            before + "l" + after, before + letter.swapcase() + after]  # fmt: skip
    return url.replace(name, ways[way], 1)


def _put(piece: str) -> Damage:
    """Put a piece anywhere behind the path."""

    def damage(url: str, at: int) -> str:
        head, mark, query = url.partition("?")
        place = at % (len(query) + 1)
        return f"{head}{mark}{query[:place]}{piece}{query[place:]}"

    return damage


def _cut_path(url: str, at: int) -> str:
    return url.replace("/form/", ("/f", "/fo", "/form", "/")[at % 4]).replace("org-activities", "org%20activities")


def _damaged_utm(url: str, at: int) -> str:
    damages = [("utm_medium", "utm_mediu%20m"), ("utm_", "utm%20"), ("utm_", "utm"), ("medium=33", "medium=43"),
               ("=vk", "="), (OGRN, OGRN[:9])]  # fmt: skip
    return url.replace(*damages[at % len(damages)])


def _shuffled(url: str, at: int) -> str:
    head, mark, query = url.partition("?")
    pieces = query.split("&")
    return head + mark + "&".join(pieces[at % len(pieces) :] + pieces[: at % len(pieces)])


def _unseparated(url: str, at: int) -> str:
    place = [found.start() for found in re.finditer("[&=_]", url)]
    chosen = place[at % len(place)] if place else len(url)
    return url[:chosen] + url[chosen + 1 :]


DAMAGES: list[Damage] = [_misspell, _put("%20"), _put(" "), _put("&amp;"), _put("?"), _put(","), _put("\u200b"),
                         _cut_path, _damaged_utm, _shuffled, _unseparated]  # fmt: skip


@given(
    st.sampled_from([FORM, SURVEYS, MUN]),
    st.lists(st.tuples(st.sampled_from(DAMAGES), st.integers(0, 400)), min_size=1, max_size=3),
    st.sampled_from([OGRN, ""]),
)
def test_a_damaged_link_is_repaired_to_one_that_works_or_it_is_said_why_not(
    url: str, damages: list[tuple[Damage, int]], ogrn: str
) -> None:
    damaged = url
    for damage, at in damages:
        damaged = damage(damaged, at) if any(name in damaged for name in ("opaId", "reg_code", "mun_code")) else damaged
    link = parse(damaged)
    mended = repair(link, ogrn, "33")
    if mended.startswith("Адрес не восстановить"):
        assert re.fullmatch(r"Адрес не восстановить: [^:]+\. (?:Скопируйте|Внесите) [^:]+\.", mended)
    else:
        assert brief(parse(mended)) == (link.target, "works", link.identifier, "")
        assert not foreign_region(parse(mended))
    if len(damages) == 1 and link.state != "works":
        assert link.identifier in {parse(url).identifier, ""}


@given(st.sampled_from([FORM, SURVEYS, MUN]), st.sampled_from([_damaged_utm, _shuffled]), st.integers(0, 400))
def test_what_happens_to_the_marks_and_the_order_is_always_repaired(url: str, damage: Damage, at: int) -> None:
    assert repair(parse(damage(url, at)), OGRN, "33") == url
