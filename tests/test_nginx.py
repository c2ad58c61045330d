"""The folder of feeds, served by nginx with the configuration of docs/nginx.conf."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from feedbot.store.engine import Store
from tests import test_publish
from tests.commands import free_port
from tests.require import needs
from tests.test_publish import publisher, put

pytestmark = needs("nginx")
store = test_publish.store  # the fixture
CONFIG = Path(__file__).parent.parent / "docs" / "nginx.conf"
_MAIN = """
{user} pid {folder}/pid; error_log {folder}/errors;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {server}
}}
"""


@contextmanager
def nginx(folder: Path, feeds: Path) -> Iterator[httpx.Client]:
    """A client of nginx over `feeds`; it listens before the command that starts it ends."""
    port = free_port()
    server = CONFIG.read_text().replace("8090", str(port))
    server = server.replace("/var/lib/feedbot/feeds/", f"{feeds}/")
    file = folder / "nginx.conf"
    user = "" if os.geteuid() else "user root;"  # else its worker may not look into our folder
    file.write_text(_MAIN.format(user=user, folder=folder, server=server))
    command = ("nginx", "-p", str(folder), "-c", str(file))
    subprocess.run(command, check=True, capture_output=True)
    root = f"http://127.0.0.1:{port}/feeds/"
    try:
        with httpx.Client(base_url=root, trust_env=False) as client:
            yield client
    finally:
        subprocess.run([*command, "-s", "stop"], check=True, capture_output=True)


async def test_nginx_serves_what_feedbot_does(store: Store, tmp_path: Path) -> None:
    await put(store, 5, 4, 3, 2, summary="Told at length. " * 20)
    made = publisher(store, tmp_path / "feeds")
    await made.publish_all()
    await made.archives.write()
    paths = ["embassy.atom", "embassy.rss", "embassy.json", "all.atom", "all.opml", "feed.css"]
    with nginx(tmp_path, tmp_path / "feeds") as client:
        for path in [*paths, "embassy/3/1.atom"]:
            feed = made.get(path) or await made.fetch(path)
            assert feed
            plain = client.get(path, headers={"accept-encoding": "identity"})
            assert plain.content == feed.body
            assert plain.headers["content-type"] == feed.content_type
            assert plain.headers["last-modified"] == f"{feed.modified:%a, %d %b %Y %H:%M:%S} GMT"
            assert plain.headers["access-control-allow-origin"] == "*"
            known = {"if-modified-since": plain.headers["last-modified"]}
            assert client.get(path, headers=known).status_code == 304
            with client.stream("GET", path, headers={"accept-encoding": "gzip"}) as packed:
                assert packed.headers["content-encoding"] == "gzip"
                assert packed.headers["vary"] == "Accept-Encoding"
                assert b"".join(packed.iter_raw()) == feed.gzipped
        assert client.get("paris.atom").status_code == 404
