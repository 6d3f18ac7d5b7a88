//! The typed import `funcserver:lambda/context@0.1.0` (`wit/lambda.wit`): the facts of the invocation, one function
//! each, so that a later fact breaks no compiled guest.

use wasmtime::component::{ComponentNamedList, Lift, Linker, LinkerInstance, Lower};

use super::{Interface, Link, Offer, Versions};
use crate::call::Facts;
use crate::state::State;

pub(super) const INTERFACES: &[Interface] = &[Interface {
    name: "funcserver:lambda/context",
    offers: &[Offer { versions: Versions::Minor(1), link: Link::Once(add) }],
}];

fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut context = linker.instance("funcserver:lambda/context@0.1.0")?;
    fact(&mut context, "request-id", |facts| (facts.request_id.clone(),))?;
    fact(&mut context, "deadline-ms", |facts| (facts.deadline_ms,))?;
    fact(&mut context, "trace-id", |facts| (facts.trace_id.clone(),))?;
    fact(&mut context, "function-arn", |facts| (facts.function_arn.clone(),))?;
    fact(&mut context, "target-group-arn", |facts| (facts.target_group_arn.clone(),))?;
    fact(&mut context, "multi-value-headers", |facts| (facts.multi_value_headers,))?;
    fact(&mut context, "client-address", |facts| (facts.client_address.clone(),))
}

fn fact<R>(context: &mut LinkerInstance<'_, State>, name: &str, get: fn(&Facts) -> R) -> wasmtime::Result<()>
where
    R: ComponentNamedList + Lift + Lower + Send + Sync + 'static,
{
    context.func_wrap(name, move |mut store, ()| {
        // Whose call it is has to be told only where several are answered at once; elsewhere there may be no tasks at all.
        let tasks = match store.data().answers_several() {
            true => store.async_call_stack()?.collect(),
            false => Vec::new(),
        };
        Ok(get(store.data().facts(&tasks)))
    })
}
