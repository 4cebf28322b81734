package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/sms"
)

// batch is a campaign as the API shows it.
type batch struct {
	ID               string   `json:"id"`
	Status           string   `json:"status"`
	From             *string  `json:"from"`
	SlotID           *string  `json:"slotID"`
	Receivers        []string `json:"receivers"`
	TotalRecords     int      `json:"totalRecords"`
	ProcessedRecords int      `json:"processedRecords"`
	Messages         int      `json:"messages"`
	Credits          float64  `json:"credits"`
	EstimatedCredits float64  `json:"estimatedCredits"`
	Paused           bool     `json:"paused"`
	Reason           *string  `json:"reason"`
	Name             string   `json:"name"`
	Message          string   `json:"message"`
	SentAt           *string  `json:"sentAt"`
	FinishedAt       *string  `json:"finishedAt"`
	ErrorsTotal      int      `json:"errorsTotal"`
	Errors           []struct {
		Receiver, Message, Reason string
		Line                      int
	} `json:"errors"`
}

type batchStatistics struct {
	Pending, Sent, Delivered, Failed, Stoplisted, Cancelled, OptedOut, Total int
	Credits, EstimatedCredits                                                float64
}

// startBatch makes a batch from the sandbox's sender, without STOP clause; fields may replace those.
func startBatch(p *sandboxtest.Platform, text string, more map[string]any) (b batch) {
	body := map[string]any{"message": text, "from": p.Info.Sender, "noStop": true, "name": "test"}
	for k, v := range more {
		body[k] = v
	}
	p.Post("/batches", body, &b)
	return b
}

func getBatch(p *sandboxtest.Platform, id string) (b batch) {
	p.Get("/batches/"+id, &b)
	return b
}

// untilBatch waits for a status. The clock runs faster meanwhile.
func untilBatch(t *testing.T, p *sandboxtest.Platform, id, status string) (b batch) {
	t.Helper()
	p.Until("the batch is "+status, func() bool {
		p.Clock.Advance(200 * time.Millisecond)
		b = getBatch(p, id)
		return b.Status == status
	})
	return b
}

func statistics(p *sandboxtest.Platform, id string) (s batchStatistics) {
	p.Get("/batches/"+id+"/statistics", &s)
	return s
}

// handsets gives so many receivers.
func handsets(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("+336%08d", 20_000_000+i)
	}
	return all
}

const cookbookList = "Numero ;nom ;prenom ;adresse\r\n0662000000 ;Durant ;Pierre ;12 rue Montaigne Paris\r\n0662000001 ;Lefèvre ;Chloë ;3 rue Montaigne Paris\r\n"

func TestABatchSendsACookbooksList(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		base, _ := web(t, map[string]string{"/contacts.csv": cookbookList})
		var slot struct {
			Records, SlotID           int
			CanAutoUpdate, AutoUpdate bool
		}
		p.Post("/receivers", map[string]any{"slotId": 3, "description": "Customers", "csvUrl": base + "/contacts.csv"}, &slot)
		if slot.Records != 2 || slot.SlotID != 3 || !slot.CanAutoUpdate || slot.AutoUpdate {
			t.Errorf("slot %+v", slot)
		}
		b := startBatch(p, "Bonjour #prenom# #nom#", map[string]any{"slotId": "3"})
		if b.Status != "PENDING" || b.TotalRecords != 2 || b.EstimatedCredits != 2 || b.Receivers != nil || *b.SlotID != "3" {
			t.Errorf("created %+v", b)
		}
		b = untilBatch(t, p, b.ID, "COMPLETED")
		if b.Messages != 2 || b.Credits != 2 || b.ProcessedRecords != 2 || b.FinishedAt == nil || b.SentAt == nil {
			t.Errorf("completed %+v", b)
		}
		var ids []int64
		p.Get("/outgoing?batchID="+b.ID, &ids)
		if len(ids) != 2 {
			t.Fatalf("outgoing %v", ids)
		}
		for i, want := range []string{"Bonjour Pierre Durant", "Bonjour Chloë Lefèvre"} {
			p.Await(ids[i], sms.Delivered)
			var o struct{ Message, BatchID string }
			p.Get(fmt.Sprint("/outgoing/", ids[i]), &o)
			if o.Message != want || o.BatchID != b.ID {
				t.Errorf("outgoing %+v", o)
			}
		}
		if s := statistics(p, b.ID); s.Delivered != 2 || s.Sent != 2 || s.Credits != 2 || s.Pending != 0 {
			t.Errorf("statistics %+v", s)
		}
		p.Delete("/batches/" + b.ID)
		wantError(t, p.OVH.Get(p.Path("/batches/"+b.ID), nil), 404, "Client::ObjectNotFound", "does not exist")
		p.Audit()
	})
}

func TestABatchOfGivenReceivers(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		b := startBatch(p, "Bonjour #prenom#", map[string]any{"to": []string{"+33620000001", "0620000002", "06", "+33 6 20 00 00 01", "x"}})
		if len(b.Receivers) != 5 || b.From == nil || *b.From != p.Info.Sender {
			t.Errorf("created %+v", b)
		}
		b = untilBatch(t, p, b.ID, "COMPLETED")
		var lines []int
		for _, e := range b.Errors {
			lines = append(lines, e.Line)
		}
		if b.Messages != 2 || !slices.Equal(lines, []int{3, 5}) || b.Errors[1].Receiver != "x" || b.ErrorsTotal != 2 {
			t.Errorf("completed %+v", b)
		}
		var rest []struct{ Number, Line int }
		p.Get("/batches/"+b.ID+"/errors?after=1&limit=1", &rest)
		if len(rest) != 1 || rest[0].Line != 5 && rest[0].Line != 3 {
			t.Errorf("errors %+v", rest)
		}
		var all []batch
		p.Get("/batches", &all)
		if len(all) != 1 || all[0].ID != b.ID || len(all[0].Receivers) != 5 {
			t.Errorf("batches %+v", all)
		}
		var one batch
		if err := p.OVH.Put(p.Path("/batches/"+b.ID), map[string]any{"name": "Soldes"}, &one); err != nil || one.Name != "Soldes" {
			t.Errorf("renamed %+v: %v", one, err)
		}
		wantError(t, p.OVH.Put(p.Path("/batches/"+b.ID), map[string]any{"name": "Soldes", "message": "y"}, nil), 409, "Client::Conflict", "only its name can be changed")
		wantError(t, p.Other.Get(p.Path("/batches/"+b.ID), nil), 404, "Client::NotFound", "This service does not exist")
		p.Audit()
	})
}

func TestBatchesThatCannotBeMade(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		base, _ := web(t, map[string]string{"/contacts.csv": cookbookList})
		p.Post("/receivers", map[string]any{"slotId": 1, "description": "", "csvUrl": base + "/contacts.csv"}, nil)
		for _, c := range []struct {
			change map[string]any
			status int
			words  string
		}{
			{map[string]any{}, 400, "to is empty, and slotID is not given"},
			{map[string]any{"to": handsets(1), "slotID": "1"}, 400, "to and slotID are both given"},
			{map[string]any{"slotID": "10"}, 400, `slotID = "10" is not a slot`},
			{map[string]any{"slotID": "2"}, 404, "slotId = 2"},
			{map[string]any{"slotID": "1", "message": "#prenm#"}, 400, "did you mean #prenom#?"},
			{map[string]any{"to": handsets(1), "from": ""}, 400, "from is missing"},
			{map[string]any{"to": handsets(1), "from": "nobody"}, 400, "Sms sender nobody does not exists"},
			{map[string]any{"to": handsets(1), "senderForResponse": true}, 400, "from and senderForResponse are both given"},
			{map[string]any{"to": handsets(1), "deferred": "2020-01-01T00:00:00Z"}, 400, "is in the past"},
			{map[string]any{"to": handsets(1), "deferred": "2090-01-01T00:00:00Z"}, 400, "deferred = 2090-01-01T00:00:00Z is later than 366 days"},
			{map[string]any{"to": handsets(1), "name": strings.Repeat("é", 256)}, 400, "name has 256 characters"},
			{map[string]any{"to": handsets(1), "holdMinutes": 1441}, 400, "holdMinutes = 1441"},
			{map[string]any{"to": handsets(1), "spreadHours": 1000}, 400, "spreadHours = 1000"},
			{map[string]any{"to": handsets(1), "canary": -1}, 400, "canary = -1"},
			{map[string]any{"to": handsets(1), "maxFailureRate": 101}, 400, "maxFailureRate = 101"},
			{map[string]any{"to": handsets(5000), "message": strings.Repeat("x", 10000)}, 403, "Not enough credits"},
		} {
			body := map[string]any{"message": "x", "from": p.Info.Sender, "noStop": true}
			for k, v := range c.change {
				body[k] = v
			}
			class := map[int]string{400: "Client::BadRequest", 403: "Client::Forbidden", 404: "Client::ObjectNotFound"}[c.status]
			wantError(t, p.OVH.Post(p.Path("/batches"), body, nil), c.status, class, c.words)
		}
		var all []batch
		if p.Get("/batches", &all); len(all) != 0 {
			t.Errorf("batches %+v", all)
		}
	})
}

func TestARepeatedRequestMakesOneBatch(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		order := map[string]any{"message": "x", "from": p.Info.Sender, "noStop": true, "to": handsets(2)}
		_, first := signed(t, p, "POST", p.Path("/batches"), order, "Idempotency-Key", "one")
		signed(t, p, "POST", p.Path("/batches"), order, "Idempotency-Key", "one")
		var all []batch
		if p.Get("/batches", &all); len(all) != 1 || !strings.Contains(first, all[0].ID) {
			t.Errorf("batches %+v; first %s", all, first)
		}
		order["message"] = "y"
		if status, answer := signed(t, p, "POST", p.Path("/batches"), order, "Idempotency-Key", "one"); status != 409 {
			t.Errorf("another request: %d %s", status, answer)
		}
	})
}

func TestCancellingABatch(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		var before, after struct{ CreditsLeft float64 }
		p.Get("", &before)

		held := startBatch(p, "x", map[string]any{"to": handsets(3), "holdMinutes": 30})
		deferred := startBatch(p, "x", map[string]any{"to": handsets(30), "deferred": p.Clock.Now().Add(48 * time.Hour).Format(time.RFC3339)})
		p.Until("it is planned", func() bool { return getBatch(p, deferred.ID).Status == "INSERTED" })
		if b := getBatch(p, held.ID); b.Status != "PENDING" || b.Credits != 0 {
			t.Errorf("held %+v", b)
		}
		p.Get("", &after)
		if s := statistics(p, deferred.ID); s.Pending != 30 || after.CreditsLeft != before.CreditsLeft-30 {
			t.Errorf("statistics %+v, credits %v", s, after)
		}
		var b batch
		p.Post("/batches/"+held.ID+"/cancel", nil, &b)
		if b.Status != "CANCELED" || b.FinishedAt == nil {
			t.Errorf("cancelled %+v", b)
		}
		p.Post("/batches/"+deferred.ID+"/cancel", nil, &b)
		untilBatch(t, p, deferred.ID, "CANCELED")
		if p.Get("", &after); after != before {
			t.Errorf("credits %v, then %v", before, after)
		}
		if s := statistics(p, deferred.ID); s.Cancelled != 30 || s.Credits != 0 {
			t.Errorf("statistics %+v", s)
		}
		var waiting []int64
		if p.Get("/jobs", &waiting); len(waiting) != 0 {
			t.Errorf("waiting %v", waiting)
		}
		done := startBatch(p, "x", map[string]any{"to": handsets(1)})
		untilBatch(t, p, done.ID, "COMPLETED")
		wantError(t, p.OVH.Post(p.Path("/batches/"+done.ID+"/cancel"), nil, nil), 409, "Client::Conflict", "cannot be cancelled")
		p.Audit()
	})
}

func TestPauseAndResume(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		p.SetCarrier(map[string]any{"rate": 20})
		b := startBatch(p, "x", map[string]any{"to": handsets(100)})
		p.Until("some have left", func() bool { return statistics(p, b.ID).Sent > 0 })
		var paused batch
		p.Post("/batches/"+b.ID+"/pause", nil, &paused)
		if !paused.Paused {
			t.Errorf("paused %+v", paused)
		}
		wantError(t, p.OVH.Post(p.Path("/batches/"+b.ID+"/cancel"), nil, nil), 409, "Client::Conflict", "have left already")
		p.Clock.Advance(72 * time.Hour) // longer than their validity
		var last batchStatistics
		p.Until("nothing more leaves", func() bool {
			p.Clock.Advance(time.Second)
			s := statistics(p, b.ID)
			same := s == last
			last = s
			return same && s.Pending > 0
		})
		p.SetCarrier(map[string]any{"rate": 0})
		p.Post("/batches/"+b.ID+"/resume", nil, nil)
		untilBatch(t, p, b.ID, "COMPLETED")
		p.Until("all have arrived, but for what the carrier had in hand for three days", func() bool {
			p.Clock.Advance(time.Second)
			s := statistics(p, b.ID)
			return s.Delivered+s.Failed == 100 && s.Delivered >= 60
		})
		wantError(t, p.OVH.Post(p.Path("/batches/"+b.ID+"/resume"), nil, nil), 409, "Client::Conflict", "is not paused")
		p.Audit()
	})
}

func TestWhatStillWaitsIsCancelled(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		p.SetCarrier(map[string]any{"rate": 20})
		b := startBatch(p, "x", map[string]any{"to": handsets(500)})
		p.Until("some have left", func() bool { return statistics(p, b.ID).Sent > 0 })
		p.Post("/batches/"+b.ID+"/cancel", map[string]any{"rest": true}, nil)
		b = untilBatch(t, p, b.ID, "CANCELED")
		s := statistics(p, b.ID)
		if s.Sent+s.Failed+s.Cancelled != 500 || s.Cancelled == 0 || s.Pending != 0 || s.Credits != float64(s.Sent) {
			t.Errorf("statistics %+v", s)
		}
		p.Audit()
	})
}

func TestACanaryStopsABadBatch(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		b := startBatch(p, "x", map[string]any{"to": append([]string{number(t, "barred")}, handsets(40)...), "canary": 4})
		p.Until("it has stopped", func() bool {
			p.Clock.Advance(time.Second)
			return getBatch(p, b.ID).Paused
		})
		b = getBatch(p, b.ID)
		if b.Reason == nil || !strings.Contains(*b.Reason, "1 of 4 messages have failed: 25.0 %") || b.Messages != 4 || b.Status != "INSERTING" {
			t.Errorf("stopped %+v", b)
		}
		p.Post("/batches/"+b.ID+"/resume", nil, nil)
		if b = untilBatch(t, p, b.ID, "COMPLETED"); b.Messages != 41 {
			t.Errorf("completed %+v", b)
		}
		good := startBatch(p, "x", map[string]any{"to": handsets(20), "canary": 3})
		if b = untilBatch(t, p, good.ID, "COMPLETED"); b.Messages != 20 || b.Paused {
			t.Errorf("completed %+v", b)
		}
		p.Audit()
	})
}

func TestASpreadBatchLeavesOverItsHours(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		b := startBatch(p, "x", map[string]any{"to": handsets(60), "spreadHours": 1})
		p.Until("it is planned", func() bool { return getBatch(p, b.ID).Status == "INSERTED" })
		p.Clock.Advance(30 * time.Minute)
		p.Until("half of it has left", func() bool { return statistics(p, b.ID).Sent >= 30 })
		if s := statistics(p, b.ID); s.Sent > 40 {
			t.Errorf("statistics %+v", s)
		}
		p.Clock.Advance(30 * time.Minute)
		untilBatch(t, p, b.ID, "COMPLETED")
		p.Audit()
	})
}

// The time of a batch that is planned and charged can be changed until a message has left; what is paused stays so.
func TestADeferredBatchLeavesAtAnotherTime(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		now := p.Clock.Now()
		in := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339) }
		put := func(b batch, body map[string]any) {
			t.Helper()
			if err := p.OVH.Put(p.Path("/batches/"+b.ID), body, nil); err != nil {
				t.Fatal(err)
			}
		}
		body := map[string]any{"to": handsets(3), "deferred": in(2 * time.Hour)}
		moved, paused, sooner := startBatch(p, "x", body), startBatch(p, "x", body), startBatch(p, "x", body)
		spread := startBatch(p, "x", map[string]any{"to": handsets(2), "deferred": in(2 * time.Hour), "spreadHours": 2})
		for _, b := range []batch{moved, paused, sooner, spread} {
			p.Until("it is planned", func() bool { return getBatch(p, b.ID).Status == "INSERTED" })
		}
		p.Post("/batches/"+paused.ID+"/pause", nil, nil)
		for _, b := range []batch{moved, paused, spread} {
			put(b, map[string]any{"deferred": in(4 * time.Hour)})
		}
		put(sooner, map[string]any{"deferred": in(-time.Minute), "name": "now"})
		untilBatch(t, p, sooner.ID, "COMPLETED")
		if b := getBatch(p, sooner.ID); b.Name != "now" || b.Credits != 3 {
			t.Errorf("sooner %+v", b)
		}
		wantError(t, p.OVH.Put(p.Path("/batches/"+sooner.ID), map[string]any{"deferred": in(5 * time.Hour)}, nil), 409, "Client::Conflict", "only its name")
		wantError(t, p.OVH.Put(p.Path("/batches/"+moved.ID), map[string]any{"message": "y"}, nil), 409, "Client::Conflict", "text cannot be changed")
		var ids []int64
		p.Get("/outgoing?batchID="+moved.ID, &ids)
		var job struct{ DifferedDelivery int }
		p.Get(fmt.Sprint("/jobs/", ids[0]), &job)
		if job.DifferedDelivery < 238 || job.DifferedDelivery > 240 || getBatch(p, moved.ID).Name != "test" {
			t.Errorf("job %+v", job)
		}
		p.Clock.Set(now.Add(3 * time.Hour))
		untilBatch(t, p, startBatch(p, "after", map[string]any{"to": handsets(1)}).ID, "COMPLETED")
		p.Clock.Set(now.Add(4*time.Hour + time.Minute))
		untilBatch(t, p, moved.ID, "COMPLETED")
		p.Until("the first of the spread ones has left", func() bool { return statistics(p, spread.ID).Sent == 1 })
		wantError(t, p.OVH.Put(p.Path("/batches/"+spread.ID), map[string]any{"deferred": in(9 * time.Hour)}, nil), 409, "Client::Conflict", "have left already")
		if s := statistics(p, paused.ID); s.Pending != 3 || s.Sent != 0 {
			t.Errorf("paused %+v", s)
		}
		var first struct{ SentAt time.Time }
		p.Get(fmt.Sprint("/outgoing/", ids[0]), &first)
		if first.SentAt.Before(now.Add(4 * time.Hour).Truncate(time.Second)) {
			t.Errorf("it left at %v", first.SentAt)
		}
		p.Post("/batches/"+paused.ID+"/resume", nil, nil)
		untilBatch(t, p, paused.ID, "COMPLETED")
		p.Clock.Set(now.Add(5*time.Hour + time.Minute))
		untilBatch(t, p, spread.ID, "COMPLETED")
		p.Audit()
	})
}

// A batch is quoted with its own body, receiver by receiver as far as they are shown, and then charged exactly that.
func TestABatchIsQuoted(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		base, _ := web(t, map[string]string{"/a.csv": cookbookList + "12;X;Y;\r\n"})
		p.Post("/receivers", map[string]any{"slotId": 2, "description": "", "csvUrl": base + "/a.csv"}, nil)
		body := map[string]any{"message": "Bonjour #prenom# #nom#", "from": p.Info.Sender, "noStop": true, "slotId": "2", "name": "test", "class": "PHONE"}
		var q struct {
			ID                            string
			Credits                       float64
			Messages, Parts, InvalidTotal int
			Batch                         *string
			Receivers                     []struct{ Receiver, Message string }
			Invalid                       []struct{ Receiver string }
		}
		p.Post("/quotes", body, &q)
		if q.Credits != 2 || q.Messages != 2 || q.Parts != 2 || q.InvalidTotal != 1 || len(q.Receivers) != 2 || q.Receivers[1].Message != "Bonjour Chloë Lefèvre" ||
			len(q.Invalid) != 1 || q.Batch != nil {
			t.Errorf("%+v", q)
		}
		var shown struct{ Batch *string }
		b := startBatch(p, "Bonjour #prenom# #nom#", map[string]any{"slotID": "2", "quoteId": q.ID, "class": "PHONE"})
		if p.Get("/quotes/"+q.ID, &shown); shown.Batch == nil || *shown.Batch != b.ID || b.EstimatedCredits != 2 {
			t.Errorf("%+v, %+v", shown, b)
		}
		if b = untilBatch(t, p, b.ID, "COMPLETED"); b.Credits != 2 || b.Messages != 2 {
			t.Errorf("%+v", b)
		}
		body["quoteId"] = q.ID
		wantError(t, p.OVH.Post(p.Path("/batches"), body, nil), 409, "Client::Conflict", "was used by the batch "+b.ID)
		delete(body, "quoteId")
		for name, words := range map[string]string{"receivers": "receivers belongs to a job", "sender": "sender belongs to a job"} {
			wrong := map[string]any{name: p.Info.Sender}
			if name == "receivers" {
				wrong[name] = []string{"+33639980000"}
			}
			for k, v := range body {
				wrong[k] = v
			}
			wantError(t, p.OVH.Post(p.Path("/quotes"), wrong, nil), 400, "Client::BadRequest", words)
		}
		wantError(t, p.Other.Get(p.Path("/quotes/"+q.ID), nil), 404, "Client::NotFound", "This service does not exist")
		p.Audit()
	})
}

// Those who have a campaign's first messages and answer STOP stop it.
func TestACanaryStopsABatchThatIsNotWanted(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		b := startBatch(p, "x", map[string]any{
			"to": append([]string{number(t, "replies-stop"), number(t, "delivered")}, handsets(40)...), "canary": 4, "canaryMinutes": 5, "maxStopRate": 20, "maxFailureRate": 100,
		})
		p.Until("it has stopped", func() bool {
			p.Clock.Advance(5 * time.Second)
			return getBatch(p, b.ID).Paused
		})
		b = getBatch(p, b.ID)
		if b.Reason == nil || !strings.Contains(*b.Reason, "1 of 4 receivers have answered STOP: 25.0 %, more than 20 %") || b.Messages != 4 || b.Status != "INSERTING" {
			t.Errorf("stopped %+v, %v", b, deref(b.Reason))
		}
		if s := statistics(p, b.ID); s.OptedOut != 1 || s.Delivered != 4 || s.Sent != 4 {
			t.Errorf("%+v", s)
		}
		wanted := startBatch(p, "x", map[string]any{
			"to": append([]string{number(t, "replies-stop")}, handsets(20)...), "canary": 5, "canaryMinutes": 1, "maxStopRate": 50,
		})
		if b = untilBatch(t, p, wanted.ID, "COMPLETED"); b.Paused || b.Messages != 21 {
			t.Errorf("completed %+v", b)
		}
		p.Audit()
	})
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
