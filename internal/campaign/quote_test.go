package campaign_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ramier/internal/campaign"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

func (d *desk) quote(t fatal, r campaign.Request) *sms.BatchQuote {
	t.Helper()
	rules, err := d.store.FreshRules(ctx, d.shop.Service.Name)
	if err != nil {
		t.Fatal(err)
	}
	q, err := d.batches.Quote(ctx, rules, r)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// toEnd works at a batch until nothing is left to plan.
func (d *desk) toEnd(t fatal, b sms.Batch) sms.Batch {
	t.Helper()
	for range 200 {
		if _, err := d.batches.Step(ctx); err != nil {
			t.Fatal(err)
		}
		if b = d.look(t, b); b.Status != sms.BatchPending && b.Status != sms.BatchInserting || b.Paused {
			break
		}
		d.clock.Advance(10 * time.Minute)
	}
	return b
}

// rowsOf draws the rows of a list with columns.
func rowsOf(r *rapid.T) []string {
	receiver := rapid.OneOf(
		rapid.Map(rapid.IntRange(600000000, 600000020), func(n int) string { return fmt.Sprintf("+33%d", n) }),
		rapid.Map(rapid.IntRange(470000000, 470000010), func(n int) string { return fmt.Sprintf("+32%d", n) }),
		rapid.SampledFrom([]string{"0600000001", "12", "x", "+33600000003"}),
	)
	value := rapid.StringOfN(rapid.RuneFrom([]rune("abcé€ê😀 #{}")), 0, 90, -1)
	rows := make([]string, rapid.IntRange(1, 30).Draw(r, "rows"))
	for i := range rows {
		rows[i] = receiver.Draw(r, "receiver") + ";" + value.Draw(r, "nom") + ";" + value.Draw(r, "prenom") + ";\r\n"
	}
	return rows
}

// What is quoted for a batch, step by step, is what is charged, what the books say, and what its messages cost; with columns, canary and
// repeated, unusable and opted-out receivers.
func TestABatchIsChargedAsItWasQuoted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(s, storetest.NewShop(t, s))
		if _, err := s.Grant(ctx, d.shop.Service.ID, 10_000_000*sms.Credit, "test", storetest.Noon); err != nil {
			t.Fatal(err)
		}
		if err := s.SetRate(ctx, "BE", 1700); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AddOptOuts(ctx, d.shop.Service.ID, []sms.OptOut{{Receiver: "+33600000003", Source: sms.OptOutByImport, At: storetest.Noon}}); err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(r *rapid.T) { d.quoteAndCharge(t, r) })
		if a, err := s.Audit(ctx); err != nil || len(a.Findings) > 0 || a.Messages == 0 {
			t.Error(a.Findings, err)
		}
	})
}

func (d *desk) quoteAndCharge(t *testing.T, r *rapid.T) {
	rows := rowsOf(r)
	if _, err := d.load(ctx, 1, len(rows), func(i int) string { return rows[i-1] }); err != nil {
		return // a list without any number
	}
	defer func() {
		if err := d.store.DeleteSlot(ctx, store.Slot{ServiceID: d.shop.Service.ID, Slot: 1}); err != nil {
			t.Fatal(err)
		}
	}()
	o := free
	o.Text = rapid.SampledFrom([]string{"Bonjour", "Bonjour #prenom# #nom#", "#nom|client# {prenom} ê", strings.Repeat("a", 155) + "#nom#"}).Draw(r, "text")
	o.NoStop = rapid.Bool().Draw(r, "noStop")
	d.batches.SetRows(rapid.IntRange(3, 12).Draw(r, "step"))
	request := campaign.Request{Order: o, Slot: 1, Settings: sms.BatchSettings{Canary: rapid.IntRange(0, 5).Draw(r, "canary")}}
	rules, err := d.store.FreshRules(ctx, d.shop.Service.Name)
	if err != nil {
		r.Fatal(err)
	}
	q, err := d.batches.Quote(ctx, rules, request)
	if err != nil {
		if b, made := d.batches.Create(ctx, rules, request); made == nil && d.toEnd(t, b).Status != sms.BatchFailed {
			r.Fatalf("quoting fails with %v, and sending does not", err)
		}
		return
	}
	d.appraise(t, r, request, q)
	before, _ := d.store.Balance(ctx, d.shop.Service.ID)
	request.QuoteID = q.ID
	b := d.create(t, request)
	for b.Status != sms.BatchInserted {
		if b = d.toEnd(t, b); b.Status == sms.BatchInserting && b.Paused { // the canary has had no receipts: it goes on by hand
			if err := d.batches.Resume(ctx, &b); err != nil {
				r.Fatal(err)
			}
			continue
		}
		if b.Status == sms.BatchFailed || b.Paused {
			r.Fatalf("%s: %s", b.Status, b.Reason)
		}
	}
	after, _ := d.store.Balance(ctx, d.shop.Service.ID)
	counts, err := d.store.CountBatch(ctx, &b)
	if err != nil {
		r.Fatal(err)
	}
	if q.Credits != b.Credits || q.Credits != b.Estimate || q.Credits != before.Available-after.Available || q.Credits != counts.Credits || q.Messages != b.Messages ||
		q.Unusable != b.Errors || q.Refused != counts.StopListed {
		r.Fatalf("quoted %+v, charged %+v, taken %v, counted %+v", q, b, before.Available-after.Available, counts)
	}
}

// appraise makes the batch of a quote without the quote, holds it until it is known what it costs, and takes it back.
func (d *desk) appraise(t *testing.T, r *rapid.T, request campaign.Request, q *sms.BatchQuote) {
	d.batches.SetExact(rapid.IntRange(1, 20).Draw(r, "exact"))
	request.Hold = sms.MaxBatchHold
	b := d.create(t, request)
	for range 40 {
		if b.Exact {
			break
		}
		d.batches.Step(ctx)
		b = d.look(t, b)
	}
	if !b.Exact || b.Estimate != q.Credits || b.Status != sms.BatchPending || b.Credits != 0 {
		r.Fatalf("quoted %v, and estimated %+v", q.Credits, b)
	}
	if err := d.batches.Cancel(ctx, &b, false); err != nil {
		r.Fatal(err)
	}
}

func TestAQuoteThatDoesNotHoldStopsItsBatch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDesk(s, storetest.NewShop(t, s))
		d.batches.SetRows(5)
		to := make([]string, 12)
		for i := range to {
			to[i] = fmt.Sprintf("+336%08d", 20_000_000+i)
		}
		request := campaign.Request{Order: free, To: to}
		refused := func(what string, r campaign.Request, id string, code sms.Code, words string) {
			t.Helper()
			r.QuoteID = id
			rules, _ := s.FreshRules(ctx, d.shop.Service.Name)
			if _, err := d.batches.Create(ctx, rules, r); sms.CodeOf(err) != code || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %v", what, err)
			}
		}
		q := d.quote(t, request)
		if q.Credits != 12*sms.Credit || len(q.Steps) != 3 || q.Messages != 12 || len(q.Lines) != 5 {
			t.Errorf("%+v", q)
		}
		other := request
		other.Order.Text = "Bonsoir"
		refused("another text", other, q.ID, sms.Conflict, "not the one that was quoted")
		refused("no quote", request, "6ba7b810-9dad-41d1-80b4-00c04fd430c8", sms.NoObject, "quoteId")
		request.QuoteID = q.ID
		b := d.create(t, request)
		refused("used", request, q.ID, sms.Conflict, b.UUID)
		for b.Messages == 0 {
			if _, err := d.batches.Step(ctx); err != nil {
				t.Fatal(err)
			}
			b = d.look(t, b)
		}
		if err := s.SetRate(ctx, "FR", 1500); err != nil {
			t.Fatal(err)
		}
		d = newDesk(s, d.shop)
		d.batches.SetRows(5)
		if b = d.toEnd(t, b); !b.Paused || b.Messages != 5 || b.Credits != 5*sms.Credit || !strings.Contains(b.Reason, "difference of +2.5") {
			t.Errorf("%+v", b)
		}
		if err := d.batches.Resume(ctx, &b); err != nil {
			t.Fatal(err)
		}
		if b = d.toEnd(t, b); b.Status != sms.BatchInserted || b.Credits != 15500 {
			t.Errorf("%+v", b)
		}
		d.check(t, b)
		late := d.quote(t, campaign.Request{Order: free, To: to})
		if err := s.SetRate(ctx, "FR", 1600); err != nil {
			t.Fatal(err)
		}
		refused("dearer", campaign.Request{Order: free, To: to}, late.ID, sms.Conflict, "difference of +0.5")
		d.clock.Advance(sms.QuoteLife)
		refused("late", campaign.Request{Order: free, To: to}, late.ID, sms.Conflict, "expired")
	})
}
