package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"ramier/internal/auth"
	"ramier/internal/sandbox/sandboxtest"
)

// atLocalhost gives the address of the pages where passkeys work.
func atLocalhost(p *sandboxtest.Platform) string {
	return strings.Replace(strings.TrimSuffix(p.Info.Endpoint, "/1.0"), "127.0.0.1", "localhost", 1)
}

// device is an authenticator that unlocks itself.
type device struct {
	b  *browser
	id webauthn.AuthenticatorID
}

func call[P, R any](b *browser, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	answer, err := chromedp.Call(b.ctx, command, params)
	check(b.t, err)
	return answer
}

func newDevice(b *browser) *device {
	b.t.Helper()
	call(b, webauthn.Enable, webauthn.EnableParams{})
	made := call(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Ctap2version: "ctap2_1", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true,
		AutomaticPresenceSimulation: true,
	}})
	return &device{b, made.AuthenticatorID}
}

func (d *device) keys() []*webauthn.Credential {
	d.b.t.Helper()
	return call(d.b, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: d.id}).Credentials
}

// fake lets the next answers be wrong.
func (d *device) fake(signature, unverified bool) {
	d.b.t.Helper()
	call(d.b, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{AuthenticatorID: d.id, IsBogusSignature: &signature, IsBadUV: &unverified})
}

// counts replaces a key by one that has counted so far. The library would also send what this device does not know.
func (d *device) counts(key *webauthn.Credential, count float64) {
	d.b.t.Helper()
	call(d.b, webauthn.RemoveCredential, webauthn.RemoveCredentialParams{AuthenticatorID: d.id, CredentialID: key.CredentialID})
	call(d.b, cdp.Command[map[string]any, cdp.Empty]{Method: webauthn.CommandAddCredential}, map[string]any{
		"authenticatorId": d.id, "credential": map[string]any{
			"credentialId": key.CredentialID, "isResidentCredential": true, "rpId": key.RpID, "privateKey": key.PrivateKey, "userHandle": key.UserHandle, "signCount": count,
		},
	})
}

// signOut leaves whatever session there is.
func (b *browser) signOut() {
	b.t.Helper()
	b.do(chromedp.Click("form[action='/signout'] button"), chromedp.WaitVisible("#account"))
}

// keep lets the device answer, and keeps the form instead of sending it.
func (b *browser) keep() (ticket, answer string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible("#passkey button"))
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`HTMLFormElement.prototype.submit = function () { document.body.id = "kept"; }; true`))
	check(b.t, err)
	b.click("#passkey button", "body#kept")
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`JSON.stringify([document.forms.passkey.ticket.value, document.forms.passkey.answer.value])`))
	check(b.t, err)
	var both []string
	check(b.t, json.Unmarshal([]byte(text), &both))
	return both[0], both[1]
}

// give sends a form that was kept.
func (b *browser) give(ticket, answer, next string) {
	b.t.Helper()
	values, err := json.Marshal([]string{ticket, answer})
	check(b.t, err)
	_, err = chromedp.Run(b.ctx, chromedp.Evaluate[bool](fmt.Sprintf(`{ const f = document.forms.passkey, v = %s; f.ticket.value = v[0]; f.answer.value = v[1];
		HTMLFormElement.prototype.submit.call(f); } true`, values)))
	check(b.t, err)
	b.do(chromedp.WaitVisible(next))
}

// registered signs in and adds a passkey.
func registered(t *testing.T, p *sandboxtest.Platform, b *browser) (recovery []string) {
	t.Helper()
	b.open(atLocalhost(p)+"/account/security", "#account")
	b.signIn(other, p.Info.Passwords[other], "#passkey-name")
	b.fill("#passkey-name", "Laptop <1>")
	b.fill("#passkey-password", p.Info.Passwords[other])
	b.click("#add-passkey button", ".codes")
	if recovery = strings.Fields(b.text(".codes")); len(recovery) != 8 {
		t.Fatal(recovery)
	}
	return recovery
}

// A passkey signs in alone and after a password, is named and listed, and is not removed by accident.
func TestPasskeysSignIn(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		v := newVisitor(t, p)
		v.signIn(other, p.Info.Passwords[other])
		b := newBrowser(t, "en")
		d := newDevice(b)
		recovery := registered(t, p, b)
		if v.get("/account/").mark("csrf") != "" {
			t.Error("a session that began without the passkey goes on")
		}
		if keys := d.keys(); len(keys) != 1 || !keys[0].IsResidentCredential || keys[0].RpID != "localhost" {
			t.Fatalf("the device has %+v", keys)
		}
		b.open(atLocalhost(p)+"/account/security", "#add-passkey")
		b.look("passkeys")
		b.signOut()
		b.look("passkey-signin")
		b.click("#passkey button", "#keys")
		b.signOut()

		b.signIn(other, p.Info.Passwords[other], "#second-passkey button")
		b.look("passkey-second")
		b.click("#second-passkey button", "#keys")
		b.open(atLocalhost(p)+"/account/security", "#passkeys")
		if text := b.text("main"); !strings.Contains(text, "Laptop <1>") || !strings.Contains(text, "Signed in: password + passkey") || !strings.Contains(text, "Signed in: passkey") {
			t.Error(text)
		}
		b.signOut()
		b.signIn(other, p.Info.Passwords[other], "#second-code")
		b.fill("#code", recovery[3])
		b.click("#second-code button", "#keys")
		passkeysAreChanged(t, p, b)
	})
}

func passkeysAreChanged(t *testing.T, p *sandboxtest.Platform, b *browser) {
	t.Helper()
	b.open(atLocalhost(p)+"/account/security", "#passkeys")
	b.do(chromedp.Click("#passkeys ~ ul details:nth-of-type(1) summary"), chromedp.WaitVisible("form[action$='/name'] input[name=name]"))
	b.fill("form[action$='/name'] input[name=name]", "Mon téléphone")
	b.click("form[action$='/name'] button", "#passkeys")
	b.do(chromedp.WaitVisible(chromedp.Search("//strong[.='Mon téléphone']")))

	remove := func(password string, tick bool) {
		b.do(chromedp.Click("#passkeys ~ ul details:nth-of-type(2) summary"), chromedp.WaitVisible("form[action$='/remove'] input[name=password]"))
		b.fill("form[action$='/remove'] input[name=password]", password)
		if tick {
			b.do(chromedp.Click("form[action$='/remove'] input[name=last]"))
		} else { // as somebody would who writes the form himself
			_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.querySelector("form[action$='/remove'] input[name=last]").required = false; true`))
			check(t, err)
		}
	}
	remove(p.Info.Passwords[other], false)
	b.click("form[action$='/remove'] button", "#error")
	remove("not the password", true)
	b.click("form[action$='/remove'] button", "#error")
	remove(p.Info.Passwords[other], true)
	b.click("form[action$='/remove'] button", ".notice")
	if text := b.text("main"); !strings.Contains(text, "No second factor is left") || !strings.Contains(text, "Passkey removed: Mon téléphone") || strings.Contains(text, "Codes left") {
		t.Error(text)
	}
	b.signOut()
	b.click("#passkey button", "#error")
	b.signIn(other, p.Info.Passwords[other], "#keys")
}

// Whatever a device or somebody between answers, nobody gets in by an answer that is false, old, another's, or given twice.
func TestHostilePasskeys(t *testing.T) {
	p := sandboxtest.Start(t, "")
	b := newBrowser(t, "en")
	d := newDevice(b)
	registered(t, p, b)
	b.open(atLocalhost(p)+"/account/", "#keys")
	b.signOut()
	at := atLocalhost(p) + "/signin"

	d.fake(true, false)
	b.click("#passkey button", "#error")
	d.fake(false, true)
	b.click("#passkey button", "#error")
	d.fake(false, false)
	call(b, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: d.id})
	b.click("#passkey button", "[data-failed]")
	call(b, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: d.id, IsUserVerified: true})

	b.open(at, "#account")
	ticket, answer := b.keep()
	stranger := newVisitor(t, p)
	stranger.base = atLocalhost(p)
	given := url.Values{"ticket": {ticket}, "answer": {answer}}
	if got := stranger.post("/signin/passkey", given); got.status != http.StatusForbidden {
		t.Errorf("another browser with the answer gets %d", got.status)
	}
	stranger.base = strings.TrimSuffix(p.Info.Endpoint, "/1.0")
	if got := stranger.post("/signin/passkey", given); got.status != http.StatusForbidden {
		t.Errorf("the answer at another address gets %d", got.status)
	}
	b.open(at, "#passkey button")
	b.give(ticket, answer, "#keys")
	b.signOut()
	b.give(ticket, answer, "#error") // twice
	b.open(at, "#passkey button")
	fresh, _ := b.keep()
	b.open(at, "#passkey button")
	b.give(fresh, answer, "#error") // to another challenge
	ticket, answer = b.keep()
	p.Clock.Advance(6 * time.Minute)
	b.open(at, "#passkey button")
	b.give(ticket, answer, "#error") // late
	for name, answer := range map[string]string{"nothing": "", "no JSON": "x", "an empty one": "{}", "a long one": strings.Repeat("[", 50_000)} {
		b.open(at, "#passkey button")
		ticket, _ := b.keep()
		b.open(at, "#passkey button")
		b.give(ticket, answer, "#error")
		if !strings.Contains(b.text("#error"), "not accepted") {
			t.Errorf("%s: %s", name, b.text("#error"))
		}
	}
	copiesAreRefused(t, p, b, d)
}

// A device that has not counted on is a copy.
func copiesAreRefused(t *testing.T, p *sandboxtest.Platform, b *browser, d *device) {
	t.Helper()
	b.open(atLocalhost(p)+"/signin", "#passkey button")
	b.click("#passkey button", "#keys")
	b.signOut()
	key := d.keys()[0]
	d.counts(key, 1)
	b.click("#passkey button", "#error")
	d.counts(key, key.SignCount)
	b.click("#passkey button", "#keys")
	b.open(atLocalhost(p)+"/account/security", "#events")
	if text := b.text("main"); !strings.Contains(text, "Passkey refused, it may have been copied: Laptop <1>") {
		t.Error(text)
	}
}

// Somebody who knows no more than the name of an account does not keep its owner out.
func TestOthersCannotLockAnOwnerOut(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		password := p.Info.Passwords[other]
		owner := newVisitor(t, p)
		owner.signIn(other, password)
		owner.post("/signout", url.Values{"csrf": {owner.get("/account/").mark("csrf")}})
		attacker := newVisitor(t, p) // from the same network
		wrong := func(v *visitor) int {
			p.Clock.Advance(2 * time.Second)
			return v.post("/signin", url.Values{"account": {other}, "password": {"wrong"}}).status
		}
		for range 30 {
			wrong(attacker)
		}
		if got := wrong(attacker); got != http.StatusTooManyRequests {
			t.Errorf("the attacker gets %d", got)
		}
		owner.signIn(other, password) // at once, with the browser he has used before
		// A browser that is known is not free to guess.
		owner.post("/signout", url.Values{"csrf": {owner.get("/account/").mark("csrf")}})
		for range 5 {
			wrong(owner)
		}
		if got := wrong(owner); got != http.StatusTooManyRequests {
			t.Errorf("a known browser that guesses gets %d", got)
		}
		// An operator's new password ends all waits.
		var made struct{ Password string }
		check(t, p.Operator.Post("/operator/accounts/"+other+"/password", nil, &made))
		newVisitor(t, p).signIn(other, made.Password)
	})
}

// Many networks together wait, but not for longer than ten minutes, and not the owner's own browser.
func TestAttackersOfManyNetworks(t *testing.T) {
	p := sandboxtest.Start(t, "")
	s := auth.NewSignIns(p.App.Store, p.Clock.Now)
	ctx, password := t.Context(), p.Info.Passwords[other]
	for i := range 60 {
		_, err := s.SignIn(ctx, other, "wrong", auth.Visitor{Address: networkOf(i)})
		if (err == nil) || strings.Contains(err.Error(), "Too many") != (i >= 50) {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	if _, err := s.SignIn(ctx, other, password, auth.Visitor{Address: networkOf(100)}); err == nil || !strings.Contains(err.Error(), "Too many") {
		t.Errorf("a strange browser of a strange network: %v", err)
	}
	known, _ := s.Browser(s.Cookie(auth.Browser{Mark: "m"}, other))
	if _, err := s.SignIn(ctx, other, password, auth.Visitor{Address: networkOf(100), Browser: known}); err != nil {
		t.Errorf("the owner's browser: %v", err)
	}
	p.Clock.Advance(10*time.Minute + time.Second)
	if _, err := s.SignIn(ctx, other, password, auth.Visitor{Address: networkOf(100)}); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

// networkOf gives an address in the n-th network.
func networkOf(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{203, 0, byte(n), 7}) //nolint:gosec // small
}
