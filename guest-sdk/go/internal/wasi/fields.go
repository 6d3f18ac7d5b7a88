//go:build wasip1

package wasi

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"unsafe"
)

// newFields hands a header to the host, in the order of its names. A field that the host does not take is left out, and
// told to refused.
func newFields(header http.Header, refused func(error)) uint32 {
	fields := fieldsNew()
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			if err := appendField(fields, name, value); err != nil {
				refused(err)
			}
		}
	}
	return fields
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

//go:wasmimport wasi:http/types@0.2.12 [method]fields.append
func fieldsAppend(self uint32, name, value string, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]fields.entries
func fieldsEntries(self uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]fields
func fieldsDrop(self uint32)
