package sandbox_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"ramier/internal/sandbox/sandboxtest"
)

// Whoever has the address of a number's chat page reads what was written to the number, and answers, until the address is revoked.
func TestAChatPage(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		const number, alice, bob = "+33639980300", "+33639980201", "+33639980202"
		giveNumber(t, p, number, p.Info.ServiceName)
		path := "/virtualNumbers/" + number + "/chatAccess"
		var access, again struct {
			ID                int64
			URL, CreationDate string
		}
		refused(t, p.OVH.Get(p.Path(path), &access), 404, number)
		p.Post(path, nil, &access)
		refused(t, p.OVH.Post(p.Path(path), nil, nil), 409, "revoke it with DELETE")
		if p.Get(path, &again); again != access || access.ID == 0 || access.CreationDate == "" || !strings.Contains(access.URL, fmt.Sprintf("/chat/%d/", access.ID)) {
			t.Errorf("%+v, then %+v", access, again)
		}
		refused(t, p.Other.Get(p.Path(path), &again), 404, "This service does not exist")
		u, err := url.Parse(access.URL)
		check(t, err)
		v := newVisitor(t, p)
		if got := v.get(u.Path); got.status != 200 || !strings.Contains(got.text, "Nobody has written") || strings.Contains(got.text, "<script") ||
			!strings.Contains(got.header.Get("Content-Security-Policy"), "default-src 'none'") || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v\n%s", got.status, got.header, got.text)
		}
		p.Await(p.Send("from a name", []string{alice}).IDs[0], "delivered")
		for _, m := range [][2]string{{alice, "<b>Bonjour</b> & merci"}, {bob, "Autre"}} {
			check(t, p.Simulator.Reply(m[0], number, m[1]))
		}
		p.Until("both have written", func() bool {
			text := v.get(u.Path).text
			return strings.Contains(html.UnescapeString(text), bob) && strings.Contains(text, "&lt;b&gt;Bonjour&lt;/b&gt; &amp; merci")
		})
		with := u.Path + "?with=" + url.QueryEscape(alice)
		talk := v.get(with)
		if talk.status != 200 || strings.Contains(talk.text, "Autre") || strings.Contains(talk.text, "from a name") {
			t.Errorf("%d\n%s", talk.status, talk.text)
		}
		form := url.Values{"with": {alice}, "text": {"Avec plaisir.\r\nÀ demain !"}, "once": {talk.mark("once")}}
		if form.Get("once") == "" {
			t.Fatal("the form has no name")
		}
		for range 2 { // the button was pressed twice
			if got := v.post(u.Path, form); got.status != http.StatusSeeOther || got.header.Get("Location") != with {
				t.Fatalf("%d %v\n%s", got.status, got.header, got.text)
			}
		}
		p.Until("the answer is on the handset, once", func() bool {
			var texts []string
			for _, m := range p.Simulator.Messages(alice) {
				if m.From == number {
					texts = append(texts, m.Text)
				}
			}
			return slices.Equal(texts, []string{"Avec plaisir.\nÀ demain !"})
		})
		var outgoing []int64
		if p.Get("/virtualNumbers/"+number+"/outgoing", &outgoing); len(outgoing) != 1 {
			t.Errorf("two presses made %v", outgoing)
		}
		if got := html.UnescapeString(v.get(with).text); !strings.Contains(got, "Avec plaisir.\nÀ demain !") {
			t.Error(got)
		}
		check(t, p.Simulator.Reply(bob, number, "STOP"))
		p.Until("he has opted out", func() bool {
			var stopped []string
			p.Get("/blacklists", &stopped)
			return len(stopped) == 1
		})
		wrongAnswers(v, u.Path, alice, form)
		p.Delete(path)
		refused(t, p.OVH.Delete(p.Path(path), nil), 404, number)
		if got := v.get(u.Path); got.status != 404 {
			t.Errorf("revoked: %d", got.status)
		}
		p.Post(path, nil, &again)
		if again.URL == access.URL {
			t.Error("the new address is the old one")
		}
		check(t, p.Operator.Delete("/operator/virtualNumbers/"+number, nil))
		giveNumber(t, p, number, p.Info.OtherServiceName)
		if u, err = url.Parse(again.URL); err != nil || v.get(u.Path).status != 404 {
			t.Errorf("the page has followed the number to its next owner: %v", err)
		}
		p.Audit()
	})
}

// wrongAnswers posts what a chat page must not take.
func wrongAnswers(v *visitor, path, alice string, form url.Values) {
	v.t.Helper()
	for name, try := range map[string]struct {
		path   string
		form   url.Values
		change func(*http.Request)
		want   int
	}{
		"wrong key":         {path[:len(path)-1] + "!", form, nil, 404},
		"no key":            {path[:strings.LastIndexByte(path, '/')+1], form, nil, 404},
		"another id":        {"/chat/1" + path[strings.LastIndexByte(path, '/'):], form, nil, 404},
		"who never wrote":   {path, url.Values{"with": {"+33639980209"}, "text": {"x"}}, nil, 404},
		"nobody":            {path, url.Values{"with": {"\x00"}, "text": {"x"}}, nil, 404},
		"an empty text":     {path, url.Values{"with": {alice}, "text": {""}}, nil, 400},
		"a zero":            {path, url.Values{"with": {alice}, "text": {"a\x00"}}, nil, 400},
		"another site":      {path, form, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		"an endless answer": {path, url.Values{"with": {alice}, "text": {strings.Repeat("x", 10_001)}}, nil, 413},
	} {
		change := try.change
		if change == nil {
			change = func(*http.Request) {}
		}
		if got := v.post(try.path, try.form, change); got.status != try.want {
			v.t.Errorf("%s: %d, want %d", name, got.status, try.want)
		}
	}
}
