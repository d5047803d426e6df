//! The table.

use crate::measure::Figures;

/// A target of the second column's figure.
#[derive(Clone, Copy)]
pub enum Target {
    AtMost(f64),
    /// In the first column.
    TimesEcho(f64),
    None,
}

/// One figure of candidates of which `F` is known.
pub struct Row<F> {
    name: &'static str,
    unit: &'static str,
    figure: fn(&F) -> Option<f64>,
    target: Target,
}

pub const fn row<F>(name: &'static str, unit: &'static str, figure: fn(&F) -> Option<f64>, target: Target) -> Row<F> {
    Row { name, unit, figure, target }
}

/// Of the daemon beside the echo.
pub const DAEMON: [Row<Figures>; 20] = [
    row("start to online", "ms", |f| f.start_ms, Target::AtMost(30.0)),
    row("resident", "MB", |f| f.resident_mb, Target::AtMost(8.0)),
    row("resident after the burst", "MB", |f| f.resident_after_mb, Target::None),
    row("idle: values published", "per s", |f| f.idle_values, Target::None),
    row("idle: processor", "s/min", |f| f.idle_cpu_s, Target::TimesEcho(1.5)),
    row("idle: state written", "KB/hour", |f| f.idle_kb, Target::None),
    row("command to state, p50", "ms", |f| f.command_p50_ms, Target::TimesEcho(2.0)),
    row("command to state, p99", "ms", |f| f.command_p99_ms, Target::TimesEcho(3.0)),
    row("command: processor", "µs", |f| f.command_cpu_us, Target::AtMost(45.0)),
    row("  of that, main thread", "µs", |f| f.command_main_us, Target::None),
    row("  of that, publisher", "µs", |f| f.command_publisher_us, Target::None),
    row("command: state written", "bytes", |f| f.command_bytes, Target::AtMost(1024.0)),
    row("motion to light, p50", "ms", |f| f.motion_p50_ms, Target::None),
    row("motion to light, p99", "ms", |f| f.motion_p99_ms, Target::None),
    row("burst", "s", |f| f.burst_s, Target::TimesEcho(1.0)),
    row("burst: processor a command", "µs", |f| f.burst_cpu_us, Target::None),
    row("burst: last states right", "of 1", |f| f.burst_right, Target::None),
    row("engine alone, readings", "1000/s", |f| f.engine_readings, Target::None),
    row("engine alone, commands", "1000/s", |f| f.engine_commands, Target::None),
    row("binary", "MB", |f| f.binary_mb, Target::AtMost(12.0)),
];

/// A candidate and its figures in each run.
pub struct Column<F> {
    pub name: String,
    pub runs: Vec<F>,
}

/// Prints the medians of all candidates; the ratio is that of the second to the first, the target the second's.
pub fn print<F>(rows: &[Row<F>], columns: &[Column<F>]) {
    let names = columns.iter().map(|column| format!("{:>14}", column.name));
    println!("\n{:<46}{}{:>8}   target", "", names.collect::<String>(), "ratio");
    for Row { name, unit, figure, target } in rows {
        let medians: Vec<Option<f64>> = columns
            .iter()
            .map(|column| {
                let figures: Vec<f64> = column.runs.iter().filter_map(figure).collect();
                (!figures.is_empty()).then(|| median(&figures))
            })
            .collect();
        let shown = medians.iter().map(|figure| format!("{:>14}", figure.map_or("-".into(), digits)));
        let (first, second) = (medians.first().copied().flatten(), medians.get(1).copied().flatten());
        let ratio = first.zip(second).map_or("-".into(), |(first, second)| format!("{:.2}", second / first));
        let (text, limit) = match *target {
            Target::AtMost(limit) => (format!("<= {limit} {unit}"), Some(limit)),
            Target::TimesEcho(times) => (format!("<= {times} x the echo"), first.map(|first| first * times)),
            Target::None => (String::new(), None),
        };
        let verdict = match limit.zip(second) {
            Some((limit, figure)) if figure <= limit => ": met",
            Some(_) => ": MISSED",
            None => "",
        };
        println!("{:<46}{}{ratio:>8}   {text}{verdict}", format!("{name}, {unit}"), shown.collect::<String>());
    }
    println!();
}

/// Three of them count.
fn digits(figure: f64) -> String {
    match figure.abs() {
        0.0..1.0 => format!("{figure:.3}"),
        1.0..10.0 => format!("{figure:.2}"),
        10.0..100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
