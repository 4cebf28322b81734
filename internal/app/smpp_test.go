package app_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ramier/internal/app/apptest"
	"ramier/internal/auth"
	"ramier/internal/config"
	"ramier/internal/gsm"
	"ramier/internal/porttest"
	"ramier/internal/simulator"
	"ramier/internal/smpp"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// An esme is a customer over SMPP that submits without pause and binds again whenever it is cut off.
type esme struct {
	t       *testing.T
	address string
	seed    uint64

	mu       sync.Mutex
	accepted map[string][]string // text -> ids of its parts
	unknown  map[string]bool     // texts of which some part was not answered
	receipts map[string]int      // id -> how often
	replies  map[string]map[string]bool
	sessions int
	repeated int
	stopped  bool // nothing more is submitted
}

// once is what one session has brought: nothing may come twice there.
type once map[string]bool

func (e *esme) take(seen once, d *smpp.DeliverSM) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var key string
	if smpp.IsReceipt(d) {
		r := smpp.ParseReceipt(d, time.UTC)
		key = "the receipt of " + r.ID
		if e.receipts[r.ID]++; e.receipts[r.ID] > 1 {
			e.repeated++
		}
	} else {
		id, _ := d.TLVs.Text(0x1402)
		key = "the reply " + id
		text := gsm.Decode(d.ShortMessage, byte(d.DataCoding))
		if e.replies[text] == nil {
			e.replies[text] = map[string]bool{}
		}
		if e.replies[text][id] {
			e.repeated++
		}
		e.replies[text][id] = true
	}
	if seen[key] {
		e.t.Errorf("%s came twice over one connection", key)
	}
	seen[key] = true
}

// run binds again and again until the context ends.
func (e *esme) run(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		seen := once{}
		s, err := smpp.Dial(ctx, smpp.Config{
			Address: e.address, Bind: smpp.Bind{Mode: smpp.Transceiver, SystemID: "crash", Password: "secret", InterfaceVersion: smpp.Version},
			Settings: smpp.Settings{Window: 50, Handler: func(_ *smpp.Session, r smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
				if d, ok := r.(*smpp.DeliverSM); ok {
					e.take(seen, d)
					respond(smpp.OK, nil)
				}
			}},
		})
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Millisecond):
			}
			continue
		}
		e.mu.Lock()
		e.sessions++
		e.mu.Unlock()
		e.submit(ctx, s, n)
		select {
		case <-s.Done():
		case <-ctx.Done():
			s.Close()
		}
	}
}

// submit sends until the session ends or enough is sent. Every eighth message has two parts.
func (e *esme) submit(ctx context.Context, s *smpp.Session, session int) {
	r := rand.New(rand.NewPCG(e.seed, uint64(session))) //nolint:gosec // chance is to be repeatable
	for i := 0; s.Err() == nil && ctx.Err() == nil; i++ {
		e.mu.Lock()
		stopped := e.stopped
		e.mu.Unlock()
		if stopped {
			return
		}
		text, parts := fmt.Sprintf("s%d-%d kill me if you can", session, i), 1
		m := smpp.SubmitSM{
			Source: smpp.Address{TON: smpp.TONAlphanumeric, Addr: "Ramier"}, RegisteredDelivery: smpp.RegisterReceipt,
			Dest: smpp.Address{TON: 1, NPI: 1, Addr: fmt.Sprintf("336%08d", 10_000_000+r.IntN(20_000_000))},
		}
		if i%8 == 7 {
			parts, m.ESMClass = 2, smpp.ESMUDHI
		}
		for n := 1; n <= parts; n++ {
			one := m
			if one.ShortMessage = []byte(text); parts > 1 {
				one.ShortMessage = append([]byte{5, 0, 3, byte(i), 2, byte(n)}, text...)
			}
			s.Send(ctx, &one, func(a smpp.Answer) { e.answered(strings.Repeat(text, parts), a) })
		}
	}
}

func (e *esme) answered(text string, a smpp.Answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch resp, _ := a.PDU.(*smpp.SubmitSMResp); {
	case a.Err == nil && a.Status == smpp.OK:
		e.accepted[text] = append(e.accepted[text], resp.MessageID)
	case a.Err != nil && !errors.Is(a.Err, smpp.ErrNotSent):
		e.unknown[text] = true
	}
}

// whole gives the texts of which all parts were accepted, with their ids.
func (e *esme) whole() map[string][]string {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := map[string][]string{}
	for text, ids := range e.accepted {
		if len(ids) == strings.Count(text, "kill") {
			all[text] = ids
		}
	}
	return all
}

// untold tells of how many messages receipts have not come yet, and how many replies: a message of several parts is in doubt as one.
func (e *esme) untold(replies int) int {
	missing := 0
	whole := e.whole()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ids := range whole {
		if slices.ContainsFunc(ids, func(id string) bool { return e.receipts[id] == 0 }) {
			missing++
		}
	}
	for i := range replies {
		if e.replies[fmt.Sprint("r", i)] == nil {
			missing++
		}
	}
	return missing
}

// A customer is bound over SMPP and sends while the server is killed again and again: what was accepted is sent, and each receipt and
// each reply comes, again only over another connection, and under the same id.
func TestKillsLoseNothingThatIsOwedOverSMPP(t *testing.T) {
	seed, kills := seedOf(t), int(setting(t, killsSetting, 8)) //nolint:gosec // few
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			e := &esme{
				t: t, address: fmt.Sprintf("127.0.0.1:%d", porttest.Free(t)), seed: seed, accepted: map[string][]string{}, unknown: map[string]bool{}, receipts: map[string]int{},
				replies: map[string]map[string]bool{},
			}
			o := options(database, seed, false)
			o.Mix = map[string]float64{"barred": 0.03, "double-receipt": 0.05, "receipt-first": 0.05}
			o.Config = func(c *config.Config) { c.SMPP.Listen = e.address }
			p := apptest.New(t, o)
			p.Store(func(s *store.Store) {
				err := s.AddSMPPAccount(t.Context(), store.SMPPAccount{
					ServiceID: p.Shop.Service.ID, SystemID: "crash", PasswordHash: auth.HashRounds("secret", 1), CreatedAt: storetest.Noon,
					Settings: store.SMPPSettings{AllowedIPs: []string{"127.0.0.0/8"}, Throughput: 100_000, Window: 50, Binds: 2},
				})
				if err != nil {
					t.Fatal(err)
				}
			})
			replies := e.through(p, kills)
			p.Nodes[0].Stop()
			e.count(p, replies)
		})
	}
}

// through kills the server again and again while the customer sends and handsets write, and waits until all is told.
func (e *esme) through(p *apptest.Platform, kills int) (replies int) {
	ctx, cancel := context.WithCancel(e.t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	first := p.Nodes[0]
	first.Start()
	first.Ready()
	const handset = "+33639980777"
	client, path := first.Client(), "/sms/"+p.Shop.Service.Name
	var asked struct{ IDs []int64 }
	if err := client.Post(path+"/jobs", map[string]any{
		"message": "Votre avis ?", "receivers": []string{handset}, "sender": "Ramier", "noStopClause": true,
	}, &asked); err != nil || len(asked.IDs) != 1 {
		e.t.Fatal(asked, err)
	}
	p.Until("the handset knows whom it answers", func() bool {
		var m struct{ DeliveryReceipt int }
		err := client.Get(fmt.Sprint(path, "/outgoing/", asked.IDs[0]), &m)
		return err == nil && m.DeliveryReceipt == 1
	})
	running.Go(func() { e.run(ctx) })
	r := rand.New(rand.NewPCG(e.seed, 1<<32)) //nolint:gosec // chance is to be repeatable
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range kills {
		first.Ready()
		for range 1 + r.IntN(100) {
			<-tick.C
			if p.Operator.Reply(handset, "38000", fmt.Sprint("r", replies)) == nil {
				replies++
			}
		}
		first.Kill()
		first.Start()
	}
	e.mu.Lock()
	e.stopped = true
	e.mu.Unlock()
	first.Ready()
	left, next := 0, time.Time{}
	p.Rest("all is told", func() int {
		if begun := time.Now(); begun.After(next) { // to count holds up the customer, who may have much to take
			left = e.untold(replies) + int(p.Operator.Status().Replies.Pending)
			next = time.Now().Add(10 * time.Since(begun))
		}
		return left
	})
	return replies
}

// count compares what the customer knows with the handsets.
func (e *esme) count(p *apptest.Platform, replies int) {
	e.t.Helper()
	arrived := map[string]int{}
	all, err := p.Operator.Search(simulator.Query{})
	if err != nil {
		e.t.Fatal(err)
	}
	for _, m := range all {
		arrived[m.Text]++
	}
	marked := map[string]bool{}
	p.Store(func(s *store.Store) {
		p.Messages(s, func(m sms.Message, j sms.Job) {
			if m.Duplicate {
				marked[cmp.Or(m.Text, j.Text)] = true
			}
		})
		a, err := s.Audit(e.t.Context())
		if err != nil || len(a.Findings) > 0 {
			e.t.Errorf("the audit: %v %v", err, a.Findings)
		}
	})
	whole := e.whole()
	ids := map[string]string{}
	for text, all := range whole {
		if arrived[text] == 0 {
			e.t.Errorf("%q was accepted, and never sent", text)
		}
		for _, id := range all {
			if ids[id] != "" {
				e.t.Errorf("%q and %q have the id %s", ids[id], text, id)
			}
			ids[id] = text
		}
	}
	for text, n := range arrived {
		if n > 1 && !marked[text] {
			e.t.Errorf("%q was sent %d times, and is not marked", text, n)
		}
	}
	again := 0
	for _, ids := range e.replies {
		again += len(ids) - 1
	}
	e.t.Logf("%d sessions: %d messages accepted and sent, %d not answered, %d replies; %d receipts and replies came again, under the same id; %d replies were repeated by the operator",
		e.sessions, len(whole), len(e.unknown), replies, e.repeated, again)
}
