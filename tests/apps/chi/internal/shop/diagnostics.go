package shop

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"
	_ "time/tzdata" // the component has no time zones of a system

	"github.com/go-chi/chi/v5"
)

func (s *shop) diagnostics(r chi.Router) {
	r.Get("/variable", s.variable)
	r.Get("/secret", s.secret)
	r.Get("/boom", func(http.ResponseWriter, *http.Request) { panic(errors.New("boom")) })
	r.Get("/boom-late", boomLate)
	r.Get("/abort", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "I'm a teapot", http.StatusTeapot) })
	r.Get("/slow", slow)
	r.Get("/background", background)
	r.Get("/log", log)
	r.Get("/time", zone)
	r.Get("/random", s.random)
	r.Get("/counter", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, map[string]int64{"count": s.requests.Add(1)})
	})
}

// variable shows the greeting that the program has read at its start, and the one of now.
func (s *shop) variable(w http.ResponseWriter, _ *http.Request) {
	var now any
	if greeting, ok := os.LookupEnv("GREETING"); ok {
		now = greeting
	}
	respond(w, http.StatusOK, map[string]any{"greeting": s.settings.Greeting, "now": now})
}

func (s *shop) secret(w http.ResponseWriter, _ *http.Request) {
	sum := sha256.Sum256([]byte(s.settings.SecretKey))
	respond(w, http.StatusOK, map[string]string{"sha256": hex.EncodeToString(sum[:])})
}

func boomLate(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintln(w, "line 0")
	_ = http.NewResponseController(w).Flush()
	panic(errors.New("boom"))
}

func slow(w http.ResponseWriter, r *http.Request) {
	milliseconds, err := strconv.Atoi(r.URL.Query().Get("ms"))
	if err != nil {
		milliseconds = 100
	}
	select {
	case <-time.After(time.Duration(milliseconds) * time.Millisecond):
		respond(w, http.StatusOK, map[string]int{"slept": milliseconds})
	case <-r.Context().Done():
	}
}

func background(w http.ResponseWriter, _ *http.Request) {
	slog.Info("background: done")
	respond(w, http.StatusOK, map[string]bool{"queued": true})
}

func log(w http.ResponseWriter, _ *http.Request) {
	slog.Debug("a debug message")
	slog.Info("an info message")
	slog.Warn("a warning")
	respond(w, http.StatusOK, map[string]bool{"logged": true})
}

func zone(w http.ResponseWriter, _ *http.Request) {
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, offset := time.Date(2026, 7, 1, 0, 0, 0, 0, zone).Zone()
	respond(w, http.StatusOK, map[string]any{"zone": zone.String(), "offset": offset / 60})
}

func (s *shop) random(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, map[string]string{"token": newToken(), "at_import": s.token})
}

func newToken() string {
	bytes := make([]byte, 16)
	_, _ = rand.Read(bytes)
	return hex.EncodeToString(bytes)
}
