package sandbox_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"ramier/internal/sandbox/sandboxtest"
)

// A conversation from the page of a handset to a webhook and back, in a browser.
func TestAHandsetInTheBrowser(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		server := newCustomerServer(t)
		const alice = "+33639980301"
		var w hook
		p.Post("/webhooks", map[string]any{"url": server.URL + "/json", "events": []string{"reply.received"}}, &w)
		b := newBrowser(t, "fr")
		b.open(p.Info.ControlURL+"/phones", ".none")
		p.Send("Votre avis <b>vite</b> ?", []string{alice}, map[string]any{"senderForResponse": true})
		b.do(chromedp.WaitVisible("#list a")) // it comes by itself
		b.click("#list a", "#talk .in")
		if said := b.text("#talk .in p"); said != "Votre avis <b>vite</b> ?" {
			t.Errorf("the handset shows %q", said)
		}
		b.do(chromedp.SendKeys("#text", "Très bien 😀"))
		b.click("form[method=post] button", "#talk .own")
		if said := b.text("#talk .own p"); said != "Très bien 😀" {
			t.Errorf("it wrote %q", said)
		}
		p.Until("the reply", func() bool { return len(server.to("/json")) == 1 })
		if e := events(t, w.Secret, server.to("/json"))[0]; e.Data.Message != "Très bien 😀" {
			t.Errorf("%+v", e)
		}
		p.Send("Merci !", []string{alice}, map[string]any{"senderForResponse": true})
		b.do(chromedp.WaitVisible("#talk li:nth-child(3).in"))
		b.look("phones")
		p.Audit()
	})
}

// Without a script, with mistakes, and from pages of others.
func TestHandsetPages(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		const bob, carol = "+33639980302", "+33639980303"
		p.Send("x", []string{carol})
		p.Until("somebody is bound", func() bool { return got(p, carol) == 1 })
		page := p.Info.ControlURL + "/phones/" + bob
		do := func(method, url, body string, header ...string) (int, string) {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
			check(t, err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for i := 0; i < len(header); i += 2 {
				r.Header.Set(header[i], header[i+1])
			}
			a, err := http.DefaultClient.Do(r)
			check(t, err)
			defer a.Body.Close()
			text, err := io.ReadAll(a.Body)
			check(t, err)
			if strings.Contains(url, "/phones") && a.StatusCode < 300 && !strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s has the policy %q", url, a.Header.Get("Content-Security-Policy"))
			}
			return a.StatusCode, string(text)
		}
		want := func(status int, parts ...string) func(int, string) {
			return func(got int, text string) {
				t.Helper()
				for _, part := range parts {
					if !strings.Contains(text, part) {
						t.Errorf("%q is missing in %s", part, text)
					}
				}
				if got != status {
					t.Errorf("status %d, want %d: %s", got, status, text)
				}
			}
		}
		want(200, "Nothing has arrived", `lang="en"`)(do("GET", page, ""))
		want(200, "Rien", `lang="fr"`)(do("GET", page, "", "Accept-Language", "de, fr-CA;q=0.8, en;q=0.5"))
		want(400, "received nothing", "&lt;b&gt;x")(do("POST", page, "text="+url.QueryEscape("<b>x")))
		want(400, "give what the handset writes")(do("POST", page, "to=38000&text="))
		want(400, "nobody", "number of a handset")(do("GET", p.Info.ControlURL+"/phones/nobody", ""))
		want(413)(do("POST", page, "text="+strings.Repeat("x", 100_000)))
		want(403)(do("POST", page, "to=38000&text=x", "Origin", "https://elsewhere.example"))
		want(403)(do("POST", page, "to=38000&text=x", "Sec-Fetch-Site", "cross-site"))
		want(200, "to 38000 ·", "Bonjour&#39;&lt;")(do("POST", page, "to=38000&text="+url.QueryEscape("Bonjour'<")))
		want(200, bob[1:])(do("GET", p.Info.ControlURL+"/phones?number="+url.QueryEscape(bob), ""))
		want(200, `"text":"Bonjour'`)(do("GET", p.Info.ControlURL+"/handsets/"+bob+"/replies", ""))
		want(200, "--ground")(do("GET", p.Info.ControlURL+"/phones.css", ""))
		want(200, "renew")(do("GET", p.Info.ControlURL+"/phones.js", ""))
		want(404)(do("GET", p.Info.ControlURL+"/phones/"+bob+"/more", ""))
	})
}
