package sandbox_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/sms"
)

// tenant is a sub-account with one service and keys.
type tenant struct {
	Account, Password string
	service           string
	keys              *ovh.Client
}

func (s tenant) path(rest string) string { return "/sms/" + s.service + rest }

// resellerOf lets the first customer resell out of its first service.
func resellerOf(t *testing.T, p *sandboxtest.Platform) {
	t.Helper()
	refusedWith(t, p.OVH.Get("/me/reseller/accounts", nil), 403, "does not resell")
	check(t, p.Operator.Put("/operator/accounts/rm12345-ovh", map[string]any{"resells": true}, nil))
	check(t, p.OVH.Put("/me/reseller", map[string]any{
		"brand": "Pigeon Express", "seller": "1 rue des Plumes\nLyon", "payTo": "IBAN FR00", "terms": "Our terms.", "serviceName": p.Info.ServiceName,
	}, nil))
}

func newTenant(t *testing.T, p *sandboxtest.Platform) (s tenant) {
	t.Helper()
	check(t, p.OVH.Post("/me/reseller/accounts", map[string]any{"country": "FR", "description": "A tenant", "email": "a@example.org"}, &s))
	var made struct{ Name string }
	check(t, p.OVH.Post("/me/reseller/accounts/"+s.Account+"/services", map[string]any{}, &made))
	s.service = made.Name
	s.keys = keysOf(t, p, newPassword{Login: "all", SignIn: s.Account, Password: s.Password}, allRules...)
	return s
}

func left(t *testing.T, c *ovh.Client, service string) (n float64) {
	t.Helper()
	var s struct{ CreditsLeft float64 }
	check(t, c.Get("/sms/"+service, &s))
	return s.CreditsLeft
}

// A reseller makes a sub-account, sells it credits under its own name, and stops it.
func TestAResellerHasSubAccounts(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		resellerOf(t, p)
		sub := newTenant(t, p)
		under := "/me/reseller/accounts/" + sub.Account
		give := func(credits float64) error {
			return p.OVH.Post(under+"/services/"+sub.service+"/credits", map[string]any{"credits": credits, "reason": "welcome"}, nil)
		}
		before := left(t, p.OVH, p.Info.ServiceName)
		check(t, give(10))
		refusedWith(t, give(1e9), 403, "Not enough credits")
		refusedWith(t, give(0), 400, "moves nothing")
		check(t, give(-2.5))
		refusedWith(t, give(-8), 403, "Not enough credits")
		if l, mine := left(t, sub.keys, sub.service), left(t, p.OVH, p.Info.ServiceName); l != 7.5 || mine != before-7.5 {
			t.Errorf("%v and %v left", l, mine)
		}

		send := func() error {
			return sub.keys.Post(sub.path("/jobs"), map[string]any{"message": "x", "receivers": []string{handset}, "senderForResponse": true}, nil)
		}
		check(t, send())
		check(t, p.OVH.Put(under, map[string]any{"suspended": "your invoice is not paid"}, nil))
		refusedWith(t, send(), 403, "suspended", "your invoice is not paid")
		check(t, p.OVH.Put(under, map[string]any{"suspended": nil}, nil))
		check(t, send())
		check(t, p.Operator.Put("/operator/accounts/"+sub.Account, map[string]any{"suspended": "fraud"}, nil))
		refusedWith(t, send(), 403, "fraud")
		refusedWith(t, p.OVH.Put(under, map[string]any{"suspended": nil}, nil), 403, "operator")
		check(t, p.Operator.Put("/operator/accounts/"+sub.Account, map[string]any{"suspended": nil}, nil))
		check(t, send())
		refusedWith(t, p.Operator.Put("/operator/accounts/"+sub.Account, map[string]any{"resells": true}, nil), 409, "sub-account")

		var usage struct{ CreditsLeft, CreditsHeld, CreditsUsed float64 }
		p.Until("the messages leave", func() bool {
			check(t, p.OVH.Get(under+"/services/"+sub.service, &usage))
			return usage.CreditsUsed == 3
		})
		var seen struct{ Reseller *string }
		check(t, p.Operator.Get("/operator/accounts/"+sub.Account, &seen))
		if seen.Reseller == nil || *seen.Reseller != "rm12345-ovh" {
			t.Errorf("the operator sees %v", seen.Reseller)
		}
		p.Audit()
	})
}

// A sub-account orders at its reseller's prices; its papers and pages bear the reseller's name, and the credits are the reseller's.
func TestSubAccountsOrderFromTheirReseller(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		resellerOf(t, p)
		sub := newTenant(t, p)
		order := "/order/sms/" + sub.service + "/credits"
		refusedWith(t, sub.keys.Get(order+"?quantity=100", nil), 409, "no prices")
		price := func(credit float64) {
			check(t, p.OVH.Put("/me/reseller/prices/fr/100", map[string]any{"credit": credit, "currency": "EUR"}, nil))
		}
		price(0.1)
		var made struct {
			OrderID   int64
			URL       string
			Prices    struct{ WithoutTax struct{ Value float64 } }
			Contracts []struct{ URL, Content string }
		}
		check(t, sub.keys.Post(order, map[string]any{"quantity": 200}, &made))
		if made.Prices.WithoutTax.Value != 20 || made.Contracts[0].Content != "Our terms." {
			t.Fatalf("%+v", made)
		}
		status, page, _ := transfer(t, http.MethodGet, made.URL, "")
		if status != 200 || !strings.Contains(page, "Pigeon Express") || !strings.Contains(page, "IBAN FR00") || strings.Contains(page, "rm12345") {
			t.Errorf("%d %s", status, page)
		}
		if _, terms, _ := transfer(t, http.MethodGet, made.Contracts[0].URL, ""); !strings.Contains(terms, "Our terms.") {
			t.Error(terms)
		}

		var ids []int64
		check(t, p.OVH.Get("/me/reseller/orders?status=notPaid&account="+sub.Account, &ids))
		if !slices.Equal(ids, []int64{made.OrderID}) {
			t.Fatal(ids)
		}
		before := left(t, p.OVH, p.Info.ServiceName)
		at := fmt.Sprintf("/me/reseller/orders/%d", made.OrderID)
		refusedWith(t, p.Other.Post(at+"/settle", nil, nil), 403, "does not resell")
		var settled struct {
			Status, Account string
			Invoice         int64
			Reseller        string
		}
		check(t, p.OVH.Post(at+"/settle", map[string]any{"reference": "transfer 7"}, &settled))
		refusedWith(t, p.OVH.Post(at+"/settle", nil, nil), 409, "delivered")
		if settled.Invoice != 1 || settled.Account != sub.Account || settled.Reseller != "rm12345-ovh" {
			t.Errorf("%+v", settled)
		}
		if l, mine := left(t, sub.keys, sub.service), left(t, p.OVH, p.Info.ServiceName); l != 200 || mine != before-200 {
			t.Errorf("%v and %v left", l, mine)
		}
		_, paper, _ := transfer(t, http.MethodGet, made.URL+"/invoice.pdf", "")
		if !strings.Contains(paper, "Pigeon Express") || !strings.Contains(paper, "Invoice 1") || !strings.Contains(paper, "rue des Plumes") {
			t.Error(paper)
		}
		for want := int64(1); want <= 3; want++ { // each seller counts its own
			var platform struct{ Invoice int64 }
			check(t, p.OVH.Post("/order/sms/"+p.Info.ServiceName+"/credits", map[string]any{"quantity": 100}, &made))
			check(t, p.Operator.Post(fmt.Sprintf("/operator/orders/%d/settle", made.OrderID), nil, &platform))
			if platform.Invoice != want {
				t.Errorf("the platform's invoice %d has the number %d", want, platform.Invoice)
			}
		}
		check(t, sub.keys.Post(order, map[string]any{"quantity": 100}, &made))
		check(t, p.OVH.Post(fmt.Sprintf("/me/reseller/orders/%d/settle", made.OrderID), nil, &settled))
		if settled.Invoice != 2 {
			t.Errorf("the reseller's second invoice has the number %d", settled.Invoice)
		}

		v := newVisitor(t, p)
		v.signIn(sub.Account, sub.Password)
		if home := v.get("/account/"); !strings.Contains(home.text, "Pigeon Express") || strings.Contains(home.text, "· Ramier") {
			t.Error(home.text)
		}
		_, asked := ask(t, p, "", readAndSend...)
		if consent := v.get(strings.TrimPrefix(asked.ValidationURL, strings.TrimSuffix(p.Info.Endpoint, "/1.0"))); !strings.Contains(consent.text, "Pigeon Express") {
			t.Error(consent.text)
		}
		r := p.Send("x", []string{handset})
		p.Await(r.IDs[0], sms.Delivered)
		p.Audit()
	})
}

// A reseller sees its own sub-accounts and nobody else's, and a sub-account neither its reseller nor its siblings.
func TestResellersAndSubAccountsAreApart(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		resellerOf(t, p)
		a, b := newTenant(t, p), newTenant(t, p)
		check(t, p.Operator.Put("/operator/accounts/rm67890-ovh", map[string]any{"resells": true}, nil))
		for _, path := range []string{"", "/services", "/services/" + a.service} {
			refusedWith(t, p.Other.Get("/me/reseller/accounts/"+a.Account+path, nil), 404, a.Account)
		}
		refusedWith(t, p.Other.Post("/me/reseller/accounts/"+a.Account+"/password", nil, nil), 404, a.Account)
		refusedWith(t, p.Other.Put("/me/reseller", map[string]any{"serviceName": p.Info.ServiceName}, nil), 400, "does not exist")
		refusedWith(t, p.OVH.Get("/me/reseller/accounts/rm67890-ovh", nil), 404, "rm67890-ovh")
		refusedWith(t, p.OVH.Get("/me/reseller/accounts/"+a.Account+"/services/"+b.service, nil), 404, "This service does not exist")
		refusedWith(t, p.OVH.Get(a.path("/outgoing"), nil), 404, "This service does not exist") // texts are the sub-account's
		refusedWith(t, a.keys.Get("/me/reseller", nil), 403, "does not resell")
		refusedWith(t, a.keys.Get(b.path(""), nil), 404, "This service does not exist")
		refusedWith(t, a.keys.Get("/sms/"+p.Info.ServiceName, nil), 404, "This service does not exist")
		refusedWith(t, a.keys.Post(a.path("/transferCredits"), map[string]any{"smsAccountTarget": b.service, "credits": 1}, nil), 400, "smsAccountTarget")
		var own, mine []string
		check(t, p.Other.Get("/me/reseller/accounts", &own))
		check(t, p.OVH.Get("/me/reseller/accounts", &mine))
		if len(own) != 0 || !slices.Equal(mine, []string{a.Account, b.Account}) {
			t.Errorf("they have %v, I %v", own, mine)
		}
	})
}
