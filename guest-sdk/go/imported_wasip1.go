package guest

import (
	"net/netip"
	"time"

	"funcserver.example/guest/internal/wasi"
)

// ImportedInvocation asks the host for the current invocation, through the typed import
// funcserver:lambda/context@0.1.0. A component has no optional imports: a program that calls this runs only on
// funcserver. [InvocationOf] returns the same.
func ImportedInvocation() Invocation {
	facts := wasi.CurrentLambdaContext()
	address, _ := netip.ParseAddr(facts.ClientAddress)
	return Invocation{
		RequestID:         facts.RequestID,
		Deadline:          time.UnixMilli(int64(facts.DeadlineMS)),
		FunctionARN:       facts.FunctionARN,
		TraceID:           facts.TraceID,
		TargetGroupARN:    facts.TargetGroupARN,
		MultiValueHeaders: facts.MultiValueHeaders,
		Client:            address,
	}
}
