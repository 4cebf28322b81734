package store_test

import (
	"fmt"
	"slices"
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
	t        *testing.T
	s        *store.Store
	services []sms.Service
	users    map[string]int64 // "service login" -> id
	orders   []int64
	jobs     []int64
	issued   map[int64]sms.Credits // of each service: granted, ordered and transferred
	n        int
}

// Whatever is granted, ordered, transferred, given to users, spent by them, cancelled and taken back: each service has what it got,
// and the audit finds nothing.
func TestMoneyIsNeitherMadeNorLost(t *testing.T) {
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			s := storetest.Open(t, storetest.URL(t, database))
			shop := storetest.NewShop(t, s)
			n := 0
			rapid.Check(t, func(rt *rapid.T) {
				f := fortune{t: t, s: s, users: map[string]int64{}, issued: map[int64]sms.Credits{}}
				for range 3 {
					n++
					f.services = append(f.services, newService(t, s, shop, n))
				}
				for range rapid.IntRange(1, 20).Draw(rt, "steps") {
					f.step(rt)
				}
				f.check(rt)
				if a := audit(t, s); len(a.Findings) > 0 {
					rt.Fatalf("the audit finds %v", a.Findings)
				}
			})
		})
	}
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
	switch rapid.SampledFrom([]string{"grant", "order", "settle", "transfer", "user", "quota", "quota", "delete", "send", "send", "send", "cancel"}).Draw(rt, "what") {
	case "grant":
		_, err := f.s.Grant(ctx, v.ID, amount, "test", at)
		f.may(err)
		f.issued[v.ID] += amount
	case "order":
		o := sms.CreditOrder{AccountID: v.AccountID, ServiceID: v.ID, Service: v.Name, Offer: sms.Offer{Quantity: amount}, Cause: sms.OrderedByCustomer}
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
	case "cancel":
		if len(f.jobs) > 0 {
			id := rapid.SampledFrom(f.jobs).Draw(rt, "job")
			f.may(f.s.Cancel(ctx, 0, id, at), sms.NoObject)
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
	if f.may(f.s.SettleOrder(f.t.Context(), id, by), sms.Conflict) {
		f.issued[o.ServiceID] += o.Quantity
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
		var sent [3]atomic.Int64
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
		wg.Wait()
		if one, two := sent[1].Load(), sent[2].Load(); one != 30 || two != 20 {
			t.Errorf("of quotas of 30 and 20, %d and %d were spent", one, two)
		}
		b, err := s.Balance(ctx, shop.Service.ID)
		if err != nil || b.Available != 50*sms.Credit-sms.Credits(sent[0].Load())*sms.Credit || b.Available < 0 || b.Quota != 0 {
			t.Errorf("%+v, %v; %d were sent", b, err, sent[0].Load())
		}
		if a := audit(t, s); len(a.Findings) > 0 {
			t.Error(a.Findings)
		}
	})
}
