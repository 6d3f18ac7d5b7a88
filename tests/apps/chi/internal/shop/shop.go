// Package shop is a web site with a JSON API.
package shop

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/sessions"
)

type shop struct {
	settings Settings
	sessions *sessions.CookieStore
	assets   *assets
	token    string
	requests atomic.Int64

	lock  sync.Mutex
	items map[int]item
}

// New returns the site.
func New(settings Settings) http.Handler {
	s := &shop{
		settings: settings,
		sessions: sessions.NewCookieStore([]byte(settings.SecretKey)),
		assets:   newAssets(),
		token:    newToken(),
		items:    map[int]item{},
	}
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.GetHead, middleware.Compress(5), middleware.Timeout(time.Minute))
	s.pages(r)
	s.api(r)
	s.files(r)
	s.diagnostics(r)
	return r
}
