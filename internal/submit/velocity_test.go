package submit_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
	"ramier/internal/submit"
)

// A receiver and a range get so many messages in an hour, however many ask at once, also when the node begins anew.
func TestAReceiverGetsSoManyMessagesInAnHour(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		shop := storetest.NewShop(t, st)
		guard := func(g sms.Guards) {
			t.Helper()
			if err := st.ChangeService(t.Context(), shop.Service.Name, func(s *sms.Service) error {
				s.Settings.Guards = g
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		now := storetest.Noon
		s := submit.New(st, func() time.Time { return now })
		send := func(key string, receivers ...string) (submit.Report, error) {
			return s.Submit(t.Context(), shop.Account.ID, shop.Service.Name, storetest.Order("x", receivers...), submit.Key{Key: key, Hash: []byte("x")})
		}
		must := func(messages int, reason string, receivers ...string) {
			t.Helper()
			r, err := send("", receivers...)
			if err != nil || len(r.IDs) != messages || len(r.Invalid) != len(receivers)-messages {
				t.Fatalf("%+v, %v, want %d messages", r, err, messages)
			}
			for _, i := range r.Invalid {
				if i.Reason != sms.TooManyNow || !strings.Contains(i.Message, reason) {
					t.Errorf("%+v", i)
				}
			}
		}
		const one, two, three, other = "+33639981001", "+33639981002", "+33639981003", "+33639982001"
		guard(sms.Guards{ReceiverHour: 7})
		var sent atomic.Int64
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				r, err := send("", one)
				if err != nil {
					t.Error(err)
				}
				sent.Add(int64(len(r.IDs)))
			})
		}
		wg.Wait()
		if sent.Load() != 7 {
			t.Errorf("%d messages were sent", sent.Load())
		}
		must(1, "receiverHour", one, two)
		s = submit.New(st, func() time.Time { return now })
		must(1, "again from 2026-11-23T13:00:00Z on", one, two) // after a restart
		now = now.Add(time.Hour)
		must(2, "", one, two)

		guard(sms.Guards{RangeHour: 3})
		now = now.Add(time.Hour)
		must(2, "", one, two)
		must(2, "rangeHour", three, two, other)
		now = now.Add(time.Hour)

		// What is not accepted does not count, nor do repetitions.
		guard(sms.Guards{ReceiverHour: 2})
		for range 5 {
			if r, err := send("key", one); err != nil || len(r.IDs) != 1 {
				t.Errorf("%+v, %v", r, err)
			}
		}
		left, err := st.Balance(t.Context(), shop.Service.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.Grant(t.Context(), shop.Service.ID, -left.Available, "test", now); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if _, err := send("", one); sms.CodeOf(err) != sms.NoCredit {
				t.Errorf("without credits: %v", err)
			}
		}
		if _, err := st.Grant(t.Context(), shop.Service.ID, sms.Credit, "test", now); err != nil {
			t.Fatal(err)
		}
		must(1, "", one)
		must(0, "receiverHour", one)
	})
}

func BenchmarkVelocity(b *testing.B) {
	receivers := make([]string, 1000)
	for i := range receivers {
		receivers[i] = fmt.Sprintf("+33639%06d", i*7)
	}
	submit.MeasureVelocity(b, receivers)
}
