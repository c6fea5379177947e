"""PostgreSQL refuses to run as root: this runs it as a system user, also below a home that only root may enter.

Run as a script (by root, before PostgreSQL) it steps into a mount namespace of its own, where program and data appear
below /mnt, gives up its privileges and becomes the program. It imports nothing of ours: it starts in 15 ms.
"""

import ctypes
import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

_STAGE = "/mnt"  # covered by an empty file system, in the namespace only; any directory of every system would do
_CLONE_NEWNS = 0x20000
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 0x1000, 0x4000, 0x40000


@dataclass(frozen=True)
class Account:
    """The user and group ids that PostgreSQL gets; its supplementary groups are dropped."""

    uid: int
    gid: int

    def adopt(self, directory: Path) -> None:
        """Take over a directory of root (a backup played back, say) with all that is in it; itself last."""
        if directory.stat().st_uid == 0:
            for path in (*directory.rglob("*"), directory):
                os.chown(path, self.uid, self.gid, follow_symlinks=False)


def choose_account(pgdata: Path) -> Account | None:
    """Who runs PostgreSQL: we ourselves (None), or for root the data's owner, else postgres, else nobody."""
    if os.geteuid() != 0:
        return None
    if pgdata.exists() and (owner := pgdata.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return Account(entry.pw_uid, entry.pw_gid)


def command(
    account: Account | None, program: Path, pgdata: Path, socket_dir: Path, *options: str
) -> tuple[list[str], dict[str, Any]]:
    """The command line and the Popen arguments that run program on pgdata as the account."""
    direct = [str(program), "-D", str(pgdata), *options]
    if account is None:
        return direct, {}
    identity: dict[str, Any] = {"user": account.uid, "group": account.gid, "extra_groups": []}
    # initdb needs /bin/sh as well
    reach = ["/bin/sh", "-c", 'cd "$1" && cd "$2" && test -x "$3"', "sh", str(pgdata), str(socket_dir), str(program)]
    if not subprocess.run(reach, cwd="/", stderr=subprocess.DEVNULL, check=False, **identity).returncode:  # noqa: S603
        return direct, identity
    ids = [str(account.uid), str(account.gid)]
    return [sys.executable, "-ISB", __file__, *ids, str(program), str(pgdata), str(socket_dir), *options], {}


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind)]
    if libc.mount(*words, ctypes.c_ulong(flags), None if data is None else data.encode()):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


def _become(uid: str, gid: str, program: str, pgdata: str, socket_dir: str, *options: str) -> NoReturn:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "mount namespace")
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    package = Path(program).parents[2]
    libraries = package.with_suffix(".libs")  # the wheel's programs look for them there, beside their package
    shown = {package.name: package, libraries.name: libraries, "postgres": Path(pgdata), "socket": Path(socket_dir)}
    # Opened before the stage covers what lies below /mnt, and each by itself: their parents may be closed to others.
    fds = {name: os.open(path, os.O_PATH | os.O_DIRECTORY) for name, path in shown.items() if path.exists()}
    _mount("none", _STAGE, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755,size=64k")
    for name, fd in fds.items():
        Path(_STAGE, name).mkdir()
        _mount(f"/proc/self/fd/{fd}", f"{_STAGE}/{name}", None, _MS_BIND | _MS_REC)
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
    program = f"{_STAGE}/{package.name}/{Path(program).relative_to(package)}"
    os.execv(program, [program, "-D", f"{_STAGE}/postgres", *options])  # noqa: S606


if __name__ == "__main__":
    try:
        _become(*sys.argv[1:])
    except (OSError, AttributeError) as error:
        sys.exit(
            f"error: root cannot run PostgreSQL as another user here ({error}), because the program or the data lie "
            "below a directory that only root may enter: put both elsewhere (--data-dir), start as an ordinary user, "
            "or use a database of your own (--database-url)"
        )
