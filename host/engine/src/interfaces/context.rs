//! The typed import `funcserver:lambda/context@0.1.0` (`wit/lambda.wit`): the facts of the invocation. Each fact has a
//! function of its own, so that a new fact breaks no compiled guest.

use std::collections::VecDeque;
use std::sync::Arc;

use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentNamedList, GuestTaskId, Lift, Linker, LinkerInstance, Lower};

use super::{Interface, LinkedBy, Offer, Versions};
use crate::call::{Call, Facts};
use crate::state::State;

pub(super) const INTERFACES: &[Interface] = &[Interface {
    name: "funcserver:lambda/context",
    offers: &[Offer { versions: Versions::Minor(1), link: LinkedBy::Once(add) }],
}];

/// The number of tasks whose facts are kept: several times the number of requests that an instance handles
/// concurrently.
const MAX_TASKS: usize = 4096;

/// The calls that an instance handles.
#[derive(Default)]
pub(crate) struct OpenCalls {
    /// The single call for which the instance is armed.
    armed: Option<Arc<dyn Call>>,
    /// Concurrent calls, by the task that handles each, the newest last.
    tasks: VecDeque<(GuestTaskId, Arc<dyn Call>)>,
}

impl OpenCalls {
    pub(crate) fn arm(&mut self, call: Arc<dyn Call>) {
        self.armed = Some(call);
    }

    pub(crate) fn disarm(&mut self) {
        self.armed = None;
    }

    /// Adds a concurrent call that this task handles.
    pub(crate) fn begin(&mut self, task: GuestTaskId, call: Arc<dyn Call>) {
        if self.tasks.len() >= MAX_TASKS {
            self.tasks.pop_front();
        }
        self.tasks.push_back((task, call));
    }

    /// Removes all facts, once all tasks have ended.
    pub(crate) fn end_all(&mut self) {
        self.tasks.clear();
    }

    /// The facts of the call that one of these tasks handles. `stack` has the tasks from which the guest called the
    /// host, the innermost first.
    fn facts(&self, stack: &[GuestTaskId]) -> Facts<'_> {
        self.of(stack).or(self.armed.as_ref()).map(|call| call.facts()).unwrap_or_default()
    }

    /// The concurrent call that one of these tasks handles.
    fn of(&self, stack: &[GuestTaskId]) -> Option<&Arc<dyn Call>> {
        // The number of a finished task may be reused.
        let known = stack.iter().find_map(|task| self.tasks.iter().rev().find(|(known, _)| known == task));
        known.map(|(_, call)| call)
    }
}

/// The tasks from which the guest called the host, the innermost first. They must be determined only if several calls
/// are handled concurrently. Otherwise there may be no tasks at all.
fn tasks(store: &mut StoreContextMut<'_, State>) -> wasmtime::Result<Vec<GuestTaskId>> {
    if store.data().calls.tasks.is_empty() { Ok(Vec::new()) } else { Ok(store.async_call_stack()?.collect()) }
}

/// The call for which the guest has called the host, if it handles several concurrently.
pub(super) fn caller(store: &mut StoreContextMut<'_, State>) -> wasmtime::Result<Option<Arc<dyn Call>>> {
    let stack = tasks(store)?;
    Ok(store.data().calls.of(&stack).cloned())
}

fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut context = linker.instance("funcserver:lambda/context@0.1.0")?;
    fact(&mut context, "request-id", |facts| (facts.request_id.to_owned(),))?;
    fact(&mut context, "deadline-ms", |facts| (facts.deadline_ms,))?;
    fact(&mut context, "trace-id", |facts| (facts.trace_id.map(str::to_owned),))?;
    fact(&mut context, "function-arn", |facts| (facts.function_arn.to_owned(),))?;
    fact(&mut context, "target-group-arn", |facts| (facts.target_group_arn.map(str::to_owned),))?;
    fact(&mut context, "multi-value-headers", |facts| (facts.multi_value_headers,))?;
    fact(&mut context, "client-address", |facts| (facts.client_address.map(str::to_owned),))?;
    fact(&mut context, "tenant-id", |facts| (facts.tenant_id.map(str::to_owned),))?;
    fact(&mut context, "event-source", |facts| (facts.event_source.map(str::to_owned),))
}

fn fact<R>(context: &mut LinkerInstance<'_, State>, name: &str, get: fn(Facts<'_>) -> R) -> wasmtime::Result<()>
where
    R: ComponentNamedList + Lift + Lower + Send + Sync + 'static,
{
    context.func_wrap(name, move |mut store, ()| {
        let stack = tasks(&mut store)?;
        Ok(get(store.data().calls.facts(&stack)))
    })
}
