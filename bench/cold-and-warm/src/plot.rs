//! Draws the results: four columns of bars, each with its own logarithmic scale.

use std::fmt::Write as _;

use crate::figures::Summary;
use crate::results::Row;

const NAMES: f64 = 300.0;
const COLUMN: f64 = 210.0;
/// The length of the longest bar in a column. The rest of the column is for its figure.
const BAR: f64 = 140.0;
const LINE: f64 = 22.0;
const HEAD: f64 = 44.0;
const COLUMNS: [Column; 4] = [
    ("cold start, ms", |summary| summary.cold_ms),
    ("warm p50, µs", |summary| summary.p50_us),
    ("CPU a warm invocation, µs", |summary| summary.processor_us),
    ("peak memory, MB", |summary| summary.peak_mb),
];

type Column = (&'static str, fn(&Summary) -> f64);

/// Returns the plot as an SVG.
pub(crate) fn of(rows: &[Row]) -> String {
    let measured: Vec<_> = rows.iter().filter_map(|row| Some((row, row.summary.as_ref()?))).collect();
    let mut lines = 0.0;
    let mut body = String::new();
    let scales = COLUMNS.map(|(_, figure)| Scale::of(measured.iter().map(|(_, summary)| figure(summary))));
    for (row, summary) in &measured {
        let top = HEAD + lines * LINE;
        lines += 1.0;
        let colour = if row.contender.name.starts_with("funcserver") { "#2a78b8" } else { "#9a9a9a" };
        text(&mut body, NAMES - 10.0, top + 15.0, "end", &row.contender.title);
        let mut left = NAMES;
        for ((_, figure), scale) in COLUMNS.iter().zip(&scales) {
            let value = figure(summary);
            let width = scale.width(value);
            let _ = writeln!(
                body,
                "<rect x=\"{left:.0}\" y=\"{:.0}\" width=\"{width:.1}\" height=\"14\" fill=\"{colour}\"/>",
                top + 4.0
            );
            text(&mut body, left + width + 5.0, top + 15.0, "start", &short(value));
            left += COLUMN;
        }
    }
    let mut left = NAMES;
    for (title, _) in COLUMNS {
        text(&mut body, left, HEAD - 14.0, "start", title);
        left += COLUMN;
    }
    let height = HEAD + lines * LINE + 30.0;
    text(&mut body, NAMES, height - 10.0, "start", "shorter is better; logarithmic scales; medians of one run");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{left:.0}\" height=\"{height:.0}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{body}</svg>\n"
    )
}

/// A logarithmic scale from half of the lowest value to the highest.
struct Scale {
    least: f64,
    greatest: f64,
}

impl Scale {
    fn of(values: impl Iterator<Item = f64>) -> Scale {
        let (least, greatest) = values
            .filter(|value| *value > 0.0)
            .fold((f64::INFINITY, 0.0_f64), |(least, greatest), value| (least.min(value), greatest.max(value)));
        Scale { least: least / 2.0, greatest }
    }

    fn width(&self, value: f64) -> f64 {
        let part = (value / self.least).ln() / (self.greatest / self.least).ln();
        // A value that is missing or zero has no bar.
        if part.is_finite() { BAR * part.clamp(0.0, 1.0) } else { 0.0 }
    }
}

fn text(body: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(body, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#222\">{text}</text>");
}

/// Formats a value with three digits.
fn short(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_is_the_greatest_value() {
        let scale = Scale::of([1.0, 0.0, 64.0].into_iter());
        assert_eq!(scale.width(64.0), BAR);
        assert!((scale.width(1.0) - BAR / 7.0).abs() < 1e-9);
        assert_eq!(scale.width(0.0), 0.0);
        assert_eq!(Scale::of([].into_iter()).width(1.0), 0.0);
    }

    #[test]
    fn text_is_escaped_and_figures_are_short() {
        let mut body = String::new();
        text(&mut body, 0.0, 0.0, "end", "a & <b>");
        assert!(body.contains(">a &amp; &lt;b></text>"), "{body}");
        assert_eq!([1.234, 12.34, 1234.5].map(short), ["1.23", "12.3", "1234"]);
    }
}
