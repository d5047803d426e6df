//! Which backend a machine gets.

use super::{
    board::Board, chardev::Chardev, expanders::WithExpanders, machine::Machine, rppal, rppal::Rppal, simulated::Wires,
};
use crate::model::{Backend, HardwareSettings};
use std::sync::Arc;

/// A backend in use.
pub(super) struct Chosen {
    /// Never `Auto`.
    pub backend: Backend,
    pub board: Arc<dyn Board>,
    /// On the simulated backend.
    pub wires: Option<Wires>,
}

/// What the settings come to on a machine.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decision {
    /// Never `Auto`.
    pub backend: Backend,
    /// Why it is not the one that was asked for, or that a Raspberry Pi would have: for the log.
    pub because: Option<String>,
}

/// The backend that the settings come to on this machine, never `Auto`.
pub fn resolve(settings: &HardwareSettings) -> Backend {
    decide(settings, &Machine::here()).backend
}

/// The same for `run`, `safe` and `detect`. rppal is taken only where it opens: its registers and the kernel's chips may be
/// there one by one and still not be what the library expects.
pub(super) fn decide(settings: &HardwareSettings, machine: &Machine) -> Decision {
    let decision = |backend, because| Decision { backend, because };
    match settings.backend {
        Backend::Rppal => match knows(machine).and_then(|()| opens(machine)) {
            Ok(()) => decision(Backend::Rppal, None),
            Err(why) => decision(Backend::Chardev, Some(format!("rppal cannot be used here: {why}"))),
        },
        // Only a machine with a device tree: the GPIO lines of an ordinary PC drive parts of its mainboard.
        Backend::Auto if !(machine.device_tree().exists() && machine.has_node("gpiochip")) => {
            decision(Backend::Simulated, None)
        }
        // rppal has no chips to choose from.
        Backend::Auto if settings.gpiochip.is_some() || knows(machine).is_err() => decision(Backend::Chardev, None),
        Backend::Auto => match registers(machine).and_then(|()| opens(machine)) {
            Ok(()) => decision(Backend::Rppal, None),
            Err(why) => decision(Backend::Chardev, Some(format!("rppal cannot be used here: {why}"))),
        },
        asked_for => decision(asked_for, None),
    }
}

/// Whether rppal has the addresses of this board's registers.
fn knows(machine: &Machine) -> Result<(), String> {
    let known = if machine.is_here() { rppal::knows_this_board() } else { machine.pi().is_some() };
    if known { Ok(()) } else { Err("it does not know this board".into()) }
}

/// Whether others than root reach them: a plain Debian kernel lets nobody.
fn registers(machine: &Machine) -> Result<(), String> {
    if machine.has_node("gpiomem") { Ok(()) } else { Err("this kernel offers no /dev/gpiomem".into()) }
}

fn opens(machine: &Machine) -> Result<(), String> {
    if !machine.dev().join("gpiochip0").exists() {
        return Err("it needs /dev/gpiochip0, which this kernel does not have".into());
    }
    // The library knows no other root.
    if machine.is_here() { rppal::opens() } else { Ok(()) }
}

/// The backend that the settings come to, ready for use. Says once if it is another one than could be expected.
pub(super) fn choose(settings: &HardwareSettings) -> Chosen {
    let machine = Machine::here();
    let Decision { backend, because } = decide(settings, &machine);
    match because {
        Some(because) if settings.backend == Backend::Rppal => {
            tracing::warn!("using the kernel's GPIO device (chardev): {because}");
        }
        Some(because) => tracing::info!("using the kernel's GPIO device (chardev): {because}"),
        None if settings.backend == Backend::Auto && backend == Backend::Simulated => {
            tracing::warn!("no board with GPIO found: all outputs, inputs and sensors are simulated");
        }
        None => {}
    }
    let kernel = || Chardev::new(&machine, settings.gpiochip.clone());
    match backend {
        Backend::Rppal => Chosen { backend, board: with_expanders(Rppal::new(kernel())), wires: None },
        Backend::Chardev => Chosen { backend, board: with_expanders(kernel()), wires: None },
        Backend::Simulated | Backend::Auto => simulated(),
    }
}

fn with_expanders(board: impl Board + 'static) -> Arc<dyn Board> {
    Arc::new(WithExpanders::new(Arc::new(board)))
}

fn simulated() -> Chosen {
    let wires = Wires::default();
    Chosen { backend: Backend::Simulated, board: Arc::new(wires.clone()), wires: Some(wires) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::machine::tests::Pretended;

    fn on(machine: &Pretended, backend: Backend) -> Decision {
        decide(&HardwareSettings { backend, gpiochip: None, plays_remote: false }, &machine.machine())
    }

    fn chardev(why: &str) -> Decision {
        Decision { backend: Backend::Chardev, because: Some(format!("rppal cannot be used here: {why}")) }
    }

    #[test]
    fn rppal_is_taken_only_where_it_opens() {
        let gone = "it needs /dev/gpiochip0, which this kernel does not have";
        let pi_5 = Pretended::pi_5();
        assert_eq!(on(&pi_5, Backend::Auto), chardev(gone));
        assert_eq!(on(&pi_5, Backend::Rppal), chardev(gone));
        assert_eq!(on(&pi_5, Backend::Chardev), Decision { backend: Backend::Chardev, because: None });
        pi_5.write("dev/gpiochip0", b"");
        assert_eq!(on(&pi_5, Backend::Auto), Decision { backend: Backend::Rppal, because: None });
        assert_eq!(on(&Pretended::pi_3(), Backend::Auto).backend, Backend::Rppal);

        let debian = Pretended::new(&[
            ("proc/device-tree/compatible", "raspberrypi,3-model-b\0brcm,bcm2837\0"),
            ("dev/gpiochip0", ""),
        ]);
        assert_eq!(on(&debian, Backend::Auto), chardev("this kernel offers no /dev/gpiomem"));
    }

    #[test]
    fn other_machines_get_what_they_have() {
        let board =
            Pretended::new(&[("proc/device-tree/compatible", "fsl,imx8mp-evk\0fsl,imx8mp\0"), ("dev/gpiochip0", "")]);
        assert_eq!(on(&board, Backend::Auto), Decision { backend: Backend::Chardev, because: None });
        assert_eq!(on(&board, Backend::Rppal), chardev("it does not know this board"));
        let pc = Pretended::new(&[("dev/gpiochip0", "")]);
        assert_eq!(on(&pc, Backend::Auto), Decision { backend: Backend::Simulated, because: None });
        let bare = Pretended::new(&[("proc/device-tree/model", "Raspberry Pi 5 Model B Rev 1.0\0")]);
        assert_eq!(on(&bare, Backend::Auto).backend, Backend::Simulated);
    }

    #[test]
    fn a_chip_that_is_named_is_the_kernels() {
        let settings =
            HardwareSettings { backend: Backend::Auto, gpiochip: Some("gpiochip1".into()), plays_remote: false };
        let decision = decide(&settings, &Pretended::pi_3().machine());
        assert_eq!(decision, Decision { backend: Backend::Chardev, because: None });
    }
}
