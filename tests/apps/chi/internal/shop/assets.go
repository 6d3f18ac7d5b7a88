package shop

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed static
var staticFiles embed.FS

// assets serves embedded files, which have no time of their own, with an ETag and the time when the program started.
type assets struct{ started time.Time }

func newAssets() *assets { return &assets{time.Now()} }

func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, err := fs.ReadFile(staticFiles, path.Join("static", path.Clean("/"+r.URL.Path)))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(content)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	http.ServeContent(w, r, path.Base(r.URL.Path), a.started, bytes.NewReader(content))
}
