package preinit

import (
	"crypto/rand"
	numbers "math/rand/v2"
	"unsafe"
)

// A random is the generator behind math/rand, math/rand/v2 and the runtime's own numbers. crypto/rand has none: it asks
// the host. There is one generator, because there is one thread, and Go has no way to reseed it: so it is found in
// memory and overwritten. Its layout is that of internal/chacha8rand, which findRandom verifies first.
type random struct {
	buffer [32]uint64
	seed   [4]uint64
	// next is the index in buffer of the number that is returned next, below end.
	next, end, counter uint32
}

// renew replaces the buffered numbers, and the seed of the numbers after them.
func (r *random) renew() {
	// It does not fail: the program would end.
	rand.Read(unsafe.Slice((*byte)(unsafe.Pointer(r)), unsafe.Offsetof(r.next)))
}

// findRandom returns nil if there is no generator of that layout.
func findRandom() *random {
	// Two numbers that are returned one after the other are adjacent, unless the first is the last of the buffer.
	for range 3 {
		if found := findBehind(numbers.Uint64(), numbers.Uint64()); found != nil {
			return found
		}
	}
	return nil
}

// findBehind finds the generator whose last two numbers these were, among the variables, which lie below all that is
// allocated.
func findBehind(first, second uint64) *random {
	const lowest = 4096
	highest := uintptr(unsafe.Pointer(new([64]byte)))
	for address := uintptr(lowest); address < highest; address += 8 {
		pair := (*[2]uint64)(unsafe.Add(nil, address))
		if pair[0] != first || pair[1] != second {
			continue
		}
		for place := uint32(0); place < 31; place++ {
			found := (*random)(unsafe.Add(nil, address-uintptr(8*place)))
			if found.next == place+2 && found.gives() {
				return found
			}
		}
	}
	return nil
}

// gives reports whether the buffered numbers are those that are returned.
func (r *random) gives() bool {
	if r.next >= r.end || int(r.end) > len(r.buffer) {
		return false
	}
	place, before := r.next, r.buffer[r.next]
	r.buffer[place] = ^before
	if numbers.Uint64() == ^before {
		return true
	}
	r.buffer[place] = before
	return false
}
