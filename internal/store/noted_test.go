package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// noted sends messages whose answers come at once, so many that they are only noted.
func noted(t *testing.T, s *store.Store, shop storetest.Shop, n int) (first int64, o *store.Outcome) {
	t.Helper()
	receivers, refs := make([]string, n), make([]string, n)
	for i := range receivers {
		receivers[i], refs[i] = fmt.Sprintf("+33639%06d", 980000+i), fmt.Sprint("n", i)
	}
	first = shop.Accept(t, s, storetest.Order("Bonjour", receivers...), storetest.Noon)
	o = sent(claimAll(t, s, shop, n, storetest.Noon), shop, refs...)
	settle(t, s, o)
	return first, o
}

// Answers that are only noted are written with their receipts, or when they are asked for, once and at their time.
func TestNotedAnswersAreWrittenOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		first, o := noted(t, s, shop, 20)
		wantState(t, s, first, sms.Sending)
		wantBalance(t, s, shop, 80*sms.Credit, 20*sms.Credit, 0)
		settle(t, s, &store.Outcome{Receipts: []sms.Receipt{receipt(shop, "n3", "+33639980003", sms.Delivered)}})
		if m := wantState(t, s, first+3, sms.Delivered); m.Refs[0] != "n3" || !m.SentAt.Equal(storetest.Noon) {
			t.Errorf("%+v", m)
		}
		wantState(t, s, first+4, sms.Sending)
		settle(t, s, o) // the same answers again
		done, err := s.WriteAnswers(t.Context(), 0)
		if err != nil || done.Moved[sms.Sent] != 0 {
			t.Errorf("%+v, %v: those that came twice were written then", done, err)
		}
		for i := range int64(20) {
			if m := wantStateOf(t, s, first+i, i == 3); m.Duplicate {
				t.Errorf("%+v", m)
			}
		}
		wantBalance(t, s, shop, 80*sms.Credit, 0, 20*sms.Credit)
		b, err := s.Statement(t.Context(), shop.Service, storetest.Noon.Add(-12*time.Hour), storetest.Noon.Add(12*time.Hour))
		if err != nil || b.Opening.Used != 0 || b.Closing.Used != 20*sms.Credit {
			t.Errorf("the books of the day: %+v, %v", b, err)
		}
		if a, err := s.Audit(t.Context()); err != nil || len(a.Findings) > 0 {
			t.Error(a.Findings, err)
		}
	})
}

func wantStateOf(t *testing.T, s *store.Store, id int64, delivered bool) sms.Message {
	t.Helper()
	if delivered {
		return wantState(t, s, id, sms.Delivered)
	}
	return wantState(t, s, id, sms.Sent)
}

// Whoever takes over a claim reads what was noted: nothing of it is in doubt.
func TestNotedAnswersOutliveTheProcess(t *testing.T) {
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			address := storetest.URL(t, database)
			s, err := store.Open(t.Context(), address, storetest.Options())
			if err != nil {
				t.Fatal(err)
			}
			shop := storetest.NewShop(t, s)
			first, _ := noted(t, s, shop, 20)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = storetest.Open(t, address)
			open, err := s.OpenClaims(t.Context(), shop.Carrier.ID, shop.Hold(t, s))
			if err != nil || len(open) != 0 {
				t.Fatal("the holder's own claims are not left by somebody: ", open, err)
			}
			heir := heirOf(t, s, shop, address)
			open, err = s.OpenClaims(t.Context(), shop.Carrier.ID, heir)
			if err != nil || len(open) != 1 || len(open[0].Messages) != 20 || len(open[0].Noted) != 20 {
				t.Fatalf("%+v, %v", open, err)
			}
			o := &store.Outcome{Ended: []int64{open[0].ID}}
			for _, m := range open[0].Messages {
				o.Answers = append(o.Answers, open[0].Noted[m.ID])
			}
			settle(t, s, o)
			settle(t, s, &store.Outcome{Receipts: []sms.Receipt{receipt(shop, "n7", "+33639980007", sms.Delivered)}})
			wantState(t, s, first, sms.Sent)
			wantState(t, s, first+7, sms.Delivered)
			if a, err := s.Audit(t.Context()); err != nil || len(a.Findings) > 0 {
				t.Error(a.Findings, err)
			}
		})
	}
}

// heirOf takes the lease of the carrier for somebody else, as after the end of the holder.
func heirOf(t *testing.T, s *store.Store, shop storetest.Shop, address string) store.Hold {
	t.Helper()
	if strings.HasPrefix(address, "postgres") {
		storetest.Exec(t, address, "UPDATE lease SET until = 0 WHERE name LIKE 'carrier/%'")
	}
	got, err := s.Acquire(t.Context(), "heir", store.CarrierLease(shop.Carrier.ID))
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	return got[0]
}

// Who has lost the lease notes nothing any more: the new holder may have read the claims already. What it knows goes into the messages.
func TestNothingIsNotedWithoutTheLease(t *testing.T) {
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			address := storetest.URL(t, database)
			s := storetest.Open(t, address)
			shop := storetest.NewShop(t, s)
			receivers, refs := make([]string, 20), make([]string, 20)
			for i := range receivers {
				receivers[i], refs[i] = fmt.Sprintf("+33639%06d", 980000+i), fmt.Sprint("n", i)
			}
			first := shop.Accept(t, s, storetest.Order("Bonjour", receivers...), storetest.Noon)
			o := sent(claimAll(t, s, shop, 20, storetest.Noon), shop, refs...)
			heirOf(t, s, shop, address)
			settle(t, s, o)
			for i := range int64(20) {
				wantState(t, s, first+i, sms.Sent)
			}
			if a, err := s.Audit(t.Context()); err != nil || len(a.Findings) > 0 {
				t.Error(a.Findings, err)
			}
		})
	}
}

// A server without room refuses everything: noted answers stay due, and are written when there is room again.
func TestNotedAnswersWaitForRoom(t *testing.T) {
	for _, database := range storetest.Databases {
		if database != "postgres" {
			continue // only a server can be told to say so
		}
		address := storetest.URL(t, database)
		s := storetest.Open(t, address)
		shop := storetest.NewShop(t, s)
		first, _ := noted(t, s, shop, 20)
		storetest.Exec(t, address, `CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$`)
		storetest.Exec(t, address, "CREATE TRIGGER no_room BEFORE UPDATE ON message FOR EACH ROW EXECUTE FUNCTION no_room()")
		if _, err := s.WriteAnswers(t.Context(), 0); err == nil {
			t.Fatal("nothing can be written, and nobody says so")
		}
		wantState(t, s, first, sms.Sending)
		storetest.Exec(t, address, "DROP TRIGGER no_room ON message")
		if done, err := s.WriteAnswers(t.Context(), 0); err != nil || done.Moved[sms.Sent] != 20 {
			t.Errorf("%+v, %v", done, err)
		}
		wantState(t, s, first+19, sms.Sent)
	}
}
