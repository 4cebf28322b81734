package notify_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// dead is a customer's server that counts its calls by address and refuses all.
type dead struct {
	*httptest.Server
	mu    sync.Mutex
	calls map[string]int
}

func newDead(t *testing.T) *dead {
	t.Helper()
	d := &dead{calls: map[string]int{}}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		d.calls[r.URL.Path]++
		d.mu.Unlock()
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(d.Close)
	return d
}

// least and most calls of an address, and how many addresses were called.
func (d *dead) count() (least, most, addresses int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	least = 1 << 30
	for _, n := range d.calls {
		least, most = min(least, n), max(most, n)
	}
	return least, most, len(d.calls)
}

// Each of many dead endpoints has a breaker of its own: five calls, then one after 10 s, 20 s, 40 s and so on, up to one in ten
// minutes, however much waits for it; and one that lives gets its calls at once.
func TestManyDeadEndpoints(t *testing.T) {
	s := storetest.Open(t, storetest.URL(t, "sqlite"))
	w, d := newWorld(t, s), newDead(t)
	const services, hooks, messages = 8, 15, 10
	var shops []storetest.Shop
	for i := range services {
		shop := w.shop
		shop.Service = sms.Service{
			Name: fmt.Sprintf("sms-dead-%d", i), AccountID: w.shop.Account.ID, Account: w.shop.Account.Name, Country: "FR", Channel: "transactional",
			Status: sms.Enabled, CreatedAt: storetest.Noon,
		}
		w.check(s.AddService(t.Context(), &shop.Service))
		w.check(s.AddSender(t.Context(), sms.Sender{
			ServiceID: shop.Service.ID, Sender: "Ramier", Type: "alpha", Status: sms.Enabled, Referer: "custom", CreatedAt: storetest.Noon,
		}))
		_, err := s.Grant(t.Context(), shop.Service.ID, 1000*sms.Credit, "test", storetest.Noon)
		w.check(err)
		for n := range hooks {
			w.check(s.AddWebhook(t.Context(), &sms.Webhook{
				ServiceID: shop.Service.ID, URL: fmt.Sprintf("%s/%d/%d", d.URL, i, n), Events: []string{"message.sent"}, Enabled: true, Secret: "whsec_AAAA",
			}))
		}
		shops = append(shops, shop)
	}
	w.callBack(w.server.URL + "/dlr")
	var receivers []string
	for i := range messages {
		receivers = append(receivers, fmt.Sprintf("+3363998%04d", 5000+i))
	}
	for _, shop := range append(shops, w.shop) { // the living one comes last
		shop.Accept(t, s, storetest.Order("Bonjour", receivers...), w.clock.Now())
	}
	sent(w)
	w.start()
	w.until("the living one is told", func() bool { return len(w.got()) == messages })
	// An answer may be noted a little after the server has counted it, at a time that has moved on: the pauses begin then.
	begun := w.clock.Now()
	want := 5
	for _, pause := range append([]time.Duration{0}, pauses...) {
		w.clock.Advance(pause)
		w.until(fmt.Sprintf("%d calls of each", want), func() bool {
			w.clock.Advance(10 * time.Millisecond)
			least, _, addresses := d.count()
			return addresses == services*hooks && least >= want
		})
		// The pause begins when an answer is noted, at the time of then.
		w.until(fmt.Sprintf("%d attempts at each are noted", want), func() bool {
			for _, shop := range shops {
				if noted(w, shop) < hooks*want {
					return false
				}
			}
			return true
		})
		if _, most, _ := d.count(); most > allowed(w.clock.Now().Sub(begun)) {
			t.Errorf("%d calls of one within %v", most, w.clock.Now().Sub(begun))
		}
		want++
	}
	w.until("all attempts are noted", func() bool { return noted(w, shops[0]) >= hooks*(want-1) })
	all, err := s.Deliveries(t.Context(), shops[0].Service.ID, store.DeliveryFilter{}, 10_000)
	w.check(err)
	for _, one := range all {
		for _, a := range one.Log {
			if a.Status != http.StatusInternalServerError {
				t.Errorf("%+v", a)
			}
		}
	}
	if n := strings.Count(strings.Join(w.got(), " "), "/dlr"); n != messages {
		t.Errorf("%d calls of the living one", n)
	}
}

// pauses of a breaker after five failures, as docs/callbacks.md has them.
var pauses = []time.Duration{
	10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 320 * time.Second, 10 * time.Minute, 10 * time.Minute,
}

// allowed is how many calls there may be in a time.
func allowed(d time.Duration) int {
	n := 5
	for _, p := range pauses {
		if d -= p; d < 0 {
			return n
		}
		n++
	}
	return n
}

// noted adds up the attempts of a service.
func noted(w *world, shop storetest.Shop) (n int) {
	w.t.Helper()
	all, err := w.Deliveries(w.t.Context(), shop.Service.ID, store.DeliveryFilter{}, 10_000)
	w.check(err)
	for _, one := range all {
		n += one.Attempts
	}
	return n
}

// sent has all that waits accepted by its carrier.
func sent(w *world) {
	w.t.Helper()
	for {
		c, err := w.Claim(w.t.Context(), w.shop.Carrier.ID, w.hold, 1000, w.clock.Now())
		w.check(err)
		if c == nil {
			return
		}
		o := &store.Outcome{Ended: []int64{c.ID}}
		for _, m := range c.Messages {
			o.Answers = append(o.Answers, sms.Answer{
				MessageID: m.ID, CarrierID: m.CarrierID, State: sms.Sent, PTT: sms.PTTAccepted, Refs: []string{fmt.Sprint("r", m.ID)}, At: w.clock.Now(),
			})
		}
		w.check(w.Settle(w.t.Context(), o))
		_, err = w.WriteAnswers(w.t.Context(), 0)
		w.check(err)
	}
}
