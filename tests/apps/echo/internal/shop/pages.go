package shop

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"
)

func (s *shop) pages(e *echo.Echo) {
	home := func(c echo.Context) error { return c.Render(http.StatusOK, "home.html", nil) }
	e.GET("/", home)
	e.HEAD("/", home)
	e.GET("/hello/:name", hello)
	e.GET("/template", func(c echo.Context) error { return c.Render(http.StatusOK, "hello.html", c.QueryParam("name")) })
	e.GET("/form", func(c echo.Context) error { return c.Render(http.StatusOK, "form.html", nil) })
	e.POST("/form", func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]string{"name": c.FormValue("name"), "color": c.FormValue("color")})
	})
	e.GET("/cookie", cookies)
	e.GET("/session", s.count)
	e.GET("/redirect", func(c echo.Context) error { return c.Redirect(http.StatusFound, "/hello/redirected") })
}

func hello(c echo.Context) error {
	// echo matches the path as the client sent it if that differs from the usual encoding.
	name := c.Param("name")
	if c.Request().URL.RawPath != "" {
		decoded, err := url.PathUnescape(name)
		if err != nil {
			return echo.ErrBadRequest
		}
		name = decoded
	}
	return c.String(http.StatusOK, fmt.Sprintf("Hello, %s!", name))
}

func cookies(c echo.Context) error {
	found := map[string]string{}
	for _, cookie := range c.Cookies() {
		found[cookie.Name] = cookie.Value
	}
	c.SetCookie(&http.Cookie{Name: "seen", Value: "yes", Path: "/", HttpOnly: true})
	c.SetCookie(&http.Cookie{Name: "theme", Value: "dark", Path: "/"})
	return c.JSON(http.StatusOK, map[string]any{"cookies": found})
}

// count keeps its number in a signed cookie. A cookie that was tampered with counts as none.
func (s *shop) count(c echo.Context) error {
	session, _ := s.sessions.Get(c.Request(), "session")
	count, _ := session.Values["count"].(int)
	session.Values["count"] = count + 1
	if err := session.Save(c.Request(), c.Response()); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]int{"count": count + 1})
}
