//go:build wasip1

package wasi

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"unsafe"
)

// A field is an element of the list that fields are made of: the addresses and lengths of its name and its value.
type field struct {
	name, nameLength, value, valueLength uint32
}

// newFields hands a header to the host, in the order of its names. A field that the host does not take is left out, and
// told to refused.
func newFields(header http.Header, refused func(error)) uint32 {
	// Room for most headers without the heap.
	names := make([]string, 0, 16)
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	list := make([]field, 0, 16)
	for _, name := range names {
		for _, value := range header[name] {
			list = append(list, field{address(name), uint32(len(name)), address(value), uint32(len(value))})
		}
	}
	fields, ok := fieldsOf(list)
	// The list has addresses, which keep nothing.
	runtime.KeepAlive(header)
	if ok {
		return fields
	}
	fields = fieldsNew()
	for _, name := range names {
		for _, value := range header[name] {
			if err := appendField(fields, name, value); err != nil {
				refused(err)
			}
		}
	}
	return fields
}

func address(text string) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.StringData(text)))) }

// fieldsOf are the fields of a list; false if the host does not take one of them.
func fieldsOf(list []field) (uint32, bool) {
	fieldsFromList(unsafe.Pointer(unsafe.SliceData(list)), uint32(len(list)), begin())
	defer end()
	v := result()
	return v.uint32(4), v.byte(0) == 0
}

func appendField(fields uint32, name, value string) error {
	fieldsAppend(fields, name, value, begin())
	defer end()
	v := result()
	if v.byte(0) == 0 {
		return nil
	}
	reasons := [...]string{"its syntax is invalid", "the host forbids it", "the fields are immutable"}
	return fmt.Errorf("the header field %q was left out: %s", name, reasons[min(int(v.byte(1)), len(reasons)-1)])
}

// takeFields copies the host's fields, and drops them.
func takeFields(fields uint32) http.Header {
	defer fieldsDrop(fields)
	fieldsEntries(fields, begin())
	defer end()
	return result().header(0)
}

//go:wasmimport wasi:http/types@0.2.12 [constructor]fields
func fieldsNew() uint32

//go:wasmimport wasi:http/types@0.2.12 [static]fields.from-list
//go:noescape
func fieldsFromList(list unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]fields.append
func fieldsAppend(self uint32, name, value string, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]fields.entries
func fieldsEntries(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]fields
func fieldsDrop(self uint32)
