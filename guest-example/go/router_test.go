package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func answer(method, target, body string, headers map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	router().ServeHTTP(w, r)
	return w
}

func TestThePagesLinkToEachOther(t *testing.T) {
	for _, path := range []string{"/", "/products", "/articles?page=2"} {
		w := answer("GET", path, "", nil)
		if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		for _, link := range []string{`href="/"`, `href="/products"`, `href="/articles"`} {
			if !strings.Contains(w.Body.String(), link) {
				t.Errorf("%s has no %s", path, link)
			}
		}
	}
}

func TestEchoGivesBodyAndTypeBack(t *testing.T) {
	w := answer("POST", "/echo", "\xff\x00\xfe", map[string]string{"Content-Type": "image/png"})
	if w.Code != 200 || w.Header().Get("Content-Type") != "image/png" || w.Body.String() != "\xff\x00\xfe" {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body.String())
	}
	if w := answer("POST", "/echo", "", nil); w.Header().Get("Content-Type") != "application/octet-stream" {
		t.Error(w.Header())
	}
}

func TestAWrongMethodIsToldTheRightOnes(t *testing.T) {
	for _, c := range [][3]string{{"DELETE", "/", "GET, HEAD"}, {"GET", "/echo", "POST"}, {"HEAD", "/echo", "POST"}} {
		w := answer(c[0], c[1], "", nil)
		if w.Code != 405 || w.Header().Get("Allow") != c[2] {
			t.Errorf("%v: %d %v", c, w.Code, w.Header())
		}
	}
}

func TestWhatIsNotThereIs404(t *testing.T) {
	for _, path := range []string{"/nothing", "/products/1", "/echo/", "/products/", "/Products"} {
		if w := answer("GET", path, "", nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestHeadersShowsWhatTheHandlerSaw(t *testing.T) {
	w := answer("GET", "/headers?a=1&a=2", "", map[string]string{"X-Amzn-Lambda-Context": `{"request_id":"1"}`, "X-A": "b"})
	var seen seen
	if err := json.Unmarshal(w.Body.Bytes(), &seen); err != nil {
		t.Fatal(err)
	}
	if seen.Method != "GET" || seen.PathWithQuery != "/headers?a=1&a=2" || seen.Headers["x-a"][0] != "b" ||
		seen.Headers["host"][0] != "example.com" {
		t.Errorf("%+v", seen)
	}
	var context map[string]string
	if err := json.Unmarshal(seen.LambdaContext, &context); err != nil || context["request_id"] != "1" {
		t.Errorf("%s", seen.LambdaContext)
	}
	if w := answer("GET", "/headers", "", nil); !strings.Contains(w.Body.String(), `"lambda_context": null`) {
		t.Error(w.Body.String())
	}
}
