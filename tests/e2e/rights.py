#!/usr/bin/env python3
"""What a program under ratls run may do: nothing with report devices, no rights to inherit.

usage: tests/e2e/rights.py BUILD_FOLDER     exit code 4: skipped; it needs root and mount namespaces

Devices, configfs and fw_cfg are stand-ins with the owners and modes that the real ones have, in a mount
namespace of each run.
"""

import grp
import json
import os
import pathlib
import subprocess
import sys

from agent_world import BUILD, HERE, SECRET, World, check, no_cell, run

REAL = {"sev-guest": "root:root 600", "tpm0": "root:tss 660", "tpmrm0": "tss:tss 660"}


def tss() -> int:
    """The group of TPMs, or a stand-in for it."""
    try:
        return grp.getgrnam("tss").gr_gid
    except KeyError:
        return 4242


def stage(folder: pathlib.Path, modes: dict[str, str], tsm: str) -> str:
    """A shell script that puts the stand-ins where the real ones are."""
    lines = ["set -e", "mount --make-rprivate /", f"mkdir -p {folder}/dev",
             f"mount -t tmpfs -o mode=755 stand-in {folder}/dev", f"cd {folder}/dev", "mkdir shm",
             "mount --bind /dev/shm shm", "ln -s /proc/self/fd fd"]
    for name in ("null", "zero", "full", "random", "urandom"):
        lines += [f"touch {name}", f"mount --bind /dev/{name} {name}"]
    for name, said in modes.items():
        owner, mode = said.replace("tss", str(tss())).split()
        lines += [f"mknod -m {mode} {name} c 1 3", f"chown {owner} {name}"]
    lines += ["cd /", f"mount --rbind {folder}/dev /dev", "mount -t tmpfs -o mode=755 stand-in /sys/kernel",
              "mkdir -p /sys/kernel/config/tsm/report", f"chmod {tsm} /sys/kernel/config/tsm/report",
              "mount -t tmpfs -o mode=755 stand-in /sys/firmware",
              "mkdir -p /sys/firmware/qemu_fw_cfg/by_name/opt/ratls/host",
              f"cp {folder}/host.json /sys/firmware/qemu_fw_cfg/by_name/opt/ratls/host/raw"]
    return "\n".join(lines)


def run_among(world: World, config: pathlib.Path, *program: object, modes: dict[str, str] | None = None,
              tsm: str = "755", become: str = "", **more) -> subprocess.CompletedProcess:
    """ratls run among stand-ins, started with all that a careless service might pass on."""
    script = stage(world.folder, {**REAL, **(modes or {})}, tsm) + f"""
exec 9</dev/sev-guest 8</dev/null
exec setpriv {become or f"--groups={tss()} --inh-caps=+net_raw --ambient-caps=+net_raw"} "$@"
"""
    return subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", BUILD / "cli/ratls", "run", "--config",
                           config, "--", *program], capture_output=True, text=True, timeout=60, check=False,
                          **more)


def rights(world: World) -> None:
    done = run_among(world, world.guest(), "python3", HERE / "rights_program.py")
    check("the program runs, and its code comes back", done.returncode == 0, done)
    seen = json.loads(done.stdout)
    for path, said in seen["opened"].items():
        check(f"the program may not open {path}", set(said) == {"Permission denied"}, said)
    check("it inherits no descriptor, not even an open device", seen["descriptors"] == [], seen)
    check("it has no supplementary groups, though ratls was started with some", seen["groups"] == [], seen)
    check("it is its user three times over", len(set(seen["ids"])) == 1 and seen["ids"][0] != 0, seen)
    check("it has no capability in any set, though ratls was started with an ambient one",
          {int(each, 16) for each in seen["capabilities"].values()} == {0}, seen["capabilities"])
    check("no execution brings rights back", seen["no_new_privs"] == "1"
          and "allowed" not in seen["root_again"], seen)
    check("the process with the keys shows it neither memory, environment nor descriptors",
          "allowed" not in seen["parent"].values() and seen["parent_descriptors"] != "allowed", seen)


def exposed(world: World) -> None:
    nobody = 65534
    for name, path, changes in [
        ("a report device for everybody", "/dev/sev-guest", {"modes": {"sev-guest": "root:root 666"}}),
        ("one that may only be read", "/dev/sev-guest", {"modes": {"sev-guest": "root:root 604"}}),
        ("a TPM of the program's group", "/dev/tpm0", {"modes": {"tpm0": f"root:{nobody} 660"}}),
        ("a TPM of the program's user", "/dev/tpmrm1", {"modes": {"tpmrm1": f"{nobody}:root 600"}}),
        ("configfs for everybody", "/sys/kernel/config/tsm/report", {"tsm": "777"}),
        ("a user who is in the device's group himself", "/dev/tpm0",
         {"become": f"--reuid={nobody} --regid={nobody} --groups={tss()}"}),
    ]:
        net = {"user": "nobody"} if "become" not in changes else {"net": "open"}
        done = run_among(world, world.guest(agent=net), "true", **changes)
        check(f"the program is not started: {name}", done.returncode == 125
              and "device_exposed" in done.stderr and path in done.stderr and "agent.user" in done.stderr
              and "released" not in done.stderr, done)


def addresses(world: World) -> None:
    """Where the host's word comes from, and that it is one word only."""
    credentials = world.folder / "credentials"
    credentials.mkdir()
    text = (world.folder / "host.json").read_text()
    (credentials / "ratls-host").write_text(text)
    environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(credentials)}
    kinds = {"file": (f"file:{world.folder}/host.json", world.folder / "host.json"),
             "fw_cfg": ("fw_cfg:opt/ratls/host", world.folder / "host.json"),
             "systemd-credential": ("systemd-credential:ratls-host", credentials / "ratls-host")}
    for kind, (value, place) in kinds.items():
        broker = {"pin": world.pin, "address_from": value}
        config = world.guest(egress=..., broker=broker, secrets=[
            {"uri": "kbs:///agents/llm/api-key", "as": "LLM_API_KEY", "give_to": "env"}])
        done = run_among(world, config, "sh", "-c", "printf %s \"$LLM_API_KEY\"", env=environment)
        check(f"address_from {kind}: the guest finds its broker", done.stdout == SECRET, done)
        place.write_text(text.replace("}", ',"pin":"sha256//x"}'))
        done = run_among(world, config, "true", env=environment)
        check(f"address_from {kind}: another key is refused, and named in the log", done.returncode == 125
              and 'the key "pin" is refused' in done.stderr and "released" not in done.stderr, done)
        place.write_text(text)
    for value, hint in [("fw_cfg:../../../etc/passwd", "without .."), ("fw_cfg:/etc/passwd", "without /"),
                        ("systemd-credential:../x", "without .."), ("http://host/", "file:PATH")]:
        done = run_among(world, world.guest(egress=..., broker={"pin": world.pin, "address_from": value}),
                         "true", env=environment)
        check(f"address_from {value} is refused", done.returncode == 125 and hint in done.stderr, done)
    done = run_among(world, world.guest(egress=..., broker={
        "pin": world.pin, "address_from": "systemd-credential:ratls-host"}), "true")
    check("without credentials the unit's missing line is named",
          done.returncode == 125 and "LoadCredential=" in done.stderr, done)


def no_stage() -> str:
    if os.geteuid() != 0:
        return "this needs root"
    done = subprocess.run(["unshare", "-m", "sh", "-c", "mount -t tmpfs stand-in /sys/firmware && "
                           "mknod -m 600 /sys/firmware/x c 1 3 && setpriv --version"],
                          capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.strip() or "no mount namespaces"


if __name__ == "__main__":
    if reason := no_stage() or no_cell():
        print("skipped:", reason)
        sys.exit(4)
    sys.exit(run(rights, exposed, addresses))
