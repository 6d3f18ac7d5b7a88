package shop

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
)

// maxUpload is how much of a form is kept in memory. A component has a folder for the rest only with guest.tmp.
const maxUpload = 8 << 20

func (s *shop) files(r chi.Router) {
	r.Handle("/static/*", http.StripPrefix("/static", s.assets))
	r.Post("/upload", upload)
	r.Get("/download", download)
	r.Get("/stream", stream)
	r.Get("/large", func(w http.ResponseWriter, _ *http.Request) { text(w, strings.Repeat("0123456789", 60_000)) })
	r.Post("/large", measure)
	r.Post("/echo", echo)
}

func upload(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(maxUpload); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	files := []any{}
	for _, header := range r.MultipartForm.File["files"] {
		size, sum, err := digest(header)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		files = append(files, map[string]any{"name": header.Filename, "size": size, "sha256": sum})
	}
	respond(w, http.StatusOK, map[string]any{"note": r.FormValue("note"), "files": files})
}

func digest(header *multipart.FileHeader) (int64, string, error) {
	file, err := header.Open()
	if err != nil {
		return 0, "", err
	}
	defer file.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	return size, hex.EncodeToString(hash.Sum(nil)), err
}

func download(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="items.csv"`)
	_ = csv.NewWriter(w).WriteAll([][]string{{"id", "name"}, {"1", "cup"}})
}

func stream(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for number := range 5 {
		_, _ = fmt.Fprintf(w, "line %d\n", number)
		_ = http.NewResponseController(w).Flush()
	}
}

func measure(w http.ResponseWriter, r *http.Request) {
	hash := sha256.New()
	size, err := io.Copy(hash, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	respond(w, http.StatusOK, map[string]any{"size": size, "sha256": hex.EncodeToString(hash.Sum(nil))})
}

func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	_, _ = io.Copy(w, r.Body)
}
