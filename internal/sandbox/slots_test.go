package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
)

type slot struct {
	AutoUpdate, CanAutoUpdate bool
	Datetime, Description     string
	Records, SlotID           int
}

func TestSlots(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		files := map[string]string{"/a.csv": cookbookList}
		base, served := web(t, files)
		var s slot
		p.Post("/receivers", map[string]any{"slotId": 2, "description": "Customers", "csvUrl": base + "/a.csv", "documentId": nil}, &s)
		if s.Records != 2 || s.SlotID != 2 || s.Description != "Customers" || s.AutoUpdate || !s.CanAutoUpdate {
			t.Errorf("created %+v", s)
		}
		var slots []int
		if p.Get("/receivers", &slots); !slices.Equal(slots, []int{2}) {
			t.Errorf("slots %v", slots)
		}
		var text string
		p.Get("/receivers/2/csv", &text)
		if want := "Numero;nom;prenom;adresse\n0662000000;Durant;Pierre;12 rue Montaigne Paris\n0662000001;Lefèvre;Chloë;3 rue Montaigne Paris\n"; text != want {
			t.Errorf("csv %q", text)
		}
		r := p.Send("Bonjour #prenom#", nil, map[string]any{"receivers": nil, "receiversSlotId": "2"})
		if !slices.Equal(r.ValidReceivers, []string{"+33662000000", "+33662000001"}) || p.Outgoing(r.IDs[1]).Message != "Bonjour Chloë" {
			t.Errorf("report %+v", r)
		}
		if served.Load() != 1 {
			t.Errorf("the list was fetched %d times", served.Load())
		}

		files["/a.csv"] = cookbookList + "0662000002;Petit;Anne;\r\n"
		if err := p.OVH.Put(p.Path("/receivers/2"), map[string]any{"autoUpdate": true}, nil); err != nil {
			t.Fatal(err)
		}
		if r := p.Send("Bonjour #prenom#", nil, map[string]any{"receiversSlotId": "2"}); len(r.IDs) != 3 {
			t.Errorf("report %+v", r)
		}
		files["/a.csv"] += "0662000003;Grand;Luc;\r\n"
		b := startBatch(p, "Bonjour #prenom#", map[string]any{"slotID": "2"})
		if b = untilBatch(t, p, b.ID, "COMPLETED"); b.Messages != 4 || b.TotalRecords != 4 {
			t.Errorf("batch %+v", b)
		}
		if p.Get("/receivers/2", &s); !s.AutoUpdate || s.Records != 4 || s.Description != "Customers" {
			t.Errorf("slot %+v", s)
		}
		delete(files, "/a.csv")
		b = startBatch(p, "Bonjour", map[string]any{"slotID": "2"})
		if b = untilBatch(t, p, b.ID, "FAILED"); b.Reason == nil || !strings.Contains(*b.Reason, "404 Not Found") {
			t.Errorf("batch %+v", b)
		}
		p.Delete("/receivers/2")
		wantError(t, p.OVH.Get(p.Path("/receivers/2"), nil), 404, "Client::ObjectNotFound", "slotId = 2")
		p.Audit()
	})
}

func TestASlotIsCleaned(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		base, _ := web(t, map[string]string{
			"/a.csv": "nom,mobile\nA,0639980000\nB,12\nC,+33639980000\nD,0140000000\nE,6.4E+08\nF,0639980001\n", "/b.csv": "12\nx12\n",
			"/bad.csv": "number;nom\n0639980000;A\n0639980001;\"B\n",
		})
		p.Post("/receivers", map[string]any{"slotId": 1, "description": "", "autoUpdate": false, "csvUrl": base + "/a.csv"}, nil)
		var report struct {
			TaskID              int64
			TotalCreditsRemoved float64
		}
		p.Post("/receivers/1/clean", map[string]any{"freemium": false, "priceOnly": true}, &report)
		if report.TotalCreditsRemoved != 0.2 {
			t.Errorf("price %+v", report)
		}
		p.Post("/receivers/1/clean", map[string]any{"freemium": true, "priceOnly": false}, &report)
		var text string
		if p.Get("/receivers/1/csv", &text); text != "nom;mobile\nA;0639980000\nF;0639980001\n" || report.TaskID == 0 || report.TotalCreditsRemoved != 0 {
			t.Errorf("csv %q, report %+v", text, report)
		}
		for _, c := range []struct {
			body  map[string]any
			code  int
			class string
			words string
		}{
			{map[string]any{"slotId": 1, "csvUrl": base + "/a.csv"}, 409, "Client::Conflict", "The slot 1 holds a list already"},
			{map[string]any{"slotId": 10, "csvUrl": base + "/a.csv"}, 400, "Client::BadRequest", "slotId = 10 is not between 1 and 9"},
			{map[string]any{"slotId": 3}, 400, "Client::BadRequest", "csvUrl is missing"},
			{map[string]any{"slotId": 3, "documentId": "x"}, 400, "Client::BadRequest", "documentId"},
			{map[string]any{"slotId": 3, "csvUrl": base + "/bad.csv"}, 400, "Client::BadRequest", "on line 3"},
			{map[string]any{"slotId": 3, "csvUrl": base + "/none.csv"}, 400, "Client::BadRequest", "404 Not Found"},
			{map[string]any{"slotId": 3, "csvUrl": "http://10.0.0.1/a.csv"}, 400, "Client::BadRequest", "is a private address"},
		} {
			c.body["description"] = ""
			wantError(t, p.OVH.Post(p.Path("/receivers"), c.body, nil), c.code, c.class, c.words)
		}
		p.SetCarrier(map[string]any{"lookups": false})
		wantError(t, p.OVH.Post(p.Path("/receivers/1/clean"), map[string]any{"freemium": false, "priceOnly": false}, nil), 503, "Server::ServiceUnavailable", "no carrier")
		wantError(t, p.Other.Get(p.Path("/receivers"), nil), 404, "Client::NotFound", "This service does not exist")
		wantError(t, p.OVH.Post(p.Path("/jobs"), map[string]any{"message": "x", "receiversSlotId": "7"}, nil), 404, "Client::ObjectNotFound", "slotId = 7")
		var slots []int
		if p.Get("/receivers", &slots); !slices.Equal(slots, []int{1}) {
			t.Errorf("slots %v", slots)
		}
	})
}

// The operators are asked over SMPP, about each number once; what they know decides who stays.
func TestASlotIsCleanedByLookups(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		const magic = "06399800"
		base, _ := web(t, map[string]string{"/a.csv": "nom,mobile\nA," + magic + "00\nB,12\nC,+336399800" + "00\nD," + magic + "02\nE," + magic + "04\nF,0639980101\nG," + magic + "21\n"})
		p.Post("/receivers", map[string]any{"slotId": 1, "description": "", "csvUrl": base + "/a.csv"}, nil)
		before := credits(p)
		var report struct {
			TaskID              int64
			TotalCreditsRemoved float64
		}
		p.Post("/receivers/1/clean", map[string]any{"freemium": false, "priceOnly": false}, &report)
		if report.TotalCreditsRemoved != 0.5 || report.TaskID == 0 {
			t.Errorf("%+v", report)
		}
		p.Restart()
		var task struct{ Function, Status, Step, Message string }
		p.Until("the task ends", func() bool {
			p.Clock.Advance(time.Second)
			p.Get(fmt.Sprintf("/task/%d", report.TaskID), &task)
			return task.Status == "done" || task.Status == "error"
		})
		if task.Function != "cleanSmsReceivers" || task.Status != "done" || task.Step != "finishing" || !strings.HasPrefix(task.Message, "3 of 7 receivers are left") {
			t.Errorf("%+v", task)
		}
		var text string
		if p.Get("/receivers/1/csv", &text); text != "nom;mobile\nA;"+magic+"00\nF;0639980101\nG;"+magic+"21\n" {
			t.Errorf("csv %q", text)
		}
		if left := credits(p); before-left < 0.39 || before-left > 0.41 { // the one without an answer costs nothing
			t.Errorf("%v and then %v credits", before, left)
		}
		p.Await(p.Send("x", []string{"+336399801" + "01"}).IDs[0], "delivered") // an audit of no messages proves nothing
		p.Audit()
	})
}

// A batch for a slot that is to be updated is looked at with the file of today before it is refused.
func TestABatchIsNotRefusedForAnOldFile(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		files := map[string]string{"/a.csv": "number;name\n0639980100;Zoé\n"}
		base, _ := web(t, files)
		p.Post("/receivers", map[string]any{"slotId": 1, "description": "", "autoUpdate": true, "csvUrl": base + "/a.csv"}, nil)
		wantError(t, p.OVH.Post(p.Path("/batches"), map[string]any{"message": "Bonjour #prenom#", "from": p.Info.Sender, "slotID": "1"}, nil),
			400, "Client::BadRequest", "names the column")
		files["/a.csv"] = "number;prenom\n0639980100;Zoé\n0639980101;Léa\n"
		b := startBatch(p, "Bonjour #prenom#", map[string]any{"slotID": "1"})
		if b.TotalRecords != 2 || b.EstimatedCredits != 2 {
			t.Errorf("created %+v", b)
		}
		if b = untilBatch(t, p, b.ID, "COMPLETED"); b.Messages != 2 || b.Credits != 2 {
			t.Errorf("completed %+v", b)
		}
		p.Audit()
	})
}
