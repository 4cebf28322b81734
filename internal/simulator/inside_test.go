package simulator

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ramier/internal/smpp"
)

// The lean writer writes what smpp's receipts say.
func TestReceiptsAreThoseOfSMPP(t *testing.T) {
	var w writer
	rapid.Check(t, func(t *rapid.T) {
		d := delivery{
			id:    rapid.Uint64Min(1).Draw(t, "id"),
			from:  smpp.Address{TON: smpp.TONInternational, Addr: "33612345678"},
			to:    smpp.Address{Addr: "38080"},
			state: rapid.SampledFrom([]smpp.MessageState{1, 2, 3, 4, 5, 8}).Draw(t, "state"),
			err:   rapid.SampledFrom([]uint16{0, 1, 27, 255}).Draw(t, "err"),
			taken: rapid.Int64Range(0, 4e15).Draw(t, "taken"),
			quote: quoted([]byte(rapid.StringMatching(`[a-z ]{0,30}`).Draw(t, "text")), 0),
		}
		d.due = d.taken + rapid.Int64Range(0, 1e9).Draw(t, "after")
		p := part{id: d.id, err: d.err}
		r := smpp.Receipt{
			ID: Decimal.answered(p.id), State: d.state, Err: p.errWord(), Submitted: timeAt(d.taken), Done: timeAt(d.due),
			Text: string(d.quote.chars[:d.quote.length]),
		}
		if d.err != 0 {
			r.NetworkError = smpp.NetworkError{Network: gsmNetwork, Code: d.err}
		}
		want, _ := smpp.Append(nil, 1, smpp.OK, r.DeliverSM(d.from, d.to))
		got, err := smpp.Append(nil, 1, smpp.OK, w.receipt(&d, 10))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v\n%s\n%s", err, smpp.Describe(got), smpp.Describe(want))
		}
	})
}

// Events come out by their times, those of the same time as they went in.
func TestSchedule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q schedule
		var want []event
		for range rapid.IntRange(0, 100).Draw(t, "events") {
			e := event{at: rapid.Int64Range(0, 20).Draw(t, "at")}
			q.push(e)
			e.order = q.order
			want = append(want, e)
			if rapid.Bool().Draw(t, "pop") {
				slices.SortStableFunc(want, func(a, b event) int { return int(a.at - b.at) })
				if got := q.pop(); got.at != want[0].at || got.order != want[0].order {
					t.Fatalf("%+v comes out, want %+v", got, want[0])
				}
				want = want[1:]
			}
		}
		slices.SortStableFunc(want, func(a, b event) int { return int(a.at - b.at) })
		for _, e := range want {
			if got := q.pop(); got.at != e.at || got.order != e.order {
				t.Fatalf("%+v comes out, want %+v", got, e)
			}
		}
	})
}

// Deliveries come out as they went in, those that were put back first.
func TestQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var want []uint64
		var next uint64
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				for range rapid.IntRange(1, 1500).Draw(t, "n") {
					next++
					q.push(delivery{id: next})
					want = append(want, next)
				}
			},
			"take": func(t *rapid.T) {
				room := rapid.IntRange(1, 1500).Draw(t, "room")
				got := q.take(make([]delivery, 0, room))
				if len(got) != min(room, len(want)) {
					t.Fatalf("%d came out, want %d", len(got), min(room, len(want)))
				}
				for i, d := range got {
					if d.id != want[i] {
						t.Fatalf("%d came out, want %d", d.id, want[i])
					}
				}
				want = want[len(got):]
			},
			"drain": func(t *rapid.T) {
				n := 0
				q.drain(func(d delivery) {
					if d.id != want[n] {
						t.Fatalf("%d came out, want %d", d.id, want[n])
					}
					n++
				})
				if n != len(want) {
					t.Fatalf("%d came out, want %d", n, len(want))
				}
				want = nil
			},
		})
	})
}

func TestRecentForgetsTheOldest(t *testing.T) {
	r := newRecent[int, string](2)
	r.put(1, "a")
	r.put(2, "b")
	r.put(1, "c")
	r.put(3, "d")
	if _, ok := r.get(1); ok {
		t.Error("1 is still there")
	}
	r.drop(2)
	r.put(4, "e")
	if v, ok := r.get(3); !ok || v != "d" || len(r.entries) != 2 {
		t.Errorf("%q %v", v, ok)
	}
	r.clear()
	if _, ok := r.get(3); ok {
		t.Error("3 is still there")
	}
}
