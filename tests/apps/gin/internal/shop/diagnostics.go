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

	"github.com/gin-gonic/gin"
)

func (s *shop) diagnostics(r *gin.Engine) {
	r.GET("/variable", s.variable)
	r.GET("/secret", s.secret)
	r.GET("/boom", func(*gin.Context) { panic(errors.New("boom")) })
	r.GET("/boom-late", boomLate)
	r.GET("/abort", func(c *gin.Context) { c.AbortWithStatus(http.StatusTeapot) })
	r.GET("/slow", slow)
	r.GET("/background", background)
	r.GET("/log", log)
	r.GET("/time", zone)
	r.GET("/random", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"token": newToken(), "at_import": s.token}) })
	r.GET("/counter", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"count": s.requests.Add(1)}) })
}

// variable shows the greeting that the program has read at its start, and the one of now.
func (s *shop) variable(c *gin.Context) {
	var now any
	if greeting, ok := os.LookupEnv("GREETING"); ok {
		now = greeting
	}
	c.JSON(http.StatusOK, gin.H{"greeting": s.settings.Greeting, "now": now})
}

func (s *shop) secret(c *gin.Context) {
	sum := sha256.Sum256([]byte(s.settings.SecretKey))
	c.JSON(http.StatusOK, gin.H{"sha256": hex.EncodeToString(sum[:])})
}

func boomLate(c *gin.Context) {
	_, _ = fmt.Fprintln(c.Writer, "line 0")
	c.Writer.Flush()
	panic(errors.New("boom"))
}

func slow(c *gin.Context) {
	milliseconds, err := strconv.Atoi(c.DefaultQuery("ms", "100"))
	if err != nil {
		c.AbortWithStatus(http.StatusBadRequest)
		return
	}
	select {
	case <-time.After(time.Duration(milliseconds) * time.Millisecond):
		c.JSON(http.StatusOK, gin.H{"slept": milliseconds})
	case <-c.Request.Context().Done():
	}
}

func background(c *gin.Context) {
	slog.Info("background: done")
	c.JSON(http.StatusOK, gin.H{"queued": true})
}

func log(c *gin.Context) {
	slog.Debug("a debug message")
	slog.Info("an info message")
	slog.Warn("a warning")
	c.JSON(http.StatusOK, gin.H{"logged": true})
}

func zone(c *gin.Context) {
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	_, offset := time.Date(2026, 7, 1, 0, 0, 0, 0, zone).Zone()
	c.JSON(http.StatusOK, gin.H{"zone": zone.String(), "offset": offset / 60})
}

func newToken() string {
	bytes := make([]byte, 16)
	_, _ = rand.Read(bytes)
	return hex.EncodeToString(bytes)
}
