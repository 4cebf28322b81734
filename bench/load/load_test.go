package load

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // the protocol's hash
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A server that checks signatures as OVH does, and counts what it has accepted.
type server struct {
	t    *testing.T
	mu   sync.Mutex
	call int
	seen []string
	bad  func(call int, w http.ResponseWriter) bool // tells whether it has answered a call itself
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h := r.Header
	text := fmt.Sprintf("secret+consumer+POST+http://%s%s+%s+%s", r.Host, r.URL, body, h.Get("X-Ovh-Timestamp"))
	sum := sha1.Sum([]byte(text)) //nolint:gosec // the protocol's hash
	if got, want := h.Get("X-Ovh-Signature"), "$1$"+hex.EncodeToString(sum[:]); got != want {
		s.t.Errorf("signature %s, want %s", got, want)
	}
	if h.Get("X-Ovh-Application") != "app" || h.Get("X-Ovh-Consumer") != "consumer" || r.URL.Path != "/1.0/sms/sms-a-1/jobs" {
		s.t.Errorf("%s with %v", r.URL, h)
	}
	var job struct {
		Message, Sender, Priority string
		NoStopClause              bool
		Receivers                 []string
	}
	if err := json.Unmarshal(body, &job); err != nil || job.Sender != "Shop" || job.Priority != "low" || !job.NoStopClause {
		s.t.Errorf("%v in %s", err, body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.call++; s.bad != nil && s.bad(s.call, w) {
		return
	}
	for _, to := range job.Receivers {
		s.seen = append(s.seen, to+" "+job.Message)
	}
	fmt.Fprint(w, strings.Repeat("x", 3000)) // long enough for an answer in chunks
}

func door(t *testing.T, s *server) *OVH {
	t.Helper()
	at := httptest.NewServer(s)
	t.Cleanup(at.Close)
	o := &OVH{Endpoint: at.URL + "/1.0", ApplicationKey: "app", ApplicationSecret: "secret", ConsumerKey: "consumer", Service: "sms-a-1", Sender: "Shop", Priority: "low"}
	if err := o.Prepare(); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestEveryMessageIsUnique(t *testing.T) {
	s := &server{t: t}
	var count Count
	r, err := Run(t.Context(), door(t, s), Options{Requests: 40, Receivers: 3, Connections: 4, First: 19_999_950, Count: &count})
	if err != nil || r.Accepted != 120 || r.Refused != 0 || count.Accepted.Load() != 120 {
		t.Fatalf("%v: %d accepted, %d refused: %s", err, r.Accepted, r.Refused, r.First)
	}
	slices.Sort(s.seen)
	if n := len(slices.Compact(slices.Clone(s.seen))); n != 120 {
		t.Errorf("%d different messages, want 120", n)
	}
	for i, one := range r.Requests {
		if one.First != 19_999_950+3*i || one.Sent == 0 || one.Answered < one.Sent {
			t.Errorf("request %d is %+v", i, one)
		}
		for n := range 3 {
			if text := one.Receiver(n) + " " + one.Text(); !slices.Contains(s.seen, text) {
				t.Errorf("%q was not sent", text)
			}
		}
	}
}

func TestRefusalsAndBrokenConnectionsAreCounted(t *testing.T) {
	s := &server{t: t, bad: func(call int, w http.ResponseWriter) bool {
		switch call {
		case 2:
			http.Error(w, "too fast", http.StatusTooManyRequests)
		case 4:
			panic(http.ErrAbortHandler)
		}
		return call == 2
	}}
	r, err := Run(t.Context(), door(t, s), Options{Requests: 10, Receivers: 1, Connections: 1})
	if err != nil || r.Accepted != 8 || r.Refused != 2 || !strings.Contains(r.First, "too fast") {
		t.Fatalf("%v: %d accepted, %d refused, first %q; want 8, 2, too fast", err, r.Accepted, r.Refused, r.First)
	}
	if r.Requests[1].Status != 429 || r.Requests[3].Status != 0 || r.Requests[3].Answered == 0 {
		t.Errorf("the requests are %+v and %+v", r.Requests[1], r.Requests[3])
	}
}

func TestNobodyThere(t *testing.T) {
	at := httptest.NewServer(nil)
	at.Close()
	o := &OVH{Endpoint: at.URL}
	if err := o.Prepare(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r, err := Run(ctx, o, Options{Requests: 1000, Receivers: 1, Connections: 1})
	if err == nil || r.Accepted != 0 || r.Refused == 0 || r.First == "" {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestAPaceIsKept(t *testing.T) {
	s := &server{t: t}
	r, err := Run(t.Context(), door(t, s), Options{Duration: 300 * time.Millisecond, Rate: 100, Receivers: 1, Connections: 8})
	if err != nil || len(r.Requests) != 30 {
		t.Fatalf("%v, %d requests, want 30", err, len(r.Requests))
	}
	if took := r.Requests[29].Sent - r.Requests[0].Sent; took < 280_000 {
		t.Errorf("the last is sent %d µs after the first, want 290 ms", took)
	}
}

// While all connections wait for answers, the time until one is free counts for the requests that are due meanwhile.
func TestWaitingForAConnectionCounts(t *testing.T) {
	hold := make(chan struct{})
	s := &server{t: t, bad: func(call int, _ http.ResponseWriter) bool {
		if call == 1 {
			<-hold
		}
		return false
	}}
	time.AfterFunc(100*time.Millisecond, func() { close(hold) })
	r, err := Run(t.Context(), door(t, s), Options{Requests: 3, Rate: 1000, Receivers: 1, Connections: 1})
	if err != nil || len(r.Requests) != 3 {
		t.Fatal(err, len(r.Requests))
	}
	if r.Requests[2].Sent > r.Requests[0].Sent+50_000 {
		t.Errorf("the third request counts from %d µs after the first, although it was due 2 ms after it", r.Requests[2].Sent-r.Requests[0].Sent)
	}
}

func TestOptionsThatAreNone(t *testing.T) {
	for _, o := range []Options{{Receivers: 1, Connections: 1}, {Requests: 1, Connections: 1}, {Requests: 1, Receivers: 1}} {
		if _, err := Run(t.Context(), &OVH{}, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	for _, endpoint := range []string{"ftp://here", "here", "http://"} {
		if err := (&OVH{Endpoint: endpoint}).Prepare(); err == nil {
			t.Errorf("%q is taken", endpoint)
		}
	}
}

func TestHTTPS(t *testing.T) {
	at := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer at.Close()
	o := &OVH{Endpoint: at.URL + "/1.0", TLS: at.Client().Transport.(*http.Transport).TLSClientConfig}
	if err := o.Prepare(); err != nil {
		t.Fatal(err)
	}
	if r, err := Run(t.Context(), o, Options{Requests: 3, Receivers: 1, Connections: 1}); err != nil || r.Accepted != 3 {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestKannelIsAskedAsItWants(t *testing.T) {
	var queries []string
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		queries = append(queries, strings.Join([]string{r.URL.Path, q.Get("username"), q.Get("password"), q.Get("from"), q.Get("to"), q.Get("text"), q.Get("dlr-mask"), q.Get("dlr-url")}, "|"))
		w.WriteHeader(http.StatusAccepted)
	}))
	defer at.Close()
	k := &Kannel{Host: strings.TrimPrefix(at.URL, "http://"), User: "me", Password: "a&b", Sender: "Shop", Receipts: "http://sink/"}
	r, err := Run(t.Context(), k, Options{Requests: 1, Receivers: 1, Connections: 1, First: 7})
	if err != nil || r.Accepted != 1 {
		t.Fatal(err, r)
	}
	want := "/cgi-bin/sendsms|me|a&b|Shop|+33610000007|" + Job{First: 7}.Text() + "|3|http://sink/?n=7&state=%d"
	if len(queries) != 1 || queries[0] != want {
		t.Errorf("asked %q, want %q", queries, want)
	}
}

func TestReadAnswer(t *testing.T) {
	for _, c := range []struct {
		text    string
		status  int
		excerpt string
		last    bool
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "", false},
		{"HTTP/1.1 403 Forbidden\r\ncontent-length: 5\r\n\r\nhello", 403, "hello", false},
		{"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 204, "", true},
		{"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 500, "hello", false},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200, "", false},
		{"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", 200, "", false},
	} {
		from := bufio.NewReader(strings.NewReader(c.text + "next"))
		a, err := readAnswer(from, false)
		if err != nil || a.status != c.status || string(a.excerpt) != c.excerpt || a.last != c.last {
			t.Errorf("%q: %+v, %v", c.text, a, err)
		}
		if rest, _ := io.ReadAll(from); string(rest) != "next" {
			t.Errorf("%q: %q is left", c.text, rest)
		}
	}
	for _, text := range []string{"", "SMTP\r\n", "HTTP/1.1 abc no\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Le"} {
		if a, err := readAnswer(bufio.NewReader(strings.NewReader(text)), false); err == nil {
			t.Errorf("%q is read as %+v", text, a)
		}
	}
}
