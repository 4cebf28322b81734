package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// A carrier that comes back at night gets what is no advertising; the rest waits for the morning.
func TestAdvertisingThatIsLateWaitsForTheMorning(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s, func(p *port) { p.room = 0 }).start()
		promo, code := w.accept(marketing("promo", alice, bob)), w.send("code", alice)
		w.clock.Set(storetest.Noon.Add(9 * time.Hour)) // 22:00 in France
		w.port().set(func() { w.port0().room = 10 })
		w.port().inbox.Wake()
		w.becomes(code, sms.Sent)
		morning := time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)
		w.until("it is put off", func() bool {
			due, err := s.NextDue(t.Context(), w.shop.Carrier.ID)
			return err == nil && due.Equal(morning) && w.claims() == 0
		})
		if n := w.port().count(); n != 1 {
			t.Errorf("%d were handed over", n)
		}
		events, err := s.Events(t.Context(), promo)
		if err != nil || len(events) != 1 || !strings.Contains(events[0].Text, "2026-11-24T07:00:00Z: Outside of the sending hours: after 20:00 in France.") {
			t.Errorf("%v, %v", events, err)
		}
		w.clock.Set(morning)
		w.becomes(promo, sms.Sent)
		w.becomes(promo+1, sms.Sent)
		w.books(0, 3*sms.Credit)
	})
}
