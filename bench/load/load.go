// Package load sends requests as fast as a server takes them, with little work of its own per request, and notes when each was sent
// and answered.
package load

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A Door is a way into a server: how a job is handed in there.
type Door interface {
	// Address is host and port, and how to speak TLS there; nil for plain HTTP.
	Address() (string, *tls.Config)
	// Append writes a whole HTTP request for a job to b.
	Append(b []byte, j Job) []byte
}

// A Judge is a Door whose answers say in their bodies whether the messages were taken.
type Judge interface {
	// Good tells whether the beginning of an answer's body says so.
	Good(body []byte) bool
}

// notGood is the status of a request whose answer a Judge does not take for good.
const notGood = 422

// A Job is one text for some receivers. All numbers of messages together give texts and receivers that nobody else has.
type Job struct {
	First     int // number of its first message
	Receivers int
}

// Text is what the message says: plain letters, one part.
func (j Job) Text() string { return string(j.appendText(nil)) }

func (j Job) appendText(b []byte) []byte {
	b = append(b, "Order "...)
	b = strconv.AppendInt(b, int64(j.First), 10)
	return append(b, " is ready: please collect it before Saturday evening."...)
}

// Receiver is the number of the n-th receiver, a French mobile in the range of 20 million from +33610000000 on.
func (j Job) Receiver(n int) string { return string(j.appendReceiver(nil, n)) }

func (j Job) appendReceiver(b []byte, n int) []byte {
	return strconv.AppendInt(append(b, "+336"...), int64(10_000_000+(j.First+n)%20_000_000), 10)
}

// Options is what to send.
type Options struct {
	Requests    int           // 0 = as many as Duration allows
	Duration    time.Duration // when to begin no more requests; 0 = when all are sent
	Receivers   int           // in each request
	Connections int
	// First is the number of the first message: texts and receivers are unique from there on.
	First int
	// Rate paces the requests, in requests a second, whether earlier ones are answered or not; 0 = as fast as possible.
	Rate float64
	// Count is added to while it runs; may be nil.
	Count *Count
}

// Count is how far a run is.
type Count struct{ Accepted, Refused atomic.Int64 }

// Request is what became of one. Times are microseconds since 1970.
type Request struct {
	Job
	Sent, Answered int64
	Status         int // of HTTP; 0 when there was no answer
}

// Accepted tells whether the server took the messages.
func (r Request) Accepted() bool { return r.Status/100 == 2 }

// Result is what came of a run.
type Result struct {
	Requests []Request // in the order of their numbers
	Accepted int       // messages
	Refused  int       // requests that were answered with anything else, or not at all
	First    string    // what the first of those were answered
	Took     time.Duration
}

// Run sends until all requests are answered or the context ends. A connection that breaks is made anew; its request counts as refused.
func Run(ctx context.Context, d Door, o Options) (Result, error) {
	if o.Requests <= 0 && o.Duration <= 0 {
		return Result{}, errors.New("neither a number of requests nor a duration is given")
	}
	if o.Receivers <= 0 || o.Connections <= 0 {
		return Result{}, fmt.Errorf("receivers = %d, connections = %d: give at least one", o.Receivers, o.Connections)
	}
	r := &run{door: d, options: o, count: cmp.Or(o.Count, &Count{}), start: time.Now()}
	if o.Requests <= 0 {
		r.options.Requests = 1 << 40
	}
	var wg sync.WaitGroup
	errs := make([]error, o.Connections)
	done := make([][]Request, o.Connections)
	for i := range o.Connections {
		wg.Go(func() {
			c := &connection{run: r}
			errs[i] = c.work(ctx)
			done[i] = c.done
		})
	}
	wg.Wait()
	result := Result{Requests: slices.Concat(done...), Took: time.Since(r.start)}
	slices.SortFunc(result.Requests, func(a, b Request) int { return cmp.Compare(a.Job.First, b.Job.First) })
	for _, one := range result.Requests {
		if one.Accepted() {
			result.Accepted += one.Receivers
		} else {
			result.Refused++
		}
	}
	if text, ok := r.complaint.Load().(string); ok {
		result.First = text
	}
	return result, errors.Join(errs...)
}

type run struct {
	door      Door
	options   Options
	start     time.Time
	next      atomic.Int64
	count     *Count
	complaint atomic.Value
}

// A connection sends one request after the other.
type connection struct {
	*run
	conn    net.Conn
	answers *bufio.Reader
	done    []Request
}

func (c *connection) work(ctx context.Context) error {
	defer c.close()
	var request []byte
	for failures := 0; ctx.Err() == nil; {
		n := int(c.next.Add(1)) - 1
		if n >= c.options.Requests || c.options.Rate == 0 && c.options.Duration > 0 && time.Since(c.start) >= c.options.Duration {
			return nil
		}
		one := Request{Job: Job{First: c.options.First + n*c.options.Receivers, Receivers: c.options.Receivers}}
		if c.options.Rate > 0 {
			due := time.Duration(float64(n) / c.options.Rate * float64(time.Second))
			if c.options.Duration > 0 && due >= c.options.Duration {
				return nil
			}
			wait := time.Until(c.start.Add(due))
			if !sleep(ctx, wait) {
				return ctx.Err()
			}
			if wait < 0 { // all connections were busy: that is a part of how long the server takes
				one.Sent = c.start.Add(due).UnixMicro()
			}
		}
		if err := c.dial(ctx); err != nil {
			if failures++; failures > 10 {
				return err
			}
			c.refused(one, err.Error())
			sleep(ctx, time.Duration(failures)*50*time.Millisecond)
			continue
		}
		failures = 0
		request = c.door.Append(request[:0], one.Job)
		c.exchange(one, request)
	}
	return ctx.Err()
}

// dial connects unless there is a connection.
func (c *connection) dial(ctx context.Context) error {
	if c.conn != nil {
		return nil
	}
	address, secure := c.door.Address()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	if secure != nil {
		with := tls.Client(conn, secure)
		if err := with.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return err
		}
		conn = with
	}
	context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	c.conn, c.answers = conn, bufio.NewReader(conn)
	return nil
}

func (c *connection) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// exchange sends a request and notes what comes of it.
func (c *connection) exchange(one Request, request []byte) {
	if one.Sent == 0 {
		one.Sent = time.Now().UnixMicro()
	}
	_, err := c.conn.Write(request)
	var a answer
	judge, judged := c.door.(Judge)
	if err == nil {
		a, err = readAnswer(c.answers, judged)
	}
	if judged && a.status/100 == 2 && !judge.Good(a.excerpt) {
		a.status = notGood
	}
	one.Answered = time.Now().UnixMicro()
	if err == nil {
		one.Status = a.status
	}
	if err != nil || a.last {
		c.close()
	}
	switch {
	case err != nil:
		c.refused(one, err.Error())
	case !one.Accepted():
		c.refused(one, string(a.excerpt))
	default:
		c.done = append(c.done, one)
		c.count.Accepted.Add(int64(one.Receivers))
	}
}

// refused notes a request that was not accepted, and why.
func (c *connection) refused(one Request, why string) {
	c.done = append(c.done, one)
	c.count.Refused.Add(1)
	c.complaint.CompareAndSwap(nil, why)
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
