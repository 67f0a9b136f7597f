"""The words that findings answer in: reasons, each with its Russian sentence and what can be done, and notes."""

from __future__ import annotations

from kirovlib import tables

REASONS = {
    # any clause
    "no_edition_in_force": "В этот период пункт не действовал",
    "kind_not_named": "Пункт не называет учреждений этого вида",
    "not_in_scope": "Учреждение не входит в сферу действия порядка",
    "closed_body": "Учреждение закрыто или ликвидировано",
    "account_closed": "Аккаунт закрыт",
    "not_yet_open": "Аккаунта ещё не было",
    "exempt": "Освобождено актом",
    "manual_passed": "Проверено человеком: соблюдается",
    "manual_failed": "Проверено человеком: не соблюдается",
    # 3.1, публикации
    "norm_met": "Норма соблюдена",
    "below_norm": "Публикаций меньше нормы, неделя прочитана целиком",
    "week_running": "Неделя ещё не закончилась",
    "week_not_collected": "Неделя прочитана не целиком",
    "repost_unknown": "О части публикаций неизвестно, репосты ли они, и вывод от этого зависит",
    "existence_unknown": "Неизвестно, существовал ли аккаунт в эту неделю",
    "edition_starts_mid_week": "Пункт вступил в силу посреди недели",
    "opened_in_week": "Аккаунт создан на этой неделе",
    "closed_in_week": "Аккаунт закрыт на этой неделе",
    # 2.2–2.4, страница
    "no_snapshot_in_period": "Нет снимка страницы за этот период",
    "list_not_provided": "Перечень обязательного содержится в базовом акте и в программу не внесён",
    "contents_complete": "На странице есть всё из перечня",
    "contents_missing": "На странице нет обязательного из перечня",
    "contents_not_answered": "Сеть не показала части обязательного",
    "mark_present": "Отметка «Госорганизация» есть",
    "mark_absent": "Отметки «Госорганизация» нет",
    "mark_not_returned": "Сеть не сказала, есть ли отметка «Госорганизация»",
    "mark_on_nobody": "Отметки не видно ни у одного аккаунта: возможно, сеть не показывает её нашему ключу",
    "found": "Ссылка найдена и правильна",
    "missing": "В меню, кнопке и ссылках страницы нужной ссылки нет",
    "link_broken": "Адрес обрезан или искажён: такой страницы портала мы не знаем",
    "link_misspelt": "В ссылке повреждён обязательный параметр; работает ли она, никто не проверял",
    "other_target": "Ссылка ведёт не прямо на форму портала; куда — видно только при открытии",
    "unknown_app": "Найдено приложение, о котором неизвестно, портала ли оно",
    "not_visible": "Приложение не видно в меню, кнопке и ссылках; это не доказывает, что его нет",
    "menu_not_answered": "Меню вернулось у немногих аккаунтов реестра: его отсутствие ничего не значит",
    "page_closed": "Страница закрыта, и её меню сеть не показала",
    # 2.5, реестр
    "register_connected": "По реестру подключён",
    "register_not_connected": "По реестру не подключён",
    "register_silent": "В реестре не записано, подключён ли аккаунт",
    "register_without_source": "В реестре не записано, на какую дату и откуда это известно",
    "register_later": "Запись реестра сделана после этого периода",
    "register_outdated": "Запись реестра «нет» устарела: с тех пор могло измениться",
    # п. 1, сфера действия
    "account_live": "Действующий аккаунт есть",
    "obligation_in_another_act": "Действующего аккаунта нет; обязан ли он быть, сказано в другом акте",
    "too_few_accounts": "Действующих аккаунтов меньше, чем обязывает акт",
    # 3.2, решения рабочей группы
    "decision_done": "Решение учтено",
    "decision_not_done": "Решение не учтено",
    "decision_not_recorded": "Не записано, учтено ли решение",
    "decision_recorded_later": "Учтено ли решение, записано после этого периода",
    "no_decision_addressed": "Решений, обращённых к учреждению, нет",
}
# What coverage says of an account is a reason too.
REASONS |= {word: text[0].upper() + text[1:] for word, text in tables.COVERAGE_REASONS.items() if word}

# What can be done where a verdict is neither «соблюдается» nor «нарушение», by reason.
_AGAIN = "Соберите ещё раз: kirov collect --only-missing"
_BY_HAND = "внесите проверку в manual_checks.csv"
ADVICE = {
    # any clause
    "no_edition_in_force": "Ничего: выберите период после вступления пункта в силу",
    "kind_not_named": "Ничего; если вид учреждения записан неверно, исправьте kind в institutions.csv",
    "not_in_scope": "Ничего; если вид учреждения записан неверно, исправьте kind в institutions.csv",
    "closed_body": "Ничего; если учреждение работает, исправьте status в institutions.csv",
    "account_closed": "Ничего; если аккаунт ведётся, исправьте closed_on в accounts.csv",
    "not_yet_open": "Ничего; если аккаунт уже вёлся, исправьте opened_on в accounts.csv",
    "exempt": "Ничего; следите за сроком акта в exemptions.csv",
    # 3.1, публикации
    "week_running": "Дождитесь конца недели и соберите её: kirov collect",
    "week_not_collected": "Соберите период: kirov collect --since ДАТА",
    "repost_unknown": f"Откройте публикации, решите, репосты ли это, и {_BY_HAND}",
    "existence_unknown": "Впишите дату создания аккаунта (opened_on) в accounts.csv",
    "edition_starts_mid_week": "Ничего: пункт проверяется со следующей недели",
    "opened_in_week": "Ничего: пункт проверяется со следующей недели",
    "closed_in_week": "Ничего",
    # 2.2–2.4, страница
    "no_snapshot_in_period": "Собирайте страницы каждую неделю (kirov collect): прошлого снимка уже не получить",
    "list_not_provided": "Впишите перечень из базового акта: items в data/order/clauses.toml",
    "contents_not_answered": f"Откройте страницу, сверьте её с перечнем и {_BY_HAND}",
    "mark_not_returned": f"Откройте группу, посмотрите, есть ли отметка, и {_BY_HAND}",
    "mark_on_nobody": f"Проверьте права ключа Одноклассников; до того смотрите группы глазами и {_BY_HAND}",
    "link_misspelt": f"Откройте ссылку; работает — {_BY_HAND}, нет — пошлите учреждению исправленный адрес",
    "other_target": f"Откройте ссылку, посмотрите, куда она ведёт, и {_BY_HAND}",
    "unknown_app": "Откройте приложение; если оно портала, впишите его номер: mini_app_ids в data/order/clauses.toml",
    "not_visible": f"Спросите учреждение, подключено ли приложение, и {_BY_HAND}",
    "menu_not_answered": "Проверьте, видно ли меню нашему ключу ВКонтакте, и соберите снова: kirov collect",
    "page_closed": f"Попросите учреждение открыть сообщество; до того посмотрите сами и {_BY_HAND}",
    # 2.5, реестр
    "register_silent": "Узнайте у учреждения и впишите в accounts.csv: подключён ли, на какую дату, откуда известно",
    "register_without_source": "Допишите в реестр, на какую дату и откуда это известно",
    "register_later": "Ничего: о более раннем времени реестр не говорит",
    "register_outdated": "Проверьте заново и обновите запись реестра и её дату",
    # п. 1, сфера действия
    "obligation_in_another_act": "Выясните, обязано ли учреждение вести аккаунт; акт об освобождении внесите в реестр",
    # 3.2, решения рабочей группы
    "decision_not_recorded": "Запишите в decisions.csv, учтено ли решение, когда и откуда это известно",
    "decision_recorded_later": "Ничего: о более раннем времени запись не говорит",
    "no_decision_addressed": "Ничего",
    # охват
    "wall_closed": f"Попросите учреждение открыть ленту; до того посмотрите сами и {_BY_HAND}",
    "account_gone": "Спросите учреждение, где теперь аккаунт; закрытому впишите closed_on в accounts.csv",
    "address_unknown": "Проверьте адрес в accounts.csv: kirov registry reconcile",
    "address_moved": "Выясните, чьё теперь сообщество: kirov registry reconcile, затем исправьте accounts.csv",
    "not_a_community": "Узнайте у учреждения адрес сообщества и исправьте accounts.csv",
    "no_preview": "Попросите включить открытый просмотр канала или загрузите его выгрузку: kirov import-posts",
    "access_denied": "Попросите учреждение открыть доступ или загрузите публикации из файла: kirov import-posts",
    "paging_broken": _AGAIN,
    "profile_not_returned": f"{_AGAIN}; повторится — откройте адрес и сверьте: kirov registry reconcile",
    "no_answer": _AGAIN,
    "answer_not_understood": f"{_AGAIN}; повторится — сообщите разработчикам",
    "not_yet": "Дождитесь конца периода и соберите его: kirov collect",
    "wall_shifted": _AGAIN,
    "too_large": f"{_AGAIN}; повторится — сообщите разработчикам",
    "not_recorded": "Соберите из самой сети: в записи её ответов этого нет",
    "quota": "Дождитесь, пока лимит обновится, и продолжите: kirov collect --only-missing",
    "no_token": "Впишите ключ в файл .env и продолжите: kirov collect --only-missing",
    "token": "Замените ключ в файле .env и продолжите: kirov collect --only-missing",
    "captcha": "Подтвердите в сети, что работает человек, и продолжите: kirov collect --only-missing",
    "network": "Проверьте связь (kirov status) и продолжите: kirov collect --only-missing",
    "interrupted": _AGAIN,
    "platform_not_supported": "Ничего: такие сети не собираются",
    "file_without_period": "Загрузите файл снова и укажите его период: kirov import-posts --from … --to …",
}  # fmt: skip

NOTES = {
    "utm_damaged": "повреждены метки utm в ссылке: на работу не влияет, переходы не учитываются",
    "id_padded": "лишний пробел в номере формы",
    "http_link": "ссылка без шифрования (http)",
    "foreign_region": "в ссылке регион 43; у Кировской области по ОКАТО 33",
    "foreign_ogrn": "в ссылке ОГРН другого учреждения",
    "shared_opa_id": "тот же номер формы у учреждений разных учредителей",
    "met_by_institution": "по всем аккаунтам учреждения вместе норма соблюдена",
    "seen_late": "часть публикаций впервые увидена позже 14 суток",
    "removed_counted": "засчитаны публикации, исчезнувшие после сбора",
    "incomplete_but_met": "неделя прочитана не целиком, но норма уже соблюдена",
    "portal_links_seen": "на странице есть ссылки на портал: похоже, что аккаунт подключён, но это не доказательство",
    "manual_check": "вывод дал человек",
    "manual_agrees": "проверено человеком, вывод тот же",
    "manual_disagrees": "проверка человеком разошлась с измеренным; вывод не изменён",
    "contested": "оспорено",
}
