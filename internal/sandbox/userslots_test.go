package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
)

// The slots of an SMS user are his own: neither his service nor another user has them.
func TestSlotsOfUsers(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		base, _ := web(t, map[string]string{"/a.csv": cookbookList, "/b.csv": "number;nom\n0639980000;A\n+33639980000;B\n12;C\n"})
		for _, login := range []string{"alice", "bob"} {
			addUser(t, p, login, -1)
		}
		const alice, bob = "/users/alice/receivers", "/users/bob/receivers"
		var s slot
		p.Post(alice, object{"slotId": 2, "description": "Hers", "csvUrl": base + "/a.csv"}, &s)
		if s.Records != 2 || s.SlotID != 2 || s.Description != "Hers" || !s.CanAutoUpdate {
			t.Errorf("created %+v", s)
		}
		p.Post(bob, object{"slotId": 2, "description": "His", "csvUrl": base + "/b.csv"}, &s)
		p.Post("/receivers", object{"slotId": 1, "description": "The shop's", "csvUrl": base + "/b.csv"}, &s)
		for path, want := range map[string][]int{"/receivers": {1}, alice: {2}, bob: {2}} {
			var slots []int
			if p.Get(path, &slots); !slices.Equal(slots, want) {
				t.Errorf("%s: %v, want %v", path, slots, want)
			}
		}
		wantError(t, p.OVH.Get(p.Path(alice+"/1"), nil), 404, "Client::ObjectNotFound", "slotId = 1")
		wantError(t, p.OVH.Get(p.Path(alice+"/0"), nil), 404, "Client::ObjectNotFound", "slots are 1 to 9")
		wantError(t, p.OVH.Get(p.Path("/receivers/2"), nil), 404, "Client::ObjectNotFound", "slotId = 2")
		wantError(t, p.OVH.Post(p.Path(alice), object{"slotId": 2, "description": "", "csvUrl": base + "/b.csv"}, nil), 409, "Client::Conflict", "The slot 2 holds a list already")

		var r sandboxtest.Report
		order := object{"message": "Bonjour #prenom#", "receiversSlotId": "2", "sender": "Ramier", "noStopClause": true}
		p.Post("/users/alice/jobs", order, &r)
		if !slices.Equal(r.ValidReceivers, []string{"+33662000000", "+33662000001"}) || p.Outgoing(r.IDs[0]).Message != "Bonjour Pierre" {
			t.Errorf("hers: %+v", r)
		}
		refused(t, p.OVH.Post(p.Path("/jobs"), order, nil), 404, "slotId = 2")
		order["receiversSlotId"] = "1"
		refused(t, p.OVH.Post(p.Path("/users/alice/jobs"), order, nil), 404, "slotId = 1")

		put(t, p, alice+"/2", object{"description": "Changed", "autoUpdate": true})
		if p.Get(alice+"/2", &s); s.Description != "Changed" || !s.AutoUpdate {
			t.Errorf("changed %+v", s)
		}
		if p.Get(bob+"/2", &s); s.Description != "His" || s.AutoUpdate {
			t.Errorf("his %+v", s)
		}
		var report struct{ TaskID int64 }
		p.Post(bob+"/2/clean", object{"freemium": true, "priceOnly": false}, &report)
		var text string
		if p.Get(bob+"/2/csv", &text); text != "number;nom\n0639980000;A\n" || report.TaskID == 0 {
			t.Errorf("clean: %q, %+v", text, report)
		}
		if p.Get("/receivers/1/csv", &text); strings.Count(text, "\n") != 4 {
			t.Errorf("the shop's list was cleaned too: %q", text)
		}
		p.Delete(alice + "/2")
		refused(t, p.OVH.Get(p.Path(alice+"/2"), nil), 404, "slotId = 2")
		if p.Get(bob+"/2", &s); s.Records != 1 {
			t.Errorf("his after hers went: %+v", s)
		}
		refused(t, p.Other.Get(p.Path(bob), nil), 404, "This service does not exist")
		p.Delete("/users/bob")
		addUser(t, p, "bob", -1)
		var slots []int
		if p.Get(bob, &slots); len(slots) != 0 {
			t.Errorf("the next user of that name has %v", slots)
		}
	})
}

// A slot takes its list from a document that was uploaded before.
func TestSlotsFromDocuments(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		addUser(t, p, "alice", -1)
		d := makeDocument(t, p, "contacts.csv", cookbookList)
		for i, tree := range []string{"/receivers", "/users/alice/receivers"} {
			var s slot
			p.Post(tree, object{"slotId": i + 1, "description": "", "documentId": strings.ToUpper(d.ID), "csvUrl": nil}, &s)
			if s.Records != 2 || s.CanAutoUpdate || s.AutoUpdate {
				t.Errorf("%s: %+v", tree, s)
			}
			refused(t, p.OVH.Put(p.Path(fmt.Sprintf("%s/%d", tree, i+1)), object{"autoUpdate": true}, nil), 400, "needs a list from a csvUrl")
		}
		if err := p.OVH.Delete("/me/document/"+d.ID, nil); err != nil {
			t.Fatal(err)
		}
		if r := p.Send("Bonjour #prenom#", nil, object{"receiversSlotId": "1"}); len(r.IDs) != 2 || p.Outgoing(r.IDs[1]).Message != "Bonjour Chloë" {
			t.Errorf("after the document has gone: %+v", r)
		}
		var empty, theirs document
		if err := p.OVH.Post("/me/document", object{"name": "empty.csv"}, &empty); err != nil {
			t.Fatal(err)
		}
		if err := p.Other.Post("/me/document", object{"name": "theirs.csv"}, &theirs); err != nil {
			t.Fatal(err)
		}
		transfer(t, "PUT", theirs.PutURL, cookbookList)
		bad := makeDocument(t, p, "bad.csv", "nom;prenom\nA;B\n")
		old := makeDocument(t, p, "old.csv", cookbookList)
		if err := p.OVH.Put("/me/document/"+old.ID, object{"expirationDate": p.Clock.Now().Add(time.Hour).Format(time.RFC3339)}, nil); err != nil {
			t.Fatal(err)
		}
		p.Clock.Advance(2 * time.Hour)
		for _, c := range []struct {
			body  object
			words string
		}{
			{object{"documentId": theirs.ID}, "documentId"},
			{object{"documentId": old.ID}, "documentId"},
			{object{"documentId": "x"}, "documentId"},
			{object{"documentId": empty.ID}, "has no content yet: PUT the file to its putUrl first"},
			{object{"documentId": bad.ID}, "bad.csv"},
			{object{"documentId": bad.ID, "csvUrl": "http://example.org/a.csv"}, "csvUrl and documentId are both given"},
			{object{"documentId": bad.ID, "autoUpdate": true}, "a document is not fetched again"},
			{object{"documentId": ""}, "csvUrl is missing, and documentId too"},
		} {
			c.body["slotId"], c.body["description"] = 5, ""
			wantError(t, p.OVH.Post(p.Path("/receivers"), c.body, nil), 400, "Client::BadRequest", c.words)
		}
	})
}
