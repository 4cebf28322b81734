package sandbox_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/billing"
	"ramier/internal/sandbox"
	"ramier/internal/sandbox/sandboxtest"
)

const (
	stripeKey    = "sk_test_of_the_sandbox"
	stripeSecret = "whsec_the_sandbox_signs_webhooks_with_this"
)

// peer is a Stripe that looks closely at what it is asked, and answers the same key with the same session.
type peer struct {
	*httptest.Server
	mu       sync.Mutex
	sessions map[string]url.Values // by idempotency key
	keys     []string
	calls    int
	fail     int  // status to answer with; 0 = as it should be
	lose     bool // the next answer about a refund
	lifetime time.Duration
}

func newPeer(t *testing.T) *peer {
	p := &peer{sessions: map[string]url.Values{}, lifetime: 24 * time.Hour}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	refuse := func(status int, kind, text string) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"type": kind, "message": text}})
	}
	if p.fail != 0 {
		refuse(p.fail, "api_error", "not today")
		return
	}
	key := r.Header.Get("Idempotency-Key")
	switch err := r.ParseForm(); {
	case r.Method != http.MethodPost || r.URL.Path != "/v1/checkout/sessions" && r.URL.Path != "/v1/refunds" || r.URL.RawQuery != "":
		refuse(404, "invalid_request_error", "Unrecognized request URL")
		return
	case r.Header.Get("Authorization") != "Bearer "+stripeKey:
		refuse(401, "invalid_request_error", "Invalid API Key")
		return
	case err != nil || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || key == "" || len(key) > 255:
		refuse(400, "invalid_request_error", "bad request")
		return
	}
	for name := range r.PostForm {
		if !slices.Contains([]string{
			"mode", "client_reference_id", "success_url", "cancel_url", "line_items[0][quantity]", "line_items[0][price_data][currency]",
			"line_items[0][price_data][unit_amount]", "line_items[0][price_data][product_data][name]", "metadata[order_id]", "metadata[platform]",
			"payment_intent_data[metadata][order_id]", "payment_intent_data[metadata][platform]",
			"payment_intent", "amount", "metadata[credit_note]",
		}, name) {
			refuse(400, "invalid_request_error", "Received unknown parameter: "+name)
			return
		}
	}
	if before, ok := p.sessions[key]; !ok {
		p.sessions[key], p.keys = r.PostForm, append(p.keys, key)
	} else if before.Encode() != r.PostForm.Encode() {
		refuse(400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters")
		return
	}
	n := slices.Index(p.keys, key) + 1
	if r.URL.Path == "/v1/refunds" {
		if p.lose {
			p.lose = false
			panic(http.ErrAbortHandler) // it is done, and the answer is lost
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"id": fmt.Sprintf("re_%d", n), "object": "refund", "status": "succeeded"})
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"id": fmt.Sprintf("cs_test_%d", n), "object": "checkout.session", "url": fmt.Sprintf("%s/pay/%d", p.URL, n),
		"expires_at": time.Now().Add(p.lifetime).Unix(), "payment_intent": nil,
	})
}

// eachWithStripe runs f on both databases with a Stripe of its own.
func eachWithStripe(t *testing.T, f func(t *testing.T, p *sandboxtest.Platform, s *peer)) {
	t.Helper()
	var mu sync.Mutex
	peers := map[string]*peer{}
	sandboxtest.EachWith(t, func(o *sandbox.Options) {
		own := newPeer(t)
		mu.Lock()
		defer mu.Unlock()
		peers[o.Dir] = own
		o.Stripe = billing.Stripe{Key: stripeKey, Secret: []byte(stripeSecret), BaseURL: own.URL}
	}, func(t *testing.T, p *sandboxtest.Platform) {
		mu.Lock()
		own := peers[p.Info.Dir]
		mu.Unlock()
		f(t, p, own)
	})
}

// orderOf orders credits and gives the order's number and page.
func orderOf(t *testing.T, p *sandboxtest.Platform, quantity int) (id int64, page string) {
	t.Helper()
	var o creditOrder
	if err := p.OVH.Post("/order/sms/"+p.Info.ServiceName+"/credits", object{"quantity": quantity}, &o); err != nil {
		t.Fatal(err)
	}
	return *o.OrderID, *o.URL
}

// click presses the button of an order's page, and tells where it leads.
func click(t *testing.T, page string) (status int, to, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, page+"/pay", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location"), string(text)
}

// stripeEvent makes a webhook of Stripe.
func stripeEvent(kind string, o object) []byte {
	text, err := json.Marshal(object{"id": "evt_" + kind, "object": "event", "type": kind, "livemode": false, "data": object{"object": o}})
	if err != nil {
		panic(err)
	}
	return text
}

// paidSession is a Checkout Session that was paid.
func paidSession(order, amount int64, payment string) object {
	return object{
		"id": "cs_" + payment, "object": "checkout.session", "client_reference_id": fmt.Sprint(order), "payment_status": "paid", "amount_total": amount,
		"currency": "eur", "payment_intent": payment, "metadata": object{"order_id": fmt.Sprint(order)},
	}
}

// refundedCharge is a charge of which something was paid back.
func refundedCharge(order, amount, refunded int64, payment string) object {
	return object{
		"id": "ch_" + payment, "object": "charge", "amount": amount, "amount_refunded": refunded, "currency": "eur", "paid": true,
		"payment_intent": payment, "metadata": object{"order_id": fmt.Sprint(order)},
	}
}

// stripeHook posts a webhook with a signature.
func stripeHook(t *testing.T, p *sandboxtest.Platform, signature string, body []byte) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, strings.TrimSuffix(p.Info.Endpoint, "/1.0")+"/payments/stripe", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(billing.StripeHeader, signature)
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

// tell posts a webhook as Stripe does, and wants it taken.
func tell(t *testing.T, p *sandboxtest.Platform, body []byte) string {
	t.Helper()
	status, answer := stripeHook(t, p, billing.Sign([]byte(stripeSecret), body, p.Clock.Now()), body)
	if status != 200 {
		t.Fatalf("%s: %d %s", body, status, answer)
	}
	return answer
}

// The way of a customer who pays by card: the button, Stripe's page, the webhook, the credits; and back again by a refund.
func TestPayingByCard(t *testing.T) {
	eachWithStripe(t, func(t *testing.T, p *sandboxtest.Platform, s *peer) {
		p.Send("x", []string{handset})
		wantMoney(t, p, money{99_999, 0, 0})
		id, page := orderOf(t, p, 1000)
		if _, _, body := read(t, page); !strings.Contains(body, "Pay 69.12 EUR by card") {
			t.Error(body)
		}
		for range 3 {
			if status, to, body := click(t, page); status != 303 || to != s.URL+"/pay/1" {
				t.Fatalf("%d %s %s", status, to, body)
			}
		}
		form := s.sessions[s.keys[0]]
		if s.calls != 1 || form.Get("line_items[0][price_data][unit_amount]") != "6912" || form.Get("line_items[0][price_data][currency]") != "eur" ||
			form.Get("client_reference_id") != fmt.Sprint(id) || form.Get("metadata[order_id]") != fmt.Sprint(id) || form.Get("mode") != "payment" || form.Get("cancel_url") != page {
			t.Errorf("%d calls, %v", s.calls, form)
		}
		// A session that is over gives way to another one.
		over := paidSession(id, 6912, "pi_1")
		over["id"] = "cs_test_1"
		tell(t, p, stripeEvent("checkout.session.expired", over))
		if status, to, body := click(t, page); status != 303 || to != s.URL+"/pay/2" {
			t.Fatalf("%d %s %s", status, to, body)
		}
		// The page waits for money that is on its way.
		unpaid := paidSession(id, 6912, "pi_1")
		unpaid["payment_status"] = "unpaid"
		tell(t, p, stripeEvent("checkout.session.completed", unpaid))
		wantMoney(t, p, money{99_999, 0, 0})
		for range 3 {
			tell(t, p, stripeEvent("checkout.session.async_payment_succeeded", paidSession(id, 6912, "pi_1")))
			tell(t, p, stripeEvent("checkout.session.completed", paidSession(id, 6912, "pi_1")))
		}
		wantMoney(t, p, money{100_999, 0, 0})
		if _, _, body := read(t, page); strings.Contains(body, "by card") || !strings.Contains(body, "Paid on") || !strings.Contains(body, "Invoice 1") {
			t.Error(body)
		}
		if status, _, _ := click(t, page); status != 409 {
			t.Errorf("a paid order can be paid again: %d", status)
		}
		// A second payment, and its refund, are not this order's.
		again := stripeEvent("checkout.session.completed", paidSession(id, 6912, "pi_2"))
		if status, answer := stripeHook(t, p, billing.Sign([]byte(stripeSecret), again, p.Clock.Now()), again); status != 409 {
			t.Errorf("%d %s", status, answer)
		}
		tell(t, p, stripeEvent("charge.refunded", refundedCharge(id, 6912, 6912, "pi_2")))
		wantMoney(t, p, money{100_999, 0, 0})
		// A quarter is paid back, then all; the events come in the wrong order and again.
		for _, refunded := range []int64{1728, 6912, 1728, 6912} {
			tell(t, p, stripeEvent("charge.refunded", refundedCharge(id, 6912, refunded, "pi_1")))
		}
		wantMoney(t, p, money{99_999, 0, 0})
		if _, _, body := read(t, page); strings.Count(body, "Paid back on") != 2 || !strings.Contains(body, "17.28 EUR for 250 credits") {
			t.Error(body)
		}
		p.Audit()
	})
}

// Whatever the order in which Stripe's events come, how often and how many at once: the end is the same.
func TestStripesEventsComeInAnyOrder(t *testing.T) {
	eachWithStripe(t, func(t *testing.T, p *sandboxtest.Platform, _ *peer) {
		p.Send("x", []string{handset})
		chance := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test repeats itself
		for round := range 8 {
			id, _ := orderOf(t, p, 100)
			payment := fmt.Sprintf("pi_%d", round)
			bodies := [][]byte{
				stripeEvent("checkout.session.completed", paidSession(id, 720, payment)), stripeEvent("checkout.session.async_payment_succeeded", paidSession(id, 720, payment)),
				stripeEvent("charge.refunded", refundedCharge(id, 720, 180, payment)), stripeEvent("charge.refunded", refundedCharge(id, 720, 360, payment)),
				stripeEvent("checkout.session.expired", paidSession(id, 720, payment)), stripeEvent("checkout.session.async_payment_failed", paidSession(id, 720, payment)),
				stripeEvent("payment_intent.succeeded", object{"id": payment}),
			}
			bodies = append(bodies, bodies...)
			chance.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
			var wg sync.WaitGroup
			for _, body := range bodies {
				post := func() { tell(t, p, body) }
				if round%2 == 0 {
					post()
					continue
				}
				wg.Go(func() {
					if status, answer := stripeHook(t, p, billing.Sign([]byte(stripeSecret), body, p.Clock.Now()), body); status != 200 {
						t.Errorf("%s: %d %s", body, status, answer)
					}
				})
			}
			wg.Wait()
			wantMoney(t, p, money{99_999 + float64(50*(round+1)), 0, 0})
		}
		p.Audit()
	})
}

// Nobody but Stripe brings credits, and nobody at another price.
func TestHostileWebhooks(t *testing.T) {
	eachWithStripe(t, func(t *testing.T, p *sandboxtest.Platform, _ *peer) {
		id, _ := orderOf(t, p, 100)
		now := p.Clock.Now()
		sign := func(body []byte) string { return billing.Sign([]byte(stripeSecret), body, now) }
		good := stripeEvent("checkout.session.completed", paidSession(id, 720, "pi_1"))
		paid := func(change object) []byte {
			o := paidSession(id, 720, "pi_1")
			for k, v := range change {
				o[k] = v
			}
			return stripeEvent("checkout.session.completed", o)
		}
		long := stripeEvent("checkout.session.completed", object{"id": strings.Repeat("x", 1<<20)})
		live := bytes.Replace(good, []byte(`"livemode":false`), []byte(`"livemode":true`), 1)
		cheap, foreign, none, huge := paid(object{"amount_total": 1}), paid(object{"currency": "usd"}), paid(object{"amount_total": nil}), paid(object{"amount_total": json.Number("9223372036854775807")})
		unknown := stripeEvent("checkout.session.completed", paidSession(999, 720, "pi_9"))
		for name, c := range map[string]struct {
			signature string
			body      []byte
			want      int
		}{
			"no signature":         {"", good, 403},
			"another secret":       {billing.Sign([]byte(secret), good, now), good, 403},
			"another body":         {sign(good), cheap, 403},
			"cut":                  {sign(good), good[:len(good)-1], 403},
			"a version that is no": {strings.Replace(sign(good), "v1", "v0", 1), good, 403},
			"too old":              {billing.Sign([]byte(stripeSecret), good, now.Add(-6*time.Minute)), good, 400},
			"from the future":      {billing.Sign([]byte(stripeSecret), good, now.Add(6*time.Minute)), good, 400},
			"no JSON":              {sign([]byte("{")), []byte("{"), 400},
			"too long":             {sign(long), long, 413},
			"another mode":         {sign(live), live, 400},
			"too little":           {sign(cheap), cheap, 409},
			"far too much":         {sign(huge), huge, 409},
			"another currency":     {sign(foreign), foreign, 409},
			"no amount":            {sign(none), none, 400},
			"no such order":        {sign(unknown), unknown, 404},
		} {
			if status, answer := stripeHook(t, p, c.signature, c.body); status != c.want {
				t.Errorf("%s: %d %s, want %d", name, status, answer, c.want)
			}
		}
		// What is about something else is taken, and does nothing.
		tell(t, p, paid(object{"metadata": object{"platform": "https://sms.example.org", "order_id": fmt.Sprint(id)}, "payment_intent": "pi_3"}))
		tell(t, p, paid(object{"client_reference_id": "a shop's", "metadata": object{}, "payment_intent": "pi_4"}))
		tell(t, p, stripeEvent("invoice.paid", object{"id": "in_1", "payment_intent": 7}))
		wantMoney(t, p, money{100_000, 0, 0})
		// More than was paid cannot have been paid back.
		tell(t, p, good)
		over := stripeEvent("charge.refunded", refundedCharge(id, 720, 721, "pi_1"))
		if status, answer := stripeHook(t, p, sign(over), over); status != 409 {
			t.Errorf("%d %s", status, answer)
		}
		wantMoney(t, p, money{100_100, 0, 0})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(p.Info.Endpoint, "/1.0")+"/payments/stripe", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != 404 {
			t.Errorf("GET is answered %d", resp.StatusCode)
		}
	})
}

// A Stripe that does not work is told to the customer, and the next try does.
func TestStripeOutOfOrder(t *testing.T) {
	s := newPeer(t)
	sandboxtest.EachWith(t, func(o *sandbox.Options) {
		o.Stripe = billing.Stripe{Key: stripeKey, Secret: []byte(stripeSecret), BaseURL: s.URL + "/nowhere/"}
	}, func(t *testing.T, p *sandboxtest.Platform) {
		_, page := orderOf(t, p, 100)
		if status, _, body := click(t, page); status != 409 || !strings.Contains(body, "Nothing was paid") {
			t.Errorf("%d %s", status, body)
		}
		if status, _, _ := click(t, page+"x"); status != 404 {
			t.Errorf("another key is answered %d", status)
		}
	})
	eachWithStripe(t, func(t *testing.T, p *sandboxtest.Platform, s *peer) {
		_, page := orderOf(t, p, 100)
		s.mu.Lock()
		s.fail = 500
		s.mu.Unlock()
		if status, _, body := click(t, page); status != 503 || strings.Contains(body, stripeKey) {
			t.Errorf("%d %s", status, body)
		}
		s.mu.Lock()
		s.fail = 0
		s.mu.Unlock()
		if status, _, body := click(t, page); status != 303 {
			t.Errorf("%d %s", status, body)
		}
	})
}

var listening = regexp.MustCompile(`Listening for HTTP at address: (\S+)`)

// stripe-mock checks requests against Stripe's own description of its API.
func TestStripeMockTakesOurRequests(t *testing.T) {
	program, err := exec.LookPath("stripe-mock")
	if err != nil {
		program = "../../.tools/bin/stripe-mock" // scripts/install-tools builds it
	}
	c := exec.CommandContext(t.Context(), program, "-http-addr", "127.0.0.1:0")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatalf("scripts/install-tools builds stripe-mock, without which this cannot be tested: %v", err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	address := ""
	for lines := bufio.NewScanner(out); address == "" && lines.Scan(); {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			address = found[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	sandboxtest.EachWith(t, func(o *sandbox.Options) {
		o.Stripe = billing.Stripe{Key: "sk_test_123", Secret: []byte(stripeSecret), BaseURL: "http://" + address}
	}, func(t *testing.T, p *sandboxtest.Platform) {
		_, page := orderOf(t, p, 1000)
		if status, to, body := click(t, page); status != 303 || !strings.HasPrefix(to, "https://checkout.stripe.com/") {
			t.Errorf("%d %s %s", status, to, body)
		}
		id, _ := orderOf(t, p, 100)
		tell(t, p, stripeEvent("checkout.session.completed", paidSession(id, 720, "pi_mock")))
		var r cardRefund
		check(t, p.Operator.Post(fmt.Sprintf("/operator/orders/%d/refund", id), object{"card": true, "credits": 50}, &r))
		if r.Card != "done" || r.CardRefund == "" || r.WithTax != 3.6 {
			t.Errorf("%+v", r)
		}
	})
}

// What an operator pays back: in proportion, to the cent, never more than there is unless it is to be owed.
func TestRefunds(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		p.Send("x", []string{handset})
		id, _ := orderOf(t, p, 1000)
		type answer struct {
			Number                      int64
			Credits, Owed, WithTax, Tax float64
			URL                         string
		}
		refund := func(body object) (r answer, err error) {
			err = p.Operator.Post(fmt.Sprintf("/operator/orders/%d/refund", id), body, &r)
			return r, err
		}
		_, err := refund(nil)
		wantStatus(t, err, http.StatusConflict)
		wantStatus(t, p.OVH.Post(fmt.Sprintf("/operator/orders/%d/refund", id), nil, nil), http.StatusForbidden)
		if err := p.Operator.Post(fmt.Sprintf("/operator/orders/%d/settle", id), nil, nil); err != nil {
			t.Fatal(err)
		}
		for _, credits := range []float64{-1, 0, 1000.001, 1e15} {
			_, err := refund(object{"credits": credits})
			wantStatus(t, err, http.StatusBadRequest)
		}
		// 57.60 EUR and 11.52 EUR of tax are for 1,000 credits.
		if r, err := refund(object{"credits": 333.3, "reference": "transfer 8"}); err != nil || r.Number != 1 || r.WithTax != 23.02 || r.Tax != 3.83 || r.Owed != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		wantMoney(t, p, money{100_665.7, 0, 0})
		// The service gives away all but 100 credits.
		if err := p.Operator.Post("/operator/services/"+p.Info.ServiceName+"/credits", object{"credits": -100_565.7, "reason": "test"}, nil); err != nil {
			t.Fatal(err)
		}
		_, err = refund(nil)
		if text := wantStatus(t, err, http.StatusConflict); !strings.Contains(text, "100 are left") {
			t.Error(text)
		}
		r, err := refund(object{"owe": true})
		if err != nil || r.Number != 2 || r.Credits != 666.7 || r.Owed != 566.7 || r.WithTax != 46.1 {
			t.Errorf("%+v, %v", r, err)
		}
		wantMoney(t, p, money{0, 0, 0})
		if _, kind, body := read(t, r.URL); kind != "application/pdf" || !strings.Contains(body, "Credit note 2") || !strings.Contains(body, "-46.10 EUR") {
			t.Errorf("%s %s", kind, body)
		}
		_, err = refund(nil)
		wantStatus(t, err, http.StatusBadRequest)
		// The next order pays what is owed.
		next, _ := orderOf(t, p, 1000)
		if err := p.Operator.Post(fmt.Sprintf("/operator/orders/%d/settle", next), nil, nil); err != nil {
			t.Fatal(err)
		}
		wantMoney(t, p, money{433.3, 0, 0})
		var lines []int64
		if err := p.OVH.Get(fmt.Sprintf("/me/order/%d/details", id), &lines); err != nil || len(lines) != 3 {
			t.Fatalf("%v, %v", lines, err)
		}
		var line struct {
			DetailType, Quantity string
			TotalPrice           price
		}
		if err := p.OVH.Get(fmt.Sprintf("/me/order/%d/details/%d", id, lines[1]), &line); err != nil || line.DetailType != "REFUND" || line.Quantity != "333.3" || line.TotalPrice.Value != -19.19 {
			t.Errorf("%+v, %v", line, err)
		}
		p.Audit()
		if err := p.App.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.Send("x", []string{handset})
		p.Audit()
	})
}
