//! `[hubs.NAME]`: what this house uses of another hearthd on the broker. Its points are called `NAME.POINT` here.

mod shapes;

use super::{
    diagnostic::Problems,
    ids,
    mqtt::Topic,
    nearest, outputs, remote, sensors,
    shape::{DAY, Period, Word, is_word, one_of, shorten},
    suggestions,
    table::{Id, Table},
};
use crate::model::{
    AtStart, BY, Commanded, Detail, Input, InputKind, LEVEL_MARK, Line, Moves, MqttSettings, OtherHub, Output,
    OutputKind, Quantity, Remote, RemoteChannel, RemoteLevel, RemoteSensor, SIGN_OF_LIFE, SafeState, Sensor,
    SensorSource, Told, Via, Words,
};
use shapes::{Named, Points};
use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

/// What another hub says and takes is what this one does, see `mqtt/topics.rs` and `model/commands.rs`.
const ON: &str = "ON";
const OFF: &str = "OFF";
/// What takes back what was asked from here.
const AUTO: &str = "AUTO";
/// What a cover there takes.
const OPEN: &str = "OPEN";
const CLOSE: &str = "CLOSE";
const STOP: &str = "STOP";
/// The cover there may be a device itself, which begins to move within a time; here it is waited for a little longer.
const CONFIRM_COVER_WITHIN: Duration = Duration::from_secs(15);

/// A hub as its own table tells.
pub(super) struct Draft {
    pub id: Id,
    prefix: String,
    /// Where it says which hub is meant.
    place: Range<usize>,
    /// The id that it says the hub has, if it says no prefix.
    hub: Option<String>,
    silent_after: Duration,
    inputs: Vec<(Id, InputKind)>,
    sensors: Vec<(Id, Vec<Quantity>)>,
    outputs: Vec<(Id, Used)>,
}

/// What an output is there.
struct Used {
    kind: OutputKind,
    levels: bool,
    class: Option<&'static str>,
}

/// The points of all hubs.
#[derive(Default)]
pub(super) struct Built {
    pub inputs: Vec<Input>,
    pub sensors: Vec<Sensor>,
    pub outputs: Vec<outputs::Draft>,
}

pub(super) fn read(id: &Id, table: &mut Table<'_>) -> Draft {
    let hub = table.optional("id", "The hub.id of the other; the name of this table when absent.", Word);
    let prefix = table.optional("prefix", "Its mqtt.prefix; hearthd/ID when absent.", Topic);
    let silent_after = table.defaulted(
        "silent_after",
        "Without a sign of life for so long it is taken to be gone, 2m to 1d; it gives one each minute.",
        Period(2 * SIGN_OF_LIFE..=DAY),
        3 * SIGN_OF_LIFE,
    );
    let inputs = table.optional(
        "inputs",
        "What of it is on or off and is read here, and what that is: { front_door = \"door\", \"hall.occupied\" = \"motion\" }.",
        Points::INPUTS,
    );
    let sensors = table.optional(
        "sensors",
        "Its sensors, and what is read of each: { attic = \"temperature\", cellar = [\"temperature\", \"humidity\"] }.",
        Points::SENSORS,
    );
    let outputs = table.optional(
        "outputs",
        "Its outputs that are commanded from here: { lamp = \"light\", desk = { kind = \"light\", levels = true }, blind = \"cover\" }.",
        Points::OUTPUTS,
    );
    if hub.is_some() && prefix.is_some() {
        table.error_at("id", "`id` beside `prefix`", "the prefix says which hub is meant: remove `id`");
    }
    if table.is_real() && ["inputs", "sensors", "outputs"].iter().all(|key| !table.has(key)) {
        table.missing("inputs", "{ front_door = \"door\" }");
    }
    let place = table.place_of(if prefix.is_some() { "prefix" } else { "id" });
    let hub = if prefix.is_some() { None } else { Some(hub.unwrap_or_else(|| id.text.clone())) };
    Draft {
        prefix: prefix.unwrap_or_else(|| format!("hearthd/{}", hub.as_deref().unwrap_or_default())),
        place,
        hub,
        silent_after,
        inputs: named(inputs, 2, table, input_kind),
        sensors: named(sensors, 1, table, quantities),
        outputs: named(outputs, 1, table, output),
        id: id.clone(),
    }
}

/// The points whose names and words are right. `parts` is of how many words a name may be made.
fn named<T>(
    all: Option<Vec<Named>>,
    parts: usize,
    table: &Table<'_>,
    what: impl Fn(&Named, &Table<'_>) -> Option<T>,
) -> Vec<(Id, T)> {
    let read = |named: Named| {
        let words: Vec<&str> = named.name.split('.').collect();
        let begins = |word: &&str| is_word(word) && word.starts_with(|first: char| first.is_ascii_lowercase());
        if words.len() > parts || !words.iter().all(begins) {
            let message = format!("`{}` is no name that another hub could have here", shorten(&named.name));
            let advice = match parts {
                1 => "write it as the other hub's file does, without a point",
                _ => "write it as rules there do: `front_door`, \"hall.occupied\"",
            };
            table.error(named.place.clone(), message, advice);
            return None;
        }
        let what = what(&named, table)?;
        Some((Id { text: named.name, place: named.place }, what))
    };
    all.into_iter().flatten().filter_map(read).collect()
}

/// The one word that says what a point is.
fn kind<T: Copy>(named: &Named, known: &[(&str, T)], table: &Table<'_>) -> Option<T> {
    let words = || one_of(known.iter().map(|(word, _)| format!("\"{word}\"")).collect());
    let [(word, place)] = named.words.as_slice() else {
        table.error(named.place.clone(), format!("`{}` is one thing", named.name), format!("write {}", words()));
        return None;
    };
    look_up("kind", word, place, known.iter().copied(), words, table)
}

/// What a word stands for. `words` says what to write where none is near.
fn look_up<'k, T>(
    what: &str,
    word: &str,
    place: &Range<usize>,
    known: impl Iterator<Item = (&'k str, T)> + Clone,
    words: impl Fn() -> String,
    table: &Table<'_>,
) -> Option<T> {
    let found = known.clone().find(|(known, _)| *known == word).map(|(_, found)| found);
    if found.is_none() {
        let advice = match nearest::name(word, known.map(|(word, _)| word)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("write {}", words()),
        };
        table.error(place.clone(), format!("unknown {what} \"{}\"", shorten(word)), advice);
    }
    found
}

fn input_kind(named: &Named, table: &Table<'_>) -> Option<InputKind> {
    match kind(named, &InputKind::WORDS, table)? {
        InputKind::Counter => {
            let message = "what a counter shows is read as a sensor";
            let advice = format!("write sensors = {{ {} = [\"energy\", \"power\"] }}", named.name);
            table.error(named.place.clone(), message, advice);
            None
        }
        kind => Some(kind),
    }
}

fn output(named: &Named, table: &Table<'_>) -> Option<Used> {
    let classes = OutputKind::Cover.facts().classes;
    if let [(word, place)] = named.words.as_slice()
        && OutputKind::WORDS.iter().all(|(kind, _)| kind != word)
        && classes.contains(&word.as_str())
    {
        let advice = format!("write {} = {{ kind = \"cover\", class = \"{word}\" }}", named.name);
        table.error(place.clone(), format!("`{word}` is a class of covers, no kind"), advice);
        return None;
    }
    let kind = kind(named, &OutputKind::WORDS, table)?;
    let is_cover = kind == OutputKind::Cover;
    let class = match &named.class {
        None => None,
        Some((_, place)) if !is_cover => {
            table.error(place.clone(), "`class` is of a cover", "remove it: the other hub tells what it is");
            return None;
        }
        Some((word, place)) => {
            let words = || one_of(classes.iter().map(|word| format!("\"{word}\"")).collect());
            Some(look_up("class", word, place, classes.iter().map(|word| (*word, *word)), words, table)?)
        }
    };
    // A cover takes positions where nothing else is said.
    Some(Used { kind, levels: named.levels.unwrap_or(is_cover), class })
}

fn quantities(named: &Named, table: &Table<'_>) -> Option<Vec<Quantity>> {
    let mut found = Vec::new();
    for (word, place) in &named.words {
        let known: Vec<_> = Quantity::all().map(|quantity| (quantity.word(), quantity)).collect();
        let words = || "a quantity, such as \"temperature\" or \"humidity\"".to_owned();
        match look_up("quantity", word, place, known.into_iter(), words, table) {
            Some(quantity) if found.contains(&quantity) => {
                table.error(place.clone(), format!("`{word}` is listed twice"), "remove one of them");
            }
            quantity => found.extend(quantity),
        }
    }
    if named.words.is_empty() {
        let advice = format!("write {} = \"temperature\"", named.name);
        table.error(named.place.clone(), format!("nothing is read of `{}`", named.name), advice);
    }
    (!found.is_empty()).then_some(found)
}

/// Reports hubs that cannot be: this one, one that is named twice, and names that others have.
pub(super) fn check(
    drafts: &[Draft],
    hub: &str,
    mqtt: Option<&MqttSettings>,
    others: &[(&'static str, &Id)],
    problems: &Problems,
) {
    let mut prefixes: BTreeMap<&str, &str> = BTreeMap::new();
    for draft in drafts {
        ids::check(&draft.id, problems);
        for (kind, other) in others.iter().filter(|(_, other)| other.text == draft.id.text) {
            let place = if other.place.start > draft.id.place.start { &other.place } else { &draft.id.place };
            let kind =
                if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { format!("an {kind}") } else { format!("a {kind}") };
            let message = format!("`{}` is the name of {kind} and of another hub", other.text);
            problems.error(place.clone(), message, "give one of them another name; `id` says which hub is meant");
        }
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        let inputs = draft.inputs.iter().map(|(id, _)| ("inputs", id));
        let sensors = draft.sensors.iter().map(|(id, _)| ("sensors", id));
        let outputs = draft.outputs.iter().map(|(id, _)| ("outputs", id));
        for (kind, id) in inputs.chain(sensors).chain(outputs) {
            if let Some(before) = taken.insert(&id.text, kind) {
                let message = format!("`{}` is under `{before}` and under `{kind}`", id.text);
                problems.error(id.place.clone(), message, "name it once: what is an output can be read, too");
            }
        }
        let Some(mqtt) = mqtt else {
            let advice = "add [mqtt] and, on the line after it, url = \"mqtt://localhost:1883\"";
            problems.error(
                draft.id.place.clone(),
                "another hub is on the broker, and there is no [mqtt] to say which",
                advice,
            );
            continue;
        };
        if draft.hub.as_deref() == Some(hub) || draft.prefix == mqtt.prefix {
            let message = format!("{} is this hub itself", draft.prefix);
            let advice = "its own points need no hub: write `hall.occupied`; or say with `id` which other hub is meant";
            problems.error(draft.place.clone(), message, advice);
        } else if let Some(other) = prefixes.insert(&draft.prefix, &draft.id.text) {
            let message = format!("`{other}` is the hub at {} already", draft.prefix);
            problems.error(draft.place.clone(), message, "write all that is used of it in one table");
        }
    }
}

/// The points of all hubs, as inputs, sensors and outputs of this house, which is the hub `us`.
pub(super) fn build(drafts: Vec<Draft>, us: &str) -> Built {
    let mut built = Built::default();
    for draft in drafts {
        let at = Place { draft: &draft, us };
        built.inputs.extend(draft.inputs.iter().map(|(id, kind)| at.input(id, *kind)));
        built.sensors.extend(draft.sensors.iter().map(|(id, quantities)| at.sensor(id, quantities)));
        built.outputs.extend(draft.outputs.iter().map(|(id, used)| at.output(id, used)));
    }
    built
}

/// Where the points of one hub are.
struct Place<'d> {
    draft: &'d Draft,
    us: &'d str,
}

impl Place<'_> {
    fn topic(&self, point: &str, leaf: &str) -> Arc<str> {
        format!("{}/{}/{leaf}", self.draft.prefix, point.replace('.', "/")).into()
    }

    /// What is said to it: with our name, so that it knows whose command it is, and whose is taken back.
    fn says(&self, word: &str) -> Arc<str> {
        format!("{word}{BY}{}", self.us).into()
    }

    fn name(&self, id: &Id) -> (String, String) {
        let name = format!("{}.{}", self.draft.id.text, id.text);
        let title = ids::for_people(&name.replace('.', "_"));
        (name, title)
    }

    fn owner<'p>(&self, points: impl Iterator<Item = &'p str>) -> Option<Arc<OtherHub>> {
        Some(Arc::new(OtherHub {
            name: self.draft.id.text.as_str().into(),
            alive: format!("{}/availability", self.draft.prefix).into(),
            release: self.says(AUTO),
            points: points.map(|point| (point.into(), self.topic(point, "availability"))).collect(),
            details: Vec::new(),
            silent_after: self.draft.silent_after,
        }))
    }

    fn told(&self, point: &str) -> Told {
        Told { topic: self.topic(point, "state"), pointer: "".into() }
    }

    fn remote(&self, id: &Id, told: &str) -> Remote {
        Remote {
            state: Some(self.told(told)),
            words: Words { on: vec![ON.into()], off: vec![OFF.into()] },
            owner: self.owner([id.text.as_str()].into_iter()),
            ..Remote::plain(Via::Broker)
        }
    }

    fn input(&self, id: &Id, kind: InputKind) -> Input {
        let is_button = kind == InputKind::Button;
        let told = if is_button { format!("{}.event", id.text) } else { id.text.clone() };
        let mut remote = self.remote(id, &told);
        if is_button {
            remote.clicks = crate::model::Click::ALL.iter().map(|click| (click.word().into(), *click)).collect();
        }
        let (name, title) = self.name(id);
        Input { name: title, ..Input::plain(&name, kind, Line::Remote(Arc::new(remote))) }
    }

    fn sensor(&self, id: &Id, quantities: &[Quantity]) -> Sensor {
        let points: Vec<String> =
            quantities.iter().map(|quantity| format!("{}.{}", id.text, quantity.word())).collect();
        let channels = quantities.iter().zip(&points).map(|(quantity, point)| RemoteChannel {
            quantity: *quantity,
            told: self.told(point),
            scale: 1.0,
            offset: 0.0,
        });
        let remote = RemoteSensor {
            channels: channels.collect(),
            availability: Vec::new(),
            time: "".into(),
            owner: self.owner(points.iter().map(String::as_str)),
            via: Via::Broker,
        };
        let (id, name) = self.name(id);
        Sensor {
            id: id.into(),
            name,
            source: SensorSource::Remote(remote),
            every: sensors::EVERY_OF_REMOTE,
            stale_after: self.draft.silent_after,
            derived: Vec::new(),
            filters: BTreeMap::new(),
            altitude_m: None,
            class: None,
            room: None,
        }
    }

    fn output(&self, id: &Id, used: &Used) -> outputs::Draft {
        let remote =
            if used.kind == OutputKind::Cover { self.cover(id, used.levels) } else { self.held(id, used.levels) };
        let (name, title) = self.name(id);
        let output = Output {
            name: title,
            class: used.class,
            // All of that is decided there.
            at_start: AtStart::Restore,
            safe: SafeState::Hold,
            default_holds: true,
            // Its draft has the line.
            ..Output::plain(&name, used.kind, Line::Number(0))
        };
        outputs::Draft::elsewhere(Id { text: name, place: id.place.clone() }, output, remote)
    }

    /// An output that is on or off, perhaps at a level.
    fn held(&self, id: &Id, levels: bool) -> Remote {
        let topic = self.topic(&id.text, "set");
        let level = RemoteLevel { payload: self.says(LEVEL_MARK), ..RemoteLevel::plain(topic.clone()) };
        let command = Commanded {
            topic,
            on: self.says(ON),
            off: Some(self.says(OFF)),
            stop: None,
            level: levels.then_some(level),
            ask: None,
            confirm_within: remote::CONFIRM_WITHIN,
        };
        Remote { command: Some(command), ..self.remote(id, &id.text) }
    }

    /// A cover, which moves by itself.
    fn cover(&self, id: &Id, levels: bool) -> Remote {
        let topic = self.topic(&id.text, "set");
        let position = format!("{}.position", id.text);
        let told = self.told(&position);
        let owner = self.owner([id.text.as_str()].into_iter()).map(|owner| {
            let detail = || Detail {
                name: position.as_str().into(),
                told: told.topic.clone(),
                good: self.topic(&position, "availability"),
            };
            Arc::new(OtherHub { details: levels.then(detail).into_iter().collect(), ..OtherHub::clone(&owner) })
        });
        let level = RemoteLevel {
            payload: self.says(LEVEL_MARK),
            state: Some(told.clone()),
            ..RemoteLevel::plain(topic.clone())
        };
        let words = |word: &str| vec![word.into()];
        let command = Commanded {
            topic,
            on: self.says(OPEN),
            off: Some(self.says(CLOSE)),
            stop: Some(self.says(STOP)),
            level: levels.then_some(level),
            ask: None,
            confirm_within: CONFIRM_COVER_WITHIN,
        };
        Remote {
            words: Words { on: words("open"), off: words("closed") },
            moves: Some(Moves {
                opening: words("opening"),
                closing: words("closing"),
                stopped: words("stopped"),
                also: None,
            }),
            command: Some(command),
            owner,
            ..self.remote(id, &id.text)
        }
    }
}

/// What is wrong with a name that begins with that of a hub, and what to write.
pub(super) fn not_found(name: &str, config: &crate::model::Config) -> Option<(String, String)> {
    let (hub, point) = name.split_once('.')?;
    let of_hub = |name: &str| name.strip_prefix(hub).is_some_and(|rest| rest.starts_with('.'));
    let outputs = config.outputs.iter().filter(|output| output.is_of_another_hub()).map(|output| &output.id);
    let inputs = config.inputs.iter().filter(|input| input.line.remote().is_some()).map(|input| &input.id);
    let sensors = config.sensors.iter().filter(|sensor| sensor.is_remote()).map(|sensor| &sensor.id);
    if !outputs.chain(inputs).chain(sensors).any(|id| of_hub(id)) {
        return None;
    }
    let known: Vec<String> =
        config.points().map(|point| config.point_name(point)).filter(|name| of_hub(name)).collect();
    let all: Vec<&str> = known.iter().map(String::as_str).collect();
    let advice = match nearest::name(name, all.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of {}, or name it in [hubs.{hub}]", suggestions::list(&all)),
    };
    Some((format!("[hubs.{hub}] names no `{}`", shorten(point)), advice))
}
