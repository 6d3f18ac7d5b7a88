//! When secrets are fetched again, and what of them changes.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn fetched(failed: Option<Moment>) -> Fetched {
    let values = [("A", "one"), ("B", "two")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    Fetched { values: values.into(), at: SystemTime::UNIX_EPOCH + 1000 * SECOND, failed }
}

/// Whether secrets that may be 40 seconds old are fetched again after so many seconds.
fn is_due(fetched: &Fetched, moment: Moment, age: u32) -> bool {
    fetched.is_due(moment, 40 * SECOND, fetched.at + age * SECOND)
}

#[test]
fn an_event_gets_no_secret_that_is_too_old() {
    let fetched = fetched(None);
    assert!(!is_due(&fetched, Moment::BeforeEvent, 39) && is_due(&fetched, Moment::BeforeEvent, 40));
    assert!(!is_due(&fetched, Moment::AfterAnswer, 29) && is_due(&fetched, Moment::AfterAnswer, 30));
    assert!(fetched.is_due(Moment::BeforeEvent, 40 * SECOND, fetched.at - SECOND), "the clock was put back");
}

#[test]
fn a_failure_is_followed_by_a_pause() {
    let (before, after) = (Moment::BeforeEvent, Moment::AfterAnswer);
    assert!(is_due(&fetched(Some(before)), after, 0), "there is more time after the answer");
    for (moment, failed) in [(before, before), (before, after), (after, after)] {
        let fetched = fetched(Some(failed));
        assert!(!is_due(&fetched, moment, 9) && is_due(&fetched, moment, 10));
        assert!(fetched.is_due(moment, SECOND, fetched.at + SECOND), "no longer than they may be old");
    }
}

#[test]
fn an_event_waits_for_a_small_part_of_its_time() {
    let now = Instant::now();
    for (moment, left, expected) in [
        (Moment::BeforeEvent, 60_000, 1000),
        (Moment::BeforeEvent, 2000, 500),
        (Moment::BeforeEvent, 0, 0),
        (Moment::AfterAnswer, 60_000, 2000),
        (Moment::AfterAnswer, 300, 300),
    ] {
        let until = moment.until(now, now + Duration::from_millis(left));
        assert_eq!(until - now, Duration::from_millis(expected), "{moment:?} {left}");
    }
}

#[test]
fn a_value_that_could_not_be_fetched_stays() {
    let mut fetched = fetched(None);
    let new = |of: &[(&str, &str)]| of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(fetched.update(new(&[("A", "one")])), [""; 0]);
    assert_eq!(fetched.update(new(&[("A", "one"), ("B", "three")])), ["B"]);
    assert_eq!(
        fetched.pairs(),
        [("A", "one"), ("B", "three")].map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}
