// Package wasi calls wasi:http 0.2 in the canonical ABI, and puts what it brings into Go's own types. It has no generated
// code: what is needed of some sixty functions of the interfaces stands beside what uses it, declared by hand.
//
// Only what takes results apart is built everywhere, so that it can be tested where the tests run.
package wasi
