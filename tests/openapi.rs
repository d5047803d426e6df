//! The OpenAPI document against the running service: schemathesis looks for answers that it does not tell of, and a client is
//! generated from it and used. Both are programs in Python, which `scripts/test` installs.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{fs, net::TcpStream, path::Path};
use support::{House, free_port, hash, programs::python, wait_until};

/// A house with something of every kind, and a token that may do all.
fn hut() -> (House, String) {
    let port = free_port();
    let mut house = House::new(&format!(
        "[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n[history]\n[http]\nlisten = \"127.0.0.1:{port}\"\nconfigure = true\n\
         [http.users.anna]\nscope = \"control\"\nhash_file = \"anna.hash\"\n\
         [http.tokens.test]\nscope = \"configure\"\nhash_file = \"test.hash\"\n\
         [outputs.lamp]\nkind = \"light\"\npwm = 18\nroom = \"hall\"\n[outputs.heater]\nkind = \"heater\"\ngpio = 22\nlock = true\n\
         [sensors.air]\nchip = \"bme280\"\n[climate.hall_zone]\nsensor = \"air.temperature\"\nheat = \"heater\"\ntarget = 20\n\
         [inputs.motion]\nkind = \"motion\"\ngpio = 27\n[inputs.bell]\nkind = \"button\"\ngpio = 23\n\
         [rooms.hall]\nmotion = [\"motion\"]\n[modes]\nlist = [\"home\", \"away\"]\n\
         [scenes.evening]\nset = {{ lamp = \"on\" }}\n\
         [[rules]]\nname = \"Hall light\"\nset = {{ lamp = \"on\" }}\nwhile = \"hall.occupied\"\n"
    ));
    for name in ["anna", "test"] {
        fs::write(house.folder.path().join(format!("{name}.hash")), hash(TOKEN)).unwrap();
    }
    house.up(&[]);
    wait_until("HTTP is served", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    (house, format!("http://127.0.0.1:{port}"))
}

const TOKEN: &str = "a token of the tests";

#[test]
fn no_answer_is_undocumented() {
    let (mut house, address) = hut();
    let output = python("schemathesis")
        .current_dir(house.folder.path())
        .args(["--no-color", "run", &format!("{address}/api/v1/openapi.json")])
        // It does not end; `what_events_tell_is_described` reads it.
        .args(["--exclude-path", "/api/v1/events"])
        .args(["--header", &format!("Authorization: Bearer {TOKEN}"), "--max-examples", "50"])
        // The same requests each time, however long a busy machine takes to make them up.
        .args(["--seed", "1", "--suppress-health-check", "too_slow"])
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance"])
        .args(["--checks", "response_schema_conformance,response_headers_conformance"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    println!(
        "{}",
        said.lines().filter(|line| line.contains("generated") || line.contains("Tested")).collect::<String>()
    );
    assert!(house.stop());
}

#[test]
fn a_client_is_made_of_the_document() {
    let (mut house, address) = hut();
    let folder = house.folder.path();
    let generated = python("openapi-python-client")
        .current_dir(folder)
        .args(["generate", "--url", &format!("{address}/api/v1/openapi.json")])
        .args(["--meta", "none", "--output-path", "generated", "--fail-on-warning"])
        .output()
        .unwrap();
    assert!(generated.status.success(), "{generated:?}");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi/client.py");
    let used =
        python("python").env("PYTHONPATH", folder).arg("-B").arg(script).args([&address, TOKEN]).output().unwrap();
    assert!(used.status.success(), "{used:?}");
    assert!(house.stop());
}

#[test]
fn what_events_tell_is_described() {
    let (mut house, address) = hut();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi/events.py");
    let read = python("python").arg("-B").arg(script).args([&address, TOKEN]).arg(&house.config).output().unwrap();
    assert!(read.status.success(), "{read:?}");
    assert!(house.stop());
}
