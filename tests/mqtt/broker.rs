//! A real broker, a client that listens to it, and a broker that misbehaves.

#[path = "../support/ports.rs"]
mod ports;

pub use ports::free_port;
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, PublishOptions, QoS};
use std::collections::BTreeMap;
use std::future::Future;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Waits for what must happen; generous: a broker that was bad is tried once a minute, and the machine may be busy.
pub async fn until<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(120), future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// mosquitto on a port of its own, keeping nothing on disk. Ends with the value.
pub struct Mosquitto {
    pub port: u16,
    child: Child,
    config: tempfile::NamedTempFile,
}

impl Mosquitto {
    pub fn start() -> Mosquitto {
        let port = free_port();
        let config = tempfile::NamedTempFile::new().unwrap();
        let text = format!("listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 20000\n");
        std::fs::write(config.path(), text).unwrap();
        let child = spawn(config.path(), port);
        Mosquitto { port, child, config }
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn start_again(&mut self) {
        self.child = spawn(self.config.path(), self.port);
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(config: &std::path::Path, port: u16) -> Child {
    let start =
        |program| Command::new(program).arg("-c").arg(config).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = start("mosquitto")
        .or_else(|_| start("/usr/sbin/mosquitto"))
        .expect("these tests need mosquitto: sudo apt-get install mosquitto");
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(child.try_wait().unwrap().is_none(), "mosquitto ended at once");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

/// A client that hears everything.
pub struct Spy {
    pub client: AsyncClient,
    heard: mpsc::UnboundedReceiver<(String, String)>,
    retained: BTreeMap<String, String>,
    _polling: JoinSet<()>,
}

const MARK: &str = "spy/all_retained_were_heard";

impl Spy {
    /// Subscribed to all topics when it returns.
    pub async fn connect(port: u16) -> Spy {
        let mut options = MqttOptions::new(format!("spy{}", free_port()), ("127.0.0.1", port));
        options.set_max_packet_size(32 << 20, 32 << 20);
        let (client, mut event_loop) = AsyncClient::builder(options).capacity(100).build();
        let (sender, heard) = mpsc::unbounded_channel();
        let mut polling = JoinSet::new();
        client.subscribe("#", QoS::AtLeastOnce).await.unwrap();
        let marker = client.clone();
        polling.spawn(async move {
            while let Ok(event) = event_loop.poll().await {
                // Not before: the library may write it first.
                if let Event::Incoming(Packet::SubAck(_)) = event {
                    marker.try_publish(MARK, "", PublishOptions::at_least_once()).unwrap();
                }
                if let Event::Incoming(Packet::Publish(message)) = event {
                    let payload = String::from_utf8_lossy(&message.payload).into_owned();
                    let topic = String::from_utf8_lossy(&message.topic).into_owned();
                    if sender.send((topic, payload)).is_err() {
                        return;
                    }
                }
            }
        });
        let mut spy = Spy { client, heard, retained: BTreeMap::new(), _polling: polling };
        spy.hear_retained().await;
        spy
    }

    /// Publishes at QoS 1.
    pub async fn publish(&self, topic: &str, retain: bool, payload: impl Into<Vec<u8>>) {
        let options = PublishOptions::at_least_once().retain(retain);
        self.client.publish(topic, payload.into(), options).await.unwrap();
    }

    /// What the broker kept when this client came, by topic. It and all that was heard since are forgotten.
    pub async fn retained(&mut self) -> BTreeMap<String, String> {
        while self.heard.try_recv().is_ok() {}
        std::mem::take(&mut self.retained)
    }

    /// Waits for a message, and gives all that were heard before it (with it, if it was retained already: none).
    pub async fn wait_for(&mut self, topic: &str, payload: &str) -> Vec<(String, String)> {
        if self.retained.remove(topic).is_some_and(|retained| retained == payload) {
            return Vec::new();
        }
        let mut before = Vec::new();
        until(&format!("{payload:?} on {topic}"), async {
            loop {
                let message = self.heard.recv().await.expect("the spy's connection");
                if message.0 == topic && message.1 == payload {
                    return before;
                }
                before.push(message);
            }
        })
        .await
    }

    /// The next message that is not retained from before.
    pub async fn next(&mut self) -> (String, String) {
        until("a message", self.heard.recv()).await.expect("the spy's connection")
    }

    /// The payload of the next message on this topic that is not retained from before.
    pub async fn wait_for_topic(&mut self, topic: &str) -> String {
        until(topic, async {
            loop {
                let (heard, payload) = self.heard.recv().await.expect("the spy's connection");
                if heard == topic {
                    return payload;
                }
            }
        })
        .await
    }

    async fn hear_retained(&mut self) {
        // The broker sends what it kept before it hands back a message that was published after the subscription.
        until("the retained messages", async {
            while let Some((topic, payload)) = self.heard.recv().await {
                if topic == MARK {
                    return;
                }
                self.retained.insert(topic, payload);
            }
            panic!("the spy could not connect");
        })
        .await
    }
}

/// What [`FakeBroker`] does with a connection.
pub enum Behaviour {
    /// Takes it and never says a word.
    Silent,
    /// Closes it on the first packet.
    Close,
    /// Answers that we are not authorised.
    Refuse,
    /// Accepts, and closes it on the second packet, as when another client takes the session over.
    CloseAfterAccepting,
    /// Accepts, and acknowledges no publication.
    NeverAcknowledge,
    /// Is a good broker until something is published on this topic; then closes.
    CloseOn(&'static str),
    /// Is a good broker that forwards nothing.
    Serve,
}

/// Speaks just enough of the protocol; not MQTT 5, and who tries that is asked to try otherwise.
pub struct FakeBroker {
    pub port: u16,
    /// What was published, by topic and payload; `ping` for a ping.
    heard: mpsc::UnboundedReceiver<(String, String)>,
    _serving: JoinSet<()>,
}

impl FakeBroker {
    /// One behaviour for each connection, in turn; the last is for all that follow.
    pub async fn start<const N: usize>(behaviours: [Behaviour; N]) -> FakeBroker {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, heard) = mpsc::unbounded_channel();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut n = 0;
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                // A connection that breaks is what half of this is about.
                let served = serve(socket, &behaviours[n.min(N - 1)], &sender).await;
                n += usize::from(served.map_err(|error| error.kind()) != Err(std::io::ErrorKind::Unsupported));
            }
        });
        FakeBroker { port, heard, _serving: serving }
    }

    /// Everything that was published until this topic, and the payload there.
    pub async fn heard_until(&mut self, topic: &str) -> (Vec<String>, String) {
        let mut before = Vec::new();
        until(topic, async {
            loop {
                let (heard, payload) = self.heard.recv().await.unwrap();
                if heard == topic {
                    return (before, payload);
                }
                before.push(heard);
            }
        })
        .await
    }
}

async fn serve(
    mut socket: tokio::net::TcpStream,
    behaviour: &Behaviour,
    heard: &mpsc::UnboundedSender<(String, String)>,
) -> std::io::Result<()> {
    let mut accepted = false;
    loop {
        let kind = socket.read_u8().await?;
        let mut length = 0usize;
        for shift in [0, 7, 14, 21] {
            let byte = socket.read_u8().await?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        socket.read_exact(&mut body).await?;
        if kind >> 4 == 1 && body.get(6) == Some(&5) {
            socket.write_all(&[0x20, 2, 0, 1]).await?;
            return Err(std::io::ErrorKind::Unsupported.into());
        }
        match (behaviour, kind >> 4) {
            (Behaviour::Silent, _) => {}
            (Behaviour::Close, _) => return Ok(()),
            (Behaviour::CloseAfterAccepting, _) if accepted => return Ok(()),
            (Behaviour::Refuse, 1) => socket.write_all(&[0x20, 2, 0, 5]).await?,
            (_, 1) => {
                accepted = true;
                socket.write_all(&[0x20, 2, 0, 0]).await?;
            }
            (_, 3) => {
                let topic_end = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
                let topic = String::from_utf8_lossy(&body[2..topic_end]).into_owned();
                let payload = String::from_utf8_lossy(&body[topic_end + 2..]).into_owned();
                heard.send((topic.clone(), payload)).ok();
                match behaviour {
                    Behaviour::CloseOn(last) if *last == topic => return Ok(()),
                    Behaviour::NeverAcknowledge => {}
                    _ => socket.write_all(&[0x40, 2, body[topic_end], body[topic_end + 1]]).await?,
                }
            }
            (_, 8) => {
                let codes = vec![1; filters(&body)];
                socket.write_all(&[&[0x90, 2 + codes.len() as u8, body[0], body[1]], &codes[..]].concat()).await?;
            }
            (_, 12) => {
                heard.send(("ping".into(), String::new())).ok();
                socket.write_all(&[0xd0, 0]).await?;
            }
            _ => return Ok(()),
        }
    }
}

/// How many filters a SUBSCRIBE has.
fn filters(body: &[u8]) -> usize {
    let (mut at, mut count) = (2, 0);
    while at + 2 <= body.len() {
        at += 3 + usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
        count += 1;
    }
    count
}
