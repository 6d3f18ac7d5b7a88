//go:build !(lambda_context && wasip1)

package main

// lambdaImport is null: the program was built without the tag lambda_context.
func lambdaImport() any { return nil }
