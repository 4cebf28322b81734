package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ramier/internal/billing"
	"ramier/internal/sandbox/sandboxtest"
)

// price and creditOrder are as OVH's API has them.
type price struct {
	Value         float64
	CurrencyCode  string
	Text          string
	PriceInUcents int64
}

type creditOrder struct {
	OrderID *int64
	URL     *string
	Prices  struct{ WithTax, WithoutTax, Tax, OriginalWithoutTax, Reduction price }
	Details []struct {
		Domain    string
		Quantity  int64
		UnitPrice price
	}
	Contracts []struct{ Name, URL, Content string }
}

const secret = "the-sandbox-signs-payments-with-this"

func read(t *testing.T, url string) (status int, kind, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(all)
}

// The cookbook's way: a quote, an order, its payment, the credits.
func TestCreditsAreOrderedPaidAndThere(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var q, o creditOrder
		path := "/order/sms/" + p.Info.ServiceName + "/credits"
		if err := p.OVH.Get(path+"?quantity=1234", &q); err != nil {
			t.Fatal(err)
		}
		// From 1,000 credits on, one costs 0.0576 EUR: 71.0784 is 71.08, and 20 % of it 14.216 is 14.22.
		if q.OrderID != nil || q.URL != nil || q.Prices.WithoutTax.Value != 71.08 || q.Prices.Tax.Value != 14.22 || q.Prices.WithTax.Value != 85.3 ||
			q.Prices.WithTax.CurrencyCode != "EUR" || q.Prices.OriginalWithoutTax.Value != 74.04 || q.Prices.WithTax.PriceInUcents != 8_530_000_000 {
			t.Errorf("%+v", q)
		}
		if err := p.OVH.Post(path, object{"quantity": 1234}, &o); err != nil {
			t.Fatal(err)
		}
		if o.OrderID == nil || o.URL == nil || o.Prices != q.Prices || len(o.Details) != 1 || o.Details[0].Quantity != 1234 || o.Details[0].Domain != p.Info.ServiceName || len(o.Contracts) != 1 {
			t.Fatalf("%+v", o)
		}
		wantMoney(t, p, money{100_000, 0, 0})
		id := *o.OrderID
		var status string
		mine := fmt.Sprintf("/me/order/%d", id)
		if err := p.OVH.Get(mine+"/status", &status); err != nil || status != "notPaid" {
			t.Errorf("%q, %v", status, err)
		}
		wantStatus(t, p.Other.Get(mine, nil), http.StatusNotFound)
		wantStatus(t, p.OVH.Post(fmt.Sprintf("/operator/orders/%d/settle", id), nil, nil), http.StatusForbidden)
		code, _, body := read(t, *o.URL)
		if code != 200 || !strings.Contains(body, "85.30 EUR") || !strings.Contains(body, "TVA 20 %") || !strings.Contains(body, "sandbox") {
			t.Errorf("%d: %s", code, body)
		}
		if code, _, _ := read(t, *o.URL+"x"); code != 404 {
			t.Errorf("with another key the page is answered %d", code)
		}

		var settled struct {
			Status, ServiceName, SettledBy string
			Invoice                        int64
		}
		if err := p.Operator.Post(fmt.Sprintf("/operator/orders/%d/settle", id), object{"reference": "transfer 77"}, &settled); err != nil {
			t.Fatal(err)
		}
		if settled.Status != "delivered" || settled.Invoice != 1 || settled.SettledBy != "operator-ovh" {
			t.Errorf("%+v", settled)
		}
		wantMoney(t, p, money{101_234, 0, 0})
		wantStatus(t, p.Operator.Post(fmt.Sprintf("/operator/orders/%d/settle", id), nil, nil), http.StatusConflict)
		wantStatus(t, p.Operator.Post(fmt.Sprintf("/operator/orders/%d/cancel", id), nil, nil), http.StatusConflict)
		wantMoney(t, p, money{101_234, 0, 0})
		var m struct{ PdfURL, URL string }
		if err := p.OVH.Get(mine, &m); err != nil {
			t.Fatal(err)
		}
		code, kind, body := read(t, m.PdfURL)
		if code != 200 || kind != "application/pdf" || !strings.HasPrefix(body, "%PDF-1.4") || !strings.Contains(body, "Invoice 1") || !strings.Contains(body, "85.30 EUR") {
			t.Errorf("%s: %d %s %s", m.PdfURL, code, kind, body)
		}
		p.Send("x", []string{handset})
		p.Audit()
	})
}

// The days on papers are those of the platform's zone, like those of statements: in Paris it is the new year.
func TestTheDayOfAnInvoice(t *testing.T) {
	p := sandboxtest.Start(t, "")
	p.Clock.Set(time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC))
	id, _ := orderOf(t, p, 1000)
	for _, step := range []string{"settle", "refund"} {
		if err := p.Operator.Post(fmt.Sprintf("/operator/orders/%d/%s", id, step), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	var m struct{ PdfURL, URL string }
	if err := p.OVH.Get(fmt.Sprintf("/me/order/%d", id), &m); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{m.URL, m.PdfURL, m.URL + "/credit-1.pdf"} {
		if _, _, body := read(t, address); !strings.Contains(body, "2027-01-01") || strings.Contains(body, "2026-12-31") {
			t.Errorf("%s: %s", address, body)
		}
	}
}

func TestOrderingANewAccount(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var o creditOrder
		if err := p.OVH.Post("/order/sms/new", object{"quantity": 100, "channel": "marketing"}, &o); err != nil {
			t.Fatal(err)
		}
		var before, after []string
		if err := p.OVH.Get("/sms", &before); err != nil {
			t.Fatal(err)
		}
		// The name that the new one would get has been given out by hand, to another customer even.
		if err := p.Operator.Post("/operator/services", object{"account": "rm67890-ovh", "name": fmt.Sprintf("sms-rm12345-%d", len(before)+1)}, nil); err != nil {
			t.Fatal(err)
		}
		if err := p.Operator.Post(fmt.Sprintf("/operator/orders/%d/settle", *o.OrderID), nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := p.OVH.Get("/sms", &after); err != nil || len(after) != len(before)+1 {
			t.Fatalf("%v, %v, %v", before, after, err)
		}
		var s struct {
			Channel     string
			CreditsLeft float64
		}
		if err := p.OVH.Get("/sms/"+after[len(after)-1], &s); err != nil || s.Channel != "marketing" || s.CreditsLeft != 100 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestWhatCannotBeOrdered(t *testing.T) {
	p := sandboxtest.Start(t, "")
	path := "/order/sms/" + p.Info.ServiceName + "/credits"
	for _, quantity := range []int64{-1, 0, 99, 10_000_001, 1 << 62} {
		wantStatus(t, p.OVH.Post(path, object{"quantity": quantity}, nil), http.StatusBadRequest)
	}
	wantStatus(t, p.Other.Post(path, object{"quantity": 100}, nil), http.StatusNotFound)
	for _, q := range []int64{100, 500, 1000, 2500, 5000, 10000, 50000, 100000} {
		if err := p.Operator.Delete(fmt.Sprintf("/operator/prices/FR/%d", q), nil); err != nil {
			t.Fatal(err)
		}
	}
	if text := wantStatus(t, p.OVH.Post(path, object{"quantity": 100}, nil), http.StatusConflict); !strings.Contains(text, "ramier price set FR") {
		t.Error(text)
	}
	for _, set := range []struct {
		path string
		body object
	}{
		{"/operator/prices/all/10", object{"credit": 0.01, "currency": "USD"}},
		{"/operator/taxes/FR", object{"name": "TVA", "rate": 5.5}},
	} {
		if err := p.Operator.Put(set.path, set.body, nil); err != nil {
			t.Fatal(err)
		}
	}
	wantStatus(t, p.Operator.Put("/operator/prices/all/20", object{"credit": 0.01, "currency": "EUR"}, nil), http.StatusConflict)
	wantStatus(t, p.Operator.Put("/operator/prices/all/20", object{"credit": -0.01, "currency": "USD"}, nil), http.StatusBadRequest)
	for _, free := range []float64{0.0000001, -0.0000001} { // it would be nothing
		wantStatus(t, p.Operator.Put("/operator/prices/all/20", object{"credit": free, "currency": "USD"}, nil), http.StatusBadRequest)
	}
	wantStatus(t, p.Operator.Put("/operator/prices/all/20", object{"credit": 0.01, "currency": "XXX"}, nil), http.StatusBadRequest)
	wantStatus(t, p.Operator.Put("/operator/taxes/FR", object{"name": "TVA", "rate": 101}, nil), http.StatusBadRequest)
	var o creditOrder
	if err := p.OVH.Post(path, object{"quantity": 10}, &o); err != nil || o.Prices.WithTax.Text != "0.11 USD" || o.Prices.Tax.Value != 0.01 {
		t.Errorf("%+v, %v", o.Prices, err)
	}
}

// notify posts a notice of a payment.
func notify(t *testing.T, p *sandboxtest.Platform, signature string, body []byte) (status int, answer string) {
	t.Helper()
	url := strings.TrimSuffix(p.Info.Endpoint, "/1.0") + "/payments"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(billing.SignatureHeader, signature)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestForgedAndRepeatedPaymentsBringNothing(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		order := func() int64 {
			var o creditOrder
			if err := p.OVH.Post("/order/sms/"+p.Info.ServiceName+"/credits", object{"quantity": 100}, &o); err != nil {
				t.Fatal(err)
			}
			return *o.OrderID
		}
		first, second := order(), order()
		now := p.Clock.Now()
		notice := func(change object) []byte {
			n := object{"event": "evt-1", "orderId": first, "amount": 7.2, "currency": "EUR", "reference": "card 42"}
			for k, v := range change {
				n[k] = v
			}
			text, err := json.Marshal(n)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		good := notice(nil)
		signed := func(body []byte) string { return billing.Sign([]byte(secret), body, now) }
		for name, c := range map[string]struct {
			signature string
			body      []byte
			want      int
		}{
			"no signature":         {"", good, 403},
			"another secret":       {billing.Sign([]byte("another secret that is long"), good, now), good, 403},
			"another body":         {signed(good), notice(object{"orderId": second}), 403},
			"too old":              {billing.Sign([]byte(secret), good, now.Add(-6*time.Minute)), good, 400},
			"from the future":      {billing.Sign([]byte(secret), good, now.Add(6*time.Minute)), good, 400},
			"too little":           {signed(notice(object{"amount": 7.19})), notice(object{"amount": 7.19}), 409},
			"another currency":     {signed(notice(object{"currency": "PLN"})), notice(object{"currency": "PLN"}), 409},
			"no such order":        {signed(notice(object{"orderId": 999})), notice(object{"orderId": 999}), 404},
			"no event":             {signed(notice(object{"event": ""})), notice(object{"event": ""}), 400},
			"something that is no": {signed([]byte("[]")), []byte("[]"), 400},
		} {
			if status, answer := notify(t, p, c.signature, c.body); status != c.want {
				t.Errorf("%s: %d %s, want %d", name, status, answer, c.want)
			}
		}
		wantMoney(t, p, money{100_000, 0, 0})

		// The same notice a hundred times at once counts once.
		var taken atomic.Int64
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				status, answer := notify(t, p, signed(good), good)
				switch status {
				case 200:
					taken.Add(1)
				case 409:
				default:
					t.Errorf("%d %s", status, answer)
				}
			})
		}
		wg.Wait()
		if taken.Load() != 1 {
			t.Errorf("%d notices were taken", taken.Load())
		}
		wantMoney(t, p, money{100_100, 0, 0})
		replayed := notice(object{"orderId": second})
		if status, answer := notify(t, p, signed(replayed), replayed); status != 409 || !strings.Contains(answer, "evt-1") {
			t.Errorf("one payment for two orders: %d %s", status, answer)
		}
		wantMoney(t, p, money{100_100, 0, 0})
	})
}

func TestGuards(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		put(t, p, "/guards", object{"countries": []string{"fr"}, "hourCap": 3})
		r := p.Send("x", []string{handset, "+447400123456"})
		if len(r.IDs) != 1 || len(r.InvalidReasons) != 1 || r.InvalidReasons[0].Reason != "guarded_country" || !strings.Contains(r.InvalidReasons[0].Message, "add GB to countries") {
			t.Errorf("%+v", r)
		}
		put(t, p, "/guards", object{"countries": []string{"FR", "GB"}})
		if r := p.Send("x", []string{handset, "+447400123456"}); len(r.IDs) != 2 {
			t.Errorf("%+v", r)
		}
		// 2.5 of 3 credits are spent in this hour.
		body := object{"message": "x", "receivers": []string{handset}, "sender": p.Info.Sender, "noStopClause": true}
		if text := wantStatus(t, p.OVH.Post(p.Path("/jobs"), body, nil), http.StatusForbidden); !strings.Contains(text, "hourCap = 3 is reached") {
			t.Error(text)
		}
		var g struct {
			Countries           []string
			HourCap, DayCap     *float64
			HourSpent           float64
			HomeCountry         string
			ReceiverHour        *int64
			RangeHour, DaySpent any
		}
		if p.Get("/guards", &g); g.HourSpent != 2.5 || *g.HourCap != 3 || g.DayCap != nil || len(g.Countries) != 2 || g.HomeCountry != "FR" {
			t.Errorf("%+v", g)
		}
		p.Clock.Advance(time.Hour)
		p.Send("x", []string{handset})
		for name, body := range map[string]object{
			"a country that is none": {"countries": []string{"XX"}}, "a cap of nothing": {"dayCap": 0}, "a cap below nothing": {"hourCap": -1},
			"a rate of nothing": {"receiverHour": 0},
		} {
			if err := p.OVH.Put(p.Path("/guards"), body, nil); err == nil {
				t.Error(name)
			} else {
				wantStatus(t, err, http.StatusBadRequest)
			}
		}
		wantStatus(t, p.Other.Get(p.Path("/guards"), nil), http.StatusNotFound)
		p.Audit()
	})
}

// A service that has come down to its threshold orders credits, once, until that order is settled.
func TestAutomaticRecredit(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		put(t, p, "", object{"automaticRecreditAmount": 250, "creditThresholdForAutomaticRecredit": 99_999})
		var open []int64
		orders := func() int {
			if err := p.Operator.Get("/operator/orders?status=notPaid", &open); err != nil {
				t.Fatal(err)
			}
			return len(open)
		}
		if err := p.App.Billing().Watch(t.Context()); err != nil || orders() != 0 {
			t.Fatalf("above the threshold: %v, %v", open, err)
		}
		p.Send("x", []string{handset})
		for range 3 {
			if err := p.App.Billing().Watch(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if orders() != 1 {
			t.Fatalf("orders %v", open)
		}
		if err := p.Operator.Post(fmt.Sprintf("/operator/orders/%d/settle", open[0]), nil, nil); err != nil {
			t.Fatal(err)
		}
		wantMoney(t, p, money{100_249, 0, 0})
		if err := p.App.Billing().Watch(t.Context()); err != nil || orders() != 0 {
			t.Errorf("above it again: %v, %v", open, err)
		}
		p.Audit()
	})
}

// A quota that runs low is told once, until it has been higher again.
func TestALowQuotaIsTold(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		addUser(t, p, "shop", 3)
		put(t, p, "", object{"templates": object{"customizedSmsMode": true, "smsBody": "|USER| has |REMAINING| of |ALERTTHRESHOLD|"}})
		put(t, p, "/users/shop", object{"alertThresholdInformations": object{"alertThreshold": 2, "alertNumber": "+33639981234", "support": "sms"}})
		told := func(want ...string) {
			t.Helper()
			for range 2 {
				if err := p.App.Billing().Watch(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			var ids []int64
			p.Get("/outgoing?tag=quota-alert", &ids)
			var got []string
			for _, id := range ids {
				got = append(got, p.Outgoing(id).Message)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("told %q, want %q", got, want)
			}
		}
		told()
		body := object{"message": "x", "receivers": []string{handset}, "sender": p.Info.Sender, "noStopClause": true}
		p.Post("/users/shop/jobs", body, nil)
		told("shop has 2 of 2")
		p.Post("/users/shop/jobs", body, nil)
		told("shop has 2 of 2")
		put(t, p, "/users/shop", object{"quotaInformations": object{"quotaLeft": 5}})
		told("shop has 2 of 2")
		put(t, p, "/users/shop", object{"quotaInformations": object{"quotaLeft": 1}})
		told("shop has 2 of 2", "shop has 1 of 2")
		put(t, p, "/users/shop", object{"quotaInformations": object{"quotaLeft": 5}})
		told("shop has 2 of 2", "shop has 1 of 2")
		put(t, p, "/users/shop", object{"quotaInformations": object{"quotaLeft": 1}}) // as much as at the last warning
		told("shop has 2 of 2", "shop has 1 of 2", "shop has 1 of 2")
		p.Audit()
	})
}

// A service whose credits run low tells somebody, once until it has more again.
func TestLowCreditsAreTold(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		wantStatus(t, p.OVH.Put(p.Path("/guards"), object{"alertBelow": 99_999}, nil), http.StatusBadRequest)
		put(t, p, "/guards", object{"alertBelow": 99_998, "alertNumber": "06 39 98 12 34"})
		told := func(want ...string) {
			t.Helper()
			for range 2 {
				if err := p.App.Billing().Watch(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			var ids []int64
			p.Get("/outgoing?tag=low-balance", &ids)
			var got []string
			for _, id := range ids {
				got = append(got, p.Outgoing(id).Message)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("told %q, want %q", got, want)
			}
		}
		p.Send("x", []string{handset})
		told()
		first := p.Info.ServiceName + ": 99998 SMS credits are left."
		p.Send("x", []string{handset})
		told(first)
		p.Send("x", []string{handset})
		told(first)
		give := func(credits float64) {
			if err := p.Operator.Post("/operator/services/"+p.Info.ServiceName+"/credits", object{"credits": credits, "reason": "test"}, nil); err != nil {
				t.Fatal(err)
			}
		}
		give(100)
		told(first)
		give(-100)
		told(first, p.Info.ServiceName+": 99996 SMS credits are left.")
		give(101)
		told(first, p.Info.ServiceName+": 99996 SMS credits are left.")
		give(-100) // as many as at the last warning
		told(first, p.Info.ServiceName+": 99996 SMS credits are left.", p.Info.ServiceName+": 99996 SMS credits are left.")
		var g struct {
			AlertBelow  *float64
			AlertNumber *string
		}
		if p.Get("/guards", &g); *g.AlertBelow != 99_998 || *g.AlertNumber != "+33639981234" {
			t.Errorf("%+v", g)
		}
		put(t, p, "/guards", object{"alertBelow": nil, "alertNumber": nil})
		p.Audit()
	})
}

// An invoice is made out to the customer as he was when he paid, whatever he says of himself later.
func TestAnInvoiceNamesItsBuyer(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		be := func(organisation, city string) {
			t.Helper()
			check(t, p.OVH.Put("/me", object{
				"organisation": organisation, "corporationType": "SARL", "firstname": "Zoé", "name": "Noël", "address": "1 rue (de) la Paix", "zip": "59100",
				"city": city, "companyNationalIdentificationNumber": "12345678900012", "vat": "FR00123456789",
			}, nil))
		}
		named := func(url string, want, not string) {
			t.Helper()
			code, _, body := read(t, url)
			if code != 200 || !strings.Contains(body, want) || strings.Contains(body, not) {
				t.Errorf("%s: %d, without %q or with %q: %s", url, code, want, not, body)
			}
		}
		be("Chez Zoe", "Roubaix")
		id, page := orderOf(t, p, 1000)
		named(page, "Chez Zoe SARL<br>\nZoé Noël<br>\n1 rue (de) la Paix<br>\n59100 Roubaix<br>\nFrance<br>\nCompany number: 12345678900012<br>\nVAT number: FR00123456789", "Lille")
		named(page+"/order.pdf", `1 rue \(de\) la Paix`, "Lille")
		be("Chez Zoe", "Lille")
		named(page+"/order.pdf", "59100 Lille", "Roubaix")
		check(t, p.Operator.Post(fmt.Sprintf("/operator/orders/%d/settle", id), nil, nil))
		be("Others", "Paris")
		named(page+"/invoice.pdf", "59100 Lille", "Others")
		named(page, "59100 Lille", "Others")
		check(t, p.Operator.Post(fmt.Sprintf("/operator/orders/%d/refund", id), nil, nil))
		named(page+"/credit-1.pdf", "Chez Zoe SARL", "Others")
	})
}
