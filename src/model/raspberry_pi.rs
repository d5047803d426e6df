//! What has to be known of Raspberry Pis, kind by kind: one row each, and the pin header that all of them share.

/// Boards with the same GPIO chip behind their pin header.
#[derive(Debug)]
pub struct PiKind {
    /// For people.
    pub name: &'static str,
    /// Its processors, as the device tree's `compatible` has them.
    processors: &'static [&'static str],
    /// How its models are called where the processor is not told.
    models: &'static [&'static str],
    /// The labels that kernels give the GPIO chip of its pin header.
    pub labels: &'static [&'static str],
    /// The kernel's module of that chip.
    pub gpio_module: &'static str,
    /// Whether the module makes a released output an input in every mainline kernel that has no option for it.
    pub mainline_releases: bool,
    /// The PWM that reaches the header.
    pub pwm: PiPwm,
    /// The overlay for 1-Wire.
    pub onewire_overlay: &'static str,
    /// What the node of 1-Wire has in the device tree where that overlay is in force; None: no more than any.
    pub onewire_property: Option<&'static str>,
}

/// The PWM of a kind.
#[derive(Debug)]
pub struct PiPwm {
    /// The end of its address, in the name of its device (`3f20c000.pwm`) and of its node (`pwm@7e20c000`).
    pub address: &'static str,
    /// The pins of the header that it reaches.
    pub pins: [PwmPin; 4],
}

/// A pin that a PWM channel can be led to.
#[derive(Debug)]
pub struct PwmPin {
    /// BCM number.
    pub number: u32,
    /// The channel.
    pub channel: u32,
    /// What `brcm,function` must say of the pin (overlay `pwm`: the parameter `func`).
    pub function: u32,
    /// What `function` must say where the device tree uses names.
    pub names: &'static [&'static str],
}

const fn pin(number: u32, channel: u32, function: u32, names: &'static [&'static str]) -> PwmPin {
    PwmPin { number, channel, function, names }
}

/// BCM2835 to BCM2711. (Another one, at 20c800, plays sound.) "BCM2835 ARM Peripherals", sections 6.2 and 9.5.
const BROADCOM_PWM: PiPwm = PiPwm {
    address: "20c000",
    pins: [pin(12, 0, 4, &["alt0"]), pin(13, 1, 4, &["alt0"]), pin(18, 0, 2, &["alt5"]), pin(19, 1, 2, &["alt5"])],
};

/// Newest first. Chips and functions are those of the kernel's drivers pinctrl-rp1 and pinctrl-bcm2835.
pub const PI_KINDS: [PiKind; 3] = [
    PiKind {
        name: "Raspberry Pi 5",
        processors: &["brcm,bcm2712"],
        models: &["Raspberry Pi 5", "Raspberry Pi Compute Module 5"],
        labels: &["pinctrl-rp1"],
        gpio_module: "pinctrl_rp1",
        mainline_releases: false,
        pwm: PiPwm {
            address: "98000",
            pins: [
                pin(12, 0, 4, &["pwm0", "alt0"]),
                pin(13, 1, 4, &["pwm0", "alt0"]),
                pin(18, 2, 2, &["pwm0", "alt3"]),
                pin(19, 3, 2, &["pwm0", "alt3"]),
            ],
        },
        onewire_overlay: "w1-gpio-pi5",
        onewire_property: Some("raspberrypi,delay-needs-poll"),
    },
    PiKind {
        name: "Raspberry Pi 4",
        processors: &["brcm,bcm2711"],
        models: &["Raspberry Pi 4", "Raspberry Pi Compute Module 4"],
        // The second one until Linux 5.4.
        labels: &["pinctrl-bcm2711", "pinctrl-bcm2835"],
        gpio_module: "pinctrl_bcm2835",
        mainline_releases: true,
        pwm: BROADCOM_PWM,
        onewire_overlay: "w1-gpio",
        onewire_property: None,
    },
    PiKind {
        name: "Raspberry Pi",
        processors: &["brcm,bcm2835", "brcm,bcm2836", "brcm,bcm2837", "brcm,bcm2708", "brcm,bcm2709", "brcm,bcm2710"],
        models: &["Raspberry Pi"],
        labels: &["pinctrl-bcm2835"],
        gpio_module: "pinctrl_bcm2835",
        mainline_releases: true,
        pwm: BROADCOM_PWM,
        onewire_overlay: "w1-gpio",
        onewire_property: None,
    },
];

impl PiKind {
    /// By the device tree's `compatible`, a list with zero bytes between, or by its `model`.
    pub fn of(compatible: &str, model: &str) -> Option<&'static PiKind> {
        let has = |kind: &&PiKind| compatible.split('\0').any(|word| kind.processors.contains(&word));
        let is_called = |kind: &&PiKind| kind.models.iter().any(|name| model.starts_with(name));
        PI_KINDS.iter().find(has).or_else(|| PI_KINDS.iter().find(is_called))
    }
}

/// The last GPIO of the pin header.
pub const LAST_ON_HEADER: u32 = 27;
/// The last GPIO that any Raspberry Pi has for its owner; those beyond [`LAST_ON_HEADER`] only on some Compute Modules.
pub const LAST_OF_ANY_PI: u32 = 53;

/// A position of the pin header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderPin {
    /// Its BCM number.
    Gpio(u32),
    /// A supply, V.
    Supply(&'static str),
    /// Ground.
    Ground,
}

/// Position 1 first.
const HEADER: [HeaderPin; 40] = {
    use HeaderPin::{Gpio, Ground, Supply};
    [
        Supply("3.3"),
        Supply("5"),
        Gpio(2),
        Supply("5"),
        Gpio(3),
        Ground,
        Gpio(4),
        Gpio(14),
        Ground,
        Gpio(15),
        Gpio(17),
        Gpio(18),
        Gpio(27),
        Ground,
        Gpio(22),
        Gpio(23),
        Supply("3.3"),
        Gpio(24),
        Gpio(10),
        Ground,
        Gpio(9),
        Gpio(25),
        Gpio(11),
        Gpio(8),
        Ground,
        Gpio(7),
        Gpio(0),
        Gpio(1),
        Gpio(5),
        Ground,
        Gpio(6),
        Gpio(12),
        Gpio(13),
        Ground,
        Gpio(19),
        Gpio(16),
        Gpio(26),
        Gpio(20),
        Ground,
        Gpio(21),
    ]
};

impl HeaderPin {
    /// What is at a position of the pin header, from 1 to 40.
    pub fn at(position: u32) -> Option<HeaderPin> {
        let index = usize::try_from(position).ok()?.checked_sub(1)?;
        HEADER.get(index).copied()
    }

    /// What somebody who wrote the position instead of the BCM number should know: `header pin 40 is GPIO 21`.
    pub fn meaning(position: u32) -> Option<String> {
        Some(match HeaderPin::at(position)? {
            HeaderPin::Gpio(number @ 0..=1) => {
                format!("header pin {position} is GPIO {number}, which is reserved for add-on boards")
            }
            HeaderPin::Gpio(number) => {
                format!("header pin {position} is GPIO {number}: if that is meant, write {number}")
            }
            HeaderPin::Supply(volts) => format!("header pin {position} is the supply of {volts} V, no GPIO"),
            HeaderPin::Ground => format!("header pin {position} is ground, no GPIO"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gpio_of_the_header_is_there_once() {
        let mut numbers: Vec<u32> = (1..=40)
            .filter_map(|position| match HeaderPin::at(position) {
                Some(HeaderPin::Gpio(number)) => Some(number),
                _ => None,
            })
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..=LAST_ON_HEADER).collect::<Vec<_>>());
        let grounds = (1..=40).filter(|position| HeaderPin::at(*position) == Some(HeaderPin::Ground));
        assert_eq!(grounds.collect::<Vec<_>>(), [6, 9, 14, 20, 25, 30, 34, 39]);
        assert_eq!((HeaderPin::at(0), HeaderPin::at(41)), (None, None));
    }

    #[test]
    fn positions_that_are_known_by_heart() {
        // The table of the README, and both ends.
        for (position, number) in [(3, 2), (5, 3), (7, 4), (11, 17), (13, 27), (8, 14), (12, 18), (29, 5), (40, 21)] {
            assert_eq!(HeaderPin::at(position), Some(HeaderPin::Gpio(number)), "{position}");
        }
        assert_eq!(HeaderPin::meaning(40).unwrap(), "header pin 40 is GPIO 21: if that is meant, write 21");
        assert_eq!(HeaderPin::meaning(39).unwrap(), "header pin 39 is ground, no GPIO");
        assert_eq!(HeaderPin::meaning(28).unwrap(), "header pin 28 is GPIO 1, which is reserved for add-on boards");
    }

    #[test]
    fn kinds_are_known_by_processor_or_by_name() {
        let name = |compatible, model| PiKind::of(compatible, model).map(|kind| kind.name);
        assert_eq!(name("raspberrypi,5-model-b\0brcm,bcm2712\0linux,dummy-virt\0", ""), Some("Raspberry Pi 5"));
        assert_eq!(name("raspberrypi,3-model-b\0brcm,bcm2837\0", "Raspberry Pi 3 Model B"), Some("Raspberry Pi"));
        assert_eq!(name("kunbus,revpi-connect4\0brcm,bcm2711\0", "RevPi Connect 4"), Some("Raspberry Pi 4"));
        for (model, kind) in [
            ("Raspberry Pi 500 Rev 1.0", "Raspberry Pi 5"),
            ("Raspberry Pi Compute Module 5 Rev 1.0", "Raspberry Pi 5"),
            ("Raspberry Pi 400 Rev 1.0", "Raspberry Pi 4"),
            ("Raspberry Pi Compute Module 3 Plus Rev 1.0", "Raspberry Pi"),
            ("Raspberry Pi Zero 2 W Rev 1.0", "Raspberry Pi"),
        ] {
            assert_eq!(name("", model), Some(kind), "{model}");
        }
        assert_eq!(name("friendlyarm,nanopi-r5s\0rockchip,rk3568\0", "FriendlyElec NanoPi R5S"), None);
    }
}
