"""Russian words for numbers and dates."""

from __future__ import annotations

from datetime import date

# A progress bar of tqdm without its English rate.
BAR_FORMAT = "{desc}: {percentage:3.0f} %|{bar}| {n_fmt} из {total_fmt} [{elapsed}, осталось {remaining}]"


def counted(number: int, one: str, few: str, many: str) -> str:
    """A number with its noun in the right form.

    Example:
        >>> [counted(n, "публикация", "публикации", "публикаций") for n in (1, 3, 11, 25)]
        ['1 публикация', '3 публикации', '11 публикаций', '25 публикаций']
    """
    last, last_two = number % 10, number % 100
    if last == 1 and last_two != 11:  # noqa: PLR2004 - grammar
        form = one
    elif last in {2, 3, 4} and last_two not in {12, 13, 14}:
        form = few
    else:
        form = many
    return f"{number} {form}"


def posts(number: int) -> str:
    """`3 публикации`."""
    return counted(number, "публикация", "публикации", "публикаций")


def dated(day: date) -> str:
    """`21.05.2024`."""
    return f"{day:%d.%m.%Y}"


def percent(share: float) -> str:
    """`97 %` (with a no-break space) of a share between 0 and 1; only the whole is 100 %, only nothing is 0 %.

    Example:
        >>> percent(0.999).replace(chr(160), " "), percent(1).replace(chr(160), " ")
        ('99 %', '100 %')
    """
    whole = round(100 * share)
    if 0 < share < 1:
        whole = min(max(whole, 1), 99)
    return f"{whole}\u00a0%"
