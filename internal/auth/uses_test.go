package auth

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

func TestLastUsesAreReadableAtOnceAndWrittenLater(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := deskOn(t, s)
		stored := func() time.Time {
			t.Helper()
			c, ok, err := s.Credential(t.Context(), d.token.ConsumerKey)
			if !ok || err != nil {
				t.Fatal(ok, err)
			}
			return c.LastUse
		}
		id := d.token.CredentialID
		bad := d.call("GET", sent, "")
		bad.sign.secret = "x"
		d.refused(t, bad, sms.BadSignature)
		if !d.LastUse(id).IsZero() {
			t.Error("a bad signature counts as a use")
		}
		d.refused(t, d.call("GET", sent, ""), "")
		if !d.LastUse(id).Equal(storetest.Noon) || !stored().IsZero() {
			t.Errorf("last use %v, stored %v", d.LastUse(id), stored())
		}
		if err := d.writeUses(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !d.LastUse(id).Equal(storetest.Noon) || !stored().Equal(storetest.Noon) {
			t.Errorf("last use %v, stored %v", d.LastUse(id), stored())
		}
		d.clock.Advance(time.Minute)
		d.refused(t, d.call("GET", sent, ""), "")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := d.Run(ctx); err != nil { // the end is written, too
			t.Fatal(err)
		}
		if want := storetest.Noon.Add(time.Minute); !stored().Equal(want) {
			t.Errorf("stored %v, want %v", stored(), want)
		}
	})
}

func TestUsesThatCouldNotBeWrittenAreKept(t *testing.T) {
	s := storetest.Open(t, storetest.URL(t, "sqlite"))
	s.Close()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		v, err := New(Config{Store: s, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		one, two := &credential{id: 1}, &credential{id: 2}
		v.uses.note(one, storetest.Noon)
		v.uses.note(two, storetest.Noon)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- v.Run(ctx) }()
		<-time.After(usesEvery + time.Second)
		v.uses.note(two, storetest.Noon.Add(time.Microsecond))
		cancel()
		if err := <-ended; err == nil {
			t.Error("no error at the end")
		}
		if !strings.Contains(log.String(), "trying again") {
			t.Error(log.String())
		}
		if !v.LastUse(1).Equal(storetest.Noon) || !v.LastUse(2).Equal(storetest.Noon.Add(time.Microsecond)) {
			t.Errorf("%v %v", v.LastUse(1), v.LastUse(2))
		}
	})
}
