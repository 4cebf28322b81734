package notify_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/clock"
	"ramier/internal/fetch"
	"ramier/internal/notify"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

const alice = "+33639980001"

// world is a store with a shop, a notifier over it, and a server of the customer's.
type world struct {
	*store.Store
	t     testing.TB
	shop  storetest.Shop
	clock *clock.Clock
	now   time.Time
	hold  store.Hold

	mu     sync.Mutex
	calls  []string // addresses, in the order in which they came
	ids    []string
	answer func(address string) int // 200 when nil
	server *httptest.Server
	orders []sms.Order
}

func newWorld(t testing.TB, s *store.Store) *world {
	t.Helper()
	w := &world{Store: s, t: t, shop: storetest.NewShop(t, s), clock: clock.At(storetest.Noon), now: storetest.Noon}
	w.hold = w.shop.Hold(t, s)
	w.server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.mu.Lock()
		w.calls = append(w.calls, r.RequestURI)
		w.ids = append(w.ids, r.Header.Get(notify.HeaderID))
		answer := w.answer
		w.mu.Unlock()
		if answer != nil {
			out.WriteHeader(answer(r.RequestURI))
		}
	}))
	t.Cleanup(w.server.Close)
	return w
}

// start starts a notifier that may call this machine. It goes with the test.
func (w *world) start() *notify.Notifier {
	w.t.Helper()
	n := notify.New(w.config(fetch.Config{Allowed: []fetch.Target{loopback(w.t)}, PerHost: 64}))
	n.Start(w.t.Context())
	w.t.Cleanup(func() { n.Stop(context.Background()) })
	return n
}

func (w *world) config(f fetch.Config) notify.Config {
	return notify.Config{
		Store: w.Store, Clock: w.clock, Fetch: fetch.New(f),
		Send: func(_ context.Context, _ int64, _ string, o sms.Order, _ string) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.orders = append(w.orders, o)
			return nil
		},
	}
}

func loopback(t testing.TB) fetch.Target {
	t.Helper()
	target, err := fetch.ParseTarget("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func (w *world) callBack(url string) {
	w.t.Helper()
	w.check(w.ChangeService(w.t.Context(), w.shop.Service.Name, func(s *sms.Service) error {
		s.Settings.CallBack = url
		return nil
	}))
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// send has a message accepted by its carrier and, if it is to be, delivered.
func (w *world) send(delivered bool) int64 {
	w.t.Helper()
	id := w.shop.Accept(w.t, w.Store, storetest.Order("Bonjour", alice), w.clock.Now())
	c, err := w.Claim(w.t.Context(), w.shop.Carrier.ID, w.hold, 10, w.clock.Now())
	if err != nil || c == nil {
		w.t.Fatal("nothing to claim: ", err)
	}
	o := &store.Outcome{Ended: []int64{c.ID}}
	for _, m := range c.Messages {
		o.Answers = append(o.Answers, sms.Answer{MessageID: m.ID, CarrierID: m.CarrierID, State: sms.Sent, PTT: sms.PTTAccepted, Refs: []string{fmt.Sprint("r", m.ID)}, At: w.clock.Now()})
		if delivered {
			o.Receipts = append(o.Receipts, sms.Receipt{
				CarrierID: m.CarrierID, Refs: []string{fmt.Sprint("r", m.ID)}, Receiver: m.Receiver, State: sms.Delivered, PTT: sms.PTTDelivered,
				DoneAt: w.clock.Now(), At: w.clock.Now(),
			})
		}
	}
	w.check(w.Settle(w.t.Context(), o))
	return id
}

// got gives the addresses that were called.
func (w *world) got() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 4000 {
		if done() {
			return
		}
		<-tick.C
	}
	w.t.Fatalf("this did not happen: %s; calls %v", what, w.got())
}

// deliveries gives those of the shop.
func (w *world) deliveries(f store.DeliveryFilter) []sms.Delivery {
	w.t.Helper()
	all, err := w.Deliveries(w.t.Context(), w.shop.Service.ID, f, 10_000)
	w.check(err)
	return all
}

func (w *world) waiting() int {
	return len(w.deliveries(store.DeliveryFilter{State: sms.DeliveryWaiting}))
}

func TestOVHsFormByteForByte(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 5, 999, time.FixedZone("", 3600))
	for _, test := range []struct {
		address, setting, want string
		n                      sms.Notice
	}{
		{
			"https://shop.example/dlr", "callBack", "https://shop.example/dlr?id=12&ptt=4&date=2026-11-23T11%3A00%3A05Z&description=1&descriptionDlr=Delivered&dlr=1",
			sms.Notice{Kind: sms.NoticeMessage, Outgoing: 12, State: sms.Delivered, PTT: 4, At: at},
		},
		{
			"https://shop.example/dlr?key=a%20b&x#top", "callBack", "https://shop.example/dlr?key=a%20b&x&id=12&ptt=3&date=2026-11-23T11%3A00%3A05Z&description=4&descriptionDlr=Sent%20to%20the%20operator&dlr=4",
			sms.Notice{Kind: sms.NoticeMessage, Outgoing: 12, State: sms.Sent, PTT: 3, At: at},
		},
		{
			"http://shop.example/?", "stopCallBack", "http://shop.example/?number=%2B33639980001&date=2026-11-23T11%3A00%3A05Z&id=12&tag=soldes%20%26%20co",
			sms.Notice{Kind: sms.NoticeOptOut, Outgoing: 12, From: alice, Tag: "soldes & co", At: at},
		},
		{
			"http://shop.example/in", "cgiUrl", "http://shop.example/in?id=7&sender=%2B33639980001&receiver=38000&message=%C3%A9t%C3%A9%0A1%2B1%3D2&date=2026-11-23T11%3A00%3A05Z&tag=&outgoingId=",
			sms.Notice{Kind: sms.NoticeReply, Incoming: 7, From: alice, Number: "38000", Text: "été\n1+1=2", At: at},
		},
	} {
		if got := notify.Form(test.address, test.setting, &test.n); got != test.want {
			t.Errorf("\n got %s\nwant %s", got, test.want)
		}
	}
}

// The example of the Standard Webhooks specification.
func TestSignaturesAreThoseOfStandardWebhooks(t *testing.T) {
	got := notify.Sign([]string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAA"}, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if first, second, ok := strings.Cut(got, " "); !ok || first != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" || !strings.HasPrefix(second, "v1,") {
		t.Error(got)
	}
}

func TestRetriesKeepTheirScheduleAndTheOrderOfAMessage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.callBack(w.server.URL + "/dlr")
		w.answer = func(address string) int {
			if len(w.got()) <= 3 {
				return 500
			}
			return 204
		}
		w.start()
		first := w.send(true) // owed: sent, then delivered
		for i, pause := range []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute} {
			w.until(fmt.Sprint("attempt ", i+1), func() bool { d := w.deliveries(store.DeliveryFilter{}); return d[0].Attempts == i+1 })
			d := w.deliveries(store.DeliveryFilter{})
			if got := d[0].DueAt.Sub(w.clock.Now()); got != pause || d[1].Attempts != 0 {
				t.Errorf("after attempt %d the next is in %v, want %v; of the second there were %d", i+1, got, pause, d[1].Attempts)
			}
			w.clock.Advance(pause)
		}
		w.until("both arrive", func() bool { return w.waiting() == 0 })
		calls := w.got()
		if len(calls) != 5 || !strings.Contains(calls[3], "&ptt=3&") || !strings.Contains(calls[4], "&ptt=4&") || !strings.Contains(calls[0], fmt.Sprint("id=", first)) {
			t.Errorf("%v", calls)
		}
		if w.ids[0] != w.ids[3] || w.ids[3] == w.ids[4] {
			t.Errorf("ids %v", w.ids)
		}
		d := w.deliveries(store.DeliveryFilter{State: sms.DeliveryDelivered})
		if len(d) != 2 || len(d[0].Log) != 4 || d[0].Log[0].Status != 500 || d[0].Log[3].Status != 204 {
			t.Errorf("%+v", d)
		}
		// Everything of the time is told again, under the same ids.
		n, err := s.Replay(t.Context(), w.shop.Service.ID, 0, store.DeliveryFilter{From: storetest.Noon.Add(-time.Hour)}, w.clock.Now())
		if err != nil || n != 2 {
			t.Fatal(n, err)
		}
		w.until("the replay", func() bool { return w.waiting() == 0 && len(w.got()) == 7 })
		if w.ids[5] != w.ids[3] || w.ids[6] != w.ids[4] {
			t.Errorf("ids %v", w.ids)
		}
	})
}

// What is ordered again days later has its time from then on.
func TestAReplayOfDaysAgoIsNotGivenUpAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.callBack(w.server.URL + "/dlr")
		w.send(false)
		now := storetest.Noon.Add(4 * 24 * time.Hour)
		giveUp := func(at time.Time) string {
			w.check(s.GiveUpDeliveries(t.Context(), 0, at.Add(-3*24*time.Hour), at, "too late"))
			return w.deliveries(store.DeliveryFilter{})[0].State
		}
		if got := giveUp(now); got != sms.DeliveryFailed {
			t.Fatal(got)
		}
		if n, err := s.Replay(t.Context(), w.shop.Service.ID, 0, store.DeliveryFilter{}, now); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if got := giveUp(now.Add(time.Hour)); got != sms.DeliveryWaiting {
			t.Errorf("an hour later it is %s", got)
		}
		if got := giveUp(now.Add(73 * time.Hour)); got != sms.DeliveryFailed {
			t.Errorf("three days later it is %s", got)
		}
	})
}

func TestADeliveryIsGivenUpAtTheEndOfItsSchedule(t *testing.T) {
	w := newWorld(t, storetest.Open(t, storetest.URL(t, "sqlite")))
	w.callBack(w.server.URL + "/dlr")
	w.answer = func(string) int { return 404 }
	w.start()
	w.send(false)
	for i, pause := range []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour} {
		w.until(fmt.Sprint("attempt ", i+1), func() bool { return w.deliveries(store.DeliveryFilter{})[0].Attempts == i+1 })
		w.clock.Advance(pause)
	}
	w.until("the end", func() bool { return w.deliveries(store.DeliveryFilter{})[0].State == sms.DeliveryFailed })
	if len(w.got()) != 7 {
		t.Errorf("%d calls", len(w.got()))
	}
}

// A reply of many parts makes a long address, which is called all the same, also where it is led on to.
func TestALongReplyIsTold(t *testing.T) {
	w := newWorld(t, storetest.Open(t, storetest.URL(t, "sqlite")))
	text := strings.Repeat("Très bien 😀 ", 200)
	told := make(chan string, 2)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			http.Redirect(out, r, "/new?"+r.URL.RawQuery, http.StatusMovedPermanently)
			return
		}
		told <- r.URL.Query().Get("message")
	}))
	t.Cleanup(server.Close)
	w.check(w.ChangeService(t.Context(), w.shop.Service.Name, func(v *sms.Service) error {
		v.Settings.ResponseType, v.Settings.ResponseCgiURL = "cgi", server.URL+"/old"
		return nil
	}))
	w.send(true)
	w.check(w.Settle(t.Context(), &store.Outcome{Incoming: []sms.Incoming{
		{CarrierID: w.shop.Carrier.ID, Sender: alice, Number: "38000", Text: text, At: w.clock.Now()},
	}}))
	w.start()
	w.until("it is told", func() bool { return w.waiting() == 0 || len(w.deliveries(store.DeliveryFilter{})[0].Log) > 0 })
	if d := w.deliveries(store.DeliveryFilter{})[0]; d.State != sms.DeliveryDelivered || len(told) != 1 || <-told != text {
		t.Errorf("%s: %+v", d.State, d.Log)
	}
}

// An endpoint that answers gets more and more at once: what waits does not wait for a look at the clock.
func TestManyAreDeliveredWithoutPause(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		_, err := s.Grant(t.Context(), w.shop.Service.ID, 1000*sms.Credit, "test", w.clock.Now())
		w.check(err)
		var receivers []string
		for i := range 600 {
			receivers = append(receivers, fmt.Sprintf("+3363998%04d", i))
		}
		w.callBack(w.server.URL + "/dlr")
		w.shop.Accept(t, s, storetest.Order("Bonjour", receivers...), w.clock.Now())
		c, err := s.Claim(t.Context(), w.shop.Carrier.ID, w.hold, 1000, w.clock.Now())
		w.check(err)
		o := &store.Outcome{}
		for _, m := range c.Messages {
			o.Answers = append(o.Answers, sms.Answer{MessageID: m.ID, CarrierID: m.CarrierID, State: sms.Sent, PTT: 3, Refs: []string{fmt.Sprint(m.ID)}, At: w.clock.Now()})
		}
		w.start()
		w.check(s.Settle(t.Context(), o))
		_, err = s.WriteAnswers(t.Context(), 0)
		w.check(err)
		w.until("all arrive", func() bool { return len(w.got()) == 600 && w.waiting() == 0 })
	})
}

// Many endpoints that take connections and never answer, or are not there, delay nobody else.
func TestDeadEndpointsDelayNoOther(t *testing.T) {
	w := newWorld(t, storetest.Open(t, storetest.URL(t, "sqlite")))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.check(err)
	defer l.Close()
	for i := range 40 { // of those that one service may have
		url := "http://" + l.Addr().String()
		if i%2 == 0 {
			url = "http://127.0.0.1:1/"
		}
		w.check(w.AddWebhook(t.Context(), &sms.Webhook{ServiceID: w.shop.Service.ID, URL: url, Enabled: true, Secret: "whsec_AAAA"}))
	}
	w.start()
	for range 20 {
		w.send(false)
	}
	w.callBack(w.server.URL + "/dlr")
	for range 20 {
		w.send(false)
	}
	w.until("the living one gets its calls", func() bool { return len(w.got()) == 20 })
}

// A stop between call and commit, and a start again, lose nothing; what is repeated has the same id.
func TestNothingIsLostWhenTheNotifierIsCutOff(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.callBack(w.server.URL + "/dlr")
		blocked, release := make(chan struct{}, 100), make(chan struct{})
		w.answer = func(string) int {
			blocked <- struct{}{}
			<-release
			return 200
		}
		n := w.start()
		w.send(true)
		<-blocked // the call has arrived, nobody knows
		over, cancel := context.WithCancel(t.Context())
		cancel()
		n.Stop(over)
		if w.waiting() != 2 {
			t.Errorf("%d wait", w.waiting())
		}
		close(release)
		w.start()
		w.until("both arrive", func() bool { return w.waiting() == 0 })
		if calls := w.got(); len(calls) != 3 || w.ids[0] != w.ids[1] || !strings.Contains(calls[2], "&ptt=4&") {
			t.Errorf("%v, %v", calls, w.ids)
		}
	})
}

// What is signed is for one address: a webhook that redirects is not followed, and its owner can read so.
func TestAWebhookThatRedirectsIsNotFollowed(t *testing.T) {
	w := newWorld(t, storetest.Open(t, storetest.URL(t, "sqlite")))
	server := httptest.NewServer(http.RedirectHandler(w.server.URL, http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	a := w.start().Test(t.Context(), w.shop.Service.Name, sms.Webhook{URL: server.URL, Secret: "whsec_AAAA"})
	if a.OK() || a.Status != http.StatusTemporaryRedirect || !strings.Contains(a.Error, "redirects") || len(w.got()) != 0 {
		t.Errorf("%+v, %v", a, w.got())
	}
}

// Addresses of private networks are never called unless the operator allows them.
func TestPrivateAddressesAreNotCalled(t *testing.T) {
	w := newWorld(t, storetest.Open(t, storetest.URL(t, "sqlite")))
	w.callBack(w.server.URL + "/dlr")
	n := notify.New(w.config(fetch.Config{}))
	n.Start(t.Context())
	t.Cleanup(func() { n.Stop(context.Background()) })
	w.send(false)
	w.until("an attempt", func() bool { d := w.deliveries(store.DeliveryFilter{}); return len(d[0].Log) == 1 })
	if d := w.deliveries(store.DeliveryFilter{})[0]; !strings.Contains(d.Log[0].Error, "loopback") || len(w.got()) != 0 {
		t.Errorf("%+v, %v", d.Log, w.got())
	}
	if a := n.Test(t.Context(), w.shop.Service.Name, sms.Webhook{URL: w.server.URL, Secret: "whsec_AAAA"}); !strings.Contains(a.Error, "loopback") {
		t.Errorf("%+v", a)
	}
}
