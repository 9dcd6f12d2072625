"""In which order a program makes its files durable, judged from its system calls: what a power cut could leave.

A kill leaves everything that the program has written, in the order in which it wrote it. A power cut leaves only what was
synced for certain. So a file must be synced before it gets its name, a name (by its folder) before anything relies on it,
and the database before and after the files that its rows are about.
"""

import os


class Order:
    """Follows the changes of one run. `served` is the folder of the files that others read, "" for all but hidden ones;
    `heads` are the files in it that say what else is there; `journal` is the write-ahead log of the database. What is below
    `derived` in the served folder is made from the database."""

    def __init__(self, served, heads, derived, journal):
        self.served, self.heads, self.derived, self.journal = served, heads, derived, journal
        self.clock, self.written, self.named, self.began, self.wrong = 0, {}, {}, {}, []

    def meet(self, change):
        """Takes note of a change, and of what is wrong about its time."""
        self.clock += 1
        path = change.paths[-1]
        if change.act in ("write", "resize", "empty"):
            self.written[path] = self.clock
        elif change.act == "make":
            self.named[path] = self.clock
        elif change.act in ("rename", "link"):
            self._name(change.paths[0], path)
        elif change.act == "remove":
            self.written.pop(path, None)
            self.named.pop(path, None)
        elif change.act == "syncing":
            self.began.setdefault(path, []).append(self.clock)
            if path == self.journal:
                self._require_names("the database relies on it", lambda name: not self._is_derived(name))
        elif change.act == "sync":
            self._settle(path, self.began[path].pop(0))

    def _name(self, source, path):
        if source in self.written:
            self.wrong.append(f"`{path}` got its name before its bytes were synced")
        if not self._is_served(path):
            return
        if self._is_derived(path) and self.journal in self.written:
            self.wrong.append(f"`{path}` was shown before the database was synced")
        if path in self.heads:
            self._require_names(f"`{path}` says so", lambda name: True)
        if os.path.basename(path) == "latest":
            # It names a file beside it.
            beside = os.path.dirname(path)
            self._require_names(f"`{path}` says so", lambda name: os.path.dirname(name) == beside)
        self.named[path] = self.clock

    def _settle(self, path, began):
        if self.written.get(path, self.clock) <= began:
            del self.written[path]
        for name in [name for name, at in self.named.items() if os.path.dirname(name) == path.rstrip(".")]:
            if self.named[name] <= began:
                del self.named[name]

    def _require_names(self, why, relevant):
        for name in self.named:
            if self._is_served(name) and relevant(name):
                self.wrong.append(f"the name `{name}` was not synced when {why}")

    def _is_served(self, path):
        return path.startswith(self.served) and not path.startswith(".")

    def _is_derived(self, path):
        return path.startswith(tuple(self.served + name for name in self.derived))
