//! The page: files that are part of the program, for a browser that needs nothing from elsewhere.

use axum::{
    Router,
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use std::hash::{DefaultHasher, Hash, Hasher};

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";

/// Nothing but these files and our own API; no script or style stands in the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Path, content type, content.
const FILES: [(&str, &str, &str); 32] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/palette.css", STYLE, include_str!("../html/palette.css")),
    ("/page.css", STYLE, include_str!("page/page.css")),
    ("/app.js", SCRIPT, include_str!("page/app.js")),
    ("/chart.js", SCRIPT, include_str!("page/chart.js")),
    ("/climate.js", SCRIPT, include_str!("page/climate.js")),
    ("/course.js", SCRIPT, include_str!("page/course.js")),
    ("/desk.js", SCRIPT, include_str!("page/desk.js")),
    ("/dial.js", SCRIPT, include_str!("page/dial.js")),
    ("/dom.js", SCRIPT, include_str!("page/dom.js")),
    ("/editor.js", SCRIPT, include_str!("page/editor.js")),
    ("/health.js", SCRIPT, include_str!("page/health.js")),
    ("/hold.js", SCRIPT, include_str!("page/hold.js")),
    ("/lanes.js", SCRIPT, include_str!("page/lanes.js")),
    ("/live.js", SCRIPT, include_str!("page/live.js")),
    ("/may.js", SCRIPT, include_str!("page/may.js")),
    ("/past.js", SCRIPT, include_str!("page/past.js")),
    ("/plan.js", SCRIPT, include_str!("page/plan.js")),
    ("/point.js", SCRIPT, include_str!("page/point.js")),
    ("/scale.js", SCRIPT, include_str!("page/scale.js")),
    ("/sheet.js", SCRIPT, include_str!("page/sheet.js")),
    ("/tiles.js", SCRIPT, include_str!("page/tiles.js")),
    ("/today.js", SCRIPT, include_str!("page/today.js")),
    ("/trial.js", SCRIPT, include_str!("page/trial.js")),
    ("/words.js", SCRIPT, include_str!("page/words.js")),
    ("/words/en.json", JSON, include_str!("page/words/en.json")),
    ("/words/de.json", JSON, include_str!("page/words/de.json")),
    ("/words/es.json", JSON, include_str!("page/words/es.json")),
    ("/words/fr.json", JSON, include_str!("page/words/fr.json")),
    ("/words/nl.json", JSON, include_str!("page/words/nl.json")),
    ("/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("/manifest.webmanifest", "application/manifest+json", include_str!("page/manifest.webmanifest")),
];
/// For home screens that take no SVG; `scripts/icon` draws it.
const ICON: (&str, &str, &[u8]) = ("/icon-180.png", "image/png", include_bytes!("page/icon-180.png"));

/// Adds the paths of the page.
pub(super) fn add<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    let texts = FILES.into_iter().map(|(path, kind, text)| (path, kind, text.as_bytes()));
    texts.chain([ICON]).fold(routes, |routes, (path, kind, content)| {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let mark = format!("\"{:016x}\"", hasher.finish());
        routes.route(path, get(async move |headers: HeaderMap| answer(&headers, kind, content, &mark)))
    })
}

/// A browser asks each time whether it still has the newest, so that page and program are never of two versions.
fn answer(headers: &HeaderMap, kind: &'static str, content: &'static [u8], mark: &str) -> Response {
    let known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == mark.as_bytes());
    let told = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache"), (CONTENT_SECURITY_POLICY, POLICY), (ETAG, mark)];
    match known {
        true => (StatusCode::NOT_MODIFIED, told).into_response(),
        false => (told, content).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    fn words(language: &str) -> serde_json::Map<String, serde_json::Value> {
        let path = format!("/words/{language}.json");
        let text = FILES.iter().find(|(name, ..)| *name == path).map(|(.., text)| *text).unwrap();
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_language_has_every_word_with_its_places() {
        let places =
            |text: &str| -> BTreeSet<String> { text.split('{').skip(1).map(|rest| rest[..1].into()).collect() };
        let english = words("en");
        for language in ["de", "es", "fr", "nl"] {
            let own = words(language);
            assert!(own.keys().eq(english.keys()), "{language}");
            for (key, text) in &own {
                let (own, english) = (text.as_str().unwrap(), english[key].as_str().unwrap());
                assert_eq!(places(own), places(english), "{language}: {key}");
            }
        }
    }

    /// A browser learns of a script that another imports only when it has that: one way to and fro for each step.
    #[test]
    fn what_the_first_script_imports_is_loaded_with_it() {
        let text = |path: &str| FILES.iter().find(|(name, ..)| *name == path).map(|(.., text)| *text).unwrap();
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
        let served: BTreeSet<&str> = FILES.iter().map(|(path, ..)| *path).chain([ICON.0]).collect();
        for folder in [folder.clone(), folder.join("words")] {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
                let name = entry.file_name().into_string().unwrap();
                let is_there = served.iter().any(|path| path.ends_with(&format!("/{name}"))) || name == "index.html";
                assert!(is_there, "{name} is not served");
            }
        }
        let english = words("en");
        let scripts = FILES.iter().filter(|(_, kind, _)| *kind == SCRIPT);
        for (path, _, script) in scripts {
            for key in script.split("t(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(!key.contains('.') || english.contains_key(key), "{path} says {key}, which is no word");
            }
        }
    }
}
