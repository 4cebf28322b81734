package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// A fortune is what a random history of money knows that there must be: what services and quotas have, whatever moves.
type fortune struct {
	t *testing.T
	*ledger
	services []sms.Service
	users    map[string]int64 // "service login" -> id
	orders   []int64
	jobs     []int64
	issued   map[int64]sms.Credits // of each service: granted, ordered and transferred
	n        int
}

// A ledger is a store that can crash.
type ledger struct {
	s       *store.Store
	shop    storetest.Shop
	address string
	claims  []*store.Claim
}

// crash goes on with what is in the database now, as after a kill: nobody closes the store. SQLite's file and log are copied as they
// are, since the process has them locked.
func (l *ledger) crash(t *testing.T) {
	t.Helper()
	before := l.s
	if file, ok := strings.CutPrefix(l.address, "sqlite://"); ok {
		to := filepath.Join(t.TempDir(), "ramier.db")
		for _, end := range []string{"", "-wal"} {
			text, err := os.ReadFile(file + end)
			if err == nil {
				err = os.WriteFile(to+end, text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		l.address = "sqlite://" + to
	}
	s, err := store.Open(t.Context(), l.address, storetest.Options())
	if err != nil {
		t.Fatal(err)
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	l.s, l.claims = s, nil
	open, err := s.OpenClaims(t.Context(), l.shop.Carrier.ID, l.shop.Hold(t, s))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range open {
		o := &store.Outcome{Ended: []int64{c.ID}}
		for _, m := range c.Messages {
			o.Answers = append(o.Answers, sms.Answer{MessageID: m.ID, CarrierID: c.Carrier, State: sms.InDoubt, At: storetest.Noon, Attempt: m.Attempts, Refs: make([]string, m.Parts)})
		}
		if err := s.Settle(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever is granted, ordered, transferred, given to users, spent by them, held, captured, released, cancelled and refunded, and whenever
// the process dies: each service has what it got, and the audit finds nothing.
func TestMoneyIsNeitherMadeNorLost(t *testing.T) {
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			l := &ledger{address: storetest.URL(t, database)}
			s, err := store.Open(t.Context(), l.address, storetest.Options())
			if err != nil {
				t.Fatal(err)
			}
			l.s, l.shop = s, storetest.NewShop(t, s)
			t.Cleanup(func() {
				if err := l.s.Close(); err != nil {
					t.Error(err)
				}
			})
			n, most := 0, 20
			if database == "postgres" {
				most = 8 // its commits take longer
			}
			rapid.Check(t, func(rt *rapid.T) {
				f := fortune{t: t, ledger: l, users: map[string]int64{}, issued: map[int64]sms.Credits{}}
				for range 3 {
					n++
					f.services = append(f.services, newService(t, l.s, l.shop, n))
				}
				for range rapid.IntRange(1, most).Draw(rt, "steps") {
					f.step(rt)
				}
				f.check(rt)
				if a := audit(t, l.s); len(a.Findings) > 0 {
					rt.Fatalf("the audit finds %v", a.Findings)
				}
			})
		})
	}
}

// offer gives a price to a number of credits.
func offer(credits sms.Credits) sms.Offer {
	money := func(n int64) sms.Money { return sms.Money{Millionths: n * 10_000, Currency: "EUR"} }
	return sms.Offer{Quantity: credits, Net: money(int64(credits) / 16), Tax: money(int64(credits) / 80), List: money(1), Credit: money(1), Original: money(int64(credits) / 16)}
}

// may fails the test on errors but those that a random step may meet.
func (f *fortune) may(err error, codes ...sms.Code) bool {
	f.t.Helper()
	if err != nil && !slices.Contains(codes, sms.CodeOf(err)) {
		f.t.Fatal(err)
	}
	return err == nil
}

func (f *fortune) step(rt *rapid.T) {
	ctx, at := f.t.Context(), storetest.Noon
	v := rapid.SampledFrom(f.services).Draw(rt, "service")
	login := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "login")
	amount := sms.Credits(rapid.Int64Range(1, 9000).Draw(rt, "amount"))
	switch rapid.SampledFrom([]string{"grant", "order", "settle", "transfer", "user", "quota", "quota", "delete", "send", "send", "send", "cancel", "claim", "answer", "refund", "crash"}).Draw(rt, "what") {
	case "grant":
		_, err := f.s.Grant(ctx, v.ID, amount, "test", at)
		f.may(err)
		f.issued[v.ID] += amount
	case "order":
		o := sms.CreditOrder{AccountID: v.AccountID, ServiceID: v.ID, Service: v.Name, Offer: offer(amount), Cause: sms.OrderedByCustomer}
		f.may(f.s.AddOrder(ctx, &o))
		f.orders = append(f.orders, o.ID)
	case "settle":
		f.settle(rt)
	case "transfer":
		to := rapid.SampledFrom(f.services).Draw(rt, "to")
		if to.ID != v.ID && f.may(f.s.Transfer(ctx, v, to, amount, "test", at), sms.NoCredit) {
			f.issued[v.ID] -= amount
			f.issued[to.ID] += amount
		}
	case "user":
		u := sms.User{ServiceID: v.ID, Login: login, CreatedAt: at}
		if f.may(f.s.AddUser(ctx, &u), sms.Conflict) {
			f.users[fmt.Sprint(v.ID, login)] = u.ID
		}
	case "quota":
		active := rapid.Bool().Draw(rt, "active")
		f.may(f.s.ChangeUser(ctx, v.ID, login, at, func(u *sms.User) error {
			if u.HasQuota, u.QuotaLeft = active, amount; !active {
				u.QuotaLeft = 0
			}
			return nil
		}), sms.NoCredit, sms.NoObject)
	case "delete":
		f.may(f.s.DeleteUser(ctx, v.ID, login, at), sms.NoObject)
	case "send":
		f.send(rt, v, login)
	case "claim":
		c, err := f.s.Claim(ctx, f.shop.Carrier.ID, f.shop.Hold(f.t, f.s), rapid.IntRange(1, 9).Draw(rt, "most"), at)
		f.may(err)
		if c != nil && len(c.Messages) > 0 {
			f.claims = append(f.claims, c)
		}
	case "answer":
		f.answer(rt)
	case "refund":
		f.refund(rt)
	case "crash":
		if rapid.IntRange(0, 2).Draw(rt, "rarely") == 0 {
			f.crash(f.t)
		}
	case "cancel":
		if len(f.jobs) > 0 {
			id := rapid.SampledFrom(f.jobs).Draw(rt, "job")
			f.may(f.s.Cancel(ctx, 0, id, at), sms.NoObject, sms.Conflict)
		}
	}
}

// settle pays an order, perhaps twice, and one payment perhaps for two orders.
func (f *fortune) settle(rt *rapid.T) {
	if len(f.orders) == 0 {
		return
	}
	id := rapid.SampledFrom(f.orders).Draw(rt, "order")
	o, err := f.s.CreditOrder(f.t.Context(), 0, id)
	f.may(err)
	f.n++
	by := store.Settlement{By: "test", At: storetest.Noon, Event: fmt.Sprint(f.orders[0], rapid.IntRange(0, 3).Draw(rt, "event"))}
	owed := f.owed(o.ServiceID)
	if f.may(f.s.SettleOrder(f.t.Context(), id, by), sms.Conflict) {
		f.issued[o.ServiceID] += o.Quantity - (owed - f.owed(o.ServiceID))
	}
}

// owed adds up what a service owes for refunds.
func (f *fortune) owed(service int64) (sum sms.Credits) {
	for _, id := range f.orders {
		o, err := f.s.CreditOrder(f.t.Context(), 0, id)
		f.may(err)
		if o.ServiceID != service {
			continue
		}
		all, err := f.s.Refunds(f.t.Context(), id)
		f.may(err)
		sum += o.Refunded(all).Owed
	}
	return sum
}

// answer has the carrier take or refuse the messages of a claim.
func (f *fortune) answer(rt *rapid.T) {
	if len(f.claims) == 0 {
		return
	}
	c := f.claims[0]
	f.claims = f.claims[1:]
	o := &store.Outcome{Ended: []int64{c.ID}}
	for _, m := range c.Messages {
		a := sms.Answer{MessageID: m.ID, CarrierID: f.shop.Carrier.ID, At: storetest.Noon, Refs: make([]string, m.Parts), Attempt: m.Attempts}
		a.State = rapid.SampledFrom([]sms.State{sms.Sent, sms.Sent, sms.Refused, sms.Expired, sms.Queued, sms.InDoubt}).Draw(rt, "answer")
		if a.State == sms.Queued {
			a.RetryAt = storetest.Noon
		}
		for i := range a.Refs {
			if a.State == sms.Sent {
				a.Refs[i] = fmt.Sprintf("%d-%d-%d", m.ID, i, m.Attempts)
			}
		}
		o.Answers = append(o.Answers, a)
	}
	f.may(f.s.Settle(f.t.Context(), o))
}

// refund pays an order back, in part or as a whole, by credits or up to an amount.
func (f *fortune) refund(rt *rapid.T) {
	if len(f.orders) == 0 {
		return
	}
	id := rapid.SampledFrom(f.orders).Draw(rt, "order")
	o, err := f.s.CreditOrder(f.t.Context(), 0, id)
	f.may(err)
	q := store.RefundRequest{Credits: sms.Credits(rapid.Int64Range(0, 9000).Draw(rt, "credits")), Owe: rapid.Bool().Draw(rt, "owe"), By: "test", At: storetest.Noon}
	if rapid.Bool().Draw(rt, "up to") {
		q.UpTo = &sms.Money{Millionths: rapid.Int64Range(0, 700).Draw(rt, "cents") * 10_000, Currency: "EUR"}
	}
	r, err := f.s.RefundOrder(f.t.Context(), id, q)
	if f.may(err, sms.Conflict, sms.Invalid) {
		f.issued[o.ServiceID] -= r.Quantity - r.Owed
	}
	all, err := f.s.Refunds(f.t.Context(), id)
	f.may(err)
	if sum := o.Refunded(all); sum.Quantity > o.Quantity || sum.Net.Millionths > o.Net.Millionths || sum.Tax.Millionths > o.Tax.Millionths {
		rt.Fatalf("%+v was paid back of %+v", sum, o)
	}
}

func (f *fortune) send(rt *rapid.T, v sms.Service, login string) {
	o := storetest.Order("x", "+33639981001", "+33639981002")
	if rapid.Bool().Draw(rt, "as user") {
		o.User = f.users[fmt.Sprint(v.ID, login)] // who may be gone, or not have been
	}
	r, err := f.s.FreshRules(f.t.Context(), v.Name)
	f.may(err)
	r.Service.Country = "FR"
	p, err := sms.NewPlan(o, r, storetest.Noon)
	f.may(err)
	first, _, err := f.s.Accept(f.t.Context(), &store.Acceptance{Plan: p})
	if f.may(err, sms.NoCredit, sms.Forbidden) {
		f.jobs = append(f.jobs, first, first+1)
	}
}

func (f *fortune) check(rt *rapid.T) {
	for _, v := range f.services {
		b, err := f.s.Balance(f.t.Context(), v.ID)
		f.may(err)
		if b.Issued != -f.issued[v.ID] || b.Available+b.Held+b.Quota+b.Used != f.issued[v.ID] {
			rt.Fatalf("%s has %+v, and got %v", v.Name, b, f.issued[v.ID])
		}
		// It is compared with the books.
		if _, err := f.s.Statement(f.t.Context(), v, storetest.Noon.AddDate(0, 0, -20), storetest.Noon.AddDate(0, 0, 1)); err != nil {
			rt.Fatal(err)
		}
	}
}

// 64 at once spend what a service and two quotas have left, while credits go to and fro: what is sent is exactly what there was.
func TestManySpendTheLastAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		shop := storetest.NewShop(t, s)
		other := newService(t, s, shop, 1)
		var users []sms.User
		for i, quota := range []sms.Credits{30, 20} {
			u := sms.User{ServiceID: shop.Service.ID, Login: fmt.Sprint("user", i)}
			if err := s.AddUser(ctx, &u); err != nil {
				t.Fatal(err)
			}
			if err := s.ChangeUser(ctx, u.ServiceID, u.Login, storetest.Noon, func(u *sms.User) error {
				u.HasQuota, u.QuotaLeft = true, quota*sms.Credit
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			users = append(users, u)
		}
		paid := sms.CreditOrder{AccountID: shop.Account.ID, ServiceID: shop.Service.ID, Service: shop.Service.Name, Offer: offer(20 * sms.Credit)}
		if err := errors.Join(s.AddOrder(ctx, &paid), s.SettleOrder(ctx, paid.ID, store.Settlement{At: storetest.Noon})); err != nil {
			t.Fatal(err)
		}
		var sent [3]atomic.Int64
		var refunded atomic.Int64
		var wg sync.WaitGroup
		for client := range 64 {
			wg.Go(func() {
				for try := range 3 {
					o := storetest.Order("x", fmt.Sprintf("+33639982%03d", 3*client+try))
					who := (client + try) % 3
					if who > 0 {
						o.User = users[who-1].ID
					}
					r, err := s.Rules(ctx, shop.Service.Name)
					if err != nil {
						t.Error(err)
						return
					}
					p, err := sms.NewPlan(o, r, storetest.Noon)
					if err != nil {
						t.Error(err)
						return
					}
					if _, _, err = s.Accept(ctx, &store.Acceptance{Plan: p}); err == nil {
						sent[who].Add(1)
					} else if sms.CodeOf(err) != sms.NoCredit {
						t.Error(err)
					}
				}
			})
		}
		for range 20 { // it comes back at once, so that everything is spent in the end
			wg.Go(func() {
				if s.Transfer(ctx, shop.Service, other, sms.Credit, "test", storetest.Noon) == nil {
					if err := s.Transfer(ctx, other, shop.Service, sms.Credit, "test", storetest.Noon); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 30 {
			wg.Go(func() {
				switch _, err := s.RefundOrder(ctx, paid.ID, store.RefundRequest{Credits: sms.Credit, By: "test", At: storetest.Noon}); sms.CodeOf(err) {
				case "":
					refunded.Add(1)
				case sms.Conflict, sms.Invalid: // nothing is left of the service, or of the order
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if one, two := sent[1].Load(), sent[2].Load(); one != 30 || two != 20 {
			t.Errorf("of quotas of 30 and 20, %d and %d were spent", one, two)
		}
		b, err := s.Balance(ctx, shop.Service.ID)
		if err != nil || b.Available != 70*sms.Credit-sms.Credits(sent[0].Load()+refunded.Load())*sms.Credit || b.Available < 0 || b.Quota != 0 {
			t.Errorf("%+v, %v; %d were sent, %d refunded", b, err, sent[0].Load(), refunded.Load())
		}
		if a := audit(t, s); len(a.Findings) > 0 {
			t.Error(a.Findings)
		}
	})
}
