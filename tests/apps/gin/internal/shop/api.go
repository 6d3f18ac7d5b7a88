package shop

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"
)

type item struct {
	ID    int     `json:"id"`
	Name  string  `json:"name"`
	Price float64 `json:"price"`
}

// candidate is an item in a request's body, with gin's own validation.
type candidate struct {
	Name  string   `json:"name" binding:"required"`
	Price *float64 `json:"price" binding:"required,gte=0"`
}

func (s *shop) api(r *gin.Engine) {
	r.GET("/json", func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"name": "Zoë", "price": 1.5, "tags": []string{"a", "b"}, "none": nil})
	})
	r.POST("/json", receive)
	r.GET("/query", func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"a": c.QueryArray("a"), "b": c.Query("b")})
	})
	r.GET("/headers", headers)
	items := r.Group("/items")
	items.GET("", s.list)
	items.POST("", s.add)
	items.GET("/:id", s.show)
	items.PUT("/:id", s.change)
	items.DELETE("/:id", s.remove)
}

func receive(c *gin.Context) {
	var body any
	if err := c.ShouldBindJSON(&body); err != nil {
		c.JSON(http.StatusBadRequest, gin.H{"error": "the body is not JSON"})
		return
	}
	c.JSON(http.StatusOK, gin.H{"received": body})
}

func headers(c *gin.Context) {
	scheme := "http"
	if c.Request.TLS != nil {
		scheme = "https"
	}
	c.JSON(http.StatusOK, gin.H{"user_agent": c.Request.UserAgent(), "host": c.Request.Host, "scheme": scheme})
}

func (s *shop) list(c *gin.Context) {
	s.lock.Lock()
	defer s.lock.Unlock()
	items := make([]item, 0, len(s.items))
	for _, item := range s.items {
		items = append(items, item)
	}
	slices.SortFunc(items, func(a, b item) int { return a.ID - b.ID })
	c.JSON(http.StatusOK, gin.H{"items": items})
}

func (s *shop) add(c *gin.Context) {
	var body candidate
	if !valid(c, &body) {
		return
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	added := item{Name: body.Name, Price: *body.Price}
	for id := range s.items {
		added.ID = max(added.ID, id)
	}
	added.ID++
	s.items[added.ID] = added
	c.Header("Location", "/items/"+strconv.Itoa(added.ID))
	c.JSON(http.StatusCreated, added)
}

func (s *shop) show(c *gin.Context) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if found, ok := s.find(c); ok {
		c.JSON(http.StatusOK, found)
	}
}

func (s *shop) change(c *gin.Context) {
	s.lock.Lock()
	defer s.lock.Unlock()
	found, ok := s.find(c)
	if !ok {
		return
	}
	var body candidate
	if !valid(c, &body) {
		return
	}
	found.Name, found.Price = body.Name, *body.Price
	s.items[found.ID] = found
	c.JSON(http.StatusOK, found)
}

func (s *shop) remove(c *gin.Context) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if found, ok := s.find(c); ok {
		delete(s.items, found.ID)
		c.Status(http.StatusNoContent)
	}
}

// find returns the item of the path. It answers 404 if there is none.
func (s *shop) find(c *gin.Context) (item, bool) {
	id, err := strconv.Atoi(c.Param("id"))
	found, ok := s.items[id]
	if err != nil || !ok {
		c.JSON(http.StatusNotFound, gin.H{"error": "no such item"})
		return item{}, false
	}
	return found, true
}

// valid reads an item from a request's body. It answers 422 if the item is not valid.
func valid(c *gin.Context, body *candidate) bool {
	if err := c.ShouldBindJSON(body); err != nil {
		c.JSON(http.StatusUnprocessableEntity, gin.H{"error": err.Error()})
		return false
	}
	return true
}
