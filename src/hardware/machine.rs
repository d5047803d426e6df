//! The machine that hearthd runs on: what its files under `/dev`, `/proc` and `/sys` say of it.

use crate::{files, model::PiKind};
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A root folder: `/`, or one that stands for a machine.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    root: PathBuf,
}

impl Machine {
    /// This one.
    pub fn here() -> Machine {
        Machine::below(Path::new("/"))
    }

    pub fn below(root: &Path) -> Machine {
        Machine { root: root.into() }
    }

    /// Whether libraries that know no other root see the same.
    pub fn is_here(&self) -> bool {
        self.root == Path::new("/")
    }

    pub fn dev(&self) -> PathBuf {
        self.root.join("dev")
    }

    pub fn device_tree(&self) -> PathBuf {
        self.root.join("proc/device-tree")
    }

    pub fn pwm(&self) -> PathBuf {
        self.root.join("sys/class/pwm")
    }

    /// Which kind of Raspberry Pi, if it is one.
    pub fn pi(&self) -> Option<&'static PiKind> {
        pi_of(&self.device_tree())
    }

    /// Some Compute Modules lead GPIOs beyond the header's to the outside.
    pub fn is_compute_module(&self) -> bool {
        let tree = self.device_tree();
        text(&tree.join("compatible")).contains("compute-module")
            || text(&tree.join("model")).contains("Compute Module")
    }

    /// Whether a node of /dev begins so.
    pub fn has_node(&self, beginning: &str) -> bool {
        let nodes = fs::read_dir(self.dev()).into_iter().flatten().flatten();
        nodes.map(|node| node.file_name()).any(|name| name.to_string_lossy().starts_with(beginning))
    }

    /// What this kernel does with the outputs of a Raspberry Pi's header that are released.
    pub fn released(&self, kind: &PiKind) -> Released {
        let option = |name: &str| {
            let path = format!("sys/module/{}/parameters/{name}", kind.gpio_module);
            let value = text(&self.root.join(path));
            (!value.is_empty()).then(|| value.starts_with(['Y', '1']))
        };
        // The second one is that of Raspberry Pi's kernels of spring 2024 (raspberrypi/linux, pull request 6117).
        match option("persist_gpio_outputs").or_else(|| option("strict_gpiod").map(|strict| !strict)) {
            Some(true) => Released::StaysDriven,
            Some(false) => Released::BecomesInput,
            None if kind.mainline_releases && !is_of_raspberry_pi(&text(&self.root.join(RELEASE))) => {
                Released::BecomesInput
            }
            None => Released::NotKnown,
        }
    }
}

const RELEASE: &str = "proc/sys/kernel/osrelease";

/// What becomes of an output line when whoever holds it through the kernel ends without driving it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Released {
    /// It goes on as it was last driven; the kernel has an option to change that.
    StaysDriven,
    /// It becomes an input: resistors decide.
    BecomesInput,
    /// The kernel does not tell.
    NotKnown,
}

/// Kernels of Raspberry Pi call themselves `6.12.47+rpt-rpi-v8`, `6.1.21-v8+` or, on the first boards, `6.1.21+`; those of
/// Debian `6.12.57+deb13-arm64`.
fn is_of_raspberry_pi(release: &str) -> bool {
    release.is_empty()
        || release.ends_with('+')
        || ["+rpt", "-rpi", "-v6", "-v7", "-v8"].iter().any(|part| release.contains(part))
}

/// Which kind of Raspberry Pi a device tree describes.
pub(super) fn pi_of(device_tree: &Path) -> Option<&'static PiKind> {
    PiKind::of(&text(&device_tree.join("compatible")), &text(&device_tree.join("model")))
}

/// Whether 1-Wire runs with the overlay of older boards on a Raspberry Pi 5, whose GPIO falls asleep between two bits
/// (raspberrypi/linux, pull request 5882). Overlays put the node at the root of the tree.
pub(super) fn onewire_is_for_older_boards(device_tree: &Path) -> bool {
    let Some(property) = pi_of(device_tree).and_then(|kind| kind.onewire_property) else { return false };
    let nodes = fs::read_dir(device_tree).into_iter().flatten().flatten();
    let buses: Vec<PathBuf> = nodes
        .filter(|node| node.file_name().to_string_lossy().starts_with("onewire"))
        .map(|node| node.path())
        .collect();
    !buses.is_empty() && !buses.iter().any(|bus| bus.join(property).exists())
}

/// Without the space and the zero bytes around it; empty where there is none.
fn text(path: &Path) -> String {
    let text = files::read_text(path, files::SYSTEM).unwrap_or_default();
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use tempfile::TempDir;

    /// A folder that stands for a machine.
    pub struct Pretended(TempDir);

    impl Pretended {
        pub fn new(files: &[(&str, &str)]) -> Pretended {
            let pretended = Pretended(tempfile::tempdir().unwrap());
            files.iter().for_each(|(path, text)| pretended.write(path, text.as_bytes()));
            pretended
        }

        /// A Raspberry Pi 5 as kernels since 6.12.96 show it.
        pub fn pi_5() -> Pretended {
            Pretended::new(&[
                ("proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0"),
                ("proc/device-tree/compatible", "raspberrypi,5-model-b\0brcm,bcm2712\0"),
                ("dev/gpiochip11", ""),
                ("dev/gpiochip12", ""),
                ("dev/gpiochip13", ""),
                ("dev/gpiochip14", ""),
                ("dev/gpiochip15", ""),
                ("dev/gpiomem0", ""),
            ])
        }

        pub fn pi_3() -> Pretended {
            Pretended::new(&[
                ("proc/device-tree/model", "Raspberry Pi 3 Model B Rev 1.2\0"),
                ("proc/device-tree/compatible", "raspberrypi,3-model-b\0brcm,bcm2837\0"),
                ("dev/gpiochip0", ""),
                ("dev/gpiomem", ""),
            ])
        }

        pub fn write(&self, path: &str, bytes: &[u8]) {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }

        pub fn machine(&self) -> Machine {
            Machine::below(self.0.path())
        }
    }

    #[test]
    fn what_becomes_of_released_lines_is_told_where_it_is_known() {
        let told = |machine: &Pretended| machine.machine().released(machine.machine().pi().unwrap());
        let release = |machine: &Pretended, text: &str| machine.write(RELEASE, text.as_bytes());

        let pi_3 = Pretended::pi_3();
        assert_eq!(told(&pi_3), Released::NotKnown);
        for (kernel, expected) in [
            ("6.1.0-50-arm64\n", Released::BecomesInput),
            ("6.12.57+deb13-arm64\n", Released::BecomesInput),
            ("6.6.20+rpt-rpi-v8\n", Released::NotKnown),
            ("5.10.5-v8+\n", Released::NotKnown),
            ("6.1.21+\n", Released::NotKnown),
        ] {
            release(&pi_3, kernel);
            assert_eq!(told(&pi_3), expected, "{kernel}");
        }
        pi_3.write("sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs", b"Y\n");
        assert_eq!(told(&pi_3), Released::StaysDriven);
        pi_3.write("sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs", b"N\n");
        assert_eq!(told(&pi_3), Released::BecomesInput);

        let pi_5 = Pretended::pi_5();
        release(&pi_5, "6.12.57+deb13-arm64\n");
        assert_eq!(told(&pi_5), Released::NotKnown, "mainline's driver of this chip says nothing of it");
        pi_5.write("sys/module/pinctrl_rp1/parameters/strict_gpiod", b"Y\n");
        assert_eq!(told(&pi_5), Released::BecomesInput);
        pi_5.write("sys/module/pinctrl_rp1/parameters/persist_gpio_outputs", b"Y\n");
        assert_eq!(told(&pi_5), Released::StaysDriven);
    }

    #[test]
    fn compute_modules_are_known() {
        let cm = Pretended::new(&[("proc/device-tree/compatible", "raspberrypi,4-compute-module\0brcm,bcm2711\0")]);
        assert!(cm.machine().is_compute_module() && !Pretended::pi_5().machine().is_compute_module());
    }
}
