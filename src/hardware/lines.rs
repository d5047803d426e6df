//! Finds the GPIO lines of a configuration among the chips of the machine.

use super::{
    HardwareError,
    error::open_failed,
    pins::{BusPins, DEVICE_TREE},
};
use crate::model::Line;
use gpiocdev::chip::{self, Chip};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The labels of the chips that carry the pin header of a Raspberry Pi 5, a 4, and all before.
pub(super) const MAIN_CHIPS: [&str; 3] = ["pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"];

/// How lines are found.
pub(super) struct Lines {
    /// Name or label of the chip on which bare numbers count; nothing: the board's main one.
    gpiochip: Option<String>,
    /// Read when the first line is looked for.
    buses: OnceLock<BusPins>,
}

/// A line that exists.
pub(super) struct Place {
    pub chip: PathBuf,
    pub offset: u32,
    /// Whether its chip is the one of a Raspberry Pi's pins.
    on_header: bool,
    /// As configured, for messages.
    line: Line,
}

impl Lines {
    pub fn new(gpiochip: Option<String>) -> Lines {
        Lines { gpiochip, buses: OnceLock::new() }
    }

    /// Where a configured line is. Looks anew each time: chips come and go, and their numbers change.
    pub fn find(&self, line: &Line) -> Result<Place, HardwareError> {
        let place = self.place(line)?;
        let buses = self.buses.get_or_init(|| BusPins::read(Path::new(DEVICE_TREE)));
        match buses.owner(place.offset) {
            Some(bus) if place.on_header => {
                Err(HardwareError::LineOfBus { line: place.to_string(), bus: bus.to_owned() })
            }
            _ => Ok(place),
        }
    }

    fn place(&self, line: &Line) -> Result<Place, HardwareError> {
        let chips = OpenChip::all()?;
        match line {
            Line::Number(offset) => self.main_chip(&chips)?.place(line, *offset),
            Line::OnChip { chip, offset } => find_chip(&chips, chip)?.place(line, *offset),
            Line::Pwm(_) => Err(no_line(line, "PWM is no GPIO line")),
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
            return find_chip(chips, name);
        }
        let labelled = MAIN_CHIPS.iter().find_map(|label| chips.iter().find(|chip| chip.info.label == *label));
        labelled.or(chips.first()).ok_or_else(no_chips)
    }
}

impl Place {
    /// Fails if anybody holds the line just now.
    pub fn check_free(&self) -> Result<(), HardwareError> {
        match Chip::from_path(&self.chip).and_then(|chip| chip.line_info(self.offset)) {
            Ok(info) if info.used => {
                let nameless = info.consumer.is_empty();
                let consumer = if nameless { "a driver of the kernel".into() } else { info.consumer };
                Err(HardwareError::LineBusy { line: self.to_string(), consumer })
            }
            _ => Ok(()),
        }
    }

    /// Why the kernel refused to hand out the line.
    pub fn claim_failed(&self, error: gpiocdev::Error) -> HardwareError {
        self.check_free().err().unwrap_or_else(|| self.failed("claim", error))
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
    fn all() -> Result<Vec<OpenChip>, HardwareError> {
        let mut chips = Vec::new();
        let mut refused = None;
        for path in chip_nodes(Path::new("/dev")) {
            match Chip::from_path(&path).and_then(|chip| Ok(OpenChip { info: chip.info()?, chip })) {
                Ok(chip) => chips.push(chip),
                Err(error) => refused = Some(refused.unwrap_or_else(|| open_chip_failed(&path, error))),
            }
        }
        if chips.is_empty() { Err(refused.unwrap_or_else(no_chips)) } else { Ok(chips) }
    }

    fn place(&self, line: &Line, offset: u32) -> Result<Place, HardwareError> {
        let (path, count) = (self.chip.path(), self.info.num_lines);
        if offset < count {
            let on_header = MAIN_CHIPS.contains(&self.info.label.as_str());
            return Ok(Place { chip: path.into(), offset, on_header, line: line.clone() });
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

/// By name, label, path, or the name of a link in /dev.
fn find_chip<'a>(chips: &'a [OpenChip], name: &str) -> Result<&'a OpenChip, HardwareError> {
    let node = fs::canonicalize(Path::new("/dev").join(name)).ok();
    let named = |chip: &&OpenChip| name == chip.info.label || node.as_deref() == Some(chip.chip.path());
    let found = chips.iter().find(named);
    found.ok_or_else(|| {
        let known: Vec<_> = chips.iter().map(|chip| format!("{} ({})", chip.info.name, chip.info.label)).collect();
        HardwareError::NoLine { line: format!("GPIO chip {name}"), cure: format!("there is {}", known.join(", ")) }
    })
}

fn no_line(line: &Line, cure: &str) -> HardwareError {
    HardwareError::NoLine { line: line.to_string(), cure: cure.into() }
}

fn no_chips() -> HardwareError {
    HardwareError::NoDevice {
        path: "/dev/gpiochip0".into(),
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
