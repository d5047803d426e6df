//! The bus with a gateway that is played, and its inbox.

use super::{
    super::{
        Modbus, OutputShare,
        frame::checksum,
        pdu::{Answer, Request},
    },
    *,
};
use crate::{
    config,
    model::{Bank, ClockTrust, DriveId, ModbusBus, ModbusForm, ModbusLink, ModbusPlace, ModbusUnit},
};
use std::{
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    sync::mpsc,
    thread,
};

fn coil(unit: u8, coil: u16) -> Arc<ModbusPoint> {
    let place = ModbusPlace { bank: Bank::Coil, address: coil };
    let unit = ModbusUnit { bus: "rs485".into(), address: unit };
    Arc::new(ModbusPoint { unit, place, form: ModbusForm::Whole, inverted: false, verify: false })
}

fn drive(of: u16, level: Level) -> Drive {
    Drive::new(coil(1, of), level, Answering::Waiting(Box::new(drop)))
}

/// What the thread would do, in this order.
fn tasks(inbox: &Inbox) -> Vec<String> {
    let told = |task| match task {
        Task::Follow(_) => "follow".to_owned(),
        Task::Drive(Drive { point, level, .. }) => format!("{} {level}", point.place),
        Task::End => "end".to_owned(),
    };
    std::iter::from_fn(|| inbox.next(Duration::ZERO).flatten()).map(told).collect()
}

#[test]
fn of_one_output_only_the_newest_drive_is_done() {
    let inbox = Inbox::default();
    for (coil, level) in [(0, Level::ON), (1, Level::ON), (0, Level::OFF)] {
        inbox.give(Task::Drive(drive(coil, level)));
    }
    // It failed meanwhile; of the first one there is a newer one.
    inbox.give_back(drive(0, Level::ON));
    inbox.give_back(drive(2, Level::ON));
    assert_eq!(tasks(&inbox), ["coil 1 ON", "coil 0 OFF", "coil 2 ON"]);
}

/// As after a reload, by which the house has it by another name or in another form.
#[test]
fn of_the_same_and_of_its_parts_only_the_newest_drive_is_done() {
    let point = |bus: &str, form| {
        let place = ModbusPlace { bank: Bank::Register, address: 7 };
        Arc::new(ModbusPoint {
            unit: ModbusUnit { bus: bus.into(), address: 1 },
            place,
            form,
            ..ModbusPoint::clone(&coil(1, 0))
        })
    };
    let whole = ModbusForm::Numbers { off: 0, on: 1 };
    let inbox = Inbox::default();
    let (one, two) = (ModbusForm::Bit(1), ModbusForm::Bit(2));
    for (bus, form) in [("hall", one), ("rs485", whole), ("cabinet", whole), ("cabinet", one), ("cabinet", two)] {
        inbox.give(Task::Drive(Drive::new(point(bus, form), Level::ON, Answering::Waiting(Box::new(drop)))));
    }
    let left = std::iter::from_fn(|| inbox.next(Duration::ZERO).flatten());
    let left = left.map(|task| if let Task::Drive(drive) = task { drive.point.to_string() } else { String::new() });
    // What is more than a bit is done before it.
    let whole = "register 7 of cabinet/1";
    assert_eq!(left.collect::<Vec<_>>(), [whole, &format!("bit 1 of {whole}"), &format!("bit 2 of {whole}")]);
}

#[test]
fn the_end_waits_for_nothing_that_is_to_be_driven() {
    let inbox = Inbox::default();
    inbox.give(Task::Drive(drive(0, Level::OFF)));
    inbox.give(Task::End);
    assert_eq!(tasks(&inbox), ["end", "coil 0 OFF"]);
    inbox.give(Task::Drive(drive(0, Level::ON)));
    inbox.give(Task::End);
    inbox.forget_drives();
    assert_eq!(tasks(&inbox), ["end"]);
    inbox.give(Task::End);
    inbox.end();
    assert_eq!(tasks(&inbox), [""; 0], "the thread ends after what it is at");
}

/// Longer than any machine is busy with something else: whoever is to be silent is, and nobody else.
const TIMEOUT: Duration = Duration::from_secs(3);

/// A gateway that passes on frames of RTU, and its port. To a frame comes back what `answer` says. Tells of
/// which unit and address each frame is.
fn gateway_that_says(mut answer: impl FnMut(&[u8]) -> Vec<u8> + Send + 'static) -> (u16, mpsc::Receiver<(u8, u16)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, asked) = mpsc::channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut frame = [0; 8];
            while stream.read_exact(&mut frame).is_ok() {
                let _ = told.send((frame[0], u16::from_be_bytes([frame[2], frame[3]])));
                let _ = stream.write_all(&answer(&frame));
            }
        }
    });
    (port, asked)
}

fn with_checksum(mut frame: Vec<u8>) -> Vec<u8> {
    frame.extend(checksum(&frame).to_le_bytes());
    frame
}

/// Such a gateway where each register holds its own address; to what `is_silent` says of units and addresses nothing is answered.
fn gateway(is_silent: impl Fn(u8, u16) -> bool + Send + 'static) -> (u16, mpsc::Receiver<(u8, u16)>) {
    gateway_that_says(move |frame| match frame[1] {
        _ if is_silent(frame[0], u16::from_be_bytes([frame[2], frame[3]])) => Vec::new(),
        3 => with_checksum(vec![frame[0], 3, 2, frame[2], frame[3]]),
        _ => with_checksum(frame[..6].to_vec()),
    })
}

/// A bus that such a gateway leads to.
fn bus(is_silent: impl Fn(u8, u16) -> bool + Send + 'static) -> (Bus, mpsc::Receiver<(u8, u16)>) {
    let (port, asked) = gateway(is_silent);
    (bus_at(port), asked)
}

fn bus_at(port: u16) -> Bus {
    let settings = ModbusBus {
        id: "rs485".into(),
        link: ModbusLink::Tcp { host: "127.0.0.1".into(), port, rtu: true },
        timeout: TIMEOUT,
        poll: Duration::from_secs(1),
        pause: Duration::ZERO,
    };
    let clock = Clock::system(Moment::from_millis(1_000_000), ClockTrust::Always);
    let (events, _) = tokio::sync::mpsc::channel(1);
    let mut bus = Bus::new("gateway", Arc::default(), clock, events);
    bus.rounds.in_hurry = [TIMEOUT; 2];
    bus.follow(Share { settings: Some(settings), ..Share::none() });
    bus.devices.insert(1, Device::new());
    bus
}

/// Does all that is to be done.
fn work_off(bus: &mut Bus) {
    while let Some(Some(task)) = bus.inbox.next(Duration::ZERO) {
        bus.work(task);
    }
}

#[test]
fn what_is_never_answered_is_asked_once_more_and_left_out() {
    let (mut bus, asked) = bus(|_, address| address == 40);
    let read = |address| Request::Read { bank: Bank::Register, address, count: 1 };
    let write = Request::WriteCoil { address: 7, on: true, as_several: false };
    let mut ask = |request| bus.ask(1, request).map_err(|failure| failure.text);
    let missing = Err("no answer within 3s".to_owned());
    assert_eq!(ask(read(40)), missing);
    // Nobody takes the answer to a read for that to a write.
    assert_eq!(ask(write), Ok(Answer::Written));
    assert_eq!(ask(read(60)), Ok(Answer::Read(vec![60])));
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [(1, 40), (1, 7), (1, 40), (1, 60)]);
    // As far as is known by then, the device may be dead: it is left alone for now, and then the next one has its turn.
    assert_eq!(ask(read(40)), missing);
    assert_eq!(ask(read(60)), missing);
    assert_eq!(ask(read(60)), Ok(Answer::Read(vec![60])));
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [(1, 40), (1, 40), (1, 60)]);
}

/// What the control loop is told of a drive.
fn told_of(bus: &mut Bus, point: Arc<ModbusPoint>, level: Level) -> Vec<Event> {
    bus.work(Task::Drive(Drive::new(point, level, Answering::Loop(DriveId(7)))));
    bus.reports.take()
}

#[test]
fn what_does_not_obey_may_do_so_yet() {
    let (mut bus, _) = bus(|_, _| false);
    let point = ModbusPoint {
        place: ModbusPlace { bank: Bank::Register, address: 0 },
        form: ModbusForm::Numbers { off: 0, on: 1 },
        verify: true,
        ..ModbusPoint::clone(&coil(1, 0))
    };
    let told = told_of(&mut bus, Arc::new(point), Level::ON);
    let [Event::Overdue { drive: DriveId(7), text }] = &told[..] else { panic!("{told:?}") };
    assert!(text.contains("does not obey"), "{text}");
}

#[test]
fn what_is_refused_after_an_answer_that_was_lost_may_have_been_done() {
    for mut is_garbled in [false, true] {
        let is_lost = is_garbled;
        let (port, _) = gateway_that_says(move |frame| match std::mem::take(&mut is_garbled) {
            true => [&frame[..6], &[0, 0]].concat(),
            false => with_checksum(vec![frame[0], frame[1] | 0x80, 6]),
        });
        let told = told_of(&mut bus_at(port), coil(1, 0), Level::ON);
        match is_lost {
            true => assert!(matches!(told[..], [Event::Overdue { .. }]), "{told:?}"),
            false => assert!(matches!(told[..], [Event::Driven { result: Err(_), .. }]), "{told:?}"),
        }
    }
}

#[test]
fn at_the_end_a_dead_device_is_tried_behind_all_others() {
    let (mut bus, asked) = bus(|unit, _| unit == 1);
    let (told, answers) = mpsc::channel();
    for (unit, of) in [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1)] {
        let told = told.clone();
        let tell = move |result: Result<(), String>| told.send((unit, of, result.is_ok())).unwrap();
        let answer = Answering::Waiting(Box::new(tell));
        bus.inbox.give(Task::Drive(Drive { round: 1, ..Drive::new(coil(unit, of), Level::OFF, answer) }));
    }
    work_off(&mut bus);
    let asked: Vec<_> = asked.try_iter().collect();
    assert_eq!(asked, [(1, 0), (2, 0), (2, 1), (1, 1), (1, 2)], "each round tries one of the dead, another each time");
    let answers: Vec<_> = answers.try_iter().collect();
    assert_eq!(answers, [(2, 0, true), (2, 1, true), (1, 2, false), (1, 1, false), (1, 0, false)]);
}

#[test]
fn in_later_rounds_the_silent_come_last() {
    let (mut bus, asked) = bus(|unit, _| unit != 2);
    bus.devices.insert(1, silent());
    for unit in [1, 2, 3] {
        let answer = Answering::Waiting(Box::new(drop));
        bus.inbox.give(Task::Drive(Drive { round: 1, ..Drive::new(coil(unit, 0), Level::OFF, answer) }));
    }
    work_off(&mut bus);
    let asked: Vec<u8> = asked.try_iter().map(|(unit, _)| unit).collect();
    assert_eq!(asked, [2, 3, 3, 1, 3, 1]);
}

/// A device that did not answer for long.
fn silent() -> Device {
    let mut device = Device::new();
    (0..3).for_each(|_| device.fails("rs485/1", "no answer", None, Moment::START, &mut Vec::new()));
    device
}

#[test]
fn at_the_end_nobody_waits_for_who_is_known_to_be_silent_and_nothing_is_read() {
    let (mut bus, asked) = bus(|unit, _| unit == 1);
    bus.devices.insert(1, silent());
    // It is taken away, and due at once.
    let leaving =
        |unit| Leaving { id: "fan".into(), point: coil(unit, 9), level: Level::OFF, tries: 1, due: Moment::START };
    bus.leaving.extend([leaving(1), leaving(2)]);
    let give = |unit, of, answer| Task::Drive(Drive::new(coil(unit, of), Level::OFF, answer));
    bus.inbox.give(Task::End);
    for unit in [1, 2] {
        bus.inbox.give(give(unit, 0, Answering::Waiting(Box::new(drop))));
    }
    bus.work(bus.inbox.next(Duration::ZERO).flatten().unwrap());
    assert_eq!(bus.next_due(), None, "a poll would hold the drives up");
    bus.work(bus.inbox.next(Duration::ZERO).flatten().unwrap());
    assert_eq!(asked.try_iter().count(), 0);
    // What comes only now goes before what is known to fail.
    bus.inbox.give(give(2, 1, Answering::Waiting(Box::new(drop))));
    work_off(&mut bus);
    let asked: Vec<_> = asked.try_iter().collect();
    assert_eq!(asked, [(2, 0), (2, 1), (1, 0), (1, 0), (2, 9)], "in the last round, what was taken away is tried too");
    let left: Vec<_> = bus.leaving.iter().map(|leaving| leaving.point.unit.address).collect();
    assert_eq!(left, [1]);
}

#[test]
fn a_drive_that_fails_while_the_end_comes_has_all_chances_of_the_end() {
    let (mut bus, asked) = bus(|unit, _| unit == 1);
    let drive = Drive::new(coil(1, 0), Level::OFF, Answering::Loop(DriveId(7)));
    bus.inbox.give(Task::Drive(drive));
    let under_way = bus.inbox.next(Duration::ZERO).flatten().unwrap();
    bus.inbox.give(Task::End);
    bus.work(under_way);
    assert!(bus.reports.are_sent(), "nobody is told that it failed");
    work_off(&mut bus);
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [(1, 0); 4]);
    let told = bus.reports.take();
    assert!(matches!(told[..], [Event::Overdue { drive: DriveId(7), .. }]), "{told:?}");
}

#[test]
fn a_link_that_cannot_be_opened_has_a_while_to_come_back_at_the_end() {
    // Nobody ever listens there.
    let mut bus = bus_at(0);
    bus.inbox.give(Task::Drive(Drive { round: 1, ..drive(0, Level::OFF) }));
    let began = bus.clock.now().moment;
    work_off(&mut bus);
    assert!(bus.closed.is_some());
    assert!(bus.clock.now().moment.since(began) >= REOPEN_AT_END * u32::from(LAST_ROUND - 1));
}

/// Otherwise they would wait until the next time that their own device is tried, which is up to a minute later.
#[test]
fn a_link_that_works_again_wakes_what_was_not_driven_on_any_device() {
    let (mut bus, _) = bus(|_, _| false);
    let output = |id: &str, unit| OutputShare { id: id.into(), point: coil(unit, 0), safe: Some(Level::OFF) };
    let share = Share { outputs: vec![output("fan", 1), output("pump", 2)], ..Share::none() };
    let now = bus.clock.now().moment;
    for unit in [1, 2] {
        let device = bus.devices.entry(unit).or_insert_with(Device::new);
        device.follow(unit, &share, Duration::from_secs(1), now);
        device.outputs.values_mut().for_each(|state| state.wanted = Some(Level::ON));
    }
    for _ in 0..9 {
        bus.note_closed("the gateway is away", now);
    }
    assert!(bus.drive(&coil(2, 0), Level::ON).is_err(), "nobody is asked");
    bus.reports.take();
    assert!(bus.ask(1, Request::WriteCoil { address: 0, on: true, as_several: false }).is_ok());
    let reached = |output: &str| Event::WireReached { output: output.into() };
    assert_eq!(bus.reports.take(), [reached("fan"), reached("pump")]);
    assert!(bus.drive(&coil(2, 0), Level::ON).is_ok());
}

#[test]
fn a_link_that_works_again_wakes_what_is_leaving() {
    let later = Duration::from_secs(60);
    for found_by_leaving in [false, true] {
        let (mut bus, asked) = bus(|_, _| false);
        let now = bus.clock.now().moment;
        let leaving =
            |id: &str, unit, due| Leaving { id: id.into(), point: coil(unit, 0), level: Level::OFF, tries: 7, due };
        bus.leaving = vec![leaving("fan", 1, now + later), leaving("pump", 2, now + later)];
        bus.note_closed("the gateway is away", now);
        bus.closed.iter_mut().for_each(|(_, _, at)| *at = Moment::START);
        bus.leave();
        assert_eq!((bus.leaving.len(), asked.try_iter().count()), (2, 0), "nobody is asked");
        if found_by_leaving {
            bus.devices.values_mut().for_each(|device| device.trouble = None);
            bus.leaving[0].due = now;
            bus.leave();
        } else {
            assert!(bus.ask(3, Request::WriteCoil { address: 0, on: true, as_several: false }).is_ok());
        }
        assert!(bus.leaving.iter().all(|leaving| leaving.due <= now), "{found_by_leaving}");
        bus.leave();
        assert!(bus.leaving.is_empty());
    }
}

#[test]
fn nothing_is_driven_while_an_answer_may_be_late() {
    let (mut bus, asked) = bus(|_, _| false);
    let failed = |bus: &mut Bus, ago: Duration| {
        let since = Moment::from_millis(1_000_000 - i64::try_from(ago.as_millis()).unwrap());
        bus.devices.get_mut(&1).unwrap().trouble = Some(("no answer".into(), since));
        bus.drive(&coil(1, 0), Level::ON).is_ok()
    };
    bus.timeout = Duration::from_secs(300);
    assert!(!failed(&mut bus, Duration::from_secs(60)));
    assert_eq!(asked.try_iter().count(), 0);
    assert!(failed(&mut bus, Duration::from_secs(600)));
}

#[test]
fn in_an_emergency_outputs_of_a_thread_that_died_are_left_safe() {
    let (port, asked) = gateway(|_, _| false);
    let text = format!(
        "[hub]\nid = \"hut\"\n[hardware]\nbackend = \"simulated\"\n\
         [modbus.rs485]\nurl = \"rtu+tcp://127.0.0.1:{port}\"\ntimeout = \"3s\"\n\
         [outputs.pump]\nkind = \"switch\"\nmodbus = \"rs485/1\"\ncoil = 5\nverify = false\n"
    );
    let config = config::parse(Path::new("hut.toml"), &text).unwrap().config;
    let clock = Clock::system(Moment::START, ClockTrust::Always);
    let (events, _news) = tokio::sync::mpsc::channel(64);
    let mut modbus = Modbus::open(&config, clock, events);
    let running = modbus.buses.values().next().unwrap();
    let answer = Answering::Waiting(Box::new(|_| panic!("a bug in the thread")));
    running.inbox.give(Task::Drive(Drive::new(coil(1, 0), Level::ON, answer)));
    while modbus.is_healthy() {
        sleep(Duration::from_millis(1));
    }
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [(1, 0)]);
    let results = modbus.make_safe(&config, None).wait();
    assert!(!results.is_empty() && results.values().all(Result::is_ok), "{results:?}");
    assert!(asked.try_iter().any(|at| at == (1, 5)));
}
