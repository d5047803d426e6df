//! Which backend a machine gets.

use super::{
    board::Board, chardev::Chardev, expanders::WithExpanders, lines::Lines, rppal, rppal::Rppal, simulated::Wires,
};
use crate::model::{Backend, HardwareSettings};
use std::{path::Path, sync::Arc};

/// A backend in use.
pub(super) struct Chosen {
    /// Never `Auto`.
    pub backend: Backend,
    pub board: Arc<dyn Board>,
    /// On the simulated backend.
    pub wires: Option<Wires>,
}

/// The backend that the settings come to on this machine, never `Auto`. It opens nothing: what is missing shows when
/// lines are claimed.
pub fn resolve(settings: &HardwareSettings) -> Backend {
    match settings.backend {
        Backend::Rppal if !rppal::knows_this_board() => Backend::Chardev,
        // Without gpiomem, as under a plain Debian kernel, only root could reach the registers.
        Backend::Auto if rppal::knows_this_board() && has_node("gpiomem") => Backend::Rppal,
        // Only a machine with a device tree: the GPIO lines of an ordinary PC drive parts of its mainboard.
        Backend::Auto if Path::new("/proc/device-tree").exists() && has_node("gpiochip") => Backend::Chardev,
        Backend::Auto => Backend::Simulated,
        asked_for => asked_for,
    }
}

/// The backend that the settings come to, ready for use.
pub(super) fn choose(settings: &HardwareSettings) -> Chosen {
    let backend = resolve(settings);
    match (settings.backend, backend) {
        (Backend::Rppal, Backend::Chardev) => {
            tracing::warn!("rppal does not know this board: using the kernel's GPIO device (chardev) instead");
        }
        (Backend::Auto, Backend::Simulated) => {
            tracing::warn!("no board with GPIO found: all outputs, inputs and sensors are simulated");
        }
        _ => {}
    }
    match backend {
        Backend::Rppal => rppal_board(settings),
        Backend::Chardev => chardev(settings),
        Backend::Simulated | Backend::Auto => simulated(),
    }
}

fn rppal_board(settings: &HardwareSettings) -> Chosen {
    let lines = || Lines::new(settings.gpiochip.clone());
    let board = Rppal::new(lines(), Chardev::new(lines()));
    Chosen { backend: Backend::Rppal, board: with_expanders(board), wires: None }
}

fn chardev(settings: &HardwareSettings) -> Chosen {
    let board = Chardev::new(Lines::new(settings.gpiochip.clone()));
    Chosen { backend: Backend::Chardev, board: with_expanders(board), wires: None }
}

fn with_expanders(board: impl Board + 'static) -> Arc<dyn Board> {
    Arc::new(WithExpanders::new(Arc::new(board)))
}

fn simulated() -> Chosen {
    let wires = Wires::default();
    Chosen { backend: Backend::Simulated, board: Arc::new(wires.clone()), wires: Some(wires) }
}

/// Whether a node of /dev begins so.
fn has_node(beginning: &str) -> bool {
    let nodes = std::fs::read_dir("/dev").into_iter().flatten().flatten();
    nodes.map(|node| node.file_name()).any(|name| name.to_string_lossy().starts_with(beginning))
}
