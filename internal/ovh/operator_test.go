package ovh

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/auth"
	"ramier/internal/ovh/schema"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/store/storetest"
)

// idleCarriers stands for carriers of which one is connected.
type idleCarriers struct {
	elsewhere int64
	connected int64
	reloads   int
}

func (c *idleCarriers) Status(carrier int64) (sms.CarrierStatus, bool) {
	if carrier == c.elsewhere {
		return sms.CarrierStatus{State: "elsewhere"}, false
	}
	if carrier != c.connected {
		return sms.CarrierStatus{State: "stopped"}, false
	}
	return sms.CarrierStatus{State: "connected", Since: storetest.Noon, Binds: 1, Sent: 7, WindowUsed: 3}, true
}

func (c *idleCarriers) Reload(context.Context) error {
	c.reloads++
	return nil
}

func (c *idleCarriers) PDUs(sms.Carrier, sms.Outbound) ([]PDU, error) {
	return []PDU{{Frame: []byte{0, 1}, Words: "words"}}, nil
}

// platform is the real API on SQLite, with an operator as the caller unless it is called with keys.
type platform struct {
	*API
	t        *testing.T
	store    *store.Store
	verifier *auth.Verifier
	carriers *idleCarriers
	boss     sms.Account
	signed   bool
}

func newPlatform(t *testing.T) *platform {
	t.Helper()
	p := &platform{t: t, store: storetest.Open(t, storetest.URL(t, "sqlite")), carriers: &idleCarriers{}}
	p.boss = sms.Account{Name: "boss", Country: "FR", Operator: true, CreatedAt: storetest.Noon}
	if err := p.store.AddAccount(t.Context(), &p.boss); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return storetest.Noon }
	var err error
	if p.verifier, err = auth.New(auth.Config{Store: p.store, Now: now, AnyHost: true}); err != nil {
		t.Fatal(err)
	}
	p.API = New(Config{
		Authenticate: func(r *http.Request, body []byte) (*sms.Caller, error) {
			if p.signed {
				return p.verifier.Authenticate(r, body)
			}
			return &sms.Caller{AccountID: p.boss.ID, Account: p.boss.Name, Operator: true}, nil
		},
		Store: p.store, Auth: p.verifier, Carriers: p.carriers, Started: storetest.Noon.Add(-time.Hour), Version: "1.2.3", Now: now,
	})
	return p
}

func (p *platform) ask(method, path, body string) (status int, answer string) {
	p.t.Helper()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(method, "/1.0/operator"+path, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

// do makes a call that must succeed, and compares the members that are named with those of the answer.
func (p *platform) do(method, path, body, want string) {
	p.t.Helper()
	status, answer := p.ask(method, path, body)
	if status != http.StatusOK {
		p.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	if want == "" {
		return
	}
	var got, wanted any
	if err := json.Unmarshal([]byte(answer), &got); err != nil {
		p.t.Fatalf("%s %s: %v: %s", method, path, err, answer)
	}
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		p.t.Fatal(err)
	}
	if !holds(got, wanted) {
		p.t.Errorf("%s %s answers\n%s, want\n%s", method, path, answer, want)
	}
}

// holds tells whether a JSON value has everything that another one names. Lists have the same length.
func holds(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		for name := range want {
			ok = ok && holds(g[name], want[name])
		}
		return ok
	case []any:
		g, ok := got.([]any)
		ok = ok && len(g) == len(want)
		for i := 0; ok && i < len(want); i++ {
			ok = holds(g[i], want[i])
		}
		return ok
	}
	return got == want
}

func TestAllOperatorOperationsAreOffered(t *testing.T) {
	s, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	routes := (&API{}).operatorRoutes()
	for _, op := range s.Operations {
		if _, ok := routes[op.String()]; op.Group == "operator" && !ok {
			t.Errorf("%s is not offered", op)
		}
	}
}

func TestOperatorManagesAccountsAndServices(t *testing.T) {
	p := newPlatform(t)
	p.do("POST", "/accounts", `{"name":"shop","country":"fr","description":"A shop"}`,
		`{"name":"shop","country":"FR","description":"A shop","operator":false,"creation":"2026-11-23T13:00:00+01:00"}`)
	p.do("PUT", "/accounts/shop", `{"country":"be"}`, "")
	p.do("GET", "/accounts/shop", "", `{"country":"BE","description":"A shop"}`)
	p.do("GET", "/accounts", "", `["boss","shop"]`)
	p.do("POST", "/accounts", `{"country":"FR"}`, `{"country":"FR","description":""}`)

	p.do("POST", "/services", `{"account":"shop","description":"Alerts"}`,
		`{"name":"sms-shop-1","account":"shop","channel":"transactional","status":"enable","creditsLeft":0}`)
	p.do("POST", "/services", `{"account":"shop","name":"sms.other","channel":"marketing"}`, `{"channel":"marketing"}`)
	p.do("GET", "/services", "", `["sms-shop-1","sms.other"]`)
	p.do("GET", "/services?account=boss", "", `[]`)
	p.do("PUT", "/services/sms.other", `{"status":"disable"}`, "")
	p.do("GET", "/services/sms.other", "", `{"status":"disable","channel":"marketing","description":""}`)
	p.do("POST", "/services/sms-shop-1/credits", `{"credits":12.5,"reason":"welcome"}`, `12.5`)
	p.do("POST", "/services/sms-shop-1/credits", `{"credits":-2,"reason":"a mistake"}`, `10.5`)
	p.do("GET", "/services/sms-shop-1", "", `{"creditsLeft":10.5,"description":"Alerts"}`)
}

func TestOperatorJudgesSenders(t *testing.T) {
	p := newPlatform(t)
	shop := storetest.NewShop(t, p.store)
	service := "/services/" + shop.Service.Name
	for _, sender := range []string{"Good", "Bad"} {
		if err := p.store.AddSender(t.Context(), sms.Sender{
			ServiceID: shop.Service.ID, Sender: sender, Type: "alpha", Status: sms.Waiting, Reason: "Our name", Referer: "custom", CreatedAt: storetest.Noon,
		}); err != nil {
			t.Fatal(err)
		}
	}
	p.do("GET", "/senders?status=waitingValidation", "",
		`[{"sender":"Bad","serviceName":"sms-ab12345-1","account":"ab12345-ovh","reason":"Our name","comment":null},{"sender":"Good"}]`)
	p.do("POST", service+"/senders/Good/approve", `{"comment":"Welcome"}`, "")
	p.do("POST", service+"/senders/Bad/refuse", `{"comment":"Not yours"}`, "")
	p.do("POST", service+"/senders", `{"sender":"+33639981234"}`, `{"sender":"+33639981234","type":"numeric","status":"enable"}`)
	p.do("GET", "/senders", "", `[{"sender":"+33639981234","status":"enable"},{"sender":"Bad","status":"refused","comment":"Not yours"},
		{"sender":"Good","status":"enable","comment":"Welcome"},{"sender":"Ramier"}]`)
	rules, err := p.store.Rules(t.Context(), shop.Service.Name)
	if err != nil || rules.Senders["Good"].Status != sms.Enabled || rules.Senders["Bad"].Status != sms.Rejected {
		t.Errorf("plans are made with %v, %v", rules.Senders, err)
	}
}

const newCarrier = `{"name":"orange","host":"smsc.example.org","systemId":"me","password":"secret"}`

func TestOperatorManagesCarriers(t *testing.T) {
	p := newPlatform(t)
	p.do("POST", "/carriers", newCarrier, `{"name":"orange","kind":"smpp","enabled":true,"port":2775,"password":"","window":10,"rate":0,
		"registeredDelivery":true,"inDoubt":"automatic","sourceTon":-1,"destTon":1}`)
	p.do("PUT", "/carriers/orange", `{"window":50,"rate":20,"registeredDelivery":false,"destNpi":-1,"tls":true,"inDoubt":"hold"}`, "")
	c, err := p.store.Carrier(t.Context(), "orange")
	if err != nil || c.Password != "secret" || c.Rev != 2 || c.Settings.DestNPI != 1 || c.Settings.RegisteredDelivery != 0 {
		t.Errorf("the carrier is %+v, %v", c, err)
	}
	p.do("GET", "/carriers/orange", "", `{"window":50,"rate":20,"registeredDelivery":false,"tls":true,"host":"smsc.example.org","inDoubt":"hold"}`)
	p.carriers.connected = c.ID
	p.do("GET", "/carriers/orange/status", "",
		`{"carrier":"orange","state":"connected","since":"2026-11-23T13:00:00+01:00","binds":1,"sent":7,"windowUsed":3,"windowSize":50,"lastError":null}`)
	p.do("GET", "/carriers/orange/status", "", `{"node":null,"leaseSince":null,"term":0}`)
	if _, err := p.store.Acquire(t.Context(), "ws-2.abc", store.CarrierLease(c.ID)); err != nil {
		t.Fatal(err)
	}
	p.do("GET", "/carriers/orange/status", "", `{"node":"ws-2.abc","term":1}`)
	p.do("GET", "/status", "", `{"carriers":[{"carrier":"orange","node":"ws-2.abc","term":1}]}`)
	p.carriers.connected, p.carriers.elsewhere = 0, c.ID
	p.do("GET", "/carriers/orange/status", "", `{"state":"elsewhere","binds":0}`)
	p.do("PUT", "/carriers/orange", `{"enabled":false}`, "")
	p.do("GET", "/carriers/orange/status", "", `{"state":"disabled"}`)
	p.do("DELETE", "/carriers/orange", "", `null`)
	p.do("GET", "/carriers", "", `[]`)
	if p.carriers.reloads != 4 {
		t.Errorf("the carriers were reloaded %d times, want 4", p.carriers.reloads)
	}
}

func TestACarrierThatIsReadAndWrittenBackIsTheSame(t *testing.T) {
	p := newPlatform(t)
	p.do("POST", "/carriers", newCarrier, "")
	before, err := p.store.Carrier(t.Context(), "orange")
	if err != nil {
		t.Fatal(err)
	}
	_, whole := p.ask("GET", "/carriers/orange", "")
	p.do("PUT", "/carriers/orange", whole, "")
	after, err := p.store.Carrier(t.Context(), "orange")
	before.Rev = after.Rev
	if err != nil || after != before {
		t.Errorf("it was %+v and is %+v, %v", before, after, err)
	}
}

func TestOperatorManagesRoutes(t *testing.T) {
	p := newPlatform(t)
	shop := storetest.NewShop(t, p.store)
	routes, err := p.store.Routes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.do("POST", "/routes", `{"carrier":"sim","country":"de","prefix":"+4915","serviceName":"`+shop.Service.Name+`","sender":"Ramier","tag":"vip"}`,
		`{"carrier":"sim","country":"DE","position":11,"enabled":true,"serviceName":"sms-ab12345-1"}`)
	var ids []int64
	_, answer := p.ask("GET", "/routes", "")
	if err := json.Unmarshal([]byte(answer), &ids); err != nil || len(ids) != 2 || ids[0] != routes[0].ID {
		t.Fatalf("the routes are %s, %v", answer, err)
	}
	path := "/routes/" + json.Number(strings.Split(strings.Trim(answer, "[]"), ",")[1]).String()
	p.do("PUT", path, `{"position":0,"country":null,"tag":"","enabled":false}`, "")
	p.do("GET", path, "", `{"position":0,"country":null,"tag":null,"enabled":false,"sender":"Ramier","prefix":"+4915"}`)
	_, answer = p.ask("GET", "/routes", "")
	if slices.Reverse(ids); answer != strings.ReplaceAll(string(must2(json.Marshal(ids))), " ", "") {
		t.Errorf("the order is %s, want %v", answer, ids)
	}
	p.do("DELETE", path, "", `null`)
	p.do("GET", "/routes", "", string(must2(json.Marshal(ids[1:]))))
}

func must2[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestOperatorManagesRatesAndNumbers(t *testing.T) {
	p := newPlatform(t)
	storetest.NewShop(t, p.store)
	p.do("PUT", "/rates/fr", `{"credits":0.75}`, "")
	p.do("GET", "/rates", "", `["all","FR"]`)
	p.do("GET", "/rates/FR", "", `{"country":"FR","credits":0.75}`)
	p.do("PUT", "/rates/ALL", `{"credits":2}`, "")
	p.do("GET", "/rates/all", "", `{"country":"all","credits":2}`)
	p.do("DELETE", "/rates/fr", "", `null`)
	p.do("GET", "/rates", "", `["all"]`)

	p.do("POST", "/shortNumbers", `{"number":"36000","country":"fr","carrier":"sim"}`, `{"number":"36000","country":"FR","carrier":"sim"}`)
	p.do("GET", "/shortNumbers", "", `[{"number":"36000"},{"number":"38000","carrier":"sim"}]`)
	p.do("DELETE", "/shortNumbers/38000", "", `null`)
	p.do("GET", "/shortNumbers", "", `[{"number":"36000"}]`)
}

func TestOperatorSeesMessagesAndTheState(t *testing.T) {
	p := newPlatform(t)
	shop := storetest.NewShop(t, p.store)
	p.carriers.connected = shop.Carrier.ID
	id := shop.Accept(t, p.store, storetest.Order("Bonjour", "+33639980001"), storetest.Noon)
	if err := p.store.Settle(t.Context(), &store.Outcome{Receipts: []sms.Receipt{{
		CarrierID: shop.Carrier.ID, Refs: []string{"a1", "161"}, Receiver: "+33639980002", State: sms.Delivered, Raw: "id:a1", At: storetest.Noon, DoneAt: storetest.Noon,
	}}}); err != nil {
		t.Fatal(err)
	}
	p.do("GET", "/messages/"+json.Number(must2(json.Marshal(id))).String(), "",
		`{"state":"queued","serviceName":"sms-ab12345-1","carrier":"sim","nextStep":"`+sms.Queued.NextStep()+`"}`)
	p.do("GET", "/receipts/unmatched", "",
		`[{"carrier":"sim","reference":"a1","receiver":"+33639980002","state":"delivered","raw":"id:a1","receivedAt":"2026-11-23T13:00:00+01:00"}]`)
	p.do("GET", "/status", "", `{"version":"1.2.3","started":"2026-11-23T12:00:00+01:00","now":"2026-11-23T13:00:00+01:00","inDoubt":0,"unmatched":1,
		"sendersWaiting":0,"carriers":[{"carrier":"sim","state":"connected","queued":1}],"queues":[{"carrier":"sim","lane":"high","queued":1}]}`)
}

func TestOperatorMakesAndRevokesTokens(t *testing.T) {
	p := newPlatform(t)
	storetest.NewShop(t, p.store)
	_, answer := p.ask("POST", "/tokens", `{"account":"ab12345-ovh","name":"till","rules":[{"method":"GET","path":"/sms"}],"validitySeconds":60,
		"allowedIPs":["127.0.0.1","2001:db8::/32"]}`)
	var keys struct {
		ApplicationKey, ApplicationSecret, ConsumerKey string
		CredentialID                                   json.Number
	}
	if err := json.Unmarshal([]byte(answer), &keys); err != nil || keys.ConsumerKey == "" {
		t.Fatalf("%v: %s", err, answer)
	}
	p.do("GET", "/tokens?account=ab12345-ovh", "", `[{"account":"ab12345-ovh","name":"till","status":"validated","lastUse":null,
		"expiration":"2026-11-23T13:01:00+01:00","rules":[{"method":"GET","path":"/sms"}],"allowedIPs":["127.0.0.1/32","2001:db8::/32"]}]`)

	server := httptest.NewServer(p)
	defer server.Close()
	p.signed = true
	client, err := ovh.NewClient(server.URL+"/1.0", keys.ApplicationKey, keys.ApplicationSecret, keys.ConsumerKey)
	if err != nil {
		t.Fatal(err)
	}
	var services []string
	if err := client.Get("/sms", &services); err != nil || len(services) != 1 {
		t.Errorf("the new keys see %v, %v", services, err)
	}
	if err := client.Get("/operator/accounts", &services); err == nil {
		t.Error("a customer's keys may call /operator")
	}
	p.signed = false
	p.do("GET", "/tokens?account=ab12345-ovh", "", `[{"lastUse":"2026-11-23T13:00:00+01:00"}]`)
	p.do("DELETE", "/tokens/"+keys.CredentialID.String(), "", `null`)
	p.do("GET", "/tokens?account=ab12345-ovh", "", `[{"status":"expired"}]`)
	p.signed = true
	if err := client.Get("/sms", &services); err == nil {
		t.Error("revoked keys still work")
	}
}

func TestOperatorRefusals(t *testing.T) {
	p := newPlatform(t)
	shop := storetest.NewShop(t, p.store)
	service := "/services/" + shop.Service.Name
	long := strings.Repeat("x", 256)
	for _, c := range []struct {
		method, path, body string
		status             int
		message            string
	}{
		{"POST", "/accounts", `{"name":"No Name","country":"FR"}`, 400, `name = "No Name" is not a name`},
		{"POST", "/accounts", `{"name":"x","country":"FR"}`, 400, `name = "x"`},
		{"POST", "/accounts", `{"country":"France"}`, 400, `country = "France" is not a country`},
		{"POST", "/accounts", `{"country":"XX"}`, 400, `country = "XX"`},
		{"POST", "/accounts", `{"name":"boss","country":"FR"}`, 409, "boss exists already"},
		{"POST", "/accounts", `{"country":"FR","description":"` + long + `"}`, 400, "description has 256 characters"},
		{"PUT", "/accounts/boss", `{"operator":false}`, 409, "lock you out"},
		{"PUT", "/accounts/boss", `{"country":""}`, 400, "country"},
		{"GET", "/accounts/nobody", "", 404, "nobody"},
		{"POST", "/services", `{"account":"nobody"}`, 400, `account = "nobody" does not exist`},
		{"POST", "/services", `{"account":"boss","name":"A"}`, 400, `name = "A" is not a name`},
		{"POST", "/services", `{"account":"boss","name":"sms-ab12345-1"}`, 409, "exists already"},
		{"POST", "/services", `{"account":"boss","channel":"both"}`, 400, "transactional or marketing"},
		{"GET", "/services?account=nobody", "", 400, "nobody"},
		{"PUT", service, `{"status":"gone"}`, 400, "status"},
		{"PUT", "/services/none", `{}`, 404, "This service does not exist"},
		{"POST", service + "/credits", `{"credits":0,"reason":"x"}`, 400, "moves nothing"},
		{"POST", service + "/credits", `{"credits":1,"reason":" "}`, 400, "reason is empty"},
		{"POST", service + "/credits", `{"credits":1e15,"reason":"x"}`, 400, "not an amount"},
		{"POST", service + "/credits", `{"credits":-101,"reason":"x"}`, 403, "Not enough credits"},
		{"POST", service + "/senders/Nope/approve", `{}`, 404, "Nope"},
		{"POST", service + "/senders/Ramier/refuse", `{"comment":""}`, 400, "comment is empty"},
		{"POST", service + "/senders", `{"sender":"much too long a name"}`, 400, "not a name that can be shown"},
		{"POST", service + "/senders", `{"sender":"Ramier"}`, 409, "exists already"},
		{"POST", "/carriers", `{"name":"x"}`, 400, "a carrier needs name, host and systemId"},
		{"POST", "/carriers", `{"name":"sim","host":"h","systemId":"s"}`, 409, "exists already"},
		{"POST", "/carriers", `{"name":"A B","host":"h","systemId":"s"}`, 400, `name = "A B"`},
		{"POST", "/carriers", `{"name":"a","host":"smpp://h","systemId":"s"}`, 400, `host = "smpp://h"`},
		{"POST", "/carriers", `{"name":"a","host":"h:2775","systemId":"s"}`, 400, `host = "h:2775"`},
		{"POST", "/carriers", `{"name":"a","host":"h","systemId":""}`, 400, "systemId is empty"},
		{"PUT", "/carriers/sim", `{"systemId":"sixteen letters!"}`, 400, "at most 15"},
		{"PUT", "/carriers/sim", `{"password":"nine char"}`, 400, "at most 8"},
		{"PUT", "/carriers/sim", `{"systemType":"é"}`, 400, "ASCII"},
		{"PUT", "/carriers/sim", `{"port":0}`, 400, "port = 0 is out of range: give a number from 1 to 65535"},
		{"PUT", "/carriers/sim", `{"window":1001}`, 400, "window = 1001"},
		{"PUT", "/carriers/sim", `{"rate":-1}`, 400, "rate = -1"},
		{"PUT", "/carriers/sim", `{"sourceTon":7}`, 400, "sourceTon = 7"},
		{"PUT", "/carriers/sim", `{"tlsCA":"x"}`, 400, "tlsCA holds no certificate"},
		{"PUT", "/carriers/sim", `{"tlsServerName":"a b"}`, 400, "tlsServerName"},
		{"PUT", "/carriers/sim", `{"bindMode":"x"}`, 400, "bindMode"},
		{"PUT", "/carriers/sim", `{"name":"other"}`, 400, "names stay"},
		{"PUT", "/carriers/none", `{}`, 404, "none"},
		{"DELETE", "/carriers/sim", "", 409, "in use by 1 routes"},
		{"GET", "/carriers/none/status", "", 404, "none"},
		{"POST", "/routes", `{}`, 400, "carrier is missing"},
		{"POST", "/routes", `{"carrier":"none"}`, 400, `carrier = "none" does not exist`},
		{"POST", "/routes", `{"carrier":"sim","prefix":"0033"}`, 400, `prefix = "0033"`},
		{"POST", "/routes", `{"carrier":"sim","country":"F"}`, 400, `country = "F"`},
		{"POST", "/routes", `{"carrier":"sim","serviceName":"none"}`, 400, `serviceName = "none" does not exist`},
		{"POST", "/routes", `{"carrier":"sim","position":-1}`, 400, "position = -1"},
		{"POST", "/routes", `{"carrier":"sim","tag":"` + long + `"}`, 400, "tag has 256 characters"},
		{"PUT", "/routes/1", `{}`, 404, "id = 1"},
		{"DELETE", "/routes/1", "", 404, "id = 1"},
		{"PUT", "/rates/france", `{"credits":1}`, 400, `country = "france"`},
		{"PUT", "/rates/fr", `{"credits":-1}`, 400, "credits = -1"},
		{"PUT", "/rates/fr", `{"credits":1e7}`, 400, "from 0 to 1000000"},
		{"GET", "/rates/fr", "", 404, "country = FR"},
		{"DELETE", "/rates/fr", "", 404, "FR"},
		{"POST", "/shortNumbers", `{"number":"+3600","country":"FR","carrier":"sim"}`, 400, `number = "+3600"`},
		{"POST", "/shortNumbers", `{"number":"36000","country":"FR","carrier":"none"}`, 400, `carrier = "none"`},
		{"POST", "/shortNumbers", `{"number":"38000","country":"FR","carrier":"sim"}`, 409, "exists already"},
		{"DELETE", "/shortNumbers/36000", "", 404, "36000"},
		{"POST", "/tokens", `{"account":"nobody","rules":[{"method":"GET","path":"/*"}]}`, 400, "nobody"},
		{"POST", "/tokens", `{"account":"boss","rules":[]}`, 400, "no access rules"},
		{"POST", "/tokens", `{"account":"boss","rules":[{"method":"GET","path":"sms"}]}`, 400, "must begin with a slash"},
		{"POST", "/tokens", `{"account":"boss","rules":[{"method":"GET","path":"/*"}],"validitySeconds":0}`, 400, "validitySeconds = 0"},
		{"POST", "/tokens", `{"account":"boss","rules":[{"method":"GET","path":"/*"}],"allowedIPs":["here"]}`, 400, "here"},
		{"DELETE", "/tokens/1", "", 404, "credentialId = 1"},
		{"GET", "/messages/1", "", 404, "id = 1"},
	} {
		status, answer := p.ask(c.method, c.path, c.body)
		// JSON has a backslash before each quotation mark of the message.
		if plain := strings.ReplaceAll(answer, `\"`, `"`); status != c.status || !strings.Contains(plain, c.message) {
			t.Errorf("%s %s %s: %d %s\nwant %d with %s", c.method, c.path, c.body, status, answer, c.status, c.message)
		}
	}
}
