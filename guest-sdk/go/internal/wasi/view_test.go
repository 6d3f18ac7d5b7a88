package wasi

import (
	"encoding/binary"
	"net/http"
	"reflect"
	"testing"
)

// A memory in which strings get addresses, as the host gives them.
type testMemory struct{ bytes []byte }

// put returns where text lies, as a result holds it.
func (m *testMemory) put(text string) []byte {
	place := binary.LittleEndian.AppendUint32(nil, uint32(len(m.bytes)))
	m.bytes = append(m.bytes, text...)
	return binary.LittleEndian.AppendUint32(place, uint32(len(text)))
}

func (m *testMemory) view(area []byte) view {
	return view{area: area, memory: func(address, size uint32) []byte { return m.bytes[address:][:size] }}
}

// areaOf is a return area of 56 bytes in which these parts lie at these places.
func areaOf(parts map[int][]byte) []byte {
	area := make([]byte, 56)
	for at, part := range parts {
		copy(area[at:], part)
	}
	return area
}

func TestErrorCodes(t *testing.T) {
	var memory testMemory
	text := memory.put("no such name")
	number := func(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
	cases := []struct {
		which byte
		parts map[int][]byte // the payload's places are counted from the error-code's
		want  string
	}{
		{0, nil, "wasi:http: DNS-timeout"},
		{1, map[int][]byte{8: {1}, 12: text}, "wasi:http: DNS-error: no such name"},
		{6, map[int][]byte{8: {1}, 12: text}, "wasi:http: connection-refused"},
		{14, map[int][]byte{8: {1, 40}, 12: {1}, 16: text}, "wasi:http: TLS-alert-received: no such name"},
		{15, nil, "wasi:http: HTTP-request-denied"},
		{17, map[int][]byte{8: {1}, 16: number(1 << 40)}, "wasi:http: HTTP-request-body-size: 1099511627776 bytes"},
		{17, map[int][]byte{16: number(1)}, "wasi:http: HTTP-request-body-size"},
		{21, map[int][]byte{8: {1}, 12: number(9)}, "wasi:http: HTTP-request-header-section-size: 9 bytes"},
		{22, map[int][]byte{8: {1}, 12: {1}, 16: text, 24: {1}, 28: number(7)},
			"wasi:http: HTTP-request-header-size: no such name (7 bytes)"},
		{27, map[int][]byte{20: {1}, 24: number(7)}, "wasi:http: HTTP-response-header-size: (7 bytes)"},
		{38, map[int][]byte{8: {1}, 12: text}, "wasi:http: internal-error: no such name"},
		{99, nil, "wasi:http: unknown error-code 99"},
	}
	for _, c := range cases {
		v := memory.view(areaOf(c.parts))
		v.area[0] = c.which
		if got := v.error(0).Error(); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
	if codes[responseIncomplete] != "HTTP-response-incomplete" {
		t.Error(codes[responseIncomplete])
	}
	if !(&Error{Code: "connection-timeout"}).Timeout() || (&Error{Code: "connection-refused"}).Timeout() {
		t.Error("timeouts are not told apart")
	}
}

func TestMethods(t *testing.T) {
	var memory testMemory
	for _, method := range []string{"GET", "PATCH", "PURGE", "get"} {
		which, other := methodCase(method)
		v := memory.view(areaOf(map[int][]byte{0: {byte(which)}, 4: memory.put(other)}))
		if got := v.method(0); got != method {
			t.Errorf("%s has become %s", method, got)
		}
	}
}

func TestAHeaderIsAListOfNamesAndValues(t *testing.T) {
	var memory testMemory
	var list []byte
	for _, text := range []string{"x-a", "1", "x-b", "", "X-A", "caf\xe9"} {
		list = append(list, memory.put(text)...)
	}
	// What is empty may be said to lie anywhere.
	binary.LittleEndian.PutUint32(list[24:], 1<<31)
	place := memory.put(string(list))
	// The list's length counts its elements.
	binary.LittleEndian.PutUint32(place[4:], uint32(len(list)/16))
	got := memory.view(areaOf(map[int][]byte{0: place})).header(0)
	if want := (http.Header{"X-A": {"1", "caf\xe9"}, "X-B": {""}}); !reflect.DeepEqual(got, want) {
		t.Error(got)
	}
}

func TestOptionalStrings(t *testing.T) {
	var memory testMemory
	v := memory.view(areaOf(map[int][]byte{0: {1}, 4: memory.put("there"), 16: {0}, 20: memory.put("not")}))
	if v.optionalString(0) != "there" || v.optionalString(16) != "" {
		t.Error(v.optionalString(0), v.optionalString(16))
	}
}
