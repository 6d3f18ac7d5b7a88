package main

import (
	"embed"
	"encoding/json"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

//go:embed templates static
var files embed.FS

// Package variables are initialised when the component is compiled, so no instance parses the templates.
var (
	homePage     = page("home.html")
	productsPage = page("products.html")
)

type product struct {
	Name  string  `json:"name"`
	Price float64 `json:"price"`
}

var products = []product{{"Kettle", 25}, {"Teapot", 18.5}, {"Cup", 4.5}}

func newSite() http.Handler {
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic(err)
	}
	r := chi.NewRouter()
	r.Use(middleware.GetHead)
	r.Get("/", func(w http.ResponseWriter, _ *http.Request) { render(w, homePage, nil) })
	r.Get("/products", func(w http.ResponseWriter, _ *http.Request) { render(w, productsPage, products) })
	r.Get("/api/products", func(w http.ResponseWriter, _ *http.Request) { respond(w, products) })
	r.Handle("/static/*", http.StripPrefix("/static", http.FileServerFS(static)))
	return r
}

func page(name string) *template.Template {
	return template.Must(template.ParseFS(files, "templates/base.html", "templates/"+name))
}

func render(w http.ResponseWriter, page *template.Template, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.ExecuteTemplate(w, "base.html", data); err != nil {
		slog.Error("cannot render a page", "error", err)
	}
}

func respond(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		slog.Error("cannot encode", "error", err)
	}
}
