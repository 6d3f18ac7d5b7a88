package wasi

import (
	"fmt"
	"strings"
)

// An Error is an error-code of wasi:http/types: why a request was not answered, or a body not carried.
type Error struct {
	// Code is the name in the WIT file, such as "HTTP-request-denied" or "connection-refused".
	Code string
	// Detail is the host's explanation, for people; often empty.
	Detail string
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return "wasi:http: " + e.Code
	}
	return "wasi:http: " + e.Code + ": " + e.Detail
}

// Timeout reports whether the request timed out, as a [net.Error] does.
func (e *Error) Timeout() bool { return strings.HasSuffix(e.Code, "-timeout") }

// codes are the cases of error-code, in their order (wit/deps/http.wit).
var codes = [...]string{
	"DNS-timeout",
	"DNS-error",
	"destination-not-found",
	"destination-unavailable",
	"destination-IP-prohibited",
	"destination-IP-unroutable",
	"connection-refused",
	"connection-terminated",
	"connection-timeout",
	"connection-read-timeout",
	"connection-write-timeout",
	"connection-limit-reached",
	"TLS-protocol-error",
	"TLS-certificate-error",
	"TLS-alert-received",
	"HTTP-request-denied",
	"HTTP-request-length-required",
	"HTTP-request-body-size",
	"HTTP-request-method-invalid",
	"HTTP-request-URI-invalid",
	"HTTP-request-URI-too-long",
	"HTTP-request-header-section-size",
	"HTTP-request-header-size",
	"HTTP-request-trailer-section-size",
	"HTTP-request-trailer-size",
	"HTTP-response-incomplete",
	"HTTP-response-header-section-size",
	"HTTP-response-header-size",
	"HTTP-response-body-size",
	"HTTP-response-trailer-section-size",
	"HTTP-response-trailer-size",
	"HTTP-response-transfer-coding",
	"HTTP-response-content-coding",
	"HTTP-response-timeout",
	"HTTP-upgrade-failed",
	"HTTP-protocol-error",
	"loop-detected",
	"configuration-error",
	"internal-error",
}

// responseIncomplete is the place of HTTP-response-incomplete in codes.
const responseIncomplete = 25

// error reads the error-code at that place, which is aligned to 8 and has 32 bytes: the case, and its payload at 8.
func (v view) error(at int) *Error {
	which := int(v.byte(at))
	if which >= len(codes) {
		return &Error{Code: fmt.Sprintf("unknown error-code %d", which)}
	}
	return &Error{Code: codes[which], Detail: v.detail(codes[which], at+8)}
}

// detail reads the payload of those cases that have one.
func (v view) detail(code string, at int) string {
	switch code {
	case "DNS-error":
		return v.optionalString(at)
	case "TLS-alert-received":
		// The alert's number comes first, an option<u8>.
		return v.optionalString(at + 4)
	case "HTTP-response-transfer-coding", "HTTP-response-content-coding", "internal-error":
		return v.optionalString(at)
	case "HTTP-request-body-size", "HTTP-response-body-size":
		if v.byte(at) == 1 {
			return fmt.Sprintf("%d bytes", v.uint64(at+8))
		}
	case "HTTP-request-header-section-size", "HTTP-request-trailer-section-size",
		"HTTP-response-header-section-size", "HTTP-response-trailer-section-size":
		if v.byte(at) == 1 {
			return fmt.Sprintf("%d bytes", v.uint32(at+4))
		}
	case "HTTP-request-header-size":
		if v.byte(at) == 1 {
			return v.field(at + 4)
		}
	case "HTTP-request-trailer-size", "HTTP-response-header-size", "HTTP-response-trailer-size":
		return v.field(at)
	}
	return ""
}

// field reads a field-size-payload: name and size, each optional.
func (v view) field(at int) string {
	text := v.optionalString(at)
	if v.byte(at+12) == 1 {
		text += fmt.Sprintf(" (%d bytes)", v.uint32(at+16))
	}
	return strings.TrimSpace(text)
}
