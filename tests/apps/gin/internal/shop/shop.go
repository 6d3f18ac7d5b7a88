// Package shop is a web site with a JSON API.
package shop

import (
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/render"
)

//go:embed templates
var templateFiles embed.FS

type shop struct {
	settings Settings
	token    string
	requests atomic.Int64

	lock  sync.Mutex
	items map[int]item
}

// New returns the site.
func New(settings Settings) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	s := &shop{settings: settings, token: newToken(), items: map[int]item{}}
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.HTMLRender = newPages()
	r.Use(gin.CustomRecoveryWithWriter(nil, failed), sessions.Sessions("session", cookie.NewStore([]byte(settings.SecretKey))))
	s.pages(r)
	s.api(r)
	s.files(r)
	s.diagnostics(r)
	return r
}

// failed logs a panic as one record. A part of the answer that was sent cannot be taken back: it is broken off.
func failed(c *gin.Context, reason any) {
	slog.Error(fmt.Sprintf("panic: %v\n\n%s", reason, debug.Stack()), "path", c.Request.URL.Path)
	if c.Writer.Written() {
		panic(http.ErrAbortHandler)
	}
	c.AbortWithStatus(http.StatusInternalServerError)
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

// Instance is of gin's render.HTMLRender.
func (p pages) Instance(name string, data any) render.Render {
	return render.HTML{Template: p[name], Name: "base.html", Data: data}
}
