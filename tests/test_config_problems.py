"""Wrong configuration: every problem in one run, each with file, key, what is wrong, the cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedbot.config import load
from feedbot.errors import ConfigError, Problem

SOURCE = '[[sources]]\nname = "page"\nurl = "https://press.example.org/"\n'
LISTING = SOURCE + '[sources.listing]\nitem = "li"\n'
CHAT = '[[telegram.chats]]\nid = "@my_channel"\n'
COUNTER = '[[counters]]\nname = "days"\ntext = "{days} days"\n'
SINCE = COUNTER + "since = 2018-03-04\n"


def refused(
    folder: Path, text: str | bytes, environ: dict[str, str] | None = None
) -> tuple[Problem, ...]:
    path = folder / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as caught:
        load(path, environ or {})
    for problem in caught.value.problems:
        assert len(str(problem).splitlines()) == 1
    return caught.value.problems


WRONG = {
    "unknown key": ("langauge = 'en'", "langauge", "did you mean `language`?"),
    "unknown key in a section": ("[http]\ntimeuot = 3", "http.timeuot", "`timeout`"),
    "unknown section": ("[storrage]\n", "storrage", "`storage`"),
    "a key of another section": ("token = '1:a'", "token", "it belongs in [telegram]"),
    "a top key too far down": ("[web]\nlanguage = 'en'", "web.language", "the top"),
    "a key like one elsewhere": ("confirm_gon = 3", "confirm_gon", "of [[sources]]"),
    "a key like nothing": ("[web]\nqqqq = 1", "web.qqqq", "known here: listen"),
    "a key no option reads": ("_env_file = 'x'", "_env_file", "is no key here"),
    "a key with a line break": ('"a\\nb" = 1', '"a\\nb"', "is no key here"),
    "unknown key in a source": (SOURCE + "titel = 'x'", "sources[page].titel", "`title`"),
    "unknown key in a listing": (LISTING + "itm = 'x'", "sources[page].listing.itm", "`item`"),
    "text for a number": ("[feeds]\nentries = '5'", "feeds.entries", "a whole number is meant"),
    "number for a text": ("timezone = 5", "timezone", "a text in quotes is meant"),
    "fraction for a whole number": ("[feeds]\nentries = 5.5", "feeds.entries", "fraction"),
    "text for true or false": ("[telegram]\nopen = 'yes'", "telegram.open", "true or false"),
    "value for a table": ("http = 5", "http", "write [http]"),
    "one table for a list of them": ("[sources]\nname = 'x'", "sources", "write [[sources]]"),
    "a list of tables for one": ("[[web]]\nlisten = 'x'", "web", "write [web]"),
    "text for a list": (CHAT + "sources = 'page'", "telegram.chats[@my_channel].sources", "[\"one"),
    "too small": ("[feeds]\nentries = 0", "feeds.entries", "the least is 1"),
    "too large": ("[feeds]\nentries = 100000", "feeds.entries", "the most is 1000"),
    "name missing": ("[[sources]]\nurl = 'http://a/'", "sources[0].name", "is missing"),
    "url missing": ("[[sources]]\nname = 'page'", "sources[page].url", "is missing"),
    "item missing": (SOURCE + "[sources.listing]", "sources[page].listing.item", "is missing"),
    "no JMESPath": (
        SOURCE + "kind = 'json'\n[sources.listing]\nitem = 'data['",
        "sources[page].listing.item",
        "is no JMESPath: ",
    ),
    "no JMESPath in a link": (
        SOURCE + "kind = 'json'\n[sources.listing]\nitem = 'data'\nlink = '/news/{a b}'",
        "sources[page].listing.link",
        "'a b' is no JMESPath: ",
    ),
    "rows of JSON": (
        SOURCE + "kind = 'json'\n[sources.listing]\nitem = 'data'\nday = 'h2'",
        "sources[page].listing.day",
        "is for pages",
    ),
    "bad name": ("[[sources]]\nname = 'My Page'\nurl = 'http://a/'", "sources[0].name", "my-page"),
    "two sources of one name": (SOURCE + SOURCE, "sources[1].name", 'are called "page"'),
    "a former name in use": (SOURCE + "was = 'page'", "sources[page].was", "stands in this file"),
    "a former name of two": (
        SOURCE + "was = 'old'\n" + SOURCE.replace("page", "other") + "was = 'old'",
        "sources[other].was",
        "keep one of them",
    ),
    "two counters of one name": (SINCE + SINCE, "counters[1].name", 'are called "days"'),
    "a chat twice": (CHAT + CHAT.upper().replace("TELEGRAM.CHATS", "telegram.chats")
                     .replace("ID", "id"), "telegram.chats[@MY_CHANNEL].id", "twice"),
    "bad zone": ("timezone = 'Europe/Lodnon'", "timezone", "Europe/London"),
    "zone without its region": (SOURCE + "timezone = 'Moscow'", "sources[page].timezone",
                                "Europe/Moscow"),
    "zone that leaves the folder": ("timezone = '../etc/passwd'", "timezone", "IANA"),
    "bad language": ("language = 'eng'", "language", 'did you mean "en"?'),
    "bad kind": (SOURCE + "kind = 'htlm'", "sources[page].kind", 'did you mean "html"?'),
    "bad CSS": (LISTING + "title = 'a['", "sources[page].listing.title", "a["),
    "bad XPath": (LISTING + "link = 'xpath://['", "sources[page].listing.link", "xpath:"),
    "bad date format": (LISTING + "date_format = '%Q'", "sources[page].listing.date_format", "%Q"),
    "bad regex": (CHAT + "include = ['re:(']", "telegram.chats[@my_channel].include[0]", "re:("),
    "empty word": (CHAT + "exclude = ['']", "telegram.chats[@my_channel].exclude[0]", "empty"),
    "bad template field": (CHAT + "template = '{{ titel }}'",
                           "telegram.chats[@my_channel].template", "titel"),
    "bad template": (CHAT + "template = '{% if %}'", "telegram.chats[@my_channel].template", "1"),
    "bad counter field": (SINCE.replace("{days}", "{dyas}"), "counters[days].text", "dyas"),
    "plural form missing": (SINCE.replace('"{days} days"', '{ one = "{days} day" }'),
                            "counters[days].text", "other"),
    "unknown plural form": (SINCE.replace('"{days} days"', '{ oen = "x", other = "{days}" }'),
                            "counters[days].text.oen", "`one`"),
    "neither since nor until": (COUNTER, "counters[days].since", "`until`"),
    "since and until": (SINCE + "until = 2030-01-01", "counters[days].until", "`since`"),
    "bad day": (COUNTER + "since = '4 March'", "counters[days].since", "2018-03-04"),
    "a moment for a day": (COUNTER + "since = 2018-03-04T09:00:00Z", "counters[days].since",
                           "a day is meant"),
    "bad time of day": (SINCE + "at = '25:00'", "counters[days].at", '"09:00"'),
    "number for a time": (SINCE + "at = 9", "counters[days].at", "a time of day"),
    "unknown source in a chat": (SOURCE + CHAT + "sources = ['paeg']",
                                 "telegram.chats[@my_channel].sources[0]", '"page"'),
    "unknown counter in a chat": (CHAT + "counters = ['days']",
                                  "telegram.chats[@my_channel].counters[0]", "no [[counters]]"),
    "unknown source of a counter": (SOURCE + SINCE + "source = 'paeg'", "counters[days].source",
                                    '"page"'),
    "url without scheme": ("[[sources]]\nname = 'page'\nurl = 'a.example.org'",
                           "sources[page].url", "https://"),
    "url without host": ("[[sources]]\nname = 'page'\nurl = 'https:///x'", "sources[page].url",
                         "no host"),
    "url with a bad port": ("[feeds]\nbase_url = 'https://a:99999/'", "feeds.base_url", "a URL"),
    "base url with a query": ("[feeds]\nbase_url = 'https://a/?b'", "feeds.base_url", "root alone"),
    "api url with its bot": ("[telegram]\napi_url = 'https://a/bot'", "telegram.api_url", "root"),
    "bad proxy": ("[telegram]\nproxy = 'ftp://a'", "telegram.proxy", "socks5://"),
    "bad contact": ("[http]\ncontact = 'me'", "http.contact", "address"),
    "contact HTTP cannot carry": ("[http]\ncontact = 'https://ü.example.org'", "http.contact",
                                  "ASCII"),
    "bad listen": ("[web]\nlisten = '8080'", "web.listen", "127.0.0.1:8080"),
    "listen port too high": ("[web]\nlisten = 'localhost:70000'", "web.listen", "host:port"),
    "another database": ("[storage]\nurl = 'postgresql://h/db'", "storage.url", "SQLite"),
    "database in memory": ("[storage]\nurl = 'sqlite://'", "storage.url", "a file"),
    "bad span": ("[http]\ntimeout = 'soon'", "http.timeout", '"5m"'),
    "span too short": (SOURCE + "every = '0s'", "sources[page].every", '"1s"'),
    "span too long": (SOURCE + "every = '400d'", "sources[page].every", "366 days"),
    "bad size": ("[http]\nmax_bytes = 'lots'", "http.max_bytes", '"3MB"'),
    "size out of bounds": ("[http]\nmax_bytes = '3B'", "http.max_bytes", "1 kB"),
    "chat without @": ("[telegram]\nadmin_chat = 'my_room'", "telegram.admin_chat", '"@my_room"'),
    "chat as a link": (CHAT.replace("@my_channel", "https://t.me/my_channel"),
                       "telegram.chats[0].id", '"@my_channel"'),
    "chat number zero": ("[telegram]\nadmin_chat = 0", "telegram.admin_chat", "number"),
    "chat of another type": ("[telegram]\nadmin_chat = true", "telegram.admin_chat", '"@name"'),
    "empty folder": ("[feeds]\ndirectory = ''", "feeds.directory", "is empty"),
    "empty token": ("[telegram]\ntoken = ''", "telegram.token", "@BotFather"),
    "bad header name": (SOURCE + "headers = { 'X Y' = 'z' }", 'sources[page].headers."X Y"',
                        "letters"),
    "header on two lines": (SOURCE + 'headers = { X = "a\\nb" }', "sources[page].headers.X",
                            "line break"),
    "no password": (SOURCE + "auth = { username = 'a' }", "sources[page].auth.password",
                    "`password_file`"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "key", "hint"), WRONG.values(), ids=list(WRONG))
def test_one_mistake_is_one_line_with_file_key_and_cure(
    tmp_path: Path, text: str, key: str, hint: str
) -> None:
    (problem,) = refused(tmp_path, text)
    assert problem.where == str(tmp_path / "config.toml")
    assert problem.key == key
    assert hint in f"{problem.what}; {problem.cure}"


def test_all_mistakes_of_one_file_come_in_one_run(tmp_path: Path) -> None:
    text = f"""
    langauge = "en"
    timezone = "Europe/Lodnon"
    [feeds]
    entries = "5"
    {LISTING}
    title = "a["
    itm = "li"
    {SOURCE}
    [[sources]]
    url = "https://press.example.org/other"
    {CHAT}
    include = ["re:("]
    template = "{{{{ titel }}}}"
    sources = ["paeg"]
    {SINCE}
    source = "paeg"
    """
    keys = {problem.key for problem in refused(tmp_path, text, {"FEEDBOT_WEB__LISTEN": "8080"})}
    assert keys == {
        "langauge",
        "timezone",
        "feeds.entries",
        "web.listen",
        "sources[page].listing.title",
        "sources[page].listing.itm",
        "sources[1].name",
        "sources[2].name",
        "telegram.chats[@my_channel].include[0]",
        "telegram.chats[@my_channel].template",
        "telegram.chats[@my_channel].sources[0]",
        "counters[days].source",
    }


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        (b"a = 1\nb = = 2\n", "line 2, column 5", "is not TOML"),
        (b"language = 'en'\nlanguage = 'ru'\n", "line 2, column 16", "a key stands once"),
        (b"language = 'en", "", "is not TOML"),
        (b"a = 1\nb = '\xff'\n", "line 2", "is not UTF-8"),
        (b"a = " + b"[" * 100_000, "", "nested"),
        (b"a = " + b"9" * 5_000, "", "is not TOML"),
    ],
)
def test_a_file_that_is_no_toml_gets_one_line_with_the_place(
    tmp_path: Path, text: bytes, place: str, hint: str
) -> None:
    (problem,) = refused(tmp_path, text)
    assert problem.where == str(tmp_path / "config.toml")
    assert problem.key == place
    assert hint in f"{problem.what}; {problem.cure}"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbflanguage = 'ru'\r\n")
    assert load(path, {}).language == "ru"


def test_a_file_that_cannot_be_read_gets_one_line(tmp_path: Path) -> None:
    for path, hint in ((tmp_path / "gone.toml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError) as caught:
            load(path, {})
        assert str(caught.value).startswith(f"{path}: cannot be read: {hint}")
        assert len(str(caught.value).splitlines()) == 1


SECRET = "123456:AAsecretsecretsecretsecretsecret"
WITH_SECRETS = [
    f"admin_chat = '{SECRET}'",
    f"token = ['{SECRET}']",
    f"token = '{SECRET} '",
    f"token = '{SECRET}'\ntoken_file = 'x'",
    f"tokn = '{SECRET}'",
    f"proxy = 'ftp://user:{SECRET}@127.0.0.1'",
    f"api_url = 'https://api.telegram.org/bot{SECRET}'",
    f"[[sources]]\nname = 'page'\nurl = 'https://user:{SECRET}@press.example.org/'",
    f"[[sources]]\nname = 'page'\nurl = 'user:{SECRET}@press.example.org/'",
    f"[[sources]]\nname = '{SECRET}'\nurl = 'https://press.example.org/'",
    SOURCE + f"cookies = {{ a = ['{SECRET}'] }}",
    SOURCE + f'headers = {{ a = "{SECRET}\\n" }}',
    SOURCE + f"auth = {{ username = 'a', password = {{ is = '{SECRET}' }} }}",
    f"[storage]\nurl = 'postgresql://user:{SECRET}@127.0.0.1/db'",
    f"[web]\nlisten = 'http://user:{SECRET}@127.0.0.1:80'",
    f"[[sources]\n'{SECRET}'",
]


@pytest.mark.parametrize("text", WITH_SECRETS)
def test_no_problem_quotes_a_secret(tmp_path: Path, text: str) -> None:
    top = text if text.startswith("[") else f"[telegram]\n{text}"
    assert "secret" not in "".join(map(str, refused(tmp_path, top))).lower()


@pytest.mark.parametrize("name", ["FEEDBOT_TIMEZONE", "FEEDBOT_TELEGRAM__TOKEN"])
def test_a_variable_that_is_no_text_is_named(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, {name: "\udcff"})
    assert caught.value.problems[0].where == name


def test_a_wrong_secret_in_a_file_is_laid_at_that_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("two words\n")
    (problem,) = refused(tmp_path, "[telegram]\ntoken_file = 'token'")
    assert (problem.where, problem.key) == (str(tmp_path / "token"), "telegram.token")
