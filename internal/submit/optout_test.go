package submit_test

import (
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
	"ramier/internal/submit"
)

// A STOP that comes between the question who has opted out and the charge still counts.
func TestASTOPThatComesWhileAPlanIsMade(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		shop := storetest.NewShop(t, st)
		const alice = "+33639980001"
		asked := storetest.Order("ask", alice)
		asked.ForResponse = true
		shop.Accept(t, st, asked, storetest.Noon)
		stop := true
		s := submit.New(st, func() time.Time {
			if stop {
				stop = false
				in := sms.Incoming{CarrierID: shop.Carrier.ID, Sender: alice, Number: "38000", Text: "STOP", At: storetest.Noon}
				if err := st.Settle(t.Context(), &store.Outcome{Incoming: []sms.Incoming{in}}); err != nil {
					t.Error(err)
				}
			}
			return storetest.Noon
		})
		o := storetest.Order("Soldes", alice, "+33639980002")
		o.NoStop = false
		r, err := s.Submit(t.Context(), shop.Account.ID, shop.Service.Name, o, submit.Key{})
		if err != nil || r.Credits != sms.Credit || len(r.IDs) != 2 {
			t.Fatalf("%+v, %v", r, err)
		}
		if m, _, err := st.Message(t.Context(), 0, r.IDs[0]); err != nil || m.State != sms.Refused || m.PTT != sms.PTTOptedOut {
			t.Errorf("%+v, %v", m, err)
		}
	})
}
