"""What pages say that come in place of a list, in the languages of the web's larger parts.

Phrases, not words, wherever a word alone also stands on ordinary pages.
"""

from __future__ import annotations

import re


def _words(*languages: str) -> re.Pattern[str]:
    """A pattern of phrases, `|` between them."""
    return re.compile("|".join(languages), re.I)


CHALLENGE = _words(
    r"just a moment|checking (?:if the site|your browser)|verify(?:ing)? (?:that )?you(?:'re| are)"
    r" (?:a )?human|are you (?:a )?(?:human|robot)|not a robot|security check|attention required"
    r"|unusual traffic|enable javascript and cookies to continue|bot (?:check|protection)|captcha"
    r"|pardon our interruption|ddos protection|one more step",
    r"не робот|проверка браузера|проверяем ваш браузер|подтвердите, что (?:вы|запросы)"
    r"|необычн\w{1,4} трафик|проверка безопасности|защита от ddos",
    r"sicherheitsüberprüfung|kein roboter|einen moment|un instant|vérification de sécurité"
    r"|pas un robot|un momento|no soy un robot|verificación de seguridad|non sono un robot",
    r"请稍候|安全验证|人机验证|我不是机器人|ロボットではありません|تحقق من أنك إنسان|لست روبوت",
)
BLOCKED = _words(
    r"access denied|access (?:to (?:this|the) \w{1,9} )?(?:is |was |has been )?(?:denied|blocked)"
    r"|access forbidden"
    r"|(?:you|ip)[^.]{0,30} (?:been )?(?:blocked|banned)|403 forbidden|^forbidden|not authori[sz]ed"
    r"|permission denied|request (?:was )?(?:blocked|rejected)"
    r"|not available in your (?:country|region)"
    r"|unavailable for legal reasons|too many requests|rate limit",
    r"доступ (?:к [\w ]{1,40} )?(?:запрещ|заблок|огранич|закрыт)|вы заблокированы|запрос отклон"
    r"|слишком много запросов|недоступ\w{1,4} в вашем регионе",
    r"zugriff (?:verweigert|gesperrt|nicht)|accès (?:refusé|interdit|bloqué)"
    r"|acceso (?:denegado|prohibido)"
    r"|accesso negato|acesso negado|dostęp zabroniony|拒绝访问|禁止访问|访问被拒绝"
    r"|アクセス(?:拒否|が拒否)"
    r"|تم رفض الوصول|الوصول مرفوض",
)
LOGIN = _words(
    r"\b(?:log|sign) ?[io]n\b|\blogin\b|members? only|authentication required"
    r"|session (?:has )?expired",
    r"вход(?: в| на|$|\b)|войти|войдите|авториз|логин",
    r"anmeld|einlogg|connexion|se connecter|identifi|iniciar sesión|acceder|accedi|entrar|zaloguj"
    r"|登录|登入|ログイン|تسجيل الدخول",
)
CONSENT = _words(
    r"before you continue|(?:we|our partners)[^.]{0,40} use[^.]{0,20} cookies"
    r"|accept (?:all|cookies)"
    r"|consent|cookie (?:settings|preferences)|agree (?:and|to) (?:continue|proceed)",
    r"использу\w{1,4} (?:файлы )?cookie|принять (?:все|cookie)|согла(?:сие|шаюсь) на"
    r"|файл\w{1,3} cookie",
    r"zustimm|einwillig|akzeptieren|cookies? (?:et|und|y) |accepter|consentement|aceptar"
    r"|consentimiento"
    r"|acconsent|accetta|同意|接受|クッキー|موافق|ملفات تعريف الارتباط",
)
SCRIPT = _words(
    r"(?:enable|requires?|need|turn on|activate)[^.]{0,30} javascript"
    r"|javascript[^.]{0,40} (?:enabled?"
    r"|required|disabled|turned o|to run)|without javascript",
    r"включите[^.]{0,20} (?:javascript|скрипт)|нужен javascript|требуется javascript"
    r"|javascript (?:отключ|выключ)"
    r"|поддержк\w{1,3} javascript",
    r"javascript (?:aktivier|ist|muss|activé|doit|habilit|attiv|deve|está)"
    r"|(?:aktivier|activer|activez|habilit|attiva)[^.]{0,20} javascript|启用 ?javascript"
    r"|javascript ?を有効|تفعيل ?جافا",
)
LOADING = _words(
    r"^loading\b|\bloading(?:…|\.\.\.)|please wait",
    r"загрузка|загружается|подождите|wird geladen|laden\.\.\.|chargement|cargando|caricamento",
    r"加载中|正在加载|読み込み中|جار التحميل",
)
MAINTENANCE = _words(
    r"(?:under|scheduled|down for|site) maintenance|be(?: right)? back (?:soon|shortly|later)"
    r"|temporarily (?:unavailable|down|closed|offline)|maintenance mode|service unavailable",
    r"техническ\w{1,3} (?:работ|обслуж|перерыв)|временно (?:недоступ|закрыт|не работает)"
    r"|ведутся работы"
    r"|профилактическ\w{1,4} работ",
    r"wartungs(?:arbeiten|modus)|wegen wartung|vorübergehend nicht|en maintenance|temporairement"
    r"|en mantenimiento|temporalmente|in manutenzione|em manutenção"
    r"|维护中|系统维护|メンテナンス中|قيد الصيانة",
)
PARKED = _words(
    r"domain (?:name )?(?:is|may be|has been)? ?(?:for sale|parked|expired|suspended|registered)"
    r"|buy this domain|this domain|website coming soon|future home of|default web ?(?:page|site)"
    r"|welcome to nginx|apache2? (?:\w{1,9} )?default page|index of /$",
    r"домен (?:прода|припаркован|зарегистрирован|не привязан|делегирован)|купить (?:этот )?домен"
    r"|срок регистрации домена|сайт (?:на хостинге )?(?:отключ|заблокирован хостинг)",
    r"domain (?:steht zum verkauf|geparkt|kaufen)|diese domain|ce (?:nom de )?domaine|este dominio"
    r"|questo dominio|域名(?:出售|已过期|停放)|このドメイン|هذا النطاق",
)
MISSING = _words(
    r"\b404\b"
    r"|(?:page|file|document)[^.]{0,30} (?:not (?:be )?found|does(?: not|n't) exist|no longer)"
    r"|^not found|can(?:'t|not| not) find (?:the|that|this) page|410 gone",
    r"(?:страниц|документ|файл|запис)\w{1,3}[^.]{0,30} (?:не найден|не существует|удален|удалён)",
    r"seite[^.]{0,30} nicht gefunden|page (?:non trouvée|introuvable)"
    r"|página no (?:encontrada|existe)"
    r"|pagina non trovata|página não encontrada|nie znaleziono strony|页面不存在|找不到(?:该|此)?页"
    r"|ページが見つかりません|الصفحة غير موجودة",
)
EMPTY = _words(
    r"no (?:\w{1,12} )?(?:results?|records?|entries|items|news|events|posts|articles|matches"
    r"|opinions)[^.]{0,20}(?: (?:were |was )?(?:found|available|match)|\."
    r"|$)|nothing (?:was )?found|0 results",
    r"ничего не найдено|нет (?:результат|новост|запис|событи|данных|материал)|не найдено ни одно"
    r"|результатов не",
    r"keine (?:\w{1,14} )?(?:ergebnisse|einträge|treffer|meldungen|nachrichten)"
    r"|aucun (?:résultat|article|élément)"
    r"|sin resultados|no se (?:han )?encontr|nessun risultato|nenhum resultado|brak wyników"
    r"|没有(?:找到|结果|数据)|暂无(?:数据|内容|新闻)|該当する|見つかりませんでした|لا توجد نتائج",
)
