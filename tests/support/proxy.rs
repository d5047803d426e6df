//! A network between a house and its broker that breaks in all the ways in which networks do, when it is told to.

use super::LOOK;
use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// What is wrong with the network; what goes through it meanwhile meets with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    Nothing,
    /// Each new connection is closed at once.
    Refuse,
    /// Nothing moves; what waits goes on afterwards.
    Stall,
    /// Everything comes later by so much.
    Delay(Duration),
    /// What the house sends is lost from now on, and neither end is told.
    LosesWhatTheHouseSends,
    /// What the broker sends is lost from now on, and neither end is told.
    LosesWhatTheBrokerSends,
    /// A connection ends in the middle of what is sent.
    Truncate,
    /// A byte is another one than was sent. For TLS, which has to notice.
    Garble,
}

/// A port that leads to a broker. It ends with its owner.
pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    fault: Mutex<Fault>,
    over: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Shared {
    fn fault(&self) -> Fault {
        *self.fault.lock().unwrap()
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

impl Proxy {
    pub fn start(broker: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            fault: Mutex::new(Fault::Nothing),
            over: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let ours = shared.clone();
        thread::spawn(move || {
            while !ours.is_over() {
                match listener.accept() {
                    Ok((house, _)) => {
                        let shared = ours.clone();
                        thread::spawn(move || connect(house, broker, &shared));
                    }
                    Err(_) => thread::sleep(LOOK),
                }
            }
        });
        Proxy { port, shared }
    }

    /// From now on, this is wrong.
    pub fn set(&self, fault: Fault) {
        *self.shared.fault.lock().unwrap() = fault;
    }

    /// Closes all connections that are open.
    pub fn cut(&self) {
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        self.cut();
    }
}

fn connect(house: TcpStream, broker: u16, shared: &Arc<Shared>) {
    while shared.fault() == Fault::Stall && !shared.is_over() {
        thread::sleep(LOOK);
    }
    if shared.fault() == Fault::Refuse {
        return;
    }
    let Ok(broker) = TcpStream::connect(("127.0.0.1", broker)) else { return };
    for stream in [&house, &broker] {
        stream.set_nonblocking(false).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(LOOK)).unwrap();
        shared.open.lock().unwrap().push(stream.try_clone().unwrap());
    }
    // All may have been cut just before this one was among them.
    if shared.fault() == Fault::Refuse {
        let _ = (house.shutdown(Shutdown::Both), broker.shutdown(Shutdown::Both));
        return;
    }
    let (from, to, ours) = (broker.try_clone().unwrap(), house.try_clone().unwrap(), shared.clone());
    thread::spawn(move || carry(from, to, Fault::LosesWhatTheBrokerSends, &ours));
    carry(house, broker, Fault::LosesWhatTheHouseSends, shared);
}

/// Carries one direction, in which this fault loses everything.
fn carry(mut from: TcpStream, mut to: TcpStream, loses: Fault, shared: &Shared) {
    let mut buffer = [0; 4096];
    let mut is_lost = false;
    while !shared.is_over() {
        let length = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Err(_) => break,
        };
        let mut sent = &mut buffer[..length];
        while shared.fault() == Fault::Stall && !shared.is_over() {
            thread::sleep(LOOK);
        }
        match shared.fault() {
            Fault::Delay(time) => thread::sleep(time),
            Fault::Truncate => sent = &mut buffer[..length / 2],
            Fault::Garble => sent[length / 2] ^= 0x10,
            fault => is_lost |= fault == loses,
        }
        if !is_lost && to.write_all(sent).is_err() || sent.len() < length {
            break;
        }
    }
    if !is_lost {
        let _ = to.shutdown(Shutdown::Both);
    }
    let _ = from.shutdown(Shutdown::Both);
}
