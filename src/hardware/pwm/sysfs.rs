//! PWM of the kernel, by the files under `/sys/class/pwm`.
//!
//! Chips are found by their devices, since their numbers change with the kernel: the PWM of a Raspberry Pi 5 was
//! `pwmchip2` under Linux 6.6 and is `pwmchip0` under 6.12, beside that of its fan. Channels stay exported and running
//! when hearthd ends, as they were left: to unexport one switches it off, which is full power for an active-low output.

use super::PwmPort;
use crate::{
    files,
    hardware::{
        HardwareError,
        claims::Resource,
        error::open_failed,
        machine::Machine,
        pins::{Pin, Pins},
    },
    model::{Config, Line, PI_KINDS, PiPwm, PwmChannel, PwmPin},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread::sleep,
    time::Duration,
};

/// udev gives the files of a new channel to their group a moment after they are there.
const FILES_WITHIN: Duration = Duration::from_millis(100);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The PWM chips of the kernel.
pub(in crate::hardware) struct Chips {
    machine: Machine,
    /// The pins that the configuration drives by PWM.
    configured: Mutex<Vec<u32>>,
}

/// A channel that exists.
#[derive(Debug)]
pub(in crate::hardware) struct Place {
    chip: PathBuf,
    number: u32,
    /// The pins of the header that it comes out of.
    pub pins: Vec<u32>,
    /// As configured, for messages.
    channel: PwmChannel,
}

impl Place {
    /// Which one it is, whatever it is called.
    pub fn resource(&self) -> Resource {
        Resource::Pwm(self.chip.clone(), self.number)
    }
}

impl Chips {
    /// Those of a machine.
    pub fn new(machine: Machine) -> Chips {
        Chips { machine, configured: Mutex::default() }
    }

    /// Takes over which pins a configuration drives by PWM: a line of config.txt is to serve all of them.
    pub fn lay(&self, config: &Config) {
        let pins = config.outputs.iter().filter_map(|output| match output.line {
            Some(Line::Pwm(PwmChannel::Pin(pin))) => Some(pin),
            _ => None,
        });
        *self.configured.lock().unwrap_or_else(PoisonError::into_inner) = pins.collect();
    }

    /// Opens a channel. It pulses at `frequency` Hz from the first time it is set; until then it goes on as it was.
    pub fn open(&self, place: &Place, frequency: f64) -> Result<Channel, HardwareError> {
        let Place { chip, number, channel, .. } = place;
        let count = read_number(&chip.join("npwm"))?;
        if u64::from(*number) >= count {
            let cure = format!("{} has the channels 0 to {}", name(chip), count.saturating_sub(1));
            return Err(HardwareError::NoLine { line: channel.to_string(), cure });
        }
        let folder = chip.join(format!("pwm{number}"));
        if !folder.exists() {
            match fs::write(chip.join("export"), number.to_string()) {
                Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                    let consumer = "a driver of the kernel".into();
                    return Err(HardwareError::LineBusy { line: channel.to_string(), consumer });
                }
                written => written.map_err(|error| failed(&chip.join("export"), error))?,
            }
        }
        let mut port = Channel { folder, period_ns: period_ns(frequency) };
        port.wait_for_files();
        port.make_plain()?;
        Ok(port)
    }

    /// Where a channel is. That of a pin must come out there.
    pub fn find(&self, channel: &PwmChannel) -> Result<Place, HardwareError> {
        let chips: Vec<(PathBuf, String)> = self.chips();
        match channel {
            PwmChannel::Pin(number) => {
                let of_header = |(chip, device): &(PathBuf, String)| Some((chip.clone(), header_pwm(device)?));
                let found = chips.iter().find_map(of_header);
                let found =
                    found.and_then(|(chip, pwm)| Some((chip, pwm, pwm.pins.iter().find(|pin| pin.number == *number)?)));
                let Some((chip, pwm, pin)) = found else {
                    let overlay = overlay(&self.to_lead(*number, &[], None));
                    return Err(HardwareError::NoKernelDevice {
                        device: channel.to_string(),
                        cure: format!("add {overlay} to /boot/firmware/config.txt and restart the machine"),
                    });
                };
                let led = self.led(pwm);
                let pins = match &led {
                    Some(led) => self.check_pin(pwm, pin, led)?,
                    None => vec![*number],
                };
                Ok(Place { chip, number: pin.channel, pins, channel: channel.clone() })
            }
            PwmChannel::OnChip { chip: wanted, channel: number } => {
                let is_it = |(chip, device): &&(PathBuf, String)| name(chip) == *wanted || device == wanted;
                let Some((chip, device)) = chips.iter().find(is_it) else {
                    let known: Vec<_> =
                        chips.iter().map(|(chip, device)| format!("{} ({device})", name(chip))).collect();
                    let cure = match known.len() {
                        0 => "the kernel shows no PWM chip; a dtoverlay may be missing".into(),
                        _ => format!("the kernel shows {}", known.join(", ")),
                    };
                    return Err(HardwareError::NoKernelDevice { device: format!("PWM chip {wanted}"), cure });
                };
                let pins = header_pwm(device).and_then(|pwm| Some(outlets(pwm, &self.led(pwm)?, *number)));
                Ok(Place {
                    chip: chip.clone(),
                    number: *number,
                    pins: pins.unwrap_or_default(),
                    channel: channel.clone(),
                })
            }
        }
    }

    /// The pins that the device tree leads this PWM to; None: it does not tell.
    fn led(&self, pwm: &PiPwm) -> Option<Vec<Pin>> {
        Pins::read(&self.machine.device_tree()).of_pwm(pwm.address).map(<[Pin]>::to_vec)
    }

    /// All pins that the channel of `pin` comes out of, if `pin` is one of them.
    fn check_pin(&self, pwm: &PiPwm, pin: &PwmPin, led: &[Pin]) -> Result<Vec<u32>, HardwareError> {
        let pins = outlets(pwm, led, pin.channel);
        if pins.contains(&pin.number) {
            return Ok(pins);
        }
        let elsewhere = match (led.iter().find(|led| led.number == pin.number), pins.as_slice()) {
            (Some(Pin { function: Some(function), .. }), _) => {
                format!("nowhere, since GPIO {} is given the function {function}, not {}", pin.number, pin.function)
            }
            (_, []) => "nowhere".into(),
            (_, pins) => format!("at {}", gpios(pins)),
        };
        Err(HardwareError::PwmElsewhere {
            channel: PwmChannel::Pin(pin.number).to_string(),
            elsewhere,
            overlay: overlay(&self.to_lead(pin.number, led, Some(pwm))),
            instead: if led.is_empty() {
                "beside what is there"
            } else {
                "in place of the dtoverlay=pwm that is there"
            },
        })
    }

    /// The pins that one overlay should lead: this one and, since it leads two, another one that is configured, or else one
    /// that it leads already.
    fn to_lead(&self, number: u32, led: &[Pin], pwm: Option<&PiPwm>) -> Vec<u32> {
        let pwm = pwm.unwrap_or(&PI_KINDS[0].pwm);
        let channel = |number: u32| pwm.pins.iter().find(|pin| pin.number == number).map(|pin| pin.channel);
        let configured = self.configured.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let others = configured.into_iter().chain(led.iter().map(|pin| pin.number));
        let other =
            others.into_iter().find(|other| channel(*other).is_some_and(|other| Some(other) != channel(number)));
        let mut pins: Vec<u32> = [number].into_iter().chain(other).collect();
        pins.sort_unstable();
        pins
    }

    /// The chips, each with the name of its device, in the order of their numbers.
    fn chips(&self) -> Vec<(PathBuf, String)> {
        let entries = fs::read_dir(self.machine.pwm()).into_iter().flatten().flatten();
        let number = |path: &Path| name(path).strip_prefix("pwmchip").and_then(|number| number.parse::<u32>().ok());
        let mut chips: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| number(path).is_some()).collect();
        chips.sort_by_key(|path| number(path));
        let device = |chip: &Path| fs::read_link(chip.join("device")).map(|link| name(&link)).unwrap_or_default();
        chips.into_iter().map(|chip| (chip.clone(), device(&chip))).collect()
    }
}

/// The PWM of a Raspberry Pi's header, if that is what the device is.
fn header_pwm(device: &str) -> Option<&'static PiPwm> {
    let is_it = |pwm: &&PiPwm| device.strip_suffix(".pwm").is_some_and(|address| address.ends_with(pwm.address));
    PI_KINDS.iter().map(|kind| &kind.pwm).find(is_it)
}

/// The pins of the header that the PWM of a device comes out of, with their channels; None: it is another PWM, or the
/// device tree does not tell.
pub(in crate::hardware) fn header_pins(machine: &Machine, device: &str) -> Option<Vec<(u32, u32)>> {
    let pwm = header_pwm(device)?;
    let pins = Pins::read(&machine.device_tree());
    let led = pins.of_pwm(pwm.address)?;
    let outlets = |pin: &PwmPin| outlets(pwm, led, pin.channel).contains(&pin.number);
    Some(pwm.pins.iter().filter(|pin| outlets(pin)).map(|pin| (pin.number, pin.channel)).collect())
}

/// The pins that a channel comes out of.
fn outlets(pwm: &PiPwm, led: &[Pin], channel: u32) -> Vec<u32> {
    let is_led = |pin: &&PwmPin| {
        let carries = |function: &str| function == pin.function.to_string() || pin.names.contains(&function);
        let led = led.iter().find(|led| led.number == pin.number);
        led.is_some_and(|led| led.function.as_deref().is_none_or(carries))
    };
    pwm.pins.iter().filter(|pin| pin.channel == channel).filter(is_led).map(|pin| pin.number).collect()
}

/// `GPIO 12 and 18`
fn gpios(pins: &[u32]) -> String {
    format!("GPIO {}", pins.iter().map(u32::to_string).collect::<Vec<_>>().join(" and "))
}

/// The line of config.txt that leads the PWM to one pin, or to two.
fn overlay(pins: &[u32]) -> String {
    let of_pin = |pin: &u32| PI_KINDS[0].pwm.pins.iter().find(|known| known.number == *pin);
    match pins.iter().filter_map(of_pin).collect::<Vec<_>>().as_slice() {
        [one] => format!("`dtoverlay=pwm,pin={},func={}`", one.number, one.function),
        [one, other, ..] => format!(
            "`dtoverlay=pwm-2chan,pin={},func={},pin2={},func2={}`",
            one.number, one.function, other.number, other.function
        ),
        [] => "`dtoverlay=pwm-2chan`".into(),
    }
}

/// One exported channel.
#[derive(Debug)]
pub(in crate::hardware) struct Channel {
    folder: PathBuf,
    period_ns: u64,
}

impl Channel {
    fn wait_for_files(&self) {
        let may_write = || files::existing(&self.folder.join("duty_cycle")).is_ok();
        let mut waited = Duration::ZERO;
        while !may_write() && waited < FILES_WITHIN {
            sleep(LOOK_EVERY);
            waited += LOOK_EVERY;
        }
    }

    /// An inverted channel, as another program may have left it, is made a plain one: it can be while it is off only.
    fn make_plain(&mut self) -> Result<(), HardwareError> {
        let polarity = files::read_text(&self.folder.join("polarity"), files::SYSTEM).unwrap_or_default();
        if polarity.trim() == "inversed" {
            self.write("enable", 0)?;
            let path = self.folder.join("polarity");
            fs::write(&path, "normal").map_err(|error| failed(&path, error))?;
        }
        Ok(())
    }

    fn read(&self, file: &str) -> Result<u64, HardwareError> {
        read_number(&self.folder.join(file))
    }

    fn write(&self, file: &str, value: u64) -> Result<(), HardwareError> {
        let path = self.folder.join(file);
        fs::write(&path, value.to_string()).map_err(|error| failed(&path, error))
    }
}

impl PwmPort for Channel {
    fn set(&mut self, high: f64) -> Result<(), HardwareError> {
        let duty = ((self.period_ns as f64) * high.clamp(0.0, 1.0)).round() as u64;
        // The kernel refuses a pulse that is longer than the period, so neither may pass the other on the way.
        if self.read("period")? == self.period_ns {
            self.write("duty_cycle", duty)?;
        } else if self.read("duty_cycle")? > self.period_ns {
            self.write("duty_cycle", duty)?;
            self.write("period", self.period_ns)?;
        } else {
            self.write("period", self.period_ns)?;
            self.write("duty_cycle", duty)?;
        }
        // Last of all: it begins with the right pulse.
        if self.read("enable")? == 0 {
            self.write("enable", 1)?;
        }
        Ok(())
    }
}

fn period_ns(frequency: f64) -> u64 {
    (1e9 / frequency.clamp(0.1, 1e8)).round() as u64
}

fn read_number(path: &Path) -> Result<u64, HardwareError> {
    let text = files::read_text(path, files::SYSTEM).map_err(|error| failed(path, error))?;
    let text = text.trim();
    text.parse().map_err(|_| HardwareError::NotANumber { path: path.display().to_string(), text: text.into() })
}

fn failed(path: &Path, error: io::Error) -> HardwareError {
    match error.raw_os_error() {
        Some(libc::EROFS) => HardwareError::Os {
            what: format!("cannot write {} (the service may not: see ReadWritePaths= in its unit)", path.display()),
            source: error,
        },
        _ => open_failed(&path.to_string_lossy(), error, "gpio", "the PWM chip is gone"),
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::{machine::tests::Pretended, pins::tests::lead_pwm, tests::house};
    use crate::model::{Output, OutputKind};
    use std::os::unix::fs::symlink;

    /// A machine with PWM. Its files take what is written, also what a kernel would refuse.
    struct Sysfs(Pretended);

    impl Sysfs {
        fn new(chips: &[(&str, &str, u32)]) -> Sysfs {
            Sysfs::on(Pretended::new(&[]), chips)
        }

        fn on(machine: Pretended, chips: &[(&str, &str, u32)]) -> Sysfs {
            for (chip, device, channels) in chips {
                let chip = machine.machine().pwm().join(chip);
                fs::create_dir_all(&chip).unwrap();
                symlink(format!("../../../{device}"), chip.join("device")).unwrap();
                fs::write(chip.join("npwm"), format!("{channels}\n")).unwrap();
                fs::write(chip.join("export"), "").unwrap();
                for channel in 0..*channels {
                    let channel = chip.join(format!("pwm{channel}"));
                    fs::create_dir(&channel).unwrap();
                    for (file, value) in [("period", "0"), ("duty_cycle", "0"), ("enable", "0"), ("polarity", "normal")]
                    {
                        fs::write(channel.join(file), format!("{value}\n")).unwrap();
                    }
                }
            }
            Sysfs(machine)
        }

        fn open(&self, channel: PwmChannel, frequency: f64) -> Result<Channel, String> {
            let chips = Chips::new(self.0.machine());
            chips.find(&channel).and_then(|place| chips.open(&place, frequency)).map_err(|error| error.to_string())
        }

        /// Where the PWM of a pin comes out, in a house that drives these pins by PWM.
        fn find(&self, pin: u32, configured: &[u32]) -> Result<(u32, Vec<u32>), String> {
            let chips = Chips::new(self.0.machine());
            let output = |pin: &u32| Output::plain("lamp", OutputKind::Light, Line::Pwm(PwmChannel::Pin(*pin)));
            chips.lay(&house(&configured.iter().map(output).collect::<Vec<_>>(), &[], &[]));
            let found = chips.find(&PwmChannel::Pin(pin));
            found.map(|place| (place.number, place.pins)).map_err(|error| error.to_string())
        }

        fn text(&self, path: &str) -> String {
            fs::read_to_string(self.0.machine().pwm().join(path)).unwrap().trim().to_owned()
        }

        fn pulses(&self, channel: &str) -> [String; 3] {
            ["period", "duty_cycle", "enable"].map(|file| self.text(&format!("{channel}/{file}")))
        }
    }

    #[test]
    fn the_pins_of_each_board_are_found_by_the_device_whatever_its_number() {
        let pi_3 = Sysfs::new(&[("pwmchip0", "3f20c000.pwm", 2)]);
        let pi_4 = Sysfs::new(&[("pwmchip0", "fe20c800.pwm", 2), ("pwmchip2", "fe20c000.pwm", 2)]);
        let pi_5 = Sysfs::new(&[("pwmchip0", "107d517a80.pwm", 2), ("pwmchip4", "1f00098000.pwm", 4)]);
        for (machine, pin, expected) in [
            (&pi_3, 18, "pwmchip0/pwm0"),
            (&pi_3, 13, "pwmchip0/pwm1"),
            (&pi_4, 12, "pwmchip2/pwm0"),
            (&pi_5, 12, "pwmchip4/pwm0"),
            (&pi_5, 19, "pwmchip4/pwm3"),
        ] {
            machine.open(PwmChannel::Pin(pin), 1000.0).unwrap().set(0.25).unwrap();
            assert_eq!(machine.pulses(expected), ["1000000", "250000", "1"], "GPIO {pin}");
        }
    }

    #[test]
    fn what_is_missing_is_named_with_its_cure() {
        let none = Sysfs::new(&[("pwmchip0", "107d517a80.pwm", 2)]);
        let error = none.open(PwmChannel::Pin(18), 1000.0).unwrap_err();
        assert!(error.contains("add `dtoverlay=pwm,pin=18,func=2` to /boot/firmware/config.txt"), "{error}");
        let error = none.find(13, &[12, 13]).unwrap_err();
        assert!(error.contains("`dtoverlay=pwm-2chan,pin=12,func=4,pin2=13,func2=4`"), "one line for both: {error}");
        let on_chip = |chip: &str, channel| PwmChannel::OnChip { chip: chip.into(), channel };
        let error = none.open(on_chip("pwmchip7", 0), 1000.0).unwrap_err();
        assert!(error.contains("the kernel shows pwmchip0 (107d517a80.pwm)"), "{error}");
        let error = none.open(on_chip("pwmchip0", 2), 1000.0).unwrap_err();
        assert!(error.contains("pwmchip0 has the channels 0 to 1"), "{error}");
        assert!(none.open(on_chip("107d517a80.pwm", 1), 1000.0).is_ok());
    }

    #[test]
    fn pwm_that_comes_out_at_another_pin_is_refused_with_the_line_that_is_missing() {
        let node = "soc/pwm@7e20c000";
        let pi_3 = Sysfs::on(Pretended::pi_3(), &[("pwmchip0", "3f20c000.pwm", 2)]);
        assert_eq!(pi_3.find(12, &[12]), Ok((0, vec![12])), "a tree that tells nothing");
        lead_pwm(&pi_3.0, node, &[(18, 2)]);
        assert_eq!(pi_3.find(18, &[18]), Ok((0, vec![18])));
        assert_eq!(
            pi_3.find(12, &[12]).unwrap_err(),
            "PWM of GPIO 12 comes out at GPIO 18: write `dtoverlay=pwm,pin=12,func=4` in /boot/firmware/config.txt (in place \
             of the dtoverlay=pwm that is there) and restart the machine"
        );
        let error = pi_3.find(19, &[18, 19]).unwrap_err();
        assert!(
            error.starts_with(
                "PWM of GPIO 19 comes out nowhere: write `dtoverlay=pwm-2chan,pin=18,func=2,pin2=19,func2=2`"
            ),
            "{error}"
        );

        // The function that the overlay takes when it is told of the pin alone.
        lead_pwm(&pi_3.0, node, &[(12, 2)]);
        let error = pi_3.find(12, &[12]).unwrap_err();
        assert!(
            error.starts_with("PWM of GPIO 12 comes out nowhere, since GPIO 12 is given the function 2, not 4"),
            "{error}"
        );
        // Mainline leads it to the jack of the sound.
        lead_pwm(&pi_3.0, node, &[(40, 4), (41, 4)]);
        assert!(
            pi_3.find(18, &[18])
                .unwrap_err()
                .starts_with("PWM of GPIO 18 comes out nowhere: write `dtoverlay=pwm,pin=18")
        );
        // One signal at two pins.
        lead_pwm(&pi_3.0, node, &[(12, 4), (18, 2)]);
        assert_eq!(pi_3.find(18, &[12, 18]), Ok((0, vec![12, 18])));
    }

    #[test]
    fn the_four_pins_of_a_raspberry_pi_5_have_four_channels() {
        let pi_5 =
            Sysfs::on(Pretended::pi_5(), &[("pwmchip0", "1f00098000.pwm", 4), ("pwmchip1", "1f0009c000.pwm", 4)]);
        let node = "axi/pcie@120000/rp1/pwm@98000";
        lead_pwm(&pi_5.0, node, &[(18, 2), (19, 2)]);
        assert_eq!((pi_5.find(18, &[]), pi_5.find(19, &[])), (Ok((2, vec![18])), Ok((3, vec![19]))));
        let error = pi_5.find(12, &[12, 13]).unwrap_err();
        let line = "comes out nowhere: write `dtoverlay=pwm-2chan,pin=12,func=4,pin2=13,func2=4`";
        assert!(error.contains(line), "{error}");
        let error = pi_5.find(12, &[12]).unwrap_err();
        assert!(
            error.contains("`dtoverlay=pwm-2chan,pin=12,func=4,pin2=18,func2=2`"),
            "what is led stays led: {error}"
        );
    }

    #[test]
    fn a_channel_by_its_chip_holds_the_pins_that_it_comes_out_of() {
        let pi_3 = Sysfs::on(Pretended::pi_3(), &[("pwmchip0", "3f20c000.pwm", 2)]);
        lead_pwm(&pi_3.0, "soc/pwm@7e20c000", &[(12, 4), (13, 4)]);
        let chips = Chips::new(pi_3.0.machine());
        let on_chip = PwmChannel::OnChip { chip: "pwmchip0".into(), channel: 1 };
        let (by_chip, by_pin) = (chips.find(&on_chip).unwrap(), chips.find(&PwmChannel::Pin(13)).unwrap());
        assert_eq!(by_chip.pins, [13]);
        assert_eq!(by_chip.resource(), by_pin.resource());
    }

    #[test]
    fn what_runs_already_is_taken_over_without_a_stop() {
        let sysfs = Sysfs::new(&[("pwmchip0", "3f20c000.pwm", 2)]);
        let set = |period: &str, duty: &str, polarity: &str| {
            let channel = sysfs.0.machine().pwm().join("pwmchip0/pwm0");
            for (file, value) in [("period", period), ("duty_cycle", duty), ("enable", "1"), ("polarity", polarity)] {
                fs::write(channel.join(file), value).unwrap();
            }
        };
        set("5000000", "4000000", "normal");
        let mut channel = sysfs.open(PwmChannel::Pin(18), 1000.0).unwrap();
        assert_eq!(sysfs.pulses("pwmchip0/pwm0"), ["5000000", "4000000", "1"], "until it is set");
        channel.set(0.5).unwrap();
        assert_eq!(sysfs.pulses("pwmchip0/pwm0"), ["1000000", "500000", "1"]);
        drop(channel);
        assert_eq!(sysfs.pulses("pwmchip0/pwm0"), ["1000000", "500000", "1"], "and left as it is");
        set("1000000", "0", "inversed");
        sysfs.open(PwmChannel::Pin(18), 1000.0).unwrap();
        assert_eq!(sysfs.text("pwmchip0/pwm0/polarity"), "normal");
    }
}
