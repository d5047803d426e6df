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
        let port = free_port()?;
        let config = dir.path().join("mosquitto.conf");
        // Two things are not as Debian ships them, since they would be measured in place of the programs: Nagle's
        // algorithm adds 40 ms to each answer, and the queue's limit of 1,000 drops commands of the burst.
        let settings = "allow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 0\n";
        fs::write(&config, format!("listener {port} 127.0.0.1\n{settings}"))?;
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

/// Nobody listens there now.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
