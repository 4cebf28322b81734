package simulator_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"ramier/internal/clock"
	"ramier/internal/simulator"
	"ramier/internal/smpp"
)

// journaled starts an operator with a journal.
func journaled(t *testing.T, o simulator.Options) *operator {
	t.Helper()
	if o.Journal == "" {
		o.Journal = filepath.Join(t.TempDir(), "operator.journal")
	}
	return start(t, o)
}

// killed gives the operator that starts after this one was killed: it finds the journal as it is on disk, and what more is
// given behind it. Unless one is given, its clock stands where that of the killed one stood.
func (o *operator) killed(options simulator.Options, torn ...string) *operator {
	o.t.Helper()
	o.Flush()
	lines, err := os.ReadFile(o.journal)
	if err != nil {
		o.t.Fatal(err)
	}
	options.Journal = filepath.Join(o.t.(*testing.T).TempDir(), "operator.journal")
	if err := os.WriteFile(options.Journal, append(lines, strings.Join(torn, "")...), 0o600); err != nil {
		o.t.Fatal(err)
	}
	if options.Clock == nil {
		options.Clock = clock.At(o.clock.Now())
	}
	if options.Seed == 0 {
		options.Seed = 8 // another one: what was decided stays
	}
	return journaled(o.t.(*testing.T), options)
}

// sameAs checks that nothing of what can be looked at was lost.
func (o *operator) sameAs(before *operator) {
	o.t.Helper()
	if got, want := o.Messages(""), before.Messages(""); !reflect.DeepEqual(got, want) {
		o.t.Errorf("the messages are\n%+v\nwant\n%+v", got, want)
	}
	if got, want := o.Handsets(), before.Handsets(); !reflect.DeepEqual(got, want) {
		o.t.Errorf("the handsets are\n%+v\nwant\n%+v", got, want)
	}
	for _, h := range before.Handsets() {
		if got, want := o.Messages(h.Number), before.Messages(h.Number); !reflect.DeepEqual(got, want) {
			o.t.Errorf("on %s are\n%+v\nwant\n%+v", h.Number, got, want)
		}
	}
	got, want := o.Status(), before.Status()
	for _, s := range []*simulator.Status{&got, &want} {
		s.Seed, s.Binds, s.MostBinds, s.Faults = 0, nil, 0, nil
		s.Receipts.Sent, s.Replies.Sent, s.Receipts.Repeated, s.Replies.Repeated = 0, 0, 0, 0
	}
	if !reflect.DeepEqual(got, want) {
		o.t.Errorf("the status is\n%+v\nwant\n%+v", got, want)
	}
}

func TestKilledOperatorRemembersWhatIsDone(t *testing.T) {
	o := journaled(t, simulator.Options{})
	c := o.bind()
	var last string
	for i := range 5 {
		last = c.submit(to(fmt.Sprintf("+3361234567%d", i%2), fmt.Sprint("Bonjour ", i)))
	}
	latin := to("+33639980003", "d\xe9j\xe0")
	latin.Source.Addr, latin.DataCoding = "Caf\xe9", smpp.CodingLatin1
	c.submit(latin)
	if _, err := c.ask(to("+33639980015", "Bonjour")); !errors.Is(err, smpp.InvalidDest) {
		t.Fatal(err)
	}
	o.clock.Advance(transit)
	for range 6 {
		c.receipt()
	}
	o.quiet(c)

	again := o.killed(simulator.Options{FirstID: 5})
	again.sameAs(o)
	d := again.bind()
	again.quiet(d)
	if id := d.submit(to("+33612345678", "Bonjour")); len(id) != len(last) || id <= last {
		t.Errorf("the next id is %s after %s", id, last)
	}
	if _, err := d.ask(&smpp.QuerySM{MessageID: last}); err != nil {
		t.Error(err)
	}
}

func TestKilledOperatorGoesOn(t *testing.T) {
	o := journaled(t, simulator.Options{})
	c := o.dial("shop", smpp.Transmitter)
	delivered := c.submit(to("+33612345678", "Bonjour"))
	absent := c.submit(to("+33639980002", "Bonjour"))
	o.clock.Advance(transit)
	o.until("the first is delivered", func(s simulator.Status) bool { return s.Delivered == 1 && s.Receipts.Made == 2 })
	underWay := c.submit(to("+33612345679", "Bonsoir"))
	late := c.submit(to("+33639980001", "Plus tard"))

	o = o.killed(simulator.Options{}, `{"taken":{"part":99,"id":12`)
	if s := o.Status(); s.Accepted != 4 || s.Delivered != 1 || s.Receipts.Pending != 2 {
		t.Errorf("%+v", s)
	}
	r := o.bind()
	states := map[string]smpp.MessageState{}
	for range 2 {
		one := r.receipt()
		states[one.ID] = one.State
	}
	if states[delivered] != smpp.StateDelivered || states[absent] != smpp.StateEnroute {
		t.Errorf("receipts %v", states)
	}
	o.until("they were taken", func(s simulator.Status) bool { return s.Receipts.Pending == 0 })

	o = o.killed(simulator.Options{Clock: clock.At(o.clock.Now().Add(time.Second))})
	r = o.bind()
	if one := r.receipt(); one.ID != underWay {
		t.Errorf("a receipt for %s, want %s", one.ID, underWay)
	}
	o.until("it was taken", func(s simulator.Status) bool { return s.Receipts.Acked == 3 })
	o.Flush()
	o.clock.Advance(10 * time.Second)
	if one := r.receipt(); one.ID != late {
		t.Errorf("a receipt for %s, want %s", one.ID, late)
	}
	o.clock.Advance(time.Minute)
	if one := r.receipt(); one.ID != absent || one.State != smpp.StateDelivered {
		t.Errorf("%+v", one)
	}
	o.quiet(r)
}

func TestKilledOperatorDoesNotReplyTwice(t *testing.T) {
	o := journaled(t, simulator.Options{})
	c := o.bind()
	long := strings.Repeat("Une longue histoire. ", 20)
	c.submit(shortNumber(to("+33639980014", "Bonjour")))
	o.clock.Advance(transit)
	c.receipt()
	o.until("it was taken", func(s simulator.Status) bool { return s.Receipts.Acked == 1 })
	early := o.killed(simulator.Options{}) // before the handset replies
	d := early.bind()
	early.clock.Advance(2 * time.Second)
	if p := d.deliver(); string(p.ShortMessage) != "Merci !" {
		t.Errorf("%q", p.ShortMessage)
	}

	o.clock.Advance(2 * time.Second)
	if p := c.deliver(); string(p.ShortMessage) != "Merci !" {
		t.Errorf("%q", p.ShortMessage)
	}
	c.submit(to("+33639980014", "Un nom ne reçoit pas de réponse")) // and gets none after any start
	o.clock.Advance(2 * time.Second)
	c.receipt()
	o.quiet(c)
	c.Close()
	o.until("the client is gone", func(s simulator.Status) bool { return len(s.Binds) == 0 })
	if err := o.Reply("+33639980014", "38080", long); err != nil {
		t.Fatal(err)
	}
	late := o.killed(simulator.Options{})
	late.clock.Advance(time.Hour)
	d = late.bind()
	for range 3 {
		if p := d.deliver(); p.ESMClass&smpp.ESMUDHI == 0 || p.Source.Addr != "33639980014" {
			t.Errorf("%+v", p)
		}
	}
	late.quiet(d)
}

// Long messages, several receivers, lost answers, changes and cancellations.
func TestKilledOperatorRemembersTheUncommon(t *testing.T) {
	o := journaled(t, simulator.Options{})
	c := o.dial("shop", smpp.Transmitter)
	part := func(n byte) *smpp.SubmitSM {
		p := to("+33612345678", fmt.Sprint("part ", n))
		p.ESMClass = smpp.ESMUDHI
		p.ShortMessage = append([]byte{5, 0, 3, 7, 2, n}, p.ShortMessage...)
		return p
	}
	c.submit(part(2))
	c.Send(t.Context(), to("+33639980011", "Perdu"), func(smpp.Answer) {})
	if _, err := c.ask(&smpp.SubmitMulti{
		Source: smpp.Address{Addr: "38080"}, ShortMessage: []byte("A tous"), RegisteredDelivery: smpp.RegisterReceipt,
		Dests: []smpp.Dest{{Address: smpp.Address{Addr: "0612345678"}}, {Address: smpp.Address{Addr: "0612345679"}}},
	}); err != nil {
		t.Fatal(err)
	}
	changed, gone := c.submit(to("+33639980001", "Bonjour")), c.submit(to("+33639980001", "Adieu"))
	if _, err := c.ask(&smpp.ReplaceSM{MessageID: changed, ShortMessage: []byte("Bonsoir"), ScheduleTime: "261123130000000+"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ask(&smpp.CancelSM{MessageID: gone}); err != nil {
		t.Fatal(err)
	}

	again := o.killed(simulator.Options{})
	again.sameAs(o)
	d := again.dial("shop", smpp.Transmitter)
	d.submit(part(1))
	again.clock.Advance(2 * time.Hour)
	again.until("all is done", func(s simulator.Status) bool { return s.Enroute == 0 })
	texts := map[string]string{}
	for _, m := range again.Messages("") {
		texts[m.Text] = m.State
	}
	want := map[string]string{
		"part 1part 2": "delivered", "Perdu": "delivered", "A tous": "delivered", "Bonsoir": "delivered", "Adieu": "deleted",
	}
	for text, state := range want {
		if texts[text] != state {
			t.Errorf("%q is %q in %v", text, texts[text], texts)
		}
	}
	if m := again.Messages("+33639980001"); len(m) != 1 || m[0].Done.Before(noon.Add(time.Hour)) {
		t.Errorf("%+v", m)
	}
	again.killed(simulator.Options{}).sameAs(again)
}

func TestJournalIsCompacted(t *testing.T) {
	o := journaled(t, simulator.Options{Keep: 10})
	c := o.bind()
	for i := range 200 {
		c.submit(shortNumber(to(fmt.Sprintf("+336123456%02d", i%15), fmt.Sprint("Bonjour ", i))))
		o.clock.Advance(transit)
		c.receipt()
	}
	waits := c.submit(to("+33639980002", "Bonjour"))
	o.clock.Advance(transit)
	c.receipt()
	o.until("receipts are taken", func(s simulator.Status) bool { return s.Enroute == 1 && s.Receipts.Pending == 0 })
	again := o.killed(simulator.Options{Keep: 10})
	before, _ := os.Stat(o.journal)
	if after, err := os.Stat(again.journal); err != nil || after.Size() > before.Size()/3 {
		t.Errorf("%v: %d octets, of %d", err, after.Size(), before.Size())
	}
	again.sameAs(o)
	again = again.killed(simulator.Options{Keep: 10})
	again.sameAs(o)
	d := again.bind()
	again.clock.Advance(time.Minute)
	if r := d.receipt(); r.ID != waits || r.State != smpp.StateDelivered {
		t.Errorf("%+v", r)
	}
	again.quiet(d)
}

func TestResetEmptiesTheJournal(t *testing.T) {
	o := journaled(t, simulator.Options{})
	c := o.dial("shop", smpp.Transmitter)
	first := c.submit(to("+33612345678", "Bonjour"))
	o.Reset()
	if text, err := os.ReadFile(o.journal); err != nil || bytes.Count(text, []byte("\n")) != 1 {
		t.Errorf("%v: %s", err, text)
	}
	again := o.killed(simulator.Options{FirstID: 1})
	again.sameAs(o)
	if id := again.dial("shop", smpp.Transmitter).submit(to("+33612345678", "Bonsoir")); id <= first {
		t.Errorf("the id %s comes after %s", id, first)
	}
	if m := again.Messages(""); len(m) != 1 || m[0].Seq != 2 {
		t.Errorf("%+v", m)
	}
}

// What cannot be kept is not taken.
func TestJournalThatCannotBeWritten(t *testing.T) {
	o := journaled(t, simulator.Options{})
	c := o.bind()
	c.submit(to("+33612345678", "Bonjour"))
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	good := o.ReplaceJournal(full)
	for range 2 {
		if _, err := c.ask(to("+33612345678", "Perdu")); !errors.Is(err, smpp.SystemError) {
			t.Errorf("%v", err)
		}
	}
	o.clock.Advance(transit)
	c.receipt()
	o.until("it is taken", func(s simulator.Status) bool { return s.Receipts.Acked == 1 })
	// Half a line is there from before: it goes.
	if _, err := good.Seek(0, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	if _, err := good.WriteString(strings.Repeat("x", 5000) + "\n{}\n"); err != nil {
		t.Fatal(err)
	}
	o.ReplaceJournal(good)
	c.submit(to("+33612345678", "Bonsoir"))
	o.clock.Advance(transit)
	c.receipt()
	o.quiet(c)
	if s := o.Status(); s.Refused != 2 || s.Accepted != 2 {
		t.Errorf("%+v", s)
	}
	again := o.killed(simulator.Options{})
	if m := again.Messages("+33612345678"); len(m) != 2 || again.Status().Receipts.Acked != 2 {
		t.Errorf("%+v", m)
	}
}

func TestJournalThatCannotBeOpened(t *testing.T) {
	s := simulator.New(simulator.Options{Journal: t.TempDir()})
	if s.Err() == nil {
		t.Error("a folder is taken for a journal")
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLinesThatCannotBeReadAreSkipped(t *testing.T) {
	o := journaled(t, simulator.Options{})
	c := o.dial("shop", smpp.Transmitter)
	c.submit(to("+33612345678", "Bonjour"))
	strange := "nonsense\n{}\n" + `{"taken":{"part":9,"dest":"x"}}` + "\n" + `{"taken":{"part":9,"dest":"1/1/33612345678","concat":{"Total":2,"Seq":3}}}` +
		"\n" + `{"state":{"part":77}}` + "\n" + `{"settled":{"number":77}}` + "\n" + `{"reply":{"pdus":["AAAA"]}}` + "\n"
	o.killed(simulator.Options{}, strange).sameAs(o)
}
