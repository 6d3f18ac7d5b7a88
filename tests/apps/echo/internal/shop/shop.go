// Package shop is a web site with a JSON API.
package shop

import (
	"embed"
	"html/template"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

//go:embed templates
var templateFiles embed.FS

type shop struct {
	settings Settings
	sessions *sessions.CookieStore
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
		token:    newToken(),
		items:    map[int]item{},
	}
	e := echo.New()
	e.Renderer = newPages()
	e.Use(middleware.RequestID(), middleware.Secure())
	s.pages(e)
	s.api(e)
	s.files(e)
	s.diagnostics(e)
	return e
}

// pages are the templates, each with the layout.
type pages map[string]*template.Template

func newPages() pages {
	pages := pages{}
	for _, name := range []string{"home.html", "hello.html", "form.html"} {
		pages[name] = template.Must(template.ParseFS(templateFiles, "templates/base.html", "templates/"+name))
	}
	return pages
}

// Render is of echo.Renderer.
func (p pages) Render(w io.Writer, name string, data any, _ echo.Context) error {
	return p[name].ExecuteTemplate(w, "base.html", data)
}
