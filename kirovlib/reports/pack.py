"""A report pack `reports/<period>/`: pages, workbook, tables and `run.json`, written aside and put in place whole."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import nbformat
from tqdm import tqdm

from kirovlib import charts, parameters, russian
from kirovlib.errors import ParameterError
from kirovlib.exports import files
from kirovlib.lake import alone
from kirovlib.order import changes, data_quality, method
from kirovlib.order.card import MEND_DAYS
from kirovlib.order.evaluate import Judgement
from kirovlib.parameters import past_weeks_for
from kirovlib.reports import cards as cards_of
from kirovlib.reports import founders, kernels, letter, notebooks, pages, record, summary
from kirovlib.reports.frozen import frozen
from kirovlib.reports.jobs import PageJob
from kirovlib.reports.kernels.pool import Makers, Pool
from kirovlib.reports.scheduler import Cluster
from kirovlib.settings import Settings
from kirovlib.weeks import Period

_INDEX = ("index", "Отчёт")
_BUSY = "Этот отчёт уже составляется другой командой. Дождитесь её конца и повторите."


def build(
    settings: Settings,
    period: Period,
    *,
    complete_share: float = data_quality.COMPLETE_SHARE,
    cards: Sequence[str] = (),
    by_founder: bool = False,
    mend_days: int = MEND_DAYS,
    jobs: int | None = None,
    scheduler: str = "",
    progress: bool = True,
) -> Path:
    """Judge a period and write its pack.

    Args:
        settings: Home folder; the pack goes to its `reports/<period>/`, replacing an older one only when complete. All
            of it is of the data as they are at the beginning, whatever is collected meanwhile.
        period: The weeks to report.
        complete_share: The share (0-1) of accounts read completely below which every page says that data are
            incomplete.
        cards: Whose cards are made, see `cards.chosen`; by default nobody's.
        by_founder: Whether each founder gets a ZIP with its cards, workbook and letter (`founders.write`); cards of
            those that letters tell of are made then too.
        mend_days: So many days after the period's end to mend or contest, on cards and in letters.
        jobs: How many pages are made at a time; by default as many as cores and memory allow.
        scheduler: Address of a Dask cluster that makes the pages; blank: this machine does.
        progress: Whether to draw a progress bar.

    Returns:
        The path of `index.html`. Cards that were not made are in `run.json`, under `failed_cards`.

    Raises:
        ParameterError: The period is not collected yet, an institution is unknown, the cluster does not answer.
        LakeError: The lake is empty, or the same pack is being written by another process.
        KirovError: A notebook other than a card's failed.
    """
    started = time.perf_counter()
    chosen: dict[str, Any] = {"complete_share": complete_share, "mend_days": mend_days}
    chosen |= ({"cards": list(cards)} if cards else {}) | ({"by_founder": True} if by_founder else {})
    template = letter.load(settings.data_dir) if by_founder else None  # a mistake in it is told before any work
    target = settings.reports_dir / period.label
    # What is aside goes last, when nobody writes or reads there any more. The makers warm up while we judge.
    with ExitStack() as held, _makers(settings, jobs, scheduler) as makers:
        aside = held.enter_context(_aside(target))
        now = held.enter_context(frozen(settings, target.with_name(f".{target.name}.data")))
        made_of = record.inputs(now)
        remembered = kernels.judge(period, now.data_dir, past_weeks_for(period))
        judged = remembered.judged
        shortcomings = data_quality.shortcomings(judged, complete_share)
        keys = cards_of.chosen(judged, [*cards, *(founders.told_of(judged) if by_founder else ())])
        plan = _Plan(aside, judged, now, pages.stamp(shortcomings), keys, mend_days)
        plan.files += [founders.LISTED] if by_founder else []
        makers.remember(remembered)
        timings, failed = _write(plan, makers, progress=progress)
        if template is not None:
            terms: dict[str, Any] = {"complete_share": complete_share, "mend_days": mend_days}
            timings |= founders.write(aside, judged, template, **terms, progress=progress)
        summary.write(aside, judged, shortcomings)
        timings["total_seconds"] = round(time.perf_counter() - started, 3)
        record.write(aside, judged, made_of, chosen, shortcomings, failed, timings)
        put_in_place(aside, target)
    return target / "index.html"


@contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """The folder that a pack is written in before it gets its name, ours alone; gone at the end, however that comes."""
    aside = target.with_name(f".{target.name}.new")
    with alone(target.with_name(f".{target.name}.lock"), _BUSY):
        shutil.rmtree(aside, ignore_errors=True)  # a killed build may have left one
        aside.mkdir(parents=True)
        try:
            yield aside
        finally:
            shutil.rmtree(aside, ignore_errors=True)


class _Plan:
    """The pages of a pack, and what stands around them."""

    def __init__(
        self, folder: Path, judged: Judgement, settings: Settings, stamp: str, keys: Sequence[str], mend_days: int
    ) -> None:
        self.folder, self.judged, self._stamp = folder, judged, stamp
        sources = {name: notebooks.NOTEBOOKS_DIR / f"{name}.ipynb" for name in notebooks.REPORTED}
        about = {name: nbformat.read(source, 4).metadata for name, source in sources.items()}
        titles = [(name, metadata["title"]) for name, metadata in about.items()]
        self._named = [_INDEX, *titles, *([cards_of.INDEX] if keys else [])]
        self.files = [
            ("summary.html", "итоги на одной странице"),
            ("summary.txt", "они же текстом, для письма"),
            ("findings.xlsx", "все выводы в Excel"),
            ("findings.parquet", "все выводы для программ"),
            ("run.json", "как получен отчёт: параметры, версии, состояние данных"),
        ]
        self.questions = {name: metadata["question"] for name, metadata in about.items()}
        self.questions[cards_of.INDEX[0]] = "Что установлено о каждом учреждении и что ему сделать?"
        period, home = judged.period, settings.home
        values: dict[str, Any] = {"period": period.label, "data": settings.data_dir.name}
        values |= {"past_weeks": past_weeks_for(period), "mend_days": mend_days}
        self.pages = {name: self._page(sources[name], title, values, home) for name, title in titles}
        self.cards = cards_of.jobs(judged, keys, values, home, folder, self.around(*_INDEX))

    def around(self, name: str, title: str) -> dict[str, Any]:
        """See `pages.context`."""
        return pages.context(self.judged, self._named, name, title, self._stamp)

    def _page(self, source: Path, title: str, values: Mapping[str, Any], home: Path) -> PageJob:
        own = notebooks.parameters_of(source)
        given = {name: value for name, value in values.items() if name in own}
        parameters.check(given, own, title=source.stem)
        folder, name = self.folder.resolve(), source.stem
        return PageJob(
            str(source),
            given,
            str(home.resolve()),
            str(folder / f"{name}.html"),
            self.around(name, title),
            str(folder / "notebooks" / f"{name}.ipynb"),
        )


def _makers(settings: Settings, jobs: int | None, scheduler: str) -> Makers:
    wanted = settings.variable("KIROV_KERNELS", "warm")
    if wanted not in {"warm", "stock"}:
        msg = f"Переменная KIROV_KERNELS: «{wanted}»; ожидается warm (быстро) или stock (каждой тетради свой Python)."
        raise ParameterError(msg)
    if scheduler:
        return Cluster(scheduler, warm=wanted == "warm")
    return Pool(jobs, warm=wanted == "warm" and kernels.can_be_warm())


def _write(plan: _Plan, makers: Makers, *, progress: bool) -> tuple[dict[str, float], dict[str, str]]:
    """Everything but `summary.html` and `run.json`.

    Returns:
        Seconds by what took them, and why a card was not made by institution_id.
    """
    folder, judged = plan.folder, plan.judged
    (folder / "notebooks").mkdir()
    made = {makers.submit(job): name for name, job in plan.pages.items()}  # first, since they take longest
    made |= {makers.submit(job): key for key, job in plan.cards.items()}
    pages.write_assets(folder / "assets")
    files.write_parquet(folder / "findings.parquet", judged)
    files.write(folder / "findings.xlsx", judged)
    timings, failed = _gathered(made, plan.pages, progress=progress)
    for key in failed:  # who was killed, or had no room, may have left half of it
        Path(plan.cards[key].page).unlink(missing_ok=True)
    hrefs = cards_of.hrefs([key for key in plan.cards if key not in failed], "cards/")
    for name in plan.pages:
        file = folder / f"{name}.html"
        file.write_text(pages.linked(file.read_text(encoding="utf-8"), hrefs), encoding="utf-8")
    if plan.cards:
        cards_of.write_index(folder, judged, list(hrefs), failed, plan.around(*_INDEX))
    context = plan.around(*_INDEX) | {
        "questions": plan.questions,
        "tiles": charts.tiles(judged, changes.named_changes(judged)).data,
        "method": method.method(judged),
        "files": plan.files,
    }
    (folder / "index.html").write_text(pages.index(context), encoding="utf-8")
    return timings, failed


def _gathered(
    made: Mapping[Future[float], str], needed: Collection[str], *, progress: bool
) -> tuple[dict[str, float], dict[str, str]]:
    """Wait for all pages; a card that fails costs nothing but itself.

    Raises:
        KirovError: One of the needed pages failed.
    """
    timings, failed, took = {}, {}, 0.0
    bar = tqdm(total=len(made), desc="Отчёт", bar_format=russian.BAR_FORMAT, delay=2, disable=not progress)
    with bar:
        for future in as_completed(made):
            name, error = made[future], future.exception()
            if error is None and name in needed:
                timings[f"{name}_seconds"] = future.result()
            elif error is None:
                took += future.result()
            elif name in needed or not isinstance(error, Exception):
                raise error
            else:
                failed[name] = str(error)
            bar.update()
    return timings | {"cards_seconds": round(took, 3)}, failed


def put_in_place(aside: Path, target: Path) -> None:
    """Give a whole pack its name, in place of an older one."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    aside.rename(target)
    shutil.rmtree(old, ignore_errors=True)
