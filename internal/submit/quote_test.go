package submit_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ramier/internal/gsm"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
	"ramier/internal/submit"
)

// quoter is a shop whose clock a test moves.
type quoter struct {
	*submit.Submitter
	shop  storetest.Shop
	store *store.Store
	now   time.Time
}

func newQuoter(t *testing.T, s *store.Store) *quoter {
	q := &quoter{shop: storetest.NewShop(t, s), store: s, now: storetest.Noon}
	q.Submitter = submit.New(s, func() time.Time { return q.now })
	return q
}

// any order whose sender exists.
func anyOrder(t *rapid.T) sms.Order {
	receiver := rapid.OneOf(
		rapid.Map(rapid.IntRange(600000000, 600000030), func(n int) string { return fmt.Sprintf("+33%d", n) }),
		rapid.Map(rapid.IntRange(470000000, 470000020), func(n int) string { return fmt.Sprintf("+32%d", n) }),
		rapid.SampledFrom([]string{"0600000001", "+262692000001", "+4915100000001", "12", "x", ""}),
	)
	text := rapid.StringOfN(rapid.RuneFrom([]rune("abcé€ê😀 \n#prenom")), 1, 400, -1)
	o := storetest.Order(text.Draw(t, "text"), rapid.SliceOfN(receiver, 1, 12).Draw(t, "receivers")...)
	o.NoStop, o.ForceUnicode = rapid.Bool().Draw(t, "noStop"), rapid.Bool().Draw(t, "unicode")
	o.ForResponse = rapid.Bool().Draw(t, "forResponse")
	o.Deferred = time.Duration(rapid.IntRange(0, 3000).Draw(t, "deferred")) * time.Minute
	if rapid.Bool().Draw(t, "tagged") {
		o.Tag = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "tag")
	}
	return o
}

// What is quoted is what is charged, what the books say, and what the messages cost.
func TestAQuoteIsWhatIsCharged(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newQuoter(t, s)
		if _, err := s.Grant(t.Context(), w.shop.Service.ID, 10_000_000*sms.Credit, "test", storetest.Noon); err != nil {
			t.Fatal(err)
		}
		for country, rate := range map[string]sms.Credits{"BE": 1700, "RE": 2300, "FR": 1000} {
			if err := s.SetRate(t.Context(), country, rate); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.AddOptOuts(t.Context(), w.shop.Service.ID, []sms.OptOut{
			{Receiver: "+33600000003", Source: sms.OptOutByImport, At: storetest.Noon}, {Receiver: "+32470000004", Scope: "tag:a", Source: sms.OptOutByImport, At: storetest.Noon},
		}); err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(r *rapid.T) { w.quoteAndCharge(t, r, anyOrder(r)) })
		audit, err := s.Audit(t.Context())
		if err != nil || len(audit.Findings) > 0 || audit.Messages == 0 {
			t.Errorf("the audit of %d messages finds %v, %v", audit.Messages, audit.Findings, err)
		}
	})
}

func (w *quoter) quoteAndCharge(t *testing.T, r *rapid.T, o sms.Order) {
	ctx := t.Context()
	account, service := w.shop.Account.ID, w.shop.Service.Name
	q, err := w.Quote(ctx, account, service, o)
	if err != nil {
		if _, refused := w.Submit(ctx, account, service, o, submit.Key{}); refused == nil || refused.Error() != err.Error() {
			r.Fatalf("quoting fails with %v, sending with %v", err, refused)
		}
		return
	}
	before, err := w.store.Balance(ctx, w.shop.Service.ID)
	if err != nil {
		r.Fatal(err)
	}
	o.QuoteID = q.ID
	report, err := w.Submit(ctx, account, service, o, submit.Key{})
	if err != nil {
		r.Fatal(err)
	}
	after, err := w.store.Balance(ctx, w.shop.Service.ID)
	if err != nil {
		r.Fatal(err)
	}
	var lines, messages sms.Credits
	for _, l := range q.Lines {
		lines += l.Credits
		e, err := sms.EstimateText(q.Texts[l.Text], "", o.ForceUnicode)
		if err != nil || e.Parts != l.Parts || e.Length != l.Length || (e.Alphabet == gsm.UCS2) != l.Unicode {
			r.Fatalf("the estimate is %+v, the quote %+v", e, l)
		}
	}
	for _, id := range report.IDs {
		m, _, err := w.store.Message(ctx, 0, id)
		if err != nil {
			r.Fatal(err)
		}
		messages += m.Credits
	}
	if q.Credits != report.Credits || q.Credits != lines || q.Credits != messages || q.Credits != before.Available-after.Available ||
		q.Credits != after.Held-before.Held || len(q.Lines) != len(report.IDs) || len(q.Invalid) != len(report.Invalid) {
		r.Fatalf("quoted %v (%v by receiver), charged %v, taken %v, held %v, messages %v", q.Credits, lines, report.Credits,
			before.Available-after.Available, after.Held-before.Held, messages)
	}
	// The time passes, so that quotes do not pile up.
	w.now = w.now.Add(sms.QuoteLife)
}

func TestAQuoteBindsForAnHourAndOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newQuoter(t, s)
		o := storetest.Order("Bonjour", "+33600000001", "+33600000002")
		quote := func() string {
			t.Helper()
			q, err := w.Quote(t.Context(), w.shop.Account.ID, w.shop.Service.Name, o)
			if err != nil {
				t.Fatal(err)
			}
			return q.ID
		}
		refused := func(what string, o sms.Order, id string, code sms.Code, words string) {
			t.Helper()
			o.QuoteID = id
			before, _ := s.Balance(t.Context(), w.shop.Service.ID)
			_, err := w.Submit(t.Context(), w.shop.Account.ID, w.shop.Service.Name, o, submit.Key{})
			after, _ := s.Balance(t.Context(), w.shop.Service.ID)
			if sms.CodeOf(err) != code || !strings.Contains(err.Error(), words) || before != after {
				t.Errorf("%s: %v; balance %+v, then %+v", what, err, before, after)
			}
		}
		refused("no quote", o, "6ba7b810-9dad-41d1-80b4-00c04fd430c8", sms.NoObject, "quoteId")
		used := quote()
		first := o
		first.QuoteID = used
		r, err := w.Submit(t.Context(), w.shop.Account.ID, w.shop.Service.Name, first, submit.Key{})
		if err != nil || r.Credits != 2*sms.Credit {
			t.Fatal(r, err)
		}
		refused("used", o, used, sms.Conflict, fmt.Sprint("job ", r.IDs[0]))
		if q, err := s.Quote(t.Context(), w.shop.Service.ID, used, w.now); err != nil || q.UsedBy != r.IDs[0] {
			t.Errorf("%+v, %v", q, err)
		}
		other := storetest.Order("Bonsoir", "+33600000001", "+33600000002")
		refused("another text", other, quote(), sms.Conflict, "not the one that was quoted")
		dearer := quote()
		if err := s.SetRate(t.Context(), "FR", 1500); err != nil {
			t.Fatal(err)
		}
		refused("dearer", o, dearer, sms.Conflict, "difference of +1")
		late := quote()
		w.now = w.now.Add(sms.QuoteLife)
		refused("late", o, late, sms.Conflict, "expired")
		if _, err := s.Quote(t.Context(), w.shop.Service.ID, late, w.now); sms.CodeOf(err) != sms.NoObject {
			t.Error("a quote that has expired is shown: ", err)
		}
		if err := s.DropOld(t.Context(), w.now.Add(2*sms.QuoteLife)); err != nil {
			t.Fatal(err)
		}
		refused("forgotten", o, late, sms.NoObject, "quoteId")
	})
}
