package main

import (
	"fmt"
	"html"
	"net/http"
	"strings"
)

const home = "<p>This page was made by a WebAssembly component.</p>\n" +
	"<p>See also <a href=\"/headers\">what it saw of your request</a>.</p>\n"

var (
	products = list("Kettle", "Teapot", "Cup")
	articles = list("How to boil water", "How long tea should steep", "Milk first?")
)

// page writes a page with that title and content.
func page(title, content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, layout, title, content)
	}
}

const layout = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>%[1]s</title></head>
<body>
<nav><a href="/">Home</a> <a href="/products">Products</a> <a href="/articles">Articles</a></nav>
<h1>%[1]s</h1>
%[2]s</body>
</html>
`

func list(items ...string) string {
	var text strings.Builder
	text.WriteString("<ul>\n")
	for _, item := range items {
		_, _ = fmt.Fprintf(&text, "<li>%s</li>\n", html.EscapeString(item))
	}
	text.WriteString("</ul>\n")
	return text.String()
}
