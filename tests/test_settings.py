"""Settings: flags > environment > .env > settings.toml > defaults."""

from pathlib import Path

import pytest

from analysis.errors import SettingsError
from pipelines.settings import check, read_settings


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "SOURCE", "CRITERIA", "WAREHOUSE", "OUT"):
        monkeypatch.delenv(f"ESCALATIONS_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path


LEVELS = ["settings.toml", ".env", "environment", "flag"]


@pytest.mark.parametrize("present", [LEVELS[:n] for n in range(5)], ids=lambda p: f"up to {p[-1]}" if p else "nothing")
def test_the_strongest_wins(present: list[str], desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "settings.toml" in present:
        (desk / "data" / "settings.toml").write_text('source = "settings.toml"\n')
    if ".env" in present:
        (desk / ".env").write_text("ESCALATIONS_SOURCE=.env\nOTHER_PROGRAM=1\n")
    if "environment" in present:
        monkeypatch.setenv("ESCALATIONS_SOURCE", "environment")
    settings = read_settings(source="flag" if "flag" in present else None)
    assert settings.source == (present[-1] if present else None)


def test_places_follow_the_home() -> None:
    settings = read_settings()
    found = [settings.raw, settings.warehouse_file, settings.reports, settings.criteria_folder]
    assert found == [Path("data/raw"), Path("data/warehouse.duckdb"), Path("data/reports"), None]


def test_places_that_were_given(desk: Path) -> None:
    settings = read_settings(home="h", warehouse="w.duckdb", out="o", criteria="c")
    found = [settings.raw, settings.warehouse_file, settings.reports, settings.criteria_folder]
    assert found == [Path("h/raw"), Path("w.duckdb"), Path("o"), Path("c")]
    (desk / "h" / "criteria").mkdir(parents=True)
    assert read_settings(home="h").criteria_folder == Path("h/criteria")
    assert read_settings(home="h", criteria="c").criteria_folder == Path("c")


@pytest.mark.parametrize("way", ["flag", "environment", ".env"])
def test_settings_toml_stands_in_the_home_that_was_given(way: str, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk / "elsewhere").mkdir()
    (desk / "elsewhere" / "settings.toml").write_text('source = "elsewhere"\n')
    if way == "environment":
        monkeypatch.setenv("ESCALATIONS_HOME", "elsewhere")
    if way == ".env":
        (desk / ".env").write_text("ESCALATIONS_HOME=elsewhere\n")
    assert read_settings(home="elsewhere" if way == "flag" else None).source == "elsewhere"


WRONG: dict[str, tuple[str | bytes, str]] = {
    "not TOML": ("source = ", "settings.toml"),
    "not UTF-8": (b'source = "caf\xe9"', "settings.toml"),
    "wrong type": ("source = 7\n", "settings: source: write text in quotes"),
    "unknown key": ('warehose = "x"\n', "settings.toml: unknown key 'warehose'; is it 'warehouse'?"),
    "a key like no other": ("zzz = 1\n", "unknown key 'zzz'; allowed are home, source, criteria, warehouse, out"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_named(name: str, desk: Path) -> None:
    text, words = WRONG[name]
    (desk / "data" / "settings.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert words in str(caught.value)
    assert caught.value.exit_code == 11


def test_settings_never_change() -> None:
    settings = read_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.home = Path("x")


# -- all mistakes at once --------------------------------------------------------------------------------------


def told(**given: object) -> str:
    with pytest.raises(SettingsError) as caught:
        check(read_settings(**given))
    return str(caught.value)


def test_all_mistakes_of_all_kinds_at_once(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk / "data" / "settings.toml").write_text('sauce = "x"\nwarehose = "y"\nsource = 7\n')
    monkeypatch.setenv("ESCALATIONS_JIRA_WORKERS", "99")
    with pytest.raises(SettingsError) as caught:
        read_settings(jira_token_expires="soon")  # noqa: S106
    file = desk / "data" / "settings.toml"
    assert [line.replace("data/", f"{file.parent}/") for line in caught.value.lines] == [
        "settings: source: write text in quotes",
        "settings: jira_token_expires: write a day such as 2027-03-31",
        "settings: jira_workers: at most 16 is possible",
        f"settings: {file}: unknown key 'sauce'; is it 'source'?",
        f"settings: {file}: unknown key 'warehose'; is it 'warehouse'?; "
        "see flags, ESCALATIONS_… variables, .env and settings.toml",
    ]


MAIL = {"name": "team", "kind": "mail", "host": "h", "sender": "a@b.example", "to": ["c@d.example"]}
IN_WORDS: list[tuple[dict[str, object], str]] = [
    ({"jira_workers": "many"}, "jira_workers: write a whole number"),
    ({"jira_workers": 0}, "jira_workers: at least 1 is needed"),
    ({"lock_wait_seconds": "soon"}, "lock_wait_seconds: write a number"),
    ({"triage_comments": "perhaps"}, "triage_comments: write true or false"),
    ({"pages_url": 7}, "pages_url: write text in quotes"),
    ({"criteria": 7}, "criteria: write a path in quotes"),
    ({"retention": {"days": 3}}, "retention.days: at least 30 is needed"),
    ({"retention": {"weeks": 3}}, "retention.weeks: there is no such key; remove it, or correct its name"),
    ({"targets": [{"name": "a"}]}, "targets, number 1: kind is missing; add it"),
    ({"targets": [{"kind": "pigeon"}]}, "targets, number 1: kind is one of 'folder', 'store', 'mail', 'chat', not"),
    ({"targets": [MAIL, {**MAIL, "name": "b", "to": []}]}, "targets, number 2 (mail): to: list at least 1"),
    ({"targets": [{**MAIL, "name": "Team"}]}, "targets, number 1 (mail): name: write small letters, digits, - and _"),
    ({"targets": [{**MAIL, "host": ""}]}, "targets, number 1 (mail): host: write something"),
    ({"targets": [{"name": "a", "kind": "folder"}]}, "targets, number 1 (folder): path: is missing; add it"),
    ({"targets": [{"name": "a", "kind": "store", "url": "b"}]}, "targets, number 1 (store): url: write s3://bucket"),
    ({"targets": [{"name": "a", "kind": "store", "url": "s3://b", "key": "k"}]}, "(store): key and secret belong"),
    ({"targets": [MAIL, MAIL]}, "targets: two have the same name; give each its own"),
]


@pytest.mark.parametrize(("given", "words"), IN_WORDS)
def test_a_mistake_in_plain_words(given: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(**given)
    (line,) = caught.value.lines
    assert words in line


@pytest.mark.parametrize(
    ("url", "missing"),
    [
        (None, "ESCALATIONS_JIRA_URL, ESCALATIONS_JIRA_TOKEN, ESCALATIONS_JIRA_PROJECTS"),
        ("https://site.atlassian.net", "ESCALATIONS_JIRA_TOKEN, ESCALATIONS_JIRA_PROJECTS, ESCALATIONS_JIRA_EMAIL"),
        ("https://jira.example", "ESCALATIONS_JIRA_TOKEN, ESCALATIONS_JIRA_PROJECTS"),
    ],
)
def test_what_a_live_jira_needs(url: str | None, missing: str) -> None:
    assert told(source="jira", jira_url=url).startswith(f"settings: source jira: set {missing}; see flags")


def test_a_gateway_is_an_address() -> None:
    wrong = told(source="jira", jira_url="https://jira.example", jira_gateway="CLOUD-ID")
    assert "; jira_gateway is not an address; write it as https://api.atlassian.com/ex/jira/CLOUD-ID" in wrong


def test_nothing_of_jira_is_asked_for_an_export() -> None:
    check(read_settings(source="export.json", jira_url="nonsense"))


def test_secrets_are_in_no_message() -> None:
    assert "SECRETWORD" not in told(source="jira", jira_token="SECRETWORD", notify_urls="json://SECRETWORD")  # noqa: S106


def test_addresses_to_notify_are_told_apart_by_blanks() -> None:
    one, two = read_settings(notify_urls="mailto://a.example?to=b@c.example,d@e.example json://f.example").notify_urls
    assert (one.get_secret_value()[-9:], two.get_secret_value()) == ("e.example", "json://f.example")
