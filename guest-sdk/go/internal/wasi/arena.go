//go:build wasip1

package wasi

import "unsafe"

// Where the host puts strings and lists for us: it asks cabi_realloc for room while a call of ours is under way. At
// that moment nothing of Go may run that allocates, grows a stack or calls the host, because the host forbids all calls
// until the room is there, and Go's allocator may start a collection, which reads the clock. So the room is two static
// arrays.
var (
	// scratch holds the results of a call. It is free again when the next call begins.
	scratch    [1 << 20]byte
	scratchEnd uintptr
	// kept holds what is asked for at other times, which is the state and the stack of the preview 1 adapter: it takes
	// them when Go's runtime makes its first system call, and keeps them.
	kept    [256 << 10]byte
	keptEnd uintptr
	// calling is true while a call of ours is under way.
	calling bool
)

// nowhere is an address that no memory has: the host ends the instance, which is all that can be done without room.
const nowhere = ^uint32(0)

// cabiRealloc is the canonical ABI's realloc.
//
//go:wasmexport cabi_realloc
//go:nosplit
func cabiRealloc(old, oldSize, align, size uint32) uint32 {
	area, end, limit := unsafe.Pointer(&kept), &keptEnd, uintptr(len(kept))
	if calling {
		area, end, limit = unsafe.Pointer(&scratch), &scratchEnd, uintptr(len(scratch))
	}
	base, mask := uintptr(area), uintptr(align)-1
	start := (base+*end+mask)&^mask - base
	if start > limit || uintptr(size) > limit-start {
		return nowhere
	}
	*end = start + uintptr(size)
	// Only text that a host converts to UTF-8 grows; it lies in the same array.
	from := uintptr(old) - base
	if oldSize > 0 && from < limit && uintptr(oldSize) <= limit-from {
		for i := uintptr(0); i < uintptr(min(oldSize, size)); i++ {
			*(*byte)(unsafe.Add(area, start+i)) = *(*byte)(unsafe.Add(area, from+i))
		}
	}
	return uint32(base + start)
}

// memory returns the data that the host put into scratch.
func memory(address, size uint32) []byte {
	if size == 0 {
		return nil
	}
	start := uintptr(address) - uintptr(unsafe.Pointer(&scratch))
	return scratch[start:][:size:size]
}
