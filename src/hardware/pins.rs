//! What the device tree uses the pins of a Raspberry Pi's header for.
//!
//! The kernel hands out such a line all the same (until summer 2026), and so takes it away from its user: a relay on GPIO 2
//! silences every sensor of I2C bus 1.

use crate::files;
use std::{collections::BTreeMap, fs, path::Path};

/// The nodes of buses begin so.
const BUSES: [&str; 2] = ["i2c", "spi"];
/// The nodes of PWM.
const PWM: &str = "pwm@";
/// The chips of the header, as the device tree names their drivers. The processor of a Raspberry Pi 5 has other pins, which
/// are called the same.
const HEADERS: [&str; 3] = ["brcm,bcm2835-gpio", "brcm,bcm2711-gpio", "raspberrypi,rp1-gpio"];

/// The users of the header's pins.
#[derive(Debug, Default)]
pub(super) struct Pins {
    users: Vec<User>,
}

/// A device that is switched on, and the pins that it is given.
#[derive(Debug)]
struct User {
    /// Its node, such as `i2c@7e804000`.
    node: String,
    pins: Vec<Pin>,
}

/// A pin of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pin {
    /// BCM number.
    pub number: u32,
    /// `brcm,function`, or the name of the function; None: the tree does not say.
    pub function: Option<String>,
}

impl Pins {
    /// Reads the device tree below `root`; there are no such pins where there is none.
    pub fn read(root: &Path) -> Pins {
        let mut tree = Tree::default();
        tree.walk(root, false);
        let Tree { groups, devices } = tree;
        let pins =
            |phandles: Vec<u32>| phandles.iter().filter_map(|phandle| groups.get(phandle)).flatten().cloned().collect();
        Pins { users: devices.into_iter().map(|(node, phandles)| User { node, pins: pins(phandles) }).collect() }
    }

    /// The node of the bus that a GPIO number belongs to, such as `i2c@7e804000`.
    pub fn bus_of(&self, number: u32) -> Option<&str> {
        let is_bus = |node: &str| BUSES.iter().any(|bus| node.starts_with(bus));
        self.users(number).find(|node| is_bus(node))
    }

    /// The node of any device that a GPIO number is given to.
    pub fn user_of(&self, number: u32) -> Option<&str> {
        self.users(number).next()
    }

    /// The pins that the PWM at this address is led to; None: there is no such PWM in the tree.
    pub fn of_pwm(&self, address: &str) -> Option<&[Pin]> {
        let is_it = |user: &&User| user.node.starts_with(PWM) && user.node.ends_with(address);
        self.users.iter().find(is_it).map(|user| user.pins.as_slice())
    }

    fn users(&self, number: u32) -> impl Iterator<Item = &str> {
        let has = move |user: &&User| user.pins.iter().any(|pin| pin.number == number);
        self.users.iter().filter(has).map(|user| user.node.as_str())
    }
}

/// What is collected on the way.
#[derive(Default)]
struct Tree {
    /// The groups of pins by the number that others name them by.
    groups: BTreeMap<u32, Vec<Pin>>,
    /// The devices that are switched on, with the numbers of their groups.
    devices: Vec<(String, Vec<u32>)>,
}

impl Tree {
    fn walk(&mut self, folder: &Path, in_header: bool) {
        for node in folders(folder) {
            let name = node.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let in_header = in_header || is_header(&node, &name);
            if in_header && let Some([phandle]) = cells(&node.join("phandle")).as_deref() {
                self.groups.insert(*phandle, pins(&node));
            }
            if is_on(&node) {
                let groups = cells(&node.join("pinctrl-0"));
                if groups.is_some() || name.starts_with(PWM) {
                    self.devices.push((name, groups.unwrap_or_default()));
                }
            }
            self.walk(&node, in_header);
        }
    }
}

fn folders(folder: &Path) -> impl Iterator<Item = std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path())
}

fn is_header(node: &Path, name: &str) -> bool {
    match files::read_text(&node.join("compatible"), files::SYSTEM) {
        Ok(compatible) => compatible.split('\0').any(|word| HEADERS.contains(&word)),
        Err(_) => name.starts_with("gpio@"),
    }
}

/// The pins of a group, and those of the groups within it: as numbers (overlays, and Raspberry Pi 0 to 4), or as names.
fn pins(node: &Path) -> Vec<Pin> {
    let mut pins: Vec<Pin> = if let Some(numbers) = cells(&node.join("brcm,pins")) {
        let functions = cells(&node.join("brcm,function")).unwrap_or_default();
        // One for all, or one for each.
        let function = |index: usize| functions.get(if functions.len() == 1 { 0 } else { index });
        let pin = |(index, number)| Pin { number, function: function(index).map(u32::to_string) };
        numbers.into_iter().enumerate().map(pin).collect()
    } else {
        let names = files::read_text(&node.join("pins"), files::SYSTEM).unwrap_or_default();
        let function =
            files::read_text(&node.join("function"), files::SYSTEM).ok().map(|text| text.trim_matches('\0').to_owned());
        let numbers = names.split('\0').filter_map(|name| name.strip_prefix("gpio")?.parse().ok());
        numbers.map(|number| Pin { number, function: function.clone() }).collect()
    };
    pins.extend(folders(node).flat_map(|within| self::pins(&within)));
    pins
}

/// A node without a status is on (Devicetree Specification, section 2.3.4).
fn is_on(node: &Path) -> bool {
    files::read_text(&node.join("status"), files::SYSTEM)
        .map_or(true, |status| matches!(status.trim_matches('\0'), "okay" | "ok"))
}

/// Numbers of 32 bits, the most significant byte first.
fn cells(file: &Path) -> Option<Vec<u32>> {
    let bytes = files::read(file, files::SYSTEM).ok()?;
    let (cells, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| cells.iter().map(|cell| u32::from_be_bytes(*cell)).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::hardware::machine::tests::Pretended;

    const HEADER: &str = "proc/device-tree/soc/gpio@7e200000";
    const RP1: &str = "proc/device-tree/axi/pcie@120000/rp1";

    pub fn cells(cells: &[u32]) -> Vec<u8> {
        cells.iter().flat_map(|cell| cell.to_be_bytes()).collect()
    }

    /// What `dtoverlay=pwm` or `pwm-2chan` makes of a tree: the PWM at `node` leads to these pins, with these functions.
    pub fn lead_pwm(machine: &Pretended, node: &str, pins: &[(u32, u32)]) {
        let header = if node.contains("rp1") { format!("{RP1}/gpio@d0000") } else { HEADER.to_owned() };
        let (numbers, functions): (Vec<u32>, Vec<u32>) = pins.iter().copied().unzip();
        machine.write(&format!("{header}/pwm_pins/brcm,pins"), &cells(&numbers));
        machine.write(&format!("{header}/pwm_pins/brcm,function"), &cells(&functions));
        machine.write(&format!("{header}/pwm_pins/phandle"), &cells(&[0x77]));
        machine.write(&format!("proc/device-tree/{node}/pinctrl-0"), &cells(&[0x77]));
        machine.write(&format!("proc/device-tree/{node}/status"), b"okay\0");
    }

    fn read(machine: &Pretended) -> Pins {
        Pins::read(&machine.machine().device_tree())
    }

    fn on_buses(machine: &Pretended) -> Vec<(u32, String)> {
        let pins = read(machine);
        (0..54).filter_map(|number| Some((number, pins.bus_of(number)?.to_owned()))).collect()
    }

    #[test]
    fn pins_of_buses_that_are_on() {
        let tree = Pretended::new(&[]);
        assert_eq!(on_buses(&tree), [], "no device tree");
        let write = |path: &str, bytes: &[u8]| tree.write(&format!("proc/device-tree/soc/{path}"), bytes);
        write("gpio@7e200000/compatible", b"brcm,bcm2835-gpio\0");
        write("gpio@7e200000/i2c1_gpio2/brcm,pins", &cells(&[2, 3]));
        write("gpio@7e200000/i2c1_gpio2/phandle", &cells(&[0x14]));
        write("gpio@7e200000/spi0_gpio7/brcm,pins", &cells(&[9, 10, 11]));
        write("gpio@7e200000/spi0_gpio7/phandle", &cells(&[0x15]));
        write("gpio@7e200000/spi0_cs/brcm,pins", &cells(&[8, 7]));
        write("gpio@7e200000/spi0_cs/phandle", &cells(&[0x16]));
        write("gpio@7e200000/uart0_gpio14/brcm,pins", &cells(&[14, 15]));
        write("gpio@7e200000/uart0_gpio14/phandle", &cells(&[0x17]));
        write("i2c@7e804000/pinctrl-0", &cells(&[0x14]));
        write("i2c@7e804000/status", b"okay\0");
        write("spi@7e204000/pinctrl-0", &cells(&[0x15, 0x16]));
        write("spi@7e204000/status", b"disabled\0");
        write("serial@7e201000/pinctrl-0", &cells(&[0x17]));
        let i2c = [(2, "i2c@7e804000".into()), (3, "i2c@7e804000".into())];
        assert_eq!(on_buses(&tree), i2c, "nobody loses a pin to a serial port that he may not use");
        assert_eq!(read(&tree).user_of(14), Some("serial@7e201000"));

        write("spi@7e204000/status", b"okay\0");
        let pins: Vec<u32> = on_buses(&tree).into_iter().map(|(pin, _)| pin).collect();
        assert_eq!(pins, [2, 3, 7, 8, 9, 10, 11]);
    }

    /// As in the kernel's bcm2712-rpi-5-b.dts: the memory of the boot loader is on pins 2 to 4 of the processor.
    #[test]
    fn pins_of_the_processor_of_a_raspberry_pi_5_are_others() {
        let pi = Pretended::pi_5();
        pi.write(&format!("{RP1}/gpio@d0000/compatible"), b"raspberrypi,rp1-gpio\0");
        pi.write(&format!("{RP1}/gpio@d0000/rp1_i2c1_2_3/pins"), b"gpio2\0gpio3\0");
        pi.write(&format!("{RP1}/gpio@d0000/rp1_i2c1_2_3/phandle"), &cells(&[0x2d]));
        pi.write(&format!("{RP1}/gpio@d0000/rp1_uart0_14_15/phandle"), &cells(&[0x2e]));
        pi.write(&format!("{RP1}/gpio@d0000/rp1_uart0_14_15/pin_txd/pins"), b"gpio14\0");
        pi.write(&format!("{RP1}/gpio@d0000/rp1_uart0_14_15/pin_rxd/pins"), b"gpio15\0");
        pi.write(&format!("{RP1}/i2c@74000/pinctrl-0"), &cells(&[0x2d]));
        pi.write(&format!("{RP1}/serial@30000/pinctrl-0"), &cells(&[0x2e]));
        let soc = "proc/device-tree/soc@107c000000";
        pi.write(&format!("{soc}/pinctrl@7d504100/compatible"), b"brcm,bcm2712c0-pinctrl\0");
        pi.write(&format!("{soc}/pinctrl@7d504100/spi10_gpio2/pins"), b"gpio2\0gpio3\0gpio4\0");
        pi.write(&format!("{soc}/pinctrl@7d504100/spi10_gpio2/phandle"), &cells(&[0x41]));
        pi.write(&format!("{soc}/spi@7d004000/pinctrl-0"), &cells(&[0x41]));
        assert_eq!(on_buses(&pi), [(2, "i2c@74000".into()), (3, "i2c@74000".into())]);
        let pins = read(&pi);
        assert_eq!((pins.user_of(4), pins.user_of(15)), (None, Some("serial@30000")));
    }

    #[test]
    fn the_pins_of_pwm_come_with_their_functions() {
        let pi = Pretended::pi_3();
        assert_eq!(read(&pi).of_pwm("20c000"), None);
        pi.write("proc/device-tree/soc/pwm@7e20c000/status", b"disabled\0");
        assert_eq!(read(&pi).of_pwm("20c000"), None, "switched off");
        pi.write("proc/device-tree/soc/pwm@7e20c000/status", b"okay\0");
        assert_eq!(read(&pi).of_pwm("20c000"), Some(&[][..]), "led nowhere");
        lead_pwm(&pi, "soc/pwm@7e20c000", &[(12, 4), (19, 2)]);
        let pin = |number, function: &str| Pin { number, function: Some(function.into()) };
        assert_eq!(read(&pi).of_pwm("20c000"), Some(&[pin(12, "4"), pin(19, "2")][..]));
        // As mainline has it, with names and a group within the group.
        pi.write(&format!("{HEADER}/pwm0-0-gpio18/phandle"), &cells(&[0x50]));
        pi.write(&format!("{HEADER}/pwm0-0-gpio18/pwm0-0-pin/pins"), b"gpio18\0");
        pi.write(&format!("{HEADER}/pwm0-0-gpio18/pwm0-0-pin/function"), b"alt5\0");
        pi.write("proc/device-tree/soc/pwm@7e20c000/pinctrl-0", &cells(&[0x50]));
        assert_eq!(read(&pi).of_pwm("20c000"), Some(&[pin(18, "alt5")][..]));
    }

    #[test]
    fn a_broken_tree_owns_nothing() {
        let tree = Pretended::new(&[]);
        tree.write(&format!("{HEADER}/i2c1/brcm,pins"), &[0, 0, 2]);
        tree.write(&format!("{HEADER}/i2c1/phandle"), &[]);
        tree.write("proc/device-tree/soc/i2c@7e804000/pinctrl-0", &cells(&[0x14]));
        assert_eq!(on_buses(&tree), []);
    }
}
