//go:build wasip1

package wasi

import (
	"sync"
	"unsafe"
)

// One call at a time may use the return area and scratch. The lock is held until the result is copied out: copying
// allocates, which may let another goroutine run.
var (
	callLock sync.Mutex
	// area is where results lie that are larger than a number. 56 bytes is the largest, and 8 the strictest alignment.
	area [7]uint64
)

// begin starts a call whose result is in the return area; end ends it.
func begin() unsafe.Pointer {
	callLock.Lock()
	scratchEnd = 0
	calling = true
	return unsafe.Pointer(&area)
}

// result returns the result of the call. It is valid until end.
func result() view {
	calling = false
	return view{area: unsafe.Slice((*byte)(unsafe.Pointer(&area)), unsafe.Sizeof(area)), memory: memory}
}

func end() { callLock.Unlock() }
