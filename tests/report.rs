//! The report over TCP, with the real binary: what each request gets, and what becomes of those who ask at once or go away.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{fs, io::Write, net::TcpStream, thread};
use support::{
    House, free_port,
    requests::{Answer, connect, get},
    wait_until,
};

/// A house that is called as no markup is to be, with a history if that is asked for.
fn up(history: &str) -> (House, u16) {
    let port = free_port();
    let mut house = House::new(&format!(
        "[hub]\nid = \"hut\"\nname = \"Hut <b>&\"\ntimezone = \"UTC\"\n[hardware]\nbackend = \"simulated\"\n\
         [http]\nlisten = \"127.0.0.1:{port}\"\n{history}[outputs.lamp]\nkind = \"light\"\ngpio = 17\n\
         [sensors.living]\nname = \"Living <i>\"\nchip = \"sht31\"\n"
    ));
    house.up(&[]);
    wait_until("HTTP is served", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    (house, port)
}

const HISTORY: &str = "[history]\ncommit = \"1s\"\n";

/// It was 18.25 °C from four days ago to two.
fn remembering() -> (House, u16) {
    let (house, port) = up(HISTORY);
    house.ask(&["set", "living.temperature", "20.5"]);
    let (state, file) = (house.folder.path().join("state"), house.folder.path().join("past.csv"));
    let lines: String = (96..=192).rev().map(|half| format!("{}m,18.25\n", half * 30)).collect();
    fs::write(&file, lines).unwrap();
    let import = ["import", "living.temperature", file.to_str().unwrap(), "--state", state.to_str().unwrap()];
    // Once it was recorded for the first time.
    wait_until("it is imported", || house.console(&import).status.success());
    (house, port)
}

/// The least that was measured, as the answer of `/api/v1/report` has it.
fn least(answer: &Answer) -> Option<f64> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let report = answer.json();
    let living = report["numbers"].as_array().unwrap().iter().find(|one| one["id"] == "living.temperature").cloned();
    living.unwrap_or_else(|| panic!("{report}"))["min"].as_f64()
}

#[test]
fn it_is_told_as_json_and_as_a_page_that_can_do_nothing() {
    let (_house, port) = remembering();
    let told = get(port, "/api/v1/report?from=5d");
    assert_eq!((least(&told), &*told.headers["content-type"]), (Some(18.25), "application/json"));
    assert_eq!(told.json()["hub"], "Hut <b>&");
    let page = get(port, "/api/v1/report.html?from=5d");
    assert_eq!((page.status, &*page.headers["content-type"]), (200, "text/html; charset=utf-8"), "{page:?}");
    assert!(page.body.contains("Hut &lt;b&gt;&amp;") && page.body.contains("<td>18.2 °C"), "{}", page.body);
    // What anybody called something is shown, and is no part of the page.
    assert!(!page.body.contains("Hut <b>") && !page.body.contains("Living <i>"), "{}", page.body);
    let policy = &page.headers["content-security-policy"];
    let rules: Vec<&str> = policy.split(';').map(str::trim).collect();
    for rule in ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
        assert!(rules.contains(&rule), "{policy}");
    }
    // Beside its style it may do nothing, load nothing and ask nobody; and it does not try to.
    assert!(!rules.iter().any(|rule| rule.starts_with("script-src") || rule.starts_with("connect-src")), "{policy}");
    for part in ["<script", "<link", "<img", "<iframe", "<form", "http:", "https:", "url(", "@import", " onload="] {
        assert!(!page.body.contains(part), "{part}");
    }
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
}

/// Each is one question and why it gets no report, as JSON and as a page alike.
#[test]
fn what_is_wrong_is_said_as_problem_details() {
    let ((_house, remembers), (_other, forgets)) = (remembering(), up(""));
    let table = [
        (remembers, "?from=401d", 422, "ask for 400 days at most"),
        (remembers, "?from=2000-01-01", 422, "ask for 400 days at most"),
        (remembers, "?from=someday", 422, "someday"),
        (remembers, "?form=5d", 422, "from and to"),
        (remembers, "?from=2d&to=3d", 422, "before"),
        // Nobody was there; the time itself is not too long.
        (remembers, "?from=700d&to=600d", 404, "nothing was recorded in that time"),
        (forgets, "?from=5d", 404, "[history]"),
    ];
    for (port, query, status, detail) in table {
        for path in ["report", "report.html"] {
            let answer = get(port, &format!("/api/v1/{path}{query}"));
            assert_eq!(
                (answer.status, &*answer.headers["content-type"]),
                (status, "application/problem+json"),
                "{query}"
            );
            let said = answer.json();
            assert!(said["detail"].as_str().is_some_and(|said| said.contains(detail)), "{query}: {said}");
        }
    }
    // A day less is not too long.
    assert_eq!(least(&get(remembers, "/api/v1/report?from=400d")), Some(18.25));
}

/// One is made at a time, and who comes meanwhile waits; the house does not.
#[test]
fn all_who_ask_at_once_are_answered() {
    let (house, port) = remembering();
    let asks = |_| thread::spawn(move || least(&get(port, "/api/v1/report?from=30d")));
    let all: Vec<_> = (0..4).map(asks).collect();
    assert!(house.ask(&["set", "lamp", "on"]).contains("lamp is ON"));
    for one in all {
        assert_eq!(one.join().unwrap(), Some(18.25));
    }
}

/// Nobody who comes later waits for the reports of those who went.
#[test]
fn who_hangs_up_holds_nobody_up() {
    let (mut house, port) = remembering();
    for _ in 0..30 {
        let mut stream = connect(port);
        write!(stream, "GET /api/v1/report?from=400d HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    }
    assert_eq!(least(&get(port, "/api/v1/report?from=5d")), Some(18.25));
    let mut asks = connect(port);
    write!(asks, "GET /api/v1/report?from=400d HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    assert!(house.stop(), "it ends with one under way");
}
