//! One mosquitto on a free port of this machine, ended with the bench.

use anyhow::{Context, Result, ensure};
use std::{
    fs,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

pub struct Broker {
    pub port: u16,
    process: Child,
    _dir: TempDir,
}

impl Broker {
    pub fn start() -> Result<Broker> {
        let dir = TempDir::new()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = dir.path().join("mosquitto.conf");
        // As Debian ships it, but for the queue: its limit of 1,000 would drop commands of the burst.
        fs::write(&config, format!("listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"))?;
        let process = Command::new("mosquitto")
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start mosquitto; install it: sudo apt-get install mosquitto")?;
        let broker = Broker { port, process, _dir: dir };
        let answers = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        ensure!(answers, "mosquitto does not answer on port {port}");
        Ok(broker)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
