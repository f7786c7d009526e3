"""What is said of cameras and virtual cameras, on systems that are made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from made_up import ASKED, DEBIAN, RELEASE, Answer, commands, made_up, only, write
from rimlight.checks.cameras import check_cameras
from rimlight.checks.children import ProbeError
from rimlight.checks.findings import Asked, Finding
from rimlight.checks.virtual_camera import check_virtual_camera

THIRTY = {"size": "1280x720", "fps": 29.97, "promised": 30.0}
CLOSED = {"path": "/dev/video0", "name": "Integrated Camera", "group": "video", "member": False}


def camera(index: int = 0, **changes: object) -> dict[str, object]:
    known = {"index": index, "name": "Integrated Camera", "path": f"/dev/video{index}", "busy": False, "by": []}
    return {**known, "formats": ["MJPG up to 1920x1080", "YUYV up to 1280x720"], **changes}


def virtual(**changes: object) -> dict[str, object]:
    known = {"device": "/dev/video10", "name": "Rimlight", "free": True, "by": [], "exclusive": True}
    return {**known, **changes}


def devices(
    *cameras: object, virtual: tuple[object, ...] = (), closed: tuple[object, ...] = ()
) -> dict[str, object]:
    return {"cameras": list(cameras), "virtual": list(virtual), "closed": list(closed)}


def seen(*cameras: object, rate: Answer = THIRTY, root: Path = Path("/nowhere"), **rest: Any) -> list[Finding]:
    return list(check_cameras(made_up(root, {"devices": devices(*cameras, **rest), "rate": rate}), ASKED))


def sent(facts: dict[str, object], send: Answer, asked: Asked = ASKED, root: Path = Path("/nowhere")) -> Finding:
    return only(check_virtual_camera(made_up(root, {"devices": facts, "send": send}), asked))


def by_size(**rates: float) -> Callable[[dict[str, Any]], dict[str, object]]:
    """A camera that keeps what it promises; sizes written with a leading _."""
    return lambda asked: {
        "size": asked["size"],
        "fps": rates[f"_{asked['size']}"],
        "promised": rates[f"_{asked['size']}"],
    }


def test_a_camera_that_keeps_its_rate_is_fine_with_its_values() -> None:
    found = only(seen(camera()))
    assert (found.title, found.verdict) == ("camera 0", "fine")
    assert found.found == (
        "Integrated Camera: 1280x720, 30 pictures a second; it gives MJPG up to 1920x1080, YUYV up to 1280x720"
    )
    assert found.values["fps"] == 29.97


def test_many_formats_are_told_in_short() -> None:
    found = only(seen(camera(formats=[f"F{number} up to 640x480" for number in range(60)])))
    assert found.found.endswith("F2 up to 640x480 and 57 more")


def test_a_camera_that_is_slow_in_the_dark_gets_light() -> None:
    found = only(seen(camera(), rate={**THIRTY, "fps": 15.02}))
    assert found.verdict == "warning"
    assert "15 of 30 pictures a second" in found.found
    assert commands(found) == ["v4l2-ctl -d /dev/video0 -c exposure_dynamic_framerate=0"]


def test_a_camera_that_is_slow_at_that_size_gets_one_at_which_it_is_quicker() -> None:
    found = only(seen(camera(), rate=by_size(_1280x720=10, _640x480=30)))
    assert "10 of 30 pictures a second" in found.found
    assert commands(found) == ["rimlight --camera 0 --size 640x480"]
    assert commands(only(seen(camera(), rate=by_size(_1280x720=10, _640x480=10)))) == []


def test_a_busy_camera_names_the_program_and_is_not_touched() -> None:
    def touched(_: object) -> object:
        raise AssertionError

    found = only(seen(camera(busy=True, by=["zoom (process 12)"]), rate=touched))
    assert (found.verdict, found.found) == ("broken", "Integrated Camera: in use by zoom (process 12)")


def test_one_that_rimlight_itself_holds_is_no_trouble() -> None:
    assert only(seen(camera(busy=True, by=["rimlight (process 12)"]))).verdict == "warning"


def test_another_camera_makes_a_busy_one_a_warning_and_says_how_to_start() -> None:
    busy, fine, which = seen(camera(0, busy=True, by=["zoom (process 12)"]), camera(2))
    assert (busy.verdict, fine.verdict, which.verdict) == ("warning", "fine", "warning")
    assert commands(which) == ["rimlight --camera 2"]


def test_a_camera_that_hangs_or_gives_nothing_is_told_with_its_hint() -> None:
    found = only(seen(camera(), rate=ProbeError("no answer within 20 s")))
    assert (found.verdict, found.found) == ("broken", "Integrated Camera: no answer within 20 s")
    assert "Unplug it" in found.mend[0].say
    found = only(seen(camera(), rate=ProbeError("it gives no pictures", "Clean the lens.")))
    assert found.mend[0].say == "Clean the lens."


@pytest.mark.parametrize(
    ("changes", "say", "command"),
    [
        ({}, "Join the group", "sudo usermod -aG video $USER"),
        ({"member": True}, "Log out and in again", ""),
        ({"group": ""}, "Give it to the group", "sudo chgrp video /dev/video0 && sudo chmod g+rw /dev/video0"),
    ],
)
def test_a_camera_that_this_user_may_not_open(changes: dict[str, object], say: str, command: str) -> None:
    found = only(seen(closed=({**CLOSED, **changes},)))
    assert (found.title, found.verdict) == ("camera 0", "broken")
    assert "this user may not open /dev/video0" in found.found
    assert found.mend[0].say.startswith(say)
    assert found.mend[0].run == command


def test_no_camera_at_all() -> None:
    found = only(seen())
    assert (found.verdict, found.found) == ("broken", "none found")
    assert commands(found) == ["rimlight --camera sitter"]


def test_a_camera_whose_driver_is_not_loaded(tmp_path: Path) -> None:
    write(tmp_path, "sys/bus/usb/devices/1-6:1.0/bInterfaceClass", "0e\n")
    assert commands(only(seen(root=tmp_path)))[0] == "sudo modprobe uvcvideo"
    write(tmp_path, "sys/module/uvcvideo/version")
    assert only(seen(root=tmp_path)).found == "none found"


def test_a_container_that_was_given_no_camera(tmp_path: Path) -> None:
    write(tmp_path, "sys/class/video4linux/video0/name", "Integrated Camera\n")
    assert "docker" in commands(only(seen(root=tmp_path)))[0]


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_a_camera_that_is_not_found_may_be_forbidden(platform: str) -> None:
    found = only(check_cameras(made_up(answers={"devices": devices()}, platform=platform), ASKED))
    assert "Camera" in found.mend[0].say
    assert found.verdict == "broken"


def test_a_free_virtual_camera_that_takes_a_picture_is_fine() -> None:
    found = sent(devices(virtual=(virtual(),)), {"size": "1280x720"})
    assert (found.verdict, found.found) == ("fine", "/dev/video10 'Rimlight', takes pictures of 1280x720")


def test_odd_sizes_are_sent_even_which_is_said() -> None:
    found = sent(devices(virtual=(virtual(),)), {"size": "1280x720"}, Asked(size="1279x719"))
    assert (found.verdict, "takes pictures of 1280x720 (1279x719 is odd)" in found.found) == ("fine", True)


def test_without_exclusive_caps_chrome_does_not_list_it() -> None:
    found = sent(devices(virtual=(virtual(exclusive=False),)), {"size": "1280x720"})
    assert found.verdict == "warning"
    assert "exclusive_caps" in found.found
    assert commands(found) == [
        'sudo modprobe -r v4l2loopback && sudo modprobe v4l2loopback exclusive_caps=1 card_label="Rimlight"'
    ]


def test_whoever_watches_a_virtual_camera_sees_nothing_of_the_examination() -> None:
    def touched(_: object) -> object:
        raise AssertionError

    found = sent(devices(virtual=(virtual(by=["chrome (process 7)"]),)), touched)
    assert (found.verdict, found.found) == ("fine", "/dev/video10 'Rimlight', watched by chrome (process 7)")


def test_a_virtual_camera_that_refuses_is_loaded_anew_unless_it_says_better() -> None:
    found = sent(devices(virtual=(virtual(),)), ProbeError("no answer within 20 s"))
    assert (found.verdict, found.found) == ("broken", "/dev/video10 'Rimlight': no answer within 20 s")
    assert commands(found)[0].startswith("sudo modprobe -r v4l2loopback && ")
    found = sent(devices(virtual=(virtual(),)), ProbeError("broken", "Create one: sudo modprobe it"))
    assert [(mend.say, mend.run) for mend in found.mend] == [("Create one.", "sudo modprobe it")]


def test_busy_ones_name_who_writes_and_how_to_get_one_more() -> None:
    found = sent(devices(virtual=(virtual(free=False, by=["obs (process 9)"]),)), {})
    assert (found.verdict, found.found) == ("broken", "in use: /dev/video10 by obs (process 9)")
    assert "devices=2 exclusive_caps=1,1" in commands(found)[0]
    running = sent(devices(virtual=(virtual(free=False, by=["rimlight (process 9)"]),)), {})
    assert running.verdict == "warning"


def test_one_that_this_user_may_not_open_is_a_virtual_camera_and_no_webcam(tmp_path: Path) -> None:
    write(tmp_path, "sys/devices/virtual/video4linux/video10/name", "Rimlight")
    facts = devices(closed=({**CLOSED, "path": "/dev/video10", "name": "Rimlight"},))
    found = sent(facts, {}, root=tmp_path)
    assert found.found == "/dev/video10 'Rimlight': this user may not open it"
    assert commands(found) == ["sudo usermod -aG video $USER"]
    assert only(check_cameras(made_up(tmp_path, {"devices": facts}), ASKED)).found == "none found"


def test_none_on_linux_is_the_modules_matter(tmp_path: Path) -> None:
    write(tmp_path, "etc/os-release", DEBIAN)
    write(tmp_path, f"lib/modules/{RELEASE}/modules.dep", "updates/v4l2loopback.ko:")
    found = sent(devices(), {}, root=tmp_path)
    assert (found.verdict, found.found) == (
        "broken",
        "none: the module v4l2loopback is installed, but not loaded",
    )


EXTENSION = "*\t*\t2MMRE5MTB8\tcom.obsproject.obs-studio.mac-camera-extension (30.0/1)\tOBS Virtual Camera\t[{}]\n"


@pytest.mark.parametrize(
    ("there", "listed", "told", "command"),
    [
        ((), "", "not installed", ["brew install --cask obs"]),
        (("Applications/OBS.app/x",), "", "never started", []),
        (("Applications/OBS.app/x",), EXTENSION.format("activated waiting for user"), "waits to be allowed", []),
        (("Applications/OBS.app/x",), EXTENSION.format("activated enabled"), "gives no camera", []),
        (
            ("Applications/OBS.app/x", "Library/CoreMediaIO/Plug-Ins/DAL/obs-mac-virtualcam.plugin/x"),
            "",
            "old kind",
            ["brew upgrade --cask obs"],
        ),
    ],
)
def test_none_on_a_mac(tmp_path: Path, there: tuple[str, ...], listed: str, told: str, command: list[str]) -> None:
    for name in there:
        write(tmp_path, name)
    system = made_up(tmp_path, {"devices": devices()}, "darwin", {"systemextensionsctl": listed})
    found = only(check_virtual_camera(system, ASKED))
    assert found.verdict == "broken"
    assert told in found.found
    assert commands(found) == command
    assert found.mend


def test_none_on_windows() -> None:
    def on_windows(*registered: str) -> Finding:
        system = made_up(answers={"devices": devices()}, platform="win32", registered=registered)
        return only(check_virtual_camera(system, ASKED))

    assert commands(on_windows()) == ["winget install OBSProject.OBSStudio"]
    found = on_windows(r"CLSID\{5C2CD55C-92AD-4999-8666-912BD3E70010}")
    assert "Unity Video Capture is registered" in found.found
    assert commands(found) == []


def test_one_on_a_mac_is_tried_as_on_linux() -> None:
    name = "OBS Virtual Camera"
    facts = devices(virtual=(virtual(device=name, name=name),))
    system = made_up(answers={"devices": facts, "send": ProbeError("in use")}, platform="darwin")
    found = only(check_virtual_camera(system, ASKED))
    assert (found.verdict, found.found) == ("broken", "OBS Virtual Camera: in use")
    assert commands(found) == []
