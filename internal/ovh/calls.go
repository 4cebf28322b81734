package ovh

import (
	"context"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"ramier/internal/ovh/schema"
	"ramier/internal/sms"
	"ramier/internal/store"
)

const (
	callsEvery   = time.Second     // how often calls are written
	callsLast    = 5 * time.Second // how long a stop waits for the last of them
	maxCalls     = 2000            // that wait to be written, of all customers
	maxCallPath  = 500             // bytes
	callsPerTrim = 1000            // of an account, until the oldest are forgotten
)

// noted is a call as it is kept until it is written: what costs something is worked out then.
type noted struct {
	account int64
	at      time.Time
	op      *schema.Operation
	url     *url.URL
	from    netip.Addr
}

// call gives the call as it is written.
func (n *noted) call() sms.APICall {
	c := sms.APICall{AccountID: n.account, At: n.at, Method: n.op.HTTPMethod, Path: n.url.EscapedPath(), Route: n.op.Path}
	for _, base := range bases {
		if rest, ok := strings.CutPrefix(c.Path, base); ok {
			c.Path = rest
			break
		}
	}
	c.Path = c.Path[:min(len(c.Path), maxCallPath)] // it is ASCII
	if n.from.IsValid() {
		c.IP = n.from.String()
	}
	return c
}

// A callLog holds calls in memory until they are written, many at once: a request pays for a lock and a few words. What a crash finds in it is lost.
type callLog struct {
	store *store.Store
	log   *slog.Logger

	mu      sync.Mutex
	calls   []noted
	counted map[int64]int // of each account since the last write
	last    time.Time

	writing sync.Mutex
	since   map[int64]int // calls of each account since its oldest were forgotten; under writing
}

func newCallLog(s *store.Store, log *slog.Logger) *callLog {
	return &callLog{store: s, log: log, counted: map[int64]int{}, since: map[int64]int{}}
}

// note keeps a call. Past the limits it does not, so that a customer in a hurry neither fills the log nor slows down.
func (l *callLog) note(c *Call, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	account := c.Caller.AccountID
	if l.counted[account] >= sms.APICallsSecond || len(l.calls) >= maxCalls {
		return
	}
	l.counted[account]++
	at = at.Truncate(time.Microsecond)
	if !at.After(l.last) {
		at = l.last.Add(time.Microsecond) // the time is the number of the call
	}
	l.last = at
	l.calls = append(l.calls, noted{account, at, c.Operation, c.Request.URL, c.Caller.RemoteIP})
}

// write writes what has come since the last time. What cannot be written is lost: a log is not worth the memory while the database is away.
func (l *callLog) write(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	waiting := l.calls
	l.calls = nil
	clear(l.counted)
	l.mu.Unlock()
	if len(waiting) == 0 {
		return nil
	}
	calls := make([]sms.APICall, len(waiting))
	var trim []int64
	for i := range waiting {
		calls[i] = waiting[i].call()
		account := calls[i].AccountID
		if l.since[account]++; l.since[account] == callsPerTrim {
			l.since[account] = 0
			trim = append(trim, account)
		}
	}
	return l.store.AddAPICalls(ctx, calls, trim)
}

// Run writes down the calls of the customers until the context ends, and then the last of them.
func (a *API) Run(ctx context.Context) {
	l := a.calls
	ticker := time.NewTicker(callsEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ticker.C:
			if err := l.write(ctx); err != nil && ctx.Err() == nil {
				l.log.WarnContext(ctx, "calls of customers were not written", slog.Any("error", err))
			}
		case <-ctx.Done():
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), callsLast)
	defer cancel()
	if err := l.write(last); err != nil {
		l.log.WarnContext(last, "the last calls of customers were not written", slog.Any("error", err))
	}
}

// listCalls lists all calls up to this one, also those that were made a moment ago.
func (a *API) listCalls(ctx context.Context, c *Call, _ getMeAPILogsSelfIn) ([]int64, error) {
	if err := a.calls.write(ctx); err != nil {
		return nil, err
	}
	return a.store.APICalls(ctx, c.Caller.AccountID)
}

func (a *API) getCall(ctx context.Context, c *Call, in getMeAPILogsSelfLogIDIn) (apiLog, error) {
	call, err := a.store.APICall(ctx, c.Caller.AccountID, in.LogID)
	return apiLog{
		Account: c.Caller.Account, Date: datetime{call.At}, IP: orNull(call.IP), LogID: in.LogID, Method: httpMethod(call.Method), Path: call.Path, Route: call.Route,
	}, err
}
