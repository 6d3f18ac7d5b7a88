package shop

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
)

// client returns a browser, and the address of the site.
func client(t *testing.T) (*http.Client, string) {
	t.Helper()
	server := httptest.NewServer(New(Settings{SecretKey: "a key for tests", Greeting: "Hello"}))
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}, server.URL
}

func ask(t *testing.T, client *http.Client, method, url, contentType, body string) (int, string, http.Header) {
	t.Helper()
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(text)), response.Header
}

func TestPages(t *testing.T) {
	client, url := client(t)
	for _, c := range []struct {
		path   string
		status int
		part   string
	}{
		{"/", 200, "<h1>Shop</h1>"},
		{"/hello/Zo%C3%AB", 200, "Hello, Zoë!"},
		{"/template?name=%3Cb%3E", 200, "<p>Hello, &lt;b&gt;!</p>"},
		{"/nothing", 404, ""},
		{"/static/style.css", 200, "font-family"},
		{"/static/%2e%2e/shop.go", 404, ""},
	} {
		if status, text, _ := ask(t, client, "GET", url+c.path, "", ""); status != c.status || !strings.Contains(text, c.part) {
			t.Errorf("%s: %d %s", c.path, status, text)
		}
	}
}

func TestItems(t *testing.T) {
	client, url := client(t)
	if status, _, _ := ask(t, client, "POST", url+"/items", "application/json", `{"name":"","price":1}`); status != 422 {
		t.Error(status)
	}
	status, added, header := ask(t, client, "POST", url+"/items", "application/json", `{"name":"cup","price":4.5}`)
	if status != 201 {
		t.Fatal(status, added)
	}
	where := url + header.Get("Location")
	if _, found, _ := ask(t, client, "GET", where, "", ""); found != added {
		t.Errorf("%s is not %s", found, added)
	}
	if status, _, _ := ask(t, client, "DELETE", where, "", ""); status != 204 {
		t.Error(status)
	}
	if status, _, _ := ask(t, client, "GET", where, "", ""); status != 404 {
		t.Error(status)
	}
}

func TestUpload(t *testing.T) {
	client, url := client(t)
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	_ = writer.WriteField("note", "two")
	for name, content := range map[string]string{"empty": "", "a.bin": "\x00\x01\x02"} {
		part, err := writer.CreateFormFile("files", name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(part, content)
	}
	_ = writer.Close()
	status, answer, _ := ask(t, client, "POST", url+"/upload", writer.FormDataContentType(), form.String())
	if status != 200 || !strings.Contains(answer, `"note":"two"`) || !strings.Contains(answer, `"size":3`) {
		t.Error(status, answer)
	}
}

func TestTheSessionCounts(t *testing.T) {
	client, url := client(t)
	for _, count := range []string{`{"count":1}`, `{"count":2}`} {
		if _, answer, _ := ask(t, client, "GET", url+"/session", "", ""); answer != count {
			t.Errorf("%s is not %s", answer, count)
		}
	}
}
