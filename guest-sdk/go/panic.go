package guest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
)

// maxStack bounds the stack in a record, in bytes: the host cuts lines of 32 KiB, and JSON may double a text's length.
const maxStack = 12 << 10

// panicLog receives the records of panics.
var panicLog io.Writer = os.Stderr

// logPanic writes one record with the panic's reason, and the stack from the panic on. It is not written by [log],
// which the program may have redirected, and which knows no level.
func logPanic(r *http.Request, reason any) {
	message := fmt.Sprintf("panic: %v, while answering %s %s\n\n%s", reason, r.Method, r.URL.Path, panicStack(debug.Stack()))
	record, err := json.Marshal(map[string]string{"level": "ERROR", "message": message})
	if err != nil {
		record = []byte(message)
	}
	_, _ = panicLog.Write(append(record, '\n'))
}

// panicStack returns the stack from the panic to the handler, without its end if it is too long.
func panicStack(stack []byte) string {
	text := strings.TrimSpace(string(stack))
	if head, rest, found := strings.Cut(text, "\npanic("); found {
		goroutine, _, _ := strings.Cut(head, "\n")
		_, place, _ := strings.Cut(rest, "\n")
		_, frames, _ := strings.Cut(place, "\n")
		text = goroutine + "\n" + frames
	}
	text, _, _ = strings.Cut(text, "\nfuncserver.example/guest.answer(")
	if len(text) > maxStack {
		text = strings.ToValidUTF8(text[:maxStack], "") + "\n…"
	}
	return text
}
