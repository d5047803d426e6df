//! Pages that need nothing else: no script, no font, no address. They are read on a screen, a phone or paper.

const STYLE: &str = concat!(include_str!("palette.css"), include_str!("page.css"));

/// A page of a title, what stands in its `main`, and who made it.
pub fn page(title: &str, body: &str, maker: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n<meta name=viewport content=\"width=device-width, \
         initial-scale=1\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}<footer>{maker}\
         </footer>\n</main>\n</body>\n</html>\n",
        escape(title)
    )
}

/// Text that cannot be taken for markup, also within quotes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OutputKind;
    use std::{collections::BTreeSet, fs, path::Path};

    const PALETTE: &str = include_str!("palette.css");
    /// The live page, which has the same colours.
    const LIVE: &str = include_str!("../http/page/page.css");

    /// The colours of a theme by their names, `#rrggbb`.
    fn theme(block: &str) -> Vec<(&str, &str)> {
        block.split(';').filter_map(|line| line.rsplit_once("--")?.1.split_once(": #")).collect()
    }

    fn themes() -> [Vec<(&'static str, &'static str)>; 2] {
        let (light, dark) = PALETTE.split_once("@media").unwrap();
        [theme(light), theme(dark)]
    }

    /// The names that a text asks for with `var`.
    fn asked(text: &str) -> impl Iterator<Item = &str> {
        text.split("var(--").skip(1).filter_map(|rest| rest.split([')', ',']).next())
    }

    #[test]
    fn every_page_has_its_colours_from_the_palette_alone() {
        let [light, dark] = themes().map(|theme| theme.into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>());
        assert_eq!(light, dark, "each theme has each colour");
        assert!(light.len() > 30, "{light:?}");
        for kind in OutputKind::ALL {
            assert!(light.contains(&*format!("mark-{}", kind.word())), "{}", kind.word());
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut texts = vec![("page.css".to_owned(), STYLE.to_owned()), ("the live page".into(), LIVE.into())];
        let reports = fs::read_dir(folder.join("simulator/report/html")).unwrap().map(|entry| entry.unwrap().path());
        for file in reports.chain([folder.join("report/html.rs")]) {
            texts.push((file.display().to_string(), fs::read_to_string(&file).unwrap()));
        }
        for (what, text) in &texts {
            // What a page says of one element it sets there; what is filled in is one of several.
            let is_own = |name: &str| text.contains(&format!("--{name}:")) || name.contains('{');
            let is_set_by_reports = |name: &str| ["of", "level", "sky"].contains(&name);
            let unknown: Vec<_> =
                asked(text).filter(|name| !light.contains(name) && !is_own(name) && !is_set_by_reports(name)).collect();
            assert!(unknown.is_empty(), "{what} asks for colours that the palette does not have: {unknown:?}");
        }
        for (what, css) in [("page.css", include_str!("page.css")), ("the live page", LIVE)] {
            let screen = css.split("@media print").next().unwrap();
            let is_colour = |rest: &&str| rest.len() >= 3 && rest.bytes().take(3).all(|byte| byte.is_ascii_hexdigit());
            let own: Vec<_> = screen.split(": #").skip(1).filter(is_colour).map(|rest| &rest[..6]).collect();
            assert!(own.is_empty(), "{what} has colours of its own: {own:?}");
        }
    }

    /// WCAG 2.2, 1.4.3: 4.5 to 1.
    #[test]
    fn words_can_be_read_in_both_themes() {
        let words = ["text", "quiet", "off", "light", "heat", "cold", "air", "people", "plain", "wrong"];
        for theme in themes() {
            let colour = |name: &str| theme.iter().find(|(one, _)| *one == name).map(|(_, colour)| *colour);
            let own = |name: &str| colour(&format!("{name}-ground"));
            for word in words {
                let grounds = [colour("ground"), colour("card"), own(word)];
                for ground in grounds.into_iter().flatten() {
                    let (one, other) = (luminance(colour(word).unwrap()), luminance(ground));
                    let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                    assert!(contrast >= 4.5, "{word} on #{ground}: {contrast:.2}");
                }
            }
        }
    }

    fn luminance(colour: &str) -> f64 {
        let channel = |place: usize| {
            let share = f64::from(u8::from_str_radix(&colour[place..place + 2], 16).unwrap()) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
    }

    /// The bar of a phone above the page is of its ground.
    #[test]
    fn what_stands_in_other_files_is_the_ground() {
        let [light, dark] = themes().map(|theme| theme.iter().find(|(name, _)| *name == "ground").unwrap().1);
        let (head, manifest) =
            (include_str!("../http/page/index.html"), include_str!("../http/page/manifest.webmanifest"));
        for (theme, ground) in [("light", light), ("dark", dark)] {
            let told = format!("(prefers-color-scheme: {theme})\" content=\"#{ground}\"");
            assert!(head.contains(&told), "{told}");
        }
        assert_eq!(manifest.matches(&format!("\"#{dark}\"")).count(), 2);
    }
}
