//go:build !wasip1

package guest

// ImportedInvocation returns the zero Invocation: only components have the typed import
// funcserver:lambda/context@0.1.0.
func ImportedInvocation() Invocation { return Invocation{} }
