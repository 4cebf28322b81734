package notify_test

import (
	"context"
	"slices"
	"testing"

	"ramier/internal/fetch"
	"ramier/internal/notify"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// Of two nodes one delivers, also what the other has written down. When it stops, the other takes over.
func TestOneOfTwoNodesDelivers(t *testing.T) {
	address := storetest.URL(t, "postgres")
	first, second := storetest.Open(t, address), storetest.Open(t, address)
	w := newWorld(t, second) // messages are settled here
	listening, end := context.WithCancel(t.Context())
	t.Cleanup(end)
	go first.Listen(listening, func(store.Signal) {})
	go second.Listen(listening, func(store.Signal) {})
	w.callBack(w.server.URL + "/dlr")
	cfg := w.config(fetch.Config{Allowed: []fetch.Target{loopback(t)}})
	cfg.Store = first
	holder := notify.New(cfg)
	holder.Start(t.Context())
	w.until("the first node delivers", func() bool {
		all, err := first.Leases(t.Context())
		w.check(err)
		return slices.ContainsFunc(all, func(l store.Lease) bool { return l.Name == store.NotifyLease && l.Live })
	})
	w.start()
	for range 10 {
		w.send(true)
	}
	w.until("all arrive", func() bool { return w.waiting() == 0 })
	if n := len(w.got()); n != 20 {
		t.Errorf("%d calls", n)
	}
	holder.Stop(t.Context())
	for range 10 {
		w.send(true)
	}
	w.until("all arrive by the other", func() bool { return w.waiting() == 0 })
	ids := slices.Clone(w.ids)
	slices.Sort(ids)
	if n := len(w.got()); n != 40 || len(slices.Compact(ids)) != 40 {
		t.Errorf("%d calls with %d ids", n, len(slices.Compact(ids)))
	}
}
