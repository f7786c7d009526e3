"""Settings: ranges, and errors that name the setting, the value and the way out."""

from __future__ import annotations

from fractions import Fraction

import pytest

from rimlight.errors import SettingError
from rimlight.settings import Settings, parse_size, settings_from
from rimlight.types import Size


def test_defaults_are_valid_and_say_what_rimlight_alone_means() -> None:
    settings = settings_from()
    assert settings == Settings()
    assert (settings.camera, settings.background, settings.size) == ("0", "blur", Size(1280, 720))


@pytest.mark.parametrize(("text", "size"), [("1280x720", Size(1280, 720)), (" 641 X 481 ", Size(641, 481))])
def test_sizes_are_read(text: str, size: Size) -> None:
    assert parse_size(text) == size
    assert settings_from(size=text).size == size


@pytest.mark.parametrize("text", ["", "5", "0x0", "1280*720", "99999x3", "-1x5", "1280x720x3", "8x8"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="no picture size") as caught:
        parse_size(text)
    assert "1280x720" in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("cpu_budget", "50%", 0.5),
        ("cpu_budget", " 150% ", 1.5),
        ("cpu_budget", "0.5", 0.5),
        ("max_latency", "25ms", 0.025),
        ("max_latency", "0.025", 0.025),
    ],
)
def test_budgets_are_read_with_and_without_their_unit(name: str, text: str, value: float) -> None:
    assert getattr(settings_from(**{name: text}), name) == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [("cpu_budget", "half", "25% or 0.25"), ("max_latency", "25s", "25ms or 0.025"), ("max_latency", "%", "25ms")],
)
def test_what_is_no_budget_is_refused(name: str, text: str, hint: str) -> None:
    with pytest.raises(SettingError, match=f"'{text}' is no amount") as caught:
        settings_from(**{name: text})
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("blur_strength", 3),
        ("light_wrap", 1.5),
        ("fps", 0),
        ("fps", 1000),
        ("model", "foo"),
        ("runtime", "foo"),
        ("duration", -1),
        ("cpu_budget", 0.01),
        ("cpu_budget", 100),
        ("max_latency", 2),
    ],
)
def test_out_of_range_names_setting_and_value(name: str, value: object) -> None:
    with pytest.raises(SettingError) as caught:
        settings_from(**{name: value})
    assert name.replace("_", "-") in str(caught.value)
    assert str(value) in str(caught.value)


def test_a_runtime_is_named_only_for_the_models_that_it_runs() -> None:
    assert settings_from(runtime="opencv", model="fast").runtime == "opencv"
    for model in ("best", "mine.onnx"):
        assert settings_from(model=model).runtime == "auto"
        with pytest.raises(SettingError, match=f"opencv does not run --model {model}"):
            settings_from(runtime="opencv", model=model)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(SettingError, match="colour"):
        settings_from(colour="red")


@pytest.mark.parametrize(
    ("fps", "rate"),
    [(30, Fraction(30)), (29.97, Fraction(30000, 1001)), (12.5, Fraction(25, 2)), (60, Fraction(60))],
)
def test_rates_are_exact(fps: float, rate: Fraction) -> None:
    assert settings_from(fps=fps).rate == rate
