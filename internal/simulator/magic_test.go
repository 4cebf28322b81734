package simulator_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"ramier/internal/simulator"
	"ramier/internal/smpp"
)

// transit is longer than any ordinary message takes.
const transit = 100 * time.Millisecond

// stories tell what each magic number does, by its name.
var stories = map[string]func(t *testing.T, o *operator, c *client, number string){
	"delivered": func(t *testing.T, o *operator, c *client, number string) {
		delivered(t, o, c, number, transit)
	},
	"delayed": func(t *testing.T, o *operator, c *client, number string) {
		delivered(t, o, c, number, 10*time.Second)
	},
	"absent": func(t *testing.T, o *operator, c *client, number string) {
		id := c.submit(to(number, "Bonjour"))
		o.clock.Advance(transit)
		p := c.deliver()
		if r := smpp.ParseReceipt(p, time.UTC); p.ESMClass != smpp.ESMIntermediateNotified || r.State != smpp.StateEnroute || r.Err != "027" {
			t.Errorf("first comes %v, %+v", p.ESMClass, r)
		}
		o.clock.Advance(time.Minute)
		receipt(t, c, id, smpp.StateDelivered, "000")
	},
	"barred":      fails(smpp.StateUndeliverable, "013"),
	"unknown":     fails(smpp.StateUndeliverable, "001"),
	"spam":        fails(smpp.StateRejected, "036"),
	"content":     fails(smpp.StateRejected, "037"),
	"memory-full": fails(smpp.StateUndeliverable, "032"),
	"failure":     fails(smpp.StateUndeliverable, "034"),
	"expired": func(t *testing.T, o *operator, c *client, number string) {
		id := c.submit(to(number, "Bonjour"))
		o.clock.Advance(30 * time.Second)
		receipt(t, c, id, smpp.StateExpired, "027")
		p := to(number, "Bonjour")
		p.ValidityPeriod, _ = smpp.FormatPeriod(5 * time.Second)
		id = c.submit(p)
		o.clock.Advance(5 * time.Second)
		receipt(t, c, id, smpp.StateExpired, "027")
	},
	"no-receipt": func(t *testing.T, o *operator, c *client, number string) {
		id := c.submit(to(number, "Bonjour"))
		o.clock.Advance(transit)
		o.quiet(c)
		shows(t, o, number, "Bonjour")
		answer, err := c.ask(&smpp.QuerySM{MessageID: id})
		if err != nil || answer.(*smpp.QuerySMResp).State != smpp.StateDelivered {
			t.Errorf("query_sm gives %+v, %v", answer, err)
		}
	},
	"double-receipt": func(t *testing.T, o *operator, c *client, number string) {
		id := c.submit(to(number, "Bonjour"))
		o.clock.Advance(transit)
		receipt(t, c, id, smpp.StateDelivered, "000")
		receipt(t, c, id, smpp.StateDelivered, "000")
		shows(t, o, number, "Bonjour")
	},
	"receipt-first": func(t *testing.T, o *operator, c *client, number string) {
		id := c.submit(to(number, "Bonjour"))
		if len(c.got) != 1 {
			t.Error("the answer came before the receipt")
		}
		receipt(t, c, id, smpp.StateDelivered, "000")
	},
	"throttled": passing(smpp.Throttled),
	"busy":      passing(smpp.SystemError),
	"answer-lost": func(t *testing.T, o *operator, c *client, number string) {
		answered := make(chan smpp.Answer, 1)
		c.Send(t.Context(), to(number, "Bonjour"), func(a smpp.Answer) { answered <- a })
		o.until("the message is taken", func(s simulator.Status) bool { return s.Accepted == 1 })
		o.clock.Advance(transit)
		if r := c.receipt(); r.State != smpp.StateDelivered {
			t.Errorf("%+v", r)
		}
		delivered(t, o, c, "+33639980000", transit) // what is answered behind it shows that it is not
		if len(answered) > 0 || o.Status().Unanswered != 1 {
			t.Error("it was answered")
		}
		shows(t, o, number, "Bonjour")
	},
	"connection-dropped": func(t *testing.T, o *operator, c *client, number string) {
		if _, err := c.ask(to(number, "Bonjour")); !errors.Is(err, smpp.ErrClosed) || errors.Is(err, smpp.ErrNotSent) {
			t.Errorf("the first attempt ends with %v", err)
		}
		c = o.bind()
		o.clock.Advance(transit)
		lost := c.receipt()
		id := c.submit(to(number, "Bonjour"))
		o.clock.Advance(transit)
		receipt(t, c, id, smpp.StateDelivered, "000")
		if lost.ID == id {
			t.Error("both attempts have the same id")
		}
		shows(t, o, number, "Bonjour", "Bonjour")
		o.quiet(c)
	},
	"replies-stop": func(t *testing.T, o *operator, c *client, number string) {
		answers(t, o, c, to(number, "Soldes"), "STOP", "36111")
		answers(t, o, c, shortNumber(to(number, "Soldes")), "STOP", "38080")
	},
	"replies": func(t *testing.T, o *operator, c *client, number string) {
		answers(t, o, c, shortNumber(to(number, "Bonjour")), "Merci !", "38080")
		delivered(t, o, c, number, transit)
		o.clock.Advance(time.Minute)
		o.quiet(c) // a name cannot be answered
	},
	"refused": func(t *testing.T, o *operator, c *client, number string) {
		for range 4 {
			if _, err := c.ask(to(number, "Bonjour")); !errors.Is(err, smpp.InvalidDest) {
				t.Error(err)
			}
		}
		shows(t, o, number)
	},
	"slow-answer": func(t *testing.T, o *operator, c *client, number string) {
		answered := make(chan smpp.Answer, 1)
		c.Send(t.Context(), to(number, "Bonjour"), func(a smpp.Answer) { answered <- a })
		o.until("the message is taken", func(s simulator.Status) bool { return s.Accepted == 1 })
		o.clock.Advance(2 * time.Second)
		delivered(t, o, c, "+33639980000", transit)
		if len(answered) > 0 {
			t.Error("it was answered at once")
		}
		o.clock.Advance(time.Second)
		id := (<-answered).PDU.(*smpp.SubmitSMResp).MessageID
		o.clock.Advance(transit)
		receipt(t, c, id, smpp.StateDelivered, "000")
	},
	"bare-receipt": func(t *testing.T, o *operator, c *client, number string) {
		id := c.submit(to(number, "Bonjour"))
		o.clock.Advance(transit)
		p := c.deliver()
		if r := smpp.ParseReceipt(p, time.UTC); len(p.TLVs) > 0 || r.ID != id || r.State != smpp.StateDelivered {
			t.Errorf("%+v", p)
		}
	},
}

func TestMagicNumbers(t *testing.T) {
	for _, m := range simulator.Magic() {
		t.Run(m.Name, func(t *testing.T) {
			o := start(t, simulator.Options{})
			c := o.bind()
			story := stories[m.Name]
			if story == nil {
				t.Fatal("nobody tells what it does")
			}
			story(t, o, c, m.Number)
			o.quiet(c)
		})
	}
}

func TestMagicTable(t *testing.T) {
	states := []string{"delivered", "failed", "expired", "sent", "indoubt", "refused"}
	for i, m := range simulator.Magic() {
		if want := "+3363998" + []string{"000", "001", "002"}[i/10] + string(rune('0'+i%10)); m.Number != want {
			t.Errorf("%s has the number %s, want %s", m.Name, m.Number, want)
		}
		if !slices.Contains(states, m.State) || !strings.HasSuffix(m.Sentence, ".") && !strings.HasSuffix(m.Sentence, "!") {
			t.Errorf("%+v", m)
		}
	}
}

// receipt checks the next receipt.
func receipt(t *testing.T, c *client, id string, state smpp.MessageState, err string) {
	t.Helper()
	if r := c.receipt(); r.ID != id || r.State != state || r.Err != err {
		t.Errorf("the receipt of %s says %s of %s, err %s; want %s, err %s", id, r.State, r.ID, r.Err, state, err)
	}
}

// delivered is the usual story, with a time until the receipt before which there is none.
func delivered(t *testing.T, o *operator, c *client, number string, after time.Duration) {
	t.Helper()
	id := c.submit(to(number, "Bonjour"))
	o.clock.Advance(after / 2)
	if answer, err := c.ask(&smpp.QuerySM{MessageID: id}); err != nil || after > transit && answer.(*smpp.QuerySMResp).State != smpp.StateEnroute {
		t.Errorf("half way, query_sm gives %+v, %v", answer, err)
	}
	o.clock.Advance(after - after/2)
	receipt(t, c, id, smpp.StateDelivered, "000")
	if all := o.Messages(number); len(all) == 0 || all[len(all)-1].ID != id || all[len(all)-1].State != "delivered" {
		t.Errorf("the handset %s shows %+v", number, all)
	}
}

// fails is the story of a message that never reaches its handset.
func fails(state smpp.MessageState, err string) func(*testing.T, *operator, *client, string) {
	return func(t *testing.T, o *operator, c *client, number string) {
		id := c.submit(to(number, "Bonjour"))
		o.clock.Advance(transit)
		receipt(t, c, id, state, err)
		shows(t, o, number)
		if all := o.Messages(""); len(all) != 1 || all[0].State != state.String() || all[0].Err != err {
			t.Errorf("%+v", all)
		}
	}
}

// passing is the story of a message whose first two attempts fail, each time it is sent.
func passing(status smpp.Status) func(*testing.T, *operator, *client, string) {
	return func(t *testing.T, o *operator, c *client, number string) {
		for range 2 {
			for range 2 {
				if _, err := c.ask(to(number, "Bonjour")); !errors.Is(err, status) {
					t.Errorf("the attempt ends with %v, want %v", err, status)
				}
			}
			delivered(t, o, c, number, transit)
		}
		shows(t, o, number, "Bonjour", "Bonjour")
	}
}

// answers is the story of a message that is answered.
func answers(t *testing.T, o *operator, c *client, p *smpp.SubmitSM, text, address string) {
	t.Helper()
	id := c.submit(p)
	o.clock.Advance(transit)
	receipt(t, c, id, smpp.StateDelivered, "000")
	o.clock.Advance(time.Second)
	if r := c.deliver(); string(r.ShortMessage) != text || r.Dest.Addr != address || r.Source != p.Dest {
		t.Errorf("the handset writes %q from %v to %v, want %q to %s", r.ShortMessage, r.Source, r.Dest, text, address)
	}
}

// shows checks what is on a handset.
func shows(t *testing.T, o *operator, number string, want ...string) {
	t.Helper()
	var got []string
	for _, m := range o.Messages(number) {
		got = append(got, m.Text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the handset %s shows %q, want %q", number, got, want)
	}
}
