package sandbox_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/sms"
)

// web is a customer's server with files; served counts the answers.
func web(t *testing.T, files map[string]string) (base string, served *atomic.Int32) {
	t.Helper()
	served = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		text, ok := files[r.URL.Path]
		if to, leads := strings.CutPrefix(text, "Location: "); leads {
			http.Redirect(w, r, to, http.StatusFound)
		} else if !ok {
			http.NotFound(w, r)
		} else {
			io.WriteString(w, text)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, served
}

func TestTheExampleOfOVHsCookbook(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		text := "Numero ;nom ;prenom ;adresse\r\n0662000000 ;Durant ;Pierre ;12 rue Montaigne Paris\r\n0662000001 ;Lefèvre ;Chloë ;3 rue Montaigne Paris\r\n"
		latin, err := charmap.Windows1252.NewEncoder().String(text)
		check(t, err)
		base, _ := web(t, map[string]string{"/contacts.csv": latin})
		r := p.Send("Bonjour #prenom# #nom#, votre commande va être livrée à l’adresse : #adresse# . Cordialement.", nil,
			map[string]any{"receivers": nil, "receiversSlotId": nil, "receiversDocumentUrl": base + "/contacts.csv"})
		if !slices.Equal(r.ValidReceivers, []string{"+33662000000", "+33662000001"}) || len(r.IDs) != 2 || len(r.InvalidReceivers) != 0 {
			t.Fatalf("report %+v", r)
		}
		for i, want := range []string{
			"Bonjour Pierre Durant, votre commande va être livrée à l’adresse : 12 rue Montaigne Paris . Cordialement.",
			"Bonjour Chloë Lefèvre, votre commande va être livrée à l’adresse : 3 rue Montaigne Paris . Cordialement.",
		} {
			p.Await(r.IDs[i], sms.Delivered)
			if on := p.Simulator.Messages(r.ValidReceivers[i]); len(on) != 1 || on[0].Text != want {
				t.Errorf("on the handset: %+v", on)
			}
			if o := p.Outgoing(r.IDs[i]); o.Message != want || o.NumberOfSms != 2 {
				t.Errorf("outgoing %+v", o)
			}
		}
		if r.TotalCreditsRemoved != 4 {
			t.Errorf("%v credits", r.TotalCreditsRemoved)
		}
		p.Audit()
	})
}

func TestRowsOfAListAreChargedAndRefusedOneByOne(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		base, _ := web(t, map[string]string{
			"/a.csv": "mobile,texte\n'0639980000,court\n6.4E+08,x\n12,x\n0639980001,\"" + strings.Repeat("long ", 40) + "\"\n+33639980000,twice\n",
			"/b.csv": "0639980000\n0639980001\n", "/moved.csv": "Location: /b.csv",
		})
		r := p.Send("#texte#", nil, map[string]any{"receiversDocumentUrl": base + "/a.csv"})
		if !slices.Equal(r.ValidReceivers, []string{"+33639980000", "+33639980001"}) || r.TotalCreditsRemoved != 3 {
			t.Errorf("report %+v", r)
		}
		var reasons []string
		for _, i := range r.InvalidReasons {
			reasons = append(reasons, i.Receiver+" "+i.Reason+i.Message[strings.LastIndex(i.Message, ","):])
		}
		if got := strings.Join(reasons, "; "); got != "6.4E+08 damaged, on line 3; 12 too_short, on line 4" && got != "6.4E+08 damaged, on line 3; 12 short_number, on line 4" {
			t.Errorf("invalid: %s", got)
		}
		if r := p.Send("Bonjour {prenom}", nil, map[string]any{"receivers": []string{}, "receiversDocumentUrl": base + "/moved.csv"}); len(r.IDs) != 2 {
			t.Errorf("report %+v", r)
		} else if o := p.Outgoing(r.IDs[1]); o.Message != "Bonjour {prenom}" {
			t.Errorf("outgoing %+v", o)
		}
		p.Audit()
	})
}

func TestListsThatCannotBeSentTo(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		base, served := web(t, map[string]string{
			"/marks.csv": "number;nom\n0639980000;A\n0639980001;\"B\n", "/names.csv": "nom\nA\n", "/good.csv": "number;prenom\n0639980000;A\n",
			"/many.csv": "number\n" + strings.Repeat("0639980000\n", 5001), "/inside.csv": "Location: http://169.254.169.254/latest/meta-data/",
			"/page.csv": "<!DOCTYPE html>",
		})
		for _, c := range []struct {
			text   string
			change map[string]any
			status int
			words  string
		}{
			{"x", map[string]any{"receiversDocumentUrl": base + "/marks.csv"}, 400, base + "/marks.csv cannot be read: a quotation mark is opened and never closed: close it, on line 3"},
			{"x", map[string]any{"receiversDocumentUrl": base + "/names.csv"}, 400, "it has no column of numbers: name one"},
			{"x", map[string]any{"receiversDocumentUrl": base + "/page.csv"}, 400, "it is a web page"},
			{"x", map[string]any{"receiversDocumentUrl": base + "/none.csv"}, 400, `answers with status "404 Not Found"`},
			{"x", map[string]any{"receiversDocumentUrl": base + "/many.csv"}, 413, "there are more than 5000 rows: cut the list into several, on line 5002"},
			{"x", map[string]any{"receiversDocumentUrl": base + "/inside.csv"}, 400, "169.254.169.254 is a link-local address"},
			{"x", map[string]any{"receiversDocumentUrl": "http://10.0.0.1/a.csv"}, 400, "10.0.0.1 is a private address: give a public one, or ask the operator of this platform to add it to fetch.allow"},
			{"x", map[string]any{"receiversDocumentUrl": "file:///etc/passwd"}, 400, "does not begin with http"},
			{"#prenon#", map[string]any{"receiversDocumentUrl": base + "/good.csv"}, 400, `message names the column "prenon", which the list does not have: did you mean #prenom#?`},
			{"x", map[string]any{"receiversDocumentUrl": base + "/good.csv", "receivers": []string{handset}}, 400, "give one of them"},
			{"x", map[string]any{"receiversSlotId": "é"}, 400, `receiversSlotId = "é" is not a slot: give 1 to 9`},
			{"x", map[string]any{"receiversSlotId": "1", "receivers": []string{handset}}, 400, "receivers and receiversSlotId are both given"},
			{"x", map[string]any{"receivers": nil}, 400, "receivers is empty"},
			{"x", map[string]any{"receiversDocumentUrl": ""}, 400, "receivers is empty"},
			{"x", map[string]any{"receiversDocumentUrl": base + "/good.csv", "sender": "nobody"}, 400, "Sms sender nobody"},
		} {
			body := map[string]any{"message": c.text, "sender": p.Info.Sender, "noStopClause": true}
			for k, v := range c.change {
				body[k] = v
			}
			class := map[int]string{400: "Client::BadRequest", 413: "Client::RequestEntityTooLarge"}[c.status]
			wantError(t, p.OVH.Post(p.Path("/jobs"), body, nil), c.status, class, c.words)
		}
		before := served.Load()
		err := p.Other.Post(p.Path("/jobs"), map[string]any{"message": "x", "receiversDocumentUrl": base + "/good.csv"}, nil)
		wantError(t, err, 404, "Client::NotFound", "This service does not exist")
		if served.Load() != before {
			t.Error("a list was fetched for a stranger")
		}
		var waiting []int64
		p.Get("/jobs", &waiting)
		if len(waiting) > 0 {
			t.Errorf("jobs %v", waiting)
		}
	})
}

func TestARepeatedRequestFetchesItsListOnce(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		base, served := web(t, map[string]string{"/a.csv": "0639980000\n0639980001\n"})
		order := map[string]any{"message": "x", "receiversDocumentUrl": base + "/a.csv", "sender": "Ramier", "noStopClause": true}
		_, first := signed(t, p, "POST", p.Path("/jobs"), order, "Idempotency-Key", "list")
		_, second := signed(t, p, "POST", p.Path("/jobs"), order, "Idempotency-Key", "list")
		if first != second || !strings.Contains(first, "+33639980001") || served.Load() != 1 {
			t.Errorf("%s, then %s; fetched %d times", first, second, served.Load())
		}
		order["message"] = "y"
		if status, answer := signed(t, p, "POST", p.Path("/jobs"), order, "Idempotency-Key", "list"); status != 409 || served.Load() != 1 {
			t.Errorf("another request: %d %s", status, answer)
		}
		if status, answer := signed(t, p, "POST", p.Path("/jobs"), order, "Idempotency-Key", fmt.Sprintf("%0300d", 1)); status != 400 || served.Load() != 1 {
			t.Errorf("a long key: %d %s", status, answer)
		}
	})
}

// Servers that never end, never come to the point, or pack much into little are cut off, at every door that fetches lists.
func TestHostileServersOfLists(t *testing.T) {
	row := []byte(strings.Repeat("0639980000\n", 1000))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := io.Writer(w)
		if strings.HasPrefix(r.URL.Path, "/bomb") {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			to = z
		}
		switch r.URL.Path {
		case "/endless.csv":
			for _, err := to.Write([]byte("number\n")); err == nil; {
				_, err = to.Write(row)
			}
		case "/endless-line.csv", "/bomb.csv":
			for _, err := to.Write([]byte("number\n")); err == nil && r.Context().Err() == nil; {
				_, err = to.Write(make([]byte, 1<<16))
			}
		case "/loop.csv":
			http.Redirect(w, r, "/loop.csv", http.StatusFound)
		case "/inside.csv":
			http.Redirect(w, r, "http://10.0.0.1/a.csv", http.StatusFound)
		case "/metadata.csv":
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusTemporaryRedirect)
		case "/file.csv":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}
	}))
	t.Cleanup(s.Close)
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		for path, c := range map[string]struct {
			status int
			words  string
		}{
			"/endless.csv":      {413, "there are more than 5000 rows"},
			"/endless-line.csv": {413, "the row has more than 65536 bytes"},
			"/bomb.csv":         {413, "the row has more than 65536 bytes"},
			"/loop.csv":         {400, "redirect"},
			"/inside.csv":       {400, "10.0.0.1 is a private address"},
			"/metadata.csv":     {400, "169.254.169.254 is a link-local address"},
			"/file.csv":         {400, "http"},
		} {
			class := map[int]string{400: "Client::BadRequest", 413: "Client::RequestEntityTooLarge"}[c.status]
			order := map[string]any{"message": "x", "sender": p.Info.Sender, "noStopClause": true, "receiversDocumentUrl": s.URL + path}
			wantError(t, p.OVH.Post(p.Path("/jobs"), order, nil), c.status, class, c.words)
			wantError(t, p.OVH.Post(p.Path("/quotes"), order, nil), c.status, class, c.words)
			wantError(t, p.OVH.Post(p.Path("/hlr"), map[string]any{"receiversDocumentUrl": s.URL + path}, nil), c.status, class, c.words)
			if path != "/endless.csv" { // a slot takes a million of its rows first
				wantError(t, p.OVH.Post(p.Path("/receivers"), map[string]any{"slotId": 1, "description": "", "csvUrl": s.URL + path}, nil), c.status, class, c.words)
			}
		}
		var slots []int
		if p.Get("/receivers", &slots); len(slots) > 0 {
			t.Errorf("slots %v", slots)
		}
	})
}
