package sandbox_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ovh/go-ovh/ovh"

	"ramier/internal/sandbox/sandboxtest"
)

type quote struct {
	ID                       string
	ExpirationDatetime       time.Time
	Credits, CreditsLeft     float64
	Messages, Parts, Refused int
	Job                      *int64
	Receivers                []struct {
		Receiver, Message, Country, Carrier, CharactersClass string
		UnicodeCharacter, Refusal, Delay                     *string
		UnicodePosition                                      *int
		Characters, Parts, PTT                               int
		Credits                                              float64
		SendAt                                               time.Time
	}
	Invalid []struct{ Receiver, Reason, Message string }
}

func TestAQuoteShowsWhatEachReceiverWouldGet(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		order := map[string]any{
			"message": "Vos soldes à -20 % chez nous, forêt", "receivers": []string{arrives, "+32470998001", "123", arrives}, "sender": p.Info.Sender,
		}
		var q, again quote
		p.Post("/quotes", order, &q)
		p.Get("/quotes/"+q.ID, &again)
		if q.Messages != 2 || len(q.Receivers) != 2 || len(q.Invalid) != 1 || q.Invalid[0].Receiver != "123" || q.Invalid[0].Message == "" || q.Job != nil {
			t.Fatalf("%+v", q)
		}
		if again.Credits != q.Credits || len(again.Receivers) != 2 || !again.ExpirationDatetime.Equal(q.ExpirationDatetime) {
			t.Errorf("again: %+v", again)
		}
		fr := q.Receivers[0]
		if fr.Receiver != arrives || fr.CharactersClass != "unicode" || *fr.UnicodeCharacter != "ê" || *fr.UnicodePosition != 33 || fr.Carrier != "simulator" ||
			!strings.Contains(fr.Message, "STOP") || fr.Parts != 1 || fr.Credits != q.Credits-q.Receivers[1].Credits {
			t.Errorf("%+v", fr)
		}
		order["quoteId"] = q.ID
		var r sandboxtest.Report
		p.Post("/jobs", order, &r)
		if r.TotalCreditsRemoved != q.Credits || len(r.IDs) != 2 {
			t.Errorf("charged %+v, quoted %v", r, q.Credits)
		}
		p.Get("/quotes/"+q.ID, &again)
		if again.Job == nil || *again.Job != r.IDs[0] || again.CreditsLeft != q.CreditsLeft-q.Credits {
			t.Errorf("after its use: %+v", again)
		}
		var e *ovh.APIError
		if err := p.OVH.Post(p.Path("/jobs"), order, nil); !errors.As(err, &e) || e.Code != 409 {
			t.Errorf("used twice: %v", err)
		}
		delete(order, "quoteId")
		p.Post("/quotes", order, &q)
		order["quoteId"], order["message"] = q.ID, order["message"].(string)+strings.Repeat(" encore", 10)
		if err := p.OVH.Post(p.Path("/jobs"), order, nil); !errors.As(err, &e) || e.Code != 409 || e.Details["quoted"] == "" || e.Details["difference"] == "" {
			t.Errorf("another order: %v", err)
		}
		if err := p.Other.Get(p.Path("/quotes/"+q.ID), nil); err == nil {
			t.Error("another customer reads the quote")
		}
		p.Audit()
	})
}

// A quote of a file names the line of each receiver, and the columns that left their place in the text empty.
func TestAQuoteOfAFileNamesEmptyColumns(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		base, _ := web(t, map[string]string{"/a.csv": "number;prenom;ville\n0639980100;;\n\n0639980101;Zoé;Lyon\n"})
		var q struct {
			Credits   float64
			Receivers []struct {
				Message      string
				Line         int
				EmptyColumns []string
			}
		}
		p.Post("/quotes", map[string]any{
			"message": "Bonjour #prenom|client# de {ville}", "sender": p.Info.Sender, "noStopClause": true, "receiversDocumentUrl": base + "/a.csv",
		}, &q)
		if len(q.Receivers) != 2 || q.Credits != 2 {
			t.Fatalf("%+v", q)
		}
		if r := q.Receivers[0]; r.Message != "Bonjour client de " || r.Line != 2 || strings.Join(r.EmptyColumns, " ") != "ville" {
			t.Errorf("%+v", r)
		}
		if r := q.Receivers[1]; r.Message != "Bonjour Zoé de Lyon" || r.Line != 4 || len(r.EmptyColumns) != 0 {
			t.Errorf("%+v", r)
		}
	})
}
