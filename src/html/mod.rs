//! Pages that need nothing else: no script, no font, no address. They are read on a screen, a phone or paper.

const STYLE: &str = include_str!("page.css");

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
