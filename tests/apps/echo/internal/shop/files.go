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

	"github.com/labstack/echo/v4"
)

func (s *shop) files(e *echo.Echo) {
	assets := echo.WrapHandler(http.StripPrefix("/static", newAssets()))
	e.GET("/static/*", assets)
	e.HEAD("/static/*", assets)
	e.POST("/upload", upload)
	e.GET("/download", download)
	e.GET("/stream", stream)
	e.GET("/large", func(c echo.Context) error {
		return c.String(http.StatusOK, strings.Repeat("0123456789", 60_000))
	})
	e.POST("/large", measure)
	e.POST("/echo", func(c echo.Context) error {
		return c.Stream(http.StatusOK, c.Request().Header.Get(echo.HeaderContentType), c.Request().Body)
	})
}

func upload(c echo.Context) error {
	form, err := c.MultipartForm()
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, err.Error())
	}
	files := []map[string]any{}
	for _, header := range form.File["files"] {
		size, sum, err := digest(header)
		if err != nil {
			return err
		}
		files = append(files, map[string]any{"name": header.Filename, "size": size, "sha256": sum})
	}
	return c.JSON(http.StatusOK, map[string]any{"note": c.FormValue("note"), "files": files})
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

func download(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="items.csv"`)
	return csv.NewWriter(c.Response()).WriteAll([][]string{{"id", "name"}, {"1", "cup"}})
}

func stream(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderContentType, "text/plain; charset=utf-8")
	for number := range 5 {
		if _, err := fmt.Fprintf(c.Response(), "line %d\n", number); err != nil {
			return err
		}
		c.Response().Flush()
	}
	return nil
}

func measure(c echo.Context) error {
	hash := sha256.New()
	size, err := io.Copy(hash, c.Request().Body)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"size": size, "sha256": hex.EncodeToString(hash.Sum(nil))})
}
