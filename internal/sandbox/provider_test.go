package sandbox_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"ramier/internal/auth"
	"ramier/internal/sandbox"
	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/store/storetest"
)

// An openID is an OpenID provider where everybody is signed in as the person that the test says.
type openID struct {
	*httptest.Server
	t     *testing.T
	key   *rsa.PrivateKey
	clock func() time.Time

	mu     sync.Mutex
	person map[string]any           // claims
	forge  func(claims, head jsonM) // makes the next tokens false
	sign   func(signed string) []byte
	codes  map[string]url.Values // what was asked for with each code
	last   url.Values            // of the last request
}

type jsonM = map[string]any

const (
	openIDClient = "ramier"
	openIDSecret = "a secret with + & =" //nolint:gosec // of the test
)

func newOpenID(t *testing.T, clock func() time.Time) *openID {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	o := &openID{t: t, key: key, clock: clock, codes: map[string]url.Values{}, person: jsonM{"sub": "00u1", "email": "zoe@example.org", "email_verified": true}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, jsonM{
			"issuer": o.URL, "authorization_endpoint": o.URL + "/authorize", "token_endpoint": o.URL + "/token", "jwks_uri": o.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256", "none", "HS256"}, "response_types_supported": []string{"code"},
			"subject_types_supported": []string{"public"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, jsonM{"keys": []jsonM{{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k1", "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": "AQAB"}}})
	})
	mux.HandleFunc("GET /authorize", o.authorize)
	mux.HandleFunc("POST /token", o.token)
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	return o
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// authorize is where the browser comes; its person is signed in already.
func (o *openID) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	code := rand.Text()
	o.mu.Lock()
	o.codes[code], o.last = q, q
	o.mu.Unlock()
	if q.Get("response_type") != "code" || q.Get("client_id") != openIDClient || q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || !strings.Contains(q.Get("scope"), "openid") {
		http.Error(w, "bad request: "+r.URL.RawQuery, http.StatusBadRequest)
		return
	}
	back := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {o.URL}}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (o *openID) token(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	secret, _ = url.QueryUnescape(secret)
	asked, ok := o.codes[r.PostFormValue("code")]
	delete(o.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || id != openIDClient || secret != openIDSecret || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) || asked.Get("redirect_uri") != r.PostFormValue("redirect_uri") {
		w.WriteHeader(http.StatusBadRequest)
		answerJSON(w, jsonM{"error": "invalid_grant"})
		return
	}
	now := o.clock().Unix()
	claims := jsonM{"iss": o.URL, "aud": openIDClient, "exp": now + 300, "iat": now, "nonce": asked.Get("nonce")}
	for k, v := range o.person {
		claims[k] = v
	}
	head := jsonM{"alg": "RS256", "kid": "k1", "typ": "JWT"}
	if o.forge != nil {
		o.forge(claims, head)
	}
	answerJSON(w, jsonM{"access_token": "at", "token_type": "Bearer", "expires_in": 300, "id_token": o.mint(head, claims)})
}

func (o *openID) mint(head, claims jsonM) string {
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := part(head) + "." + part(claims)
	var signature []byte
	switch {
	case o.sign != nil:
		signature = o.sign(signed)
	default:
		sum := sha256.Sum256([]byte(signed))
		var err error
		if signature, err = rsa.SignPKCS1v15(rand.Reader, o.key, crypto.SHA256, sum[:]); err != nil {
			panic(err)
		}
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// is says who the person is.
func (o *openID) is(claims jsonM) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.person = claims
}

// startWithProvider starts a platform whose people may sign in with a provider.
func startWithProvider(t *testing.T, database string, change func(*auth.Provider)) (*sandboxtest.Platform, *openID) {
	t.Helper()
	var now func() time.Time
	o := newOpenID(t, func() time.Time { return now() })
	p := sandboxtest.Start(t, database, func(s *sandbox.Options) {
		now = s.Clock.Now
		s.Provider = auth.Provider{Issuer: o.URL, ClientID: openIDClient, ClientSecret: openIDSecret, Name: "Example Login", Scopes: []string{"email", "profile"}}
		change(&s.Provider)
	})
	return p, o
}

// An owner is let in by the provider once somebody has said that it is he.
func TestOwnersSignInWithAnOpenIDProvider(t *testing.T) {
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			p, o := startWithProvider(t, storetest.URL(t, database), func(*auth.Provider) {})
			base := strings.TrimSuffix(p.Info.Endpoint, "/1.0")
			b := newBrowser(t, "en")
			b.open(base+"/account/", "#provider")
			b.look("provider-signin")
			b.click("#provider", "#subject")
			b.look("stranger")
			if b.text("#subject") != "00u1" || b.text("#issuer") != o.URL {
				t.Errorf("a stranger is told %s of %s", b.text("#subject"), b.text("#issuer"))
			}
			at := "/operator/accounts/" + other + "/identities"
			var linked struct {
				ID                        int64
				Subject, Issuer, LinkedBy string
				LastUse                   *time.Time
			}
			check(t, p.Operator.Post(at, map[string]any{"subject": "00u1"}, &linked))
			if linked.Issuer != o.URL || linked.LinkedBy != "operator" || linked.LastUse != nil {
				t.Errorf("linked %+v", linked)
			}
			refusedWith(t, p.Operator.Post("/operator/accounts/"+p.Info.Account+"/identities", map[string]any{"subject": "00u1"}, nil), 409, "linked with an account already")
			refusedWith(t, p.OVH.Get(at, nil), 403)
			b.open(base+"/createApp/", "#provider")
			b.click("#provider", "#name") // where he wanted to go
			if text := b.text("nav"); !strings.Contains(text, other) {
				t.Error(text)
			}
			ownersLink(t, p, o, b, base)
			check(t, p.Operator.Delete(fmt.Sprint(at, "/", linked.ID), nil))
			refusedWith(t, p.Operator.Delete(fmt.Sprint(at, "/", linked.ID), nil), 404)
		})
	}
}

// ownersLink lets the owner of a session link somebody else, and unlink him.
func ownersLink(t *testing.T, p *sandboxtest.Platform, o *openID, b *browser, base string) {
	t.Helper()
	link := func(password, next string) {
		b.open(base+"/account/security", "#link")
		b.click("#link summary", "#link-password")
		b.fill("#link-password", password)
		b.click("#link button", next)
	}
	link("not the password", "#error")
	link(p.Info.Passwords[other], "#provider")
	b.look("link")
	b.click("#provider", "#error") // his own identity is linked already
	o.is(jsonM{"sub": "00u2", "preferred_username": "max <b>"})
	link(p.Info.Passwords[other], "#provider")
	b.click("#provider", ".notice")
	b.look("identities")
	if text := b.text("#identities ~ ul"); !strings.Contains(text, "max <b>") || !strings.Contains(text, "linked by you") || !strings.Contains(text, "zoe@example.org") {
		t.Error(text)
	}
	b.signOut()
	b.click("#provider", "#keys")
	b.open(base+"/account/security", "#identities")
	b.do(chromedp.Click("#identities ~ ul li:nth-child(2) summary"), chromedp.WaitVisible("#identities ~ ul li:nth-child(2) input[name=password]"))
	b.fill("#identities ~ ul li:nth-child(2) input[name=password]", p.Info.Passwords[other])
	b.click("#identities ~ ul li:nth-child(2) button", ".notice")
	b.signOut()
	b.click("#provider", "#subject")
}

// comeBack walks a browser to the provider, and gives the address that it is sent back to.
func comeBack(t *testing.T, v *visitor) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.base+"/signin/oidc", nil)
	check(t, err)
	at := v.do(r).header.Get("Location")
	r, err = http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
	check(t, err)
	back := v.do(r)
	if back.status != http.StatusFound {
		t.Fatal(back.status, back.text)
	}
	return back.header.Get("Location")
}

// Whatever a provider answers that is false, or somebody who stands in between, nobody gets in.
func TestHostileOpenIDProviders(t *testing.T) {
	p, o := startWithProvider(t, "", func(*auth.Provider) {})
	check(t, p.Operator.Post("/operator/accounts/"+other+"/identities", map[string]any{"subject": "00u1"}, nil))
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	none := func(string) []byte { return nil }
	for name, c := range map[string]struct {
		forge func(claims, head jsonM)
		sign  func(string) []byte
	}{
		"another nonce":        {forge: func(c, _ jsonM) { c["nonce"] = "x" }},
		"no nonce":             {forge: func(c, _ jsonM) { delete(c, "nonce") }},
		"another audience":     {forge: func(c, _ jsonM) { c["aud"] = "shop" }},
		"no audience":          {forge: func(c, _ jsonM) { delete(c, "aud") }},
		"many audiences":       {forge: func(c, _ jsonM) { c["aud"] = []string{"shop", openIDClient} }},
		"for another client":   {forge: func(c, _ jsonM) { c["azp"] = "shop" }},
		"another issuer":       {forge: func(c, _ jsonM) { c["iss"] = "https://evil.example" }},
		"expired":              {forge: func(c, _ jsonM) { c["exp"] = p.Clock.Now().Add(-time.Minute).Unix() }},
		"without end":          {forge: func(c, _ jsonM) { delete(c, "exp") }},
		"not yet":              {forge: func(c, _ jsonM) { c["nbf"] = p.Clock.Now().Add(time.Hour).Unix() }},
		"nobody":               {forge: func(c, _ jsonM) { delete(c, "sub") }},
		"a long subject":       {forge: func(c, _ jsonM) { c["sub"] = strings.Repeat("a", 300) }},
		"alg none":             {forge: func(_, h jsonM) { h["alg"] = "none" }, sign: none},
		"signed with a secret": {forge: func(_, h jsonM) { h["alg"] = "HS256" }, sign: func(s string) []byte { sum := sha256.Sum256([]byte(s)); return sum[:] }},
		"signed by a stranger": {sign: func(s string) []byte {
			sum := sha256.Sum256([]byte(s))
			out, _ := rsa.SignPKCS1v15(rand.Reader, stranger, crypto.SHA256, sum[:])
			return out
		}},
		"not signed":     {sign: none},
		"an unknown key": {forge: func(_, h jsonM) { h["kid"] = "k2" }, sign: func(string) []byte { return []byte("x") }},
	} {
		o.mu.Lock()
		o.forge, o.sign = c.forge, c.sign
		o.mu.Unlock()
		v := newVisitor(t, p)
		if got := v.get(comeBack(t, v)); got.status != http.StatusForbidden || v.get("/account/").mark("csrf") != "" {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
		p.Clock.Advance(10 * time.Second)
	}
	o.mu.Lock()
	o.forge, o.sign = nil, nil
	o.mu.Unlock()
	answersAreTheBrowsersOwn(t, p, o)
}

func answersAreTheBrowsersOwn(t *testing.T, p *sandboxtest.Platform, o *openID) {
	t.Helper()
	in := func(v *visitor) bool { return v.get("/account/").mark("csrf") != "" }
	refused := func(name string, v *visitor, at string) {
		t.Helper()
		if got := v.get(at); got.status != http.StatusForbidden || in(v) {
			t.Errorf("%s: %d", name, got.status)
		}
		p.Clock.Advance(10 * time.Second)
	}
	with := func(at, name, value string) string {
		u, err := url.Parse(at)
		check(t, err)
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = q.Encode()
		return u.String()
	}
	v := newVisitor(t, p)
	at := comeBack(t, v)
	refused("another browser", newVisitor(t, p), at)
	if got := v.get(at); got.status != http.StatusOK || !in(v) {
		t.Errorf("the browser's own: %d %s", got.status, got.text)
	}
	v.post("/signout", url.Values{"csrf": {v.get("/account/").mark("csrf")}})
	refused("twice", v, at)
	first, second := comeBack(t, v), comeBack(t, v)
	u, err := url.Parse(second)
	check(t, err)
	refused("the code of another request", v, with(first, "code", u.Query().Get("code")))
	refused("no state", v, with(comeBack(t, v), "state", ""))
	refused("a made-up state", v, with(comeBack(t, v), "state", "x"))
	refused("no code", v, with(comeBack(t, v), "code", ""))
	refused("an error", v, with(comeBack(t, v), "error", "access_denied"))
	refused("the answer of another provider", v, with(comeBack(t, v), "iss", "https://evil.example"))
	late := comeBack(t, v)
	p.Clock.Advance(16 * time.Minute)
	refused("late", v, late)
	for _, next := range []string{"https://evil.example", "//evil.example", "/signin/oidc/../../evil"} {
		got := v.get("/signin/oidc?next=" + url.QueryEscape(next))
		if got.status != http.StatusOK || strings.Contains(got.header.Get("Location"), "evil") {
			t.Errorf("next = %s: %d", next, got.status)
		}
		v.post("/signout", url.Values{"csrf": {v.get("/account/").mark("csrf")}})
	}
	o.Close()
	p.Clock.Advance(2 * time.Hour)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.base+"/signin/oidc", nil)
	check(t, err)
	if got := v.do(r); got.status != http.StatusServiceUnavailable || !strings.Contains(got.text, "Example Login does not answer") {
		t.Errorf("a provider that is down: %d", got.status)
	}
}

// What the settings trust the issuer with, and nothing else, links an identity.
func TestWhatAProviderIsTrustedWith(t *testing.T) {
	person := jsonM{"sub": "s", "email": "zoe@example.org", "email_verified": true, "ramier": other}
	with := func(more jsonM) jsonM {
		all := jsonM{}
		for k, v := range person {
			all[k] = v
		}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	try := func(t *testing.T, change func(*auth.Provider), claims jsonM, mail string) (status int, in string) {
		t.Helper()
		p, o := startWithProvider(t, "", change)
		if mail != "" {
			check(t, p.Operator.Put("/operator/accounts/"+mail, map[string]any{"email": "Zoe@example.org"}, nil))
		}
		o.is(claims)
		v := newVisitor(t, p)
		got := v.get(comeBack(t, v))
		in = between(v.get("/account/").text, `<nav>`, "</a>")
		return got.status, in
	}
	claim := func(p *auth.Provider) { p.AccountClaim = "ramier" }
	mail := func(p *auth.Provider) { p.TrustMail = true }
	for name, c := range map[string]struct {
		change func(*auth.Provider)
		claims jsonM
		mail   string
		want   int
	}{
		"nothing":                  {func(*auth.Provider) {}, person, other, 403},
		"a claim":                  {claim, person, "", 200},
		"a claim of no account":    {claim, with(jsonM{"ramier": "nobody"}), "", 403},
		"a claim of an operator":   {claim, with(jsonM{"ramier": "operator-ovh"}), "", 403},
		"a claim that is no text":  {claim, with(jsonM{"ramier": []string{other}}), "", 403},
		"a mail address":           {mail, person, other, 200},
		"one that is not verified": {mail, with(jsonM{"email_verified": false}), other, 403},
		"one that claims nothing":  {mail, with(jsonM{"email_verified": nil}), other, 403},
		"one of an operator":       {mail, person, "operator-ovh", 403},
		"one of nobody":            {mail, with(jsonM{"email": "%@example.org"}), other, 403},
		"an allowed domain":        {func(p *auth.Provider) { mail(p); p.Domains = []string{"EXAMPLE.org"} }, person, other, 200},
		"another domain":           {func(p *auth.Provider) { claim(p); p.Domains = []string{"example.com"} }, person, "", 403},
		"a domain in the name":     {func(p *auth.Provider) { claim(p); p.Domains = []string{"example.org"} }, with(jsonM{"email": "a@evil.example@example.org"}), "", 403},
	} {
		t.Run(name, func(t *testing.T) {
			status, in := try(t, c.change, c.claims, c.mail)
			if status != c.want || strings.Contains(in, other) != (c.want == 200) {
				t.Errorf("got %d %s", status, in)
			}
		})
	}
}

// The provider is one factor: an account that has a second asks for it.
func TestAProviderIsOneFactor(t *testing.T) {
	p, _ := startWithProvider(t, "", func(*auth.Provider) {})
	check(t, p.Operator.Post("/operator/accounts/"+other+"/identities", map[string]any{"subject": "00u1"}, nil))
	b := newBrowser(t, "en")
	newDevice(b)
	recovery := registered(t, p, b)
	var state struct {
		OneTimeCodes, Password bool
		Passkeys               []string
		RecoveryCodes          int
	}
	at := "/operator/accounts/" + other
	check(t, p.Operator.Get(at+"/signIn", &state))
	if state.OneTimeCodes || !state.Password || state.RecoveryCodes != 8 || len(state.Passkeys) != 1 {
		t.Errorf("got %+v", state)
	}
	b.open(atLocalhost(p)+"/account/security", "#passkeys")
	b.signOut()
	base := strings.TrimSuffix(p.Info.Endpoint, "/1.0")
	b.open(base+"/signin", "#provider")
	b.click("#provider", "#code")
	b.look("elsewhere")
	if text := b.text("main"); !strings.Contains(text, "Passkeys work at "+atLocalhost(p)) {
		t.Error(text)
	}
	b.fill("#code", recovery[0])
	b.click("#second-code button", "#keys")

	check(t, p.Operator.Delete(at+"/secondFactor", nil))
	check(t, p.Operator.Get(at+"/signIn", &state))
	if state.RecoveryCodes != 0 || len(state.Passkeys) != 0 {
		t.Errorf("after the reset %+v", state)
	}
	b.open(base+"/account/", "#account")
	b.signIn(other, p.Info.Passwords[other], "#keys")
	b.open(base+"/account/security", "#events")
	if text := b.text("main"); !strings.Contains(text, "The operator removed the second factors") || !strings.Contains(text, "company sign-in + recovery code") {
		t.Error(text)
	}
}
