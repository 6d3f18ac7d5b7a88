//! The targets: ratios within one run, and sizes.

use serde::Serialize;

use crate::figures::Summary;

type Figure = fn(&Summary) -> f64;

/// A target.
pub(crate) struct Target {
    what: &'static str,
    of: &'static str,
    /// The contender that it is divided by. `None` means the figure itself, in MB.
    by: Option<&'static str>,
    figure: Figure,
    at_most: f64,
}

/// The verdict on a target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Verdict {
    /// The description of the target.
    pub(crate) target: String,
    /// Whether it was met.
    pub(crate) pass: bool,
    /// The ratio, or the size in MB. `None` if a contender was not measured.
    pub(crate) value: Option<f64>,
    /// The highest value that meets the target.
    pub(crate) at_most: f64,
}

const RUST: &str = "funcserver-rust";
const NATIVE: &str = "rust-lambda-http";
const COLD: Figure = |summary| summary.cold_ms;
const WARM: Figure = |summary| summary.p50_us;

const fn ratio(what: &'static str, of: &'static str, by: &'static str, figure: Figure, at_most: f64) -> Target {
    Target { what, of, by: Some(by), figure, at_most }
}

/// All targets.
pub(crate) const TARGETS: [Target; 15] = [
    ratio("cold start", RUST, NATIVE, COLD, 1.3),
    ratio("cold start", RUST, "rust-web-adapter", COLD, 0.35),
    ratio("cold start", "funcserver-python", "python", COLD, 0.07),
    ratio("cold start", "funcserver-javascript", "node", COLD, 0.045),
    ratio("cold start", "funcserver-go", "go", COLD, 1.35),
    ratio("CPU a warm invocation", RUST, NATIVE, |summary| summary.processor_us, 1.4),
    ratio("warm p50", "funcserver-python-reuse", "python", WARM, 0.8),
    ratio("warm p50", "funcserver-javascript-reuse", "node", WARM, 1.0),
    ratio("warm p50", "funcserver-go-reuse", "go", WARM, 1.0),
    ratio("warm p50", "funcserver-python", "python", WARM, 4.0),
    ratio("warm p50", "funcserver-javascript", "node", WARM, 2.5),
    ratio("warm p50", "funcserver-go", "go", WARM, 4.0),
    ratio("peak memory", RUST, NATIVE, |summary| summary.peak_mb, 1.9),
    Target { what: "bootstrap", of: RUST, by: None, figure: |summary| summary.executable_mb, at_most: 7.5 },
    Target { what: "zip", of: RUST, by: None, figure: |summary| summary.zip_mb, at_most: 3.0 },
];

impl Target {
    /// Whether all of its contenders were selected.
    pub(crate) fn concerns(&self, asked: impl Fn(&str) -> bool) -> bool {
        asked(self.of) && self.by.is_none_or(asked)
    }

    /// Checks the target. If a contender was not measured, the target is not met.
    pub(crate) fn judge<'a>(&self, summary: impl Fn(&str) -> Option<&'a Summary>) -> Verdict {
        let figure = |name| summary(name).map(self.figure);
        let value = match self.by {
            Some(by) => figure(self.of).zip(figure(by)).map(|(of, by)| of / by),
            None => figure(self.of),
        };
        let by = self.by.map(|by| format!(" / {by}")).unwrap_or_default();
        Verdict {
            target: format!("{}, {}{by}", self.what, self.of),
            pass: value.is_some_and(|value| value <= self.at_most),
            value,
            at_most: self.at_most,
        }
    }
}

impl Verdict {
    /// One line: `PASS` or `MISS`, the target, and the value.
    pub(crate) fn line(&self) -> String {
        let verdict = if self.pass { "PASS" } else { "MISS" };
        let value = self.value.map_or("not measured".into(), |value| format!("{value:.3}"));
        format!("{verdict} {}: {value} (at most {})", self.target, self.at_most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contender::Contender;
    use crate::figures::Figures;

    #[test]
    fn targets_name_existing_contenders() {
        for target in &TARGETS {
            let names = std::iter::once(target.of).chain(target.by).map(str::to_owned).collect::<Vec<_>>();
            Contender::list(&names).unwrap();
        }
    }

    #[test]
    fn a_ratio_passes_up_to_its_limit() {
        let summary = |ms| Summary { cold_ms: ms, ..Figures::default().summary() };
        let (native, good, bad) = (summary(2.0), summary(2.6), summary(2.61));
        let judge = |rust| TARGETS[0].judge(|name| Some(if name == NATIVE { &native } else { rust }));
        assert_eq!(judge(&good).line(), "PASS cold start, funcserver-rust / rust-lambda-http: 1.300 (at most 1.3)");
        assert_eq!(judge(&bad).line(), "MISS cold start, funcserver-rust / rust-lambda-http: 1.305 (at most 1.3)");
    }

    #[test]
    fn an_unmeasured_target_is_missed() {
        assert_eq!(TARGETS[13].judge(|_| None).line(), "MISS bootstrap, funcserver-rust: not measured (at most 7.5)");
        let zero = Figures::default().summary();
        assert!(!TARGETS[0].judge(|_| Some(&zero)).pass);
    }
}
