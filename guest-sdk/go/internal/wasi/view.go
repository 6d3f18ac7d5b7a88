package wasi

import "encoding/binary"

// A view is the result of a call in the layout of the canonical ABI: little-endian numbers, each aligned to its own
// size, a variant's case before its payload, and strings and lists as an address and a length.
type view struct {
	area   []byte
	memory func(address, size uint32) []byte
}

func (v view) byte(at int) byte     { return v.area[at] }
func (v view) uint32(at int) uint32 { return binary.LittleEndian.Uint32(v.area[at:]) }
func (v view) uint64(at int) uint64 { return binary.LittleEndian.Uint64(v.area[at:]) }

// bytes is the list<u8> whose address is at that place, not copied.
func (v view) bytes(at int) []byte { return v.memory(v.uint32(at), v.uint32(at+4)) }

// string is a copy of the string whose address is at that place.
func (v view) string(at int) string { return string(v.bytes(at)) }

// optionalString is an option<string>; empty if there is none.
func (v view) optionalString(at int) string {
	if v.byte(at) == 0 {
		return ""
	}
	return v.string(at + 4)
}

// count is how many elements the list at that place has.
func (v view) count(at int) int { return int(v.uint32(at + 4)) }

// element returns the element at an index of the list at that place, whose elements have that size.
func (v view) element(at, size, index int) view {
	return view{area: v.memory(v.uint32(at)+uint32(index*size), uint32(size)), memory: v.memory}
}
