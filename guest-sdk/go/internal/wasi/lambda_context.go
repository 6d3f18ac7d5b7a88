//go:build wasip1

package wasi

import "unsafe"

// LambdaContext has the facts of the interface funcserver:lambda/context. A component that calls it imports the
// interface, and runs only where there is one.
type LambdaContext struct {
	RequestID         string
	DeadlineMS        uint64 // since the Unix epoch
	TraceID           string
	FunctionARN       string
	TargetGroupARN    string
	MultiValueHeaders bool
	ClientAddress     string
}

// CurrentLambdaContext asks the host.
func CurrentLambdaContext() LambdaContext {
	return LambdaContext{
		RequestID:         askString(lambdaRequestID),
		DeadlineMS:        lambdaDeadlineMS(),
		TraceID:           askOptionalString(lambdaTraceID),
		FunctionARN:       askString(lambdaFunctionARN),
		TargetGroupARN:    askOptionalString(lambdaTargetGroupARN),
		MultiValueHeaders: lambdaMultiValueHeaders() != 0,
		ClientAddress:     askOptionalString(lambdaClientAddress),
	}
}

func askString(ask func(unsafe.Pointer)) string {
	ask(begin())
	defer end()
	return result().string(0)
}

func askOptionalString(ask func(unsafe.Pointer)) string {
	ask(begin())
	defer end()
	return result().optionalString(0)
}

//go:wasmimport funcserver:lambda/context@0.1.0 request-id
func lambdaRequestID(result unsafe.Pointer)

//go:wasmimport funcserver:lambda/context@0.1.0 deadline-ms
func lambdaDeadlineMS() uint64

//go:wasmimport funcserver:lambda/context@0.1.0 trace-id
func lambdaTraceID(result unsafe.Pointer)

//go:wasmimport funcserver:lambda/context@0.1.0 function-arn
func lambdaFunctionARN(result unsafe.Pointer)

//go:wasmimport funcserver:lambda/context@0.1.0 target-group-arn
func lambdaTargetGroupARN(result unsafe.Pointer)

//go:wasmimport funcserver:lambda/context@0.1.0 multi-value-headers
func lambdaMultiValueHeaders() uint32

//go:wasmimport funcserver:lambda/context@0.1.0 client-address
func lambdaClientAddress(result unsafe.Pointer)
