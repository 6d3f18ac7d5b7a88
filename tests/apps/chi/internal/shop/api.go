package shop

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"
)

type item struct {
	ID    int     `json:"id"`
	Name  string  `json:"name"`
	Price float64 `json:"price"`
}

func (s *shop) api(r chi.Router) {
	r.Get("/json", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, map[string]any{"name": "Zoë", "price": 1.5, "tags": []string{"a", "b"}, "none": nil})
	})
	r.Post("/json", receive)
	r.Get("/query", query)
	r.Get("/headers", headers)
	r.Route("/items", func(r chi.Router) {
		r.Get("/", s.list)
		r.Post("/", s.add)
		r.Get("/{id:[0-9]+}", s.show)
		r.Put("/{id:[0-9]+}", s.change)
		r.Delete("/{id:[0-9]+}", s.remove)
	})
}

func respond(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(value); err != nil {
		slog.Error("cannot encode", "error", err)
	}
}

func receive(w http.ResponseWriter, r *http.Request) {
	var body any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, "the body is not JSON", http.StatusBadRequest)
		return
	}
	respond(w, http.StatusOK, map[string]any{"received": body})
}

func query(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	respond(w, http.StatusOK, map[string]any{"a": values["a"], "b": values.Get("b")})
}

func headers(w http.ResponseWriter, r *http.Request) {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	respond(w, http.StatusOK, map[string]string{"user_agent": r.UserAgent(), "host": r.Host, "scheme": scheme})
}

func (s *shop) list(w http.ResponseWriter, _ *http.Request) {
	s.lock.Lock()
	defer s.lock.Unlock()
	items := make([]item, 0, len(s.items))
	for _, item := range s.items {
		items = append(items, item)
	}
	slices.SortFunc(items, func(a, b item) int { return a.ID - b.ID })
	respond(w, http.StatusOK, map[string]any{"items": items})
}

func (s *shop) add(w http.ResponseWriter, r *http.Request) {
	added, ok := valid(w, r)
	if !ok {
		return
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	for id := range s.items {
		added.ID = max(added.ID, id)
	}
	added.ID++
	s.items[added.ID] = added
	w.Header().Set("Location", "/items/"+strconv.Itoa(added.ID))
	respond(w, http.StatusCreated, added)
}

func (s *shop) show(w http.ResponseWriter, r *http.Request) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if found, ok := s.find(w, r); ok {
		respond(w, http.StatusOK, found)
	}
}

func (s *shop) change(w http.ResponseWriter, r *http.Request) {
	s.lock.Lock()
	defer s.lock.Unlock()
	found, ok := s.find(w, r)
	if !ok {
		return
	}
	changed, ok := valid(w, r)
	if !ok {
		return
	}
	changed.ID = found.ID
	s.items[found.ID] = changed
	respond(w, http.StatusOK, changed)
}

func (s *shop) remove(w http.ResponseWriter, r *http.Request) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if found, ok := s.find(w, r); ok {
		delete(s.items, found.ID)
		w.WriteHeader(http.StatusNoContent)
	}
}

// find returns the item of the path. It answers 404 if there is none.
func (s *shop) find(w http.ResponseWriter, r *http.Request) (item, bool) {
	id, err := strconv.Atoi(chi.URLParam(r, "id"))
	found, ok := s.items[id]
	if err != nil || !ok {
		http.NotFound(w, r)
		return item{}, false
	}
	return found, true
}

// valid returns the item in a request's body. It answers 422 if the item is not valid.
func valid(w http.ResponseWriter, r *http.Request) (item, bool) {
	var body struct {
		Name  string   `json:"name"`
		Price *float64 `json:"price"`
	}
	err := json.NewDecoder(r.Body).Decode(&body)
	if err != nil || body.Name == "" || body.Price == nil || *body.Price < 0 {
		http.Error(w, "an item has a name, and a price that is not negative", http.StatusUnprocessableEntity)
		return item{}, false
	}
	return item{Name: body.Name, Price: *body.Price}, true
}
