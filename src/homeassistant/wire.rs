//! The bytes of one connection: messages in and out of frames, in the clear or encrypted by Noise.
//!
//! ```text
//! in the clear  00  size (varint)  id (varint)  body
//! encrypted     01  size (2 bytes) ciphertext of: id (2 bytes)  size (2 bytes)  body
//! ```
//!
//! It does no I/O: bytes are given to it and taken from it. The first byte of a client tells which of both it speaks. Noise
//! begins with a hello and one message each way (`Noise_NNpsk0`); without the key, a client learns only our name.

use super::identity::mac_text;
use crate::model::NoiseKey;
use snow::{Builder, HandshakeState, TransportState};
use std::sync::Arc;

/// The pattern of the handshake, as Noise names it.
pub const PATTERN: &str = "Noise_NNpsk0_25519_ChaChaPoly_SHA256";
/// Begins a frame in the clear, and one that is encrypted.
const CLEAR: u8 = 0;
const ENCRYPTED: u8 = 1;
/// The most that a client's hello may have, bytes.
const HELLO_MAX: usize = 256;
/// A handshake message of a client: no error, a public key, a tag.
const HANDSHAKE: usize = 1 + 32 + TAG;
const TAG: usize = 16;
/// Id and size before an encrypted body.
const HEAD: usize = 4;
/// The largest body in an encrypted frame, bytes; in the clear we send none that is larger, either.
const BODY_MAX: usize = u16::MAX as usize - TAG - HEAD;

/// What is sent or was received: its type and its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which type of message, by the number that the API has for it.
    pub id: u32,
    /// Its fields, as Protocol Buffers.
    pub body: Vec<u8>,
}

impl Message {
    /// One of this type.
    pub fn new(id: u32, fields: &impl prost::Message) -> Message {
        Message { id, body: fields.encode_to_vec() }
    }

    /// Its fields.
    ///
    /// # Errors
    /// When it does not have them in the form that it must.
    pub fn read<M: prost::Message + Default>(&self) -> Result<M, Fault> {
        M::decode(&*self.body).map_err(|_| Fault::Malformed("fields that cannot be read"))
    }
}

/// How we show ourselves to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The key that clients need; None: nothing is encrypted.
    pub key: Option<NoiseKey>,
    /// The name of our device.
    pub name: String,
    /// Its address, by which Home Assistant knows it again.
    pub mac: [u8; 6],
}

/// Why a connection is of no use. What is to be told to the client is in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Its key is another one.
    #[error("it has another key")]
    WrongKey,
    /// It speaks in the clear, and may not.
    #[error("it does not encrypt, and has to")]
    InTheClear,
    /// It encrypts, and we do not.
    #[error("it encrypts, and allow_plaintext is set")]
    Encrypts,
    /// It does not speak this protocol.
    #[error("it does not speak this protocol: {0}")]
    Malformed(&'static str),
}

enum State {
    /// Nothing was received.
    Start,
    Clear,
    /// The client's hello is next.
    Hello,
    /// Its handshake is next.
    Handshake(Box<HandshakeState>),
    Encrypted(Box<TransportState>),
    Over(Fault),
}

/// One connection.
pub struct Wire {
    greeting: Arc<Greeting>,
    state: State,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Wire {
    /// One on which nothing was said yet.
    pub fn new(greeting: Arc<Greeting>) -> Wire {
        Wire { greeting, state: State::Start, input: Vec::new(), output: Vec::new() }
    }

    /// Takes what came. [`Wire::read`] is called until it has nothing more, so that only a part of a message is kept.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The next message, if it is there as a whole.
    ///
    /// # Errors
    /// Why there will be none any more.
    pub fn read(&mut self) -> Result<Option<Message>, Fault> {
        let next = self.step();
        if let Err(fault) = next {
            self.input.clear();
            self.state = State::Over(fault);
        }
        next
    }

    /// Whether a message has begun to arrive.
    pub fn has_part(&self) -> bool {
        !self.input.is_empty()
    }

    /// Puts a message into the output. There is none before the client's first one came.
    pub fn send(&mut self, message: &Message) {
        let Message { id, body } = message;
        if body.len() > BODY_MAX {
            tracing::warn!("Home Assistant is not told something: message {id} has {} bytes", body.len());
            return;
        }
        match &mut self.state {
            State::Clear => {
                self.output.push(CLEAR);
                for number in [body.len(), *id as usize] {
                    // What is written into a vector does not fail.
                    let _ = prost::encode_length_delimiter(number, &mut self.output);
                }
                self.output.extend_from_slice(body);
            }
            State::Encrypted(noise) => {
                let (id, size) = (u16::try_from(*id).unwrap_or(0), u16::try_from(body.len()).unwrap_or(0));
                let plain = [&id.to_be_bytes()[..], &size.to_be_bytes(), body].concat();
                let mut sealed = vec![0; plain.len() + TAG];
                // It fails only after 2^64 messages.
                if noise.write_message(&plain, &mut sealed).is_ok() {
                    frame(&mut self.output, &[&sealed]);
                }
            }
            State::Start | State::Hello | State::Handshake(_) | State::Over(_) => {}
        }
    }

    /// Takes what is to be sent.
    pub fn output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    fn step(&mut self) -> Result<Option<Message>, Fault> {
        loop {
            match &mut self.state {
                State::Start => {
                    let Some(first) = self.input.first() else { return Ok(None) };
                    self.state = match (*first, &self.greeting.key) {
                        (CLEAR, None) => State::Clear,
                        (ENCRYPTED, Some(_)) => State::Hello,
                        (first, Some(_)) => {
                            // A client in the clear takes its first byte for a wrong sign, and asks for the key.
                            let fault = if first == CLEAR { Fault::InTheClear } else { BAD_SIGN };
                            return Err(self.refuse("Bad indicator byte", fault));
                        }
                        (first, None) => {
                            self.output.push(CLEAR);
                            self.output.extend_from_slice(b"Bad indicator byte");
                            return Err(if first == ENCRYPTED { Fault::Encrypts } else { BAD_SIGN });
                        }
                    };
                }
                State::Clear => {
                    let Some((size, message)) = clear(&self.input)? else { return Ok(None) };
                    self.input.drain(..size);
                    return Ok(Some(message));
                }
                State::Hello => {
                    let Some(hello) = take_frame(&mut self.input, HELLO_MAX)? else { return Ok(None) };
                    let handshake = self.hello(&hello)?;
                    self.state = State::Handshake(Box::new(handshake));
                }
                State::Handshake(_) => {
                    let Some(first) = take_frame(&mut self.input, HANDSHAKE)? else { return Ok(None) };
                    let State::Handshake(handshake) = std::mem::replace(&mut self.state, State::Hello) else {
                        continue;
                    };
                    self.state = State::Encrypted(Box::new(self.answer(&first, *handshake)?));
                }
                State::Encrypted(noise) => {
                    let Some(sealed) = take_frame(&mut self.input, u16::MAX.into())? else { return Ok(None) };
                    let mut plain = vec![0; sealed.len()];
                    // Also one that was sent before, or out of its order.
                    let size = noise
                        .read_message(&sealed, &mut plain)
                        .map_err(|_| Fault::Malformed("a frame that was changed"))?;
                    plain.truncate(size);
                    let [id, id2, size, size2, body @ ..] = &plain[..] else {
                        return Err(Fault::Malformed("a short frame"));
                    };
                    if usize::from(u16::from_be_bytes([*size, *size2])) != body.len() {
                        return Err(Fault::Malformed("a wrong size"));
                    }
                    return Ok(Some(Message { id: u16::from_be_bytes([*id, *id2]).into(), body: body.to_vec() }));
                }
                State::Over(fault) => return Err(*fault),
            }
        }
    }

    /// Answers a client's hello, and begins the handshake.
    fn hello(&mut self, hello: &[u8]) -> Result<HandshakeState, Fault> {
        let Greeting { key: Some(key), name, mac } = &*self.greeting else { return Err(Fault::Encrypts) };
        let mac = mac_text(mac);
        frame(&mut self.output, &[&[ENCRYPTED], name.as_bytes(), &[0], mac.as_bytes(), &[0]]);
        responder(key, hello).map_err(|_| self.refuse("Handshake error", Fault::Malformed("no handshake")))
    }

    /// Answers a client's handshake.
    fn answer(&mut self, first: &[u8], mut handshake: HandshakeState) -> Result<TransportState, Fault> {
        let wrong = match first {
            [] => Some("Empty handshake message"),
            [error, ..] if *error != 0 => Some("Bad handshake error byte"),
            _ if first.len() != HANDSHAKE => Some("Bad handshake packet len"),
            _ => None,
        };
        if let Some(wrong) = wrong {
            return Err(self.refuse(wrong, Fault::Malformed("a handshake of another form")));
        }
        let mut nothing = [0; HANDSHAKE];
        if handshake.read_message(&first[1..], &mut nothing).is_err() {
            return Err(self.refuse("Handshake MAC failure", Fault::WrongKey));
        }
        let mut second = [0; HANDSHAKE];
        let finished =
            handshake.write_message(&[], &mut second).and_then(|size| Ok((size, handshake.into_transport_mode()?)));
        match finished {
            Ok((size, noise)) => {
                frame(&mut self.output, &[&[0], &second[..size]]);
                Ok(noise)
            }
            Err(_) => Err(self.refuse("Handshake error", Fault::Malformed("no handshake"))),
        }
    }

    /// Says why to a client that waits for a handshake.
    fn refuse(&mut self, why: &str, fault: Fault) -> Fault {
        frame(&mut self.output, &[&[1], why.as_bytes()]);
        fault
    }
}

const BAD_SIGN: Fault = Fault::Malformed("a wrong first byte");

/// Our side of the handshake with a client that said this hello.
fn responder(key: &NoiseKey, hello: &[u8]) -> Result<HandshakeState, snow::Error> {
    let size = u16::try_from(hello.len()).unwrap_or(u16::MAX).to_be_bytes();
    let prologue = [b"NoiseAPIInit", &size[..], hello].concat();
    Builder::new(PATTERN.parse()?).psk(0, &key.0)?.prologue(&prologue)?.build_responder()
}

/// Writes a frame of an encrypted connection.
fn frame(output: &mut Vec<u8>, parts: &[&[u8]]) {
    let size = parts.iter().map(|part| part.len()).sum::<usize>();
    output.push(ENCRYPTED);
    output.extend_from_slice(&u16::try_from(size).unwrap_or(u16::MAX).to_be_bytes());
    parts.iter().for_each(|part| output.extend_from_slice(part));
}

/// The content of the next frame of an encrypted connection, if it is there as a whole.
fn take_frame(input: &mut Vec<u8>, limit: usize) -> Result<Option<Vec<u8>>, Fault> {
    if input.first().is_some_and(|first| *first != ENCRYPTED) {
        return Err(BAD_SIGN);
    }
    let [_, high, low, rest @ ..] = &input[..] else { return Ok(None) };
    let size = usize::from(u16::from_be_bytes([*high, *low]));
    if size > limit {
        return Err(Fault::Malformed("a large frame"));
    }
    let Some(content) = rest.get(..size) else { return Ok(None) };
    let content = content.to_vec();
    input.drain(..3 + size);
    Ok(Some(content))
}

/// The next message in the clear with the bytes that it takes, if it is there as a whole.
fn clear(input: &[u8]) -> Result<Option<(usize, Message)>, Fault> {
    let Some((first, rest)) = input.split_first() else { return Ok(None) };
    if *first != CLEAR {
        return Err(BAD_SIGN);
    }
    let Some((size, rest)) = short_varint(rest)? else { return Ok(None) };
    let Some((id, rest)) = short_varint(rest)? else { return Ok(None) };
    let Some(body) = rest.get(..size as usize) else { return Ok(None) };
    let taken = input.len() - rest.len() + body.len();
    Ok(Some((taken, Message { id, body: body.to_vec() })))
}

/// A number up to 65,535 of at most three bytes, and what is behind it.
fn short_varint(bytes: &[u8]) -> Result<Option<(u32, &[u8])>, Fault> {
    let mut number = 0;
    for (place, byte) in bytes.iter().take(3).enumerate() {
        number |= u32::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            let fits = u16::try_from(number).is_ok();
            return if fits {
                Ok(Some((number, &bytes[place + 1..])))
            } else {
                Err(Fault::Malformed("a large number"))
            };
        }
    }
    if bytes.len() < 3 { Ok(None) } else { Err(Fault::Malformed("a large number")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    fn wire(key: Option<NoiseKey>) -> Wire {
        let mac = [2, 0xaa, 0xbb, 0xcc, 0xdd, 0xee];
        Wire::new(Arc::new(Greeting { key, name: "hearthd-hut".into(), mac }))
    }

    fn key() -> NoiseKey {
        NoiseKey(std::array::from_fn(|n| n as u8))
    }

    /// Worked out by another library with fixed keys of both ends.
    #[test]
    fn the_handshake_is_the_one_that_others_make() {
        let parts = |first: u8| -> [u8; 32] { std::array::from_fn(|n| first + n as u8) };
        let prologue = b"NoiseAPIInit\0\0";
        let (psk, ours) = (key().0, parts(0x80));
        let mut responder = Builder::new(PATTERN.parse().unwrap())
            .psk(0, &psk)
            .unwrap()
            .prologue(prologue)
            .unwrap()
            .fixed_ephemeral_key_for_testing_only(&ours)
            .build_responder()
            .unwrap();
        let first =
            hex("79a631eede1bf9c98f12032cdeadd0e7a079398fc786b88cc846ec89af85a51af6140b42e9427aa9d3e7d6d9506e1613");
        let mut space = [0; 128];
        assert_eq!(responder.read_message(&first, &mut space).unwrap(), 0);
        let size = responder.write_message(&[], &mut space).unwrap();
        let second =
            hex("493e82fc74464a59268817623d2053c5eb8e2cc4a988b4fee179ec6b010d531df8dd769f6865dda59e90b81a8de78a4c");
        assert_eq!(space[..size], second);
        let mut wire =
            Wire { state: State::Encrypted(Box::new(responder.into_transport_mode().unwrap())), ..wire(Some(key())) };
        for (frame, id) in
            [("8f4ed6ae34342ffe4d12b85672d4db740ac5eec8", 1), ("b1b6a5c568a8b2f6b96f6153a6596446df62042e", 7)]
        {
            wire.receive(&[1, 0, 20]);
            assert_eq!(wire.read(), Ok(None));
            wire.receive(&hex(frame));
            assert_eq!(wire.read(), Ok(Some(Message { id, body: Vec::new() })));
        }
        wire.send(&Message { id: 8, body: Vec::new() });
        assert_eq!(wire.output()[3..], hex("ece9d0adac6e015a5a4899ae431fe5c5c3607298"));
        // What was sent before does not open again.
        wire.receive(&[1, 0, 20]);
        wire.receive(&hex("b1b6a5c568a8b2f6b96f6153a6596446df62042e"));
        assert_eq!(wire.read(), Err(Fault::Malformed("a frame that was changed")));
    }

    /// The other end, byte by byte.
    fn meet(ours: &NoiseKey, theirs: &NoiseKey) -> Result<(), Fault> {
        let mut wire = wire(Some(ours.clone()));
        let mut client = Builder::new(PATTERN.parse().unwrap())
            .psk(0, &theirs.0)
            .unwrap()
            .prologue(b"NoiseAPIInit\0\x02hi")
            .unwrap()
            .build_initiator()
            .unwrap();
        let mut space = [0; 128];
        let size = client.write_message(&[], &mut space).unwrap();
        let mut said = Vec::new();
        frame(&mut said, &[b"hi"]);
        frame(&mut said, &[&[0], &space[..size]]);
        for byte in said {
            wire.receive(&[byte]);
            assert_eq!(wire.read()?, None);
        }
        let mut heard = wire.output();
        let hello = take_frame(&mut heard, 256).unwrap().unwrap();
        assert_eq!(hello, b"\x01hearthd-hut\x0002aabbccddee\0");
        let answer = take_frame(&mut heard, 256).unwrap().unwrap();
        client.read_message(&answer[1..], &mut space).unwrap();
        let mut client = client.into_transport_mode().unwrap();
        let size = client.write_message(&[0, 7, 0, 0], &mut space).unwrap();
        let mut said = Vec::new();
        frame(&mut said, &[&space[..size]]);
        wire.receive(&said);
        assert_eq!(wire.read()?, Some(Message { id: 7, body: Vec::new() }));
        Ok(())
    }

    #[test]
    fn who_has_the_key_gets_in_and_nobody_else() {
        assert_eq!(meet(&key(), &key()), Ok(()));
        assert_eq!(meet(&key(), &NoiseKey([0; 32])), Err(Fault::WrongKey));
    }

    #[test]
    fn each_refusal_is_told_in_the_words_that_clients_know() {
        let told = |key, bytes: &[u8]| {
            let mut wire = wire(key);
            wire.receive(bytes);
            let fault = wire.read().unwrap_err();
            assert_eq!(wire.read(), Err(fault), "it stays over");
            wire.send(&Message { id: 8, body: Vec::new() });
            (fault, wire.output())
        };
        assert_eq!(told(Some(key()), b"\0\0\x01"), (Fault::InTheClear, b"\x01\0\x13\x01Bad indicator byte".to_vec()));
        assert_eq!(told(None, b"\x01\0\0"), (Fault::Encrypts, b"\0Bad indicator byte".to_vec()));
        assert_eq!(told(None, b"GET / HTTP/1.1"), (BAD_SIGN, b"\0Bad indicator byte".to_vec()));
        let after_hello = |rest: &[u8]| {
            let (fault, output) = told(Some(key()), &[b"\x01\0\0", rest].concat());
            let mut output = output;
            take_frame(&mut output, 256).unwrap();
            (fault, take_frame(&mut output, 256).unwrap().map(|told| String::from_utf8(told[1..].to_vec()).unwrap()))
        };
        assert_eq!(after_hello(b"\x01\0\0").1.as_deref(), Some("Empty handshake message"));
        assert_eq!(after_hello(b"\x01\0\x02\x01x").1.as_deref(), Some("Bad handshake error byte"));
        assert_eq!(after_hello(b"\x01\0\x02\0x").1.as_deref(), Some("Bad handshake packet len"));
        let zeros = [&b"\x01\0\x31"[..], &[0; 49]].concat();
        assert_eq!(after_hello(&zeros), (Fault::WrongKey, Some("Handshake MAC failure".into())));
        assert_eq!(after_hello(b"\x01\xff\xff"), (Fault::Malformed("a large frame"), None), "it is not waited for");
    }

    #[test]
    fn messages_in_the_clear_come_whole_however_they_are_cut() {
        let long = Message { id: 300, body: vec![7; 300] };
        let all =
            [b"\0\0\x07".to_vec(), [&b"\0\xac\x02\xac\x02"[..], &long.body].concat(), b"\0\x01\x01x".to_vec()].concat();
        let whole = vec![Message { id: 7, body: Vec::new() }, long.clone(), Message { id: 1, body: b"x".to_vec() }];
        for cut in 1..all.len() {
            let mut wire = wire(None);
            let mut came = Vec::new();
            for part in all.chunks(cut) {
                wire.receive(part);
                while let Some(message) = wire.read().unwrap() {
                    came.push(message);
                }
            }
            assert_eq!(came, whole, "{cut}");
            assert!(!wire.has_part());
        }
        for wrong in [&b"\0\x80\x80\x80"[..], b"\0\xff\xff\x04\0", b"\0\0\xff\xff\xff", b"\0\0\x07\x01"] {
            let mut wire = wire(None);
            wire.receive(wrong);
            while let Ok(Some(_)) = wire.read() {}
            assert!(wire.read().is_err(), "{wrong:?}");
        }
        let mut wire = wire(None);
        wire.receive(b"\0\0\x07");
        wire.read().unwrap();
        wire.send(&long);
        assert_eq!(wire.output()[..5], *b"\0\xac\x02\xac\x02");
    }
}
