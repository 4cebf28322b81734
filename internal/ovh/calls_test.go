package ovh

import (
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"ramier/internal/ovh/schema"
	"ramier/internal/sms"
)

// aCall is a call of an account.
func aCall(account int64, target string) *Call {
	return &Call{
		Caller:    &sms.Caller{AccountID: account, RemoteIP: netip.MustParseAddr("192.0.2.1")},
		Operation: &schema.Operation{HTTPMethod: "GET", Path: "/sms/{serviceName}"}, Request: httptest.NewRequest("GET", target, nil),
	}
}

// A customer in a hurry has some of his calls listed and leaves room for the others; no two have the same number.
func TestManyCallsAreListedInPart(t *testing.T) {
	l := newCallLog(nil, nil)
	now := time.Date(2026, 11, 23, 12, 0, 0, 999, time.UTC)
	for range 1000 {
		l.note(aCall(1, "/1.0/sms/sms-x-1?a=b"), now)
	}
	l.note(aCall(2, "/v1/sms/caf%C3%A9%2F%00"), now.Add(-time.Hour))
	if len(l.calls) != sms.APICallsSecond+1 {
		t.Fatalf("%d are kept", len(l.calls))
	}
	for i := 1; i < len(l.calls); i++ {
		if !l.calls[i].at.After(l.calls[i-1].at) {
			t.Fatalf("%d and %d have the same time, or the wrong order", i-1, i)
		}
	}
	want := sms.APICall{AccountID: 1, At: now.Truncate(time.Microsecond), Method: "GET", Path: "/sms/sms-x-1", Route: "/sms/{serviceName}", IP: "192.0.2.1"}
	if got := l.calls[0].call(); got != want {
		t.Errorf("%+v", got)
	}
	if got := l.calls[sms.APICallsSecond].call().Path; got != "/sms/caf%C3%A9%2F%00" {
		t.Error(got)
	}
	for i := range 2 * maxCalls {
		l.note(aCall(int64(i), "/1.0/sms"), now)
	}
	if len(l.calls) != maxCalls {
		t.Errorf("%d wait", len(l.calls))
	}
}

func BenchmarkNoteACall(b *testing.B) {
	l, c, now := newCallLog(nil, nil), aCall(1, "/1.0/sms/sms-x-1/jobs"), time.Now()
	for i := 0; b.Loop(); i++ {
		if l.note(c, now); i%sms.APICallsSecond == 0 {
			l.calls, l.counted[1] = l.calls[:0], 0
		}
	}
}
