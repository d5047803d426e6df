//! A serial port or a connection, opened when it is needed: a request goes out, and its answer is waited for.

use super::{
    frame::{Found, Framing},
    pdu::{Answer, Request},
};
use crate::{
    clock::{Clock, Moment},
    links::port,
    model::{ClockTrust, ModbusBus, ModbusLink, SerialSettings},
};
use rustix::event::{PollFd, PollFlags};
use std::{
    fs::File,
    io::{self, ErrorKind, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

/// A connection is made within this time.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// Whoever talks without end is not waited for.
const QUIET_WITHIN: Duration = Duration::from_millis(200);
/// A gap is longer by this than the protocol asks: moments are cut to milliseconds, where it begins and where it ends.
const CUT: Duration = Duration::from_millis(2);
/// Bits that a byte takes on a serial line, at most: start, eight, parity, stop.
const BITS: u32 = 11;
/// An answer whose checksum is wrong is asked for so many times.
pub const TRIES: usize = 3;
/// No answer is longer.
const MOST: usize = 1024;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no port or connection. Whether the request was sent before it was lost, [`Wire::sent`] tells.
    Closed(String),
    /// None came in time. The request may have been carried out.
    Silent,
    /// Each that came had a wrong checksum. The request may have been carried out.
    Corrupt,
}

/// One bus, as it is reached.
pub struct Wire {
    settings: ModbusBus,
    open: Option<Open>,
    /// Of the last request of TCP.
    number: u16,
    /// In real time, whatever the house's clock does.
    clock: Clock,
    /// When bytes last went to and fro.
    used: Moment,
    /// The last request was sent so often.
    sent: usize,
    /// It opens no port that another program has open.
    yields: bool,
}

enum Open {
    Serial(File),
    Tcp(TcpStream),
}

impl Wire {
    /// Nothing is opened yet.
    pub fn new(settings: ModbusBus) -> Wire {
        let clock = Clock::system(Moment::START, ClockTrust::Always);
        let used = clock.now().moment;
        Wire { settings, open: None, number: 0, clock, used, sent: 0, yields: false }
    }

    /// One that leaves a port to whoever has it.
    pub fn yielding(settings: ModbusBus) -> Wire {
        Wire { yields: true, ..Wire::new(settings) }
    }

    /// Goes by other settings; those of the link take a new one.
    pub fn set(&mut self, settings: ModbusBus) {
        if settings.link != self.settings.link {
            self.close();
        }
        self.settings = settings;
    }

    /// Ends the connection or gives the port back, until the next request.
    pub fn close(&mut self) {
        self.open = None;
    }

    /// The real time.
    pub fn now(&self) -> Moment {
        self.clock.now().moment
    }

    /// How often the last request left: each time, it may have been carried out, whatever was answered to the last one.
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// Whether an answer that is late can be told from that to the next request.
    pub fn numbers_requests(&self) -> bool {
        self.framing() == Framing::Tcp
    }

    fn framing(&self) -> Framing {
        match self.settings.link {
            ModbusLink::Serial { .. } | ModbusLink::Tcp { rtu: true, .. } => Framing::Rtu,
            ModbusLink::Tcp { rtu: false, .. } => Framing::Tcp,
        }
    }

    /// Asks a unit and waits for its answer, which is to begin within the time-out. What came corrupt is asked for again:
    /// nothing of it can be late.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn ask(&mut self, unit: u8, request: Request, timeout: Duration) -> Result<Answer, Failure> {
        self.sent = 0;
        let mut answer = self.ask_once(unit, request, timeout);
        for _ in 1..TRIES {
            if answer != Err(Failure::Corrupt) {
                break;
            }
            answer = self.ask_once(unit, request, timeout);
        }
        answer
    }

    /// A connection that was closed meanwhile is made anew, once: to ask again for what is read or written changes nothing.
    fn ask_once(&mut self, unit: u8, request: Request, timeout: Duration) -> Result<Answer, Failure> {
        let was_open = self.open.is_some();
        match self.try_to_ask(unit, request, timeout) {
            Ok(answered) => answered,
            Err(_) if was_open => {
                self.try_to_ask(unit, request, timeout).unwrap_or_else(|lost| Err(Failure::Closed(lost)))
            }
            Err(lost) => Err(Failure::Closed(lost)),
        }
    }

    /// As [`Wire::ask_once`]; the outer error: the connection is lost.
    fn try_to_ask(&mut self, unit: u8, request: Request, timeout: Duration) -> Result<Result<Answer, Failure>, String> {
        let exchanged = self.exchange(unit, request, timeout);
        exchanged.map_err(|error| {
            self.close();
            describe(&self.settings.link, &error)
        })
    }

    fn exchange(&mut self, unit: u8, request: Request, timeout: Duration) -> io::Result<Result<Answer, Failure>> {
        if self.open.is_none() {
            self.open = Some(open(&self.settings.link, self.yields)?);
        }
        self.fall_quiet()?;
        self.number = self.number.wrapping_add(1);
        let (framing, number) = (self.framing(), self.number);
        let frame = framing.frame(number, unit, request);
        self.write(&frame)?;
        let length = frame.len() + framing.answer_length(request);
        let deadline = self.now() + timeout + self.transmission(length);
        let mut came = Vec::new();
        loop {
            // What is there by then is looked at, once: some never stop talking.
            let is_over = self.now() >= deadline;
            if !self.read(&mut came, deadline)? {
                return Ok(Err(Failure::Silent));
            }
            match framing.find(number, unit, request, &mut came) {
                Found::Answer(answer) => return Ok(Ok(answer)),
                Found::Corrupt => return Ok(Err(Failure::Corrupt)),
                Found::Broken => return Err(io::Error::new(ErrorKind::InvalidData, "it does not speak Modbus TCP")),
                Found::NotYet if is_over => return Ok(Err(Failure::Silent)),
                Found::NotYet if came.len() > MOST => came.clear(),
                Found::NotYet => {}
            }
        }
    }

    /// Lets go what comes for so long: answers that are late.
    pub fn listen(&mut self, time: Duration) {
        let (deadline, mut came) = (self.now() + time, Vec::new());
        while self.now() < deadline
            && let Ok(true) = self.read(&mut came, deadline)
        {
            came.clear();
        }
    }

    /// Makes a connection anew at the next request: no answer to what was asked by the old one comes any more. A serial port
    /// stays open.
    pub fn renew(&mut self) {
        if matches!(self.open, Some(Open::Tcp(_))) {
            self.close();
        }
    }

    /// What came since the last answer is none to the next request; between two frames of RTU a line is silent for the time
    /// of three and a half bytes.
    fn fall_quiet(&mut self) -> io::Result<()> {
        let gap = self.gap() + self.settings.pause;
        let latest = self.now() + QUIET_WITHIN.max(gap);
        let mut came = Vec::new();
        loop {
            let end = (self.used + gap).min(latest);
            if !self.read(&mut came, end)? || self.now() >= latest {
                return Ok(());
            }
            came.clear();
        }
    }

    fn gap(&self) -> Duration {
        match self.settings.link {
            // The specification has a fixed time for faster ones.
            ModbusLink::Serial { baud, .. } if baud > 19_200 => Duration::from_micros(1_750) + CUT,
            ModbusLink::Serial { .. } => self.transmission(7) / 2 + CUT,
            ModbusLink::Tcp { .. } => Duration::ZERO,
        }
    }

    /// How long bytes take on the line.
    fn transmission(&self, bytes: usize) -> Duration {
        match self.settings.link {
            ModbusLink::Serial { baud, .. } => {
                let bits = u32::try_from(bytes).unwrap_or(u32::MAX).saturating_mul(BITS);
                Duration::from_secs_f64(f64::from(bits) / f64::from(baud.max(1)))
            }
            ModbusLink::Tcp { .. } => Duration::ZERO,
        }
    }

    fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        let written = match &mut self.open {
            Some(Open::Serial(port)) => port.write(frame)?,
            Some(Open::Tcp(stream)) => stream.write(frame)?,
            None => return Err(ErrorKind::NotConnected.into()),
        };
        (self.used, self.sent) = (self.now(), self.sent + 1);
        // A frame is far shorter than what the system takes at once; one that it does not take hangs.
        if written == frame.len() { Ok(()) } else { Err(ErrorKind::TimedOut.into()) }
    }

    /// Adds what comes next, at the latest at the deadline. False: nothing came.
    fn read(&mut self, came: &mut Vec<u8>, deadline: Moment) -> io::Result<bool> {
        loop {
            let Some(open) = &mut self.open else { return Err(ErrorKind::NotConnected.into()) };
            let mut bytes = [0; 512];
            let read = match open {
                Open::Serial(port) => port.read(&mut bytes),
                Open::Tcp(stream) => stream.read(&mut bytes),
            };
            match read {
                // A serial port at its end is one that is no more.
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    came.extend(&bytes[..count]);
                    self.used = self.now();
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            let left = deadline.since(self.clock.now().moment);
            if left.is_zero() {
                return Ok(false);
            }
            port::wait(&mut [PollFd::new(&open.as_fd(), PollFlags::IN)], left)?;
        }
    }
}

impl AsFd for Open {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Open::Serial(port) => port.as_fd(),
            Open::Tcp(stream) => stream.as_fd(),
        }
    }
}

fn open(link: &ModbusLink, yields: bool) -> io::Result<Open> {
    match link {
        ModbusLink::Serial { port, baud, parity, stop_bits } => {
            let settings = SerialSettings { baud: *baud, data_bits: 8, parity: *parity, stop_bits: *stop_bits };
            port::open(port, settings, yields).map(Open::Serial)
        }
        ModbusLink::Tcp { host, port, .. } => {
            let mut last = io::Error::new(ErrorKind::NotFound, "there is no such host");
            for address in (&**host, *port).to_socket_addrs()? {
                match TcpStream::connect_timeout(&address, CONNECT_WITHIN) {
                    Ok(stream) => {
                        stream.set_nodelay(true)?;
                        stream.set_nonblocking(true)?;
                        return Ok(Open::Tcp(stream));
                    }
                    Err(error) => last = error,
                }
            }
            Err(last)
        }
    }
}

/// What is wrong with a link, and what to do.
fn describe(link: &ModbusLink, error: &io::Error) -> String {
    let place = link.place();
    match (link, error.kind()) {
        (ModbusLink::Serial { .. }, _) => port::describe(&place, error),
        (ModbusLink::Tcp { .. }, ErrorKind::UnexpectedEof) => format!("{place} ended the connection"),
        (ModbusLink::Tcp { .. }, _) => format!("{place}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Bank, Parity};
    use std::{net::TcpListener, sync::mpsc, thread};

    const READ: Request = Request::Read { bank: Bank::Register, address: 0, count: 1 };

    fn bus(link: ModbusLink) -> ModbusBus {
        let timeout = Duration::from_millis(20);
        ModbusBus { id: "rs485".into(), link, timeout, poll: Duration::from_secs(1), pause: Duration::ZERO }
    }

    fn serial(baud: u32) -> ModbusLink {
        ModbusLink::Serial { port: "/dev/ttyUSB0".into(), baud, parity: Parity::None, stop_bits: 1 }
    }

    #[test]
    fn whoever_never_stops_talking_is_not_waited_for() {
        for rtu in [false, true] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            thread::spawn(move || {
                let (mut peer, _) = listener.accept().unwrap();
                // In frames of TCP: answers to another request.
                let chatter = [0, 0, 0, 0, 0, 5, 1, 3, 2, 0, 0].repeat(100);
                while peer.write_all(&chatter).is_ok() {}
            });
            let (told, said) = mpsc::channel();
            thread::spawn(move || {
                let mut wire = Wire::new(bus(ModbusLink::Tcp { host: "127.0.0.1".into(), port, rtu }));
                let answer = wire.ask(7, READ, Duration::from_millis(20));
                wire.listen(Duration::from_millis(20));
                told.send(answer).unwrap();
            });
            let answer = said.recv_timeout(Duration::from_secs(60)).expect("an end");
            assert!(answer.is_err(), "RTU: {rtu}: {answer:?}");
        }
    }

    /// Of 3.5 characters; from 19200 bits a second on, of 1.75 ms.
    #[test]
    fn between_two_frames_a_line_is_silent_for_long_enough() {
        for baud in [300, 1_200, 2_400, 9_600, 19_200, 38_400, 115_200, 1_000_000] {
            let asked = if baud > 19_200 { 1.75 } else { 3.5 * 11_000.0 / f64::from(baud) };
            let gap = Wire::new(bus(serial(baud))).gap();
            // It began up to a millisecond after the moment from which it is measured.
            let kept = (Moment::START + gap).as_millis() - 1;
            assert!(kept as f64 >= asked, "{baud}: {kept} ms of {asked} ms");
        }
    }
}
