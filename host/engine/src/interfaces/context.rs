//! The typed import `funcserver:lambda/context@0.1.0` (`wit/lambda.wit`): the facts of the invocation, one function
//! each, so that a later fact breaks no compiled guest.

use std::collections::VecDeque;
use std::sync::Arc;

use wasmtime::component::{ComponentNamedList, GuestTaskId, Lift, Linker, LinkerInstance, Lower};

use super::{Interface, LinkedBy, Offer, Versions};
use crate::call::{Call, Facts};
use crate::state::State;

pub(super) const INTERFACES: &[Interface] = &[Interface {
    name: "funcserver:lambda/context",
    offers: &[Offer { versions: Versions::Minor(1), link: LinkedBy::Once(add) }],
}];

/// Of how many tasks the facts are kept: a few times those that one instance works on at once.
const MOST_TASKS: usize = 4096;

/// The calls that an instance works on.
#[derive(Default)]
pub(crate) struct OpenCalls {
    /// The one call for which the instance is armed.
    armed: Option<Arc<dyn Call>>,
    /// OpenCalls that are answered at once, by the tasks that the guest works on them with; the newest last.
    tasks: VecDeque<(GuestTaskId, Arc<dyn Call>)>,
}

impl OpenCalls {
    pub(crate) fn arm(&mut self, call: Arc<dyn Call>) {
        self.armed = Some(call);
    }

    pub(crate) fn disarm(&mut self) {
        self.armed = None;
    }

    /// One more call begins beside others, as that task.
    pub(crate) fn begin(&mut self, task: GuestTaskId, call: Arc<dyn Call>) {
        if self.tasks.len() >= MOST_TASKS {
            self.tasks.pop_front();
        }
        self.tasks.push_back((task, call));
    }

    /// All tasks have ended.
    pub(crate) fn rest(&mut self) {
        self.tasks.clear();
    }

    /// The facts of the call that one of these tasks works on, the innermost first: those that a guest's call into the host
    /// comes from.
    fn facts(&self, stack: &[GuestTaskId]) -> Facts<'_> {
        // A number may be that of an earlier task again.
        let known = stack.iter().find_map(|task| self.tasks.iter().rev().find(|(known, _)| known == task));
        known.map(|(_, call)| call).or(self.armed.as_ref()).map(|call| call.facts()).unwrap_or_default()
    }
}

fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut context = linker.instance("funcserver:lambda/context@0.1.0")?;
    fact(&mut context, "request-id", |facts| (facts.request_id.to_owned(),))?;
    fact(&mut context, "deadline-ms", |facts| (facts.deadline_ms,))?;
    fact(&mut context, "trace-id", |facts| (facts.trace_id.map(str::to_owned),))?;
    fact(&mut context, "function-arn", |facts| (facts.function_arn.to_owned(),))?;
    fact(&mut context, "target-group-arn", |facts| (facts.target_group_arn.map(str::to_owned),))?;
    fact(&mut context, "multi-value-headers", |facts| (facts.multi_value_headers,))?;
    fact(&mut context, "client-address", |facts| (facts.client_address.map(str::to_owned),))
}

fn fact<R>(context: &mut LinkerInstance<'_, State>, name: &str, get: fn(Facts<'_>) -> R) -> wasmtime::Result<()>
where
    R: ComponentNamedList + Lift + Lower + Send + Sync + 'static,
{
    context.func_wrap(name, move |mut store, ()| {
        // Whose call it is has to be told only where several are answered at once; elsewhere there may be no tasks at all.
        let stack = match store.data().calls.tasks.is_empty() {
            true => Vec::new(),
            false => store.async_call_stack()?.collect(),
        };
        Ok(get(store.data().calls.facts(&stack)))
    })
}
