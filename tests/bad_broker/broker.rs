//! A broker that speaks just enough of the protocol to be good, and as bad as it is told to be until then.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// What it does with a connection.
pub type Behaviour = fn(&mut Connection) -> io::Result<()>;

/// Ends with the process; its port is its own until then.
pub struct Broker {
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    good: AtomicBool,
    /// The last client that was accepted speaks MQTT 5.
    five: AtomicBool,
    played: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
    /// The last payload by topic since it is good.
    heard: Mutex<BTreeMap<String, String>>,
    /// Where the client published and nobody may: with wildcards, or commands to itself.
    strayed: Mutex<Option<String>>,
}

impl Broker {
    pub fn start(behaviour: Behaviour) -> Broker {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, shared) = (listener.local_addr().unwrap().port(), Arc::new(Shared::default()));
        let ours = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = ours.clone();
                shared.open.lock().unwrap().push(stream.try_clone().unwrap());
                thread::spawn(move || {
                    let good = shared.good.load(Ordering::SeqCst);
                    let mut connection =
                        Connection { stream, shared: shared.clone(), answers: Answers::default(), five: false };
                    // How a connection ends is what all this is about.
                    let _ = if good { connection.be_good() } else { behaviour(&mut connection) };
                    if !good {
                        shared.played.store(true, Ordering::SeqCst);
                    }
                    let _ = connection.stream.shutdown(Shutdown::Both);
                });
            }
        });
        Broker { port, shared }
    }

    /// Whether its behaviour came to its end, or where it goes on for ever, to its worst.
    pub fn has_played(&self) -> bool {
        self.shared.played.load(Ordering::SeqCst)
    }

    /// From now on it is good; connections of before end.
    pub fn be_good(&self) {
        self.shared.good.store(true, Ordering::SeqCst);
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// A topic on which the house published, and must not.
    pub fn strayed(&self) -> Option<String> {
        self.shared.strayed.lock().unwrap().clone()
    }

    pub fn last(&self, topic: &str) -> Option<String> {
        self.shared.heard.lock().unwrap().get(topic).cloned()
    }

    pub fn publish(&self, topic: &str, payload: &str) {
        if let Some(mut stream) = self.shared.open.lock().unwrap().last() {
            let five = self.shared.five.load(Ordering::SeqCst);
            let payload = [&[0][..usize::from(five)], payload.as_bytes()].concat();
            let _ = stream.write_all(&publish(0x30, topic.as_bytes(), None, &payload));
        }
    }
}

/// What a good broker answers.
pub struct Answers {
    pub suback: bool,
    pub puback: bool,
    pub pingresp: bool,
}

impl Default for Answers {
    fn default() -> Answers {
        Answers { suback: true, puback: true, pingresp: true }
    }
}

pub struct Connection {
    stream: TcpStream,
    shared: Arc<Shared>,
    pub answers: Answers,
    /// The client speaks MQTT 5: behind each packet id stands the length of the properties, none.
    five: bool,
}

impl Connection {
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The worst is done; what follows is patience.
    pub fn played(&self) {
        self.shared.played.store(true, Ordering::SeqCst);
    }

    /// The next packet: its first byte, and what follows its length.
    pub fn packet(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut byte = [0];
        self.stream.read_exact(&mut byte)?;
        let (first, mut length) = (byte[0], 0usize);
        for shift in [0, 7, 14, 21] {
            self.stream.read_exact(&mut byte)?;
            length |= usize::from(byte[0] & 0x7f) << shift;
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((first, body))
    }

    /// Takes the client in.
    pub fn accept(&mut self) -> io::Result<()> {
        self.accept_with(&[])
    }

    /// Takes the client in, by MQTT 5 with these properties.
    pub fn accept_with(&mut self, properties: &[u8]) -> io::Result<()> {
        self.five = self.packet()?.1.get(6) == Some(&5);
        self.shared.five.store(self.five, Ordering::SeqCst);
        match (self.five, properties.len() as u8) {
            (true, length) => self.send(&[&[0x20, 3 + length, 0, 0, length], properties].concat()),
            (false, _) => self.send(&[0x20, 2, 0, 0]),
        }
    }

    /// Answers a packet as it should be.
    pub fn answer(&mut self, first: u8, body: &[u8]) -> io::Result<()> {
        match first >> 4 {
            3 => {
                let end = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
                let topic = String::from_utf8_lossy(&body[2..end]).into_owned();
                let payload = String::from_utf8_lossy(&body[end + 2 + usize::from(self.five)..]).into_owned();
                // A command that is retained is deleted so.
                let commands = topic.ends_with("/set") && !payload.is_empty();
                if commands || topic.is_empty() || topic.contains(['+', '#']) {
                    *self.shared.strayed.lock().unwrap() = Some(topic.clone());
                }
                if self.shared.good.load(Ordering::SeqCst) {
                    self.shared.heard.lock().unwrap().insert(topic, payload);
                }
                if self.answers.puback { self.send(&[0x40, 2, body[end], body[end + 1]]) } else { Ok(()) }
            }
            8 if self.answers.suback => {
                let (five, none) = (usize::from(self.five), [0]);
                let codes = vec![1; if self.five { filters_of_5(body) } else { filters(body) }];
                let length = 2 + five as u8 + codes.len() as u8;
                self.send(&[&[0x90, length, body[0], body[1]], &none[..five], &codes[..]].concat())
            }
            // There was nothing of it to be read.
            10 if self.answers.suback => {
                let codes = &[0, 0x11][..2 * usize::from(self.five)];
                self.send(&[&[0xb0, 2 + codes.len() as u8, body[0], body[1]], codes].concat())
            }
            12 if self.answers.pingresp => self.send(&[0xd0, 0]),
            14 => Err(io::ErrorKind::ConnectionAborted.into()),
            _ => Ok(()),
        }
    }

    /// Takes the client in and serves it to the end.
    pub fn be_good(&mut self) -> io::Result<()> {
        self.accept()?;
        self.serve()
    }

    /// Serves to the end.
    pub fn serve(&mut self) -> io::Result<()> {
        loop {
            let (first, body) = self.packet()?;
            self.answer(first, &body)?;
        }
    }

    /// Serves until it was asked for topics, and has answered.
    pub fn until_subscribed(&mut self) -> io::Result<()> {
        self.accept()?;
        loop {
            let (first, body) = self.packet()?;
            self.answer(first, &body)?;
            if first >> 4 == 8 {
                return Ok(());
            }
        }
    }

    /// Does something once it was asked for topics, and is good again.
    pub fn say(&mut self, what: &[u8]) -> io::Result<()> {
        self.until_subscribed()?;
        self.send(what)?;
        self.settle()
    }

    /// All was said. Serves, and gives the client a moment to take it in.
    pub fn settle(&mut self) -> io::Result<()> {
        let shared = self.shared.clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_secs(2));
            shared.played.store(true, Ordering::SeqCst);
        });
        self.serve()
    }

    /// Says nothing more, until the client has had enough.
    pub fn be_silent(&mut self) -> io::Result<()> {
        self.played();
        loop {
            self.packet()?;
        }
    }
}

/// How many filters a SUBSCRIBE has.
pub fn filters(body: &[u8]) -> usize {
    let (mut at, mut count) = (2, 0);
    while at + 2 <= body.len() {
        at += 3 + usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
        count += 1;
    }
    count
}

/// The same by MQTT 5, without properties.
pub fn filters_of_5(body: &[u8]) -> usize {
    filters(&[&body[..2], &body[3..]].concat())
}

/// A PUBLISH packet of MQTT 5 at QoS 1, with these properties.
pub fn publish_5(topic: &[u8], properties: &[u8], payload: &[u8]) -> Vec<u8> {
    publish(0x32, topic, Some(1), &[&[properties.len() as u8], properties, payload].concat())
}

/// A PUBLISH packet.
pub fn publish(first: u8, topic: &[u8], packet: Option<u16>, payload: &[u8]) -> Vec<u8> {
    let mut body = (topic.len() as u16).to_be_bytes().to_vec();
    body.extend_from_slice(topic);
    packet.into_iter().for_each(|packet| body.extend(packet.to_be_bytes()));
    body.extend_from_slice(payload);
    let mut all = vec![first];
    let mut length = body.len();
    loop {
        let byte = (length % 128) as u8;
        length /= 128;
        all.push(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            break;
        }
    }
    all.extend(body);
    all
}
