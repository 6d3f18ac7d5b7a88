package guest

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestTheStackBeginsWhereThePanicWas(t *testing.T) {
	defer func() {
		_ = recover()
		stack := panicStack(debug.Stack())
		first, rest, _ := strings.Cut(stack, "\n")
		if !strings.HasPrefix(first, "goroutine ") || !strings.HasPrefix(rest, "funcserver.example/guest.breaks(") {
			t.Error(stack)
		}
	}()
	breaks()
}

//go:noinline
func breaks() { panic("on purpose") }

func TestAStackWithoutAPanicIsWhole(t *testing.T) {
	if stack := "goroutine 1 [running]:\nmain.main()"; panicStack([]byte(stack+"\n")) != stack {
		t.Error(panicStack([]byte(stack)))
	}
}

func TestALongStackIsCut(t *testing.T) {
	stack := panicStack([]byte(strings.Repeat("ä", 20_000)))
	if len(stack) > maxStack+10 || !strings.HasSuffix(stack, "ä\n…") {
		t.Error(len(stack), stack[len(stack)-10:])
	}
}
