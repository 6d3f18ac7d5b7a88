package shop

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"
	_ "time/tzdata" // the component has no time zones of a system

	"github.com/labstack/echo/v4"
)

func (s *shop) diagnostics(e *echo.Echo) {
	e.GET("/variable", s.variable)
	e.GET("/secret", s.secret)
	e.GET("/boom", func(echo.Context) error { panic(errors.New("boom")) })
	e.GET("/boom-late", boomLate)
	e.GET("/abort", func(echo.Context) error { return echo.NewHTTPError(http.StatusTeapot) })
	e.GET("/slow", slow)
	e.GET("/background", background)
	e.GET("/log", log)
	e.GET("/time", zone)
	e.GET("/random", func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]string{"token": newToken(), "at_import": s.token})
	})
	e.GET("/counter", func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]int64{"count": s.requests.Add(1)})
	})
}

// variable shows the greeting that the program has read at its start, and the one of now.
func (s *shop) variable(c echo.Context) error {
	var now any
	if greeting, ok := os.LookupEnv("GREETING"); ok {
		now = greeting
	}
	return c.JSON(http.StatusOK, map[string]any{"greeting": s.settings.Greeting, "now": now})
}

func (s *shop) secret(c echo.Context) error {
	sum := sha256.Sum256([]byte(s.settings.SecretKey))
	return c.JSON(http.StatusOK, map[string]string{"sha256": hex.EncodeToString(sum[:])})
}

func boomLate(c echo.Context) error {
	_, _ = fmt.Fprintln(c.Response(), "line 0")
	c.Response().Flush()
	panic(errors.New("boom"))
}

func slow(c echo.Context) error {
	milliseconds, err := strconv.Atoi(c.QueryParam("ms"))
	if err != nil {
		milliseconds = 100
	}
	select {
	case <-time.After(time.Duration(milliseconds) * time.Millisecond):
		return c.JSON(http.StatusOK, map[string]int{"slept": milliseconds})
	case <-c.Request().Context().Done():
		return c.Request().Context().Err()
	}
}

func background(c echo.Context) error {
	slog.Info("background: done")
	return c.JSON(http.StatusOK, map[string]bool{"queued": true})
}

func log(c echo.Context) error {
	slog.Debug("a debug message")
	slog.Info("an info message")
	slog.Warn("a warning")
	return c.JSON(http.StatusOK, map[string]bool{"logged": true})
}

func zone(c echo.Context) error {
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		return err
	}
	_, offset := time.Date(2026, 7, 1, 0, 0, 0, 0, zone).Zone()
	return c.JSON(http.StatusOK, map[string]any{"zone": zone.String(), "offset": offset / 60})
}

func newToken() string {
	bytes := make([]byte, 16)
	_, _ = rand.Read(bytes)
	return hex.EncodeToString(bytes)
}
