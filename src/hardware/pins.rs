//! The pins that the device tree gives to buses, on Raspberry Pis.
//!
//! The kernel hands out such a line all the same, and so takes it away from the bus: a relay on GPIO 2 silences every
//! sensor of I2C bus 1.

use std::{collections::BTreeMap, fs, path::Path};

/// Where the kernel shows the device tree.
pub(super) const DEVICE_TREE: &str = "/proc/device-tree";
/// The nodes of buses begin so.
const BUSES: [&str; 2] = ["i2c", "spi"];

/// The bus that owns each GPIO number.
#[derive(Debug, Default)]
pub(super) struct BusPins(BTreeMap<u32, String>);

impl BusPins {
    /// Reads the device tree below `root`; there are no such pins where there is none.
    pub fn read(root: &Path) -> BusPins {
        let mut groups = BTreeMap::new();
        let mut buses = Vec::new();
        walk(root, &mut groups, &mut buses);
        let pins = buses.into_iter().flat_map(|(name, phandles)| {
            let pins: Vec<u32> = phandles.iter().filter_map(|phandle| groups.get(phandle)).flatten().copied().collect();
            pins.into_iter().map(move |pin| (pin, name.clone()))
        });
        BusPins(pins.collect())
    }

    /// The node of the bus that a GPIO number belongs to, such as `i2c@7e804000`.
    pub fn owner(&self, number: u32) -> Option<&str> {
        self.0.get(&number).map(String::as_str)
    }
}

/// Collects the groups of pins by the number that others name them by, and the buses that are switched on with the numbers
/// of their groups.
fn walk(folder: &Path, groups: &mut BTreeMap<u32, Vec<u32>>, buses: &mut Vec<(String, Vec<u32>)>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    for node in folders.map(|entry| entry.path()) {
        if let (Some(pins), Some(phandle)) =
            (pins(&node), cells(&node.join("phandle")).and_then(|cells| cells.first().copied()))
        {
            groups.insert(phandle, pins);
        }
        let name = node.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if BUSES.iter().any(|bus| name.starts_with(bus)) && is_on(&node) {
            buses.extend(cells(&node.join("pinctrl-0")).map(|groups| (name, groups)));
        }
        walk(&node, groups, buses);
    }
}

/// The GPIO numbers of a group: as numbers (Raspberry Pi 0 to 4), or as names (Raspberry Pi 5).
fn pins(node: &Path) -> Option<Vec<u32>> {
    cells(&node.join("brcm,pins")).or_else(|| {
        let names = fs::read_to_string(node.join("pins")).ok()?;
        Some(names.split('\0').filter_map(|name| name.strip_prefix("gpio")?.parse().ok()).collect())
    })
}

/// A node without a status is on (Devicetree Specification, section 2.3.4).
fn is_on(node: &Path) -> bool {
    fs::read_to_string(node.join("status")).map_or(true, |status| matches!(status.trim_matches('\0'), "okay" | "ok"))
}

/// Numbers of 32 bits, the most significant byte first.
fn cells(file: &Path) -> Option<Vec<u32>> {
    let bytes = fs::read(file).ok()?;
    let (cells, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| cells.iter().map(|cell| u32::from_be_bytes(*cell)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    struct Tree(TempDir);

    impl Tree {
        fn write(&self, path: &str, bytes: &[u8]) {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }

        fn owners(&self) -> Vec<(u32, String)> {
            BusPins::read(self.0.path()).0.into_iter().collect()
        }
    }

    fn cells(cells: &[u32]) -> Vec<u8> {
        cells.iter().flat_map(|cell| cell.to_be_bytes()).collect()
    }

    #[test]
    fn pins_of_buses_that_are_on() {
        let tree = Tree(tempfile::tempdir().unwrap());
        assert_eq!(tree.owners(), [], "no device tree");
        tree.write("soc/gpio@7e200000/i2c1_gpio2/brcm,pins", &cells(&[2, 3]));
        tree.write("soc/gpio@7e200000/i2c1_gpio2/phandle", &cells(&[0x14]));
        tree.write("soc/gpio@7e200000/spi0_gpio7/brcm,pins", &cells(&[9, 10, 11]));
        tree.write("soc/gpio@7e200000/spi0_gpio7/phandle", &cells(&[0x15]));
        tree.write("soc/gpio@7e200000/spi0_cs/brcm,pins", &cells(&[8, 7]));
        tree.write("soc/gpio@7e200000/spi0_cs/phandle", &cells(&[0x16]));
        tree.write("soc/gpio@7e200000/uart0_gpio14/brcm,pins", &cells(&[14, 15]));
        tree.write("soc/gpio@7e200000/uart0_gpio14/phandle", &cells(&[0x17]));
        tree.write("soc/i2c@7e804000/pinctrl-0", &cells(&[0x14]));
        tree.write("soc/i2c@7e804000/status", b"okay\0");
        tree.write("soc/spi@7e204000/pinctrl-0", &cells(&[0x15, 0x16]));
        tree.write("soc/spi@7e204000/status", b"disabled\0");
        tree.write("soc/serial@7e201000/pinctrl-0", &cells(&[0x17]));
        let i2c = [(2, "i2c@7e804000".into()), (3, "i2c@7e804000".into())];
        assert_eq!(tree.owners(), i2c, "nobody loses a pin to a serial port that he may not use");

        tree.write("soc/spi@7e204000/status", b"okay\0");
        let pins: Vec<u32> = tree.owners().into_iter().map(|(pin, _)| pin).collect();
        assert_eq!(pins, [2, 3, 7, 8, 9, 10, 11]);
    }

    #[test]
    fn a_raspberry_pi_5_names_its_pins() {
        let tree = Tree(tempfile::tempdir().unwrap());
        tree.write("axi/pcie@120000/rp1/gpio@d0000/rp1_i2c1_2_3/pins", b"gpio2\0gpio3\0");
        tree.write("axi/pcie@120000/rp1/gpio@d0000/rp1_i2c1_2_3/phandle", &cells(&[0x2d]));
        tree.write("axi/pcie@120000/rp1/i2c@74000/pinctrl-0", &cells(&[0x2d]));
        assert_eq!(tree.owners(), [(2, "i2c@74000".into()), (3, "i2c@74000".into())]);
    }

    #[test]
    fn a_broken_tree_owns_nothing() {
        let tree = Tree(tempfile::tempdir().unwrap());
        tree.write("soc/gpio/i2c1/brcm,pins", &[0, 0, 2]);
        tree.write("soc/gpio/i2c1/phandle", &[]);
        tree.write("soc/i2c@7e804000/pinctrl-0", &cells(&[0x14]));
        assert_eq!(tree.owners(), []);
    }
}
