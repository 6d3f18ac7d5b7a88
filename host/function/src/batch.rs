//! The records of a batch: in which order they may start, and which of them failed.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::other_event::{BatchRecord, RecordBatch, failures};
use crate::report::Report;

/// The most records of a batch that are logged with the reason for their failure.
const SHOWN_RECORDS: usize = 20;
const AFTER_A_FAILURE: &str = "an earlier record of its group failed";
const NO_TIME: &str = "no time was left for it";

/// A batch at work. The watchdog reads it too, so that a batch whose thread is blocked is answered with what is done.
pub(crate) struct SplitBatch {
    records: Vec<BatchRecord>,
    /// The record that follows a record in its group.
    next: Vec<Option<usize>>,
    state: Mutex<BatchState>,
}

struct BatchState {
    /// The records that may start now: the first of each group that has not ended.
    ready: BTreeSet<usize>,
    ended: Vec<Option<Result<(), String>>>,
}

impl SplitBatch {
    pub(crate) fn new(RecordBatch(records): RecordBatch) -> Self {
        let mut next = vec![None; records.len()];
        let mut ready = BTreeSet::new();
        let mut last_of_group = HashMap::new();
        for (index, record) in records.iter().enumerate() {
            let previous = record.group.as_deref().and_then(|group| last_of_group.insert(group, index));
            match previous {
                Some(previous) => next[previous] = Some(index),
                None => {
                    ready.insert(index);
                }
            }
        }
        let ended = vec![None; records.len()];
        Self { records, next, state: Mutex::new(BatchState { ready, ended }) }
    }

    /// The number of records that may run at once.
    pub(crate) fn independent(&self) -> usize {
        self.state().ready.len()
    }

    /// Starts the first record, in the batch's order, whose group has no other at work. If there is none, those at work
    /// are followed by whoever runs them.
    pub(crate) fn start(&self) -> Option<(usize, Bytes)> {
        let index = self.state().ready.pop_first()?;
        Some((index, self.records[index].json.clone()))
    }

    /// A record that was started has ended. What follows a failure in its group has failed too, so that the order holds.
    pub(crate) fn end(&self, index: usize, result: Result<(), String>) {
        let mut state = self.state();
        let failed = result.is_err();
        state.ended[index] = Some(result);
        let mut following = self.next[index];
        if !failed {
            state.ready.extend(following);
            return;
        }
        while let Some(index) = following {
            state.ended[index] = Some(Err(AFTER_A_FAILURE.to_owned()));
            following = self.next[index];
        }
    }

    /// The batch's result as JSON, and the report about it. What has not ended has failed.
    pub(crate) fn result(&self) -> (Bytes, Option<Report>) {
        let state = self.state();
        let reason = |ended: &Option<Result<(), String>>| match ended {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(error.clone()),
            None => Some(NO_TIME.to_owned()),
        };
        let records = self.records.iter().zip(&state.ended);
        let failed: Vec<_> = records.filter_map(|(record, ended)| Some((record.id.as_str(), reason(ended)?))).collect();
        let json = failures(&failed.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        let count = failed.len();
        let shown = failed.into_iter().take(SHOWN_RECORDS).map(|(id, error)| (id.to_owned(), error)).collect();
        let report = (count > 0).then_some(Report::Records { failed: shown, count, of: self.records.len() });
        (json, report)
    }

    fn state(&self) -> MutexGuard<'_, BatchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch of records with these groups, or none. Their ids are their indexes.
    fn batch(groups: &[Option<&str>]) -> SplitBatch {
        let record = |(index, group): (usize, &Option<&str>)| BatchRecord {
            id: index.to_string(),
            group: group.map(str::to_owned),
            json: Bytes::new(),
        };
        SplitBatch::new(RecordBatch(groups.iter().enumerate().map(record).collect()))
    }

    fn started(batch: &SplitBatch) -> Vec<usize> {
        std::iter::from_fn(|| Some(batch.start()?.0)).collect()
    }

    fn failed(batch: &SplitBatch) -> Vec<String> {
        let result: serde_json::Value = serde_json::from_slice(&batch.result().0).unwrap();
        let items = result["batchItemFailures"].as_array().unwrap();
        items.iter().map(|item| item["itemIdentifier"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn records_without_a_group_start_in_the_batchs_order_at_once() {
        let batch = batch(&[None; 4]);
        assert_eq!((batch.independent(), started(&batch)), (4, vec![0, 1, 2, 3]));
        batch.end(2, Err("poison".to_owned()));
        for index in [0, 1, 3] {
            batch.end(index, Ok(()));
        }
        assert_eq!(failed(&batch), ["2"]);
    }

    #[test]
    fn a_group_is_in_order_and_stops_at_its_first_failure() {
        let batch = batch(&[Some("a"), Some("a"), Some("b"), None, Some("b"), Some("a")]);
        assert_eq!((batch.independent(), started(&batch)), (3, vec![0, 2, 3]));
        batch.end(0, Ok(()));
        assert_eq!(started(&batch), [1]);
        batch.end(1, Err("poison".to_owned()));
        assert_eq!(started(&batch), [0; 0]);
        batch.end(2, Ok(()));
        assert_eq!(started(&batch), [4]);
        batch.end(4, Ok(()));
        batch.end(3, Ok(()));
        assert_eq!(failed(&batch), ["1", "5"]);
    }

    #[test]
    fn what_has_not_ended_has_failed_and_the_first_are_named() {
        let batch = batch(&[None; 30]);
        assert!(started(&batch).len() == 30);
        batch.end(0, Ok(()));
        let Some(Report::Records { failed: shown, count, of }) = batch.result().1 else { panic!("no report") };
        assert_eq!((shown.len(), count, of), (SHOWN_RECORDS, 29, 30));
        assert_eq!(shown[0], ("1".to_owned(), NO_TIME.to_owned()));
    }
}
