"""List the secrets that are known by their looks: tokens with a prefix, headers, assignments.

Prefixes and lengths are those the issuers document. Every repetition is bounded, so that a long
text of look-alikes costs no more than its length.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final, Self

Span = tuple[int, int]
"""Where a secret begins and ends in the text."""


_SHORTEST: Final = 15
"""Characters of the shortest token with a prefix: Slack's."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text and what is searched instead of it to know that nothing is in it."""

    whole: str
    lower: str
    """With small ASCII letters, as long as the text."""
    words: str
    """Its parts without spaces that are long enough for a token: of prose next to nothing, of code
    a quarter."""
    lower_words: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Prepare a text."""
        words = "\n".join([word for word in text.split() if len(word) >= _SHORTEST])
        return cls(text, _lower(text), words, words.lower())


def _lower(text: str) -> str:
    lower = text.lower()
    if len(lower) != len(text):
        # Some capitals of other alphabets become two characters; places must stay the same.
        return "".join(char.lower() if char.isascii() else char for char in text)
    return lower


@dataclass(frozen=True, slots=True)
class Prefixed:
    """A token that begins with one of the words, not in the middle of a longer one.

    Looking for fixed words is ten times as fast as a pattern that begins with any of them.
    """

    name: str
    words: tuple[str, ...]
    tail: re.Pattern[str]
    is_word: ClassVar = True

    def find(self, text: Text) -> Iterator[Span]:
        """Every such token."""
        for word in self.words:
            for at in _places(text.whole, word) if word in text.words else ():
                if at == 0 or not text.whole[at - 1].isalnum():
                    found = self.tail.match(text.whole, at + len(word))
                    if found:
                        yield at, found.end()


@dataclass(frozen=True, slots=True)
class Shaped:
    """A pattern with a group `secret`, tried only where a hint is in the (lower-case) text."""

    name: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    is_word: bool = False
    """Whether all that it finds is long and without spaces, and so among the text's words."""

    def find(self, text: Text) -> Iterator[Span]:
        """Every such secret."""
        searched = text.lower_words if self.is_word else text.lower
        if not self.hints or any(hint in searched for hint in self.hints):
            for found in self.pattern.finditer(text.whole):
                yield found.span("secret")


@dataclass(frozen=True, slots=True)
class Assigned:
    """`NAME = value` in any spelling: code, JSON, YAML, environment, query strings."""

    name: str
    words: tuple[str, ...]
    is_word: ClassVar = False

    def find(self, text: Text) -> Iterator[Span]:
        """Every value that is given to a name which ends in one of the words."""
        for word in self.words:
            for at in _places(text.lower, word):
                if word != "key" or _KEY_BEFORE.search(text.lower, max(0, at - 12), at):
                    yield from _value(text.whole, at, at + len(word))


_KEY_BEFORE: Final = re.compile(
    r"(?:api|access|secret|private|account|auth|encryption|signing|master)[_\- ]?\Z"
)
# In quotes anything goes; bare, it must not look like code: no brackets, calls or lists.
_VALUE: Final = re.compile(
    r"(?:s|[_-]?key|[_-]?value)?\\{0,3}[\"']?\s{0,4}(?:=>|:=|[:=])\s{0,4}(?:"
    r"\\{0,3}\"(?!\[redacted:)(?P<double>[^\"\\\n]{4,400})"
    r"|\\{0,3}'(?!\[redacted:)(?P<single>[^'\\\n]{4,400})"
    r"|(?P<bare>[^\s\"'`,;(){}<>\[\]\\&]{6,400})(?![\w(\[.]))"
)
_CODE: Final = re.compile(r"[A-Za-z_]+[A-Za-z_.|]*|[$%*].*", re.DOTALL)
_COUNT: Final = re.compile(rf"{_CODE.pattern}|[0-9_]+", re.DOTALL)


def _value(text: str, start: int, end: int) -> Iterator[Span]:
    found = _VALUE.match(text, end)
    if not found:
        return
    kind = found.lastgroup or "bare"
    # `TOKEN=abcdef` in an environment file has a word for a value; `token = abcdef` is code, and
    # `tokens: 123456` is a count.
    is_code = _COUNT if text[start] in "tT" else _CODE
    if kind != "bare" or text[start].isupper() or not is_code.fullmatch(found[kind]):
        yield found.span(kind)


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def _prefixed(name: str, words: str, tail: str) -> Prefixed:
    return Prefixed(name, tuple(words.split()), re.compile(tail))


def _shaped(name: str, hints: str, pattern: str, *, is_word: bool = False) -> Shaped:
    return Shaped(name, tuple(hints.split()), re.compile(pattern), is_word)


Rule = Prefixed | Shaped | Assigned

RULES: Final[tuple[Rule, ...]] = (
    _shaped(
        "private-key",
        "-----begin",
        r"(?P<secret>-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----[^-]*(?:-(?!----)[^-]*)*"
        r"(?:-----END [A-Z ]{0,40}-----)?)",
    ),
    _prefixed("aws-key-id", "AKIA ASIA ABIA ACCA", r"[A-Z2-7]{16}(?![A-Za-z0-9])"),
    _prefixed("github-token", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"\w{22,255}"),
    _prefixed("gitlab-token", "glpat- gldt- glrt- gloas-", r"[\w-]{20,64}"),
    # OpenAI's, Anthropic's, OpenRouter's: sk-, sk-proj-, sk-ant-, sk-or-, …
    _prefixed("api-key", "sk-", r"(?=[\w-]{0,60}[0-9])[\w-]{20,250}"),
    _prefixed("slack-token", "xox xapp-", r"[\w.-]{12,250}"),
    _shaped(
        "slack-webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[\w/+-]{20,200})",
        is_word=True,
    ),
    _shaped(
        "discord-webhook",
        "/api/webhooks/",
        r"/api/webhooks/\d{15,21}/(?P<secret>[\w-]{30,120})",
        is_word=True,
    ),
    _prefixed("google-key", "AIza", r"[\w-]{35}"),
    _prefixed("google-oauth", "ya29. 1// GOCSPX-", r"[\w-]{24,400}"),
    _prefixed("stripe-key", "sk_live_ sk_test_ rk_live_ rk_test_ whsec_", r"\w{16,250}"),
    _prefixed("twilio-key", "SK AC", r"[0-9a-f]{32}(?![0-9A-Za-z])"),
    _prefixed("sendgrid-key", "SG.", r"[\w-]{16,32}\.[\w-]{30,64}"),
    _prefixed("mailgun-key", "key-", r"[0-9a-f]{32}(?![0-9A-Za-z])"),
    _prefixed("npm-token", "npm_", r"[A-Za-z0-9]{36}"),
    _prefixed("pypi-token", "pypi-AgE", r"[\w-]{50,400}"),
    _prefixed("docker-token", "dckr_pat_ dckr_oat_", r"[\w-]{20,64}"),
    _prefixed("huggingface-token", "hf_ api_org_", r"[A-Za-z0-9]{30,64}"),
    _prefixed("databricks-token", "dapi", r"[0-9a-f]{32}(?:-\d)?"),
    _prefixed("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", r"[0-9a-f]{64}"),
    _prefixed("shopify-token", "shp", r"(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}"),
    _prefixed("linear-key", "lin_api_ lin_oauth_", r"[A-Za-z0-9]{32,64}"),
    _prefixed("notion-token", "secret_ ntn_", r"[A-Za-z0-9]{40,64}"),
    _prefixed("grafana-token", "glsa_ glc_", r"[\w+/=-]{32,250}"),
    _prefixed("newrelic-key", "NRAK- NRII- NRJS-", r"[\w-]{19,48}"),
    _prefixed("sentry-token", "sntrys_ sntryu_", r"[\w+/=-]{32,250}"),
    _prefixed("vault-token", "hvs. hvb. hvr.", r"[\w-]{20,300}"),
    _prefixed("atlassian-token", "ATATT3 ATCTT3", r"[\w=+/-]{40,300}"),
    _prefixed("postman-key", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),
    _prefixed("square-token", "sq0atp- sq0csp- EAAA", r"[\w-]{22,80}"),
    _prefixed("model-host-key", "gsk_ xai- pplx- r8_ nvapi- fw_ tgp_v1_", r"[\w-]{24,120}"),
    _prefixed("planetscale-token", "pscale_tkn_ pscale_pw_", r"[\w.=-]{32,64}"),
    _prefixed("supabase-key", "sbp_ sb_secret_", r"\w{20,64}"),
    _prefixed("pulumi-token", "pul-", r"[0-9a-f]{40}"),
    _prefixed("langsmith-key", "lsv2_pt_ lsv2_sk_", r"\w{32,80}"),
    _prefixed("age-key", "AGE-SECRET-KEY-1", r"[0-9A-Z]{58}"),
    _prefixed("jwt", "eyJ", r"[\w-]{10,4000}\.eyJ[\w-]{10,8000}(?:\.[\w-]{0,2000})?"),
    _shaped(
        "terraform-token",
        "atlasv1.",
        r"(?P<secret>(?:\w{14}\.)?atlasv1\.[\w=-]{60,80})",
        is_word=True,
    ),
    _shaped(
        "telegram-token",
        ":aa",
        r"(?<![0-9A-Za-z])(?P<secret>\d{8,10}:AA[\w-]{32,34})(?![\w-])",
        is_word=True,
    ),
    _shaped(
        "azure-secret",
        "8q~ 7q~",
        r"(?<![\w~.-])(?P<secret>[\w~.-]{3}[78]Q~[\w~.-]{31,34})(?![\w~-])",
        is_word=True,
    ),
    _shaped(
        "azure-key",
        "accountkey= sharedaccesskey=",
        r"(?:AccountKey|SharedAccessKey)=(?P<secret>[A-Za-z0-9+/]{40,90}={0,2})",
        is_word=True,
    ),
    _shaped(
        "url-password",
        "://",
        r"://[^/\s:@\"'<>]{0,100}:(?P<secret>(?!\[redacted:)[^/\s@\"'<>]{1,200})@",
    ),
    _shaped(
        "authorization",
        "bearer basic",
        r"(?i)\b(?:bearer|basic)\s{1,3}"
        r"(?P<secret>(?=[a-z._~+/=-]{0,200}[0-9])[A-Za-z0-9._~+/=-]{12,4000})",
    ),
    _shaped(
        "cookie",
        "cookie",
        r"(?i)\bcookie\\?[\"']?\s?[:=]\s?\\?[\"']?(?P<secret>[\w.-]{1,60}=[^\r\n\"']{4,4000})",
    ),
    _shaped(
        "signature",
        "sig= signature= x-amz-security-token=",
        r"(?i)[?&](?:sig|signature|x-amz-signature|x-amz-security-token)="
        r"(?P<secret>[\w%+/=.-]{16,2000})",
        is_word=True,
    ),
    _shaped(
        "option",
        "--",
        r"--(?:[a-z]{1,20}-)?(?:password|passwd|token|secret|api-key)(?:=|\s{1,3})"
        r"(?P<secret>(?!\[redacted:)[^\s\"'\-][^\s\"']{5,200})",
    ),
    Assigned(
        "assignment",
        (
            "password",
            "passwd",
            "passphrase",
            "pwd",
            "secret",
            "token",
            "credential",
            "apikey",
            "key",
        ),
    ),
)
"""Where two find the same place, the first one counts."""
