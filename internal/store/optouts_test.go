package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// advert makes an order of advertising.
func advert(sender, tag string, receivers ...string) sms.Order {
	o := storetest.Order("Soldes", receivers...)
	o.NoStop, o.Sender, o.Tag = false, sender, tag
	return o
}

func TestAnOptOutCountsInItsScope(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		if err := s.AddSender(t.Context(), sms.Sender{ServiceID: shop.Service.ID, Sender: "Other", Type: "alpha", Status: sms.Enabled, Referer: "custom"}); err != nil {
			t.Fatal(err)
		}
		for i, scope := range []sms.Scope{"", "sender:Ramier", "tag:soldes"} {
			o := sms.OptOut{Receiver: fmt.Sprintf("+3363998000%d", i+1), Scope: scope, Source: sms.OptOutByImport, Words: "by letter", At: storetest.Noon}
			if n, err := s.AddOptOuts(t.Context(), shop.Service.ID, []sms.OptOut{o}); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		everyone := []string{"+33639980001", "0639980002", "+33 6 39 98 00 03", "+33639980004"}
		fromShort := advert("", "x", everyone...)
		fromShort.ForResponse = true
		code := storetest.Order("code", everyone...)
		for i, c := range []struct {
			order sms.Order
			want  []bool
		}{
			{advert("Ramier", "x", everyone...), []bool{true, true, false, false}},
			{advert("Other", "x", everyone...), []bool{true, false, false, false}},
			{advert("Other", "soldes", everyone...), []bool{true, false, true, false}},
			{advert("Ramier", "soldes", everyone...), []bool{true, true, true, false}},
			{fromShort, []bool{true, false, false, false}},
			{code, []bool{false, false, false, false}},
		} {
			first := shop.Accept(t, s, c.order, storetest.Noon)
			var refused []bool
			for n := range c.want {
				m, _, err := s.Message(t.Context(), 0, first+int64(n))
				if err != nil {
					t.Fatal(err)
				}
				refused = append(refused, m.State == sms.Refused && m.PTT == sms.PTTOptedOut && m.Credits == 0)
			}
			if !slices.Equal(refused, c.want) {
				t.Errorf("order %d: %v, want %v", i, refused, c.want)
			}
		}
		// One that comes after the acceptance is seen when the message is claimed, and asked for again later.
		at := storetest.Noon.Add(time.Minute)
		late := advert("Other", "soldes", "+33639980005", "+33639980006")
		late.Deferred = time.Minute
		id := shop.Accept(t, s, late, storetest.Noon)
		claimAll(t, s, shop, 15, storetest.Noon)
		optOut := func(receiver string, scope sms.Scope) {
			t.Helper()
			if _, err := s.AddOptOuts(t.Context(), shop.Service.ID, []sms.OptOut{{Receiver: receiver, Scope: scope, Source: sms.OptOutByImport, At: at}}); err != nil {
				t.Fatal(err)
			}
		}
		optOut("+33639980005", "tag:soldes")
		optOut("+33639980006", "sender:Ramier")
		c := claimAll(t, s, shop, 2, at)
		if !c.Messages[0].OptedOut || c.Messages[1].OptedOut || c.Messages[0].ID != id {
			t.Errorf("claimed %+v", c.Messages)
		}
		optOut("+33639980006", "sender:Other")
		if err := s.AskOptOuts(t.Context(), c.Messages); err != nil || !c.Messages[1].OptedOut {
			t.Errorf("asked again: %+v, %v", c.Messages[1], err)
		}
	})
}

func TestSTOPAndSTARTOfAHandset(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		write := func(text string) {
			t.Helper()
			settle(t, s, &store.Outcome{Incoming: []sms.Incoming{{CarrierID: shop.Carrier.ID, Sender: alice, Number: "36111", Text: text, At: storetest.Noon}}})
		}
		optedOut := func() []sms.OptOut {
			t.Helper()
			all, err := s.OptOutsAfter(t.Context(), shop.Service.ID, "", "", 10)
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		id := shop.Accept(t, s, advert("Ramier", "soldes", alice), storetest.Noon)
		settle(t, s, sent(claimAll(t, s, shop, 1, storetest.Noon), shop, "r1"))
		for _, c := range []struct {
			setting string
			want    sms.Scope
		}{{"", ""}, {"service", ""}, {"sender", "sender:Ramier"}, {"tag", "tag:soldes"}} {
			if err := s.ChangeService(t.Context(), shop.Service.Name, func(v *sms.Service) error {
				v.Settings.StopScope = c.setting
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			before, err := s.FreshRules(t.Context(), shop.Service.Name)
			if err != nil || before.HasOptOuts {
				t.Errorf("before: %v, %v", before.HasOptOuts, err)
			}
			write("Stop. Merci")
			write("stop !!")
			all := optedOut()
			if len(all) != 1 {
				t.Fatalf("%s: %+v", c.setting, all)
			}
			o := all[0]
			if o.Receiver != alice || o.Scope != c.want || o.Source != sms.OptOutByReply || o.Words != "Stop. Merci" || o.OutgoingID != id || o.IncomingID == 0 || !o.At.Equal(storetest.Noon) {
				t.Errorf("%s: %+v", c.setting, o)
			}
			after, err := s.Rules(t.Context(), shop.Service.Name)
			if err != nil || after.Rev != before.Rev+1 || !after.HasOptOuts {
				t.Errorf("revision %d, then %d, %v", before.Rev, after.Rev, err)
			}
			write("ne pas stopper, merci")
			write("START")
			if all := optedOut(); len(all) != 0 {
				t.Errorf("after START: %+v", all)
			}
		}
	})
}

// A service may have very many opt-outs; an order asks for its own receivers only.
func TestManyOptOuts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		shop := storetest.NewShop(t, s)
		const many = 20_000
		all := make([]sms.OptOut, many)
		for i := range all {
			all[i] = sms.OptOut{Receiver: fmt.Sprintf("+336%08d", 2*i), Source: sms.OptOutByImport, At: storetest.Noon}
		}
		for n := range 2 {
			if added, err := s.AddOptOuts(t.Context(), shop.Service.ID, all); err != nil || added != int64((1-n)*many) {
				t.Fatal(added, err)
			}
		}
		r, err := s.Rules(t.Context(), shop.Service.Name)
		if err != nil || r.OptedOut != nil || !r.HasOptOuts {
			t.Fatalf("%v, %v", r.HasOptOuts, err)
		}
		receivers := make([]string, 1000)
		for i := range receivers {
			receivers[i] = fmt.Sprintf("+336%08d", many+i)
		}
		o := advert("Ramier", "x", receivers...)
		if _, err := sms.NewPlan(o, r, storetest.Noon); sms.CodeOf(err) != sms.Internal {
			t.Errorf("a plan without asking: %v", err)
		}
		asked, err := s.WithOptOuts(t.Context(), r, o)
		if err != nil || len(asked.OptedOut) != 500 || r.OptedOut != nil {
			t.Errorf("%d, %v", len(asked.OptedOut), err)
		}
		// Page by page they are all there.
		var receiver string
		count := 0
		for {
			page, err := s.OptOutsAfter(t.Context(), shop.Service.ID, receiver, "", 7000)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			count += len(page)
			receiver = page[len(page)-1].Receiver
		}
		if count != many {
			t.Errorf("%d listed", count)
		}
	})
}
