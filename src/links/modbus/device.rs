//! One device of a bus: what is read of it and when, whether it answers, and what became of its outputs.

use super::{
    SensorShare, Share,
    blocks::{Block, blocks},
    pdu::{Exception, Request},
};
use crate::{
    clock::Moment,
    links::port::pause,
    model::{Event, Level, ModbusForm, ModbusPlace, ModbusPoint, Quantity, ReadFailure},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// So many failures one after the other are a fault.
const FAULT_AFTER: u32 = 3;

/// One device.
pub(super) struct Device {
    pub jobs: Vec<Job>,
    /// Of the last failures, one after the other.
    failures: u32,
    /// What was wrong, and when that was.
    pub trouble: Option<(String, Moment)>,
    /// What it was asked to read and has not answered, by what could take that answer, which may come yet, for its own.
    pub owed: BTreeMap<(u8, usize), Owed>,
    /// It has function 15 or 16 only, not 5 or 6.
    pub writes_several: [bool; 2],
    inputs: BTreeMap<Arc<str>, InputState>,
    pub outputs: BTreeMap<Arc<ModbusPoint>, OutputState>,
}

/// What a device was asked and has not answered.
#[derive(Clone, Copy)]
pub(super) struct Owed {
    pub request: Request,
    /// It answered something else since.
    pub is_awake: bool,
}

struct InputState {
    point: Arc<ModbusPoint>,
    told: Option<Result<bool, String>>,
}

/// What is known of an output.
pub(super) struct OutputState {
    pub id: Arc<str>,
    /// None: it is left as it is.
    pub safe: Option<Level>,
    /// What it was last driven to, or went to by itself; None: nobody has driven it yet.
    pub wanted: Option<Level>,
    /// It was read to be so.
    pub is_confirmed: bool,
}

/// What is read at one pace.
pub(super) struct Job {
    every: Duration,
    due: Moment,
    /// Of its last requests, so many were not answered, one after the other.
    failures: u32,
    blocks: Vec<Block>,
    /// The next one to be read.
    at: usize,
    image: BTreeMap<ModbusPlace, Result<u16, Exception>>,
    sensors: Vec<SensorShare>,
    /// It is that of inputs and outputs.
    is_of_points: bool,
}

impl Device {
    pub fn new() -> Device {
        Device {
            jobs: Vec::new(),
            failures: 0,
            trouble: None,
            owed: BTreeMap::new(),
            writes_several: [false; 2],
            inputs: BTreeMap::new(),
            outputs: BTreeMap::new(),
        }
    }

    /// Takes over what a house has of it. What stays the same keeps what is known of it. Returns the outputs that are gone.
    pub fn follow(
        &mut self,
        address: u8,
        share: &Share,
        poll: Duration,
        now: Moment,
    ) -> Vec<(Arc<ModbusPoint>, OutputState)> {
        let mut inputs = std::mem::take(&mut self.inputs);
        for (id, point) in share.inputs.iter().filter(|(_, point)| point.unit.address == address) {
            // Whoever decides knows it by all of that.
            let before = inputs.remove(id).filter(|state| state.point == *point);
            let told = before.and_then(|state| state.told);
            self.inputs.insert(id.clone(), InputState { point: point.clone(), told });
        }
        let mut outputs = std::mem::take(&mut self.outputs);
        for output in share.outputs.iter().filter(|output| output.point.unit.address == address) {
            // What its bus is called is of no account.
            let same = outputs.keys().find(|point| is_same(point, &output.point)).cloned();
            let before = same.and_then(|point| outputs.remove(&point));
            let (wanted, is_confirmed) = before.map_or((None, false), |before| (before.wanted, before.is_confirmed));
            let state = OutputState { id: output.id.clone(), safe: output.safe, wanted, is_confirmed };
            self.outputs.insert(output.point.clone(), state);
        }
        self.plan(address, share, poll, now);
        outputs.into_iter().collect()
    }

    /// Works out what is read when; what is read as before goes on as before.
    fn plan(&mut self, address: u8, share: &Share, poll: Duration, now: Moment) {
        let mut jobs: Vec<Job> = Vec::new();
        let points = self.inputs.values().map(|state| &state.point);
        let points = points.chain(self.outputs.keys().filter(|point| point.verify));
        let points: Vec<(ModbusPlace, u16)> = points.map(|point| (point.place, 1)).collect();
        if !points.is_empty() {
            jobs.push(Job::new(poll, blocks(points), Vec::new(), true, now));
        }
        let mut sensors: BTreeMap<Duration, Vec<SensorShare>> = BTreeMap::new();
        for sensor in share.sensors.iter().filter(|sensor| sensor.sensor.unit.address == address) {
            sensors.entry(sensor.every).or_default().push(sensor.clone());
        }
        for (every, sensors) in sensors {
            let channels = sensors.iter().flat_map(|sensor| &sensor.sensor.channels);
            let places = channels.map(|channel| (channel.place, channel.number.registers())).collect();
            jobs.push(Job::new(every, blocks(places), sensors, false, now));
        }
        for job in &mut jobs {
            let same = |before: &&Job| before.every == job.every && before.is_of_points == job.is_of_points;
            // New points are read at once.
            let reads_no_more = |before: &&Job| job.blocks.iter().all(|block| before.blocks.contains(block));
            if let Some(before) = self.jobs.iter().find(same).filter(reads_no_more) {
                // One that is not answered waits for longer.
                let latest = now + job.every.max(pause(before.failures));
                (job.due, job.failures) = (before.due.min(latest), before.failures);
            }
        }
        self.jobs = jobs;
    }

    /// It did not answer so often that nobody expects it to.
    pub fn is_silent(&self) -> bool {
        self.failures >= FAULT_AFTER
    }

    /// Whether nothing is read or driven there.
    pub fn is_unused(&self) -> bool {
        self.jobs.is_empty() && self.outputs.is_empty()
    }

    /// When something is to be read, and which job that is.
    pub fn next_due(&self) -> Option<(Moment, usize)> {
        let retry = self.trouble.as_ref().map(|(_, since)| *since + pause(self.failures));
        let due = self.jobs.iter().map(|job| job.due).enumerate().map(|(job, due)| (due, job)).min()?;
        Some((retry.map_or(due.0, |retry| retry.max(due.0)), due.1))
    }

    /// The link to it is there again. If that was what was wrong with it, it was none of its own.
    pub fn is_reached(&mut self, closed: &str, events: &mut Vec<Event>) {
        if let Some((_, since)) = self.trouble.take_if(|(text, _)| text == closed) {
            self.failures = 0;
            self.jobs.iter_mut().for_each(|job| (job.due, job.failures) = (job.due.min(since), 0));
            self.retry(events);
        }
    }

    /// What its outputs did not take need not wait.
    fn retry(&self, events: &mut Vec<Event>) {
        for state in self.outputs.values().filter(|state| state.wanted.is_some() && !state.is_confirmed) {
            events.push(Event::WireReached { output: state.id.clone() });
        }
    }

    /// It answered.
    pub fn answers(&mut self, name: &str, events: &mut Vec<Event>) {
        if let Some((_, since)) = self.trouble.take() {
            if self.is_silent() {
                tracing::info!("{name} answers again");
                // It was none of them that it did not answer, but all.
                self.jobs.iter_mut().for_each(|job| (job.due, job.failures) = (since, 0));
            }
            self.retry(events);
        }
        self.failures = 0;
        self.owed.values_mut().for_each(|owed| owed.is_awake = true);
    }

    /// It did not answer, to this request if it was asked.
    pub fn fails(&mut self, name: &str, text: &str, request: Option<Request>, now: Moment, events: &mut Vec<Event>) {
        self.failures = self.failures.saturating_add(1);
        self.trouble = Some((text.to_owned(), now));
        let is_silent = self.is_silent();
        // Of the link, that is said once.
        if self.failures == FAULT_AFTER && request.is_some() {
            tracing::warn!("{name}: {text}; it is asked again now and then");
        }
        let mut are_points_in_fault = is_silent;
        for job in &mut self.jobs {
            job.begin_anew();
            // The next answer is news of everything. But some answer all except one thing: that keeps no other from being read.
            let is_it = job.blocks.iter().any(|block| Some(block.request()) == request);
            job.failures = job.failures.saturating_add(u32::from(is_it));
            job.due = now + pause(job.failures);
            let fault = is_silent || job.failures >= FAULT_AFTER;
            are_points_in_fault |= fault && job.is_of_points;
            for sensor in &job.sensors {
                let result = Err(ReadFailure { text: text.to_owned(), fault });
                events.push(Event::SensorRead { sensor: sensor.id.clone(), result });
            }
        }
        if !are_points_in_fault {
            return;
        }
        for (id, state) in &mut self.inputs {
            state.tell(id, Err(text.to_owned()), events);
        }
        for (point, state) in &mut self.outputs {
            let (true, Some(level)) = (std::mem::take(&mut state.is_confirmed), state.wanted) else { continue };
            tracing::warn!("output {}: {point}: {text}", state.id);
            events.push(Event::WireFound { output: state.id.clone(), level, result: Err(text.to_owned()) });
        }
    }

    /// The block of a job that is to be read next.
    pub fn block(&self, job: usize) -> Option<&Block> {
        let job = &self.jobs[job];
        job.blocks.get(job.at)
    }

    /// A place was written: what was read of it before is old, and the rest of that picture is not read yet.
    pub fn is_written(&mut self, place: ModbusPlace) {
        for job in self.jobs.iter_mut().filter(|job| job.is_of_points) {
            job.image.remove(&place);
        }
    }

    /// Takes in what a block says; after the last one, tells what changed.
    pub fn take(
        &mut self,
        name: &str,
        job: usize,
        read: Result<Vec<u16>, Exception>,
        now: Moment,
        events: &mut Vec<Event>,
    ) {
        let running = &mut self.jobs[job];
        let Some(block) = running.blocks.get(running.at).cloned() else { return };
        match read {
            Ok(values) => running.image.extend(block.places().zip(values.into_iter().map(Ok))),
            // It may be what lies between the parts that it does not have.
            Err(_) if block.parts.len() > 1 => {
                running.blocks.splice(running.at..=running.at, block.split());
                return;
            }
            Err(refusal) => running.image.extend(block.places().map(|place| (place, Err(refusal)))),
        }
        running.at += 1;
        if running.at < running.blocks.len() {
            return;
        }
        let image = running.begin_anew();
        running.failures = 0;
        // In step with the last time, or from now on if that is past.
        running.due = Some(running.due + running.every).filter(|due| *due > now).unwrap_or(now + running.every);
        for sensor in &running.sensors {
            let result = sensor.read(name, &image).map_err(|text| ReadFailure { text, fault: true });
            events.push(Event::SensorRead { sensor: sensor.id.clone(), result });
        }
        if running.is_of_points {
            self.take_points(name, &image, events);
        }
    }

    fn take_points(&mut self, name: &str, image: &Image, events: &mut Vec<Event>) {
        for (id, state) in &mut self.inputs {
            let Some(read) = image.get(&state.point.place) else { continue };
            let ModbusPoint { form, inverted, .. } = *state.point;
            let result = read.map(|raw| form.level(raw).is_on() != inverted);
            state.tell(id, result.map_err(|refusal| refused(name, state.point.place, refusal)), events);
        }
        for (point, state) in &mut self.outputs {
            let (Some(read), Some(wanted)) = (image.get(&point.place).filter(|_| point.verify), state.wanted) else {
                continue;
            };
            match read {
                Ok(raw) if point.form.is_at(*raw, wanted) => {
                    if !std::mem::replace(&mut state.is_confirmed, true) {
                        events.push(Event::WireFound { output: state.id.clone(), level: wanted, result: Ok(()) });
                    }
                }
                // What was not confirmed is tried again by whoever decides.
                Ok(raw) if state.is_confirmed => {
                    let level = point.form.level(*raw);
                    tracing::info!("{} went {level} by itself", state.id);
                    state.wanted = Some(level);
                    events.push(Event::WireFound { output: state.id.clone(), level, result: Ok(()) });
                }
                Ok(_) => {}
                Err(refusal) => {
                    if std::mem::take(&mut state.is_confirmed) {
                        let result = Err(refused(name, point.place, *refusal));
                        events.push(Event::WireFound { output: state.id.clone(), level: wanted, result });
                    }
                }
            }
        }
    }
}

/// What was read, by its place.
type Image = BTreeMap<ModbusPlace, Result<u16, Exception>>;

/// What to say of a place that a device does not give.
pub(super) fn refused(name: &str, place: ModbusPlace, refusal: Exception) -> String {
    format!("{name} refuses {place}: {refusal}")
}

/// Whether two points are the same wires, on a bus that is the same.
fn is_same(a: &ModbusPoint, b: &ModbusPoint) -> bool {
    (a.unit.address, a.place, a.form) == (b.unit.address, b.place, b.form)
}

impl InputState {
    /// Tells what is new.
    fn tell(&mut self, id: &Arc<str>, result: Result<bool, String>, events: &mut Vec<Event>) {
        if self.told.replace(result.clone()).as_ref() == Some(&result) {
            return;
        }
        if let Err(text) = &result {
            tracing::warn!("input {id}: {text}");
        }
        events.push(Event::InputRead { input: id.clone(), result, at: None });
    }
}

impl Job {
    fn new(every: Duration, blocks: Vec<Block>, sensors: Vec<SensorShare>, is_of_points: bool, due: Moment) -> Job {
        Job { every, due, failures: 0, blocks, at: 0, image: Image::new(), sensors, is_of_points }
    }

    /// The next block is the first one. Returns what was read so far.
    fn begin_anew(&mut self) -> Image {
        self.at = 0;
        std::mem::take(&mut self.image)
    }
}

impl SensorShare {
    /// Its readings, all or none: half of them would look like all.
    fn read(&self, name: &str, image: &Image) -> Result<Vec<(Quantity, f64)>, String> {
        let readings = self.sensor.channels.iter().map(|channel| {
            let word = |offset: u16| {
                let address = channel.place.address.checked_add(offset)?;
                image.get(&ModbusPlace { address, ..channel.place }).copied()
            };
            let words: Option<Vec<_>> = (0..channel.number.registers()).map(word).collect();
            let words = words.ok_or_else(|| format!("{name} does not tell {}", channel.place))?;
            let words: Result<Vec<u16>, Exception> = words.into_iter().collect();
            let words = words.map_err(|refusal| refused(name, channel.place, refusal))?;
            let (quantity, place) = (channel.quantity, channel.place);
            let number = channel.number.read(&words, channel.low_first);
            let number = number.ok_or_else(|| format!("{name} has no number in {place}"))?;
            let value = number * channel.scale + channel.offset;
            if !quantity.plausible().contains(&value) {
                let (word, unit) = (quantity.word(), quantity.unit());
                return Err(format!("{name} says {value} {unit} of {word} in {place}, which cannot be: see its type, scale and word order"));
            }
            Ok((quantity, value))
        });
        readings.collect()
    }
}

/// What writes a level to a point; None: a bit of a register, which is not written alone.
pub(super) fn write(point: &ModbusPoint, level: Level, writes_several: [bool; 2]) -> Option<Request> {
    let address = point.place.address;
    let [coils, registers] = writes_several;
    match (point.form, point.form.number(level)) {
        (ModbusForm::Bit(_), _) => None,
        (_, Some(value)) => Some(Request::WriteRegister { address, value, as_several: registers }),
        (_, None) => Some(Request::WriteCoil { address, on: level.is_on(), as_several: coils }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Bank, ModbusChannel, ModbusNumber, ModbusSensor, ModbusUnit};

    fn unit() -> ModbusUnit {
        ModbusUnit { bus: "rs485".into(), address: 5 }
    }

    fn place(bank: Bank, address: u16) -> ModbusPlace {
        ModbusPlace { bank, address }
    }

    fn share() -> Share {
        let channel = |quantity, address, number| ModbusChannel {
            quantity,
            place: place(Bank::InputRegister, address),
            number,
            low_first: false,
            scale: 0.1,
            offset: 0.0,
        };
        let channels = vec![
            channel(Quantity::Temperature, 1, ModbusNumber::I16),
            channel(Quantity::Humidity, 2, ModbusNumber::U16),
        ];
        let sensor = ModbusSensor { unit: unit(), channels };
        let point = |bank, address| {
            let (place, form) = (place(bank, address), ModbusForm::Whole);
            Arc::new(ModbusPoint { unit: unit(), place, form, inverted: false, verify: true })
        };
        Share {
            settings: None,
            sensors: vec![SensorShare { id: "air".into(), every: Duration::from_secs(10), sensor }],
            inputs: vec![("door".into(), point(Bank::DiscreteInput, 0))],
            outputs: vec![super::super::OutputShare {
                id: "pump".into(),
                point: point(Bank::Coil, 2),
                safe: Some(Level::OFF),
            }],
        }
    }

    fn device() -> Device {
        let mut device = Device::new();
        assert!(device.follow(5, &share(), Duration::from_secs(1), Moment::START).is_empty());
        device
    }

    /// Reads all that is due, with what `answer` says.
    fn poll(device: &mut Device, now: Moment, answer: impl Fn(&Block) -> Result<Vec<u16>, Exception>) -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..20 {
            let Some((due, job)) = device.next_due() else { break };
            if due > now {
                break;
            }
            let read = device.block(job).map(&answer).unwrap();
            device.take("rs485/5", job, read, now, &mut events);
        }
        events
    }

    fn input(result: Result<bool, &str>) -> Event {
        Event::InputRead { input: "door".into(), result: result.map_err(str::to_owned), at: None }
    }

    #[test]
    fn what_is_due_is_read_and_only_news_of_inputs_is_told() {
        let mut device = device();
        let good = |block: &Block| {
            Ok(match block.first.bank {
                Bank::InputRegister => vec![0xff33, 546],
                _ => vec![1; usize::from(block.count)],
            })
        };
        let readings = vec![(Quantity::Temperature, -20.5), (Quantity::Humidity, 546.0 * 0.1)];
        let air = Event::SensorRead { sensor: "air".into(), result: Ok(readings) };
        let now = Moment::START;
        assert_eq!(poll(&mut device, now, good), [input(Ok(true)), air.clone()]);
        assert_eq!(poll(&mut device, now + Duration::from_secs(1), good), []);
        assert_eq!(poll(&mut device, now + Duration::from_secs(10), good), [air]);
    }

    #[test]
    fn a_block_that_is_refused_is_read_in_its_parts() {
        let mut device = device();
        let refusing = |block: &Block| match (block.first.bank, block.first.address, block.count) {
            (Bank::InputRegister, 1, 1) => Ok(vec![210]),
            (Bank::InputRegister, ..) => Err(Exception(2)),
            _ => Ok(vec![0]),
        };
        let events = poll(&mut device, Moment::START, refusing);
        let text = "rs485/5 refuses input register 2: illegal data address".to_owned();
        let failure = Err(ReadFailure { text, fault: true });
        assert_eq!(events, [input(Ok(false)), Event::SensorRead { sensor: "air".into(), result: failure }]);
    }

    #[test]
    fn a_silent_device_is_asked_less_and_less_often_and_is_in_fault() {
        let mut device = device();
        poll(&mut device, Moment::START, |block| Ok(vec![0; usize::from(block.count)]));
        let (mut now, mut asked, mut told) = (Moment::START, Vec::new(), Vec::new());
        for _ in 0..9 {
            let mut events = Vec::new();
            device.fails("rs485/5", "no answer", None, now, &mut events);
            told.push(events.iter().filter(|event| matches!(event, Event::InputRead { .. })).count());
            let (due, _) = device.next_due().unwrap();
            asked.push(due.since(now).as_secs());
            now = due;
        }
        assert_eq!(asked, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(told, [0, 0, 1, 0, 0, 0, 0, 0, 0], "once, when it is a fault");
        let mut events = Vec::new();
        device.answers("rs485/5", &mut events);
        assert!(events.is_empty() && device.next_due().unwrap().0 <= now, "nothing was driven there");
    }

    #[test]
    fn what_a_device_never_answers_keeps_nothing_else_from_being_read() {
        let mut device = device();
        let deaf = |block: &Block| block.first.bank == Bank::InputRegister;
        let (mut now, mut tried, mut read, mut events) = (Moment::START, Vec::new(), 0, Vec::new());
        while now < Moment::START + Duration::from_secs(200) {
            let (due, job) = device.next_due().unwrap();
            now = now.max(due);
            let block = device.block(job).unwrap().clone();
            if deaf(&block) {
                tried.push(now.since(Moment::START).as_secs());
                device.fails("rs485/5", "no answer", Some(block.request()), now, &mut events);
            } else {
                device.answers("rs485/5", &mut events);
                device.take("rs485/5", job, Ok(vec![1; usize::from(block.count)]), now, &mut events);
                read += 1;
            }
        }
        assert_eq!(tried, [0, 1, 3, 7, 15, 31, 63, 123, 183]);
        // Two blocks each second, but for the second after each of these.
        assert!(read > 2 * (200 - 2 * tried.len()), "{read}");
        let doors: Vec<_> = events.iter().filter(|event| matches!(event, Event::InputRead { .. })).collect();
        assert_eq!(doors, [&input(Ok(true))], "the door is in no fault");
        let faults = events
            .iter()
            .filter(|event| matches!(event, Event::SensorRead { result: Err(failure), .. } if failure.fault));
        assert_eq!(faults.count(), tried.len() - 2, "from the third time on");
    }

    #[test]
    fn what_was_read_before_a_drive_is_not_taken_for_what_came_of_it() {
        let mut device = device();
        let (mut events, pump) = (Vec::new(), place(Bank::Coil, 2));
        poll(&mut device, Moment::START, |block| Ok(vec![0; usize::from(block.count)]));
        let now = Moment::START + Duration::from_secs(1);
        let (_, job) = device.next_due().unwrap();
        assert_eq!(device.block(job).unwrap().first, pump);
        device.take("rs485/5", job, Ok(vec![0]), now, &mut events);
        device.is_written(pump);
        let state = device.outputs.values_mut().next().unwrap();
        (state.wanted, state.is_confirmed) = (Some(Level::ON), true);
        assert_eq!(device.block(job).unwrap().first.bank, Bank::DiscreteInput, "the picture is half old");
        device.take("rs485/5", job, Ok(vec![1]), now, &mut events);
        assert_eq!(events, [input(Ok(true))]);
    }

    #[test]
    fn an_output_is_what_it_is_read_to_be() {
        let mut device = device();
        let says = |on: u16| move |block: &Block| Ok(vec![on; usize::from(block.count)]);
        let found = |events: Vec<Event>| -> Vec<Event> {
            events.into_iter().filter(|event| matches!(event, Event::WireFound { .. })).collect()
        };
        let at = |second| Moment::START + Duration::from_secs(second);
        assert_eq!(found(poll(&mut device, at(0), says(1))), [], "what nobody drove may be as it likes");
        let pump = device.outputs.values_mut().next().unwrap();
        (pump.wanted, pump.is_confirmed) = (Some(Level::ON), true);
        assert_eq!(found(poll(&mut device, at(1), says(1))), []);
        let off = Event::WireFound { output: "pump".into(), level: Level::OFF, result: Ok(()) };
        assert_eq!(found(poll(&mut device, at(2), says(0))), [off], "its board lost its power");
        let pump = device.outputs.values_mut().next().unwrap();
        (pump.wanted, pump.is_confirmed) = (Some(Level::ON), false);
        assert_eq!(found(poll(&mut device, at(3), says(0))), [], "it is being driven");
        let on = Event::WireFound { output: "pump".into(), level: Level::ON, result: Ok(()) };
        assert_eq!(found(poll(&mut device, at(4), says(1))), [on]);
    }

    #[test]
    fn what_goes_is_returned_and_what_stays_keeps_what_is_known() {
        let mut device = device();
        device.outputs.values_mut().next().unwrap().wanted = Some(Level::ON);
        let mut other = share();
        other.outputs[0].id = "well_pump".into();
        assert!(device.follow(5, &other, Duration::from_secs(1), Moment::START).is_empty());
        let pump = device.outputs.values().next().unwrap();
        assert_eq!((&*pump.id, pump.wanted), ("well_pump", Some(Level::ON)));
        other.outputs.clear();
        let gone = device.follow(5, &other, Duration::from_secs(1), Moment::START);
        assert_eq!(gone.len(), 1);
        assert_eq!((&*gone[0].1.id, gone[0].1.safe), ("well_pump", Some(Level::OFF)));
    }
}
