package guest

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// The headers with the facts of the invocation. funcserver removes a client's own copies of them; another host may not.
const (
	lambdaContext  = "X-Amzn-Lambda-Context"
	requestContext = "X-Amzn-Request-Context"
	client         = "X-Funcserver-Client"
)

// An Invocation describes the Lambda invocation behind a request.
type Invocation struct {
	// RequestID is Lambda's id of the invocation, as in its logs.
	RequestID string
	// Deadline is when Lambda ends the invocation.
	Deadline time.Time
	// FunctionARN is the name by which the function was invoked, with its version or alias if one was named.
	FunctionARN string
	// TraceID is the X-Ray trace header; empty if there is none.
	TraceID string
	// TargetGroupARN names the load balancer's target group; empty if the event names none.
	TargetGroupARN string
	// MultiValueHeaders reports whether the target group uses multi-value headers. If not, the load balancer sends only
	// the last value of a header that the client repeated.
	MultiValueHeaders bool
	// Client is the client's address from the load balancer; the zero Addr if it sends none.
	Client netip.Addr
}

// A lambdaInvocation is the content of the header x-amzn-lambda-context.
type lambdaInvocation struct {
	RequestID   string `json:"request_id"`
	Deadline    int64  `json:"deadline"` // milliseconds since the Unix epoch
	FunctionARN string `json:"invoked_function_arn"`
	TraceID     string `json:"xray_trace_id"`
}

// InvocationOf reads the invocation behind a request from its headers. It returns false if there is none, as on a host
// outside Lambda.
func InvocationOf(r *http.Request) (Invocation, bool) {
	var lambda lambdaInvocation
	if json.Unmarshal([]byte(r.Header.Get(lambdaContext)), &lambda) != nil {
		return Invocation{}, false
	}
	var balancer struct {
		ELB struct {
			TargetGroupARN string `json:"targetGroupArn"`
		} `json:"elb"`
		MultiValueHeaders bool `json:"multiValueHeaders"`
	}
	// An event need not come from a load balancer.
	_ = json.Unmarshal([]byte(r.Header.Get(requestContext)), &balancer)
	address, _ := netip.ParseAddr(r.Header.Get(client))
	return Invocation{
		RequestID:         lambda.RequestID,
		Deadline:          time.UnixMilli(lambda.Deadline),
		FunctionARN:       lambda.FunctionARN,
		TraceID:           lambda.TraceID,
		TargetGroupARN:    balancer.ELB.TargetGroupARN,
		MultiValueHeaders: balancer.MultiValueHeaders,
		Client:            address,
	}, true
}

// deadlineOf returns the deadline in the header x-amzn-lambda-context; false if it has none. It does not use
// encoding/json, which would take as long as the rest of a request.
func deadlineOf(lambda string) (time.Time, bool) {
	before, after, _ := strings.Cut(lambda, `"deadline":`)
	digits, _, _ := strings.Cut(after, ",")
	// An unescaped quote and a single brace before it: it is a key of the outermost object.
	milliseconds, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || strings.Count(before, "{") != 1 {
		var read lambdaInvocation
		if json.Unmarshal([]byte(lambda), &read) != nil {
			return time.Time{}, false
		}
		milliseconds = read.Deadline
	}
	if milliseconds <= 0 {
		return time.Time{}, false
	}
	return time.UnixMilli(milliseconds), true
}
