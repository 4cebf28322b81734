package simulator

import (
	"bufio"
	"os"
)

// A journal is compacted when what is of no use any more outweighs the rest.

// needed finds the parts whose records are still of use: of texts that are kept, on top of a handset, incomplete or to be
// answered, and those under way or with something to be told about.
func (r *replay) needed() map[uint64]bool {
	texts := map[*text]bool{}
	for _, t := range r.kept.texts {
		texts[t] = true
	}
	for _, h := range r.handsets {
		texts[h.last] = true
	}
	for _, e := range r.joins.entries {
		texts[e.Value.(*recentEntry[joinKey, *text]).value] = true
	}
	parts := map[uint64]bool{}
	need := func(p *part) {
		if parts[p.number] = true; p.text != nil {
			texts[p.text] = true
		}
	}
	for _, p := range r.byNumber {
		if !p.final() || p.text != nil && p.text.owesAnswer() {
			need(p)
		}
	}
	for _, w := range r.waiting {
		if w.part != nil {
			need(w.part)
		}
	}
	for number, p := range r.byNumber {
		if p.text != nil && texts[p.text] {
			parts[number] = true
		}
	}
	return parts
}

// owesAnswer tells whether a handset that answers by itself has the text, but did not yet.
func (t *text) owesAnswer() bool {
	return t.missing == 0 && !t.answered && t.parts[0].behaviour.replies != ""
}

// wasteful tells whether the journal is to be compacted.
func (r *replay) wasteful() bool {
	if len(r.byNumber)+r.refusals <= smallJournal {
		return false
	}
	needed := len(r.needed())
	return len(r.byNumber)-needed+r.refusals > needed
}

// smallJournal is how many messages and refusals a journal may hold whatever their use.
const smallJournal = 100

// compacted puts a smaller journal in the place of the one in f, which stays if that fails.
func (r *replay) compacted(path string, f *os.File, size int64) (*os.File, int64) {
	smaller, n, err := r.compact(path+".new", f)
	if err == nil {
		if err = os.Rename(path+".new", path); err == nil {
			_ = f.Close() // it was only read
			return smaller, n
		}
		_ = smaller.Close()
	}
	r.options.Log.Warn("the operator's journal stays as long as it is", "error", err)
	return f, size
}

// compact writes what is of use into a new file, and what the rest amounted to.
func (r *replay) compact(path string, from *os.File) (*os.File, int64, error) {
	to, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, 0, err
	}
	w := bufio.NewWriter(to)
	keep := r.keeper()
	_, err = eachRecord(from, func(one record) {
		if keep(one) {
			_, _ = w.Write(one.line()) // Flush tells
		}
	})
	for _, h := range r.handsets {
		one := &handsetRecord{Number: h.number, Count: h.count, Writer: place(h.writer)}
		if h.client != nil {
			one.Client = new(latin(h.client.systemID))
		}
		_, _ = w.Write(record{Handset: one}.line())
	}
	_, _ = w.Write(r.Simulator.totals().line())
	if other := w.Flush(); err == nil {
		err = other
	}
	var size int64
	if info, other := to.Stat(); other != nil {
		err = other
	} else {
		size = info.Size()
	}
	if err != nil {
		_ = to.Close()
		return nil, 0, err
	}
	return to, size, nil
}

// keeper tells of one record after the other, in their order, whether it is of use.
func (r *replay) keeper() func(record) bool {
	needed := r.needed()
	made := map[uint64]bool{} // deliveries of which the journal will tell
	tell := func(first uint64, n int) bool {
		for i := range uint64(n) {
			made[first+i] = true
		}
		return true
	}
	return func(one record) bool {
		switch {
		case one.Taken != nil:
			return needed[one.Taken.Part]
		case one.State != nil:
			return needed[one.State.Part] && tell(one.State.First, one.State.Receipts)
		case one.Replaced != nil:
			return needed[one.Replaced.Part]
		case one.Reply != nil:
			return (needed[one.Reply.About] || r.waitsFor(one.Reply)) && tell(one.Reply.First, len(one.Reply.PDUs))
		case one.Settled != nil:
			return made[one.Settled.Number]
		}
		return false
	}
}

// waitsFor tells whether a piece of a reply is still to be sent.
func (r *replay) waitsFor(t *replyRecord) bool {
	for i := range t.PDUs {
		if _, ok := r.waiting[t.First+uint64(i)]; ok {
			return true
		}
	}
	return false
}
