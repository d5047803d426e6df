//! Finds the GPIO lines of a configuration among the chips of the machine.

use super::{
    HardwareError,
    claims::{Claim, Claims, Resource},
    error::open_failed,
    machine::Machine,
    pins::Pins,
};
use crate::model::{HeaderPin, LAST_ON_HEADER, Line, PI_KINDS, PiKind};
use gpiocdev::chip::{self, Chip};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// How lines are found.
pub(super) struct Lines {
    machine: Machine,
    /// Name or label of the chip on which bare numbers count; None: the board's main one.
    gpiochip: Option<String>,
    /// Read when the first line is looked for.
    board: OnceLock<Board>,
    claims: Claims,
}

/// What does not change while the machine runs.
#[derive(Default)]
struct Board {
    pi: Option<&'static PiKind>,
    is_compute_module: bool,
    pins: Pins,
}

/// A line that exists.
pub(super) struct Place {
    pub chip: PathBuf,
    pub offset: u32,
    /// What the device tree uses it for.
    user: Option<String>,
    /// As configured, for messages.
    line: Line,
}

impl Lines {
    pub fn new(machine: Machine, gpiochip: Option<String>) -> Lines {
        Lines { machine, gpiochip, board: OnceLock::new(), claims: Claims::default() }
    }

    /// Where a configured line is. Looks anew each time: chips come and go, and their numbers change.
    pub fn find(&self, line: &Line) -> Result<Place, HardwareError> {
        let (place, on_header) = self.place(line)?;
        let pins = &self.board().pins;
        match pins.bus_of(place.offset) {
            _ if !on_header => Ok(place),
            Some(bus) => Err(HardwareError::LineOfBus { line: place.to_string(), bus: bus.to_owned() }),
            None => Ok(Place { user: pins.user_of(place.offset).map(ToOwned::to_owned), ..place }),
        }
    }

    /// Takes a line for the output or input of this id, so that no other one has it under another name.
    pub fn claim(&self, place: &Place, id: &Arc<str>) -> Result<Claim, HardwareError> {
        self.claims.take(vec![Resource::Line(place.chip.clone(), place.offset)], id, &place.to_string())
    }

    /// Takes a PWM channel for the output of this id, with the pins of the header that it comes out of.
    pub fn claim_pwm(
        &self,
        channel: Resource,
        pins: &[u32],
        id: &Arc<str>,
        line: &Line,
    ) -> Result<Claim, HardwareError> {
        // Who may not see the chip of the header cannot take its lines either.
        let header = OpenChip::all(&self.machine).and_then(|chips| self.main_chip(&chips).map(OpenChip::path));
        let lines = header.iter().flat_map(|chip| pins.iter().map(|pin| Resource::Line(chip.clone(), *pin)));
        self.claims.take([channel].into_iter().chain(lines).collect(), id, &line.to_string())
    }

    fn board(&self) -> &Board {
        self.board.get_or_init(|| Board {
            pi: self.machine.pi(),
            is_compute_module: self.machine.is_compute_module(),
            pins: Pins::read(&self.machine.device_tree()),
        })
    }

    /// A line, and whether it is one of a Raspberry Pi's header.
    fn place(&self, line: &Line) -> Result<(Place, bool), HardwareError> {
        if let Line::Number(number) = line
            && self.gpiochip.is_none()
        {
            self.board().check_number(*number)?;
        }
        let chips = OpenChip::all(&self.machine)?;
        match line {
            Line::Number(offset) => self.main_chip(&chips)?.place(line, *offset),
            Line::OnChip { chip, offset } => self.find_chip(&chips, chip)?.place(line, *offset),
            Line::Pwm(_) => Err(no_line(line, "PWM is no GPIO line")),
            Line::Remote(_) | Line::Modbus(_) | Line::Serial(_) => Err(no_line(line, "it is no wire")),
            Line::Named(name) => {
                let mut places = chips.iter().flat_map(|chip| chip.named(name).map(|offset| chip.place(line, offset)));
                match (places.next(), places.next()) {
                    (Some(place), None) => place,
                    (Some(_), Some(_)) => Err(no_line(line, "several have this name: write chip and number instead")),
                    (None, _) => Err(no_line(line, "`gpioinfo` of the package gpiod lists the names of this board")),
                }
            }
        }
    }

    fn main_chip<'a>(&self, chips: &'a [OpenChip]) -> Result<&'a OpenChip, HardwareError> {
        if let Some(name) = &self.gpiochip {
            return self.find_chip(chips, name);
        }
        let seen: Vec<Seen> = chips.iter().map(OpenChip::seen).collect();
        let chip = main_chip(&seen, self.board().pi).map(|index| &chips[index]);
        // One that may not be opened could be the one that is missed.
        chip.map_err(|error| OpenChip::refused(&self.machine).unwrap_or(error))
    }

    /// By name, label, path, or the name of a link in /dev.
    fn find_chip<'a>(&self, chips: &'a [OpenChip], name: &str) -> Result<&'a OpenChip, HardwareError> {
        let node = fs::canonicalize(self.machine.dev().join(name)).ok();
        let named = |chip: &&OpenChip| name == chip.info.label || node.as_deref() == Some(chip.chip.path());
        chips.iter().find(named).ok_or_else(|| {
            let seen: Vec<Seen> = chips.iter().map(OpenChip::seen).collect();
            HardwareError::NoLine { line: format!("GPIO chip {name}"), cure: format!("there is {}", list(&seen)) }
        })
    }
}

impl Board {
    /// Bare numbers on a Raspberry Pi are those of its header: what is beyond it is wired to parts of the board.
    fn check_number(&self, number: u32) -> Result<(), HardwareError> {
        match self.pi {
            Some(pi) if number > LAST_ON_HEADER && !self.is_compute_module => {
                let numbers = || format!("its numbers are 2 to {LAST_ON_HEADER} (BCM)");
                Err(HardwareError::NoLine {
                    line: format!("GPIO {number} on the header of this {}", pi.name),
                    cure: HeaderPin::meaning(number).unwrap_or_else(numbers),
                })
            }
            _ => Ok(()),
        }
    }
}

/// A chip as far as it matters for which one it is.
struct Seen {
    /// `gpiochip15`.
    name: String,
    label: String,
}

/// `gpiochip11 (9030000.pl061), gpiochip15 (pinctrl-rp1)`
fn list(chips: &[Seen]) -> String {
    let chips: Vec<_> = chips.iter().map(|chip| format!("{} ({})", chip.name, chip.label)).collect();
    chips.join(", ")
}

/// The chip that bare numbers count on, by its place in the list: on a Raspberry Pi that of its header and no other, since
/// the others' lines are power, radio and memory of the board itself; elsewhere the first.
fn main_chip(chips: &[Seen], pi: Option<&PiKind>) -> Result<usize, HardwareError> {
    let Some(pi) = pi else {
        return Ok(chips.iter().position(|chip| is_header(&chip.label)).unwrap_or(0));
    };
    let labelled = |label: &&str| {
        let fitting = chips.iter().enumerate().filter(|(_, chip)| chip.label == *label);
        fitting.map(|(index, _)| index).collect::<Vec<_>>()
    };
    match pi.labels.iter().map(labelled).find(|fitting| !fitting.is_empty()).as_deref() {
        Some([only]) => Ok(*only),
        Some(several) => Err(HardwareError::SeveralHeaders {
            board: pi.name,
            chips: several.iter().map(|index| chips[*index].name.as_str()).collect::<Vec<_>>().join(" and "),
            label: chips[several[0]].label.clone(),
        }),
        None => Err(HardwareError::NoHeader { board: pi.name, label: pi.labels[0], chips: list(chips) }),
    }
}

/// The chip that bare numbers count on where no other one is configured, with its label: for who only looks.
pub(super) fn header(machine: &Machine) -> Result<String, HardwareError> {
    let lines = Lines::new(machine.clone(), None);
    let chips = OpenChip::all(machine)?;
    lines.main_chip(&chips).map(|chip| list(&[chip.seen()]))
}

impl Place {
    /// Fails if anybody holds the line just now.
    pub fn check_free(&self) -> Result<(), HardwareError> {
        match Chip::from_path(&self.chip).and_then(|chip| chip.line_info(self.offset)) {
            Ok(info) if info.used => {
                Err(HardwareError::LineBusy { line: self.to_string(), consumer: holder(info.consumer) })
            }
            _ => Ok(()),
        }
    }

    /// Why the kernel refused to hand out the line.
    pub fn claim_failed(&self, error: gpiocdev::Error) -> HardwareError {
        if let Err(error) = self.check_free() {
            return error;
        }
        // What kernels since summer 2026 say of pins that the device tree gives to a device.
        match (&error, &self.user) {
            (gpiocdev::Error::Os(errno), Some(device)) if matches!(errno.0, libc::EINVAL | libc::EBUSY) => {
                HardwareError::LineOfDevice { line: self.to_string(), device: device.clone() }
            }
            _ => self.failed("claim", error),
        }
    }

    /// Why a claimed line does not obey.
    pub fn failed(&self, what: &str, error: gpiocdev::Error) -> HardwareError {
        HardwareError::Os { what: format!("cannot {what} {self}"), source: io::Error::other(error) }
    }
}

/// `GPIO 17 (line 17 of gpiochip0)`
impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (line {} of {})", self.line, self.offset, file_name(&self.chip))
    }
}

struct OpenChip {
    chip: Chip,
    info: chip::Info,
}

impl OpenChip {
    /// All chips that may be opened, in the order of their numbers; an error if there is none.
    fn all(machine: &Machine) -> Result<Vec<OpenChip>, HardwareError> {
        let chips: Vec<OpenChip> = OpenChip::each(machine).filter_map(Result::ok).collect();
        if chips.is_empty() { Err(OpenChip::refused(machine).unwrap_or_else(no_chips)) } else { Ok(chips) }
    }

    /// Why the first one that cannot be opened cannot.
    fn refused(machine: &Machine) -> Option<HardwareError> {
        OpenChip::each(machine).find_map(Result::err)
    }

    fn each(machine: &Machine) -> impl Iterator<Item = Result<OpenChip, HardwareError>> {
        chip_nodes(&machine.dev()).into_iter().map(|path| {
            let opened = Chip::from_path(&path).and_then(|chip| Ok(OpenChip { info: chip.info()?, chip }));
            opened.map_err(|error| open_chip_failed(&path, error))
        })
    }

    fn path(&self) -> PathBuf {
        self.chip.path().into()
    }

    fn seen(&self) -> Seen {
        Seen { name: file_name(self.chip.path()), label: self.info.label.clone() }
    }

    /// A line of this chip, and whether it is one of a Raspberry Pi's header.
    fn place(&self, line: &Line, offset: u32) -> Result<(Place, bool), HardwareError> {
        let (path, count) = (self.chip.path(), self.info.num_lines);
        if offset < count {
            let place = Place { chip: path.into(), offset, user: None, line: line.clone() };
            return Ok((place, is_header(&self.info.label)));
        }
        let last = count.saturating_sub(1);
        Err(no_line(line, &format!("{} ({}) has the lines 0 to {last}", file_name(path), self.info.label)))
    }

    fn named(&self, name: &str) -> impl Iterator<Item = u32> {
        let named = move |offset: &u32| self.chip.line_info(*offset).is_ok_and(|info| info.name == name);
        (0..self.info.num_lines).filter(named)
    }
}

/// `/dev/gpiochipN` in the order of N. (`gpiocdev::chip::chips` looks at every node of /dev, for each line anew.)
pub(super) fn chip_nodes(folder: &Path) -> Vec<PathBuf> {
    let nodes = fs::read_dir(folder).into_iter().flatten().flatten();
    let number = |node: fs::DirEntry| {
        // A link is another name of a chip that is listed anyway: Raspberry Pi OS keeps an old number by one.
        let is_node = node.file_type().is_ok_and(|kind| !kind.is_symlink());
        node.file_name().to_str()?.strip_prefix("gpiochip")?.parse::<u32>().ok().filter(|_| is_node)
    };
    let numbers: BTreeSet<u32> = nodes.filter_map(number).collect();
    numbers.into_iter().map(|number| folder.join(format!("gpiochip{number}"))).collect()
}

/// Whether a chip of this label carries the header of some Raspberry Pi.
pub(super) fn is_header(label: &str) -> bool {
    PI_KINDS.iter().any(|kind| kind.labels.contains(&label))
}

/// Who holds a line, for people.
pub(super) fn holder(consumer: String) -> String {
    if consumer.is_empty() {
        "a driver of the kernel".into()
    } else if consumer.starts_with("onewire") {
        format!("1-Wire ({consumer}, by a dtoverlay=w1-gpio)")
    } else {
        consumer
    }
}

fn no_line(line: &Line, cure: &str) -> HardwareError {
    HardwareError::NoLine { line: line.to_string(), cure: cure.into() }
}

fn no_chips() -> HardwareError {
    HardwareError::NoDevice {
        path: "GPIO chip (/dev/gpiochipN)".into(),
        cure: "this machine shows no GPIO; set hardware.backend = \"simulated\" to run without",
    }
}

fn open_chip_failed(path: &Path, error: gpiocdev::Error) -> HardwareError {
    let source = match error {
        gpiocdev::Error::Os(errno) => io::Error::from_raw_os_error(errno.0),
        other => io::Error::other(other),
    };
    open_failed(&path.to_string_lossy(), source, "gpio", "the chip is gone: plug it in again")
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::machine::tests::Pretended;

    fn chips(chips: &[(&str, &str)]) -> Vec<Seen> {
        chips.iter().map(|(name, label)| Seen { name: (*name).into(), label: (*label).into() }).collect()
    }

    fn main_of(seen: &[(&str, &str)], pi: Option<&PiKind>) -> Result<String, String> {
        let seen = chips(seen);
        main_chip(&seen, pi).map(|index| seen[index].name.clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_of_a_raspberry_pi_count_on_the_chip_of_its_header_only() {
        let pi_5 = Pretended::pi_5().machine().pi();
        let soc = [("gpiochip11", "gpio-brcmstb@107d508500"), ("gpiochip12", "gpio-brcmstb@107d508520")];
        assert_eq!(main_of(&[soc[0], soc[1], ("gpiochip15", "pinctrl-rp1")], pi_5).as_deref(), Ok("gpiochip15"));
        let error = main_of(&soc, pi_5).unwrap_err();
        assert_eq!(
            error,
            "no GPIO chip of the pin header (pinctrl-rp1) on this Raspberry Pi 5, only gpiochip11 \
             (gpio-brcmstb@107d508500), gpiochip12 (gpio-brcmstb@107d508520), whose lines drive the board itself: start a \
             kernel that knows this board, as that of Raspberry Pi OS does, or name the chip in hardware.gpiochip"
        );
        // The label of another kind is no header of this one.
        assert!(main_of(&[("gpiochip0", "pinctrl-bcm2835")], pi_5).is_err());

        let pi_4 = PiKind::of("brcm,bcm2711", "");
        assert_eq!(
            main_of(&[("gpiochip0", "pinctrl-bcm2711"), ("gpiochip1", "raspberrypi-exp-gpio")], pi_4).as_deref(),
            Ok("gpiochip0")
        );
        assert_eq!(
            main_of(&[("gpiochip1", "raspberrypi-exp-gpio"), ("gpiochip2", "pinctrl-bcm2835")], pi_4).as_deref(),
            Ok("gpiochip2"),
            "an older kernel"
        );
        assert!(main_of(&[("gpiochip1", "raspberrypi-exp-gpio")], pi_4).is_err());
    }

    #[test]
    fn two_chips_of_one_label_are_not_told_apart_by_their_numbers() {
        let pi_3 = Pretended::pi_3().machine().pi();
        let error = main_of(&[("gpiochip0", "pinctrl-bcm2835"), ("gpiochip3", "pinctrl-bcm2835")], pi_3).unwrap_err();
        assert_eq!(
            error,
            "gpiochip0 and gpiochip3 are both called pinctrl-bcm2835 on this Raspberry Pi: name the one of the pin header in \
             hardware.gpiochip"
        );
    }

    #[test]
    fn another_board_counts_on_its_first_chip() {
        assert_eq!(
            main_of(&[("gpiochip0", "30200000.gpio"), ("gpiochip1", "30210000.gpio")], None).as_deref(),
            Ok("gpiochip0")
        );
        assert_eq!(
            main_of(&[("gpiochip0", "9030000.pl061"), ("gpiochip1", "pinctrl-bcm2711")], None).as_deref(),
            Ok("gpiochip1")
        );
    }

    #[test]
    fn a_number_beyond_the_header_of_a_raspberry_pi_is_most_likely_a_position_on_it() {
        let told = |machine: &Pretended, number| {
            let lines = Lines::new(machine.machine(), None);
            lines.find(&Line::Number(number)).err().unwrap().to_string()
        };
        let pi_5 = Pretended::pi_5();
        let text = "there is no GPIO 40 on the header of this Raspberry Pi 5: header pin 40 is GPIO 21: if that is meant, write 21";
        assert_eq!(told(&pi_5, 40), text);
        assert!(told(&pi_5, 39).ends_with("header pin 39 is ground, no GPIO"));
        assert!(told(&pi_5, 300).ends_with("its numbers are 2 to 27 (BCM)"));
        // A Compute Module has more than its header; only its chip can say how many.
        let cm = Pretended::new(&[("proc/device-tree/compatible", "raspberrypi,3-compute-module\0brcm,bcm2837\0")]);
        assert!(told(&cm, 40).starts_with("no GPIO chip (/dev/gpiochipN)"), "{}", told(&cm, 40));
    }
}
