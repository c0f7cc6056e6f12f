"""Secrets and personal data go, and what tagging rests on stays. Every secret here is invented."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.masking import mask

JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
BODY = "MIIEpAIBAAKCAQEA7bq1" + "Q7rT9vXz" * 5 + "\nZx9/+kQ=="
ATLASSIAN = "ATATT3xFfGF0" + "Q7rT9_vXz-" * 6

# text | what of it must be gone
SECRETS: list[tuple[str, str]] = [
    ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
    ("authorization: Basic cGFtOnMzY3JldA==", "cGFtOnMzY3JldA=="),
    ('{"Authorization":"Bearer abcdef0123456789"}', "abcdef0123456789"),
    ("Authorization: ApiKey 9f8e7d6c5b4a", "9f8e7d6c5b4a"),
    ("Authorization: 9f8e7d6c5b4a3210", "9f8e7d6c5b4a3210"),
    ("sent bearer AbCdEf0123456789xyz and got 401", "AbCdEf0123456789xyz"),
    ("Basic dXNlcjpwYXNz was refused", "dXNlcjpwYXNz"),
    (f"token {JWT}", "eyJzdWIiOiIxMjM0NTY3ODkwIn0"),
    (f"cookie is {JWT}.", "dozjgNryP4J3jVmNHl0w5N"),
    ("api_key=9f8e7d6c5b4a", "9f8e7d6c5b4a"),
    ("x-api-key: 9f8e7d6c5b4a", "9f8e7d6c5b4a"),
    ("X_API_KEY=9f8e7d6c5b4a", "9f8e7d6c5b4a"),
    ("apiKey = '9f8e7d6c5b4a'", "9f8e7d6c5b4a"),
    ("tekion_client_secret=Zq9-xx_81", "Zq9-xx_81"),
    ('"clientSecret": "Zq9-xx_81"', "Zq9-xx_81"),
    ('{\\"client_secret\\":\\"Zq9-xx_81\\"}', "Zq9-xx_81"),
    ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI/K7MDENG"),
    ("key AKIAIOSFODNN7EXAMPLE in the log", "AKIAIOSFODNN7EXAMPLE"),
    ("key ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"),
    ("password: hunter2", "hunter2"),
    ("Password=Summer2026!", "Summer2026!"),
    ("dbPassword=Summer2026!", "Summer2026!"),
    ('password: "two words here"', "two words here"),
    ("the password is Welcome1!", "Welcome1!"),
    ("pwd was Spring-26", "Spring-26"),
    ("passcode: 884422", "884422"),
    ("passphrase: correct-horse", "correct-horse"),
    ("webkey=7ac0ffee", "7ac0ffee"),
    ("signing_key: 5e1f00d5", "5e1f00d5"),
    ("Ocp-Apim-Subscription-Key: 0123456789abcdef", "0123456789abcdef"),
    ("AccountKey=abc/DEF+123==", "abc/DEF+123=="),
    ("access_token=abc123def&expires=3600", "abc123def"),
    ("refresh-token: r-998877", "r-998877"),
    ("id_token=qwe.rty.123", "qwe.rty.123"),
    ("JSESSIONID=0A1B2C3D4E", "0A1B2C3D4E"),
    ("session_id: s-33aa44", "s-33aa44"),
    ("Cookie: sid=88aa99bb; theme=dark", "88aa99bb"),
    ("Set-Cookie: auth=77zz66yy; Path=/", "77zz66yy"),
    ("https://x.example.com/f?sig=AbCdEf0123456789%2B&se=2", "AbCdEf0123456789"),
    ("https://pam:S3cret@api.example.com/v1", "S3cret"),
    ("redis://:S3cret@cache.example.com", "S3cret"),
    ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_0123456789"),
    ("github_pat_11ABCDEFG0abcdefghijklmnop", "11ABCDEFG0abc"),
    ("glpat-AbCd1234EfGh5678IjKl", "AbCd1234EfGh"),
    ("xoxb-123456789012-abcdefGHIJ", "123456789012"),
    ("sk_live_abcdef0123456789", "abcdef0123456789"),
    ("AIzaSyA1234567890abcdefghijklmnopqrstuv", "AIzaSyA1234567890"),
    (ATLASSIAN, "FfGF0"),
    (f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n-----END RSA PRIVATE KEY-----", "MIIEpAIBAAKCAQEA7bq1"),
    (f"-----BEGIN PRIVATE KEY-----\n{BODY}", "Zx9/+kQ=="),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXk\\n-----END OPENSSH PRIVATE KEY-----", "b3BlbnNzaC1rZXk"),
    ("mail jane.doe@dealer.example.com please", "jane.doe@dealer.example.com"),
    ("Jane <jane+svc@dealer-group.co.uk>", "jane+svc@dealer-group.co.uk"),
    ("josé@taller.example", "josé@taller.example"),
    ("?email=jane%40dealer.example.com", "jane%40dealer.example.com"),
    ("[~jsmith] please look", "jsmith"),
    ("[~accountid:557058:0a1b-2c3d] ok", "557058:0a1b-2c3d"),
    ("call 303-555-0142 today", "303-555-0142"),
    ("(303) 555-0142", "555-0142"),
    ("303.555.0142", "303.555.0142"),
    ("+1 303 555 0142", "303 555 0142"),
    ("1-303-555-0142", "303-555-0142"),
    ("+44 20 7946 0958", "7946 0958"),
    ("+49 (30) 901820", "901820"),
    ("+918012345678", "8012345678"),
    ("cell: 3035550142", "3035550142"),
    ("call 1234567 303-555-0142", "303-555-0142"),
    ("555-0142", "555-0142"),
    ("SSN 123-45-6789", "123-45-6789"),
    ("card 4111 1111 1111 1111", "4111 1111 1111 1111"),
    ("4111111111111111", "4111111111111111"),
    ("5500-0000-0000-0004", "5500-0000-0000-0004"),
    ("3782 822463 10005", "822463"),
    ("VIN 1HGCM82633A004352", "1HGCM82633A004352"),
    ("vin 1hgcm82633a004352", "1hgcm82633a004352"),
    ("1M8GDM9AXKP042788 in for service", "1M8GDM9AXKP042788"),
    ("VIN 1HG-CM8263-3A004352", "3A004352"),
    ("the pw for the portal: Hn7-ladder", "Hn7-ladder"),
    ("creds: tom / Kettle99!", "Kettle99!"),
    ("my clave es Luna2026", "Luna2026"),
    ("le mot de passe : Soleil99", "Soleil99"),
    ("nine-Lemon-trucks is the password", "nine-Lemon-trucks"),
    ('the passphrase is "Kite flyer 9"', "Kite flyer 9"),
    ("<ns:Password Type='Text'>Kettle</ns:Password>", "Kettle"),
    ("curl -u tom:Kettle99 https://x.example.com", "Kettle99"),
    ("ALTER USER tom IDENTIFIED BY Kettle99", "Kettle99"),
    ("jdbc:oracle:thin:tom/Kettle9@//db.example.com:1521/S", "Kettle9"),
    ("DRIVER={X};PWD={a}b;c};", "{a}b"),
    ("tom (at) shop (dot) example", "tom (at) shop"),
    ("tom dot low at shop dot example", "tom dot low"),
    ("T: 3035550142", "3035550142"),
    ("OTP 884112", "884112"),
    ("Teléfono: 55 5550 1187", "55 5550 1187"),
    (f"Cookie: a={JWT}; sid=88aa99bb", "88aa99bb"),
    ("cvv: 123", "123"),
]

LOOK_ALIKES = [
    "HTTP 401 Unauthorized", "ERR_TOKEN_EXPIRED", "error code SVC-4012-99", "op code 76MUZ",
    "op codes 0001, 0002 and 4010", "group_12_0", "dealer_id techmotors_12_0", "app_id 4fd1a0",
    "Subscription-Id: 5c9a3a44-2f6e-4a3e-9f5b-0c1d2e3f4a5b", "Subscription-Id 550e8400-e29b-41d4-a716-446655440000",
    "Department-Id 8800123", "CMF 03145678", "cmf=0312345678",
    "https://api.tekioncloud.com/openapi/v4.0.0/appointments?page=2&token_type=x",
    "host xmm-prod-03.example.com:8443", "10.20.30.40:5432", "2026-03-02T09:15:22.123+0000", "2026-03-02 09:15:22",
    "20260302091522", "1772442922123", "2026-03-02 091522", "1772442922123456789", "version 123.456.7890.1",
    "v2.14.3-rc.1", "npm i @scope/pkg@1.2.3", "$1,234.56", "1.299,00 EUR", "99.95", "part 11111111111111112",
    "part 68191349AC", "1HGCM82633A004353", "order 4111111111111112", "order 1234567890123456", "RO 448213",
    "SUP-12345", "PENG-7 blocks SUP-31", "Bearer authentication failed", "Basic configuration is missing",
    "bearer token-missing", "Authorization: required", "password expired", "Password: incorrect",
    "client_secret: expired", "the password is incorrect", "password was rejected.", "api key missing",
    "secret rotated yesterday", "access_token: null",
    "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "commit 575161bca73fdde515c6d139ed16ad2efb0a25bd", "jobId=3035550142", "appointment 3035550142 is gone",
    "user@localhost", "dealer@ 9am", "+0530", "UTC+05:30", "+12345 rows", "mileage 123,456",
    "lat 39.739236, -104.984862", "slots 08:00-17:00", "-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----",
    "Password: please reset it", "the password: fine. Thanks", "password: ${DB_PASSWORD}", "token: {{ .token }}",
    "password=settings.PASSWORD", "token=os.environ['DFX']", '"password":"***"', "(using password: YES)",
    "api key: see vault", "client id/secret -> prod", "the key is to restart appointment-service-v2",
    'webKey is turned away: "webKey revoked, contact us"', "the token goes into `.env`", "docker run -u 1000:1000 x",
    "run.sh -u cass:https://x.example.com/a.git", 'beeline -u "jdbc:hive2://127.0.0.1:10000/x"', "they pass topK=500",
    'the key of this map is "connectorName-taskid"', "we pass to consumer2", "the pass rate is 99.5%",
    "Issues are identified by their ID", "https://x.example.com/p?moduleKey=dynamic-select-field",
    "token refresh failed trace_id=9f1c2b7de4a04c51",
    "username pam_svc / dealer_id 88120_1", "arn:aws:secretsmanager:us-east-2:441277120934:secret:prod/cdk/x-a1B2c3",
    "Set-Cookie: lang=en_US; Expires=Wed, 04 Nov 2026 09:00:00 GMT", "git@github.com:pam/sync.git",
    "advisor 12-34-56", "ISO 8601", "ext 5550", "[~] is odd", "3-555-01", "call 911 codes",
]  # fmt: skip


@pytest.mark.parametrize(("text", "gone"), SECRETS)
def test_gone(text: str, gone: str) -> None:
    assert gone in text
    masked = mask(text)
    assert gone not in masked
    assert "[" in masked
    assert mask(masked) == masked


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_survives(text: str) -> None:
    assert mask(text) == text
    assert mask(f"({text}), {text}.") == f"({text}), {text}."


def test_precision_and_recall(capsys: pytest.CaptureFixture[str]) -> None:
    found = sum(gone not in mask(text) for text, gone in SECRETS)
    wrong = sum(mask(text) != text for text in LOOK_ALIKES)
    with capsys.disabled():
        print(
            f"\nmasking: recall {found}/{len(SECRETS)} = {found / len(SECRETS):.3f}, "
            f"precision {found}/{found + wrong} = {found / (found + wrong):.3f}"
        )
    assert (found, wrong) == (len(SECRETS), 0)
    assert len(SECRETS) >= 60
    assert len(LOOK_ALIKES) >= 40


SHOWN = [
    ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer [token]"),
    ("api_key=9f8e7d6c5b4a&x=1", "api_key=[secret]&x=1"),
    ('"password": "two words", "dealer": 7', '"password": "[password]", "dealer": 7'),
    ("the password is Welcome1!", "the password is [password]"),
    ("https://pam:S3cret@api.example.com/v1", "https://[password]@api.example.com/v1"),
    ("mail a@b.example and call 303-555-0142.", "mail [email] and call [phone]."),
    ("VIN 1HGCM82633A004352, card 4111111111111111", "VIN [vin], card [card]"),
    ("cell: 3035550142", "cell: [phone]"),
    (f"x -----BEGIN PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY----- y", "x [private_key] y"),
]


@pytest.mark.parametrize(("text", "masked"), SHOWN)
def test_only_the_value_goes_and_its_kind_stays(text: str, masked: str) -> None:
    assert mask(text) == masked


PIECES = st.sampled_from(
    [text for text, _ in SECRETS]
    + LOOK_ALIKES
    + [" ", "", "\n", '"', "'", ":", "=", "-", ".", "@", "[", "]", "(", "+1", "é"]
)


@given(st.lists(PIECES | st.text(max_size=8), max_size=8))
def test_masking_twice_changes_nothing(pieces: list[str]) -> None:
    once = mask("".join(pieces))
    assert mask(once) == once


@given(st.lists(PIECES, max_size=5), st.sampled_from(SECRETS), st.lists(PIECES, max_size=5))
def test_found_in_any_company(before: list[str], secret: tuple[str, str], after: list[str]) -> None:
    text, gone = secret
    masked = mask("\n".join([*before, f"{text}\n", *after]))
    assert gone not in masked or any(gone in piece and piece != text for piece in (*before, *after))


HOSTILE = [
    "a.", "a@", "a@b.", "a-", "A1", "1 ", "12", "+1 ", "555-", "(303) ", "4111 ", "eyJ-", "eyJaaaaaaaaa.", "bearer ",
    "Bearer a", "password", "password=", "password:  ", "password is ", "secret-", "api_key", "\\\"", "://", "://a:",
    "https://u:", "cookie: a=", "?sig=", "-", "-----BEGIN ", "-----BEGIN RSA PRIVATE KEY-----\n", "[~",
    "Customer: Ab Cd, ", '"firstName":"Ab",', "customer,a,b\n", "Name: Ab phone ",
    "creds: a / ", "login -p ", " -u a:", "secret of the ", "key is ", "a dot ",
    "SG.aaaaaaaaaaaaaaaaaa.", "ghp_", "call ", "é", "\u202e",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_megabyte_comes_to_an_end(piece: str) -> None:
    """No time is measured: a pattern that is not linear would take hours here."""
    text = piece * (1_000_000 // len(piece))
    assert len(mask(text)) > 0


def test_a_megabyte_of_everything() -> None:
    chance = random.Random(7)  # noqa: S311 - a fixed mixture
    pieces = [text for text, _ in SECRETS] + LOOK_ALIKES
    text = " ".join(chance.choice(pieces) for _ in range(36_000))
    masked = mask(text)
    assert len(text) > 900_000
    assert "hunter2" not in masked
    assert "1HGCM82633A004352" not in masked
