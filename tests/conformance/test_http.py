"""Hold what OTLP/HTTP asks of requests and responses: rules 17 to 22 and 25."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from google.rpc.error_details_pb2 import BadRequest

from . import build, otlp_json
from .answer import Answer, Verdict
from .doors import JSON, PROTOBUF, Compression, HttpDoor, send
from .signals import TRACES, Signal
from .target import Target

GARBAGE_PROTOBUF = {
    "not protobuf": b"this is not protobuf",
    "cut short": build.traces(build.span()).SerializeToString()[:-5],
    "a length beyond the end": build.varint(1 << 3 | 2) + build.varint(10_000) + b"short",
    "an overlong varint": b"\x0a" + b"\xff" * 11,
    "JSON": b'{"resourceSpans": []}',
}
GARBAGE_JSON = {
    "not JSON": b"this is not JSON",
    "cut short": b'{"resourceSpans": [{"resource": {}',
    "protobuf": build.traces(build.span()).SerializeToString(),
    "an array": b"[]",
    "a string": b'"text"',
    "an object where a list belongs": b'{"resourceSpans": {"a": 1}, "resourceLogs": 5,'
    b' "resourceMetrics": "x"}',
}


def _is_json_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


@pytest.mark.rule(17, "M")
def test_each_path_takes_posts(http_door: HttpDoor, signal: Signal) -> None:
    assert send(http_door, signal, build.sample(signal)).status == "200"


@pytest.mark.rule(17, "R")
@pytest.mark.parametrize("path", ["/", "/v1", "/v1/spans", "/v2/traces", "/v1/traces/extra"])
def test_another_path_is_404(http_door: HttpDoor, path: str) -> None:
    headers = {"Content-Type": http_door.content_type}
    assert http_door.request("POST", path, b"", headers).status == "404"


@pytest.mark.rule(17, "ours")
@pytest.mark.parametrize("path", ["/v1/traces/", "//v1/traces", "/V1/TRACES"])
def test_almost_the_path_is_404(http_door: HttpDoor, path: str) -> None:
    headers = {"Content-Type": http_door.content_type}
    assert http_door.request("POST", path, b"", headers).status == "404"


@pytest.mark.rule(17, "ours")
def test_profiles_are_404(http_door: HttpDoor) -> None:
    headers = {"Content-Type": http_door.content_type}
    answer = http_door.request("POST", "/v1development/profiles", b"", headers)
    assert answer.status == "404"
    assert answer.error is not None


@pytest.mark.rule(17, "R")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
def test_another_method_is_405(http_door: HttpDoor, signal: Signal, method: str) -> None:
    answer = http_door.request(method, signal.path, None, {"Content-Type": http_door.content_type})
    assert answer.status == "405"


@pytest.mark.rule(17, "R")
def test_a_405_names_the_method_that_is_allowed(http_door: HttpDoor, signal: Signal) -> None:
    answer = http_door.request("GET", signal.path, None, {})
    assert "POST" in answer.headers.get("allow", "")


@pytest.mark.rule(18, "S")
@pytest.mark.parametrize("suffix", ["; charset=utf-8", ";charset=UTF-8", " ; a=b; c=d"])
def test_parameters_of_the_content_type_are_allowed(http_door: HttpDoor, suffix: str) -> None:
    request = build.traces(build.span())
    body = request.SerializeToString()
    if http_door.json:
        body = otlp_json.text(otlp_json.document(request))
    headers = {"Content-Type": http_door.content_type + suffix}
    assert http_door.request("POST", TRACES.path, body, headers).status == "200"


@pytest.mark.rule(18, "R")
def test_the_content_type_has_no_case(target: Target) -> None:
    door = HttpDoor(target.http_base, Compression.NONE)
    headers = {"Content-Type": "Application/JSON"}
    assert door.request("POST", TRACES.path, b"{}", headers).status == "200"


@pytest.mark.rule(18, "R")
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/jsonx", "nonsense", None]
)
def test_another_content_type_is_415(target: Target, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    door = HttpDoor(target.http_base, Compression.NONE)
    assert door.request("POST", TRACES.path, b"{}", headers).status == "415"


@pytest.mark.rule(19, "M")
def test_a_response_has_the_content_type_of_its_request(
    http_door: HttpDoor, signal: Signal
) -> None:
    answer = send(http_door, signal, build.sample(signal))
    assert answer.headers["content-type"].partition(";")[0] == http_door.content_type
    assert answer.response is not None


@pytest.mark.rule(19, "M")
def test_a_success_is_a_200_with_the_export_response(http_door: HttpDoor, signal: Signal) -> None:
    answer = send(http_door, signal, build.sample(signal))
    assert answer.status == "200"
    assert answer.response is not None
    assert _is_json_object(answer.body) == http_door.json


def _refused(door: HttpDoor, error: str, limit: int) -> Answer:
    """The answer to a request that brings about this kind of error."""
    method, path, body, encoding = _MISTAKES[error]
    if error == "413":
        body = build.padded(TRACES.request(), limit + (1 << 20))
        body = b'{"padding": "' + b"0" * len(body) + b'"}' if door.json else body
    headers = {"Content-Type": door.content_type}
    if encoding:
        headers["Content-Encoding"] = encoding
    return door.request(method, path, body, headers)


_MISTAKES = {
    "400": ("POST", TRACES.path, b"no", ""),
    "400 for gzip": ("POST", TRACES.path, b"no", "gzip"),
    "404": ("POST", "/v1/nothing", b"", ""),
    "405": ("PUT", TRACES.path, b"", ""),
    "413": ("POST", TRACES.path, b"", ""),
    "415": ("POST", TRACES.path, b"", "nonsense"),
}


@pytest.mark.rule(20, "M")
@pytest.mark.parametrize("error", _MISTAKES)
def test_an_error_body_is_a_status_in_the_requests_encoding(
    http_door: HttpDoor, target: Target, error: str
) -> None:
    answer = _refused(http_door, error, target.limit)
    assert answer.headers.get("content-type", "").partition(";")[0] == http_door.content_type
    assert answer.error is not None
    assert _is_json_object(answer.body) == http_door.json


@pytest.mark.rule(20, "S")
@pytest.mark.parametrize("error", _MISTAKES)
def test_an_error_has_a_message(http_door: HttpDoor, target: Target, error: str) -> None:
    assert _refused(http_door, error, target.limit).message


@pytest.mark.rule(20, "R")
def test_an_error_for_an_unknown_encoding_is_a_status_in_one_of_the_two(target: Target) -> None:
    door = HttpDoor(target.http_base, Compression.NONE)
    answer = door.request("POST", TRACES.path, b"x", {"Content-Type": "text/plain"})
    assert answer.headers.get("content-type", "").partition(";")[0] in {JSON, PROTOBUF}
    assert answer.error is not None


@pytest.mark.rule(21, "M")
@pytest.mark.parametrize(
    ("garbage", "as_json"),
    [*((kind, False) for kind in GARBAGE_PROTOBUF), *((kind, True) for kind in GARBAGE_JSON)],
)
def test_undecodable_is_400(target: Target, signal: Signal, garbage: str, *, as_json: bool) -> None:
    body = (GARBAGE_JSON if as_json else GARBAGE_PROTOBUF)[garbage]
    door = HttpDoor(target.http_base, Compression.NONE, json=as_json)
    assert door.send(signal, body).status == "400"


@pytest.mark.rule(21, "S")
def test_bad_data_comes_with_a_bad_request(http_door: HttpDoor, signal: Signal) -> None:
    answer = http_door.send(signal, b"this is neither")
    assert answer.detail(BadRequest) is not None


@pytest.mark.rule(21, "M")
def test_too_large_is_413(http_door: HttpDoor, target: Target) -> None:
    assert _refused(http_door, "413", target.limit).status == "413"


@pytest.mark.rule(22, "M")
@pytest.mark.parametrize("garbage", sorted({*GARBAGE_PROTOBUF, *GARBAGE_JSON}))
def test_bad_data_is_never_a_5xx(http_door: HttpDoor, signal: Signal, garbage: str) -> None:
    body = (GARBAGE_PROTOBUF | GARBAGE_JSON)[garbage]
    assert int(http_door.send(signal, body).status) < 500


@pytest.mark.rule(22, "S")
def test_overload_asks_to_come_back_or_is_not_felt(http_door: HttpDoor) -> None:
    # A server cannot be overloaded reliably from outside: whatever a flood meets must be right.
    def once(_: int) -> Answer:
        spans = [build.span(f"step {n}") for n in range(200)]
        return send(http_door, TRACES, build.traces(*spans))

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(once, range(64)))
    for answer in answers:
        assert answer.verdict is Verdict.ACCEPTED or answer.status in {"429", "503"}
        wait = answer.headers.get("retry-after", "1")
        assert not wait.isdecimal() or int(wait) < 10


@pytest.mark.rule(25, "ours")
@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_a_web_page_is_given_no_permission(http_door: HttpDoor, method: str) -> None:
    headers = {
        "Content-Type": http_door.content_type,
        "Origin": "https://attacker.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = http_door.request(method, TRACES.path, b"", headers)
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert not answer.accepted
