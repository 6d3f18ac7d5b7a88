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

	"github.com/gin-gonic/gin"
)

func (s *shop) files(r *gin.Engine) {
	assets := gin.WrapH(http.StripPrefix("/static", newAssets()))
	r.GET("/static/*path", assets)
	r.HEAD("/static/*path", assets)
	r.POST("/upload", upload)
	r.GET("/download", download)
	r.GET("/stream", stream)
	r.GET("/large", func(c *gin.Context) { c.String(http.StatusOK, strings.Repeat("0123456789", 60_000)) })
	r.POST("/large", measure)
	r.POST("/echo", func(c *gin.Context) { c.DataFromReader(http.StatusOK, -1, c.ContentType(), c.Request.Body, nil) })
}

func upload(c *gin.Context) {
	form, err := c.MultipartForm()
	if err != nil {
		c.JSON(http.StatusBadRequest, gin.H{"error": err.Error()})
		return
	}
	files := []gin.H{}
	for _, header := range form.File["files"] {
		size, sum, err := digest(header)
		if err != nil {
			c.JSON(http.StatusBadRequest, gin.H{"error": err.Error()})
			return
		}
		files = append(files, gin.H{"name": header.Filename, "size": size, "sha256": sum})
	}
	c.JSON(http.StatusOK, gin.H{"note": c.PostForm("note"), "files": files})
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

func download(c *gin.Context) {
	c.Header("Content-Type", "text/csv; charset=utf-8")
	c.Header("Content-Disposition", `attachment; filename="items.csv"`)
	_ = csv.NewWriter(c.Writer).WriteAll([][]string{{"id", "name"}, {"1", "cup"}})
}

func stream(c *gin.Context) {
	c.Header("Content-Type", "text/plain; charset=utf-8")
	number := 0
	c.Stream(func(w io.Writer) bool {
		_, _ = fmt.Fprintf(w, "line %d\n", number)
		number++
		return number < 5
	})
}

func measure(c *gin.Context) {
	hash := sha256.New()
	size, err := io.Copy(hash, c.Request.Body)
	if err != nil {
		c.JSON(http.StatusBadRequest, gin.H{"error": err.Error()})
		return
	}
	c.JSON(http.StatusOK, gin.H{"size": size, "sha256": hex.EncodeToString(hash.Sum(nil))})
}
