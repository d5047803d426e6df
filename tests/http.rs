//! The service over TCP, with the real binary: what each request gets, and what the house goes on doing meanwhile.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
};
use support::{
    Broker, House, Watcher, free_port, hash,
    programs::unpacked,
    requests::{Answer, ask, connect, exchange, get},
    wait_until,
};

/// A lamp, a motion sensor and a scene, and HTTP on this port.
fn hut(port: u16) -> String {
    format!(
        "[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n[http]\nlisten = \"127.0.0.1:{port}\"\n\
         [outputs.lamp]\nkind = \"light\"\ngpio = 17\nroom = \"hall\"\n[outputs.pump]\nkind = \"switch\"\ngpio = 18\n\
         [inputs.motion]\nkind = \"motion\"\ngpio = 27\n[rooms.hall]\nmotion = [\"motion\"]\n\
         [scenes.evening]\nname = \"Evening\"\nset = {{ lamp = \"on\" }}\n"
    )
}

fn up() -> (House, u16) {
    let port = free_port();
    let mut house = House::new(&hut(port));
    house.up(&[]);
    wait_until("HTTP is served", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    (house, port)
}

/// A stream of events.
struct Events {
    lines: BufReader<TcpStream>,
}

impl Events {
    fn open(port: u16, more: &str) -> Events {
        let mut stream = connect(port);
        write!(stream, "GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n{more}\r\n").unwrap();
        let mut events = Events { lines: BufReader::new(stream) };
        let head = events.block();
        assert!(head.contains("200 OK") && head.contains("content-type: text/event-stream"), "{head}");
        events
    }

    /// Lines up to an empty one, without the sizes of chunks.
    fn block(&mut self) -> String {
        let mut block = String::new();
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the stream ended after {block:?}");
            let is_size = line.ends_with("\r\n") && u64::from_str_radix(line.trim(), 16).is_ok();
            if line.trim().is_empty() && !block.is_empty() {
                return block;
            }
            if !is_size && !line.trim().is_empty() {
                block.push_str(&line);
            }
        }
    }

    /// The next event: its name, its id, its data.
    fn next(&mut self) -> (String, String, Value) {
        loop {
            let block = self.block();
            let field =
                |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
            if let Ok(data) = serde_json::from_str(&field("data: ")) {
                return (field("event: "), field("id: "), data);
            }
        }
    }

    /// The id of the event that first says so of a point.
    fn until(&mut self, point: &str, value: &str) -> String {
        loop {
            let (_, id, data) = self.next();
            let points = data["points"].as_array().cloned().unwrap_or_default();
            if points.iter().any(|known| known["id"] == point && known["value"] == value) {
                return id;
            }
        }
    }
}

#[test]
fn tcp_answers_as_the_socket_does_and_says_who_commanded() {
    let (house, port) = up();
    let points = get(port, "/api/v1/points").json();
    assert_eq!(points["points"].as_array().unwrap().len(), house.status()["points"].as_array().unwrap().len());
    let lamp = &points["points"][0];
    assert_eq!((&lamp["id"], &lamp["room"]), (&"lamp".into(), &"hall".into()));
    assert!(lamp["commands"]["words"].as_array().unwrap().contains(&"on".into()), "{lamp}");
    assert_eq!(points["scenes"][0]["id"], "scene.evening");
    assert_eq!(points["rooms"][0]["id"], "hall");
    let put = |body: &str| ask(port, "PUT", "/api/v1/points/lamp", &[], body);
    let on = put("{\"value\": \"ON\", \"for\": \"2h\"}");
    assert_eq!((on.status, &on.json()["value"]), (200, &"ON".into()), "{on:?}");
    assert!(house.ask(&["why", "lamp"]).contains("HTTP"), "{}", house.ask(&["why", "lamp"]));
    assert_eq!(house.value("lamp"), "ON");
    let auto = ask(port, "DELETE", "/api/v1/points/lamp", &[], "");
    assert_eq!((auto.status, house.value("lamp").as_str()), (200, "OFF"));
    let why = get(port, "/api/v1/why/lamp").json();
    assert_eq!(why["point"]["id"], "lamp");
    let held = ask(port, "PUT", "/api/v1/points/lamp", &[], r#"{"value": "ON", "for": "2h"}"#);
    assert_eq!(held.status, 200);
    let empty = put(r#"{"value": "ON", "for": "room_empty"}"#).json();
    let why = empty["why"].as_str().unwrap();
    assert!(why.contains("until hall is empty") && empty["commands"]["room_empty"] == true, "{empty}");
    assert!(get(port, "/api/v1/points/pump").json()["commands"].get("room_empty").is_none(), "it is in no room");
    let held = ask(port, "PUT", "/api/v1/points/lamp", &[], r#"{"value": "ON", "for": "2h"}"#);
    assert_eq!(held.status, 200);
    let outlook = get(port, "/api/v1/outlook").json();
    let expected = &outlook["changes"][0];
    assert_eq!((&expected["id"], &expected["value"]), (&"lamp".into(), &"OFF".into()), "{outlook}");
    assert!(expected["at"].as_str() > outlook["time"].as_str() && expected["at"].as_str() < outlook["until"].as_str());
    assert_eq!(outlook["sun"], serde_json::json!([]), "the file does not say where the house is");
    let hub = get(port, "/api/v1/hub").json();
    let vital = |id: &str| hub.as_array().unwrap().iter().find(|vital| vital["id"] == id).cloned();
    assert_eq!(vital("hub.config").unwrap()["value"], "good", "{hub}");
    assert!(vital("hub.started").is_some() && vital("hub.identify").is_none(), "{hub}");
}

/// Each is one request and what it gets, as problem details.
#[test]
fn what_is_wrong_is_said_as_problem_details() {
    let (house, port) = up();
    let json = "content-type: application/json";
    let big = format!("{{\"value\": \"{}\"}}", "x".repeat(20_000));
    type Row<'r> = (&'r str, &'r str, &'r [&'r str], &'r str, u16, &'r str);
    let table: [Row<'_>; 20] = [
        ("GET", "/api/v1/points/lmp", &[], "", 404, "did you mean lamp?"),
        ("GET", "/api/v1/points/..%2f..%2fetc%2fpasswd", &[], "", 404, "no such point"),
        ("GET", "/../../etc/passwd", &[], "", 404, "no such path"),
        ("GET", "/api/v1/../../etc/passwd", &[], "", 404, "no such path"),
        ("GET", "/api/v1/points/%ff", &[], "", 400, "UTF-8"),
        ("PATCH", "/api/v1/points", &[], "", 405, "no such method"),
        ("PUT", "/api/v1/points/lamp", &[], "{", 400, "not as it should be"),
        ("PUT", "/api/v1/points/lamp", &[], "{\"valeu\": 1}", 422, "valeu"),
        ("PUT", "/api/v1/points/lamp", &[], "{\"value\": \"blue\"}", 422, "ON, OFF, TOGGLE or AUTO"),
        (
            "PUT",
            "/api/v1/points/lamp",
            &[],
            "{\"value\": \"ON\", \"for\": \"soon\"}",
            422,
            "\"1h30m\", or \"room_empty\"",
        ),
        ("PUT", "/api/v1/points/pump", &[], "{\"value\": \"ON\", \"for\": \"room_empty\"}", 422, "pump is in no room"),
        ("PUT", "/api/v1/points/lamp", &[], &big, 413, "16384"),
        ("POST", "/api/v1/plan", &["content-type: text/plain"], "{}", 415, "application/json"),
        ("POST", "/api/v1/plan", &[json], "{\"name\": \"n\", \"text\": \"[hub]\"}", 422, "n:1"),
        ("GET", "/api/v1/points", &["host: evil.example"], "", 421, "http.names"),
        ("PUT", "/api/v1/points/lamp", &["host: evil.example"], "{\"value\": \"ON\"}", 421, "http.names"),
        ("PUT", "/api/v1/points/lamp", &["origin: http://evil.example"], "{\"value\": \"ON\"}", 403, "somebody else"),
        ("DELETE", "/api/v1/points/lamp", &["sec-fetch-site: same-site"], "", 403, "somebody else"),
        ("GET", "/api/v1/events", &["sec-fetch-site: cross-site"], "", 403, "somebody else"),
        (
            "PUT",
            "/api/v1/points/lamp",
            &["transfer-encoding: chunked"],
            "5\r\n{\"val\r\n0\r\n\r\n",
            411,
            "content-length",
        ),
    ];
    for (method, path, headers, body, status, said) in table {
        let answer = ask(port, method, path, headers, body);
        assert_eq!(answer.status, status, "{method} {path} {headers:?}: {answer:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{method} {path}");
        let problem = answer.json();
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().unwrap().contains(said), "{method} {path}: {problem}");
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
    assert_eq!(house.value("lamp"), "OFF");
    // The console shows the same words.
    let refused = house.console(&["set", "lamp", "blue"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("ON, OFF, TOGGLE or AUTO"));
    // And the socket has the same form.
    let mut stream = support::connect(&house.socket());
    stream.write_all(b"GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(Answer::of(&answer).json()["status"], 404);
}

#[test]
fn events_tell_all_then_changes_then_all_again_after_a_reload() {
    let (house, port) = up();
    let mut events = Events::open(port, "");
    let (name, id, data) = events.next();
    assert_eq!(name, "snapshot");
    assert_eq!(data["hub"], "hut");
    assert_eq!(data["points"], get(port, "/api/v1/points").json()["points"]);
    assert!(data["config_refused"].is_null() && data["time"].is_string());
    house.ask(&["set", "lamp", "on"]);
    let (name, changed, data) = events.next();
    assert_eq!(name, "changes");
    assert_ne!(id, changed);
    let points: Vec<&str> =
        data["points"].as_array().unwrap().iter().map(|point| point["id"].as_str().unwrap()).collect();
    assert_eq!(points, ["lamp"], "only what changed");

    // Whoever knows the last state is told nothing but what comes.
    let mut again = Events::open(port, &format!("last-event-id: {changed}\r\n"));
    let mut missed = Events::open(port, &format!("last-event-id: {id}\r\n"));
    let mut unknown = Events::open(port, "last-event-id: 1-1-1\r\n");
    assert_eq!(unknown.next().0, "snapshot");
    assert_eq!(again.next().0, "house");
    assert_eq!((missed.next().0, missed.next().0), ("house".into(), "changes".into()));
    house.ask(&["set", "pump", "on"]);
    let (name, _, data) = again.next();
    assert_eq!((name.as_str(), &data["points"][0]["id"]), ("changes", &"pump".into()));

    // A file that is refused, and one that is taken.
    let good = hut(port);
    fs::write(&house.config, good.replace("gpio = 17", "gpoi = 17")).unwrap();
    let refused = loop {
        let (name, _, data) = events.next();
        if name == "house" {
            break data;
        }
    };
    assert!(refused["config_refused"].as_str().unwrap().contains("gpoi"), "{refused}");
    fs::write(&house.config, good.replace("kind = \"light\"", "kind = \"light\"\nname = \"Ceiling\"")).unwrap();
    loop {
        let (name, _, data) = events.next();
        if name == "snapshot" {
            assert_eq!(data["points"][0]["name"], "Ceiling");
            assert!(data["config_refused"].is_null());
            break;
        }
    }
}

/// Such as of a hearthd that was asked on another port, or had users once.
#[test]
fn a_cookie_of_somebody_else_is_of_no_account_where_nobody_has_to_log_in() {
    let (house, port) = up();
    let mut events = Events::open(port, "cookie: hearthd=left-over\r\n");
    assert_eq!(events.next().0, "snapshot");
    house.ask(&["set", "lamp", "on"]);
    drop(events.until("lamp", "ON"));
}

#[test]
fn the_daemon_ends_with_streams_open() {
    let (mut house, port) = up();
    let mut events: Vec<Events> = (0..10).map(|_| Events::open(port, "")).collect();
    events.iter_mut().for_each(|events| drop(events.next()));
    house.ask(&["set", "lamp", "on"]);
    events.iter_mut().for_each(|events| drop(events.until("lamp", "ON")));
    assert!(house.stop());
    for mut stream in events {
        stream.lines.read_to_string(&mut String::new()).expect("it comes to an end");
    }
}

#[test]
fn a_hundred_readers_are_served_and_a_flood_is_held_off() {
    let (house, port) = up();
    let mut readers: Vec<Events> = (0..100).map(|_| Events::open(port, "")).collect();
    for reader in &mut readers {
        assert_eq!(reader.next().0, "snapshot");
    }
    house.ask(&["set", "lamp", "on"]);
    for reader in &mut readers {
        reader.until("lamp", "ON");
    }
    // More than there is room for: of all connections, and of readers.
    let flood: Vec<TcpStream> = (0..300)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            write!(stream, "GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
            stream
        })
        .collect();
    let refused = get(port, "/api/v1/events");
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.headers["retry-after"], "10");
    assert_eq!(get(port, "/api/v1/points").status, 200);
    house.ask(&["set", "lamp", "off"]);
    for reader in &mut readers {
        reader.until("lamp", "OFF");
    }
    drop((flood, readers));
    wait_until("there is room again", || get_events(port));
}

fn get_events(port: u16) -> bool {
    let mut stream = connect(port);
    write!(stream, "GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).is_ok_and(|_| line.contains("200"))
}

/// Who takes nothing is let go; meanwhile the others are served.
#[test]
fn slow_and_silent_connections_keep_nobody_out() {
    let (house, port) = up();
    let stalled: Vec<TcpStream> = (0..400)
        .map(|index| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let begun: &[u8] = match index % 4 {
                0 => b"",
                1 => b"GET /api/v1/poi",
                2 => b"PUT /api/v1/points/lamp HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{",
                _ => b"GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n",
            };
            let _ = stream.write_all(begun);
            stream
        })
        .collect();
    assert_eq!(get(port, "/api/v1/points").status, 200);
    assert!(house.ask(&["set", "lamp", "toggle"]).contains("lamp is"));
    drop(stalled);
}

/// Of a house in which so much happens that what is not taken fills all that the system keeps of a connection.
#[test]
fn a_reader_of_events_that_takes_nothing_is_let_go_and_no_other_is() {
    let port = free_port();
    let names: Vec<String> = (0..200).map(|n| format!("lamp_{n}")).collect();
    let lamp = |(n, name): (usize, &String)| format!("[outputs.{name}]\nkind = \"light\"\ngpio = \"gpiochip9/{n}\"\n");
    let lamps: String = names.iter().enumerate().map(lamp).collect();
    let all = format!("[outputs.all]\nkind = \"group\"\nmembers = {names:?}\n");
    let mut house = House::new(&(hut(port) + &lamps + &all));
    house.up(&[]);
    wait_until("HTTP is served", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    let mut good = Events::open(port, "");
    let mut idle = connect(port);
    write!(idle, "GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    idle.read_exact(&mut [0; 12]).unwrap();
    let client = idle.local_addr().unwrap().port();
    assert!(is_open(port, client), "it is a connection of the daemon");
    let reads = thread::spawn(move || good.until("pump", "ON"));
    wait_until("the idle one is let go", || {
        assert_eq!(ask(port, "PUT", "/api/v1/points/all", &[], r#"{"value": "TOGGLE"}"#).status, 200);
        !is_open(port, client)
    });
    assert_eq!(ask(port, "PUT", "/api/v1/points/pump", &[], r#"{"value": "ON"}"#).status, 200);
    reads.join().expect("the one that reads is told everything");
}

/// Whether the end at the daemon of a connection from that port is open, as the system tells.
fn is_open(port: u16, client: u16) -> bool {
    const ESTABLISHED: &str = "01";
    let end = |port: u16| format!("0100007F:{port:04X}");
    let wanted = [end(port), end(client), ESTABLISHED.to_owned()];
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().any(|line| line.split_whitespace().skip(1).take(3).eq(&wanted))
}

#[test]
fn a_body_and_a_head_have_limits() {
    let (_house, port) = up();
    let huge = "x".repeat(10 << 20);
    let answer = ask(port, "PUT", "/api/v1/points/lamp", &[], &huge);
    assert!(matches!(answer.status, 413 | 0), "{answer:?}");
    let answer = ask(port, "GET", "/", &[&format!("x-long: {}", &huge[..100_000])], "");
    assert!(matches!(answer.status, 431 | 0), "{answer:?}");
    let many = "GET / HTTP/1.1\r\nhost: localhost\r\n".to_owned() + &"a: b\r\n".repeat(200) + "\r\n";
    assert!(exchange(port, many.as_bytes()).starts_with("HTTP/1.1 431"));
    assert_eq!(get(port, "/api/v1/points").status, 200);
}

/// Two lengths, or a length and chunks: one request, refused, and nothing after it is taken for another.
#[test]
fn no_request_is_smuggled_in_another() {
    let (house, port) = up();
    let inner = "PUT /api/v1/points/lamp HTTP/1.1\r\nhost: localhost\r\ncontent-length: 15\r\n\r\n{\"value\": \"ON\"}";
    let outer = "PUT /api/v1/points/pump HTTP/1.1\r\nhost: localhost\r\n";
    for lengths in [
        format!("content-length: 0\r\ncontent-length: {}\r\n\r\n{inner}", inner.len()),
        format!("content-length: {}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{inner}", inner.len()),
        format!("transfer-encoding: chunked\r\ncontent-length: {}\r\n\r\n0\r\n\r\n{inner}", inner.len()),
        format!("transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{inner}"),
        format!("transfer-encoding : chunked\r\n\r\n0\r\n\r\n{inner}"),
        format!("content-length: +0\r\n\r\n{inner}"),
    ] {
        let answer = exchange(port, format!("{outer}{lengths}").as_bytes());
        assert!(answer.starts_with("HTTP/1.1 4"), "{lengths}\n{answer}");
        assert_eq!(house.value("lamp"), "OFF", "{lengths}\n{answer}");
    }
}

#[test]
fn without_the_table_nothing_listens_and_a_reload_moves_it() {
    let (port, other) = (free_port(), free_port());
    let without = hut(port).replace(&format!("[http]\nlisten = \"127.0.0.1:{port}\"\n"), "");
    let mut house = House::new(&without);
    house.up(&[]);
    assert!(!house.log().contains("HTTP at"));
    for port in [port, other] {
        fs::write(&house.config, hut(port)).unwrap();
        wait_until("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        assert_eq!(get(port, "/healthz").status, 200);
    }
    wait_until("the first is let go", || TcpStream::connect(("127.0.0.1", port)).is_err());
    fs::write(&house.config, &without).unwrap();
    wait_until("nothing listens", || TcpStream::connect(("127.0.0.1", other)).is_err());
}

/// The house does not depend on it, and it is served as soon as it can be.
#[test]
fn a_port_that_is_taken_is_waited_for() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut house = House::new(&hut(port));
    house.up(&[]);
    house.wait_for_log("another program has this port");
    assert!(house.ask(&["set", "lamp", "on"]).contains("lamp is"));
    drop(taken);
    wait_until("it is served", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok() && get(port, "/api/v1/points").status == 200
    });
}

/// What `hearthd http hash` makes of a secret.
const ACCESS: &str = "[http.users.anna]\nscope = \"configure\"\nhash_file = \"anna.hash\"\n\
    [http.tokens.panel]\nhash_file = \"panel.hash\"\n[http.tokens.phone]\nscope = \"control\"\nhash_file = \"phone.hash\"\n";

/// A house with Anna, whose password is `correct horse`, a panel that may read, and a phone that may command. It listens at this
/// address; there is more in `[http]`.
fn guarded(address: &str, more: &str) -> (House, u16) {
    let port = free_port();
    let [usual, listen] = ["127.0.0.1", address].map(|address| format!("listen = \"{address}:{port}\"\n"));
    let mut house = House::new(&(hut(port).replace(&usual, &format!("{listen}{more}")) + ACCESS));
    for (name, secret) in [("anna", "correct horse"), ("panel", "panel token"), ("phone", "phone token")] {
        fs::write(house.folder.path().join(format!("{name}.hash")), hash(secret)).unwrap();
    }
    house.up(&[]);
    wait_until("HTTP is served", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    (house, port)
}

const JSON: &str = "content-type: application/json";

fn log_in(port: u16, user: &str, password: &str) -> Answer {
    let body = serde_json::json!({ "user": user, "password": password }).to_string();
    ask(port, "POST", "/api/v1/login", &[JSON], &body)
}

/// The line that a browser sends for the cookie that it was given.
fn cookie_of(answer: &Answer) -> String {
    format!("cookie: {}", answer.headers["set-cookie"].split(';').next().unwrap())
}

/// Who may do what: each request, by each of them.
#[test]
fn each_may_do_what_their_scope_says() {
    let (house, port) = guarded("127.0.0.1", "proxies = [\"127.0.0.1\"]\n");
    let over = cookie_of(&log_in(port, "anna", "correct horse"));
    assert_eq!(ask(port, "POST", "/api/v1/logout", &[&over, JSON], "").status, 204);
    let anna = log_in(port, "anna", "correct horse");
    assert_eq!((anna.status, &anna.json()["scope"]), (200, &"configure".into()));
    let cookie = &anna.headers["set-cookie"];
    for part in ["HttpOnly", "SameSite=Strict", "Max-Age=2592000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let anna = cookie_of(&anna);
    let forged = anna.replace(|c: char| c.is_ascii_digit(), "0");
    let (panel, phone) = ("authorization: Bearer panel token", "authorization: bearer phone token");
    let on = "{\"value\": \"ON\"}";
    let plan = "{\"name\": \"n\", \"text\": \"[hub]\\nid = \\\"n\\\"\\n\"}";
    let wrong = "authorization: Bearer panel tokem";
    let callers: [&[&str]; 8] =
        [&[], &["authorization: Basic eDp5"], &[wrong], &[&forged], &[&over], &[panel], &[phone], &[&anna]];
    let table: [(&str, &str, &str, [u16; 8]); 16] = [
        ("GET", "/api/v1/points", "", [401, 401, 401, 401, 401, 200, 200, 200]),
        ("GET", "/api/v1/points/lamp", "", [401, 401, 401, 401, 401, 200, 200, 200]),
        ("GET", "/api/v1/points/lmp", "", [401, 401, 401, 401, 401, 404, 404, 404]),
        ("GET", "/api/v1/why/lamp", "", [401, 401, 401, 401, 401, 200, 200, 200]),
        ("GET", "/api/v1/outlook", "", [401, 401, 401, 401, 401, 200, 200, 200]),
        ("GET", "/api/v1/hub", "", [401, 401, 401, 401, 401, 200, 200, 200]),
        ("GET", "/api/v1/rules", "", [401, 401, 401, 401, 401, 200, 200, 200]),
        // This house keeps no history: who may ask is told so.
        ("GET", "/api/v1/history/lamp", "", [401, 401, 401, 401, 401, 404, 404, 404]),
        ("GET", "/api/v1/report", "", [401, 401, 401, 401, 401, 404, 404, 404]),
        ("GET", "/api/v1/report.html", "", [401, 401, 401, 401, 401, 404, 404, 404]),
        ("GET", "/api/v1/session", "", [401, 401, 401, 401, 401, 200, 200, 200]),
        ("PUT", "/api/v1/points/lamp", on, [401, 401, 401, 401, 401, 403, 200, 200]),
        ("DELETE", "/api/v1/points/lamp", "", [401, 401, 401, 401, 401, 403, 200, 200]),
        ("POST", "/api/v1/plan", plan, [401, 401, 401, 401, 401, 403, 403, 200]),
        ("GET", "/healthz", "", [200, 200, 200, 200, 200, 200, 200, 200]),
        ("GET", "/nothing", "", [404, 404, 404, 404, 404, 404, 404, 404]),
    ];
    for (row, (method, path, body, statuses)) in table.into_iter().enumerate() {
        // Whoever is wrong too often is held off: each row is asked from elsewhere.
        let from = format!("x-forwarded-for: 10.0.0.{row}");
        for (caller, status) in callers.iter().zip(statuses) {
            let headers: Vec<&str> = caller.iter().copied().chain([JSON, &from]).collect();
            let answer = ask(port, method, path, &headers, body);
            assert_eq!(answer.status, status, "{method} {path} by {caller:?}: {answer:?}");
            if status == 401 {
                assert_eq!(answer.headers["www-authenticate"], "Bearer");
            }
            // A cookie does not help a page of somebody else.
            let foreign: Vec<&str> = headers.iter().copied().chain(["origin: http://evil.example"]).collect();
            assert_eq!(ask(port, method, path, &foreign, body).status, 403, "{method} {path} by {caller:?}");
        }
    }
    assert_eq!(ask(port, "GET", "/api/v1/events", &[], "").status, 401);
    let mut events = Events::open(port, &format!("{anna}\r\n"));
    assert_eq!(events.next().0, "snapshot");
    ask(port, "PUT", "/api/v1/points/lamp", &[&anna], on);
    assert!(house.ask(&["why", "lamp"]).contains("anna (HTTP)"));
    // The socket asks for nothing.
    assert!(house.ask(&["set", "lamp", "off"]).contains("lamp is"));
    let gone = ask(port, "POST", "/api/v1/logout", &[&anna, JSON], "");
    assert_eq!(gone.status, 204);
    assert!(gone.headers["set-cookie"].contains("Max-Age=0"));
    assert_eq!(ask(port, "GET", "/api/v1/points", &[&anna], "").status, 401);
    let log = house.log();
    assert!(log.contains("anna logged in from 127.0.0.1"), "{log}");
    for secret in ["correct horse", "panel token", "phone token", "$argon2id"] {
        assert!(!log.contains(secret), "{secret}");
    }
}

/// What a house is edited by: a request with all that it needs.
struct Desk {
    port: u16,
    who: String,
}

impl Desk {
    /// Anna at the house on this port.
    fn of(port: u16) -> Desk {
        Desk { port, who: cookie_of(&log_in(port, "anna", "correct horse")) }
    }

    fn ask(&self, method: &str, path: &str, more: &[&str], body: &Value) -> Answer {
        let headers: Vec<&str> = [&*self.who, JSON].into_iter().chain(more.iter().copied()).collect();
        ask(self.port, method, path, &headers, &body.to_string())
    }

    fn get(&self, path: &str) -> Answer {
        ask(self.port, "GET", path, &[&self.who], "")
    }

    /// The text of the file as it is shown, and the line that names it.
    fn read(&self) -> (String, String) {
        let answer = self.get("/api/v1/config");
        let text = answer.json()["text"].as_str().unwrap().to_owned();
        assert_eq!(answer.headers["etag"], format!("{}", answer.json()["version"]));
        (text, format!("if-match: {}", answer.headers["etag"]))
    }

    fn put(&self, mark: &str, text: &str) -> Answer {
        self.ask("PUT", "/api/v1/config", &[mark], &serde_json::json!({ "text": text }))
    }
}

/// Who may edit the file: each request, by each of them, where it is allowed and where it is not.
#[test]
fn the_file_is_edited_only_by_those_who_may_and_where_it_is_allowed() {
    let text = "{\"text\": \"[hub]\"}";
    let any = "if-match: *";
    let table = [
        ("GET", "/api/v1/config", "", 200),
        ("PUT", "/api/v1/config", text, 422),
        ("POST", "/api/v1/config/check", text, 200),
        ("POST", "/api/v1/simulate", text, 422),
        ("GET", "/api/v1/config/versions", "", 200),
        ("GET", "/api/v1/config/versions/1", "", 404),
        ("PUT", "/api/v1/config/versions/x", "", 404),
    ];
    for (more, is_on) in [("", false), ("configure = true\n", true)] {
        let (house, port) = guarded("127.0.0.1", more);
        let before = fs::read_to_string(&house.config).unwrap();
        let anna = cookie_of(&log_in(port, "anna", "correct horse"));
        let session = ask(port, "GET", "/api/v1/session", &[&anna], "").json();
        assert_eq!(session["edits"], is_on);
        let callers = [
            ("", 401),
            ("authorization: Bearer panel token", 403),
            ("authorization: Bearer phone token", 403),
            (&*anna, 200),
        ];
        for (method, path, body, good) in table {
            for (caller, status) in callers {
                let headers: Vec<&str> = [caller, JSON, any].into_iter().filter(|line| !line.is_empty()).collect();
                let answer = ask(port, method, path, &headers, body);
                let expected = match status {
                    200 if is_on => good,
                    200 => 403,
                    other => other,
                };
                assert_eq!(answer.status, expected, "{method} {path} by {caller:?}: {answer:?}");
                if status == 200 && !is_on && !path.ends_with('x') {
                    assert!(answer.body.contains("configure = true"), "{answer:?}");
                }
                let foreign: Vec<&str> = headers.iter().copied().chain(["origin: http://evil.example"]).collect();
                assert_eq!(ask(port, method, path, &foreign, body).status, 403, "{method} {path} from elsewhere");
            }
        }
        assert_eq!(fs::read_to_string(&house.config).unwrap(), before);
    }
}

/// From the first look at the file to its return, and what of each step the house has.
#[test]
fn a_file_is_checked_tried_applied_and_brought_back() {
    use std::os::unix::fs::PermissionsExt;
    let (house, port) = guarded("127.0.0.1", "configure = true\n");
    let first = fs::read_to_string(&house.config).unwrap();
    fs::set_permissions(&house.config, fs::Permissions::from_mode(0o640)).unwrap();
    let desk = Desk::of(port);
    let (text, mark) = desk.read();
    assert_eq!(text, first);

    let check = |text: &str| desk.ask("POST", "/api/v1/config/check", &[], &serde_json::json!({ "text": text })).json();
    assert_eq!(check(&text), serde_json::json!({ "good": true, "diagnostics": [] }));
    let wrong = check(&text.replace("gpio = 18", "gpio = 17"));
    let told = &wrong["diagnostics"][0];
    assert_eq!(
        (&wrong["good"], &told["severity"], &told["key"]),
        (&false.into(), &"error".into(), &"outputs.pump.gpio".into())
    );
    let line = text.lines().position(|line| line == "gpio = 18").unwrap() + 1;
    assert_eq!((&told["line"], &told["column"]), (&line.into(), &8.into()), "{wrong}");

    let edited = text.replace("[outputs.pump]\n", "[outputs.pump]\ndefault = \"on\"\n");
    let plan = desk.ask("POST", "/api/v1/plan", &[], &serde_json::json!({ "name": "page", "text": edited })).json();
    assert_eq!(plan["moves"][0]["output"], "pump", "{plan}");
    let trial = serde_json::json!({ "text": edited, "from": "2026-11-30", "for": "1d" });
    let day = desk.ask("POST", "/api/v1/simulate", &[], &trial).json();
    let on = |side: &str| {
        day[side]["outputs"].as_array().unwrap().iter().find(|one| one["id"] == "pump").unwrap()["on_s"].clone()
    };
    assert_eq!((on("edited"), on("running")), (86_400.into(), 0.into()), "{day}");
    assert_eq!(house.value("pump"), "OFF");

    // What is wrong changes nothing, nor what is no change of this file.
    assert_eq!(desk.put(&mark, &text.replace("gpio = 18", "gpio = 17")).status, 422);
    assert_eq!(desk.put("if-match: \"0123\"", &edited).status, 412);
    let unsaid = desk.ask("PUT", "/api/v1/config", &[], &serde_json::json!({ "text": edited }));
    assert_eq!(unsaid.status, 428, "{unsaid:?}");
    assert_eq!((fs::read_to_string(&house.config).unwrap(), house.value("pump")), (first.clone(), "OFF".to_owned()));

    let applied = desk.put(&mark, &edited);
    assert_eq!((applied.status, &applied.json()["restart"]), (200, &Value::Null), "{applied:?}");
    // The answer comes when it is in force.
    wait_until("the pump is on", || house.value("pump") == "ON");
    assert_eq!(fs::read_to_string(&house.config).unwrap(), edited);
    assert_eq!(fs::metadata(&house.config).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(desk.put(&mark, &text).status, 412, "that was another file");

    let versions = desk.get("/api/v1/config/versions").json();
    let version = &versions[0];
    assert_eq!(
        (&version["by"], &version["added"], &version["removed"]),
        (&"anna".into(), &1.into(), &0.into()),
        "{versions}"
    );
    let path = format!("/api/v1/config/versions/{}", version["id"]);
    assert_eq!(desk.get(&path).json()["text"], first);
    let mark = format!("if-match: {}", applied.headers["etag"]);
    let back = desk.ask("PUT", &path, &[&mark], &Value::Null);
    assert_eq!(back.status, 200, "{back:?}");
    wait_until("the pump is off", || house.value("pump") == "OFF");
    assert_eq!(fs::read_to_string(&house.config).unwrap(), first);
    assert_eq!(desk.get("/api/v1/config/versions").json().as_array().unwrap().len(), 2);

    // Somebody with an editor, and what takes effect only with a restart.
    let (text, mark) = desk.read();
    fs::write(&house.config, format!("{first}# by hand\n")).unwrap();
    assert_eq!(desk.put(&mark, &text).status, 412);
    let (text, mark) = desk.read();
    let other = desk.put(&mark, &text.replace("[hub]\n", "[hub]\nclock = \"always\"\n"));
    assert_eq!(other.status, 200, "{other:?}");
    assert!(other.json()["restart"].as_str().unwrap().contains("systemctl restart"), "{other:?}");
    assert!(house.log().contains("anna (HTTP) changed the configuration file"));
}

/// A password of the file is shown to nobody, and stays where it is.
#[test]
fn a_password_of_the_file_stays_in_it() {
    let secret = "[mqtt]\nurl = \"mqtt://127.0.0.1:1\"\nusername = \"me\"\npassword = \"open sesame\"\n";
    let port = free_port();
    let listen = format!("listen = \"127.0.0.1:{port}\"\n");
    let mut house = House::new(&(hut(port).replace(&listen, &format!("{listen}configure = true\n")) + ACCESS + secret));
    for name in ["anna", "panel", "phone"] {
        fs::write(house.folder.path().join(format!("{name}.hash")), hash("correct horse")).unwrap();
    }
    house.up(&[]);
    wait_until("HTTP is served", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    let desk = Desk::of(port);
    let (text, mark) = desk.read();
    assert!(!text.contains("sesame") && text.contains("password = ‹hidden 1›"), "{text}");
    let check = |text: &str| desk.ask("POST", "/api/v1/config/check", &[], &serde_json::json!({ "text": text })).json();
    assert_eq!(check(&text)["good"], true, "{}", check(&text));
    // It counts for nothing else.
    let told = check(&text.replace("username = \"me\"", "username = ‹hidden 1›"));
    assert_eq!((&told["good"], &told["diagnostics"][0]["severity"]), (&false.into(), &"error".into()), "{told}");
    assert!(!told.to_string().contains("sesame"), "{told}");
    let applied = desk.put(&mark, &text.replace("username = \"me\"", "username = \"you\""));
    assert_eq!(applied.status, 200, "{applied:?}");
    let written = fs::read_to_string(&house.config).unwrap();
    assert!(written.contains("password = \"open sesame\"") && written.contains("\"you\""), "{written}");
    let version = desk.get("/api/v1/config/versions/1");
    assert!(version.status == 200 && !version.body.contains("sesame"), "{version:?}");
}

/// The limiter answers before anything is hashed, and those who are in stay in.
#[test]
fn ten_thousand_wrong_passwords_are_held_off() {
    let (house, port) = guarded("127.0.0.1", "");
    let anna = cookie_of(&log_in(port, "anna", "correct horse"));
    let panel = "authorization: Bearer panel token";
    assert_eq!(ask(port, "GET", "/api/v1/points", &[panel], "").status, 200);
    let (mut wrong, mut held_off) = (0, 0);
    let mut stream = BufReader::new(connect(port));
    for n in 0..10_000 {
        let body = format!("{{\"user\": \"{}\", \"password\": \"{n}\"}}", if n % 2 == 0 { "anna" } else { "nobody" });
        let head = format!("host: localhost\r\n{JSON}\r\ncontent-length: {}\r\n\r\n", body.len());
        // In one piece: several small ones would wait for each other.
        stream.get_mut().write_all(format!("POST /api/v1/login HTTP/1.1\r\n{head}{body}").as_bytes()).unwrap();
        let (mut length, mut line) = (0, String::new());
        stream.read_line(&mut line).unwrap();
        match &line[9..12] {
            "401" => wrong += 1,
            "429" => held_off += 1,
            other => panic!("{other}"),
        }
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line).unwrap();
            length = line.strip_prefix("content-length: ").map_or(length, |text| text.trim().parse().unwrap());
        }
        stream.read_exact(&mut vec![0; length]).unwrap();
    }
    // One more every ten seconds.
    assert!((5..100).contains(&wrong) && held_off > 9_000, "{wrong} {held_off}");
    let hold_off = || while log_in(port, "anna", "wrong").status != 429 {};
    hold_off();
    let refused = log_in(port, "anna", "correct horse");
    assert_eq!(refused.status, 429);
    assert!(refused.headers["retry-after"].parse::<u64>().unwrap() <= 10);
    hold_off();
    assert_eq!(ask(port, "GET", "/api/v1/points", &["authorization: Bearer wrong"], "").status, 429);
    assert_eq!(ask(port, "GET", "/api/v1/points", &[&anna], "").status, 200);
    assert_eq!(ask(port, "GET", "/api/v1/points", &[panel], "").status, 200);
    let log = house.log();
    assert!(log.contains("a wrong password for anna from 127.0.0.1") && log.contains("held off"), "{log}");
    assert!(log.lines().count() < 300, "the log is no way to fill a disk");
}

#[test]
fn tls_hides_all_and_cookies_stay_on_it() {
    use rcgen::{CertificateParams, KeyPair};
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let port = free_port();
    let tls = format!("listen = \"0.0.0.0:{port}\"\ncert_file = \"hut.crt\"\nkey_file = \"hut.key\"\n");
    let text = hut(port).replace(&format!("listen = \"127.0.0.1:{port}\"\n"), &tls) + ACCESS;
    let mut house = House::new(&text);
    let file = |name: &str| house.folder.path().join(name);
    fs::write(file("hut.crt"), certificate.pem()).unwrap();
    fs::write(file("hut.key"), key.serialize_pem()).unwrap();
    for name in ["anna", "panel", "phone"] {
        fs::write(file(&format!("{name}.hash")), hash("correct horse")).unwrap();
    }
    let ca = file("hut.crt");
    house.up(&[]);
    house.wait_for_log("HTTP at https://0.0.0.0:");
    let curl = |more: &[&str], path: &str| {
        let url = format!("https://localhost:{port}{path}");
        let mut command = Command::new("curl");
        command.args(["-s", "-i", "--max-time", "60", "--cacert"]).arg(&ca).args(more).arg(url);
        Answer::of(
            &String::from_utf8_lossy(&command.output().expect("curl is needed").stdout)
                .replace("\r\n", "\n")
                .replace('\n', "\r\n"),
        )
    };
    assert_eq!(curl(&[], "/healthz").status, 200);
    assert_eq!(curl(&[], "/api/v1/points").status, 401);
    let body = "{\"user\": \"anna\", \"password\": \"correct horse\"}";
    let anna = curl(&["-H", JSON, "-d", body], "/api/v1/login");
    assert_eq!(anna.status, 200, "{anna:?}");
    assert!(anna.headers["set-cookie"].contains("; Secure"), "{anna:?}");
    // In the clear nothing is told but that, and nobody is kept out by those who try.
    let silent: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    for request in ["GET /healthz", "PUT /api/v1/points/lamp", "PRI *", "OPTIONS /secret%20path"] {
        let body = "x".repeat(if request.starts_with("PUT") { 20_000 } else { 0 });
        let length = body.len();
        let plain = format!("{request} HTTP/1.1\r\nhost: evil.example\r\ncontent-length: {length}\r\n\r\n{body}");
        assert_speaks_tls(&exchange(port, plain.as_bytes()));
    }
    for no_request in [&b""[..], b"\n", b"\x16\x03\x01\x00\x05hello", b"get / HTTP/1.1\r\n\r\n", &[0; 500]] {
        let mut stream = connect(port);
        stream.write_all(no_request).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!String::from_utf8_lossy(&answer).contains("HTTP"), "{no_request:?}: {answer:?}");
    }
    assert_eq!(curl(&[], "/healthz").status, 200);
    drop(silent);
}

/// That and nothing else is said to who speaks plain HTTP: neither what was asked nor anything of the house.
fn assert_speaks_tls(answer: &str) {
    let answer = Answer::of(answer);
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(answer.body, "This port speaks TLS: ask for https:// instead of http://.\n");
    let headers: Vec<&str> = answer.headers.keys().map(String::as_str).collect();
    assert_eq!(headers, ["connection", "content-length", "content-type"]);
}

/// In a network that is trusted by name there is no TLS; who comes in has to say who they are all the same.
#[test]
fn without_tls_everybody_on_the_network_still_logs_in() {
    let (house, port) = guarded("0.0.0.0", "allow_plaintext = true\nmdns_name = \"\"\n");
    house.wait_for_log("HTTP at http://0.0.0.0:");
    assert_eq!(get(port, "/healthz").status, 200);
    assert_eq!(get(port, "/api/v1/points").status, 401);
    let on = "{\"value\": \"ON\"}";
    let put = |headers: &[&str]| ask(port, "PUT", "/api/v1/points/lamp", headers, on).status;
    assert_eq!((put(&[]), put(&["authorization: Bearer panel token"])), (401, 403));
    assert_eq!(house.value("lamp"), "OFF");
    let anna = log_in(port, "anna", "correct horse");
    assert!(!anna.headers["set-cookie"].contains("Secure"), "a browser would not send it back: {anna:?}");
    let anna = cookie_of(&anna);
    assert_eq!(put(&[&anna, "host: evil.example"]), 421);
    assert_eq!(put(&[&anna, &format!("host: 127.0.0.1:{port}")]), 200);
    assert_eq!(house.value("lamp"), "ON");
}

/// On the network without a certificate: hearthd makes one, once, and says by what it is known.
#[test]
fn nothing_goes_over_the_network_in_the_clear() {
    let (mut house, port) = (House::new(""), free_port());
    let text = hut(port).replace("127.0.0.1", "0.0.0.0") + ACCESS;
    fs::write(&house.config, &text).unwrap();
    for name in ["anna", "panel", "phone"] {
        fs::write(house.folder.path().join(format!("{name}.hash")), hash("correct horse")).unwrap();
    }
    let fingerprint = |house: &House| {
        house.wait_for_log("SHA-256 fingerprint is ");
        house.log().rsplit_once("SHA-256 fingerprint is ").unwrap().1.lines().next().unwrap().to_owned()
    };
    let ca = house.folder.path().join("state/http.crt");
    let asks = |name: &str| {
        let url = format!("https://{name}:{port}/healthz");
        let here = format!("{name}:{port}:127.0.0.1");
        let mut curl = Command::new("curl");
        curl.args(["-s", "--max-time", "60", "--resolve", &here, "--cacert"]).arg(&ca).arg(url);
        String::from_utf8(curl.output().unwrap().stdout).unwrap()
    };
    house.up(&[]);
    let first = fingerprint(&house);
    assert!(asks("localhost").contains("\"status\":\"ok\""), "{}", asks("localhost"));
    assert_speaks_tls(&exchange(port, b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    assert!(house.stop());
    house.up(&[]);
    assert_eq!(fingerprint(&house), first, "it is the same after a restart");
    // Another name: another certificate, of the same key.
    fs::write(&house.config, text.replace("[http]\n", "[http]\nnames = [\"hearth.local\"]\n")).unwrap();
    wait_until("another one is shown", || fingerprint(&house) != first);
    wait_until("it is served", || asks("hearth.local").contains("\"status\":\"ok\""));
}

/// Files that do not hold what they should are refused with their names, and without what is in them.
#[test]
fn files_of_access_are_checked() {
    let port = free_port();
    let listen = format!("listen = \"127.0.0.1:{port}\"\n");
    let certs = format!("{listen}cert_file = \"a.crt\"\nkey_file = \"a.key\"\n");
    let house = House::new(&(hut(port).replace(&listen, &certs) + ACCESS));
    let check = || String::from_utf8_lossy(&house.console(&["check"]).stderr).into_owned();
    let missing = check();
    for name in ["anna.hash", "panel.hash", "phone.hash", "a.crt", "a.key"] {
        assert!(missing.contains(&format!("{name}: there is no such file")), "{missing}");
    }
    fs::write(house.folder.path().join("anna.hash"), "hunter2hunter2\n").unwrap();
    let plain = check();
    assert!(
        plain.contains("\"anna.hash\" does not hold a hash by Argon2id") && plain.contains("hearthd http hash"),
        "{plain}"
    );
    assert!(!plain.contains("hunter2"), "{plain}");

    let pairs = [0, 1].map(|_| {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    });
    let [(cert, key), (_, other)] = &pairs;
    fs::write(house.folder.path().join("a.crt"), cert).unwrap();
    for (key, fits) in [(other, false), (key, true)] {
        fs::write(house.folder.path().join("a.key"), key).unwrap();
        let said = check();
        assert_eq!(!said.contains("a.key is not the key of the certificate"), fits, "{said}");
    }
}

#[test]
fn hashes_are_made_of_what_is_long_enough() {
    let hash = |input: &str, more: &[&str]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hearthd"))
            .args(["http", "hash"])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap())
    };
    for (input, said) in
        [("short\n", "8 characters"), ("two lines\nof it", "more than one line"), (&"x".repeat(300), "256 bytes")]
    {
        let [hash, complaint] = hash(input, &[]);
        assert!(hash.is_empty() && complaint.contains(said), "{input}: {hash}{complaint}");
    }
    let [hashed, token] = hash("", &["--new"]);
    assert!(hashed.starts_with("$argon2id$") && token.trim().len() == 64, "{hashed}{token}");
}

/// How it is, as long as all is well and when something is not.
#[test]
fn health_tells_the_truth() {
    let (house, port) = up();
    let health = get(port, "/healthz");
    assert_eq!((health.status, &health.json()["status"]), (200, &"ok".into()), "{health:?}");
    assert!(health.json()["checks"]["broker"].is_null());
    fs::write(&house.config, hut(port).replace("gpio = 17", "gpoi = 17")).unwrap();
    wait_until("it is degraded", || get(port, "/healthz").json()["status"] == "degraded");
    fs::write(&house.config, hut(port) + "[mqtt]\nurl = \"mqtt://127.0.0.1:1\"\n").unwrap();
    wait_until("the broker is away", || get(port, "/healthz").json()["checks"]["broker"] == false);
    assert_eq!(get(port, "/healthz").status, 200);
}

/// Line by line as Prometheus reads its text format.
#[test]
fn metrics_are_what_prometheus_reads() {
    let (house, port) = up();
    house.ask(&["set", "lamp", "on"]);
    let answer = get(port, "/metrics");
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let (mut samples, mut family, mut seen) = (BTreeMap::new(), String::new(), Vec::new());
    for line in answer.body.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().unwrap().to_owned();
            assert!(!seen.contains(&family), "{family} comes twice");
            assert!(
                family.starts_with("hearthd_") && family.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{family}"
            );
            seen.push(family.clone());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let kind = kind.strip_prefix(&format!("{family} ")).expect(line);
            assert_eq!(kind == "counter", family.ends_with("_total"), "{line}");
            assert!(matches!(kind, "counter" | "gauge"), "{line}");
        } else {
            let (name, value) = line.rsplit_once(' ').expect(line);
            assert!(value.parse::<f64>().unwrap().is_finite(), "{line}");
            let rest = name.strip_prefix(&family).expect(line);
            assert!(rest.is_empty() || rest.starts_with('{') && rest.ends_with("\"}"), "{line}");
            assert!(samples.insert(name.to_owned(), value.to_owned()).is_none(), "{line} comes twice");
        }
    }
    for (name, value) in [
        ("hearthd_output_on{point=\"lamp\",room=\"hall\"}", "1"),
        ("hearthd_output_on{point=\"pump\"}", "0"),
        ("hearthd_output_cycles_total{point=\"lamp\",room=\"hall\"}", "1"),
        ("hearthd_healthy", "1"),
        ("hearthd_point_good{point=\"pump\"}", "1"),
    ] {
        assert_eq!(samples.get(name).map(String::as_str), Some(value), "{name} in {}", answer.body);
    }
    assert!(!samples.contains_key("hearthd_broker_connected"));
}

/// Prometheus's own parser, and its advice about names, with a point of every kind and a number in every unit.
#[test]
fn promtool_finds_no_fault_with_the_metrics() {
    let (broker, port) = (Broker::start(), free_port());
    let own = |(name, unit): (&str, &str)| format!("{name} = {{ pointer = \"/{name}\", unit = \"{unit}\" }}");
    let quantities =
        [("fan", "rpm"), ("gusts", "/min"), ("wind", "m/s"), ("noise", "dB"), ("ph", "")].map(own).join(", ");
    let more = format!("[sensors.mast]\nmqtt = \"mast\"\nquantities = {{ flow = \"/flow\", {quantities} }}\n");
    let full = include_str!("homeassistant/house.toml").replace("HTTP_PORT", &port.to_string());
    let mut house = House::new(&(full.replace("MQTT_PORT", &broker.port.to_string()) + &more));
    house.up(&[]);
    let watcher = Watcher::start(broker.port, "hearthd/full/#");
    let units = "celsius ratio pascals lux parts_per_million parts_per_billion grams_per_cubic_metre index ohms volts amperes \
                 watts revolutions_per_minute joules_total cubic_metres_total cubic_metres_per_second per_minute own_unit";
    let mut text = String::new();
    wait_until("there is a number in each unit", || {
        // It is not retained: before the daemon listens, nobody hears it.
        watcher.publish("mast", r#"{"fan": 900, "flow": 3, "gusts": 2, "wind": 7.5, "noise": 40, "ph": 7}"#);
        text = get(port, "/metrics").body;
        units.split_whitespace().all(|unit| text.contains(&format!("\nhearthd_reading_{unit}{{")))
    });
    for name in [
        "reading_own_unit{point=\"mast.wind\",unit=\"m/s\"} 7.5\n",
        "climate_celsius",
        "power_watts",
        "output_level_ratio",
        "room_on",
        "broker_connected",
        "setting_seconds",
    ] {
        assert!(text.contains(&format!("\nhearthd_{name}")), "no {name} in {text}");
    }
    let mut promtool = Command::new(unpacked("bin/promtool"));
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut judged = |text: &str| {
        let mut promtool = promtool.spawn().unwrap();
        promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = promtool.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    assert_eq!(judged(&text), (Some(0), String::new()), "{text}");
    // It does look.
    assert_eq!(judged(&text.replace("_total", "_sum")).0, Some(3));
    assert_eq!(judged(&text.replace('"', "'")).0, Some(1));
}

/// Ended with the test.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The page is sent compressed to who takes that, and is the same for who does not; a browser that has it gets neither.
#[test]
fn the_page_is_sent_compressed_once() {
    let (mut house, port) = up();
    let folder = house.folder.path();
    let curl = |path: &str, name: &str, more: &[&str]| {
        let mut curl = Command::new("curl");
        curl.args(["-s", "--fail", "--max-time", "60", "-D", "-", "-o"]).arg(folder.join(name)).args(more);
        let output = curl.arg(format!("http://127.0.0.1:{port}{path}")).output().expect("curl is needed");
        Answer::of(&String::from_utf8(output.stdout).unwrap())
    };
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    for path in ["/", "/app.js", "/page.css", "/words/de.json", "/icon.svg"] {
        let plain = curl(path, "plain", &[]);
        assert_eq!((plain.status, plain.headers.get("content-encoding")), (200, None), "{path}");
        let packed = curl(path, "packed", &["-H", "accept-encoding: br, gzip"]);
        assert_eq!(
            (packed.status, &*packed.headers["content-encoding"], &*packed.headers["vary"]),
            (200, "gzip", "accept-encoding")
        );
        assert!(read("packed").len() < read("plain").len(), "{path}");
        // curl unpacks it by another library.
        curl(path, "unpacked", &["--compressed"]);
        assert_eq!(read("unpacked"), read("plain"), "{path}");
        let mark = &packed.headers["etag"];
        assert_ne!(mark, &plain.headers["etag"], "they are two forms of it");
        let again = curl(path, "again", &["-H", "accept-encoding: gzip", "-H", &format!("if-none-match: {mark}")]);
        assert_eq!(again.status, 304, "{path}");
    }
    // What is compressed already stays so, and what tells of the house is not: its length could tell secrets.
    for path in ["/icon-512.png", "/api/v1/points"] {
        let answer = curl(path, "plain", &["-H", "accept-encoding: gzip"]);
        assert_eq!((answer.status, answer.headers.get("content-encoding")), (200, None), "{path}");
    }
    assert!(house.stop());
}

#[test]
fn a_demo_says_where_its_page_is_and_has_a_past_to_show() {
    let port = free_port();
    let house = House::new(&hut(port));
    let mut command = Command::new(env!("CARGO_BIN_EXE_hearthd"));
    command.arg("--config").arg(&house.config).args(["demo", "--plain", "--days", "60"]).stdout(Stdio::piped());
    let mut demo = Demo(command.spawn().unwrap());
    let mut told = BufReader::new(demo.0.stdout.take().unwrap()).lines();
    assert_eq!(told.next().unwrap().unwrap(), format!("http://127.0.0.1:{port}/"));
    let page = get(port, "/");
    assert!(page.status == 200 && page.body.contains("<html"), "{page:?}");
    assert_eq!(get(port, "/api/v1/points").json()["has_history"], true, "the page asks for charts by that");
    assert_eq!(ask(port, "PUT", "/api/v1/points/lamp", &[], r#"{"value": "ON"}"#).status, 200);
    wait_until("its past is told", || {
        let past = get(port, "/api/v1/history/lamp");
        past.status == 200 && past.json()["changes"].as_array().unwrap().iter().any(|change| change["value"] == "ON")
    });
}
