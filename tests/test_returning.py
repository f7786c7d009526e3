"""Which camera is the one that was lost, whatever its number is now. With real ones: tests/devices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rimlight.errors import CameraMissingError
from rimlight.sources.cameras import CameraInfo
from rimlight.sources.returning import cameras_named, find_again, identity


def camera(index: int, name: str, bus: str) -> CameraInfo:
    return CameraInfo(index, name, f"/dev/video{index}", (), bus)


BUILT_IN = camera(0, "Integrated Camera", "usb-5")
INFRARED = camera(2, "Integrated Camera", "usb-5")
BRIO, TWIN = camera(4, "BRIO", "usb-1"), camera(6, "BRIO", "usb-2")
ALL = [BUILT_IN, INFRARED, BRIO, TWIN]


@pytest.mark.parametrize("known", ALL, ids=str)
def test_what_did_not_move_is_itself(known: CameraInfo) -> None:
    assert find_again(identity(known, ALL), ALL) == known


def test_a_camera_keeps_its_name_and_place_when_its_number_changes() -> None:
    lost = identity(BRIO, ALL)
    now = [camera(0, "BRIO", "usb-2"), camera(1, "Integrated Camera", "usb-5"), camera(9, "BRIO", "usb-1")]
    assert find_again(lost, now).index == 9


def test_in_another_socket_it_is_known_by_its_name() -> None:
    assert find_again(identity(BRIO, [BRIO]), [camera(5, "BRIO", "usb-3")]).index == 5


def test_its_twin_is_never_taken_for_it() -> None:
    lost = identity(BRIO, ALL)
    with pytest.raises(CameraMissingError) as raised:
        find_again(lost, [BUILT_IN, INFRARED, TWIN])
    assert str(raised.value) == "camera 'BRIO' is not there\nPlug it in again."
    assert find_again(lost, [TWIN, camera(8, "BRIO", "usb-3")]).index == 8


def test_of_the_devices_of_one_camera_it_is_the_same_one() -> None:
    now = [camera(3, "Integrated Camera", "usb-5"), camera(7, "Integrated Camera", "usb-5")]
    assert find_again(identity(INFRARED, ALL), now).index == 7
    assert find_again(identity(BUILT_IN, ALL), now).index == 3
    with pytest.raises(CameraMissingError):
        find_again(identity(INFRARED, ALL), now[:1])


CAMERAS = st.lists(
    st.builds(camera, st.integers(0, 63), st.sampled_from("AB"), st.sampled_from(["usb-1", "usb-2", "usb-3"])),
    max_size=6,
    unique_by=lambda info: info.index,
).map(lambda found: sorted(found, key=lambda info: info.index))


@given(CAMERAS.filter(bool), CAMERAS, st.data())
def test_what_is_found_has_the_name_and_no_place_of_a_twin(
    before: list[CameraInfo], now: list[CameraInfo], data: st.DataObject
) -> None:
    lost = data.draw(st.sampled_from(before))
    twins = {info.bus for info in before if info.name == lost.name} - {lost.bus}
    known = identity(lost, before)
    assert find_again(known, before) == lost
    try:
        found = find_again(known, now)
    except CameraMissingError:
        return
    assert found in now
    assert found.name == lost.name
    assert found.bus not in twins


def test_a_name_that_nothing_has_is_no_camera() -> None:
    assert cameras_named("no such camera") == []
