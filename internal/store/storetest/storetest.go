// Package storetest gives tests a fresh store on each of the two databases.
package storetest

import (
	"crypto/sha256"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// Each runs f as a subtest on SQLite and on PostgreSQL, each time with a store of its own.
func Each(t *testing.T, f func(t *testing.T, s *store.Store)) {
	t.Helper()
	for _, database := range Databases {
		t.Run(database, func(t *testing.T) { f(t, Open(t, URL(t, database))) })
	}
}

// Databases names the databases that URL knows; only those in RAMIER_TEST_DATABASES, separated by commas, if that is set.
var Databases = chosen(os.Getenv("RAMIER_TEST_DATABASES"))

func chosen(names string) []string {
	all := []string{"sqlite", "postgres"}
	if names == "" {
		return all
	}
	return slices.DeleteFunc(all, func(name string) bool { return !slices.Contains(strings.Split(names, ","), name) })
}

// Open opens a store and closes it with the test.
func Open(t testing.TB, address string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), address, Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Options seal with a key of tests.
func Options() store.Options {
	key := sha256.Sum256([]byte("a key for tests"))
	sealer, err := store.NewSealer(key[:])
	if err != nil {
		panic(err)
	}
	return store.Options{Sealer: sealer, Node: "test"}
}

// URL gives the address of a new database, with its tables and nothing in them, that goes with the test.
func URL(t testing.TB, database string) string {
	t.Helper()
	if database == "sqlite" {
		return newSQLite(t)
	}
	return newPostgres(t)
}

// Exec runs a statement on a PostgreSQL database behind the back of its stores.
func Exec(t testing.TB, address, statement string) {
	t.Helper()
	if err := admin(address, statement); err != nil {
		t.Fatal(err)
	}
}

// Noon is the time that tests begin at.
var Noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// Shop is a small platform: a customer with a service, a sender, a carrier and a route.
type Shop struct {
	Account sms.Account
	Service sms.Service
	Carrier sms.Carrier
}

// NewShop fills a store with a shop that has 100 credits.
func NewShop(t testing.TB, s *store.Store) Shop {
	t.Helper()
	ctx := t.Context()
	shop := Shop{
		Account: sms.Account{Name: "ab12345-ovh", Country: "FR", CreatedAt: Noon},
		Carrier: sms.Carrier{Name: "sim", Kind: "smpp", Enabled: true, Settings: sms.DefaultCarrierSettings()},
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(s.AddAccount(ctx, &shop.Account))
	shop.Service = sms.Service{
		AccountID: shop.Account.ID, Account: shop.Account.Name, Country: "FR", Channel: "transactional", Status: sms.Enabled, CreatedAt: Noon,
		Settings: sms.Settings{Guards: sms.Guards{Countries: []string{sms.AllCountries}}},
	}
	check(s.AddService(ctx, &shop.Service))
	_, err := s.Grant(ctx, shop.Service.ID, 100*sms.Credit, "test", Noon)
	check(err)
	check(s.AddSender(ctx, sms.Sender{ServiceID: shop.Service.ID, Sender: "Ramier", Type: "alpha", Status: sms.Enabled, Referer: "custom", CreatedAt: Noon}))
	check(s.AddCarrier(ctx, &shop.Carrier, Noon))
	check(s.AddRoute(ctx, &sms.Route{Position: 1, CarrierID: shop.Carrier.ID, Enabled: true}))
	check(s.AddShortNumber(ctx, sms.ShortNumber{Number: "38000", Country: "FR", CarrierID: shop.Carrier.ID}))
	check(s.SetRate(ctx, "*", sms.Credit))
	return shop
}

// Hold takes the lease of the shop's carrier, which lets a test claim its messages. Taking it again ends what was taken before.
func (shop Shop) Hold(t testing.TB, s *store.Store) store.Hold {
	t.Helper()
	got, err := s.Acquire(t.Context(), "test.holder", store.CarrierLease(shop.Carrier.ID))
	if err != nil || len(got) != 1 {
		t.Fatal("the lease of the carrier is not to be had: ", err)
	}
	return got[0]
}

// Order is a transactional order of a text to receivers.
func Order(text string, receivers ...string) sms.Order {
	return sms.Order{
		Text: text, Receivers: receivers, Sender: "Ramier", NoStop: true, Class: sms.PhoneDisplay, Priority: sms.High,
		Validity: sms.MaxValidity,
	}
}

// Accept plans and accepts an order at a time, and gives the id of its first message.
func (shop Shop) Accept(t testing.TB, s *store.Store, o sms.Order, at time.Time) int64 {
	t.Helper()
	r, err := s.FreshRules(t.Context(), shop.Service.Name)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = s.WithOptOuts(t.Context(), r, o); err != nil {
		t.Fatal(err)
	}
	p, err := sms.NewPlan(o, r, at)
	if err != nil {
		t.Fatal(err)
	}
	first, _, err := s.Accept(t.Context(), &store.Acceptance{Plan: p, Answer: func(int64) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	return first
}
