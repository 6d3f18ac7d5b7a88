package wasi

import "net/http"

// header copies the list of names and values at that place.
func (v view) header(at int) http.Header {
	entries := v.elements(at, 16)
	header := make(http.Header, len(entries))
	for _, entry := range entries {
		header.Add(entry.string(0), entry.string(8))
	}
	return header
}
