// Package carriertest holds the questions that are put to every carrier, whatever it speaks. A carrier brings a table and a
// function that makes it, with an operator at its other end, in a bubble of synthetic time.
package carriertest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ramier/internal/sms"
)

// A Carrier is what the dispatcher takes for one.
type Carrier interface {
	Run(ctx context.Context)
	Room() int
	Submit(ctx context.Context, m sms.Outbound, answer func(sms.Answer))
	Status() sms.CarrierStatus
	Cut()
}

// A Line is a carrier that does not run yet and the operator at its other end.
type Line struct {
	Carrier Carrier
	// Receipt makes the operator send a receipt, or whatever the carrier hands to its inbox, and tells whether it was
	// acknowledged. It returns when that is known.
	Receipt func(ref string) (acknowledged bool)
	// Close ends the operator.
	Close func()
}

// A New makes a line. The operator treats the parts that come by the replies, one after the other, in the words of its
// protocol; after the last one it accepts.
type New[R any] func(t *testing.T, inbox sms.Inbox, replies ...R) Line

// A Case is how an operator treats the parts of one message, and what the carrier must make of it.
type Case[R any] struct {
	Name    string
	Message sms.Outbound // Message if there is no text
	Replies []R

	State sms.State
	Refs  []string
	PTT   int
	Error string        // a part of it
	Retry time.Duration // the least until the next attempt; 0 if the carrier leaves that open
}

// Message is a short one.
var Message = sms.Outbound{
	MessageID: 7001, Source: "Ramier", Receiver: "+33612345678", Text: "Bonjour", Class: sms.PhoneDisplay, Priority: sms.Medium, Parts: 1,
}

// Submit asks what becomes of messages.
func Submit[R any](t *testing.T, line New[R], cases []Case[R]) {
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := start(t, line, c.Replies...)
				defer d.stop()
				m := c.Message
				if m.Text == "" {
					m = Message
				}
				d.submit(t.Context(), m)
				d.answered.Wait()
				c.check(t, d.only(t))
			})
		})
	}
}

func (c Case[R]) check(t *testing.T, a sms.Answer) {
	t.Helper()
	retry := time.Duration(0)
	if !a.RetryAt.IsZero() {
		retry = a.RetryAt.Sub(a.At)
	}
	switch {
	case a.State != c.State || a.PTT != c.PTT:
		t.Errorf("the message is %s with %d, want %s with %d (%s)", a.State, a.PTT, c.State, c.PTT, a.Error)
	case !slices.Equal(a.Refs, c.Refs):
		t.Errorf("references %q, want %q", a.Refs, c.Refs)
	case !strings.Contains(a.Error, c.Error) || c.Error == "" && a.Error != "":
		t.Errorf("error %q, want %q in it", a.Error, c.Error)
	case retry < c.Retry || c.Retry == 0 && retry != 0:
		t.Errorf("next attempt after %v, want %v or more", retry, c.Retry)
	case a.MessageID == 0 || a.CarrierID == 0 || a.At.IsZero():
		t.Errorf("the answer does not say whose it is, or when it came: %+v", a)
	}
}

// Receipts asks whether a receipt is acknowledged when it is stored, and never before.
func Receipts[R any](t *testing.T, line New[R]) {
	for name, c := range map[string]struct {
		stored error
		acked  bool
	}{
		"stored":     {nil, true},
		"not stored": {errors.New("the disk is full"), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := start(t, line)
				defer d.stop()
				var over sync.WaitGroup
				acked, known := false, false
				over.Go(func() { acked, known = d.line.Receipt("7f3a"), true })
				synctest.Wait()
				if known {
					t.Error("the operator was answered before the receipt was stored")
				}
				if len(d.receipts) != 1 {
					t.Fatalf("got %d receipts, want 1", len(d.receipts))
				}
				if r := d.receipts[0]; !slices.Contains(r.receipt.Refs, "7f3a") || r.receipt.CarrierID == 0 {
					t.Errorf("got %+v", r.receipt)
				}
				d.receipts[0].ack(c.stored)
				over.Wait()
				if acked != c.acked {
					t.Errorf("acknowledged: %t, want %t", acked, c.acked)
				}
			})
		})
	}
}

// Stop asks whether a carrier that is stopped waits for the answers to what it has handed over, and takes nothing more. slow
// is a reply that accepts after a while.
func Stop[R any](t *testing.T, line New[R], slow R) {
	synctest.Test(t, func(t *testing.T) {
		d := start(t, line, slow, slow, slow)
		defer d.line.Close()
		if s := d.line.Carrier.Status(); s.State != "connected" {
			t.Errorf("the state is %s, want connected", s.State)
		}
		for range 3 {
			d.submit(t.Context(), Message)
		}
		synctest.Wait()
		d.cancel()
		d.running.Wait()
		if len(d.answers) != 3 {
			t.Fatalf("%d answers after the end, want 3", len(d.answers))
		}
		for _, a := range d.answers {
			if a.State != sms.Sent {
				t.Errorf("the message is %s (%s), want sent", a.State, a.Error)
			}
		}
		d.submit(t.Context(), Message)
		d.answered.Wait()
		if a := d.answers[3]; a.State != sms.Queued {
			t.Errorf("after the end, the message is %s, want queued", a.State)
		}
		if n, s := d.line.Carrier.Room(), d.line.Carrier.Status(); n != 0 || s.State != "stopped" {
			t.Errorf("after the end, there is room for %d and the state is %s", n, s.State)
		}
	})
}

// Cut asks whether a carrier that is cut ends at once and leaves what has no answer in doubt. silent is a reply that never comes.
func Cut[R any](t *testing.T, line New[R], silent R) {
	synctest.Test(t, func(t *testing.T) {
		d := start(t, line, silent, silent)
		defer d.line.Close()
		d.submit(t.Context(), Message)
		d.submit(t.Context(), Message)
		synctest.Wait()
		begin := time.Now()
		d.cancel()
		synctest.Wait()
		d.line.Carrier.Cut()
		d.running.Wait()
		if took := time.Since(begin); took > time.Second {
			t.Errorf("it took %v", took)
		}
		if len(d.answers) != 2 || d.answers[0].State != sms.InDoubt || d.answers[1].State != sms.InDoubt {
			t.Errorf("the answers are %+v", d.answers)
		}
		d.line.Carrier.Cut() // of what is cut already
		d.submit(t.Context(), Message)
		if a := d.answers[2]; a.State != sms.Queued {
			t.Errorf("after the cut, the message is %s, want queued", a.State)
		}
	})
}
