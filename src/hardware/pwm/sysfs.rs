//! PWM of the kernel, by the files under `/sys/class/pwm`.
//!
//! Chips are found by their devices, since their numbers change with the kernel: the PWM of a Raspberry Pi 5 was
//! `pwmchip2` under Linux 6.6 and is `pwmchip0` under 6.12, beside that of its fan. Channels stay exported and running
//! when hearthd ends, as they were left: to unexport one switches it off, which is full power for an active-low output.

use super::PwmPort;
use crate::{
    hardware::{HardwareError, error::open_failed},
    model::PwmChannel,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

/// udev gives the files of a new channel to their group a moment after they are there.
const FILES_WITHIN: Duration = Duration::from_millis(100);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The PWM of one kind of Raspberry Pi: the end of its device's name, and its channels by their pins.
struct BoardPwm {
    device: &'static str,
    channels: [(u32, u32); 4],
}

/// BCM2835 to BCM2711 (at 20c000 of the peripherals; that of 20c800 plays sound), then the RP1 of a Raspberry Pi 5.
const BOARDS: [BoardPwm; 2] = [
    BoardPwm { device: "20c000.pwm", channels: [(12, 0), (13, 1), (18, 0), (19, 1)] },
    BoardPwm { device: "1f00098000.pwm", channels: [(12, 0), (13, 1), (18, 2), (19, 3)] },
];

/// The PWM chips of the kernel.
pub(in crate::hardware) struct Chips {
    root: PathBuf,
}

impl Chips {
    /// Those of this machine.
    pub fn of_this_machine() -> Chips {
        Chips { root: "/sys/class/pwm".into() }
    }

    /// Opens a channel. It pulses at `frequency` Hz from the first time it is set; until then it goes on as it was.
    pub fn open(&self, channel: &PwmChannel, frequency: f64) -> Result<Channel, HardwareError> {
        let (chip, number) = self.find(channel)?;
        let count = read_number(&chip.join("npwm"))?;
        if u64::from(number) >= count {
            let cure = format!("{} has the channels 0 to {}", name(&chip), count.saturating_sub(1));
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

    fn find(&self, channel: &PwmChannel) -> Result<(PathBuf, u32), HardwareError> {
        let chips: Vec<(PathBuf, String)> = self.chips();
        match channel {
            PwmChannel::Pin(pin) => {
                let of_board = |(chip, device): &(PathBuf, String)| {
                    let board = BOARDS.iter().find(|board| device.ends_with(board.device))?;
                    let (_, number) = board.channels.iter().find(|(with_pwm, _)| with_pwm == pin)?;
                    Some((chip.clone(), *number))
                };
                chips.iter().find_map(of_board).ok_or_else(|| HardwareError::NoKernelDevice {
                    device: channel.to_string(),
                    cure: format!("add {} to /boot/firmware/config.txt and restart the machine", overlay(*pin)),
                })
            }
            PwmChannel::OnChip { chip: wanted, channel: number } => {
                let is_it = |(chip, device): &&(PathBuf, String)| name(chip) == *wanted || device == wanted;
                let found = chips.iter().find(is_it).map(|(chip, _)| (chip.clone(), *number));
                found.ok_or_else(|| {
                    let known: Vec<_> =
                        chips.iter().map(|(chip, device)| format!("{} ({device})", name(chip))).collect();
                    let cure = match known.len() {
                        0 => "the kernel shows no PWM chip; a dtoverlay may be missing".into(),
                        _ => format!("the kernel shows {}", known.join(", ")),
                    };
                    HardwareError::NoKernelDevice { device: format!("PWM chip {wanted}"), cure }
                })
            }
        }
    }

    /// The chips, each with the name of its device, in the order of their numbers.
    fn chips(&self) -> Vec<(PathBuf, String)> {
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten();
        let number = |path: &Path| name(path).strip_prefix("pwmchip").and_then(|number| number.parse::<u32>().ok());
        let mut chips: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| number(path).is_some()).collect();
        chips.sort_by_key(|path| number(path));
        let device = |chip: &Path| fs::read_link(chip.join("device")).map(|link| name(&link)).unwrap_or_default();
        chips.into_iter().map(|chip| (chip.clone(), device(&chip))).collect()
    }
}

/// The line of config.txt that leads the PWM to a pin.
fn overlay(pin: u32) -> &'static str {
    match pin {
        12 | 13 => "`dtoverlay=pwm-2chan,pin=12,func=4,pin2=13,func2=4` (GPIO 12 and 13)",
        _ => "`dtoverlay=pwm-2chan` (GPIO 18 and 19)",
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
        let may_write = || fs::OpenOptions::new().write(true).open(self.folder.join("duty_cycle")).is_ok();
        let mut waited = Duration::ZERO;
        while !may_write() && waited < FILES_WITHIN {
            sleep(LOOK_EVERY);
            waited += LOOK_EVERY;
        }
    }

    /// An inverted channel, as another program may have left it, is made a plain one: it can be while it is off only.
    fn make_plain(&mut self) -> Result<(), HardwareError> {
        let polarity = fs::read_to_string(self.folder.join("polarity")).unwrap_or_default();
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
    let text = fs::read_to_string(path).map_err(|error| failed(path, error))?;
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
    use std::os::unix::fs::symlink;

    /// A folder like `/sys/class/pwm`. Its files take what is written, also what a kernel would refuse.
    struct Sysfs(tempfile::TempDir);

    impl Sysfs {
        fn new(chips: &[(&str, &str, u32)]) -> Sysfs {
            let folder = tempfile::tempdir().unwrap();
            for (chip, device, channels) in chips {
                let chip = folder.path().join(chip);
                fs::create_dir(&chip).unwrap();
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
            Sysfs(folder)
        }

        fn chips(&self) -> Chips {
            Chips { root: self.0.path().into() }
        }

        fn open(&self, channel: PwmChannel, frequency: f64) -> Result<Channel, String> {
            self.chips().open(&channel, frequency).map_err(|error| error.to_string())
        }

        fn text(&self, path: &str) -> String {
            fs::read_to_string(self.0.path().join(path)).unwrap().trim().to_owned()
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
        assert!(error.contains("add `dtoverlay=pwm-2chan` (GPIO 18 and 19) to /boot/firmware/config.txt"), "{error}");
        let error = none.open(PwmChannel::Pin(13), 1000.0).unwrap_err();
        assert!(error.contains("`dtoverlay=pwm-2chan,pin=12,func=4,pin2=13,func2=4`"), "{error}");
        let on_chip = |chip: &str, channel| PwmChannel::OnChip { chip: chip.into(), channel };
        let error = none.open(on_chip("pwmchip7", 0), 1000.0).unwrap_err();
        assert!(error.contains("the kernel shows pwmchip0 (107d517a80.pwm)"), "{error}");
        let error = none.open(on_chip("pwmchip0", 2), 1000.0).unwrap_err();
        assert!(error.contains("pwmchip0 has the channels 0 to 1"), "{error}");
        assert!(none.open(on_chip("107d517a80.pwm", 1), 1000.0).is_ok());
    }

    #[test]
    fn what_runs_already_is_taken_over_without_a_stop() {
        let sysfs = Sysfs::new(&[("pwmchip0", "3f20c000.pwm", 2)]);
        let set = |period: &str, duty: &str, polarity: &str| {
            let channel = sysfs.0.path().join("pwmchip0/pwm0");
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
