package guest

import (
	"context"
	"net/http"
	"reflect"
	"testing"
)

func named(host string) func() string { return func() string { return host } }

func TestARequestIsWhatNetHTTPWouldMakeOfIt(t *testing.T) {
	header := http.Header{
		"Host":                {"shop.example:8443"},
		"Content-Length":      {"12"},
		"Trailer":             {"x-sum, X-Other"},
		"X-Funcserver-Client": {"2001:db8::7"},
		"X-A":                 {"1", "2"},
	}
	r, err := newRequest(context.Background(), line{"POST", "/a%2Fb?x=1&x=2", named("other.example"), true}, header)
	if err != nil {
		t.Fatal(err)
	}
	if r.Method != "POST" || r.RequestURI != "/a%2Fb?x=1&x=2" || r.URL.Path != "/a/b" || r.URL.RawQuery != "x=1&x=2" {
		t.Errorf("%s %s %v", r.Method, r.RequestURI, r.URL)
	}
	if r.Host != "shop.example:8443" || r.RemoteAddr != "[2001:db8::7]:0" || r.ContentLength != 12 {
		t.Errorf("%s %s %d", r.Host, r.RemoteAddr, r.ContentLength)
	}
	if r.TLS == nil || r.TLS.ServerName != "shop.example" {
		t.Error(r.TLS)
	}
	if want := (http.Header{"X-Sum": nil, "X-Other": nil}); !reflect.DeepEqual(r.Trailer, want) {
		t.Error(r.Trailer)
	}
	if header.Get("Host") != "" || header.Get("Trailer") != "" || len(header["X-A"]) != 2 {
		t.Error(header)
	}
	merge(r.Trailer)(http.Header{"X-Sum": {"3"}})
	if r.Trailer.Get("X-Sum") != "3" {
		t.Error(r.Trailer)
	}
}

func TestARequestThatSaysLittle(t *testing.T) {
	r, err := newRequest(context.Background(), line{method: "GET", target: "*", authority: named("shop.example")}, http.Header{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Host != "shop.example" || r.RemoteAddr != "" || r.ContentLength != -1 || r.TLS != nil || r.Trailer != nil || merge(r.Trailer) != nil {
		t.Errorf("%+v", r)
	}
}

func TestARequestThatIsInvalid(t *testing.T) {
	for _, target := range []string{"", "a", "/%zz", "/a b\x7f"} {
		if _, err := newRequest(context.Background(), line{method: "GET", target: target, authority: named("")}, http.Header{}); err == nil {
			t.Errorf("%q is taken", target)
		}
	}
	for _, length := range []string{"-1", "+1", "1x", "1, 1", "99999999999999999999"} {
		header := http.Header{"Content-Length": {length}}
		if _, err := newRequest(context.Background(), line{method: "GET", target: "/", authority: named("")}, header); err == nil {
			t.Errorf("%q is taken", length)
		}
	}
}
