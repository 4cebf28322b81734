package apptest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// An Order is one request for messages and what it was answered.
type Order struct {
	Tag       string // begins its text, too; no other order has it
	Key       string // its Idempotency-Key
	Service   string
	Receivers []string // that are valid
	Parts     int      // of each message
	Hopeless  string   // why it has to be refused

	body map[string]any

	IDs        []int64 // of the answer
	Accepted   int     // how often it was answered that it is accepted
	Refused    int     // how often with an error that says that nothing was done
	Unanswered int     // how often not at all, or with an error that says that nobody knows
	Unlike     string  // what a repetition was answered, if it differs from the first answer
}

// Refused is the magic number that the operator refuses at once.
const Refused = "+33639980015"

// number draws a mobile number without magic.
func number(r *rand.Rand) string { return fmt.Sprintf("+336%08d", 10_000_000+r.IntN(20_000_000)) }

// newOrder draws an order: one message or many, short or long, wanted or advertising, and now and then one that is
// refused.
func newOrder(r *rand.Rand, tag, service, poor string) *Order {
	o := &Order{Tag: tag, Service: service, Parts: 1}
	count := 1
	switch n := r.IntN(10); {
	case n == 0:
		count = 50 + r.IntN(150)
	case n < 3:
		count = 2 + r.IntN(20)
	}
	text := tag + " kill me if you can"
	if r.IntN(8) == 0 {
		text, o.Parts = tag+strings.Repeat(" abcdefghi", 39), 3
		count = min(count, 30)
	}
	drawn := map[string]bool{}
	for len(o.Receivers) < count {
		if n := number(r); !drawn[n] {
			drawn[n] = true
			o.Receivers = append(o.Receivers, n)
		}
	}
	if r.IntN(4) == 0 {
		o.Receivers = append(o.Receivers, Refused)
	}
	all := o.Receivers
	if r.IntN(8) == 0 {
		all = append(all[:len(all):len(all)], "+3312")
	}
	marketing := r.IntN(4) == 0
	o.body = map[string]any{
		"message": text, "receivers": all, "sender": "Ramier", "noStopClause": !marketing, "tag": tag,
		"priority": []string{"high", "medium", "low", "veryLow"}[r.IntN(4)],
	}
	switch r.IntN(40) {
	case 0:
		o.Hopeless, o.Service = "no credits", poor
	case 1:
		o.Hopeless, o.body["sender"] = "no such sender", "Nobody"
	case 2:
		o.Hopeless, o.body["receivers"] = "no receiver", []string{"+3312"}
	}
	if r.IntN(2) == 0 {
		o.Key = "key " + tag
	}
	return o
}
