package store_test

import (
	"slices"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

func smppShop(t *testing.T, s *store.Store) storetest.Shop {
	t.Helper()
	shop := storetest.NewShop(t, s)
	if err := s.AddSMPPAccount(t.Context(), store.SMPPAccount{
		ServiceID: shop.Service.ID, SystemID: "shop", PasswordHash: "x", Settings: store.DefaultSMPPSettings(), CreatedAt: storetest.Noon,
	}); err != nil {
		t.Fatal(err)
	}
	return shop
}

func withReceipt(o sms.Order) sms.Order {
	o.ReceiptTo = "back"
	return o
}

// Whatever ends a message owes its client the receipt, once; a message that asked for none owes nothing.
func TestReceiptsAreOwed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := smppShop(t, s)
		var woken []int64
		s.OnSMPPOwed(func(services []int64) { woken = append(woken, services...) })
		cancelled := shop.Accept(t, s, withReceipt(storetest.Order("x", "+33600000001")), storetest.Noon)
		silent := shop.Accept(t, s, storetest.Order("x", "+33600000002"), storetest.Noon)
		for _, id := range []int64{cancelled, silent} {
			if err := s.Cancel(t.Context(), shop.Service.ID, id, storetest.Noon); err != nil {
				t.Fatal(err)
			}
		}
		in := sms.Incoming{CarrierID: shop.Carrier.ID, Sender: "+33600000003", Number: "38000", Text: "STOP", At: storetest.Noon}
		asked := storetest.Order("?", in.Sender)
		asked.ForResponse = true
		shop.Accept(t, s, asked, storetest.Noon)
		if err := s.Settle(t.Context(), &store.Outcome{Incoming: []sms.Incoming{in}}); err != nil { // a reply is owed, too
			t.Fatal(err)
		}
		advert := withReceipt(storetest.Order("Soldes", in.Sender))
		advert.NoStop = false
		refused := shop.Accept(t, s, advert, storetest.Noon)

		owed, err := s.TakeOwed(t.Context(), shop.Service.ID, 10, storetest.Noon)
		if err != nil || len(owed) != 3 {
			t.Fatalf("%+v, %v", owed, err)
		}
		states := map[int64]sms.State{}
		for _, o := range owed {
			if o.Message.ID != 0 {
				states[o.Message.ID] = o.Message.State
				if o.ReceiptTo != "back" || o.Attempts != 1 || !o.Until.Equal(storetest.Noon.Add(store.OwedTime)) || !o.Ordered.Equal(storetest.Noon) {
					t.Errorf("%+v", o)
				}
			} else if o.Incoming.Text != "STOP" || o.Incoming.Sender != in.Sender || o.Incoming.Number != "38000" {
				t.Errorf("%+v", o)
			}
		}
		if states[cancelled] != sms.Cancelled || states[refused] != sms.Refused || len(states) != 2 {
			t.Errorf("%v", states)
		}
		if len(woken) != 3 || slices.Contains(woken, 0) {
			t.Errorf("woken %v", woken)
		}
		// Nobody else takes them, until their taker's time is over.
		if again, err := s.TakeOwed(t.Context(), shop.Service.ID, 10, storetest.Noon); err != nil || len(again) != 0 {
			t.Errorf("%+v, %v", again, err)
		}
		later := storetest.Noon.Add(store.SMPPLease)
		if again, err := s.TakeOwed(t.Context(), shop.Service.ID, 2, later); err != nil || len(again) != 2 || again[0].Attempts != 2 {
			t.Errorf("%+v, %v", again, err)
		}
		if err := s.SettleOwed(t.Context(), []int64{owed[0].ID}, map[int64]time.Time{owed[1].ID: later, owed[2].ID: later.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		if again, err := s.TakeOwed(t.Context(), shop.Service.ID, 10, later); err != nil || len(again) != 1 || again[0].ID != owed[1].ID {
			t.Errorf("%+v, %v", again, err)
		}
		end := storetest.Noon.Add(store.OwedTime)
		if late, err := s.TakeOwed(t.Context(), shop.Service.ID, 10, end); err != nil || len(late) != 0 {
			t.Errorf("seven days later: %+v, %v", late, err)
		}
		if n, err := s.DropOwed(t.Context(), end.Add(time.Second)); err != nil || n != 2 {
			t.Errorf("%d dropped, %v", n, err)
		}
	})
}

func TestNothingIsOwedToWhoHasNoSMPP(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := smppShop(t, s)
		if err := s.DeleteSMPPAccount(t.Context(), shop.Service.ID); err != nil {
			t.Fatal(err)
		}
		id := shop.Accept(t, s, withReceipt(storetest.Order("x", "+33600000001")), storetest.Noon)
		if err := s.Cancel(t.Context(), shop.Service.ID, id, storetest.Noon); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Owes(t.Context(), shop.Service.ID); err != nil || n != 0 {
			t.Errorf("%d, %v", n, err)
		}
		if err := s.DeleteSMPPAccount(t.Context(), shop.Service.ID); sms.CodeOf(err) != sms.NoObject {
			t.Error(err)
		}
	})
}

func TestPartsOfALongMessage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := smppShop(t, s)
		var join int64
		for n, want := range []int{1, 2, 2} { // the last is a repetition
			p := store.SMPPPart{ServiceID: shop.Service.ID, Name: "a", Part: min(n+1, 2), PDU: []byte{byte(n)}, Receipt: true, At: storetest.Noon}
			all, err := s.KeepPart(t.Context(), &p)
			if err != nil || len(all) != want || p.JoinID == 0 || n > 0 && p.JoinID != join {
				t.Fatalf("%+v %+v, %v", p, all, err)
			}
			join = p.JoinID
		}
		if old, err := s.OldParts(t.Context(), storetest.Noon); err != nil || len(old) != 0 {
			t.Errorf("%+v, %v", old, err)
		}
		old, err := s.OldParts(t.Context(), storetest.Noon.Add(time.Second))
		if err != nil || len(old) != 1 || len(old[0]) != 2 || old[0][1].PDU[0] != 2 {
			t.Errorf("%+v, %v", old, err)
		}
		for range 2 { // two nodes look
			if err := s.DropParts(t.Context(), shop.Service.ID, "a", []string{"gone"}, storetest.Noon); err != nil {
				t.Fatal(err)
			}
		}
		if owed, err := s.TakeOwed(t.Context(), shop.Service.ID, 10, storetest.Noon); err != nil || len(owed) != 1 || owed[0].Text != "gone" {
			t.Errorf("%+v, %v", owed, err)
		}
	})
}
