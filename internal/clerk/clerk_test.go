package clerk

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ramier/internal/clock"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a clerk over a store with a shop, whose clock stands still.
type world struct {
	*Clerk
	t    *testing.T
	shop storetest.Shop
	duty bool
}

func newWorld(t *testing.T, s *store.Store) *world {
	t.Helper()
	w := &world{t: t, shop: storetest.NewShop(t, s), duty: true}
	w.Clerk = New(Config{
		Store: s, Clock: clock.At(storetest.Noon), Log: slog.New(slog.NewTextHandler(t.Output(), nil)), OnDuty: func() bool { return w.duty },
		Carriers: func() []int64 { return []int64{w.shop.Carrier.ID} },
		LookUp: func(context.Context, int64, string) (sms.LookupAnswer, error) {
			return sms.LookupAnswer{}, errors.New("not connected")
		},
	})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Our own faults are tried again for a while, then the task is given up; nobody else's task waits for it.
func TestTasksThatFailAreTriedAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		k := sms.Task{ServiceID: w.shop.Service.ID, Function: sms.ImportPhonebook, DueAt: storetest.Noon, CreatedAt: storetest.Noon}
		w.must(s.AddTask(t.Context(), &k))
		for name, fault := range map[string]func(context.Context, sms.Task) error{
			"error": func(context.Context, sms.Task) error { return errors.New("the disk is full") },
			"panic": func(context.Context, sms.Task) error { panic("nobody thought of it") },
		} {
			k.Status = sms.TaskTodo
			w.must(w.do(t.Context(), k, fault))
			now, err := s.Task(t.Context(), k.ServiceID, k.ID)
			if err != nil || now.Status != sms.TaskDoing || !now.DueAt.Equal(storetest.Noon.Add(pause)) || !now.DoneAt.IsZero() {
				t.Errorf("%s: %+v %v", name, now, err)
			}
		}
		if open, err := s.OpenTasks(t.Context(), k.Function, storetest.Noon, 10); err != nil || len(open) != 0 {
			t.Errorf("at once again: %v %v", open, err)
		}
		w.Clock.Advance(patience)
		w.must(w.do(t.Context(), k, func(context.Context, sms.Task) error { return errors.New("the disk is full") }))
		now, err := s.Task(t.Context(), k.ServiceID, k.ID)
		if err != nil || now.Status != sms.TaskError || !strings.Contains(now.Message, "again and again") || strings.Contains(now.Message, "disk") {
			t.Errorf("given up: %+v %v", now, err)
		}
	})
}

// A node that is not on duty leaves tasks to the one that is; what nobody answers is given up after ten minutes and costs nothing.
func TestWhoseTurnItIs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		k := sms.Task{ServiceID: w.shop.Service.ID, Function: sms.ImportPhonebook, Object: "none", Document: "none", DueAt: storetest.Noon.Add(time.Minute), CreatedAt: storetest.Noon}
		w.must(s.AddTask(t.Context(), &k))
		status := func() string {
			now, err := s.Task(t.Context(), k.ServiceID, k.ID)
			w.must(err)
			return now.Status
		}
		w.must(w.doTasks(t.Context()))
		if got := status(); got != sms.TaskTodo {
			t.Errorf("before its time: %s", got)
		}
		w.duty = false
		w.Clock.Advance(time.Minute)
		w.must(w.doTasks(t.Context()))
		if got := status(); got != sms.TaskTodo {
			t.Errorf("off duty: %s", got)
		}
		w.duty = true
		w.must(w.doTasks(t.Context()))
		if got := status(); got != sms.TaskError {
			t.Errorf("without its document: %s", got)
		}

		one := []sms.Lookup{{ServiceID: w.shop.Service.ID, CarrierID: w.shop.Carrier.ID, Receiver: "+33639980001", Country: "FR", Status: sms.TaskTodo, Credits: sms.LookupPrice}}
		w.must(s.AddLookups(t.Context(), w.shop.Service.ID, one, w.Clock.Now()))
		for want := int64(1); want <= sms.MaxLookupAttempts; want++ {
			w.must(w.doLookups(t.Context()))
			w.must(w.doLookups(t.Context())) // not before the pause is over
			l, err := s.Lookup(t.Context(), w.shop.Service.ID, one[0].ID)
			w.must(err)
			if l.Attempts != want || (l.Status == sms.TaskError) != (want == sms.MaxLookupAttempts) || l.Error != "not connected" {
				t.Errorf("attempt %d: %+v", want, l)
			}
			w.Clock.Advance(time.Minute)
		}
		w.must(s.AddLookups(t.Context(), w.shop.Service.ID, one, w.Clock.Now()))
		w.Carriers = func() []int64 { return nil }
		w.Clock.Advance(sms.LookupPatience + time.Second)
		w.must(w.doLookups(t.Context()))
		l, err := s.Lookup(t.Context(), w.shop.Service.ID, one[0].ID)
		w.must(err)
		b, err := s.Balance(t.Context(), w.shop.Service.ID)
		w.must(err)
		if l.Status != sms.TaskError || l.Credits != 0 || b.Used != 0 || b.Available != 100*sms.Credit {
			t.Errorf("%+v, %+v", l, b)
		}
	})
}
