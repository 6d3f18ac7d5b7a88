package shop

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"
)

type item struct {
	ID    int     `json:"id"`
	Name  string  `json:"name"`
	Price float64 `json:"price"`
}

func (s *shop) api(e *echo.Echo) {
	e.GET("/json", func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]any{"name": "Zoë", "price": 1.5, "tags": []string{"a", "b"}, "none": nil})
	})
	e.POST("/json", receive)
	e.GET("/query", func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]any{"a": c.QueryParams()["a"], "b": c.QueryParam("b")})
	})
	e.GET("/headers", func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]string{
			"user_agent": c.Request().UserAgent(), "host": c.Request().Host, "scheme": c.Scheme(),
		})
	})
	items := e.Group("/items")
	items.GET("", s.list)
	items.POST("", s.add)
	items.GET("/:id", s.show)
	items.PUT("/:id", s.change)
	items.DELETE("/:id", s.remove)
}

func receive(c echo.Context) error {
	var body any
	if err := json.NewDecoder(c.Request().Body).Decode(&body); err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, "the body is not JSON")
	}
	return c.JSON(http.StatusOK, map[string]any{"received": body})
}

func (s *shop) list(c echo.Context) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	items := make([]item, 0, len(s.items))
	for _, item := range s.items {
		items = append(items, item)
	}
	slices.SortFunc(items, func(a, b item) int { return a.ID - b.ID })
	return c.JSON(http.StatusOK, map[string]any{"items": items})
}

func (s *shop) add(c echo.Context) error {
	added, err := valid(c)
	if err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	for id := range s.items {
		added.ID = max(added.ID, id)
	}
	added.ID++
	s.items[added.ID] = added
	c.Response().Header().Set("Location", "/items/"+strconv.Itoa(added.ID))
	return c.JSON(http.StatusCreated, added)
}

func (s *shop) show(c echo.Context) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	found, err := s.find(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, found)
}

func (s *shop) change(c echo.Context) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	found, err := s.find(c)
	if err != nil {
		return err
	}
	changed, err := valid(c)
	if err != nil {
		return err
	}
	changed.ID = found.ID
	s.items[found.ID] = changed
	return c.JSON(http.StatusOK, changed)
}

func (s *shop) remove(c echo.Context) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	found, err := s.find(c)
	if err != nil {
		return err
	}
	delete(s.items, found.ID)
	return c.NoContent(http.StatusNoContent)
}

// find returns the item of the path; an error of 404 if there is none.
func (s *shop) find(c echo.Context) (item, error) {
	id, err := strconv.Atoi(c.Param("id"))
	found, ok := s.items[id]
	if err != nil || !ok {
		return item{}, echo.ErrNotFound
	}
	return found, nil
}

// valid returns the item in a request's body; an error of 422 if it is not valid.
func valid(c echo.Context) (item, error) {
	var body struct {
		Name  string   `json:"name"`
		Price *float64 `json:"price"`
	}
	err := c.Bind(&body)
	if err != nil || body.Name == "" || body.Price == nil || *body.Price < 0 {
		return item{}, echo.NewHTTPError(http.StatusUnprocessableEntity, "an item has a name, and a price that is not negative")
	}
	return item{Name: body.Name, Price: *body.Price}, nil
}
