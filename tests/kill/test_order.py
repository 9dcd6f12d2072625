"""That the judge of the order sees what is wrong, and nothing else."""

import unittest

from order import Order
from tracer import Change

GOOD = """write tmp/1 | syncing tmp/1 | sync tmp/1 | rename tmp/1 public/packs/a | syncing public/packs | sync public/packs
 | write db-wal | syncing db-wal | sync db-wal
 | write tmp/2 | syncing tmp/2 | sync tmp/2 | rename tmp/2 public/head | syncing public | sync public"""


def wrong(calls):
    order = Order("public/", {"public/head"}, ("head", "tile/"), "db-wal")
    for call in calls.split("|"):
        act, *paths = call.split()
        order.meet(Change(act, tuple(paths)))
    return order.wrong


class OrderTest(unittest.TestCase):
    def test_nothing_is_wrong_with_what_is_in_order(self):
        self.assertEqual(wrong(GOOD), [])

    def test_a_file_that_is_named_before_it_is_synced(self):
        self.assertIn("`public/packs/a` got its name before", wrong(GOOD.replace("| sync tmp/1 ", "", 1))[0])

    def test_a_write_behind_the_beginning_of_a_sync_is_not_synced_by_it(self):
        self.assertEqual(len(wrong(GOOD.replace("| sync tmp/1", "| write tmp/1 | sync tmp/1", 1))), 1)

    def test_a_name_that_is_not_synced_when_the_database_or_the_head_relies_on_it(self):
        found = wrong(GOOD.replace("| syncing public/packs | sync public/packs", ""))
        self.assertEqual([text.split("when ")[1] for text in found], ["the database relies on it", "`public/head` says so"])

    def test_a_head_that_is_shown_before_the_database_is_synced(self):
        self.assertIn("`public/head` was shown before the database", wrong(GOOD.replace("| sync db-wal", ""))[0])

    def test_a_hint_before_what_it_names(self):
        files = "rename tmp/3 public/root/latest | rename tmp/4 public/root/2.note"
        self.assertEqual(wrong(files), [])
        files = "rename tmp/4 public/root/2.note | rename tmp/3 public/root/latest"
        self.assertEqual(len(wrong(files)), 1)


if __name__ == "__main__":
    unittest.main()
