"""Runs a program, and stands before each of its calls that change files below a folder: to look at them, or to end it there.

The kernel stops the program at those calls only (a seccomp filter), so it runs at nearly its own speed, and the program needs
to know nothing of this. Linux on x86-64.
"""

import ctypes
import os
import signal
import struct
from dataclasses import dataclass

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

# Calls by number: what they do, and which arguments say where. A pair is a folder's handle and a path below it.
WRITES = {1: "write", 18: "write", 20: "write", 296: "write", 328: "write", 77: "resize", 285: "resize"}
COPIES = {326: 2, 40: 0}
SYNCS = {74, 75}
PATHS = {
    82: ("rename", [(None, 0), (None, 1)]),
    264: ("rename", [(0, 1), (2, 3)]),
    316: ("rename", [(0, 1), (2, 3)]),
    86: ("link", [(None, 0), (None, 1)]),
    265: ("link", [(0, 1), (2, 3)]),
    87: ("remove", [(None, 0)]),
    263: ("remove", [(0, 1)]),
    84: ("remove", [(None, 0)]),
    83: ("make", [(None, 0)]),
    258: ("make", [(0, 1)]),
    76: ("resize", [(None, 0)]),
}
OPENS = {2: ((None, 0), 1), 257: ((0, 1), 2)}
O_CREAT, O_TRUNC, AT_FDCWD = 0o100, 0o1000, -100

PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SETOPTIONS = 7, 24, 0x4200
PTRACE_GET_SYSCALL_INFO, PTRACE_TRACEME = 0x420E, 0
# Good system calls, forks, threads, exec, the filter, and nobody survives this process.
OPTIONS = 1 | 2 | 4 | 8 | 16 | 128 | 0x100000
EVENT_SECCOMP, WALL = 7, 0x40000000


@dataclass(frozen=True)
class Change:
    """A call that is about to change files; or one that is about to make changes durable (`syncing`), or has done so (`sync`)."""

    act: str
    paths: tuple

    def __str__(self):
        return f"{self.act} {' -> '.join(self.paths)}"


def filter_program():
    """A BPF program that stops at the calls above, and at opening only if that may make or empty a file."""
    plain = sorted([*WRITES, *COPIES, *SYNCS, *PATHS])
    load, equal, any_bit, answer = 0x20, 0x15, 0x45, 0x06
    trace, allow = 0x7FF00000, 0x7FFF0000
    program = [(load, 0, 0, 0)]
    opens = list(OPENS.items())
    # Behind the comparisons: the answers, then the part that looks at the flags of each open.
    rest = len(plain) + len(opens)
    for place, number in enumerate(plain):
        program.append((equal, rest - place, 0, number))
    for place, (number, _) in enumerate(opens):
        at = len(plain) + place
        program.append((equal, rest - at + 1 + 2 * place, 0, number))
    program += [(answer, 0, 0, allow), (answer, 0, 0, trace)]
    for place, (_, (_, flags)) in enumerate(opens):
        later = 2 * (len(opens) - place - 1)
        program.append((load, 0, 0, 16 + 8 * flags))
        program.append((any_bit, later + 1, later, O_CREAT | O_TRUNC))
    program += [(answer, 0, 0, allow), (answer, 0, 0, trace)]
    return b"".join(struct.pack("HBBI", *line) for line in program)


class Traced:
    """A program that is being traced. All of this belongs to the thread that made it."""

    def __init__(self, command, folder, stdout=None, env=None, cwd=None):
        self.folder = os.path.realpath(folder) + "/"
        self.child = os.fork()
        if self.child == 0:
            self._become(command, stdout, env, cwd)
        _, status = os.waitpid(self.child, WALL)
        assert os.WIFSTOPPED(status), status
        self._ask(PTRACE_SETOPTIONS, self.child, OPTIONS)
        self._ask(PTRACE_CONT, self.child, 0)

    def run(self, meet):
        """Runs it to its end. `meet(change)` is called before each change, and before and after each sync; True ends the
        program there and then. Gives the exit code, negative if a signal ended it."""
        syncing, code = {}, None
        while True:
            try:
                thread, status = os.waitpid(-self.child, WALL)
            except ChildProcessError:
                return code
            if not os.WIFSTOPPED(status):
                if thread == self.child:
                    code = os.waitstatus_to_exitcode(status)
                continue
            number, event = os.WSTOPSIG(status), status >> 16
            go_on, pass_on = PTRACE_CONT, 0
            if event == EVENT_SECCOMP:
                change = self._change(thread)
                if change and meet(change):
                    os.kill(self.child, signal.SIGKILL)
                    continue
                if change and change.act == "syncing":
                    syncing[thread], go_on = Change("sync", change.paths), PTRACE_SYSCALL
            elif number == signal.SIGTRAP | 0x80:
                meet(syncing.pop(thread))
            elif not event and number not in (signal.SIGTRAP, signal.SIGSTOP):
                pass_on = number
            self._ask(go_on, thread, pass_on, missing_ok=True)

    def _become(self, command, stdout, env, cwd):
        try:
            os.setpgid(0, 0)
            if cwd:
                os.chdir(cwd)
            null = os.open(os.devnull, os.O_RDWR)
            for handle, target in ((null, 0), (stdout if stdout is not None else null, 1), (null, 2)):
                os.dup2(handle, target)
            code = filter_program()
            buffer = ctypes.create_string_buffer(code, len(code))
            program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
            self._ask(PTRACE_TRACEME, 0, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            assert libc.prctl(38, 1, 0, 0, 0) == 0
            assert libc.prctl(22, 2, ctypes.create_string_buffer(program, len(program)), 0, 0) == 0
            os.execvpe(command[0], command, os.environ if env is None else env)
        finally:
            os._exit(127)

    def _ask(self, request, thread, data, missing_ok=False, address=0):
        answer = libc.ptrace(request, thread, address, data)
        if answer < 0 and not (missing_ok and ctypes.get_errno() == 3):
            raise OSError(ctypes.get_errno(), f"ptrace {request}")
        return answer

    def _change(self, thread):
        """What the call is that a thread is about to make; None if it is about something else."""
        info = ctypes.create_string_buffer(88)
        self._ask(PTRACE_GET_SYSCALL_INFO, thread, ctypes.addressof(info), address=88)
        call, *arguments = struct.unpack_from("7Q", info.raw, 24)
        if call in SYNCS:
            return self._below("syncing", self._handle(thread, arguments[0]))
        if call in WRITES or call in COPIES:
            at = arguments[COPIES.get(call, 0)]
            return self._below(WRITES.get(call, "write"), self._handle(thread, at))
        if call in OPENS:
            (folder, path), flags = OPENS[call]
            path = self._path(thread, arguments, folder, path)
            there = os.path.exists(path)
            changes = arguments[flags] & O_TRUNC if there else arguments[flags] & O_CREAT
            return self._below("empty" if there else "create", path) if changes else None
        act, places = PATHS[call]
        paths = [self._path(thread, arguments, *place) for place in places]
        # What is there is not made, what is not there is not removed.
        idle = act in ("make", "remove") and os.path.lexists(paths[0]) == (act == "make")
        return None if idle else self._below(act, *paths)

    def _below(self, act, *paths):
        if not any((path + "/").startswith(self.folder) for path in paths):
            return None
        return Change(act, tuple(os.path.relpath(path, self.folder) for path in paths))

    def _handle(self, thread, handle):
        try:
            return os.readlink(f"/proc/{thread}/fd/{ctypes.c_int32(handle & 0xFFFFFFFF).value}")
        except OSError:
            return ""

    def _path(self, thread, arguments, folder, path):
        with open(f"/proc/{thread}/mem", "rb", buffering=0) as memory:
            memory.seek(arguments[path])
            try:
                text = memory.read(4096)
            except OSError:
                # The text stands near the end of what can be read.
                memory.seek(arguments[path])
                text = memory.read(4096 - arguments[path] % 4096)
        name = text.split(b"\0")[0].decode(errors="replace")
        handle = AT_FDCWD if folder is None else ctypes.c_int32(arguments[folder] & 0xFFFFFFFF).value
        base = os.readlink(f"/proc/{thread}/cwd") if handle == AT_FDCWD else self._handle(thread, handle)
        return os.path.normpath(os.path.join(base, name))
