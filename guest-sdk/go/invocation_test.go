package guest

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

func request(headers map[string]string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return r
}

func TestTheInvocationIsReadFromTheHeaders(t *testing.T) {
	got, ok := InvocationOf(request(map[string]string{
		"x-amzn-lambda-context": `{"request_id":"8476","deadline":1700000000123,"invoked_function_arn":"arn:f",` +
			`"xray_trace_id":"Root=1"}`,
		"x-amzn-request-context": `{"elb":{"targetGroupArn":"arn:t"},"multiValueHeaders":true}`,
		"x-funcserver-client":    "198.51.100.7",
	}))
	want := Invocation{
		RequestID:         "8476",
		Deadline:          time.UnixMilli(1700000000123),
		FunctionARN:       "arn:f",
		TraceID:           "Root=1",
		TargetGroupARN:    "arn:t",
		MultiValueHeaders: true,
		Client:            netip.MustParseAddr("198.51.100.7"),
	}
	if !ok || got != want {
		t.Errorf("%v %+v", ok, got)
	}
}

func TestWhatIsMissingIsZero(t *testing.T) {
	got, ok := InvocationOf(request(map[string]string{
		"x-amzn-lambda-context": `{"request_id":"8476","deadline":1,"invoked_function_arn":"arn:f","xray_trace_id":null}`,
	}))
	if !ok || got != (Invocation{RequestID: "8476", Deadline: time.UnixMilli(1), FunctionARN: "arn:f"}) {
		t.Errorf("%v %+v", ok, got)
	}
}

func TestThereIsNoInvocationElsewhere(t *testing.T) {
	for _, headers := range []map[string]string{{}, {"x-amzn-lambda-context": "{"}, {"x-amzn-lambda-context": `"text"`}} {
		if _, ok := InvocationOf(request(headers)); ok {
			t.Errorf("%v is one", headers)
		}
	}
}

func TestTheDeadlineIsThatOfTheInvocation(t *testing.T) {
	for _, header := range []string{
		`{"request_id":"8476","deadline":1700000000123,"invoked_function_arn":"arn:f"}`,
		`{"deadline":1700000000123}`,
		`{ "deadline" : 1700000000123 }`,
		`{"client_context":{"deadline":5,"x":1},"deadline":1700000000123,"xray_trace_id":null}`,
		`{"request_id":"\"deadline\":7,{","deadline":1700000000123,"xray_trace_id":null}`,
	} {
		if got, ok := deadlineOf(header); !ok || got != time.UnixMilli(1700000000123) {
			t.Errorf("%s: %v", header, got)
		}
	}
	for _, header := range []string{"", "{", `"deadline":7,`, `{"deadline":"7"}`, `{"deadline":null,"request_id":"8476"}`} {
		if got, ok := deadlineOf(header); ok || !got.IsZero() {
			t.Errorf("%s: %v", header, got)
		}
	}
}
