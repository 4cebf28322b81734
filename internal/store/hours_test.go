package store_test

import (
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// Advertising that is ordered on a Sunday becomes a job for each time at which some of it may leave.
func TestMessagesOfOneOrderMayLeaveAtDifferentTimes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		sunday := storetest.Noon.Add(-20 * time.Hour)
		o := storetest.Order("Soldes", "+33639980001", "+447400123456", "+33639980002", "+262692000001")
		o.NoStop = false
		first := shop.Accept(t, s, o, sunday)
		// Réunion is three hours ahead of France in winter, Britain an hour behind.
		for i, want := range []struct {
			receiver, due string
			job           int64
			count         int
		}{
			{"+262692000001", "2026-11-23T04:00:00Z", first, 1},
			{"+33639980001", "2026-11-23T07:00:00Z", first + 1, 2},
			{"+33639980002", "2026-11-23T07:00:00Z", first + 1, 2},
			{"+447400123456", "2026-11-23T08:00:00Z", first + 3, 1},
		} {
			m, j, err := s.Message(t.Context(), shop.Service.ID, first+int64(i))
			if err != nil || m.Receiver != want.receiver || j.DueAt.UTC().Format(time.RFC3339) != want.due || j.ID != want.job ||
				j.Count != want.count || j.Credits != sms.Credits(want.count)*sms.Credit || m.State != sms.Scheduled || j.Delay != "Sunday" || j.Hours != "country" {
				t.Errorf("%+v of %+v, %v; want %+v", m, j, err, want)
			}
		}
		for after, want := range map[time.Duration]int{0: 0, 12 * time.Hour: 1, 15 * time.Hour: 2, 16 * time.Hour: 1} {
			ids, err := s.Outgoing(t.Context(), shop.Service.ID, store.Filter{Deferred: &after})
			if err != nil || len(ids) != want {
				t.Errorf("after %v: %v, %v", after, ids, err)
			}
		}
		if err := s.Cancel(t.Context(), shop.Service.ID, first+2, sunday); err != nil {
			t.Error(err)
		}
		for _, due := range []struct {
			at   string
			want int
		}{{"2026-11-23T03:59:59Z", 0}, {"2026-11-23T04:00:00Z", 1}, {"2026-11-23T07:59:59Z", 1}, {"2026-11-23T08:00:00Z", 1}} {
			at, err := time.Parse(time.RFC3339, due.at)
			if err != nil {
				t.Fatal(err)
			}
			c, err := s.Claim(t.Context(), shop.Carrier.ID, shop.Hold(t, s), 10, at)
			n := 0
			if c != nil {
				n = len(c.Messages)
			}
			if err != nil || n != due.want {
				t.Errorf("%s: %d messages, %v; want %d", due.at, n, err, due.want)
			}
		}
		if a := audit(t, s); len(a.Findings) > 0 || a.Jobs != 3 || a.Messages != 4 {
			t.Errorf("%+v", a)
		}
	})
}
