//! Holds the structure that ARCHITECTURE.md describes: who may use whom, what must be absent where, and that the
//! documents name what exists.
//!
//! The checker reads Rust as tokens, so it also sees grouped imports, inline paths and the insides of macros. Test code
//! (`#[cfg(test)]`, files named `tests.rs`) is not part of the program and may use anything.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Every top-level module, and which of the others it may use.
const MAY_USE: [(&str, &[&str]); 21] = [
    ("files", &[]),
    ("model", &["clock"]),
    ("clock", &["model", "files"]),
    ("almanac", &["model"]),
    ("config", &["model", "almanac", "files"]),
    ("engine", &["model", "clock", "almanac"]),
    (
        "daemon",
        &[
            "model",
            "clock",
            "almanac",
            "config",
            "engine",
            "files",
            "hardware",
            "history",
            "house",
            "links",
            "mqtt",
            "homeassistant",
            "http",
        ],
    ),
    ("house", &["model", "clock"]),
    ("threads", &["model", "clock"]),
    ("hardware", &["model", "clock", "files", "threads"]),
    ("links", &["model", "clock", "files", "threads"]),
    ("history", &["model", "clock", "files", "house"]),
    ("remote", &["model", "clock"]),
    ("mqtt", &["model", "clock", "files", "house", "remote"]),
    ("mdns", &[]),
    ("homeassistant", &["model", "clock", "files", "house", "mdns", "remote"]),
    ("http", &["model", "clock", "files", "house", "mdns", "report"]),
    ("html", &[]),
    ("report", &["model", "house", "html"]),
    ("simulator", &["model", "clock", "almanac", "config", "engine", "hardware", "house", "html"]),
    (
        "cli",
        &[
            "model",
            "clock",
            "almanac",
            "config",
            "engine",
            "daemon",
            "files",
            "hardware",
            "history",
            "house",
            "links",
            "mqtt",
            "homeassistant",
            "remote",
            "mdns",
            "http",
            "html",
            "report",
            "simulator",
            "threads",
        ],
    ),
];

/// These decide and describe; they do nothing to the world.
const PURE: [&str; 4] = ["model", "almanac", "config", "engine"];

/// What no pure module uses.
const IMPURE_PATHS: [&str; 10] = [
    "crate::files",
    "tokio",
    "tracing",
    "rand",
    "std::fs",
    "std::net",
    "std::thread",
    "std::process",
    "std::env",
    "std::io",
];

/// The one file of a pure module that reads the world: the configuration file and the secrets that it names.
const LOADER: (&str, [&str; 4]) = ("config/file.rs", ["crate::files", "std::fs", "std::env", "std::io"]);

/// Only `files.rs` opens files: whatever stands in the place of one is neither waited for nor read without end.
const OPENERS: [&str; 4] = ["fs::read", "fs::read_to_string", "File::open", "OpenOptions"];

/// Only `clock.rs` reads clocks.
const CLOCK_READS: [&str; 5] = ["Instant::now", "SystemTime::now", "Utc::now", "Local::now", "OffsetDateTime::now"];

/// These show, store and command points by their descriptions, and need not know which points there are.
const ADAPTERS: [&str; 6] = ["history", "mqtt", "homeassistant", "http", "cli", "daemon"];

/// Their order differs from run to run; the same events must give the same effects.
const UNORDERED: [&str; 2] = ["HashMap", "HashSet"];

#[test]
fn every_module_uses_only_what_it_may() {
    let mut violations = Vec::new();
    for file in source_files() {
        let code = fs::read_to_string(source_dir().join(&file)).unwrap();
        violations.extend(check(&file, &code));
    }
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn every_file_begins_by_saying_what_it_is() {
    for file in source_files() {
        let code = fs::read_to_string(source_dir().join(&file)).unwrap();
        assert!(code.starts_with("//! "), "src/{file} does not begin with a //! line that says what it is");
    }
}

/// Of kinds that nothing but their row is known of, no other file speaks, but for the drivers that measure them and what
/// senses them in a simulated house. Each new use is a place that the next kind takes, too.
#[test]
fn a_kind_is_one_row() {
    let uses: [(&str, &[&str]); 4] = [
        ("OutputKind::Siren", &[]),
        ("InputKind::Smoke", &["config/remote/forms.rs", "simulator/world/people/sense.rs"]),
        ("Quantity::Tvoc", &["hardware/sensors/ccs811.rs", "hardware/sensors/ens160.rs", "hardware/sensors/sgp30.rs"]),
        ("Measures::Gas", &[]),
    ];
    for (kind, expected) in uses {
        let mentions = |file: &String| {
            let tokens: TokenStream = fs::read_to_string(source_dir().join(file)).unwrap().parse().unwrap();
            paths(tokens).iter().any(|path| path.segments.join("::").ends_with(kind))
        };
        let is_program = |file: &&String| !file.ends_with("tests.rs");
        let files: Vec<_> = source_files();
        let found: Vec<_> = files.iter().filter(is_program).filter(|file| mentions(file)).collect();
        assert_eq!(found, expected, "{kind}");
    }
}

/// What only its folder's own `mod.rs` uses of a file is found there; any other file can be read after those that it uses.
#[test]
fn no_circle_of_files_in_the_engine() {
    let files: Vec<String> = source_files().into_iter().filter(|file| file.starts_with("engine/")).collect();
    let is_test = |file: &str| file.ends_with("tests.rs") || file.contains("/tests/");
    let modules: BTreeSet<Vec<String>> = files
        .iter()
        .filter(|file| !is_test(file))
        .map(|file| module_path(file))
        .filter(|path| path.len() > 1)
        .collect();
    let uses = |module: &Vec<String>, file: &str| -> BTreeSet<Vec<String>> {
        let code = fs::read_to_string(source_dir().join(file)).unwrap();
        let mut used = BTreeSet::new();
        // `pub(super)` uses nothing.
        for CodePath { segments, .. } in paths(code.parse().unwrap()).into_iter().filter(|path| path.segments.len() > 1)
        {
            let path = match resolve(&segments, module) {
                path if path.first().is_some_and(|first| first == "crate") => path[1..].to_vec(),
                // A child of this very module.
                path => module.iter().cloned().chain(path).collect(),
            };
            let target =
                (2..=path.len()).rev().map(|length| path[..length].to_vec()).find(|path| modules.contains(path));
            used.extend(target.filter(|target| target != module));
        }
        used
    };
    let mut left: Vec<(Vec<String>, BTreeSet<Vec<String>>)> = files
        .iter()
        .filter(|file| modules.contains(&module_path(file)))
        .map(|file| (module_path(file), uses(&module_path(file), file)))
        .collect();
    assert!(left.iter().any(|(_, used)| used.len() > 3), "nothing was read");
    loop {
        let there: BTreeSet<Vec<String>> = left.iter().map(|(module, _)| module.clone()).collect();
        let before = left.len();
        left.retain(|(_, used)| used.iter().any(|used| there.contains(used)));
        if left.len() == before {
            break;
        }
    }
    let there: BTreeSet<Vec<String>> = left.iter().map(|(module, _)| module.clone()).collect();
    let told = left.iter().map(|(module, used)| {
        let used: Vec<String> = used.intersection(&there).map(|used| used.join("/")).collect();
        format!("{} uses {}", module.join("/"), used.join(", "))
    });
    let told: Vec<String> = told.collect();
    assert!(told.is_empty(), "some of these use each other in a circle:\n{}", told.join("\n"));
}

#[test]
fn architecture_md_names_files_that_are_there() {
    let text = document("ARCHITECTURE.md");
    let folders = ["src/", "tests/", "docs/", "scripts/", "benches/", "fuzz/"];
    let is_path = |word: &&str| folders.iter().any(|folder| word.starts_with(folder)) && !word.contains(' ');
    for path in text.split('`').skip(1).step_by(2).filter(is_path) {
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(), "ARCHITECTURE.md names {path}");
    }
}

#[test]
fn architecture_md_says_what_each_module_may_use() {
    let text = document("ARCHITECTURE.md");
    for (module, may_use) in MAY_USE {
        let row = text.lines().find(|line| line.starts_with(&format!("| `{module}` |")));
        let row = row.unwrap_or_else(|| panic!("the module table of ARCHITECTURE.md has no row of `{module}`"));
        let column = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap();
        let named: BTreeSet<&str> = column.split('`').skip(1).step_by(2).collect();
        let others = || MAY_USE.iter().map(|(other, _)| *other).filter(|other| *other != module);
        let said: BTreeSet<&str> = match column.trim() {
            "everything" => others().collect(),
            all if all.starts_with("all but ") => others().filter(|other| !named.contains(other)).collect(),
            _ => named,
        };
        assert_eq!(said, BTreeSet::from_iter(may_use.iter().copied()), "what `{module}` may use, in ARCHITECTURE.md");
    }
}

#[test]
fn readme_names_every_command() {
    let text = document("README.md");
    let help = Command::new(env!("CARGO_BIN_EXE_hearthd")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.contains(&"run") && commands.len() > 10, "{commands:?}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        assert!(text.contains(&format!("hearthd {command}")), "README.md does not mention `hearthd {command}`");
    }
}

#[test]
fn the_table_here_names_every_module() {
    let known: Vec<_> = MAY_USE.iter().map(|(module, _)| module.to_string()).collect();
    for module in top_level_modules() {
        assert!(known.contains(&module), "src/{module} is in no row of MAY_USE: decide what it may use");
    }
}

/// The checker itself: each of these must be seen.
#[test]
fn forbidden_code_is_seen() {
    for (file, code, expected) in [
        // Modules that may not meet, in every way of writing it.
        ("engine/mod.rs", "use crate::mqtt;", "crate::mqtt"),
        ("engine/mod.rs", "use crate::mqtt::Outbox as Box;", "crate::mqtt"),
        (
            "engine/mod.rs",
            "use crate::{\n    clock::Now,\n    model::{Config, Event},\n    mqtt::Outbox,\n};",
            "line 4",
        ),
        ("engine/sun.rs", "fn f() { crate::daemon::run(); }", "crate::daemon"),
        ("engine/sun.rs", "use super::super::http;", "crate::http"),
        ("engine/mod.rs", "use super::hardware::Hardware;", "crate::hardware"),
        ("engine/mod.rs", "fn f() { assert!(matches!(x, crate::config::Problem)); }", "crate::config"),
        ("engine/mod.rs", "macro_rules! m { () => { $crate::mqtt::x() } }", "crate::mqtt"),
        ("engine/mod.rs", "use hearthd::mqtt;", "crate::mqtt"),
        ("mqtt/topics.rs", "use crate::engine::Engine;", "crate::engine"),
        ("mqtt/mod.rs", "use crate::hardware;", "crate::hardware"),
        ("http/mod.rs", "use crate::mqtt;", "crate::mqtt"),
        ("hardware/gpio.rs", "use crate::{model::Line, engine};", "crate::engine"),
        ("config/rule.rs", "use crate::engine::Engine;", "crate::engine"),
        ("model/point.rs", "use crate::config;", "crate::config"),
        ("daemon/mod.rs", "use crate::simulator::World;", "crate::simulator"),
        ("simulator/mod.rs", "use crate::mqtt;", "crate::mqtt"),
        ("clock.rs", "use crate::engine;", "crate::engine"),
        // Ways around the table.
        ("engine/mod.rs", "use crate::*;", "glob"),
        ("engine/mod.rs", "use super::*;", "glob"),
        ("engine/mod.rs", "use crate as all;", "renamed"),
        ("engine/mod.rs", "use std as s;", "renamed"),
        ("engine/mod.rs", "use std::{self as s};", "renamed"),
        ("engine/mod.rs", "extern crate tokio;", "tokio"),
        ("web/mod.rs", "", "MAY_USE"),
        // The world, in pure modules.
        ("engine/mod.rs", "use tokio::sync::mpsc;", "tokio"),
        ("engine/mod.rs", "#[tokio::test] fn f() {}", "tokio"),
        ("engine/mod.rs", "fn f() { tracing::info!(\"on\"); }", "tracing"),
        ("engine/mod.rs", "use std::{collections::BTreeMap, fs};", "std::fs"),
        ("engine/mod.rs", "fn f() { std::thread::sleep(d); }", "std::thread"),
        ("engine/mod.rs", "use std::net::TcpStream;", "std::net"),
        ("engine/mod.rs", "use std::process;", "std::process"),
        ("engine/mod.rs", "fn f() { rand::random::<u8>(); }", "rand"),
        ("model/point.rs", "use std::env::var;", "std::env"),
        ("config/parse.rs", "fn f() { std::fs::read(p); }", "std::fs"),
        ("config/parse.rs", "use std::io::Read;", "std::io"),
        ("config/file.rs", "use std::net::TcpStream;", "std::net"),
        ("config/file.rs", "use tokio::fs;", "tokio"),
        // Clocks.
        ("engine/mod.rs", "fn f() { let t = std::time::Instant::now(); }", "Instant::now"),
        ("daemon/mod.rs", "fn f() { Instant::now(); }", "Instant::now"),
        ("mqtt/mod.rs", "fn f() { tokio::time::Instant::now(); }", "Instant::now"),
        ("main.rs", "fn f() { SystemTime::now(); }", "SystemTime::now"),
        ("simulator/mod.rs", "fn f() { chrono::Utc::now(); }", "Utc::now"),
        ("hardware/mod.rs", "const F: fn() -> T = Local::now;", "Local::now"),
        // Files.
        ("daemon/store.rs", "fn f() { std::fs::read(p); }", "fs::read"),
        ("hardware/pins.rs", "use std::fs; fn f() { fs::read_to_string(p); }", "fs::read_to_string"),
        ("cli/test.rs", "use std::fs::{self, File}; fn f() { File::open(p); }", "File::open"),
        ("main.rs", "use std::fs::OpenOptions;", "OpenOptions"),
        ("daemon/mod.rs", "fn f() { std::fs::File::options(); OpenOptions::new(); }", "OpenOptions"),
        ("config/mod.rs", "use crate::files;", "crate::files"),
        // Points.
        ("mqtt/outbox.rs", "use crate::model::Point; fn f(p: Point) { matches!(p, Point::Mode); }", "Point::Mode"),
        ("cli/set.rs", "fn f() { hearthd::model::Point::Output(id); }", "Point::Output"),
        ("http/shape/point.rs", "use crate::model::Point::{self, Mode};", "Point::Mode"),
        ("daemon/plan.rs", "use crate::model::Point as P; fn f(p: P) {}", "renamed"),
        // Order.
        ("engine/mod.rs", "use std::collections::{BTreeMap, HashMap};", "HashMap"),
        ("engine/mod.rs", "fn f(x: std::collections::HashSet<u8>) {}", "HashSet"),
        // Not hidden by test code before it.
        ("engine/mod.rs", "#[cfg(test)] mod tests { use crate::mqtt; } use crate::http;", "crate::http"),
        ("engine/mod.rs", "#[cfg(test)] use crate::config; use crate::http;", "crate::http"),
        ("engine/mod.rs", "#[cfg(not(test))] use crate::http;", "crate::http"),
    ] {
        let violations = check(file, code).join("\n");
        assert!(violations.contains(expected), "{file}: {code}\n  expected {expected:?}, got {violations:?}");
    }
}

#[test]
fn allowed_code_passes() {
    for (file, code) in [
        ("engine/mod.rs", "mod sun; use crate::{clock::Now, model::{Config, Event}}; use std::sync::Arc;"),
        ("engine/mod.rs", "//! Not crate::mqtt, not tokio.\n/* std::fs */ fn f() -> &'static str { \"Instant::now\" }"),
        ("engine/rules.rs", "use super::Engine; fn f(x: std::time::Instant, mqtt: u8) { self.http(); x.config; }"),
        ("engine/mod.rs", "#[cfg(test)] mod tests { use crate::config; use std::{fs, collections::HashMap}; }"),
        ("engine/mod.rs", "#[cfg(test)] use crate::config;"),
        ("engine/tests.rs", "use crate::config;"),
        ("config/file.rs", "use std::{env, fs, io}; use super::parse;"),
        ("clock.rs", "fn f() { Instant::now(); SystemTime::now(); }"),
        ("daemon/mod.rs", "use crate::{config, engine, hardware, http, mqtt}; use std::{collections::HashMap, fs};"),
        ("main.rs", "use hearthd::{daemon, simulator}; use std::env;"),
        ("lib.rs", "pub mod engine;"),
        (
            "mqtt/outbox.rs",
            "use crate::model::{Point, PointSpec}; fn f(of: Vec<Point>, spec: &PointSpec) { spec.point; }",
        ),
        ("engine/points.rs", "use crate::model::Point; fn f(p: Point) { matches!(p, Point::Mode); }"),
        ("files.rs", "use std::fs::OpenOptions; fn f() { fs::read(p); }"),
        ("hardware/pins.rs", "use std::fs; fn f() { fs::read_dir(p); fs::read_link(p); fs::write(p, t); }"),
    ] {
        assert_eq!(check(file, code), Vec::<String>::new(), "{file}: {code}");
    }
}

/// All violations in one file (its path from `src/`), one line each.
fn check(file: &str, code: &str) -> Vec<String> {
    let module = module_path(file);
    let top = module.first().map_or("", String::as_str);
    let is_root = matches!(file, "main.rs" | "lib.rs");
    let Some((_, may_use)) = MAY_USE.iter().find(|(name, _)| *name == top || is_root) else {
        return vec![format!("src/{file}: module {top} is in no row of MAY_USE")];
    };
    if module.last().is_some_and(|last| last == "tests") {
        return Vec::new();
    }
    let tokens: TokenStream = code.parse().unwrap_or_else(|error| panic!("src/{file} is not Rust: {error}"));
    let mut violations = Vec::new();
    for path in paths(tokens) {
        let mut report = |what: &str| violations.push(format!("src/{file}, line {}: {what}", path.line));
        let resolved = resolve(&path.segments, &module);
        let text = resolved.join("::");

        if CLOCK_READS.iter().any(|read| text == *read || text.ends_with(&format!("::{read}"))) && top != "clock" {
            report(&format!("{text} reads a clock; only clock.rs does, others are given a Now"));
        }
        let opens =
            |opener: &&&str| resolved.windows(opener.split("::").count()).any(|part| part.join("::") == ***opener);
        if let Some(opener) = OPENERS.iter().find(opens)
            && top != "files"
        {
            report(&format!("{opener} opens a file; only files.rs does, bounded and without waiting"));
        }
        if ADAPTERS.contains(&top) {
            if let Some(part) = resolved.windows(2).find(|part| part[0] == "Point" && part[1] != "self") {
                report(&format!("{}: adapters read what a point's PointSpec says of it", part.join("::")));
            }
            if path.renamed && resolved.last().is_some_and(|last| last == "Point") {
                report(&format!("{text} renamed hides what is used"));
            }
        }
        if is_root {
            continue;
        }
        if let [root, other, ..] = &resolved[..]
            && root == "crate"
        {
            if other == "*" {
                report(&format!("the glob import {text} hides which modules are used"));
            } else if other != top && MAY_USE.iter().any(|(name, _)| name == other) && !may_use.contains(&&**other) {
                report(&format!("{top} may not use crate::{other}; it may use {may_use:?}"));
            }
        }
        if path.renamed && matches!(text.as_str(), "crate" | "std" | "std::self") {
            report(&format!("{text} renamed hides what is used"));
        }
        if PURE.contains(&top) {
            for impure in IMPURE_PATHS {
                let is_used = text == impure || text.starts_with(&format!("{impure}::"));
                if is_used && !(file == LOADER.0 && LOADER.1.contains(&impure)) {
                    report(&format!("{text}: {top} is pure and may not use {impure}"));
                }
            }
        }
        if top == "engine" && resolved.iter().any(|segment| UNORDERED.contains(&segment.as_str())) {
            report(&format!("{text} has no fixed order; use BTreeMap or BTreeSet"));
        }
    }
    violations
}

/// `engine/sun.rs` is module `engine::sun`.
fn module_path(file: &str) -> Vec<String> {
    let file = file.trim_end_matches(".rs").trim_end_matches("/mod");
    file.split('/').filter(|part| !matches!(*part, "lib" | "main")).map(str::to_owned).collect()
}

/// The path as seen from the crate's root: `super::super::http` in `engine::sun` is `crate::http`.
fn resolve(segments: &[String], module: &[String]) -> Vec<String> {
    let mut here = match segments.first().map(String::as_str) {
        Some("hearthd" | "crate") => {
            return ["crate".to_owned()].into_iter().chain(segments[1..].iter().cloned()).collect();
        }
        Some("self" | "super") => module.to_vec(),
        _ => return segments.to_vec(),
    };
    let mut rest = segments;
    while let [first, tail @ ..] = rest {
        match first.as_str() {
            "self" => {}
            "super" => drop(here.pop()),
            _ => break,
        }
        rest = tail;
    }
    ["crate".to_owned()].into_iter().chain(here).chain(rest.iter().cloned()).collect()
}

/// One path as written, with the groups of a `use` taken apart.
struct CodePath {
    segments: Vec<String>,
    /// Followed by `as`.
    renamed: bool,
    line: usize,
}

/// All paths of some code, without the code for tests.
fn paths(tokens: TokenStream) -> Vec<CodePath> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        at = if is_punct(tokens.get(at), '#') && is_cfg_test(tokens.get(at + 1)) {
            end_of_item(&tokens, at + 2)
        } else if is_punct(tokens.get(at), '.') {
            at + 2 // A field or a method; `a..b` has no name there that matters.
        } else if let Some(TokenTree::Ident(_)) = tokens.get(at) {
            read_path(&tokens, at, &[], &mut found)
        } else {
            if let Some(TokenTree::Group(group)) = tokens.get(at) {
                found.extend(paths(group.stream()));
            }
            at + 1
        };
    }
    found
}

/// Reads the path that begins at `at`, with `prefix` before it, and tells where it ends.
fn read_path(tokens: &[TokenTree], mut at: usize, prefix: &[String], found: &mut Vec<CodePath>) -> usize {
    let line = tokens[at].span().start().line;
    let mut segments = prefix.to_vec();
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => segments.push(ident.to_string()),
            Some(TokenTree::Punct(star)) if star.as_char() == '*' && !segments.is_empty() => segments.push("*".into()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace && !segments.is_empty() => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                let mut next = 0;
                while next < inner.len() {
                    next = match inner[next] {
                        TokenTree::Punct(ref comma) if comma.as_char() == ',' => next + 1,
                        _ => read_path(&inner, next, &segments, found).max(next + 1),
                    };
                }
                return at + 1;
            }
            _ => break,
        }
        at += 1;
        if !(is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')) {
            break;
        }
        at += 2;
    }
    let renamed = matches!(tokens.get(at), Some(TokenTree::Ident(word)) if word == "as");
    found.push(CodePath { segments, renamed, line });
    at
}

fn is_punct(token: Option<&TokenTree>, char: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

fn is_cfg_test(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// Behind the `;` or the braces with which an item ends; a `use` group is inside its item.
fn end_of_item(tokens: &[TokenTree], from: usize) -> usize {
    let is_use = tokens[from..].iter().take(3).any(|token| matches!(token, TokenTree::Ident(word) if word == "use"));
    let is_end = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !is_use,
        _ => false,
    };
    tokens[from..].iter().position(is_end).map_or(tokens.len(), |length| from + length + 1)
}

fn source_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All Rust files under `src/`, as paths from there.
fn source_files() -> Vec<String> {
    fn collect(dir: &Path, files: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path.strip_prefix(source_dir()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let mut files = Vec::new();
    collect(&source_dir(), &mut files);
    files.sort();
    assert!(files.iter().any(|file| file == "lib.rs"), "src/ was not found");
    files
}

fn top_level_modules() -> Vec<String> {
    let mut modules: Vec<_> = source_files().iter().filter_map(|file| module_path(file).first().cloned()).collect();
    modules.dedup();
    modules
}

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}
