package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/sandbox"
	"ramier/internal/sandbox/sandboxtest"
)

func sandboxKeys(application string) sandbox.Keys {
	return sandbox.Keys{ApplicationKey: application, ApplicationSecret: "x"}
}

func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	out, _, _ := strings.Cut(rest, to)
	return out
}

// granted is the answer of the token endpoint.
type granted struct {
	Status           int    `json:"-"`
	AccessToken      string `json:"access_token"`
	TokenType        string `json:"token_type"`
	ExpiresIn        int    `json:"expires_in"`
	Error            string `json:"error"`
	ErrorDescription string `json:"error_description"`
}

func grant(t *testing.T, p *sandboxtest.Platform, form url.Values, change ...func(*http.Request)) (g granted) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, strings.TrimSuffix(p.Info.Endpoint, "/1.0")+"/auth/oauth2/token", strings.NewReader(form.Encode()))
	check(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range change {
		c(r)
	}
	answer, err := http.DefaultClient.Do(r)
	check(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(t, err)
	check(t, json.Unmarshal(text, &g))
	g.Status = answer.StatusCode
	return g
}

func TestServiceAccounts(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var made struct{ ClientID, ClientSecret string }
		body := map[string]any{"callbackUrls": []string{}, "flow": "CLIENT_CREDENTIALS", "name": "ci", "description": "tests"}
		check(t, p.OVH.Post("/me/api/oauth2/client", body, &made))
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {made.ClientID}, "client_secret": {made.ClientSecret}, "scope": {"all"}}
		token := grant(t, p, form)
		if token.Status != 200 || token.TokenType != "Bearer" || token.ExpiresIn != 3599 {
			t.Fatalf("got %+v", token)
		}
		for _, secret := range []string{"x" + made.ClientSecret[1:], made.ClientSecret + "x", made.ClientID} {
			wrong := url.Values{"grant_type": {"client_credentials"}, "client_id": {made.ClientID}, "client_secret": {secret}}
			if got := grant(t, p, wrong); got.Status != 401 || got.Error != "invalid_client" || got.AccessToken != "" {
				t.Errorf("with the secret %s: %+v", secret, got)
			}
		}
		client, err := ovh.NewAccessTokenClient(p.Info.Endpoint, token.AccessToken)
		check(t, err)
		at := "/me/api/oauth2/client/" + made.ClientID
		refusedWith(t, client.Get("/sms", nil), 403, "User not granted for this request", "unauthorizedActionsByIAM:sms:apiovh:get")
		check(t, p.OVH.Put(at, map[string]any{"actions": []string{"sms:apiovh:*"}, "services": []string{p.Info.ServiceName}}, nil))
		var services []string
		check(t, client.Get("/sms", &services))
		if len(services) != 1 || services[0] != p.Info.ServiceName {
			t.Errorf("it sees %v", services)
		}
		check(t, client.Post(p.Path("/jobs"), map[string]any{"message": "x", "receivers": []string{handset}, "sender": p.Info.Sender, "noStopClause": true}, nil))
		check(t, client.Get(p.Path("/optOuts"), nil))
		refusedWith(t, client.Get("/sms/"+p.Info.SecondServiceName, nil), 404, "This service does not exist")
		refusedWith(t, client.Get("/sms/"+p.Info.OtherServiceName, nil), 404, "This service does not exist")
		unseenServicesAreNowhere(t, p, at, client)
		refusedWith(t, client.Get("/me", nil), 403, "account:apiovh:me/get")
		refusedWith(t, client.Get("/operator/accounts", nil), 403, "not been granted")
		refusedWith(t, client.Get("/auth/currentCredential", nil), 403, "consumer keys")
		var details struct{ Account, Method, User string }
		check(t, client.Get("/auth/details", &details))
		if details.Method != "oauth2_client_credentials" || details.Account != p.Info.Account || details.User != made.ClientID {
			t.Errorf("got %+v", details)
		}
		serviceAccountsAreShownAndEnd(t, p, at, client, form)
	})
}

// unseenServicesAreNowhere asks for a service that exists for the account and not for its service account, where it is no part of a path.
func unseenServicesAreNowhere(t *testing.T, p *sandboxtest.Platform, at string, client *ovh.Client) {
	t.Helper()
	unseen := p.Info.SecondServiceName
	check(t, p.OVH.Put(at, map[string]any{"actions": []string{"sms:*", "order:*", "account:*"}}, nil))
	defer func() { check(t, p.OVH.Put(at, map[string]any{"actions": []string{"sms:apiovh:*"}}, nil)) }()
	refusedWith(t, client.Post(p.Path("/transferCredits"), map[string]any{"smsAccountTarget": unseen, "credits": 1}, nil), 400, "smsAccountTarget", "does not exist")
	var names []string
	check(t, client.Get("/order/sms", &names))
	if len(names) != 1 || names[0] != p.Info.ServiceName {
		t.Errorf("it can order for %v", names)
	}
	made := map[string]any{"callbackUrls": []string{}, "flow": "CLIENT_CREDENTIALS", "name": "more", "description": "", "actions": []string{"sms:*"}}
	refusedWith(t, client.Post("/me/api/oauth2/client", made, nil), 403, "services is empty")
	made["services"] = []string{unseen}
	refusedWith(t, client.Post("/me/api/oauth2/client", made, nil), 400, "services", "does not exist")
	refusedWith(t, client.Put(at, map[string]any{"services": []string{}}, nil), 403, "services is empty")
	refusedWith(t, client.Put(at, map[string]any{"services": []string{unseen}}, nil), 400, "services", "does not exist")
	check(t, client.Put(at, map[string]any{"name": "ci"}, nil))
}

func serviceAccountsAreShownAndEnd(t *testing.T, p *sandboxtest.Platform, at string, client *ovh.Client, form url.Values) {
	t.Helper()
	var shown struct {
		Name, Identity, Flow string
		Actions              []string
	}
	check(t, p.OVH.Get(at, &shown))
	if shown.Name != "ci" || shown.Flow != "CLIENT_CREDENTIALS" || !strings.HasPrefix(shown.Identity, "urn:v1:eu:identity:credential:rm12345-ovh/oauth2-EU.") || len(shown.Actions) != 1 {
		t.Errorf("got %+v", shown)
	}
	refusedWith(t, p.Other.Get(at, nil), 404, "does not exist")
	refusedWith(t, p.Other.Put(at, map[string]any{"name": "mine"}, nil), 404, "does not exist")
	refusedWith(t, p.Other.Delete(at, nil), 404, "does not exist")
	refusedWith(t, p.OVH.Put(at, map[string]any{"actions": []string{"sms apiovh"}}, nil), 400, "actions")
	refusedWith(t, p.OVH.Put(at, map[string]any{"services": []string{p.Info.OtherServiceName}}, nil), 400, "services")
	p.Clock.Advance(61 * time.Minute)
	refusedWith(t, client.Get("/sms", nil), 401, "You must login first", "expired")
	basic := grant(t, p, url.Values{"grant_type": {"client_credentials"}}, func(r *http.Request) { r.SetBasicAuth(form.Get("client_id"), form.Get("client_secret")) })
	if basic.Status != 200 {
		t.Fatalf("HTTP Basic gives %+v", basic)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.Info.Endpoint+"/sms", nil)
	check(t, err)
	r.Header.Set("Authorization", basic.AccessToken) // as one of OVH's samples does
	answer, err := http.DefaultClient.Do(r)
	check(t, err)
	answer.Body.Close()
	if answer.StatusCode != 200 {
		t.Errorf("without the word Bearer: %d", answer.StatusCode)
	}
	check(t, p.OVH.Delete(at, nil))
	again, err := ovh.NewAccessTokenClient(p.Info.Endpoint, basic.AccessToken)
	check(t, err)
	refusedWith(t, again.Get("/sms", nil), 401, "You must login first")
	if gone := grant(t, p, form); gone.Status != 401 || gone.Error != "invalid_client" {
		t.Errorf("a deleted client gets %+v", gone)
	}
}

func TestTheTokenEndpointRefuses(t *testing.T) {
	p := sandboxtest.Start(t, "")
	for _, c := range []struct {
		form   url.Values
		status int
		code   string
	}{
		{url.Values{"grant_type": {"password"}}, 400, "unsupported_grant_type"},
		{url.Values{"grant_type": {"client_credentials"}}, 401, "invalid_client"},
		{url.Values{"grant_type": {"client_credentials"}, "scope": {"some"}}, 400, "invalid_scope"},
		{url.Values{"grant_type": {"client_credentials"}, "client_id": {"EU.x"}, "client_secret": {"y"}}, 401, "invalid_client"},
		{url.Values{"grant_type": {strings.Repeat("x", 9000)}}, 400, "invalid_request"},
	} {
		if got := grant(t, p, c.form); got.Status != c.status || got.Error != c.code || got.ErrorDescription == "" {
			t.Errorf("%.60v gives %+v", c.form, got)
		}
	}
}

func TestMe(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var me map[string]any
		check(t, p.OVH.Get("/me", &me))
		if me["nichandle"] != p.Info.Account || me["country"] != "FR" || me["state"] != "incomplete" || me["email"] != "" || me["name"] != nil {
			t.Errorf("got %v", me)
		}
		me["name"], me["firstname"], me["address"], me["city"], me["zip"], me["language"] = "Dupont", "Zoé", "1 rue A", "Roubaix", "59100", "fr_FR"
		check(t, p.OVH.Put("/me", me, nil)) // read and sent back
		check(t, p.Operator.Put("/operator/accounts/"+p.Info.Account, map[string]any{"email": "zoe@example.org"}, nil))
		check(t, p.OVH.Get("/me", &me))
		if me["name"] != "Dupont" || me["language"] != "fr_FR" || me["email"] != "zoe@example.org" || me["state"] != "complete" {
			t.Errorf("got %v", me)
		}
		refusedWith(t, p.OVH.Put("/me", map[string]any{"country": "DE"}, nil), 403, "country")
		refusedWith(t, p.Operator.Put("/operator/accounts/"+p.Info.Account, map[string]any{"email": "nonsense"}, nil), 400, "email")
	})
}
