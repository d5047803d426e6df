//! Who may read and write what at the broker: a block of lines in mosquitto's access list. What others wrote around it stays.

use super::{APPS, HEARTHD};
use hearthd::{
    model::Config,
    mqtt::{homie, topics::Topics},
};

const BEGIN: &str = "# hearthd broker: from here\n";
const END: &str = "# hearthd broker: to here\n";

/// The lines for the two users. hearthd may hear everything, since devices are found by listening; it writes its own topics
/// and the commands of its devices. Apps may hear everything and command.
pub fn block(config: &Config) -> String {
    let hub = &config.hub.id;
    let settings = config.mqtt.as_ref();
    let prefix = settings.map_or_else(|| format!("hearthd/{hub}"), |mqtt| mqtt.prefix.clone());
    let discovery = match settings {
        Some(mqtt) => mqtt.discovery_prefix.clone(),
        None => Some("homeassistant".into()),
    };
    let birth = settings.map_or("homeassistant/status", |mqtt| &mqtt.birth_topic);
    let mut lines = vec![format!("user {HEARTHD}"), "topic read #".into(), format!("topic readwrite {prefix}/#")];
    // Entities that are announced one by one are below their platforms.
    let level = if settings.is_some_and(|mqtt| mqtt.discovery_single) { "+" } else { "device" };
    lines.extend(discovery.map(|discovery| format!("topic readwrite {discovery}/{level}/hearthd_{hub}/#")));
    if settings.is_some_and(|mqtt| mqtt.homie) {
        lines.push(format!("topic readwrite {}/#", homie::base(hub)));
    }
    lines.extend(config.remote_commands().into_iter().map(|topic| format!("topic write {topic}")));
    lines.extend([format!("user {APPS}"), "topic read #".into()]);
    lines.extend(Topics::new(&prefix).command_filters().map(|filter| format!("topic write {filter}")));
    if settings.is_some_and(|mqtt| mqtt.homie) {
        lines.push(format!("topic write {}/+/+/set", homie::base(hub)));
    }
    lines.push(format!("topic write {birth}"));
    format!("{BEGIN}{}\n{END}", lines.join("\n"))
}

/// The list with this block in the place of the one that it has, or at its beginning.
pub fn with_block(list: &str, block: &str) -> String {
    match parts(list) {
        Some((before, after)) => format!("{before}{block}{after}"),
        None => format!("{block}{list}"),
    }
}

/// The list without its block.
pub fn without_block(list: &str) -> String {
    parts(list).map_or_else(|| list.to_owned(), |(before, after)| format!("{before}{after}"))
}

fn parts(list: &str) -> Option<(&str, &str)> {
    let (before, rest) = list.split_once(BEGIN)?;
    Some((before, rest.split_once(END)?.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn block_of(text: &str) -> String {
        block(&hearthd::config::parse(Path::new("c"), text).unwrap().config)
    }

    #[test]
    fn hearthd_writes_its_topics_and_its_devices_commands_and_apps_write_commands() {
        let text = "[hub]\nid = \"hut\"\n[mqtt]\nurl = \"mqtt://b\"\nprefix = \"a/b\"\n[outputs.lamp]\nkind = \"light\"\n\
                    zigbee2mqtt = \"Lamp\"\nlevels = true\n";
        let expected = "# hearthd broker: from here\nuser hearthd\ntopic read #\ntopic readwrite a/b/#\n\
                        topic readwrite homeassistant/device/hearthd_hut/#\ntopic write zigbee2mqtt/Lamp/set\n\
                        user apps\ntopic read #\ntopic write a/b/+/set\ntopic write a/b/+/+/set\n\
                        topic write homeassistant/status\n# hearthd broker: to here\n";
        assert_eq!(block_of(text), expected);
        assert!(block_of("[hub]\nid = \"hut\"\n").contains("topic readwrite hearthd/hut/#\n"));
        let homie = block_of("[hub]\nid = \"my_hut\"\n[mqtt]\nurl = \"mqtt://b\"\nhomie = true\n");
        assert!(homie.contains("readwrite homie/5/my-hut/#\n") && homie.contains("write homie/5/my-hut/+/+/set\n"));
    }

    #[test]
    fn what_others_wrote_into_the_list_stays() {
        let (one, two) = (format!("{BEGIN}user a\n{END}"), format!("{BEGIN}user b\n{END}"));
        let mine = "user zigbee\ntopic readwrite zigbee2mqtt/#\n";
        let list = with_block(mine, &one);
        assert_eq!(list, format!("{one}{mine}"));
        assert_eq!(with_block(&format!("# x\n{list}"), &two), format!("# x\n{two}{mine}"));
        assert_eq!(without_block(&list), mine);
        assert_eq!(without_block(mine), mine);
    }
}
