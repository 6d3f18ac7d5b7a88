// Package wasi calls wasi:http 0.2 in the canonical ABI, and converts the results to Go's own types. It has no
// generated code: each of some sixty functions is declared by hand beside the code that uses it.
//
// Only the code that decodes results is built for every system, so that the tests can run natively.
package wasi
