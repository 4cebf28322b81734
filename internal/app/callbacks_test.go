package app_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/app/apptest"
	"ramier/internal/config"
	"ramier/internal/notify"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// listener is a customer's server that counts what it was told by the id of the delivery.
type listener struct {
	*httptest.Server
	secret string // of the webhook
	mu     sync.Mutex
	told   map[string]map[string]int // what was said -> ids -> calls
	bodies map[string]string         // of the webhook, by id
	calls  int
	wrong  []string
}

func listen(t *testing.T) *listener {
	t.Helper()
	l := &listener{told: map[string]map[string]int{}, bodies: map[string]string{}, secret: "whsec_" + base64.StdEncoding.EncodeToString([]byte("a secret of the shop"))}
	l.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		l.mu.Lock()
		defer l.mu.Unlock()
		q := r.URL.Query()
		var what string
		switch r.URL.Path {
		case "/dlr":
			what = "message " + q.Get("id") + " " + q.Get("dlr")
		case "/reply":
			what = "reply " + q.Get("sender") + " " + q.Get("message")
		case "/stop":
			what = "stop " + q.Get("number")
		default:
			what = l.event(r.Header, body)
		}
		if r.Header.Get(notify.HeaderDuplicate) != "" {
			what = "marked " + what
		}
		l.calls++
		if l.told[what] == nil {
			l.told[what] = map[string]int{}
		}
		l.told[what][r.Header.Get(notify.HeaderID)]++
	}))
	t.Cleanup(l.Close)
	return l
}

// event reads a call of the webhook: it must be signed, and the same each time under one id.
func (l *listener) event(h http.Header, body []byte) string {
	id := h.Get(notify.HeaderID)
	if want := notify.Sign([]string{l.secret}, id, h.Get("Webhook-Timestamp"), body); h.Get("Webhook-Signature") != want {
		l.wrong = append(l.wrong, id+" is not signed")
	}
	if before, known := l.bodies[id]; known && before != string(body) {
		l.wrong = append(l.wrong, before+" has become "+string(body))
	}
	l.bodies[id] = string(body)
	var e struct {
		ID, Type string
		Data     struct {
			ID              int64
			DeliveryReceipt int
			Sender, Message string
		}
	}
	if err := json.Unmarshal(body, &e); err != nil || e.ID != id {
		l.wrong = append(l.wrong, fmt.Sprintf("%s: %s, %v", id, body, err))
	}
	switch e.Type {
	case "reply.received":
		return "event reply " + e.Data.Sender + " " + e.Data.Message
	case "optout.added":
		return "event stop " + e.Data.Sender
	}
	return fmt.Sprint("event message ", e.Data.ID, " ", e.Data.DeliveryReceipt)
}

const (
	// enoughReplies are so many that each kill meets some.
	enoughReplies = 600
	// everyStop is how many replies there are to one that is a STOP, each from a handset of its own.
	everyStop = 6
	talker    = "+33639980777"
)

// leaver is a handset that answers STOP.
func leaver(i int) string { return fmt.Sprintf("+3363998%04d", 2000+i) }

// ids counts under how many ids something was told.
func (l *listener) ids(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.told[what])
}

// messages counts those that callBack has told of.
func (l *listener) messages() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := map[string]bool{}
	for what := range l.told {
		if words := strings.Fields(what); words[0] == "message" {
			all[words[1]] = true
		}
	}
	return len(all)
}

// The server is killed again and again between receipts, replies and callbacks. Everything is told, by OVH's callbacks and the
// signed webhook, and nothing under two ids, unless it is marked: the operator may have repeated a reply whose answer it did not get.
func TestKillsLoseAndDoubleNoCallback(t *testing.T) {
	seed := seedOf(t)
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			l := listen(t)
			o := options(database, seed, false)
			o.Config = func(c *config.Config) { c.Fetch.Allow = []string{"127.0.0.0/8"} }
			p := apptest.New(t, o)
			p.Store(func(s *store.Store) { l.subscribe(t, p, s) })
			first := p.Nodes[0]
			first.Start()
			first.Ready()
			receivers := []string{talker}
			for i := range enoughReplies / everyStop {
				receivers = append(receivers, leaver(i))
			}
			client := p.Nodes[0].Client()
			if err := client.Post("/sms/"+p.Shop.Service.Name+"/jobs", map[string]any{
				"message": "Votre avis ?", "receivers": receivers, "sender": "Ramier", "noStopClause": true,
			}, nil); err != nil {
				t.Fatal(err)
			}
			p.Until("the first callbacks", func() bool { return l.messages() == len(receivers) })
			first.Kill()
			var replies, stops int
			ended, stop := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(ended)
				tick := time.NewTicker(5 * time.Millisecond)
				defer tick.Stop()
				for {
					select {
					case <-stop:
						return
					case <-tick.C:
					}
					if replies == enoughReplies {
						return
					}
					if stops < replies/everyStop && p.Operator.Reply(leaver(stops), "36111", "Stop. Merci") == nil {
						stops++
					}
					if p.Operator.Reply(talker, "38000", fmt.Sprint("r", replies)) == nil {
						replies++
					}
				}
			}()
			p.Kill(apptest.Kills{Number: 8, Orders: 40, Run: 500 * time.Millisecond, Customers: 4})
			close(stop)
			<-ended
			first.Start()
			first.Ready()
			client = p.Nodes[0].Client()
			p.Until("everything is told", func() bool {
				var waiting []any
				err := client.Get("/sms/"+p.Shop.Service.Name+"/deliveries?state=waiting&limit=1", &waiting)
				return err == nil && len(waiting) == 0 && p.Operator.Status().Replies.Pending == 0
			})
			first.Stop()
			checkTold(t, p, l, replies)
			checkStops(t, p, l, stops)
		})
	}
}

// subscribe has the listener told everything.
func (l *listener) subscribe(t *testing.T, p *apptest.Platform, s *store.Store) {
	t.Helper()
	err := s.ChangeService(t.Context(), p.Shop.Service.Name, func(v *sms.Service) error {
		v.Settings.CallBack, v.Settings.StopCallBack = l.URL+"/dlr", l.URL+"/stop"
		v.Settings.ResponseType, v.Settings.ResponseCgiURL = "cgi", l.URL+"/reply"
		return nil
	})
	if err == nil {
		err = s.AddWebhook(t.Context(), &sms.Webhook{ServiceID: p.Shop.Service.ID, URL: l.URL + "/json", Enabled: true, Secret: l.secret, CreatedAt: storetest.Noon})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// checkStops looks at what came of the replies that say STOP: each has opted one handset out, which was told once by each way and answered
// once.
func checkStops(t *testing.T, p *apptest.Platform, l *listener, stops int) {
	t.Helper()
	confirmed := map[string]int{}
	p.Store(func(s *store.Store) {
		out, err := s.OptOuts(t.Context(), p.Shop.Service.ID, 0)
		if err != nil || len(out) != stops {
			t.Errorf("%d of %d handsets have opted out: %v", len(out), stops, err)
		}
		p.Messages(s, func(m sms.Message, j sms.Job) {
			if strings.HasPrefix(j.Text, "Votre demande") {
				confirmed[m.Receiver]++
			}
		})
	})
	for i := range stops {
		from := leaver(i)
		for _, what := range []string{"stop " + from, "event stop " + from} {
			if n := l.ids(what) + l.ids("marked "+what); n != 1 {
				t.Errorf("%s was told under %d ids", what, n)
			}
		}
		for _, what := range []string{"reply " + from + " Stop. Merci", "event reply " + from + " Stop. Merci"} {
			if n := l.ids(what); n != 1 {
				t.Errorf("%s was told under %d ids", what, n)
			}
		}
		if confirmed[from] != 1 {
			t.Errorf("%s has got %d confirmations", from, confirmed[from])
		}
	}
	t.Logf("%d STOPs", stops)
}

func checkTold(t *testing.T, p *apptest.Platform, l *listener, replies int) {
	t.Helper()
	marked := 0
	for i := range replies {
		for _, what := range []string{fmt.Sprintf("reply %s r%d", talker, i), fmt.Sprintf("event reply %s r%d", talker, i)} {
			if n := l.ids(what); n != 1 {
				t.Errorf("%s was told under %d ids", what, n)
			}
			marked += l.ids("marked " + what)
		}
	}
	messages := 0
	p.Store(func(s *store.Store) {
		p.Messages(s, func(m sms.Message, _ sms.Job) {
			if !m.State.Final() || m.State == sms.Cancelled {
				return
			}
			messages++
			what := fmt.Sprint("message ", m.ID, " ", m.DeliveryReceipt())
			for _, way := range []string{"", "event "} {
				if n := l.ids(way+what) + l.ids("marked "+way+what); n != 1 {
					t.Errorf("%smessage %d is %s was told under %d ids", way, m.ID, m.State, n)
				}
			}
		})
	})
	repeated := 0
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, what := range l.wrong {
		t.Error(what)
	}
	for what, ids := range l.told {
		if !strings.HasPrefix(what, "marked") && len(ids) > 1 {
			t.Errorf("%s was told under %d ids", what, len(ids))
		}
		for _, calls := range ids {
			repeated += calls - 1
		}
	}
	t.Logf("%d replies, %d messages, %d calls, of which %d repeat an id; %d replies that the operator repeated are marked", replies, messages, l.calls, repeated, marked)
}
