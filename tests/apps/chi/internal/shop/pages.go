package shop

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"
)

//go:embed templates
var templateFiles embed.FS

// Each page extends the layout.
var (
	homePage  = page("home.html")
	helloPage = page("hello.html")
	formPage  = page("form.html")
)

func page(name string) *template.Template {
	return template.Must(template.ParseFS(templateFiles, "templates/base.html", "templates/"+name))
}

func (s *shop) pages(r chi.Router) {
	r.Get("/", func(w http.ResponseWriter, _ *http.Request) { render(w, homePage, nil) })
	r.Get("/hello/{name}", hello)
	r.Get("/template", func(w http.ResponseWriter, r *http.Request) { render(w, helloPage, r.FormValue("name")) })
	r.Get("/form", func(w http.ResponseWriter, _ *http.Request) { render(w, formPage, nil) })
	r.Post("/form", submit)
	r.Get("/cookie", cookies)
	r.Get("/session", s.count)
	r.Get("/redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/hello/redirected", http.StatusFound)
	})
}

func render(w http.ResponseWriter, page *template.Template, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.ExecuteTemplate(w, "base.html", data); err != nil {
		slog.Error("cannot render", "page", page.Name(), "error", err)
	}
}

func hello(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "name")
	// chi matches the path as the client sent it if that differs from the usual encoding.
	if r.URL.RawPath != "" {
		decoded, err := url.PathUnescape(name)
		if err != nil {
			http.Error(w, "the path is not valid", http.StatusBadRequest)
			return
		}
		name = decoded
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(w, "Hello, %s!", name)
}

func submit(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	respond(w, http.StatusOK, map[string]string{"name": r.PostForm.Get("name"), "color": r.PostForm.Get("color")})
}

func cookies(w http.ResponseWriter, r *http.Request) {
	found := map[string]string{}
	for _, cookie := range r.Cookies() {
		found[cookie.Name] = cookie.Value
	}
	http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes", Path: "/", HttpOnly: true})
	http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark", Path: "/"})
	respond(w, http.StatusOK, map[string]any{"cookies": found})
}

// count keeps its number in a signed cookie. A cookie that was tampered with counts as none.
func (s *shop) count(w http.ResponseWriter, r *http.Request) {
	session, _ := s.sessions.Get(r, "session")
	count, _ := session.Values["count"].(int)
	session.Values["count"] = count + 1
	if err := session.Save(r, w); err != nil {
		http.Error(w, "the session cannot be saved", http.StatusInternalServerError)
		return
	}
	respond(w, http.StatusOK, map[string]int{"count": count + 1})
}

func text(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, text)
}
