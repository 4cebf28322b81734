package app_test

import (
	"fmt"
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
	mu    sync.Mutex
	told  map[string]map[string]int // what was said -> ids -> calls
	calls int
}

func listen(t *testing.T) *listener {
	t.Helper()
	l := &listener{told: map[string]map[string]int{}}
	l.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		what := "message " + q.Get("id") + " " + q.Get("dlr")
		if r.URL.Path == "/reply" {
			what = "reply " + q.Get("message")
		}
		if r.Header.Get(notify.HeaderDuplicate) != "" {
			what = "marked " + what
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.calls++
		if l.told[what] == nil {
			l.told[what] = map[string]int{}
		}
		l.told[what][r.Header.Get(notify.HeaderID)]++
	}))
	t.Cleanup(l.Close)
	return l
}

// enoughReplies are so many that each kill meets some.
const enoughReplies = 600

// ids counts under how many ids something was told.
func (l *listener) ids(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.told[what])
}

// The server is killed again and again between receipts, replies and callbacks. Everything is told, and nothing under two ids,
// unless it is marked: the operator may have repeated a reply whose answer it did not get.
func TestKillsLoseAndDoubleNoCallback(t *testing.T) {
	seed := seedOf(t)
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			l := listen(t)
			o := options(database, seed, false)
			o.Config = func(c *config.Config) { c.Fetch.Allow = []string{"127.0.0.0/8"} }
			p := apptest.New(t, o)
			const handset = "+33639980777"
			p.Store(func(s *store.Store) {
				err := s.ChangeService(t.Context(), p.Shop.Service.Name, func(v *sms.Service) error {
					v.Settings.CallBack, v.Settings.ResponseType, v.Settings.ResponseCgiURL = l.URL+"/dlr", "cgi", l.URL+"/reply"
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			})
			first := p.Nodes[0]
			first.Start()
			first.Ready()
			client := p.Nodes[0].Client()
			if err := client.Post("/sms/"+p.Shop.Service.Name+"/jobs", map[string]any{
				"message": "Votre avis ?", "receivers": []string{handset}, "sender": "Ramier", "noStopClause": true,
			}, nil); err != nil {
				t.Fatal(err)
			}
			p.Until("the first callback", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.calls > 0 })
			first.Kill()
			var replies int
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
					if p.Operator.Reply(handset, "38000", fmt.Sprint("r", replies)) == nil {
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
		})
	}
}

func checkTold(t *testing.T, p *apptest.Platform, l *listener, replies int) {
	t.Helper()
	marked, missing := 0, 0
	for i := range replies {
		if n := l.ids(fmt.Sprint("reply r", i)); n != 1 {
			t.Errorf("the reply r%d was told under %d ids", i, n)
			missing++
		}
		marked += l.ids(fmt.Sprint("marked reply r", i))
	}
	messages := 0
	p.Store(func(s *store.Store) {
		ids, err := s.Outgoing(t.Context(), p.Shop.Service.ID, store.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			m, _, err := s.Message(t.Context(), p.Shop.Service.ID, id)
			if err != nil {
				t.Fatal(err)
			}
			if !m.State.Final() || m.State == sms.Cancelled {
				continue
			}
			messages++
			what := fmt.Sprint("message ", id, " ", m.DeliveryReceipt())
			if n := l.ids(what) + l.ids("marked "+what); n != 1 {
				t.Errorf("that the message %d is %s was told under %d ids", id, m.State, n)
			}
		}
	})
	repeated := 0
	l.mu.Lock()
	defer l.mu.Unlock()
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
