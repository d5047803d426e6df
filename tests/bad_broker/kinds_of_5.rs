//! The ways in which a broker can be bad that only MQTT 5 has.

use crate::broker::{Connection, filters_of_5, publish_5};
use crate::kinds::{Kind, SET, answer_connect, kind, toggling};
use std::io;

/// A CONNACK with a reason and no properties.
const fn connack(reason: u8) -> [u8; 5] {
    [0x20, 3, 0, reason, 0]
}

/// Accepts with this keep-alive, and serves until it is asked whether it is there: then it says nothing any more.
fn silent_after(c: &mut Connection, keep_alive: [u8; 2]) -> io::Result<()> {
    c.accept_with(&[0x13, keep_alive[0], keep_alive[1]])?;
    loop {
        let (first, body) = c.packet()?;
        if matches!(first >> 4, 10 | 12) {
            return c.be_silent();
        }
        c.answer(first, &body)?;
    }
}

/// Accepts, and takes no message, for this reason.
fn deny(c: &mut Connection, reason: u8) -> io::Result<()> {
    c.answers.puback = false;
    c.accept()?;
    loop {
        let (first, body) = c.packet()?;
        c.answer(first, &body)?;
        if first >> 4 == 3 {
            let end = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
            c.send(&[0x40, 4, body[end], body[end + 1], reason, 0])?;
            c.played();
        }
    }
}

pub const KINDS_OF_5: &[Kind] = &[
    // Before it takes us in
    kind("speaks 3.1.1 and says so in 3.1.1", "does not speak MQTT 5", |c| answer_connect(c, &[0x20, 2, 0, 1])),
    kind("speaks 3.1.1 and says so in 5", "does not speak MQTT 5", |c| answer_connect(c, &connack(0x84))),
    kind("speaks 3.1.1 and takes us for one of its own", "does not speak MQTT 5", |c| {
        answer_connect(c, &[0x20, 2, 0, 0])
    }),
    kind("says so and stays on the line", "does not speak MQTT 5", |c| {
        answer_connect(c, &[0x20, 2, 0, 1])?;
        c.be_silent()
    }),
    kind("refuses our client id", "client id", |c| answer_connect(c, &connack(0x85))),
    kind("refuses our password", "without a user name", |c| answer_connect(c, &connack(0x86))),
    kind("does not authorise us", "without a user name", |c| answer_connect(c, &connack(0x87))),
    kind("is busy", "too busy", |c| answer_connect(c, &connack(0x89))),
    kind("has banned us", "banned us", |c| answer_connect(c, &connack(0x8a))),
    kind("has no quota left for us", "quota", |c| answer_connect(c, &connack(0x97))),
    kind("has moved", "another one is to be used", |c| answer_connect(c, &connack(0x9d))),
    kind("answers CONNECT with an unknown reason", "protocol", |c| answer_connect(c, &connack(0x42))),
    kind("has unknown properties", "protocol", |c| answer_connect(c, &[0x20, 5, 0, 0, 2, 0x7f, 1])),
    kind("has properties of a length beyond the packet", "", |c| {
        answer_connect(c, &[0x20, 3, 0, 0, 100])?;
        c.settle()
    }),
    kind("gives us another name", "protocol", |c| {
        c.accept_with(&[0x12, 0, 1, b'x'])?;
        c.settle()
    }),
    kind("wants to know who we are in its own way", "", |c| {
        answer_connect(c, &[0xf0, 2, 0x18, 0])?;
        c.settle()
    }),
    kind("retains nothing", "takes no retained messages", |c| {
        c.accept_with(&[0x25, 0])?;
        c.settle()
    }),
    kind("takes messages at QoS 0 only", "takes no messages at QoS 1", |c| {
        c.accept_with(&[0x24, 0])?;
        c.settle()
    }),
    // When it has
    kind("takes one message at a time", "", |c| {
        c.accept_with(&[0x21, 0, 1])?;
        c.settle()
    }),
    kind("takes packets of a hundred bytes", "more than the 100 that the broker takes", |c| {
        c.accept_with(&[0x27, 0, 0, 0, 100])?;
        c.settle()
    }),
    kind("wants signs of life each second", "", |c| {
        c.accept_with(&[0x13, 0, 1])?;
        let mut signs = 0;
        while signs < 2 {
            let (first, body) = c.packet()?;
            c.answer(first, &body)?;
            signs += usize::from(first >> 4 == 12);
        }
        c.settle()
    }),
    kind("wants no signs of life", "", |c| {
        c.accept_with(&[0x13, 0, 0])?;
        c.settle()
    }),
    kind("wants no signs of life and falls silent", "stopped answering", |c| silent_after(c, [0, 0])),
    kind("wants a sign of life each hour and falls silent", "stopped answering", |c| silent_after(c, [0x0e, 0x10])),
    kind("is shut down", "shutting down", |c| c.say(&[0xe0, 2, 0x8b, 0])),
    kind("has given our place to another", "another client has connected as", |c| c.say(&[0xe0, 2, 0x8e, 0])),
    kind("throws us out and says why", "(it says: FORGED", |c| {
        let reason = b"FORGED\n error: FORGED \x1b[31m";
        let length = reason.len() as u8;
        c.say(&[&[0xe0, 5 + length, 0x97, 3 + length, 0x1f, 0, length], &reason[..]].concat())
    }),
    kind("throws us out for an unknown reason", "protocol", |c| c.say(&[0xe0, 1, 0x42])),
    kind("lets us read nothing", "let us read", |c| {
        c.answers.suback = false;
        c.accept()?;
        loop {
            let (first, body) = c.packet()?;
            c.answer(first, &body)?;
            if first >> 4 == 8 {
                let codes = vec![0x87; filters_of_5(&body)];
                c.send(&[&[0x90, 3 + codes.len() as u8, body[0], body[1], 0], &codes[..]].concat())?;
                c.played();
            }
        }
    }),
    kind("has no quota left for what we publish", "its quota is used up", |c| deny(c, 0x97)),
    kind("lets us publish nothing", "does not let us publish on", |c| deny(c, 0x87)),
    kind("uses an alias for a topic, which we did not allow", "protocol", |c| {
        c.say(&publish_5(SET, &[0x23, 0, 1], b"ON"))
    }),
    kind("sends a message with unknown properties", "protocol", |c| c.say(&publish_5(SET, &[0x7f, 1], b"ON"))),
    toggling("sends a command whose answer is to go to a wildcard", "ON", |c| {
        c.say(&publish_5(SET, &[0x08, 0, 1, b'#'], b"TOGGLE"))
    }),
    toggling("sends a command whose answer would be a command", "ON", |c| {
        let properties = [&[0x08, 0, SET.len() as u8], SET].concat();
        c.say(&publish_5(SET, &properties, b"TOGGLE"))
    }),
    kind("asks us to prove who we are once more", "", |c| c.say(&[0xf0, 2, 0x19, 0])),
];
