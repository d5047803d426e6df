//! The ways in which a broker can be bad.

use crate::broker::{Behaviour, Connection, filters, publish};
use std::{io, thread, time::Duration};

pub struct Kind {
    /// "A broker that ..."
    pub name: &'static str,
    pub behaviour: Behaviour,
    /// What the status says meanwhile, in part; empty where there is nothing to say.
    pub told: &'static str,
    /// What the pump is afterwards, where that tells something.
    pub pump: Option<&'static str>,
}

pub const SET: &[u8] = b"hearthd/hut/pump/set";
const DISCOVERY: &[u8] = b"homeassistant/device/hearthd_hut/config";

pub const fn kind(name: &'static str, told: &'static str, behaviour: Behaviour) -> Kind {
    Kind { name, behaviour, told, pump: None }
}

pub const fn toggling(name: &'static str, pump: &'static str, behaviour: Behaviour) -> Kind {
    Kind { name, behaviour, told: "", pump: Some(pump) }
}

/// Answers CONNECT with this.
pub fn answer_connect(connection: &mut Connection, bytes: &[u8]) -> io::Result<()> {
    connection.packet()?;
    connection.send(bytes)
}

/// Accepts, and acknowledges publications in its own way.
fn acknowledge(connection: &mut Connection, how: impl Fn(u16) -> Vec<u8>) -> io::Result<()> {
    connection.answers.puback = false;
    connection.accept()?;
    loop {
        let (first, body) = connection.packet()?;
        connection.answer(first, &body)?;
        if first >> 4 == 3 {
            let end = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
            connection.send(&how(u16::from_be_bytes([body[end], body[end + 1]])))?;
            connection.played();
        }
    }
}

fn puback(packet: u16) -> Vec<u8> {
    [&[0x40, 2], &packet.to_be_bytes()[..]].concat()
}

/// Accepts, and answers SUBSCRIBE in its own way.
fn subscribe(connection: &mut Connection, how: impl Fn(&[u8]) -> Vec<u8>) -> io::Result<()> {
    connection.answers.suback = false;
    connection.accept()?;
    loop {
        let (first, body) = connection.packet()?;
        connection.answer(first, &body)?;
        if first >> 4 == 8 {
            connection.send(&how(&body))?;
            connection.played();
        }
    }
}

/// The answer to a SUBSCRIBE, with these codes.
fn suback(asked: &[u8], codes: &[u8]) -> Vec<u8> {
    [&[0x90, 2 + codes.len() as u8, asked[0], asked[1]], codes].concat()
}

/// So many messages that only differ by their number.
fn storm(count: u16, first: u8, topic: &[u8], payload: impl Fn(u16) -> String) -> Vec<u8> {
    (1..=count).flat_map(|n| publish(first, topic, Some(n), payload(n).as_bytes())).collect()
}

fn components(count: usize) -> String {
    let one = |n: usize| format!(r#""switch-x{n}":{{"p":"switch","stat_t":"hearthd/hut/x{n}/state"}}"#);
    format!(r#"{{"cmps":{{{}}}}}"#, (0..count).map(one).collect::<Vec<_>>().join(","))
}

pub const KINDS: &[Kind] = &[
    // Before it takes us in
    kind("closes at once", "closed the connection", |_| Ok(())),
    kind("closes on CONNECT", "closed the connection", |c| c.packet().map(drop)),
    kind("never answers CONNECT", "no answer within", |c| c.be_silent()),
    kind("sends half a CONNACK", "no answer within", |c| {
        answer_connect(c, &[0x20, 2])?;
        c.be_silent()
    }),
    kind("sends half a CONNACK and closes", "in the middle of a message", |c| answer_connect(c, &[0x20, 2, 0])),
    kind("sends CONNACK in slow bytes", "", |c| {
        c.packet()?;
        for byte in [0x20, 2, 0, 0] {
            thread::sleep(Duration::from_millis(300));
            c.send(&[byte])?;
        }
        c.settle()
    }),
    kind("wants another protocol", "refuses the connection", |c| answer_connect(c, &[0x20, 2, 0, 1])),
    kind("refuses our client id", "client id", |c| answer_connect(c, &[0x20, 2, 0, 2])),
    kind("is not available", "not available", |c| answer_connect(c, &[0x20, 2, 0, 3])),
    kind("refuses our password", "without a user name", |c| answer_connect(c, &[0x20, 2, 0, 4])),
    kind("does not authorise us", "without a user name", |c| answer_connect(c, &[0x20, 2, 0, 5])),
    kind("answers CONNECT with an unknown code", "protocol", |c| answer_connect(c, &[0x20, 2, 0, 200])),
    kind("answers CONNECT with CONNACK of no length", "protocol", |c| answer_connect(c, &[0x20, 0])),
    kind("answers CONNECT with a message", "no MQTT broker", |c| {
        let message = publish(0x30, SET, None, b"ON");
        answer_connect(c, &message)
    }),
    kind("is a web server", "", |c| answer_connect(c, b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    kind("speaks TLS", "write mqtts://", |c| answer_connect(c, &[0x15, 3, 3, 0, 2, 2, 40])),
    kind("sends noise for ever", "", |c| {
        c.packet()?;
        c.played();
        loop {
            c.send(&[0xff; 4096])?;
        }
    }),
    kind("announces 256 MB before CONNACK", "came in", |c| {
        answer_connect(c, &[0x20, 0xff, 0xff, 0xff, 0x7f])?;
        c.be_silent()
    }),
    kind("has lengths of five bytes", "protocol", |c| answer_connect(c, &[0x20, 0xff, 0xff, 0xff, 0xff, 1])),
    kind("remembers a session that never was", "", |c| {
        answer_connect(c, &[0x20, 2, 1, 0])?;
        c.settle()
    }),
    kind("accepts twice", "protocol", |c| {
        answer_connect(c, &[0x20, 2, 0, 0, 0x20, 2, 0, 0])?;
        c.settle()
    }),
    // Disconnect loops
    kind("accepts and closes", "closed the connection", |c| c.accept()),
    kind("closes on the first packet", "closed the connection", |c| {
        c.accept()?;
        c.packet().map(drop)
    }),
    kind("serves for a moment and closes, again and again", "closed the connection", |c| {
        c.until_subscribed()?;
        thread::sleep(Duration::from_millis(100));
        Ok(())
    }),
    kind("sends DISCONNECT", "", |c| c.say(&[0xe0, 0])),
    // What it owes us
    kind("never answers SUBSCRIBE", "no SUBACK", |c| subscribe(c, |_| vec![])),
    kind("answers another SUBSCRIBE", "protocol", |c| subscribe(c, |_| vec![0x90, 3, 0x7f, 0xff, 1])),
    kind("lets us read nothing", "no commands come", |c| {
        subscribe(c, |asked| suback(asked, &vec![0x80; filters(asked)]))
    }),
    kind("answers SUBSCRIBE for one topic only", "protocol", |c| subscribe(c, |asked| suback(asked, &[1]))),
    kind("answers SUBSCRIBE with no code", "protocol", |c| subscribe(c, |asked| suback(asked, &[]))),
    kind("answers SUBSCRIBE with a code that is none", "protocol", |c| subscribe(c, |asked| suback(asked, &[99]))),
    kind("never acknowledges", "no PUBACK", |c| acknowledge(c, |_| vec![])),
    kind("acknowledges nothing and answers pings", "no SUBACK", |c| {
        (c.answers.suback, c.answers.puback) = (false, false);
        c.accept()?;
        c.played();
        c.serve()
    }),
    kind("acknowledges others' messages", "protocol", |c| acknowledge(c, |packet| puback(packet + 50))),
    kind("acknowledges packet 0", "protocol", |c| acknowledge(c, |_| puback(0))),
    kind("acknowledges packet 65535", "protocol", |c| acknowledge(c, |_| puback(u16::MAX))),
    kind("acknowledges everything twice", "protocol", |c| {
        acknowledge(c, |packet| [puback(packet), puback(packet)].concat())
    }),
    kind("acknowledges every third message", "no PUBACK", |c| {
        acknowledge(c, |packet| if packet % 3 == 0 { puback(packet) } else { vec![] })
    }),
    kind("acknowledges as at QoS 2, without an end", "", |c| {
        acknowledge(c, |packet| [&[0x50, 2], &packet.to_be_bytes()[..]].concat())
    }),
    kind("sends half an acknowledgement", "", |c| acknowledge(c, |_| vec![0x40])),
    kind("does not answer pings", "stopped answering", |c| {
        c.answers.pingresp = false;
        c.accept()?;
        c.played();
        c.serve()
    }),
    kind("answers pings that never were", "", |c| c.say(&[0xd0, 0].repeat(20_000))),
    kind("stops reading", "", |c| {
        c.accept()?;
        c.played();
        thread::sleep(Duration::from_secs(20));
        Ok(())
    }),
    // What it sends
    toggling("repeats a TOGGLE at QoS 1, marked", "ON", |c| {
        let again = publish(0x3a, SET, Some(7), b"TOGGLE").repeat(500);
        c.say(&[publish(0x32, SET, Some(7), b"TOGGLE"), again].concat())
    }),
    toggling("repeats a TOGGLE at QoS 2, unmarked", "ON", |c| {
        let message = publish(0x34, SET, Some(7), b"TOGGLE").repeat(501);
        c.say(&message)
    }),
    toggling("repeats a TOGGLE over connections", "ON", |c| {
        c.until_subscribed()?;
        c.send(&publish(0x3a, SET, Some(7), b"TOGGLE"))?;
        thread::sleep(Duration::from_millis(500));
        Ok(())
    }),
    toggling("retains thousands of commands", "OFF", |c| {
        let all = storm(5_000, 0x33, SET, |_| "ON".into());
        c.say(&all)
    }),
    kind("floods us at QoS 2", "", |c| {
        let all = storm(20_000, 0x34, SET, |n| format!("nonsense {n}"));
        c.say(&all)
    }),
    kind("retains thousands of states of ours", "", |c| {
        let all = storm(20_000, 0x33, b"hearthd/hut/pump/state", |n| n.to_string());
        c.say(&all)
    }),
    kind("lets strangers publish as us, for ever", "", |c| {
        c.until_subscribed()?;
        for n in 0..200 {
            c.send(&publish(0x30, b"hearthd/hut/availability", None, b"offline"))?;
            c.send(&publish(0x30, b"hearthd/hut/pump/state", None, n.to_string().as_bytes()))?;
            thread::sleep(Duration::from_millis(10));
        }
        c.settle()
    }),
    kind("lets Home Assistant start ten thousand times", "", |c| {
        let all = storm(10_000, 0x32, b"homeassistant/status", |_| "online".into());
        c.say(&all)
    }),
    kind("sends a topic that is not UTF-8", "protocol", |c| {
        let message = publish(0x30, b"hearthd/hut/\xff\xfe/set", None, b"ON");
        c.say(&message)
    }),
    kind("sends an empty topic", "", |c| c.say(&publish(0x30, b"", None, b"ON"))),
    kind("sends the longest topic", "", |c| {
        let topic = [b"hearthd/hut/", &[b'x'; 65_519][..], b"/set"].concat();
        c.say(&publish(0x30, &topic, None, b"ON"))
    }),
    kind("forges lines of the log by topics", "", |c| {
        c.say(&publish(0x31, b"hearthd/hut/x\n  error: FORGED\r\x1b[31m$(reboot)/set", None, b"ON"))
    }),
    kind("sends topics with wildcards", "", |c| c.say(&publish(0x30, b"hearthd/hut/+/set", None, b"ON"))),
    kind("announces 256 MB and sends none of it", "came in", |c| {
        c.until_subscribed()?;
        c.send(&[0x30, 0xff, 0xff, 0xff, 0x7f])?;
        c.serve()
    }),
    kind("sends a command of 20 MB", "came in", |c| {
        c.until_subscribed()?;
        c.send(&publish(0x30, SET, None, &vec![b'x'; 20 << 20]))?;
        c.serve()
    }),
    kind("retains 15 MB as our announcement", "came in", |c| {
        c.until_subscribed()?;
        c.send(&publish(0x31, DISCOVERY, None, &vec![b'['; 15 << 20]))?;
        c.serve()
    }),
    kind("retains a bomb of 1 MB as our announcement", "", |c| {
        let bomb = components(13_000);
        c.say(&publish(0x31, DISCOVERY, None, bomb.as_bytes()))
    }),
    kind("retains brackets of 1 MB as our announcement", "", |c| {
        c.say(&publish(0x31, DISCOVERY, None, &vec![b'['; 1 << 20]))
    }),
    kind("sends half a message and falls silent", "", |c| {
        c.until_subscribed()?;
        c.send(&publish(0x30, SET, None, b"ON")[..8])?;
        c.settle()
    }),
    kind("sends messages in slow bytes", "", |c| {
        c.until_subscribed()?;
        for byte in publish(0x30, SET, None, b"nonsense") {
            c.send(&[byte])?;
            thread::sleep(Duration::from_millis(50));
        }
        c.settle()
    }),
    kind("sends a message shorter than its topic", "protocol", |c| c.say(&[0x30, 4, 0x40, 0, b'a', b'b'])),
    kind("sends a message at QoS 3", "protocol", |c| c.say(&publish(0x36, SET, Some(1), b"ON"))),
    kind("sends a message of packet 0", "protocol", |c| c.say(&publish(0x32, SET, Some(0), b"ON"))),
    kind("sends packets of reserved kinds", "protocol", |c| c.say(&[0xf0, 2, 0, 0])),
    kind("sends what only clients send", "protocol", |c| c.say(&[0x82, 6, 0, 1, 0, 1, b'#', 0])),
    kind("releases messages that never were", "", |c| c.say(&[0x62, 2, 0, 9])),
    kind("completes messages that never were", "protocol", |c| c.say(&[0x70, 2, 0, 9])),
    kind("answers UNSUBSCRIBE that never was", "", |c| c.say(&[0xb0, 2, 0, 9])),
];
