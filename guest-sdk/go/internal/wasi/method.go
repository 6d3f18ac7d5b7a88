package wasi

import "slices"

// methods are the cases of the variant method that have a name, in their order (wit/deps/http.wit).
var methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// method reads the method at that place.
func (v view) method(at int) string {
	if which := int(v.byte(at)); which < len(methods) {
		return methods[which]
	}
	return v.string(at + 4)
}

// methodCase is a method as an argument: its case, and its text if it is not one of the named methods.
func methodCase(method string) (uint32, string) {
	if which := slices.Index(methods, method); which >= 0 {
		return uint32(which), ""
	}
	return uint32(len(methods)), method
}
