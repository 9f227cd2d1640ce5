"""Typed properties: names, types, ranges, secrets."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_py import exceptions as exc
from xenon_py.model.properties import (
    FILESYSTEM_PREFIX,
    SCHEDULER_PREFIX,
    Properties,
    PropertyDescription,
    PropertyType,
    resolve_properties,
    shown_properties,
)

P = FILESYSTEM_PREFIX + "x."
DECLARED = (
    PropertyDescription(P + "text", "Text.", "abc"),
    PropertyDescription(P + "flag", "Flag.", "false", PropertyType.BOOLEAN),
    PropertyDescription(P + "count", "Count.", "4", PropertyType.INTEGER, minimum=1),
    PropertyDescription(P + "size", "Size.", "64K", PropertyType.SIZE, maximum=2**31 - 2),
    PropertyDescription(
        P + "grace", "Grace.", "7", PropertyType.LONG, aliases=(P + "grace.time", P + "patience")
    ),
    PropertyDescription(P + "token", "Secret.", "", sensitive=True),
    PropertyDescription(P + "pin", "Secret.", "1", PropertyType.NATURAL, sensitive=True),
    PropertyDescription(P + "options", "Family.", wildcard=True, sensitive=True),
)


def resolve(**given: str) -> Properties:
    names = {name.replace("__", "."): text for name, text in given.items()}
    return resolve_properties(DECLARED, {f"x.{n}": t for n, t in names.items()}, adaptor="x")


@pytest.mark.parametrize("given", [None, {}])
def test_defaults(given: dict[str, str] | None) -> None:
    values = resolve_properties(DECLARED, given, adaptor="x")
    assert dict(values) == {}
    assert values.text("x.text") == values.text(P + "text") == "abc"
    assert values.boolean("x.flag") is False
    assert values.integer("x.count") == 4
    assert values.integer("x.size") == 65536
    assert values.family("x.options") == {}


@pytest.mark.parametrize("prefix", ["", FILESYSTEM_PREFIX])
def test_full_and_short_names(prefix: str) -> None:
    values = resolve_properties(DECLARED, {f"{prefix}x.count": "9"}, adaptor="x")
    assert dict(values) == {P + "count": "9"}
    assert values.integer("x.count") == 9
    assert len(values) == 1
    assert values[P + "count"] == "9"


def test_aliases_mean_the_same_and_only_one_may_be_given() -> None:
    assert resolve(patience="3").integer("x.grace") == 3
    assert resolve(grace__time="3").integer("x.patience") == 3
    with pytest.raises(exc.InvalidPropertyException, match="twice"):
        resolve(patience="3", grace="3")
    with pytest.raises(exc.InvalidPropertyException, match="twice"):
        resolve_properties(DECLARED, {"x.flag": "true", P + "flag": "true"}, adaptor="x")


def test_families() -> None:
    values = resolve_properties(
        DECLARED, {"x.options.a": "1", P + "options.b.c": " 2 "}, adaptor="x"
    )
    assert values.family("x.options") == values.family(P + "options") == {"a": "1", "b.c": " 2 "}
    for name in ("x.options", "x.options.", "x.optionsa"):
        with pytest.raises(exc.UnknownPropertyException):
            resolve_properties(DECLARED, {name: "1"}, adaptor="x")
    with pytest.raises(KeyError):
        values.family("x.text")


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1", 1), ("2k", 2048), ("2K", 2048), ("3M", 3 << 20), ("1g", 1 << 30), (" 5 ", 5)],
)
def test_sizes(text: str, size: int) -> None:
    assert resolve(size=text).integer("x.size") == size


@given(st.integers(0, 2**33), st.sampled_from(["", *"KMGkmg"]))
def test_any_size_is_right_or_refused(number: int, suffix: str) -> None:
    size = number * {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}[suffix.upper()]
    if size <= 2**31 - 2:
        assert resolve(size=f"{number}{suffix}").integer("x.size") == size
    else:
        with pytest.raises((exc.InvalidPropertyException, exc.PropertyTypeException)):
            resolve(size=f"{number}{suffix}")


@pytest.mark.parametrize("text", ["true", "TRUE", "True", " true"])
def test_booleans(text: str) -> None:
    assert resolve(flag=text).boolean("x.flag") is True


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("flag", text) for text in ("yes", "1", "", "truee")),
        *(
            ("count", text)
            for text in ("", "1.0", "4K", "0x1", "1_0", "\uff12", "9" * 5000, "1" * 12)
        ),
        *(("size", text) for text in ("", "-1", "64KB", "1.5M", "K", "9" * 5000, "9" * 19 + "G")),
        ("grace", str(2**63)),
    ],
)
def test_wrong_types(name: str, text: str) -> None:
    with pytest.raises(exc.PropertyTypeException, match=f"x.{name} must be"):
        resolve(**{name: text})


@given(st.sampled_from(list(PropertyType)), st.text())
def test_any_text_is_parsed_or_refused(kind: PropertyType, text: str) -> None:
    one = PropertyDescription(P + "any", "Any.", "", kind)
    try:
        value = one.parse(text)
    except exc.PropertyTypeException:
        assert kind is not PropertyType.STRING
    else:
        assert value == text or kind is not PropertyType.STRING


@pytest.mark.parametrize(("text", "value"), [("1", 1.0), ("-2.5", -2.5), (".5", 0.5), ("1e3", 1e3)])
def test_doubles(text: str, value: float) -> None:
    one = PropertyDescription(P + "d", "D.", "0", PropertyType.DOUBLE)
    assert one.parse(text) == value
    for bad in ("nan", "inf", "1_0", "", "e", "."):
        with pytest.raises(exc.PropertyTypeException):
            one.parse(bad)


@pytest.mark.parametrize(("name", "text"), [("count", "0"), ("count", "-3"), ("size", "2G")])
def test_out_of_range(name: str, text: str) -> None:
    with pytest.raises(exc.InvalidPropertyException, match=f"x.{name} must be at"):
        resolve(**{name: text})
    both = PropertyDescription(P + "b", "B.", "5", PropertyType.LONG, minimum=1, maximum=9)
    with pytest.raises(exc.InvalidPropertyException, match=r"1\.\.9"):
        both.parse("10")


def test_unknown_names_tell_the_nearest() -> None:
    with pytest.raises(exc.UnknownPropertyException, match=r"did you mean 'x\.count'"):
        resolve(cuont="1")
    with pytest.raises(exc.UnknownPropertyException, match=r"it has: x\.text, x\.flag") as caught:
        resolve_properties(DECLARED, {"zzzzzzzz": "1"}, adaptor="x")
    assert caught.value.adaptor == "x"
    with pytest.raises(exc.UnknownPropertyException, match="none"):
        resolve_properties((), {"a": "1"}, adaptor="x")


@pytest.mark.parametrize("given", [["x.flag"], "x.flag=true", 7, {"x.count": 4}, {7: "x"}])
def test_wrong_kinds_of_mapping(given: object) -> None:
    with pytest.raises(exc.IllegalArgumentException, match="propert"):
        resolve_properties(DECLARED, given, adaptor="x")  # type: ignore[arg-type]


@given(
    st.dictionaries(
        st.sampled_from([p.short_name for p in DECLARED]) | st.text() | st.integers(),
        st.text() | st.integers() | st.none(),
    )
)
def test_any_mapping_is_resolved_or_refused(given: dict[object, object]) -> None:
    try:
        values = resolve_properties(DECLARED, given, adaptor="x")  # type: ignore[arg-type]
    except exc.XenonException:
        return
    assert all(name.startswith(P) for name in values)


def test_secrets_are_masked() -> None:
    secret = "S3CRET"
    values = resolve(token=secret, options__key=secret, text="plain")
    assert secret not in repr(values)
    assert secret not in str(values)
    shown = shown_properties(values)
    assert shown == {P + "token": "***", P + "options.key": "***", P + "text": "plain"}
    assert values.text("x.token") == secret
    with pytest.raises(exc.InvalidPropertyException) as refused:
        pickle.dumps(values)
    assert secret not in str(refused.value)
    plain = resolve(text="plain")
    assert pickle.loads(pickle.dumps(plain)) == plain
    with pytest.raises(exc.PropertyTypeException) as caught:
        resolve(pin=secret)
    assert secret not in str(caught.value)


def test_each_component_gets_only_its_own() -> None:
    other = PropertyDescription(SCHEDULER_PREFIX + "y.z", "Z.", "1", PropertyType.LONG)
    values = resolve_properties(
        (*DECLARED, other), {"y.z": "5", "x.count": "6", "x.options.k": "v"}, adaptor="y"
    )
    own = values.subset([other])
    assert dict(own) == {SCHEDULER_PREFIX + "y.z": "5"}
    assert own.integer("y.z") == 5
    with pytest.raises(KeyError):
        own.value("x.count")
    assert values.subset(DECLARED).family("x.options") == {"k": "v"}
    resolve_properties([other], dict(own), adaptor="y")
