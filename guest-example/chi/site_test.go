package main

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRoutes(t *testing.T) {
	for _, c := range []struct {
		path, kind, part string
	}{
		{"/", "text/html", "<h1>Shop</h1>"},
		{"/products", "text/html", "<li>Teapot</li>"},
		{"/api/products", "application/json", `{"name":"Cup","price":4.5}`},
		{"/static/style.css", "text/css", "font-family"},
	} {
		w := httptest.NewRecorder()
		newSite().ServeHTTP(w, httptest.NewRequest("GET", c.path, nil))
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), c.kind) || !strings.Contains(w.Body.String(), c.part) {
			t.Errorf("%s: %d %v %s", c.path, w.Code, w.Header(), w.Body)
		}
	}
}

func TestThereIsNoSuchPage(t *testing.T) {
	w := httptest.NewRecorder()
	newSite().ServeHTTP(w, httptest.NewRequest("GET", "/nothing", nil))
	if w.Code != 404 {
		t.Error(w.Code)
	}
}
