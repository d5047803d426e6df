//! `scripts/install` into a staging folder: what it puts where, that it may run any number of times, and what it keeps.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its files has failed")]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tempfile::TempDir;

/// A source tree with the real script and units, and a program that stands in for hearthd: it accepts every
/// configuration but one that says `broken`.
struct Stage {
    dir: TempDir,
    /// One test at a time: while one starts a process, another must not have a program open for writing ("text file
    /// busy").
    _turn: MutexGuard<'static, ()>,
}

static TURN: Mutex<()> = Mutex::new(());

const PROGRAM: &str = r#"#!/bin/sh
case $1 in
    schema) echo '{"title": "schema"}' ;;
    generate) mkdir -p "$2/man/man1" && echo 'a page' >"$2/man/man1/hearthd.1" ;;
    check) if grep -q broken "$2"; then echo "$2:1:1: broken" >&2; exit 1; fi ;;
esac
"#;

impl Stage {
    fn new() -> Stage {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let stage = Stage { dir: TempDir::new().unwrap(), _turn: turn };
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in [
            "scripts/install",
            "scripts/manual",
            "systemd/hearthd.service",
            "systemd/60-hearthd.rules",
            "systemd/hearthd.sysusers",
            "docs/configuration.md",
            "docs/rules.md",
        ] {
            let to = stage.source(file);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(project.join(file), to).unwrap();
        }
        fs::write(stage.source("README.md"), "# hearthd\n").unwrap();
        fs::write(stage.source("config.toml"), "example = 1\n").unwrap();
        fs::write(stage.program(), PROGRAM).unwrap();
        fs::set_permissions(stage.program(), fs::Permissions::from_mode(0o755)).unwrap();
        stage
    }

    fn source(&self, file: &str) -> PathBuf {
        self.dir.path().join("source").join(file)
    }

    fn program(&self) -> PathBuf {
        self.dir.path().join("built")
    }

    fn root(&self, file: &str) -> PathBuf {
        self.dir.path().join("root").join(file)
    }

    fn install(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.source("scripts/install"));
        command.arg("--root").arg(self.root("")).args(arguments);
        if !arguments.contains(&"--uninstall") {
            command.arg("--binary").arg(self.program());
        }
        command.output().unwrap()
    }

    /// All installed files, with their modes and contents.
    fn installed(&self) -> BTreeMap<String, (u32, String)> {
        fn collect(root: &Path, dir: &Path, files: &mut BTreeMap<String, (u32, String)>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    collect(root, &path, files);
                } else {
                    let name = path.strip_prefix(root).unwrap().display().to_string();
                    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
                    files.insert(name, (mode, fs::read_to_string(&path).unwrap()));
                }
            }
        }
        let mut files = BTreeMap::new();
        if self.root("").exists() {
            collect(&self.root(""), &self.root(""), &mut files);
        }
        files
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeed(output: Output) -> String {
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn it_puts_every_file_in_its_place_and_says_how_to_start() {
    let stage = Stage::new();
    let said = succeed(stage.install(&[]));
    assert!(said.contains("systemctl enable --now hearthd"), "{said}");
    let modes: Vec<_> = stage.installed().into_iter().map(|(name, (mode, _))| format!("{name} {mode:o}")).collect();
    assert_eq!(
        modes,
        [
            "etc/hearthd/config.schema.json 644",
            "etc/hearthd/config.toml 640", // It may hold a password.
            "usr/bin/hearthd 755",
            "usr/lib/systemd/system/hearthd.service 644",
            "usr/lib/sysusers.d/hearthd.conf 644",
            "usr/lib/udev/rules.d/60-hearthd.rules 644",
            "usr/share/doc/hearthd/README.md 644",
            "usr/share/doc/hearthd/docs/configuration.md 644",
            "usr/share/doc/hearthd/docs/rules.md 644",
            "usr/share/hearthd/config.toml 644", // What the example was, to tell whether it was changed.
            "usr/share/man/man1/hearthd.1 644",
            "usr/share/man/man5/hearthd-config.5 644",
            "usr/share/man/man7/hearthd-rules.7 644",
        ]
    );
}

/// Of words that a page of the manual must show as they are: keys, options, a table's columns.
#[test]
fn the_manual_tells_what_the_documents_tell() {
    let stage = Stage::new();
    succeed(stage.install(&[]));
    let files = stage.installed();
    let page = &files["usr/share/man/man5/hearthd-config.5"].1;
    for part in [
        ".TH HEARTHD-CONFIG 5 ",
        ".SH \"[hub]\"\n",
        ".TP\n\\fBid\\fR\nthe hub's name",
        "when absent: required\n",
        "in TOML. \\fBhearthd check\\fR explains",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = &files["usr/share/man/man7/hearthd-rules.7"].1;
    assert!(page.contains("\n.nf\n.RS 4\n[[rules]]\n"), "{page}");
    for page in files.iter().filter(|(name, _)| name.starts_with("usr/share/man/man5")).map(|(_, (_, page))| page) {
        let stray = page.lines().find(|line| line.contains("](") || line.starts_with('|') || line.contains("```"));
        assert_eq!(stray, None, "Markdown is left");
    }
}

#[test]
fn a_machine_with_too_little_memory_to_build_is_told_what_to_do() {
    let stage = Stage::new();
    let tools = stage.dir.path().join("tools");
    fs::create_dir_all(&tools).unwrap();
    let cargo = tools.join("cargo");
    fs::write(&cargo, "#!/bin/sh\necho builds >&2; exit 1\n").unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    let build = |memory_kb: u32| {
        let meminfo = stage.dir.path().join("meminfo");
        fs::write(&meminfo, format!("MemTotal: {memory_kb} kB\nMemFree: 1 kB\nSwapTotal: 102400 kB\n")).unwrap();
        let mut command = Command::new(stage.source("scripts/install"));
        command.arg("--root").arg(stage.root("")).env("PATH", &path).env("HEARTHD_MEMINFO", meminfo);
        text(&command.output().unwrap().stderr)
    };
    let refused = build(948_000);
    assert!(refused.contains("scripts/package arm64") && !refused.contains("builds"), "{refused}");
    assert_eq!(build(3_900_000), "builds\n");
}

#[test]
fn a_second_run_changes_nothing() {
    let stage = Stage::new();
    succeed(stage.install(&[]));
    let first = stage.installed();
    succeed(stage.install(&[]));
    assert_eq!(stage.installed(), first);
}

#[test]
fn an_edited_configuration_is_kept_with_the_new_example_beside_it() {
    let stage = Stage::new();
    succeed(stage.install(&[]));
    fs::write(stage.root("etc/hearthd/config.toml"), "mine = 1\n").unwrap();
    let said = succeed(stage.install(&[]));
    assert!(said.contains("config.toml.new"), "{said}");
    let files = stage.installed();
    assert_eq!(files["etc/hearthd/config.toml"].1, "mine = 1\n");
    assert_eq!(files["etc/hearthd/config.toml.new"].1, "example = 1\n");
}

#[test]
fn an_update_that_would_refuse_the_configuration_changes_nothing() {
    let stage = Stage::new();
    succeed(stage.install(&[]));
    fs::write(stage.root("etc/hearthd/config.toml"), "broken\n").unwrap();
    let before = stage.installed();
    fs::write(stage.program(), format!("{PROGRAM}# a new version\n")).unwrap();

    let output = stage.install(&[]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("config.toml:1:1: broken") && said.contains("nothing was changed"), "{said}");
    assert_eq!(stage.installed(), before);
}

#[test]
fn a_program_for_another_machine_changes_nothing() {
    let stage = Stage::new();
    fs::write(stage.program(), "#!/bin/sh\nexit 126\n").unwrap();
    let output = stage.install(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("does not run on this machine"));
    assert_eq!(stage.installed(), BTreeMap::new());
}

#[test]
fn a_program_for_another_machine_is_staged_with_the_help_of_one_that_runs() {
    let stage = Stage::new();
    let foreign = stage.dir.path().join("foreign");
    fs::write(&foreign, "foreign").unwrap();
    fs::set_permissions(&foreign, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(stage.source("scripts/install"));
    command.arg("--root").arg(stage.root("")).arg("--binary").arg(foreign).arg("--native").arg(stage.program());
    succeed(command.output().unwrap());
    let files = stage.installed();
    assert_eq!(files["usr/bin/hearthd"].1, "foreign");
    assert_eq!(files["usr/share/man/man1/hearthd.1"].1, "a page\n");
}

#[test]
fn uninstall_keeps_what_is_yours_and_purge_does_not() {
    let stage = Stage::new();
    succeed(stage.install(&[]));
    fs::create_dir_all(stage.root("var/lib/hearthd")).unwrap();
    fs::write(stage.root("var/lib/hearthd/state"), "on").unwrap();

    for _ in 0..2 {
        succeed(stage.install(&["--uninstall"]));
        let left: Vec<_> = stage.installed().into_keys().collect();
        assert_eq!(left, ["etc/hearthd/config.schema.json", "etc/hearthd/config.toml", "var/lib/hearthd/state"]);
    }
    succeed(stage.install(&["--uninstall", "--purge"]));
    assert_eq!(stage.installed(), BTreeMap::new());
    for own in ["usr/share/doc/hearthd", "usr/share/hearthd"] {
        assert!(!stage.root(own).exists(), "{own} is a folder of its own");
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    let stage = Stage::new();
    for arguments in [&["--frob"][..], &["--purge"], &["--root"], &["--root", ""], &["--native"]] {
        let output = stage.install(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert_eq!(stage.installed(), BTreeMap::new(), "{arguments:?}");
    }
}

/// systemd refuses to start a unit with a group that does not exist, and the paths are written in two places.
#[test]
fn the_unit_and_the_installer_agree() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let unit = fs::read_to_string(project.join("systemd/hearthd.service")).unwrap();
    let installer = fs::read_to_string(project.join("scripts/install")).unwrap();
    let setting = |key: &str| {
        let line = unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("the unit has no {key}=")).to_owned()
    };
    let sysusers = fs::read_to_string(project.join("systemd/hearthd.sysusers")).unwrap();
    for group in setting("SupplementaryGroups").split(' ') {
        assert!(sysusers.contains(&format!("\ng {group} ")), "{group}");
    }
    assert!(sysusers.contains(&format!("\nu {} ", setting("User"))));
    assert_eq!(setting("User"), setting("Group"), "the user's own group");
    // Its home is where its state is.
    assert!(sysusers.contains(&format!(" /var/lib/{} ", setting("StateDirectory"))));
    assert!(installer.contains(&format!("state_dir=$root/var/lib/{}", setting("StateDirectory"))));
    // Seen under a real systemd: a device class that appears after the start stays denied until a restart.
    assert!(unit.contains("\nDeviceAllow=char-i2c rw\n"));
    for order in ["Wants", "After"] {
        assert!(unit.contains(&format!("\n{order}=modprobe@i2c-dev.service\n")), "{order}");
    }
    for command in ["ExecStart", "ExecStopPost"] {
        let words = setting(command);
        let (program, config) = words.split_once(' ').unwrap();
        assert!(installer.contains(&format!("program=$root{program}\n")), "{command}");
        assert!(config.ends_with(" --config /etc/hearthd/config.toml"), "{command}");
    }
    // No passwords on the disk, no machine brought down, no wait for one that cannot hear.
    assert_eq!((&*setting("LimitCORE"), &*setting("WatchdogSignal")), ("0", "SIGKILL"));
    assert!(setting("MemoryMax").ends_with('M') && setting("OOMPolicy") == "stop");
    assert!(setting("ExecStopPost").contains(" safe "), "the outputs end in their safe state however the daemon ended");
}

/// Devices that are there already get their groups by the installation, not only at the next boot.
#[test]
fn the_installers_apply_every_udev_rule() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = fs::read_to_string(project.join("systemd/60-hearthd.rules")).unwrap();
    let subsystems: Vec<&str> =
        rules.lines().filter_map(|line| line.strip_prefix("SUBSYSTEM==\"")?.split('"').next()).collect();
    assert!(subsystems.contains(&"*gpiomem*"), "{subsystems:?}");
    for installer in ["scripts/install", "packaging/deb/postinst"] {
        // A pattern is quoted, or the shell might replace it.
        let words = fs::read_to_string(project.join(installer)).unwrap().replace('\'', "");
        for subsystem in &subsystems {
            assert!(words.contains(&format!("--subsystem-match={subsystem}")), "{installer}: {subsystem}");
        }
    }
}
