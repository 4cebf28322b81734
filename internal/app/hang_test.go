package app_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"ramier/internal/app/apptest"
)

// A database that hangs closes nothing: those who wait are told in time, and new ones at once.
func TestADatabaseThatHangsIsNotWaitedForForever(t *testing.T) {
	t.Parallel()
	db := apptest.NewPostgres(t)
	o := options("", seedOf(t), false)
	at, err := url.Parse(db.URL())
	if err != nil {
		t.Fatal(err)
	}
	line := apptest.NewProxy(t, at.Host)
	at.Host = line.Addr().String()
	o.URL = at.String()
	p := apptest.New(t, o)
	n := p.Nodes[0]
	n.Start()
	n.Ready()
	load := p.Load(8)
	load.Allow(100_000)
	more(p, load, http.StatusOK, 50)
	// Answers are lost while the server works on.
	for range 2 {
		line.Set(apptest.Line{StallDown: true})
		p.Until("an answer that is held back", line.Holds)
		line.Break()
		line.Set(apptest.Line{})
		more(p, load, http.StatusOK, 10)
	}
	line.Set(apptest.Line{StallUp: true, StallDown: true})
	more(p, load, http.StatusServiceUnavailable, 20)
	line.Set(apptest.Line{})
	more(p, load, http.StatusOK, 20)
	line.Set(apptest.Line{Delay: 50 * time.Millisecond})
	more(p, load, http.StatusOK, 5)
	line.Set(apptest.Line{})
	orders := load.End()
	p.Settle()
	n.Stop()
	p.Check(p.Count(orders))
	if slowest := time.Duration(load.Slowest.Load()); slowest > time.Minute {
		t.Errorf("a request waited for %v", slowest)
	}
	if load.Hurried.Load() > 0 {
		t.Errorf("%d answers with 503 do not say when to try again", load.Hurried.Load())
	}
	t.Logf("answers by status: %v; the longest wait was %v", load.Codes(), time.Duration(load.Slowest.Load()))
}
