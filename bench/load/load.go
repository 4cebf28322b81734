// Package load sends signed requests as fast as a server takes them, with little work of its own per request, and measures how
// long each answer took.
package load

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // the protocol's hash
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Target is a service of a server and the keys to it.
type Target struct {
	Endpoint          string // like http://127.0.0.1:8080/1.0, without TLS
	ApplicationKey    string
	ApplicationSecret string
	ConsumerKey       string
	Service, Sender   string
}

// Options is what to send.
type Options struct {
	Requests    int
	Receivers   int // in each request
	Connections int
	// First is the number of the first message: texts and receivers are unique from there on.
	First int
	// Rate paces the requests, in requests a second; 0 = as fast as possible.
	Rate float64
}

// Result is what came of it.
type Result struct {
	Accepted int // messages
	Refused  int // requests that were not answered with 200
	First    string
	Took     time.Duration
	Latency  []time.Duration // of each request, ascending
}

// Quantile gives the latency that a share of the requests stayed below.
func (r Result) Quantile(share float64) time.Duration {
	if len(r.Latency) == 0 {
		return 0
	}
	return r.Latency[min(int(share*float64(len(r.Latency))), len(r.Latency)-1)]
}

// Run sends until all requests are answered or the context ends.
func Run(ctx context.Context, t Target, o Options) (Result, error) {
	base, err := url.Parse(t.Endpoint)
	if err != nil || base.Scheme != "http" {
		return Result{}, fmt.Errorf("endpoint %q: give http://host:port/1.0", t.Endpoint)
	}
	run := &run{target: t, options: o, base: base, start: time.Now()}
	var wg sync.WaitGroup
	errs := make([]error, o.Connections)
	latencies := make([][]time.Duration, o.Connections)
	for i := range o.Connections {
		wg.Go(func() { latencies[i], errs[i] = run.connection(ctx) })
	}
	wg.Wait()
	r := Result{Accepted: int(run.accepted.Load()), Refused: int(run.refused.Load()), Took: time.Since(run.start)}
	if text, ok := run.complaint.Load().(string); ok {
		r.First = text
	}
	r.Latency = slices.Concat(latencies...)
	slices.Sort(r.Latency)
	return r, errors.Join(errs...)
}

type run struct {
	target    Target
	options   Options
	base      *url.URL
	start     time.Time
	next      atomic.Int64
	accepted  atomic.Int64
	refused   atomic.Int64
	complaint atomic.Value
}

// connection sends one request after the other over one connection.
func (r *run) connection(ctx context.Context) ([]time.Duration, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", r.base.Host)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	answers := bufio.NewReader(conn)
	var took []time.Duration
	var request, body []byte
	for ctx.Err() == nil {
		n := int(r.next.Add(1)) - 1
		if n >= r.options.Requests {
			return took, nil
		}
		if r.options.Rate > 0 {
			due := r.start.Add(time.Duration(float64(n) / r.options.Rate * float64(time.Second)))
			if !sleep(ctx, time.Until(due)) {
				return took, ctx.Err()
			}
		}
		body = r.body(body[:0], n)
		request = r.request(request[:0], body)
		begun := time.Now()
		if _, err := conn.Write(request); err != nil {
			return took, err
		}
		if err := r.answer(answers); err != nil {
			return took, err
		}
		took = append(took, time.Since(begun))
	}
	return took, ctx.Err()
}

func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// body is a job whose texts and receivers nobody else has: the receivers are French mobile numbers.
func (r *run) body(b []byte, n int) []byte {
	first := r.options.First + n*r.options.Receivers
	b = append(b, `{"message":"load `...)
	b = strconv.AppendInt(b, int64(first), 10)
	b = append(b, `","sender":"`...)
	b = append(b, r.target.Sender...)
	b = append(b, `","noStopClause":true,"receivers":[`...)
	for i := range r.options.Receivers {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `"+336`...)
		b = append(b, strconv.Itoa(100_000_000 + 10_000_000 + (first+i)%20_000_000)[1:]...)
		b = append(b, '"')
	}
	return append(b, "]}"...)
}

// request is the signed request, written by hand: a client's library would take more than the server.
func (r *run) request(b, body []byte) []byte {
	t, path := r.target, r.base.Path+"/sms/"+r.target.Service+"/jobs"
	now := strconv.FormatInt(time.Now().Unix(), 10)
	h := sha1.New() //nolint:gosec // the protocol's hash
	_, _ = io.WriteString(h, t.ApplicationSecret+"+"+t.ConsumerKey+"+POST+http://"+r.base.Host+path+"+")
	_, _ = h.Write(body)
	_, _ = io.WriteString(h, "+"+now)
	b = append(b, "POST "+path+" HTTP/1.1\r\nHost: "+r.base.Host+"\r\nContent-Type: application/json\r\nX-Ovh-Application: "+t.ApplicationKey+
		"\r\nX-Ovh-Consumer: "+t.ConsumerKey+"\r\nX-Ovh-Timestamp: "+now+"\r\nX-Ovh-Signature: $1$"...)
	b = hex.AppendEncode(b, h.Sum(nil))
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	return append(append(b, "\r\n\r\n"...), body...)
}

func (r *run) answer(from *bufio.Reader) error {
	answer, err := http.ReadResponse(from, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(answer.Body, 1000))
		r.refused.Add(1)
		r.complaint.CompareAndSwap(nil, string(text))
		return err
	}
	r.accepted.Add(int64(r.options.Receivers))
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}
