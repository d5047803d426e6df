//! The page: files that are part of the program, for a browser that needs nothing from elsewhere.

use axum::{
    Router,
    http::{
        HeaderMap, StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
            IF_NONE_MATCH, VARY,
        },
    },
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::body::Bytes;
use miniz_oxide::deflate::compress_to_vec;
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};
use tokio::{sync::OnceCell, task::spawn_blocking};

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";

/// Nothing but these files and our own API; no script or style stands in the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Path, content type, content.
const FILES: [(&str, &str, &[u8]); 39] = [
    ("/", HTML, include_bytes!("page/index.html")),
    ("/palette.css", STYLE, include_bytes!("../html/palette.css")),
    ("/page.css", STYLE, include_bytes!("page/page.css")),
    ("/app.js", SCRIPT, include_bytes!("page/app.js")),
    ("/chart.js", SCRIPT, include_bytes!("page/chart.js")),
    ("/climate.js", SCRIPT, include_bytes!("page/climate.js")),
    ("/course.js", SCRIPT, include_bytes!("page/course.js")),
    ("/desk.js", SCRIPT, include_bytes!("page/desk.js")),
    ("/dial.js", SCRIPT, include_bytes!("page/dial.js")),
    ("/dom.js", SCRIPT, include_bytes!("page/dom.js")),
    ("/editor.js", SCRIPT, include_bytes!("page/editor.js")),
    ("/glance.js", SCRIPT, include_bytes!("page/glance.js")),
    ("/health.js", SCRIPT, include_bytes!("page/health.js")),
    ("/hold.js", SCRIPT, include_bytes!("page/hold.js")),
    ("/lanes.js", SCRIPT, include_bytes!("page/lanes.js")),
    ("/live.js", SCRIPT, include_bytes!("page/live.js")),
    ("/may.js", SCRIPT, include_bytes!("page/may.js")),
    ("/past.js", SCRIPT, include_bytes!("page/past.js")),
    ("/plan.js", SCRIPT, include_bytes!("page/plan.js")),
    ("/point.js", SCRIPT, include_bytes!("page/point.js")),
    ("/rules.js", SCRIPT, include_bytes!("page/rules.js")),
    ("/said.js", SCRIPT, include_bytes!("page/said.js")),
    ("/scale.js", SCRIPT, include_bytes!("page/scale.js")),
    ("/sheet.js", SCRIPT, include_bytes!("page/sheet.js")),
    ("/tiles.js", SCRIPT, include_bytes!("page/tiles.js")),
    ("/today.js", SCRIPT, include_bytes!("page/today.js")),
    ("/trial.js", SCRIPT, include_bytes!("page/trial.js")),
    ("/trouble.js", SCRIPT, include_bytes!("page/trouble.js")),
    ("/words.js", SCRIPT, include_bytes!("page/words.js")),
    ("/words/en.json", JSON, include_bytes!("page/words/en.json")),
    ("/words/de.json", JSON, include_bytes!("page/words/de.json")),
    ("/words/es.json", JSON, include_bytes!("page/words/es.json")),
    ("/words/fr.json", JSON, include_bytes!("page/words/fr.json")),
    ("/words/nl.json", JSON, include_bytes!("page/words/nl.json")),
    ("/icon.svg", "image/svg+xml", include_bytes!("page/icon.svg")),
    ("/manifest.webmanifest", "application/manifest+json", include_bytes!("page/manifest.webmanifest")),
    // For home screens that take no SVG; `scripts/icon` draws them.
    ("/icon-180.png", "image/png", include_bytes!("page/icon-180.png")),
    ("/icon-192.png", "image/png", include_bytes!("page/icon-192.png")),
    ("/icon-512.png", "image/png", include_bytes!("page/icon-512.png")),
];

/// A file as it is sent.
struct File {
    kind: &'static str,
    content: &'static [u8],
    /// Its `ETag`.
    mark: String,
    /// The same compressed, made when somebody asks for it first.
    packed: OnceCell<Bytes>,
}

/// Adds the paths of the page.
pub(super) fn add<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    FILES.into_iter().fold(routes, |routes, (path, kind, content)| {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let mark = format!("{:016x}", hasher.finish());
        let file = Arc::new(File { kind, content, mark, packed: OnceCell::new() });
        routes.route(path, get(async move |headers: HeaderMap| file.answer(&headers).await))
    })
}

impl File {
    /// A browser asks each time whether it still has the newest, so that page and program are never of two versions.
    async fn answer(&self, headers: &HeaderMap) -> Response {
        let packs = self.kind != "image/png" && takes_gzip(headers);
        let mark = format!("\"{}{}\"", self.mark, if packs { "-gzip" } else { "" });
        let known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == mark.as_bytes());
        let told = [
            (CONTENT_TYPE, self.kind),
            (CACHE_CONTROL, "no-cache"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (VARY, "accept-encoding"),
            (ETAG, &mark),
        ];
        if known {
            return (StatusCode::NOT_MODIFIED, told).into_response();
        }
        match if packs { self.packed().await } else { None } {
            Some(packed) => (told, [(CONTENT_ENCODING, "gzip")], packed).into_response(),
            None => (told, self.content).into_response(),
        }
    }

    /// Once for all; in a thread of its own, since the house waits for nobody. None: there is no such thread any more.
    async fn packed(&self) -> Option<Bytes> {
        let content = self.content;
        let pack = || spawn_blocking(move || Bytes::from(gzip(content)));
        self.packed.get_or_try_init(pack).await.ok().cloned()
    }
}

/// Whether who asks understands gzip, and did not say that they take none (`gzip;q=0`).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let said = headers.get_all(ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    said.flat_map(|value| value.split(',')).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && weight > 0.0
    })
}

/// As gzip (RFC 1952): of what is the same for everybody, so its length tells nobody a secret.
fn gzip(content: &[u8]) -> Vec<u8> {
    const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];
    const HARDEST: u8 = 9;
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let tail = [crc32fast::hash(content), length].map(u32::to_le_bytes).concat();
    [&HEAD[..], &compress_to_vec(content, HARDEST), &tail].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    fn content(path: &str) -> &'static [u8] {
        FILES.iter().find(|(name, ..)| *name == path).map(|(.., content)| *content).unwrap_or_else(|| panic!("{path}"))
    }

    fn text(path: &str) -> &'static str {
        std::str::from_utf8(content(path)).unwrap()
    }

    fn words(language: &str) -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_str(text(&format!("/words/{language}.json"))).unwrap()
    }

    /// What is sent of a file: as it is, and to whom says that they take gzip.
    #[test]
    fn all_that_is_sent_is_small() {
        let packs = |(_, kind, content): &(&str, &str, &[u8])| match *kind {
            "image/png" => content.len(),
            _ => gzip(content).len(),
        };
        let all: usize = FILES.iter().map(packs).sum();
        assert!(all < 150_000, "{all} bytes");
    }

    #[test]
    fn who_takes_gzip_gets_it() {
        let takes = |said: &str| takes_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, said.parse().unwrap())]));
        for said in ["gzip", "deflate, gzip, br, zstd", "br;q=1.0, GZIP;q=0.5", "gzip; q=0.001"] {
            assert!(takes(said), "{said}");
        }
        for said in ["", "br", "gzip;q=0", "identity, gzip;q=0.000", "x-gzip", "gzip;q=many"] {
            assert!(!takes(said), "{said}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn a_phone_can_put_it_on_its_home_screen() {
        let manifest: serde_json::Value = serde_json::from_str(text("/manifest.webmanifest")).unwrap();
        assert!(text("/").contains("rel=\"manifest\" href=\"manifest.webmanifest\""));
        for key in ["name", "short_name", "start_url", "scope", "theme_color", "background_color"] {
            assert!(manifest[key].is_string(), "{key}");
        }
        assert_eq!(manifest["display"], "standalone");
        let icons = manifest["icons"].as_array().unwrap();
        let mut sizes = BTreeSet::new();
        for icon in icons {
            let file = content(&format!("/{}", icon["src"].as_str().unwrap()));
            let said = icon["sizes"].as_str().unwrap();
            let Some((wide, tall)) = said.split_once('x') else {
                assert_eq!((said, &icon["type"]), ("any", &"image/svg+xml".into()));
                continue;
            };
            // A PNG begins with its sizes.
            let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap()).to_string();
            assert_eq!((&file[1..4], number(16), number(20)), (&b"PNG"[..], wide.into(), tall.into()), "{icon}");
            sizes.insert(said);
        }
        assert!(sizes.is_superset(&["192x192", "512x512"].into()), "what browsers ask for: {sizes:?}");
    }

    #[test]
    fn every_language_has_every_word_with_its_places() {
        let places = |text: &str| -> BTreeSet<String> {
            text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(place, _)| place.into()).collect()
        };
        let english = words("en");
        for language in ["de", "es", "fr", "nl"] {
            let own = words(language);
            assert!(own.keys().eq(english.keys()), "{language}");
            for (key, text) in &own {
                let (own, english) = (text.as_str().unwrap(), english[key].as_str().unwrap());
                // What grammar asks of English, such as "is" or "are", others need not say.
                let wanted: BTreeSet<String> = places(english).into_iter().filter(|place| place != "verb").collect();
                assert_eq!(places(own), wanted, "{language}: {key}");
            }
        }
    }

    /// Whether a text is a sentence of the page, and one of which it says more than the places.
    fn is_sentence(sentence: &str, text: &str) -> bool {
        let mut parts = sentence.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
        let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
        let parts: Vec<&str> = parts.collect();
        let Some((last, between)) = parts.split_last() else { return rest.is_empty() };
        for part in between {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last)
    }

    /// What the house says in its scenarios, as `manual: command by MQTT, until AUTO`, by its slot.
    fn causes_of_scenarios() -> BTreeSet<(String, String)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
        let texts = fs::read_dir(folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
        let of = |text: String| -> Vec<(String, String)> {
            let log = text.split_once("--- log").map_or("", |(_, log)| log);
            let slots = ["safety", "protect", "manual", "climate", "default"];
            let line = |line: &str| {
                let (before, cause) = line.split_once(": ")?;
                let slot = before.rsplit(' ').next().filter(|slot| slots.contains(slot))?;
                Some((slot.into(), cause.into()))
            };
            log.lines().filter_map(line).collect()
        };
        texts.flat_map(of).collect()
    }

    /// The page says what the house says, in five languages: a sentence that is changed here is changed there.
    #[test]
    fn what_the_house_says_is_known_to_the_page() {
        let english = words("en");
        let sentences = |group: &str| -> Vec<&str> {
            let of_group = english.iter().filter(|(key, _)| key.starts_with(&format!("said.{group}.")));
            of_group.map(|(_, text)| text.as_str().unwrap()).filter(|text| *text != "{id}: {cause}").collect()
        };
        let causes = causes_of_scenarios();
        assert!(causes.len() > 100, "{causes:?}");
        for (slot, cause) in &causes {
            let known = match slot.as_str() {
                "climate" => sentences("doing").iter().any(|doing| {
                    let said = cause.split_once(' ').map_or("", |(_, said)| said);
                    is_sentence(doing, said) || is_sentence(&format!("{doing} ({{details}})"), said)
                }),
                _ => sentences("cause").iter().any(|sentence| is_sentence(sentence, cause)),
            };
            assert!(known, "src/http/page/words has no sentence for `{slot}: {cause}`");
        }
    }

    #[test]
    fn what_the_page_says_for_the_house_is_said_by_the_house() {
        fn sources(folder: &Path) -> String {
            let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            entries.map(|path| if path.is_dir() { sources(&path) } else { fs::read_to_string(path).unwrap() }).collect()
        }
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let rust = ["model", "engine"].map(|folder| sources(&source.join(folder))).concat();
        for (key, sentence) in words("en").iter().filter(|(key, _)| key.starts_with("said.")) {
            let sentence = sentence.as_str().unwrap().replace('"', "\\\"");
            for part in sentence.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)) {
                assert!(rust.contains(part), "{key}: nothing says \"{part}\"");
            }
        }
    }

    /// A browser learns of a script that another imports only when it has that: one way to and fro for each step.
    #[test]
    fn what_the_first_script_imports_is_loaded_with_it() {
        let (mut imported, mut next) = (BTreeSet::new(), vec!["app.js"]);
        while let Some(script) = next.pop() {
            let imports = text(&format!("/{script}")).split(" from \"./").skip(1);
            let names = imports.filter_map(|rest| rest.split('"').next());
            next.extend(names.filter(|name| imported.insert(*name)));
        }
        let links = text("/").split("rel=\"modulepreload\" href=\"").skip(1);
        let preloaded: BTreeSet<&str> = links.filter_map(|rest| rest.split('"').next()).collect();
        assert!(imported.len() > 9);
        assert_eq!(preloaded, imported);
    }

    #[test]
    fn every_file_is_served_and_every_word_is_known() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/page");
        let served: BTreeSet<&str> = FILES.iter().map(|(path, ..)| *path).collect();
        for folder in [folder.clone(), folder.join("words")] {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
                let name = entry.file_name().into_string().unwrap();
                let is_there = served.iter().any(|path| path.ends_with(&format!("/{name}"))) || name == "index.html";
                assert!(is_there, "{name} is not served");
            }
        }
        let english = words("en");
        let scripts = FILES.iter().filter(|(_, kind, _)| *kind == SCRIPT);
        for (path, ..) in scripts {
            for key in text(path).split("t(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(!key.contains('.') || english.contains_key(key), "{path} says {key}, which is no word");
            }
        }
    }
}
