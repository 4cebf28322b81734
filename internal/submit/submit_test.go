package submit_test

import (
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
	"ramier/internal/submit"
)

// Another node may have changed the rules that this one has in memory. An order that is charged is compared with the
// database's; one that is refused must not be refused by what was.
func TestAnOrderIsNotRefusedByOldRules(t *testing.T) {
	address := storetest.URL(t, "postgres")
	here, there := storetest.Open(t, address), storetest.Open(t, address)
	shop := storetest.NewShop(t, here)
	s := submit.New(here, func() time.Time { return storetest.Noon })
	send := func(sender string) (submit.Report, error) {
		o := storetest.Order("x", "+33600000001")
		o.Sender = sender
		return s.Submit(t.Context(), shop.Account.ID, shop.Service.Name, o, submit.Key{})
	}
	if _, err := send("Other"); sms.CodeOf(err) != sms.Invalid {
		t.Fatal("before there is such a sender: ", err)
	}
	if err := there.AddSender(t.Context(), sms.Sender{
		ServiceID: shop.Service.ID, Sender: "Other", Type: "alpha", Status: sms.Enabled, Referer: "custom", CreatedAt: storetest.Noon,
	}); err != nil {
		t.Fatal(err)
	}
	if r, err := send("Other"); err != nil || len(r.IDs) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A route that another node made counts also where there was none, so that every receiver was refused.
func TestReceiversAreNotRefusedByOldRules(t *testing.T) {
	address := storetest.URL(t, "postgres")
	here, there := storetest.Open(t, address), storetest.Open(t, address)
	shop := storetest.NewShop(t, here)
	routes, err := here.Routes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := here.DeleteRoute(t.Context(), routes[0].ID); err != nil {
		t.Fatal(err)
	}
	s := submit.New(here, func() time.Time { return storetest.Noon })
	send := func() submit.Report {
		t.Helper()
		r, err := s.Submit(t.Context(), shop.Account.ID, shop.Service.Name, storetest.Order("x", "+33600000001"), submit.Key{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := send(); len(r.IDs) != 0 {
		t.Fatalf("without a route: %+v", r)
	}
	if err := there.AddRoute(t.Context(), &sms.Route{Position: 1, CarrierID: shop.Carrier.ID, Enabled: true}); err != nil {
		t.Fatal(err)
	}
	if r := send(); len(r.IDs) != 1 {
		t.Errorf("with one: %+v", r)
	}
}

func TestAnOrderIsPutOffWhileTheRulesChangeWithoutPause(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		shop := storetest.NewShop(t, st)
		changes := 0
		s := submit.New(st, func() time.Time { // between the reading of the rules and the charge
			if changes > 0 {
				changes--
				if err := st.SetRate(t.Context(), "*", sms.Credit); err != nil {
					t.Error(err)
				}
			}
			return storetest.Noon
		})
		send := func() (submit.Report, error) {
			return s.Submit(t.Context(), shop.Account.ID, shop.Service.Name, storetest.Order("x", "+33600000001"), submit.Key{})
		}
		changes = 1000
		if r, err := send(); sms.CodeOf(err) != sms.Unavailable {
			t.Errorf("without end: %+v, %v", r, err)
		}
		changes = 5
		if r, err := send(); err != nil || len(r.IDs) != 1 {
			t.Errorf("five times: %+v, %v", r, err)
		}
		if b, err := st.Balance(t.Context(), shop.Service.ID); err != nil || b.Available != 99*sms.Credit {
			t.Errorf("one was charged: %+v, %v", b, err)
		}
	})
}
