"""The rig itself: what it makes of results, of versions of packages, and of a part that cannot be had."""

import os
import pathlib
import tempfile
import unittest
import unittest.mock

import main
from images import Images, tidy
from packages import Unavailable, mirrors, series
from releases import BOOKWORM, RELEASES


class Results(unittest.TestCase):
    """A scenario that did not run is never taken for one that passed."""

    def code(self, ci: str | None, *results: str) -> int:
        with unittest.mock.patch.dict(os.environ, {} if ci is None else {"CI": ci}):
            if ci is None:
                os.environ.pop("CI", None)
            return main.exit_code(list(results))

    def test_all_passed(self):
        self.assertEqual(self.code(None, "passed", "passed"), 0)
        self.assertEqual(self.code("true", "passed"), 0)

    def test_one_failed(self):
        self.assertEqual(self.code(None, "passed", "failed", "SKIPPED"), 1)
        self.assertEqual(self.code("true", "passed", "failed"), 1)

    def test_one_skipped(self):
        self.assertEqual(self.code("true", "passed", "SKIPPED"), 1)
        self.assertEqual(self.code("1", "SKIPPED"), 1)
        for not_ci in (None, "", "false"):
            self.assertEqual(self.code(not_ci, "passed", "SKIPPED"), 77)

    def test_no_guests_at_all(self):
        def nothing(_):
            raise Unavailable("no QEMU")
        with tempfile.TemporaryDirectory() as cache, unittest.mock.patch.object(main, "prepare", nothing):
            for ci, code in (("true", 1), ("", 77)):
                with unittest.mock.patch.dict(os.environ, {"CI": ci, "XDG_CACHE_HOME": cache}):
                    self.assertEqual(main.main(["virt"]), code)


class Versions(unittest.TestCase):
    """Parts of a kernel are taken when they belong to one series."""

    def test_off_by_a_revision(self):
        self.assertEqual(series("6.1.192-2", "6.1.192-2", "6.1.192-3"), "6.1")
        self.assertEqual(series("6.12.117-1", "6.12.118-1~bpo12+1"), "6.12")

    def test_of_another_series(self):
        with self.assertRaisesRegex(Unavailable, "6.12.118-1"):
            series("6.1.192-2", "6.12.118-1")


class Parts(unittest.TestCase):
    """What the guests are made of."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        # Without the package lists, which come over the network.
        with unittest.mock.patch("images.Packages"):
            self.images = Images(pathlib.Path(folder.name), BOOKWORM)

    def test_one_is_not_to_be_had(self):
        tries = []

        def fails(_):
            tries.append(1)
            raise Unavailable("no such package")
        for _ in range(2):
            with self.assertRaisesRegex(Unavailable, "no such package"):
                self.images._made("built", "recipe", fails)
        self.assertEqual(len(tries), 1, "what failed is not tried again in each scenario")
        made = self.images._made("kernel", "recipe", lambda folder: (folder / "vmlinuz").write_text("kernel"))
        self.assertEqual((made / "vmlinuz").read_text(), "kernel")

    def test_an_older_one_goes(self):
        old = self.images._made("kernel", "6.1.192-1", lambda _: None)
        new = self.images._made("kernel", "6.1.192-2", lambda _: None)
        self.assertEqual((old.exists(), new.exists()), (False, True))


    def test_what_other_versions_left_goes(self):
        cache = self.images.cache
        here = ["apt-trixie", "kernel-bookworm-0123456789ab", "initramfs-virt-trixie-0123456789ab", "target-quick"]
        left = ["apt", "initramfs-virt-0123456789ab", "target-old", "unfinished.kernel-trixie"]
        for name in here + left:
            (cache / name).mkdir()
        (cache / "times.json").touch()
        tidy(cache)
        self.assertEqual(sorted(entry.name for entry in cache.iterdir()), sorted([*here, "times.json"]))


class Scenarios(unittest.TestCase):
    """Which there are."""

    def test_each_release_has_some(self):
        everything = main.find([])
        for release in RELEASES:
            self.assertTrue([one for one in everything if one.release == release and one.name.startswith("systemd_")], release)
        self.assertEqual([one.name for one in main.find(["virt_wires"])], ["virt_wires-12", "virt_wires-13"])
        self.assertEqual(len({one.name for one in everything}), len(everything))


class Mirrors(unittest.TestCase):
    """The machine's own sources say where packages come from."""

    def test_forms_of_sources(self):
        self.assertEqual(mirrors("deb [signed-by=/x] http://a.example/debian bookworm main\n"
                                 "deb http://a.example/debian-security bookworm-security main\n"),
                         ("http://a.example/debian", "http://a.example/debian-security"))
        self.assertEqual(mirrors("Types: deb\nURIs: http://b.example/debian/\nSuites: trixie\n"),
                         ("http://b.example/debian/", "http://b.example/debian-security"))
        with self.assertRaises(Unavailable):
            mirrors("deb http://ubuntu.example/ubuntu noble main\n")
