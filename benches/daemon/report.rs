//! The table.

use crate::measure::{Figures, Limits};

/// A target of the design, and whether a figure meets it.
enum Target {
    AtMost(f64),
    TimesEcho(f64),
    None,
}

/// Prints a table with the ratios of hearthd to the echo, and the targets.
pub fn print(echo: &Figures, hearthd: Option<&Figures>, limits: &Limits) {
    println!();
    println!("{:<34}{:>12}{:>12}{:>8}   target", "", "bare echo", "hearthd", "ratio");
    let row = |name: &str, unit: &str, figure: &dyn Fn(&Figures) -> Option<f64>, target: Target| {
        let (echo, hearthd) = (figure(echo), hearthd.and_then(figure));
        let shown = |figure: Option<f64>| figure.map_or("-".into(), |figure| format!("{figure:.3}"));
        let ratio = echo.zip(hearthd).map_or("-".into(), |(echo, hearthd)| format!("{:.2}", hearthd / echo));
        let (target, limit) = match target {
            Target::AtMost(limit) => (format!("<= {limit} {unit}"), Some(limit)),
            Target::TimesEcho(times) => (format!("<= {times} x the echo"), echo.map(|echo| echo * times)),
            Target::None => (String::new(), None),
        };
        let verdict = match limit.zip(hearthd) {
            Some((limit, figure)) if figure <= limit => ": met",
            Some(_) => ": MISSED",
            None => "",
        };
        let name = format!("{name}, {unit}");
        println!("{name:<34}{:>12}{:>12}{ratio:>8}   {target}{verdict}", shown(echo), shown(hearthd));
    };
    row("start to online", "ms", &|f| Some(f.start_ms), Target::AtMost(30.0));
    row("resident when idle", "MB", &|f| Some(f.idle.resident_mb), Target::AtMost(8.0));
    row("resident after the burst", "MB", &|f| Some(f.resident_mb), Target::None);
    row("processor when idle", "s/minute", &|f| Some(f.idle.cpu_s_per_minute), Target::AtMost(0.03));
    row("command to state, p50", "ms", &|f| Some(f.command.p50_ms), Target::TimesEcho(2.0));
    row("command to state, p99", "ms", &|f| Some(f.command.p99_ms), Target::None);
    row("motion to light, p50", "ms", &|f| f.motion.as_ref().map(|motion| motion.p50_ms), Target::None);
    row("motion to light, p99", "ms", &|f| f.motion.as_ref().map(|motion| motion.p99_ms), Target::None);
    row(&format!("burst of {}", limits.burst), "s", &|f| Some(f.burst.took_s), Target::AtMost(0.25));
    row("binary", "MB", &|f| f.binary_mb, Target::AtMost(12.0));

    let right = |figures: &Figures| if figures.burst.right { "right" } else { "WRONG" };
    println!("{:<34}{:>12}{:>12}", "states after the burst", right(echo), hearthd.map_or("-", right));
    println!();
    println!(
        "16 outputs, 16 sensors each second, idle watched for {} s, {} commands one by one, QoS 1, one mosquitto.",
        limits.idle_s, limits.commands
    );
}
