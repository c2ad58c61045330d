"""What holds for every test."""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

#: What nobody may see: a part of the fake Bot API's token, and of passwords, cookies, headers and
#: proxies in tests. In what any test prints or logs they make it fail.
SECRETS = ("AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "hush-hush")

# A property is no stopwatch: on a busy machine a slow example says nothing.
settings.register_profile("feedbot", deadline=None)
settings.load_profile("feedbot")

# What a command prints is fitted to this where it is set, and a shell may have set it.
os.environ.pop("COLUMNS", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that has written or logged a secret, whatever else it is about."""
    report = yield
    sections = [one for one in report.sections if one[0].endswith(call.when)]
    shown = [name for name, text in sections if any(secret in text for secret in SECRETS)]
    if shown and report.passed and not item.get_closest_marker("shows_secrets"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: a secret is shown in {', '.join(shown)}"
    return report
