package store_test

import (
	"context"
	"testing"
	"time"

	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// listen hears the signals of others until the test ends.
func listen(t *testing.T, s *store.Store) <-chan store.Signal {
	heard := make(chan store.Signal, 100)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Listen(ctx, func(g store.Signal) { heard <- g })
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return heard
}

// await waits for a signal that is wanted.
func await(t *testing.T, heard <-chan store.Signal, what string, wanted func(store.Signal) bool) {
	t.Helper()
	end := time.After(time.Minute)
	for {
		select {
		case g := <-heard:
			if wanted(g) {
				return
			}
		case <-end:
			t.Fatal("not heard: ", what)
		}
	}
}

func missed(g store.Signal) bool { return g.Missed }

func TestNodesTellEachOther(t *testing.T) {
	address := storetest.URL(t, "postgres")
	a, b := storetest.Open(t, address), storetest.Open(t, address)
	own, heard := listen(t, a), listen(t, b)
	await(t, own, "the beginning", missed)
	await(t, heard, "the beginning", missed)
	shop := storetest.NewShop(t, a)
	await(t, heard, "a new carrier", func(g store.Signal) bool { return g.Carriers })
	if _, err := b.Rules(t.Context(), shop.Service.Name); err != nil {
		t.Fatal(err)
	}
	for id := range int64(20) {
		a.Tell(store.Signal{Queued: []int64{id, id}})
	}
	next := int64(0)
	await(t, heard, "what is queued", func(g store.Signal) bool {
		for _, id := range g.Queued {
			if id != next {
				t.Errorf("%d instead of %d", id, next)
			}
			next++
		}
		return next == 20
	})
	many := make([]int64, 1000)
	for i := range many {
		many[i] = int64(i) << 40
	}
	a.Tell(store.Signal{Queued: many})
	await(t, heard, "too much to name", missed)
	select {
	case g := <-own:
		t.Errorf("it hears itself: %+v", g)
	default:
	}
}

func TestAListenerConnectsAgain(t *testing.T) {
	address := storetest.URL(t, "postgres")
	a, b := storetest.Open(t, address), storetest.Open(t, address)
	heard := listen(t, b)
	await(t, heard, "the beginning", missed)
	storetest.Exec(t, address, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid() AND datname = current_database()")
	await(t, heard, "that signals may have been missed", missed)
	a.Tell(store.Signal{Queued: []int64{7}})
	await(t, heard, "what is queued", func(g store.Signal) bool { return len(g.Queued) == 1 && g.Queued[0] == 7 })
}

// On SQLite there is nobody to listen to.
func TestSQLiteHasNoOtherNodes(t *testing.T) {
	s := storetest.Open(t, storetest.URL(t, "sqlite"))
	s.Tell(store.Signal{Carriers: true})
	s.Listen(t.Context(), func(g store.Signal) { t.Errorf("%+v", g) })
}
