package guest

import (
	"net/http"
	"slices"
	"strings"
)

// concernsConnection reports whether a field concerns one connection. The host refuses such fields, because it owns the
// connection (RFC 9110, section 7.6.1). The name is canonical.
func concernsConnection(name string) bool {
	switch name {
	case "Connection", "Host", "Http2-Settings", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

var oneLine = strings.NewReplacer("\n", " ", "\r", " ")

// carried returns a copy of the header for the host: without the fields that concern the connection, and without line
// breaks in its values.
func carried(header http.Header) http.Header {
	// A few more are added before it is sent.
	copied := make(http.Header, len(header)+2)
	for name, values := range header {
		if len(values) > 0 && !concernsConnection(name) {
			copied[name] = inOneLine(values)
		}
	}
	return copied
}

// inOneLine returns the values without line breaks.
func inOneLine(values []string) []string {
	broken := func(value string) bool {
		return strings.IndexByte(value, '\n') >= 0 || strings.IndexByte(value, '\r') >= 0
	}
	if !slices.ContainsFunc(values, broken) {
		return slices.Clone(values)
	}
	lines := make([]string, 0, len(values))
	for _, value := range values {
		lines = append(lines, oneLine.Replace(value))
	}
	return lines
}

// elements returns the elements of a field that is a list (RFC 9110, section 5.6.1).
func elements(header http.Header, name string) []string {
	var elements []string
	for _, value := range header[name] {
		for element := range strings.SplitSeq(value, ",") {
			if element = strings.TrimSpace(element); element != "" {
				elements = append(elements, element)
			}
		}
	}
	return elements
}
