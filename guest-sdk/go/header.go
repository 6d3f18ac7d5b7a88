package guest

import (
	"net/http"
	"strings"
)

// connectionFields concern one connection, which is the host's affair: it refuses them (RFC 9110, section 7.6.1).
var connectionFields = []string{
	"Connection", "Host", "Http2-Settings", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade",
}

var oneLine = strings.NewReplacer("\n", " ", "\r", " ")

// carried is a copy of the header as it goes to the host: without the fields that concern the connection, and without line
// breaks in its values.
func carried(header http.Header) http.Header {
	copied := make(http.Header, len(header))
	for name, values := range header {
		for _, value := range values {
			copied[name] = append(copied[name], oneLine.Replace(value))
		}
	}
	for _, name := range connectionFields {
		copied.Del(name)
	}
	return copied
}

// elements are the elements of a field that is a list (RFC 9110, section 5.6.1).
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
