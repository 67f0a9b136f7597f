"""The register of the emulated world: institutions and accounts that nobody can take for real ones.

Everything is made up: the places, the ministries, the ОГРН (region code 99 is not given to any region, the
check digit is right all the same), the addresses in zones reserved for examples.
"""

# ruff: noqa: S311 - chances of a made-up world, none of them a secret or a threshold

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

FIRST_NUMBER = 901  # schools and clinics are numbered from here: no real one is

# (municipality, its genitive, its stem in screen names)
PLACES = (
    ("город Нигдейск", "города Нигдейска", "nigdeysk"),
    ("Тридевятый район", "Тридевятого района", "tridevyat"),
    ("Лукоморский район", "Лукоморского района", "lukomor"),
    ("город Небыльск", "города Небыльска", "nebylsk"),
    ("Тридесятый район", "Тридесятого района", "tridesyat"),
    ("город Понарошинск", "города Понарошинска", "ponaroshinsk"),
    ("Буянский округ", "Буянского округа", "buyan"),
    ("посёлок Заоблачный", "посёлка Заоблачного", "zaoblachny"),
    ("город Выдумск", "города Выдумска", "vydumsk"),
    ("Дальнеоблачный район", "Дальнеоблачного района", "dalneobl"),
    ("село Небывальское", "села Небывальского", "nebyval"),
    ("город Незнанск", "города Незнанска", "neznansk"),
)

# (sphere, ministry, short name, stem)
MINISTRIES = (
    (
        "Образование",
        "Министерство букварей и волшебных наук (вымышленное)",
        "Минбукварей",
        "nigdeysk_minbukvar",
    ),
    (
        "Здравоохранение",
        "Министерство крепкого здоровья (вымышленное)",
        "Минкрепздрав",
        "nigdeysk_minkrepzdrav",
    ),
    ("Культура", "Министерство сказок и преданий (вымышленное)", "Минсказок", "nigdeysk_minskazok"),
    ("Социальная защита", "Министерство добрых дел (вымышленное)", "Миндобрых", "nigdeysk_mindobryh"),
    ("Спорт", "Министерство утренней зарядки (вымышленное)", "Минзарядки", "nigdeysk_minzaryadki"),
    (
        "Ветеринария",
        "Управление по делам говорящих животных (вымышленное)",
        "Упрговорживот",
        "nigdeysk_uprzhivot",
    ),
    ("Транспорт", "Министерство попутного ветра (вымышленное)", "Минветра", "nigdeysk_minvetra"),
    ("Природопользование", "Министерство хорошей погоды (вымышленное)", "Минпогоды", "nigdeysk_minpogody"),
)

# sphere -> (full name, short name, stem); {n} a number from FIRST_NUMBER, {of} the place's genitive.
# The first of each sphere carries a number, so that it can always be made unique.
SUBORDINATES = {
    "Образование": (
        ("Вымышленная школа № {n} {of}", "Школа № {n}", "shkola{n}"),
        ("Вымышленный детский сад № {n} «Золотой петушок» {of}", "Детский сад № {n}", "detsad{n}"),
        ("Гимназия имени Василисы Премудрой {of} (вымышленная)", "Гимназия Василисы", "vasilisa"),
        ("Техникум ковроплавания {of} (вымышленный)", "Техникум ковроплавания", "kovroplav"),
        ("Вымышленный лицей № {n} {of}", "Лицей № {n}", "licey{n}"),
        ("Институт прямоезжих дорог {of} (вымышленный)", "Институт дорог", "pryamoezd"),
    ),
    "Здравоохранение": (
        ("Вымышленная поликлиника № {n} {of}", "Поликлиника № {n}", "poliklinika{n}"),
        ("Больница живой и мёртвой воды {of} (вымышленная)", "Больница живой воды", "zhivaya_voda"),
        ("Санаторий «Молодильное яблоко» {of} (вымышленный)", "«Молодильное яблоко»", "yabloko"),
        ("Станция скорой ступо-помощи {of} (вымышленная)", "Скорая ступо-помощь", "stupa03"),
        ("Роддом «Серый аист» {of} (вымышленный)", "Роддом «Серый аист»", "seryaist"),
    ),
    "Культура": (
        ("Вымышленная библиотека № {n} {of}", "Библиотека № {n}", "biblioteka{n}"),
        ("Библиотека имени барона Мюнхгаузена {of} (вымышленная)", "Библиотека Мюнхгаузена", "bibl_baron"),
        ("Музей шапок-невидимок {of} (вымышленный)", "Музей невидимок", "nevidimki"),
        ("Театр теней и отражений {of} (вымышленный)", "Театр теней", "teatrteney"),
        ("Дом культуры «Волшебная свирель» {of} (вымышленный)", "ДК «Свирель»", "dk_svirel"),
        ("Школа искусств имени Садко {of} (вымышленная)", "ШИ имени Садко", "sadko"),
    ),
    "Социальная защита": (
        ("Вымышленный центр добрых дел № {n} {of}", "Центр добрых дел № {n}", "dobro{n}"),
        ("Дом-интернат «Тихое Лукоморье» {of} (вымышленный)", "«Тихое Лукоморье»", "tihoe"),
        ("Центр поддержки младших сыновей {of} (вымышленный)", "Центр младших сыновей", "mladshie"),
        ("Приют «Теремок» {of} (вымышленный)", "Приют «Теремок»", "teremok"),
    ),
    "Спорт": (
        ("Вымышленная спортивная школа № {n} {of}", "Спортшкола № {n}", "sport{n}"),
        ("Стадион «Богатырская застава» {of} (вымышленный)", "«Богатырская застава»", "zastava"),
        ("Школа бега в сапогах-скороходах {of} (вымышленная)", "Школа скороходов", "skorohod"),
        ("Бассейн «Чудо-юдо» {of} (вымышленный)", "Бассейн «Чудо-юдо»", "chudoyudo"),
    ),
    "Ветеринария": (
        ("Вымышленная ветеринарная станция № {n} {of}", "Ветстанция № {n}", "vet{n}"),
        ("Лечебница для говорящих животных {of} (вымышленная)", "Лечебница говорящих", "govorim"),
        ("Питомник коньков-горбунков {of} (вымышленный)", "Питомник горбунков", "gorbunki"),
    ),
    "Транспорт": (
        ("Вымышленный автовокзал № {n} {of}", "Автовокзал № {n}", "avtovokzal{n}"),
        ("Станция ковров-самолётов {of} (вымышленная)", "Ковры-самолёты", "kovry"),
        ("Служба самоходных печей {of} (вымышленная)", "Самоходные печи", "pechi"),
    ),
    "Природопользование": (
        ("Вымышленное лесничество № {n} {of}", "Лесничество № {n}", "les{n}"),
        ("Заказник «Дремучий» {of} (вымышленный)", "Заказник «Дремучий»", "dremuchy"),
        ("Обсерватория радуг {of} (вымышленная)", "Обсерватория радуг", "raduga"),
    ),
}
STATE_PARTICIPATION = (
    ("Акционерное общество № {n} «Скатерть-самобранка» (вымышленное)", "АО «Скатерть» № {n}", "skatert{n}"),
    ("Акционерное общество «Печка-самоход» (вымышленное)", "АО «Печка-самоход»", "samohod"),
    ("Общество «Жар-птица {of}» (вымышленное)", "«Жар-птица»", "zharptica"),
)
OTHERS = (
    ("Вымышленный центр досуга № {n} {of}", "Центр досуга № {n}", "dosug{n}"),
    ("Администрация {of} (вымышленная)", "Администрация", "adm"),
    ("Дума {of} (вымышленная)", "Дума", "duma"),
)
# Straight quotes and an ampersand, as registers have them; given to one institution.
AWKWARD = ('Дом культуры "Щука & Емеля" {of} (вымышленный)', "ДК «Щука & Емеля»", "dk_schuka")
AWKWARD_INDEX = 2


@dataclass(frozen=True)
class Body:
    """An institution before it is written into the register."""

    institution_id: str
    name: str
    short_name: str
    kind: str
    founder_id: str | None
    sphere: str
    municipality: str
    place: str
    stem: str


def ogrn(serial: int) -> str:
    """A made-up ОГРН with a right check digit: 1, year 02, region 99, seven digits.

    Example:
        >>> ogrn(1)
        '1029900000019'
    """
    first = f"10299{serial:07d}"
    return f"{first}{int(first) % 11 % 10}"


def bodies(count: int, seed: int) -> list[Body]:
    """So many institutions: ministries first, then subordinate ones, with state participation, and others.

    Args:
        count: Institutions, at least 1.
        seed: The world's seed.
    """
    random = Random(f"{seed}:institutions")
    ministries = _ministries(max(1, min(len(MINISTRIES), count // 8)))
    rest = count - len(ministries)
    minor = min(3 + count // 100, rest // 6)
    kinds = ["subordinate"] * (rest - 2 * minor) + ["state_participation"] * minor + ["other"] * minor
    taken = {body.name for body in ministries} | {body.stem for body in ministries}
    found = list(ministries)
    for index, kind in enumerate(kinds):
        found.append(_body(kind, index, ministries[index % len(ministries)], random, taken))
    return found


def _ministries(count: int) -> list[Body]:
    municipality, _, place = PLACES[0]
    return [
        Body(ogrn(100 + 7 * index), name, short, "executive_authority", None, sphere, municipality, place, stem)
        for index, (sphere, name, short, stem) in enumerate(MINISTRIES[:count])
    ]


def _body(kind: str, index: int, founder: Body, random: Random, taken: set[str]) -> Body:
    templates = {"state_participation": STATE_PARTICIPATION, "other": OTHERS}.get(kind, SUBORDINATES[founder.sphere])
    for name, short, stem, place in _candidates(index, templates, random):
        if name not in taken and stem not in taken:
            taken |= {name, stem}
            return Body(
                institution_id=ogrn(5000 + 13 * index),
                name=name,
                short_name=f"{short}, {place[0].removeprefix('город ')}",
                kind=kind,
                founder_id=None if kind == "other" else founder.institution_id,
                sphere=founder.sphere if kind != "other" else "Местное самоуправление",
                municipality=place[0],
                place=place[2],
                stem=stem,
            )
    raise AssertionError  # pragma: no cover - the numbered name is always free


def _candidates(
    index: int, templates: tuple[tuple[str, str, str], ...], random: Random
) -> Iterator[tuple[str, str, str, tuple[str, str, str]]]:
    """Names to try in turn: a random template first, the numbered one last."""
    place = random.choice(PLACES)
    chosen = random.choice(templates)
    if index == AWKWARD_INDEX and templates is SUBORDINATES["Культура"]:
        chosen = AWKWARD
    number = FIRST_NUMBER + index
    for name, short, stem in (chosen, templates[0]):
        full = name.format(n=number, of=place[1])
        yield full, short.format(n=number), f"{place[2]}_{stem.format(n=number)}", place
