package sandbox_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/sandbox/sandboxtest"
)

const other = "rm67890-ovh"

// refusedWith checks an error of OVH's client.
func refusedWith(t *testing.T, err error, status int, words ...string) {
	t.Helper()
	e, ok := errors.AsType[*ovh.APIError](err)
	if !ok || e.Code != status {
		t.Errorf("got %v, want the status %d", err, status)
		return
	}
	text := e.Class + " " + e.Message + fmt.Sprint(e.Details)
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is not in %s", w, text)
		}
	}
}

// shop is the page of an application, where a browser comes back to.
func shop(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<h1 id="shop">Thank you</h1><p id="referrer">%s</p>`, r.Referer())
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// credential is OVH's.
type credential struct {
	CredentialID, ApplicationID int64
	Status                      string
	Expiration, LastUse         *time.Time
	AllowedIPs                  []string
	Rules                       []ovh.AccessRule
}

func ask(t *testing.T, p *sandboxtest.Platform, redirection string, rules ...ovh.AccessRule) (*ovh.Client, *ovh.CkValidationState) {
	t.Helper()
	keys := p.Info.Keys
	keys.ConsumerKey = ""
	client := p.Client(keys)
	r := client.NewCkRequestWithRedirection(redirection)
	r.AccessRules = rules
	state, err := r.Do()
	check(t, err)
	if state.State != "pendingValidation" || len(state.ConsumerKey) != 32 || !strings.HasPrefix(state.ValidationURL, strings.TrimSuffix(p.Info.Endpoint, "/1.0")+"/auth/?credentialToken=") {
		t.Fatalf("got %+v", state)
	}
	return client, state
}

var readAndSend = []ovh.AccessRule{
	{Method: "GET", Path: "/sms"}, {Method: "GET", Path: "/sms/*"}, {Method: "POST", Path: "/sms/*/jobs"}, {Method: "GET", Path: "/me"},
}

// The whole way of a consumer key: asked for by OVH's client, approved in a browser by the owner of another account than the
// application's, used, seen, and taken back.
func TestAnOwnerApprovesInABrowser(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		back := shop(t)
		client, asked := ask(t, p, back+"/done?order=7", readAndSend...)
		refusedWith(t, client.Get("/sms", nil), 403, "This credential is not valid", "waits for the customer's approval")

		b := newBrowser(t, "en")
		b.open(asked.ValidationURL, "#account")
		b.look("signin")
		b.signIn(other, "not the password", "#error")
		b.fill("#password", p.Info.Passwords[other])
		b.click("main form button.primary", "#validity")
		b.look("consent")
		if text := b.text("main"); !strings.Contains(text, "rm12345-ovh") || !strings.Contains(text, "See everything in all your SMS accounts") ||
			!strings.Contains(text, "It can send messages in your name") || !strings.Contains(text, "127.0.0.1") {
			t.Error(text)
		}
		b.do(chromedp.SetValue("#validity", "1h"))
		b.click(`button[value="approve"]`, "#shop")
		if at := b.at(); at != back+"/done?order=7" || b.text("#referrer") != "" {
			t.Errorf("the browser is at %s and told %q", at, b.text("#referrer"))
		}
		usedAndTakenBack(t, p, client)
		b.open(asked.ValidationURL, "main")
		if text := b.text("main"); !strings.Contains(text, "There is no such request") { // its credential is gone
			t.Error(text)
		}
	})
}

func usedAndTakenBack(t *testing.T, p *sandboxtest.Platform, client *ovh.Client) {
	t.Helper()
	var services []string
	check(t, client.Get("/sms", &services))
	if len(services) != 1 || services[0] != p.Info.OtherServiceName {
		t.Errorf("the key sees %v", services)
	}
	check(t, client.Post("/sms/"+p.Info.OtherServiceName+"/jobs", map[string]any{
		"message": "Bonjour", "receivers": []string{handset}, "sender": p.Info.Sender, "noStopClause": true,
	}, nil))
	refusedWith(t, client.Delete("/sms/"+p.Info.OtherServiceName+"/jobs/1", nil), 403, "This call has not been granted")
	refusedWith(t, client.Get("/auth/currentCredential", nil), 403, "This call has not been granted")

	var ids []int64
	check(t, p.Other.Get("/me/api/credential?status=validated", &ids))
	var mine credential
	check(t, p.Other.Get(fmt.Sprintf("/me/api/credential/%d", slices.Max(ids)), &mine))
	if mine.Status != "validated" || len(mine.Rules) != 4 || mine.LastUse == nil || mine.Expiration == nil ||
		mine.Expiration.Sub(p.Clock.Now()).Round(time.Minute) != time.Hour || mine.AllowedIPs != nil {
		t.Errorf("the key is %+v", mine)
	}
	at := fmt.Sprintf("/me/api/credential/%d", mine.CredentialID)
	refusedWith(t, p.OVH.Get(at, nil), 404, "does not exist") // it is not the application's account that has agreed
	var app struct{ Name, ApplicationKey string }
	check(t, p.Other.Get(at+"/application", &app))
	if app.ApplicationKey != p.Info.ApplicationKey || app.Name != "sandbox" {
		t.Errorf("the application is %+v", app)
	}

	check(t, p.Other.Put(at, map[string]any{"allowedIPs": []string{"192.0.2.0/24"}}, nil))
	refusedWith(t, client.Get("/sms", nil), 403, "User not granted", "192.0.2.0/24")
	check(t, p.Other.Put(at, map[string]any{"allowedIPs": nil}, nil))
	check(t, client.Get("/sms", nil))
	p.Clock.Advance(59 * time.Minute)
	check(t, client.Get("/sms", nil))
	p.Clock.Advance(2 * time.Minute)
	check(t, timeAgain(client))
	refusedWith(t, client.Get("/sms", nil), 403, "This credential is not valid", "expired on")
	check(t, p.Other.Delete(at, nil))
	refusedWith(t, client.Get("/sms", nil), 403, "This credential does not exist")
}

// timeAgain checks that the client's clock still counts: OVH's client takes its offset once.
func timeAgain(client *ovh.Client) error {
	_, err := client.Time()
	return err
}

func TestAnOwnerRefuses(t *testing.T) {
	p := sandboxtest.Start(t, "")
	client, asked := ask(t, p, shop(t), readAndSend...)
	b := newBrowser(t, "fr-FR,fr")
	b.open(asked.ValidationURL, "#account")
	if b.text("h1") != "Connexion" {
		t.Error(b.text("h1"))
	}
	b.signIn(p.Info.Account, p.Info.Passwords[p.Info.Account], "#validity")
	b.look("consent-fr")
	b.click(`button[value="refuse"]`, "main")
	b.do(chromedp.WaitNotPresent("#validity"))
	if text := b.text("main"); !strings.Contains(text, "n’obtient aucun accès") {
		t.Error(text)
	}
	refusedWith(t, client.Get("/sms", nil), 403, "This credential is not valid", "the customer refused")

	client, _ = ask(t, p, "", readAndSend...)
	p.Clock.Advance(25 * time.Hour)
	refusedWith(t, client.Get("/sms", nil), 403, "This credential is not valid", "nobody approved")
	p.Clock.Advance(25 * time.Hour)
	check(t, p.App.Store.DropOld(t.Context(), p.Clock.Now()))
	refusedWith(t, client.Get("/sms", nil), 403, "This credential does not exist")
}

func TestAKeyLogsOut(t *testing.T) {
	p := sandboxtest.Start(t, "")
	client, asked := ask(t, p, "", ovh.AccessRule{Method: "GET", Path: "/auth/*"}, ovh.AccessRule{Method: "POST", Path: "/auth/logout"})
	v := newVisitor(t, p)
	v.signIn(p.Info.Account, p.Info.Passwords[p.Info.Account])
	v.approve(asked.ValidationURL, "0")
	var mine credential
	check(t, client.Get("/auth/currentCredential", &mine))
	if mine.Status != "validated" || mine.Expiration != nil {
		t.Errorf("got %+v", mine)
	}
	var details struct{ Account, Method string }
	check(t, client.Get("/auth/details", &details))
	if details.Account != p.Info.Account || details.Method != "account" {
		t.Errorf("got %+v", details)
	}
	check(t, client.Post("/auth/logout", nil, nil))
	refusedWith(t, client.Get("/auth/details", nil), 403, "This credential is not valid", "logged out")
}

// OVH's client for node walks the same way over TLS; then as a service account of OAuth2.
func TestOVHsClientForNodeAsksAndIsApproved(t *testing.T) {
	p := sandboxtest.Start(t, "")
	info, err := json.Marshal(p.Info)
	check(t, err)
	c := node(t, "consent.js", string(info))
	c.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+p.Info.CAFile)
	c.Stderr = t.Output()
	in, err := c.StdinPipe()
	check(t, err)
	out, err := c.StdoutPipe()
	check(t, err)
	check(t, c.Start())
	lines := bufio.NewScanner(out)
	lines.Scan()
	b := newBrowser(t, "en")
	b.open(lines.Text(), "#account")
	b.signIn(p.Info.Account, p.Info.Passwords[p.Info.Account], "#validity")
	b.click(`button[value="approve"]`, "main a[href='/account/']")
	if !strings.HasPrefix(b.at(), "https://") || !strings.Contains(b.text("main"), "may use your account now") {
		t.Errorf("%s: %s", b.at(), b.text("main"))
	}
	_, err = in.Write([]byte("go\n"))
	check(t, err)
	last := ""
	for lines.Scan() {
		last = lines.Text()
	}
	if err := c.Wait(); err != nil || last != "node: approved" {
		t.Errorf("%v, %q", err, last)
	}
}
