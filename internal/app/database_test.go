package app_test

import (
	"net/http"
	"testing"
	"time"

	"ramier/internal/app/apptest"
)

func TestAKilledDatabaseLosesNothing(t *testing.T) {
	t.Parallel()
	db := apptest.NewPostgres(t)
	o := options("", seedOf(t), false)
	o.URL = db.URL()
	p := apptest.New(t, o)
	n := p.Nodes[0]
	n.Start()
	n.Ready()
	pid := n.PID()
	load := p.Load(4)
	load.Allow(100_000)
	for i := range 4 {
		more(p, load, http.StatusOK, 20)
		if i%2 == 0 {
			db.Kill()
		} else {
			db.Quit()
		}
		more(p, load, http.StatusServiceUnavailable, 5)
		db.Start()
	}
	more(p, load, http.StatusOK, 20)
	orders := load.End()
	p.Settle()
	if n.PID() != pid || n.Address() == "" {
		t.Error("the server did not survive")
	}
	n.Stop()
	p.Check(p.Count(orders))
	if load.Hurried.Load() > 0 {
		t.Errorf("%d answers with 503 do not say when to try again", load.Hurried.Load())
	}
	t.Logf("answers by status: %v; the longest wait was %v", load.Codes(), time.Duration(load.Slowest.Load()))
}
