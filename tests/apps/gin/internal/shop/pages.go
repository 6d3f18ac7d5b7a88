package shop

import (
	"net/http"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
)

func (s *shop) pages(r *gin.Engine) {
	home := func(c *gin.Context) { c.HTML(http.StatusOK, "home.html", nil) }
	r.GET("/", home)
	r.HEAD("/", home)
	r.GET("/hello/:name", func(c *gin.Context) { c.String(http.StatusOK, "Hello, %s!", c.Param("name")) })
	r.GET("/template", func(c *gin.Context) { c.HTML(http.StatusOK, "hello.html", c.Query("name")) })
	r.GET("/form", func(c *gin.Context) { c.HTML(http.StatusOK, "form.html", nil) })
	r.POST("/form", func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"name": c.PostForm("name"), "color": c.PostForm("color")})
	})
	r.GET("/cookie", cookies)
	r.GET("/session", count)
	r.GET("/redirect", func(c *gin.Context) { c.Redirect(http.StatusFound, "/hello/redirected") })
}

func cookies(c *gin.Context) {
	found := gin.H{}
	for _, cookie := range c.Request.Cookies() {
		found[cookie.Name] = cookie.Value
	}
	c.SetCookie("seen", "yes", 0, "/", "", false, true)
	c.SetCookie("theme", "dark", 0, "/", "", false, false)
	c.JSON(http.StatusOK, gin.H{"cookies": found})
}

// count keeps its number in a signed cookie. A cookie that was tampered with counts as none.
func count(c *gin.Context) {
	session := sessions.Default(c)
	count, _ := session.Get("count").(int)
	session.Set("count", count+1)
	if err := session.Save(); err != nil {
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	c.JSON(http.StatusOK, gin.H{"count": count + 1})
}
