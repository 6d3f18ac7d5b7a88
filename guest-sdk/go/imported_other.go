//go:build !wasip1

package guest

// ImportedInvocation is the zero Invocation: the typed import funcserver:lambda/context@0.1.0 is there for components only.
func ImportedInvocation() Invocation { return Invocation{} }
