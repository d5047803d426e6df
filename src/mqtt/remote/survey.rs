//! What devices there are on the broker, as far as they announce themselves. It only listens.

use super::connection::{Connection, News, Unread};
use crate::model::MqttSettings;
use std::time::Duration;

/// Where devices announce themselves; `{}` stands for where Home Assistant is told of them.
const ANNOUNCEMENTS: [&str; 7] = [
    "zigbee2mqtt/bridge/devices",
    "tasmota/discovery/+/+",
    "tele/+/LWT",
    "shellies/+/online",
    "+/online",
    "{}/+/+/config",
    "{}/+/+/+/config",
];
/// What the broker keeps comes at once.
const LISTEN: Duration = Duration::from_secs(2);
/// To connect, and for all that comes.
const WITHIN: Duration = Duration::from_secs(10);
/// So much is listened to.
const MESSAGES: usize = 5_000;

/// Listens for two seconds: what was announced, as topic and payload.
///
/// # Errors
/// Why the broker cannot be asked.
pub async fn survey(settings: &MqttSettings) -> Result<Vec<(String, String)>, String> {
    let discovery = settings.discovery_prefix.as_deref().unwrap_or("homeassistant");
    let mut connection: Connection<()> = Connection::open(settings, "detect");
    let mut heard = Vec::new();
    let mut over = std::pin::pin!(tokio::time::sleep(WITHIN));
    let mut is_listening = false;
    loop {
        let news = tokio::select! {
            news = connection.next() => news,
            () = &mut over => {
                if !is_listening {
                    return Err("it does not answer".into());
                }
                connection.close().await;
                return Ok(heard);
            }
        };
        match news {
            News::Up => {
                let topics = ANNOUNCEMENTS.into_iter().map(|topic| topic.replace("{}", discovery).into());
                connection.ask(topics).map_err(|_| "the connection ended")?;
            }
            News::Listening(Unread { count, why }) => {
                if let Some(why) = why.filter(|_| count == ANNOUNCEMENTS.len()) {
                    return Err(format!("it does not let us read where devices announce themselves: {why}"));
                }
                is_listening = true;
                over.set(tokio::time::sleep(LISTEN));
            }
            News::Came(message) if heard.len() < MESSAGES => {
                heard.push((message.topic.clone(), String::from_utf8_lossy(&message.payload).into_owned()));
            }
            News::Came(_) | News::Taken(..) => {}
            News::Closed => return Err("the connection ended".into()),
            News::Lost(loss) => return Err(loss.reason),
        }
    }
}
