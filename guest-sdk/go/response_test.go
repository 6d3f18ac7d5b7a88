package guest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// A recording sink notes what reaches the host.
type recorder struct {
	status  int
	header  http.Header
	body    strings.Builder
	parts   int
	flushes int
	trailer http.Header
	end     string
	fails   error
}

func (s *recorder) head(status int, header http.Header) error {
	s.status, s.header = status, header
	return s.fails
}

func (s *recorder) write(p []byte) error {
	s.parts++
	s.body.Write(p)
	return nil
}

func (s *recorder) flush() error {
	s.flushes++
	return nil
}

func (s *recorder) finish(last []byte, trailer http.Header) error {
	if len(last) > 0 {
		_ = s.write(last)
	}
	s.trailer, s.end = trailer, "finished"
	return nil
}

func (s *recorder) abort() { s.end = "aborted" }

// respond is what reaches the host of a handler's response.
func respond(t *testing.T, method string, handler http.HandlerFunc) *recorder {
	t.Helper()
	log.SetOutput(io.Discard)
	panicLog = io.Discard
	t.Cleanup(func() {
		log.SetOutput(os.Stderr)
		panicLog = os.Stderr
	})
	r, err := newRequest(context.Background(), line{method: method, target: "/a", authority: named("")}, http.Header{})
	if err != nil {
		t.Fatal(err)
	}
	sink := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		answer(handler, newResponse(sink, method == http.MethodHead), r)
	}()
	<-done
	return sink
}

func TestWhatFitsIsSentAtOnceWithItsLengthAndType(t *testing.T) {
	sink := respond(t, "GET", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html>")
		_, _ = io.WriteString(w, "hello</html>")
	})
	want := http.Header{"Content-Length": {"18"}, "Content-Type": {"text/html; charset=utf-8"}}
	if sink.status != 200 || !reflect.DeepEqual(sink.header, want) || sink.body.String() != "<html>hello</html>" || sink.parts != 1 {
		t.Errorf("%d %v %q in %d parts", sink.status, sink.header, sink.body.String(), sink.parts)
	}
	if sink.end != "finished" {
		t.Error(sink.end)
	}
}

func TestALargeBodyStreamsWithoutALength(t *testing.T) {
	for _, first := range []int{0, 1, bufferSize - 1, bufferSize, bufferSize + 1} {
		text := strings.Repeat("x", first) + strings.Repeat("y", 3*bufferSize)
		sink := respond(t, "GET", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, text[:first])
			_, _ = io.WriteString(w, text[first:])
		})
		if sink.body.String() != text {
			t.Errorf("after %d: the body differs", first)
		}
		if _, told := sink.header["Content-Length"]; told || sink.header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("after %d: %v", first, sink.header)
		}
	}
}

func TestAResponseWithoutABody(t *testing.T) {
	sink := respond(t, "GET", func(http.ResponseWriter, *http.Request) {})
	if want := (http.Header{"Content-Length": {"0"}}); sink.status != 200 || !reflect.DeepEqual(sink.header, want) {
		t.Errorf("%d %v", sink.status, sink.header)
	}
	for _, status := range []int{204, 304} {
		sink := respond(t, "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			if _, err := w.Write([]byte("x")); err != http.ErrBodyNotAllowed {
				t.Errorf("%d: %v", status, err)
			}
		})
		if sink.status != status || len(sink.header) != 0 || sink.body.Len() != 0 || sink.end != "finished" {
			t.Errorf("%d: %d %v %q", status, sink.status, sink.header, sink.body.String())
		}
	}
}

func TestHeadIsAnsweredAsGetWithoutTheBody(t *testing.T) {
	handler := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html>")
		_, _ = io.WriteString(w, strings.Repeat("x", 1000))
	}
	get, head := respond(t, "GET", handler), respond(t, "HEAD", handler)
	if head.body.Len() != 0 || head.parts != 0 || head.end != "finished" {
		t.Errorf("%q %s", head.body.String(), head.end)
	}
	if !reflect.DeepEqual(get.header, head.header) {
		t.Errorf("%v, and to HEAD %v", get.header, head.header)
	}
	stated := respond(t, "HEAD", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "7")
	})
	if stated.header.Get("Content-Length") != "7" {
		t.Error(stated.header)
	}
}

func TestFlushSendsWhatThereIs(t *testing.T) {
	sink := &recorder{}
	w := newResponse(sink, false)
	_, _ = io.WriteString(w, "one")
	if sink.status != 0 {
		t.Error("sent before it was flushed")
	}
	if err := http.NewResponseController(w).Flush(); err != nil {
		t.Error(err)
	}
	if sink.status != 200 || sink.body.String() != "one" || sink.flushes != 1 {
		t.Errorf("%d %q %d", sink.status, sink.body.String(), sink.flushes)
	}
	_, _ = io.WriteString(w, "two")
	w.finish()
	if sink.body.String() != "onetwo" || sink.header.Get("Content-Length") != "" {
		t.Errorf("%q %v", sink.body.String(), sink.header)
	}
}

func TestABodyOfTheStatedLengthIsCompleteWhileTheHandlerGoesOn(t *testing.T) {
	sink := &recorder{}
	w := newResponse(sink, false)
	w.Header().Set("Content-Length", "4")
	_, _ = io.WriteString(w, "on")
	if sink.end != "" {
		t.Error("ended early")
	}
	_, _ = io.WriteString(w, "ly")
	if sink.end != "finished" || sink.body.String() != "only" {
		t.Errorf("%s %q", sink.end, sink.body.String())
	}
	if _, err := io.WriteString(w, "!"); err != http.ErrContentLength {
		t.Error(err)
	}
}

func TestTheHeaderIsTheOneOfItsMoment(t *testing.T) {
	sink := respond(t, "GET", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Before", "a\r\nX-Forged: b")
		w.Header().Set("Connection", "close")
		w.Header().Set("transfer-encoding", "chunked")
		w.Header()["Content-Type"] = nil
		w.WriteHeader(100)
		w.WriteHeader(404)
		w.WriteHeader(500)
		w.Header().Set("X-After", "c")
		_, _ = io.WriteString(w, "text")
	})
	want := http.Header{"X-Before": {"a  X-Forged: b"}, "Content-Length": {"4"}}
	if sink.status != 404 || !reflect.DeepEqual(sink.header, want) {
		t.Errorf("%d %v", sink.status, sink.header)
	}
}

func TestTrailers(t *testing.T) {
	sink := respond(t, "GET", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum, X-Never")
		_, _ = io.WriteString(w, "text")
		w.Header().Set("X-Sum", "4")
		w.Header().Set(http.TrailerPrefix+"X-Late", "5")
	})
	if want := (http.Header{"X-Sum": {"4"}, "X-Late": {"5"}}); !reflect.DeepEqual(sink.trailer, want) {
		t.Error(sink.trailer)
	}
	if sink.header.Get("Content-Length") != "" || sink.header.Get("Trailer") == "" {
		t.Error(sink.header)
	}
}

func TestAPanicIs500UnlessPartOfTheAnswerIsOut(t *testing.T) {
	before := respond(t, "GET", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Secret", "a")
		_, _ = io.WriteString(w, "half")
		panic("on purpose")
	})
	if before.status != 500 || before.body.String() != "internal server error\n" || before.header.Get("X-Secret") != "" {
		t.Errorf("%d %q %v", before.status, before.body.String(), before.header)
	}
	after := respond(t, "GET", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic("on purpose")
	})
	if after.status != 200 || after.end != "aborted" {
		t.Errorf("%d %s", after.status, after.end)
	}
	aborted := respond(t, "GET", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if aborted.status != 0 || aborted.end != "aborted" {
		t.Errorf("%d %s", aborted.status, aborted.end)
	}
}

func TestAPanicIsLoggedWithItsStack(t *testing.T) {
	var text strings.Builder
	sink := &recorder{}
	r, _ := newRequest(context.Background(), line{method: "GET", target: "/a", authority: named("")}, http.Header{})
	panicLog = &text
	defer func() { panicLog = os.Stderr }()
	answer(http.HandlerFunc(panics), newResponse(sink, false), r)
	var record struct{ Level, Message string }
	if err := json.Unmarshal([]byte(text.String()), &record); err != nil || record.Level != "ERROR" {
		t.Fatal(err, text.String())
	}
	if start := "panic: on purpose, while answering GET /a\n\ngoroutine "; !strings.HasPrefix(record.Message, start) {
		t.Error(record.Message)
	}
	for _, part := range []string{"guest.panics(", "response_test.go"} {
		if !strings.Contains(record.Message, part) {
			t.Errorf("no %q in %s", part, record.Message)
		}
	}
}

func panics(http.ResponseWriter, *http.Request) { panic("on purpose") }

func TestAHandlerThatEndsItsGoroutineIs500(t *testing.T) {
	sink := respond(t, "GET", func(http.ResponseWriter, *http.Request) {
		runtime.Goexit()
	})
	if sink.status != 500 || sink.end != "finished" {
		t.Errorf("%d %s", sink.status, sink.end)
	}
}

func TestAnAnswerThatTheHostRefusesIsAnErrorOfTheNextWrite(t *testing.T) {
	refused := errors.New("refused")
	sink := &recorder{fails: refused}
	w := newResponse(sink, false)
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)
	if _, err := w.Write(make([]byte, 2*bufferSize)); err != refused {
		t.Error(err)
	}
	w.finish()
	if sink.end != "aborted" || sink.body.Len() != 0 {
		t.Errorf("%s %q", sink.end, sink.body.String())
	}
}

func TestThereIsNothingToHijack(t *testing.T) {
	controller := http.NewResponseController(newResponse(&recorder{}, false))
	if _, _, err := controller.Hijack(); !errors.Is(err, http.ErrNotSupported) {
		t.Error(err)
	}
	if err := controller.EnableFullDuplex(); err != nil {
		t.Error(err)
	}
}

func TestGinsStreamsFindACloseNotifier(t *testing.T) {
	sink := respond(t, "GET", func(w http.ResponseWriter, _ *http.Request) {
		select {
		case <-w.(http.CloseNotifier).CloseNotify():
			t.Error("the client has gone")
		default:
		}
	})
	if sink.status != 200 {
		t.Error(sink.status)
	}
}
