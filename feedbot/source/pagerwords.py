"""What links that lead on are called, folded to lower case and without arrows."""

from __future__ import annotations

import re

#: Towards older things, whichever way the pager runs.
OLDER = frozenset(
    "older|older posts|older entries|older news|older articles|older messages|older items"
    "|older meetings|older notices|older releases|earlier|earlier posts|earlier entries|previous"
    " entries|previous posts|load more|show more|more|more news|more posts|more results|view more"
    "|see more|load older|load more news|load more posts|show older"
    "|раньше|ранее|более ранние|предыдущие записи|старые записи|ещё|еще|показать ещё|показать еще"
    "|загрузить ещё|загрузить еще|больше новостей|ещё новости|еще новости|показать больше"
    "|старіші записи|показати ще|ще|раніше"
    "|ältere|ältere beiträge|ältere einträge|ältere meldungen|mehr laden|mehr anzeigen"
    "|weitere laden|weitere anzeigen|weitere meldungen|weitere beiträge|mehr meldungen"
    "|plus ancien|plus anciens|articles plus anciens|articles précédents|voir plus|charger plus"
    "|afficher plus|plus d'actualités|plus d’actualités"
    "|anteriores|entradas antiguas|más antiguas|entradas anteriores|más noticias|ver más"
    "|cargar más|mostrar más|mais antigos|ver mais|carregar mais|mais notícias|mostrar mais"
    "|più vecchi|articoli precedenti|carica altri|carica altro|mostra altri|mostra altro"
    "|altre notizie|starsze|starsze wpisy|pokaż więcej|załaduj więcej|więcej|oudere berichten"
    "|meer laden|toon meer|meer nieuws|äldre inlägg|visa fler|eldre innlegg|vis flere"
    "|starší|starší příspěvky|načíst další|zobrazit další|staršie|daha eski|daha fazla"
    "|daha fazla göster|παλαιότερα|περισσότερα|المزيد|عرض المزيد|تحميل المزيد|الأقدم"
    "|更多|加载更多|查看更多|更早|较早|もっと見る|さらに読み込む|過去の記事|더보기|더 보기"
    "|עוד|הצג עוד|טען עוד|xem thêm|tải thêm|muat lebih banyak|näytä lisää|vanhemmat|starije"
    "|régebbi|régebbiek".split("|")
)

#: To the next page.
NEXT = frozenset(
    "next|next page|go to next page|page next|nextpage"
    "|далее|дальше|вперёд|вперед|следующая|следующая страница|следующие|след|след. страница|слід"
    "|наступна|наступна сторінка|далі|вперед|наступная"
    "|weiter|nächste|nächste seite|zur nächsten seite|vor|vorwärts|folgende|folgende seite"
    "|suivant|suivante|page suivante|suivants|aller à la page suivante|suiv"
    "|siguiente|página siguiente|siguientes|pagina siguiente|sig|ir a la página siguiente"
    "|próxima|próximo|próxima página|seguinte|página seguinte|seg|següent|pàgina següent"
    "|successiva|successivo|pagina successiva|avanti|prossima|pagina seguente|succ"
    "|następna|następna strona|następne|dalej|volgende|volgende pagina|nästa|nästa sida|neste"
    "|neste side|næste|næste side|seuraava|seuraava sivu|další|následující|další stránka|ďalšia"
    "|ďalej|nasledujúca|sljedeća|sledeća|следећа|следваща|следваща страница|naslednja|următoarea"
    "|următor|pagina următoare|következő|következő oldal|sonraki|sonraki sayfa|ileri|επόμενη"
    "|επόμενη σελίδα|επόμενο|التالي|التالية|الصفحة التالية|بعدی|הבא|הבאה|הדף הבא|לעמוד הבא"
    "|下一页|下一頁|下页|下頁|后页|次へ|次のページ|次|次ページ|다음|다음 페이지|다음페이지"
    "|trang sau|tiếp|sau|berikutnya|selanjutnya|järgmine|nākamā|kitas|ถัดไป|अगला|келесі".split("|")
)

#: To all there is, of which the page shows the newest.
ALL = frozenset(
    "archive|archives|all news|all messages|all posts|all articles|all events|all releases"
    "|all press releases|all announcements|all notices|all entries|all items|all updates"
    "|all stories|news archive|view all|see all|show all|view all news|see all news"
    "|press release archive|full archive|past issues|past news|complete list|full list"
    "|все сообщения|все новости|все события|все материалы|все публикации|все статьи|все объявления"
    "|все записи|архив|архив новостей|архив сообщений|вся лента|смотреть все|показать все"
    "|все пресс-релизы|все анонсы|всі новини|усі новини|архів|архів новин|усе новини"
    "|alle meldungen|alle nachrichten|alle beiträge|alle artikel|alle pressemitteilungen"
    "|alle anzeigen|archiv|newsarchiv|nachrichtenarchiv|pressearchiv|alle news|zum archiv"
    "|alle bekanntmachungen|alle termine|toutes les actualités|toute l'actualité|toutes les news"
    "|toute l’actualité|tous les articles|voir tout|tout voir|voir toutes les actualités"
    "|tous les communiqués|archives des actualités|todas las noticias|ver todas|ver todo"
    "|ver todas las noticias|archivo|archivo de noticias|hemeroteca|todas|todas as notícias"
    "|ver todas as notícias|arquivo|arquivo de notícias|tutte le notizie|tutte le news|archivio"
    "|vedi tutte|vedi tutti|tutti gli articoli|archivio notizie|wszystkie aktualności|archiwum"
    "|wszystkie wiadomości|zobacz wszystkie|alle berichten|archief|nieuwsarchief|alle nyheter"
    "|alla nyheter|arkiv|nyhetsarkiv|alle nyheder|kaikki uutiset|arkisto|všechny zprávy"
    "|všechny aktuality|archív|archiv zpráv|tüm haberler|tümü|arşiv|tüm duyurular|haber arşivi"
    "|όλα τα νέα|αρχείο|όλες οι ανακοινώσεις|كل الأخبار|جميع الأخبار|الأرشيف|أرشيف|עוד חדשות|ארכיון"
    "|לכל החדשות|כל החדשות|全部|全部新闻|所有新闻|归档|存档|查看全部|一覧|一覧を見る|すべて見る"
    "|過去のお知らせ|アーカイブ|お知らせ一覧|ニュース一覧|전체보기|전체 보기|모든 소식|tất cả tin"
    "|összes hír|archívum|toate știrile|arhiva|arhivă|sve vijesti|sve vesti|све вести|всички новини"
    "|арахів|усе новости".split("|")
)

#: Back, or to an end: a link whose name says so is never followed.
BACK = re.compile(
    r"^(?:prev|previous|previous page|newer|newer posts|newer entries|back|first|last|first page"
    r"|last page|end|start|назад|предыдущая|пред|в начало|в конец|начало|конец|последняя|первая"
    r"|новее|позже|позднее|zurück|vorherige|erste|letzte|neuere|précédent|précédente|premier"
    r"|première|dernier|dernière|plus récents|anterior|primera|última|fin|inicio|más recientes"
    r"|precedente|prima|ultima|inizio|fine|poprzednia|pierwsza|ostatnia|vorige|eerste|laatste"
    r"|föregående|první|poslední|předchozí|önceki|ilk|son|προηγούμενη|πρώτη|τελευταία|السابق|الأول"
    r"|الأخير|הקודם|上一页|上页|上一頁|首页|尾页|末页|前へ|最初|最後|이전|처음|마지막|끝|맨끝)$"
)

#: "Page 2", "страница 2", "2 of 9": numbers with a word.
PAGE_NUMBER = re.compile(
    r"(?:(?:go to )?(?:page|pg|страница|стр|сторінка|seite|página|pagina|página|strona|sida|side"
    r"|sivu|stránka|strana|sayfa|oldal|σελίδα|صفحة|עמוד|第|페이지)[\s.]*)?"
    r"(\d{1,5})(?:\s*(?:of|из|von|de|di|z|/|page|页|ページ|頁|페이지)\s*\d*)?$"
)
