package billing

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
)

// Whatever is posted: nothing is believed without the signature, and what can be read is within its limits.
func FuzzNotice(f *testing.F) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	d := New(Config{Now: func() time.Time { return now }, Secret: []byte("a secret that nobody can guess")})
	good := []byte(`{"event": "e1", "orderId": 7, "amount": 85.30, "currency": "EUR", "reference": "x"}`)
	f.Add(Sign(d.Secret, good, now), good)
	f.Add("t=,v1=", []byte("{}"))
	f.Add("t=1764000000,v1=00", []byte(`{"amount": 1e999}`))
	f.Add("v1=,t=-1,v1", []byte("[]"))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if err := checkSignature("S", header, d.Secret, body, now); err == nil && !bytes.Equal(body, good) {
			t.Errorf("%q signs %q", header, body)
		}
		n, amount, err := read(body)
		if err == nil && (n.Event == "" || len(n.Event) > maxEvent || amount < 0) {
			t.Errorf("%+v, %d", n, amount)
		}
		if err != nil && sms.CodeOf(err) != sms.Invalid {
			t.Errorf("%q: %v", body, err)
		}
	})
}

func TestASignatureIsForOneTimeAndBody(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	d := New(Config{Now: func() time.Time { return now }, Secret: []byte("a secret that nobody can guess")})
	body := []byte("{}")
	signature := Sign(d.Secret, body, now)
	for name, c := range map[string]struct {
		header string
		code   sms.Code
	}{
		"as it is":          {signature, ""},
		"with spaces":       {strings.ReplaceAll(signature, ",", " , "), ""},
		"five minutes late": {Sign(d.Secret, body, now.Add(-tolerance)), ""},
		"later":             {Sign(d.Secret, body, now.Add(-tolerance-time.Second)), sms.StaleRequest},
		"another time":      {strings.Replace(signature, "t=1", "t=2", 1), sms.BadSignature},
		"cut":               {signature[:len(signature)-2], sms.BadSignature},
		"none":              {"", sms.BadSignature},
		"one of several":    {strings.Replace(signature, ",v1", ",v1=00,v0=x,v1=zz,v1", 1), ""},
		"too many":          {strings.Replace(signature, ",v1", strings.Repeat(",v1=00", maxSignatures)+",v1", 1), sms.BadSignature},
	} {
		if err := checkSignature("S", c.header, d.Secret, body, now); sms.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTextsOfDocuments(t *testing.T) {
	if got := literal("(é) 5 € \\ 漢\n"); got != `\(\351\) 5 \200 \\ ??` {
		t.Errorf("%s", got)
	}
	if got := string(lines(" <b>one</b>\ntwo ")); got != "&lt;b&gt;one&lt;/b&gt;<br>\ntwo" {
		t.Errorf("%s", got)
	}
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	d := New(Config{PublicURL: "https://sms.example.org", Seller: strings.Repeat("a line\n", 200)})
	o := sms.CreditOrder{ID: 7, Account: "ab12345-ovh", CreatedAt: at, ExpiresAt: at.Add(sms.OrderValidity), Channel: "marketing"}
	text := d.document(o, Seller{Name: d.Seller, PayTo: d.PayTo}, false)
	if !bytes.HasSuffix(text, []byte("%%EOF\n")) || bytes.Count(text, []byte("a line")) != 200 || !bytes.Contains(text, []byte("/Count 5 ")) || !bytes.Contains(text, []byte("Terms: https")) {
		t.Errorf("%s", text)
	}
	for _, c := range []struct{ text, want string }{
		{"one two\nthree", "one two|three"},
		{strings.Repeat("word ", 12), strings.Repeat("word ", 5) + "word|" + strings.Repeat("word ", 5) + "word"},
		{strings.Repeat("x", 40), strings.Repeat("x", 26) + "|" + strings.Repeat("x", 14)},
		{"", ""},
		{"a\n\nb", "a||b"},
	} {
		got := wrap(11, 163, c.text)
		if joined := strings.Join(got, "|"); joined != strings.TrimSpace(c.want) {
			t.Errorf("%q: %q", c.text, joined)
		}
	}
}
