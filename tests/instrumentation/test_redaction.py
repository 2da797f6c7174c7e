"""Secrets are masked, code is left alone, and no text takes long.

The secrets are put together here from pieces: whole ones would be found by those who look for them.
"""

import string
import time

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from spanledger.redaction import add_rule, is_secret_name, masked, redact, redaction_rules

HEX = "0123456789abcdef" * 8
ALNUM = "aB3dE5gH7jK9mN1pQ2sT4vW6yZ8" * 8
BASE32 = "ABCDEFGH234567IJ"


def token(prefix: str, length: int, letters: str = ALNUM) -> str:
    return prefix + letters[:length]


CORPUS = {
    "AWS key id": token("AKIA", 16, BASE32),
    "AWS temporary key id": token("ASIA", 16, BASE32),
    "GitHub personal": token("ghp_", 36),
    "GitHub OAuth": token("gho_", 36),
    "GitHub app": token("ghs_", 36),
    "GitHub fine-grained": token("github_pat_", 82),
    "GitLab": token("glpat-", 20),
    "OpenAI": token("sk-", 48),
    "OpenAI project": token("sk-proj-", 80),
    "Anthropic": token("sk-ant-api03-", 93),
    "OpenRouter": token("sk-or-v1-", 64, HEX),
    "Slack bot": "xoxb-" + "123456789012-123456789012-" + ALNUM[:24],
    "Slack app": "xapp-1-" + ALNUM[:60],
    "Google API": token("AIza", 35),
    "Google OAuth": token("ya29.", 60),
    "Stripe live": token("sk_live_", 24),
    "Stripe webhook": token("whsec_", 32),
    "Twilio": token("SK", 32, HEX),
    "SendGrid": "SG." + ALNUM[:22] + "." + ALNUM[:43],
    "Mailgun": token("key-", 32, HEX),
    "npm": token("npm_", 36),
    "PyPI": token("pypi-AgEIcHlwaS5vcmc", 60),
    "Docker": token("dckr_pat_", 27),
    "Hugging Face": token("hf_", 34),
    "Databricks": token("dapi", 32, HEX),
    "DigitalOcean": token("dop_v1_", 64, HEX),
    "Shopify": token("shpat_", 32, HEX),
    "Linear": token("lin_api_", 40),
    "Notion": token("ntn_", 46),
    "Grafana": token("glsa_", 41),
    "New Relic": token("NRAK-", 27),
    "Sentry": token("sntrys_", 80),
    "Vault": token("hvs.", 90),
    "Atlassian": token("ATATT3", 180),
    "Postman": f"PMAK-{HEX[:24]}-{HEX[:34]}",
    "Square": token("sq0atp-", 22),
    "Groq": token("gsk_", 52),
    "xAI": token("xai-", 80),
    "Replicate": token("r8_", 37),
    "LangSmith": token("lsv2_pt_", 43),
    "Supabase": token("sbp_", 40, HEX),
    "Telegram": "123456789:AA" + ALNUM[:33],
    "JWT": f"eyJ{ALNUM[:20]}.eyJ{ALNUM[:40]}.{ALNUM[:43]}",
}
"""The kinds with a look of their own, each whole."""

IN_CONTEXT = {
    "password assignment": ('password = "{}"', "correct horse 7"),
    "environment": ("export DB_PASSWORD={}", "correcthorse"),
    "JSON": ('{{"client_secret": "{}"}}', "s3cr3tvalue"),
    "JSON in JSON": ('{{\\"api_key\\": \\"{}\\"}}', "s3cr3tvalue"),
    "YAML": ("secret_key: {}", "s3cr3t-value"),
    "query": ("https://x.test/?access_token={}&page=2", "abc123def456"),
    "URL": ("postgres://me:{}@db.test/x", "pa55word"),
    "bearer": ("Authorization: Bearer {}", "abc123DEF456ghi789"),
    "basic": ("authorization: basic {}", "dXNlcjpwYXNzd29yZDE="),
    "cookie": ("Cookie: {}", "session=abc123; theme=dark"),
    "option": ("login --password {} --user me", "hunter2hunter2"),
    "Azure storage": ("AccountName=x;AccountKey={};Suffix=y", ALNUM[:86] + "=="),
    "Azure client": ("{}", "abc8Q~" + ALNUM[:34]),
    "signed URL": ("https://x.test/f?sv=1&sig={}", ALNUM[:43]),
    "Slack webhook": ("https://hooks.slack.com/services/{}", "T0001/B0001/" + ALNUM[:24]),
    "Discord webhook": ("https://discord.com/api/webhooks/123456789012345678/{}", ALNUM[:68]),
    "private key": (
        "{}",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE" + ALNUM + "\n-----END RSA PRIVATE KEY-----",
    ),
    "private key cut short": ("{}", "-----BEGIN PRIVATE KEY-----\nMIIE" + ALNUM[:50]),
}

LEFT_ALONE = (
    "password = getpass.getpass()",
    "self.token = token",
    "max_tokens=4096, total_tokens: 1234567",
    "token: str | None = None",
    "def login(user: str, password: str) -> None:",
    "the secret: be kind",
    "see https://example.com:8080/path@v2",
    "a basic understanding of bearer tokens",
    "desk-top risk-taking ask-me-anything",
    "commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
    "keyboard = qwerty123",
    "trace 4bf92f3577b34da6a3ce929d0e0e4736",
)


@pytest.mark.parametrize("kind", CORPUS)
@pytest.mark.parametrize("around", ["{}", "it is {}, he said", '["{}"]', "x={}\n"])
def test_a_token_is_masked_wherever_it_stands(kind: str, around: str) -> None:
    secret = CORPUS[kind]
    told = redact(around.format(secret))
    assert secret[-12:] not in told
    assert "[redacted:" in told


@pytest.mark.parametrize("kind", IN_CONTEXT)
def test_a_value_is_masked_for_where_it_stands(kind: str) -> None:
    around, secret = IN_CONTEXT[kind]
    told = redact(around.format(secret))
    assert secret not in told
    before, _, after = around.format("|").partition("|")
    assert told.startswith(before)
    assert told.endswith(after)


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert redact(text) == text


@profile(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from([*CORPUS.values(), "password=", "://", '"', " ", "\\", "İ", "-----"])
        | st.text(string.printable, max_size=20),
        max_size=12,
    ).map(" ".join)
)
def test_masking_what_is_masked_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)


PIECES = [
    *(word for rule in redaction_rules() for word in getattr(rule, "words", ())),
    *(word for rule in redaction_rules() for word in getattr(rule, "hints", ())),
    *(
        [
            "a",
            "A1",
            "=",
            ":",
            '"',
            "'",
            "\\",
            "-",
            ".",
            "/",
            "@",
            "_",
            "eyJ",
            "://",
            "PRIVATE",
            "KEY-----",
            "Bearer",
            "cookie:a=",
            "?sig=",
        ]
    ),
    *(" ", "\n", "-----BEGIN "),
]


@profile(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join))
def test_no_text_takes_long_however_it_repeats(piece: str) -> None:
    text = (piece * (20_000 // len(piece) + 1))[:20_000]
    began = time.process_time()
    redact(text)
    # An ordinary text of this length takes 1 ms; what grows with the square, many seconds.
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("password", True),
        ("DB_PASSWD", True),
        ("apiKey", True),
        ("x-api-key", True),
        ("access_token", True),
        ("auth", True),
        ("authorization", True),
        ("token", True),
        ("max_tokens", False),
        ("input_tokens", False),
        ("author", False),
        ("key", False),
        ("monkey", False),
    ],
)
def test_a_name_tells_a_secret(name: str, expected: object) -> None:
    assert is_secret_name(name) is expected


def test_the_user_has_the_last_word_about_names(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("SPANLEDGER_REDACT_NAMES", "customer, iban")
    settings.setenv("SPANLEDGER_SHOW_NAMES", "token")
    assert is_secret_name("IBAN")
    assert not is_secret_name("token")


def test_values_are_masked_by_name_and_by_content() -> None:
    value = {"user": "me", "password": "x", "log": ["a", CORPUS["npm"]], "n": 1, "secret": None}
    assert masked(value) == {
        "user": "me",
        "password": "[redacted:name]",
        "log": ["a", "[redacted:npm-token]"],
        "n": 1,
        "secret": None,
    }


def test_a_rule_can_be_added() -> None:
    add_rule("customer", r"CUST-\d{6}")
    assert redact("of CUST-123456.") == "of [redacted:customer]."
