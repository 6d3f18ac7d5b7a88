//! Limits passive element segments: each instance keeps a copy of them, which no limit counts at run time.

use wasmparser::{
    ComponentInstance, ComponentTypeRef, ElementItems, ElementKind, ElementSectionReader, Instance, Parser, Payload,
    Result,
};

/// The limit for all instances of a component together: 16 bytes for each element make 4 MiB.
const MAX_KEPT: u64 = 1 << 18;

/// The error for a component whose passive element segments are too long for the number of its instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyElements {
    /// The number of elements in the passive segments of one module.
    pub elements: u64,
    /// The most module instances that one component may create.
    pub instances: u64,
}

impl std::fmt::Display for TooManyElements {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { elements, instances } = self;
        write!(
            f,
            "passive element segments of {elements} elements in up to {instances} instances of modules are more than the \
             {MAX_KEPT} elements that the host keeps: use active segments, which fill their table at once"
        )
    }
}

impl std::error::Error for TooManyElements {}

/// Checks a component. A damaged one passes as far as it can be read, because compiling it gives the error.
///
/// # Errors
/// [`TooManyElements`].
pub(super) fn check(wasm: &[u8]) -> std::result::Result<(), TooManyElements> {
    let mut count = Count::default();
    for payload in Parser::new(0).parse_all(wasm) {
        if payload.and_then(|payload| count.take(payload)).is_err() {
            break;
        }
    }
    let Count { elements, instances, .. } = count;
    if elements.saturating_mul(instances) > MAX_KEPT { Err(TooManyElements { elements, instances }) } else { Ok(()) }
}

/// The upper bound for a component. The module of each instance is not determined.
#[derive(Default)]
struct Count {
    /// The enclosing components and modules, the innermost last.
    open: Vec<Open>,
    /// The elements of the module that has the most.
    elements: u64,
    /// The instances of the component that creates the most, among those read so far.
    instances: u64,
}

#[derive(Default)]
struct Open {
    /// The elements of a module.
    elements: u64,
    /// The instances that a component creates of modules and of earlier components.
    of_modules: u64,
    of_components: u64,
    /// Whether it imports a component, which may be any component.
    given: bool,
}

impl Count {
    fn take(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::Version { .. } => self.open.push(Open::default()),
            Payload::End(_) => self.close(),
            payload => {
                if let Some(open) = self.open.last_mut() {
                    open.take(payload)?;
                }
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let each = if open.given { u64::MAX } else { self.instances };
        let instances = open.of_modules.saturating_add(open.of_components.saturating_mul(each));
        self.instances = self.instances.max(instances);
        self.elements = self.elements.max(open.elements);
    }
}

impl Open {
    fn take(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::ElementSection(section) => self.elements = passive(section)?,
            Payload::InstanceSection(section) => {
                for instance in section {
                    self.of_modules += u64::from(matches!(instance?, Instance::Instantiate { .. }));
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    self.of_components += u64::from(matches!(instance?, ComponentInstance::Instantiate { .. }));
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    self.given |= matches!(import?.ty, ComponentTypeRef::Component(_));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Counts the elements of passive segments. Active segments are copied to their table, and declared ones are not kept.
fn passive(section: ElementSectionReader<'_>) -> Result<u64> {
    let mut elements = 0_u64;
    for segment in section {
        let segment = segment?;
        if matches!(segment.kind, ElementKind::Passive) {
            elements += u64::from(match segment.items {
                ElementItems::Functions(items) => items.count(),
                ElementItems::Expressions(_, items) => items.count(),
            });
        }
    }
    Ok(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a module with `elements` elements of a kind, and the instances in `rest`.
    fn of(kind: &str, elements: usize, rest: &str) -> std::result::Result<(), TooManyElements> {
        let elements = "$f ".repeat(elements);
        let text =
            format!("(component (core module $m (table 9 funcref) (func $f) (elem {kind} func {elements})) {rest})");
        check(&wat::parse_str(text).unwrap())
    }

    #[test]
    fn the_elements_of_all_instances_are_limited() {
        let some = |instances| "(core instance (instantiate $m))".repeat(instances);
        assert_eq!(of("", 1_000, &some(200)), Ok(()));
        assert_eq!(of("", 1_000, &some(300)), Err(TooManyElements { elements: 1_000, instances: 300 }));
        assert_eq!(of("", 300_000, &some(0)), Ok(()));
        assert_eq!(of("", 300_000, &some(1)), Err(TooManyElements { elements: 300_000, instances: 1 }));
        for kept_by_nobody in ["declare", "(table 0) (i32.const 0)"] {
            assert_eq!(of(kept_by_nobody, 300_000, &some(10)), Ok(()));
        }
        let text = "(component (core module $m (func $f) (elem funcref (ref.func $f) (ref.null func))) (core instance (instantiate $m)))";
        assert_eq!(check(&wat::parse_str(text).unwrap()), Ok(()));
    }

    #[test]
    fn instances_of_components_count_their_module_instances() {
        let ten = "(core instance (instantiate $m))".repeat(10);
        let nested = format!("(component $c (alias outer 1 $m (core module $m)) {ten})");
        let thirty = "(instance (instantiate $c))".repeat(30);
        assert_eq!(of("", 1_000, &format!("{nested} (instance (instantiate $c))")), Ok(()));
        let refused = Err(TooManyElements { elements: 1_000, instances: 300 });
        assert_eq!(of("", 1_000, &format!("{nested} {thirty}")), refused);
        let given = "(component $g (import \"c\" (component $c)) (instance (instantiate $c)))";
        let rest = format!("{given} {nested} (instance (instantiate $g (with \"c\" (component $c))))");
        assert!(of("", 1_000, &rest).is_err());
        assert_eq!(of("", 0, &rest), Ok(()));
    }
}
