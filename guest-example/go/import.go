//go:build lambda_context && wasip1

package main

import "funcserver.example/guest"

// lambdaImport is the invocation from the typed import funcserver:lambda/context. With it the component runs only on
// funcserver.
func lambdaImport() any {
	invocation, client := guest.ImportedInvocation(), ""
	if invocation.Client.IsValid() {
		client = invocation.Client.String()
	}
	return map[string]any{
		"request_id":          invocation.RequestID,
		"deadline_ms":         invocation.Deadline.UnixMilli(),
		"trace_id":            optional(invocation.TraceID),
		"function_arn":        invocation.FunctionARN,
		"target_group_arn":    optional(invocation.TargetGroupARN),
		"multi_value_headers": invocation.MultiValueHeaders,
		"client_address":      optional(client),
	}
}

// optional is null if the value is empty.
func optional(text string) any {
	if text == "" {
		return nil
	}
	return text
}
