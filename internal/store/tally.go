package store

import (
	"cmp"
	"context"
	"hash/fnv"
	"maps"
	"math/bits"
	"slices"
	"time"

	"ramier/internal/sms"
)

// tallyKey is what messages are counted by.
type tallyKey struct {
	service, day, carrier int64
	tag, sender, country  string
}

func (k tallyKey) compare(o tallyKey) int {
	return cmp.Or(cmp.Compare(k.service, o.service), cmp.Compare(k.tag, o.tag), cmp.Compare(k.day, o.day), cmp.Compare(k.sender, o.sender),
		cmp.Compare(k.country, o.country), cmp.Compare(k.carrier, o.carrier))
}

// jobTally is what a job says about how its messages are counted.
type jobTally struct {
	how         sms.Tally
	day, due    int64
	batch       int64
	tag, sender string
}

func tallyOf(j *sms.Job) jobTally {
	t := jobTally{how: j.Tally, day: int64(sms.DayOf(j.CreatedAt)), due: micros(j.DueAt), sender: j.Sender, batch: j.Batch}
	if j.Tally == sms.CountedWithTag {
		t.tag = j.Tag
	}
	return t
}

// cell is one counter of a key.
type cell struct {
	measure           sms.Measure
	value             int64
	n, parts, credits int64
}

// tallies collects what a transaction changes in the counters, so that each counter is written once.
type tallies struct {
	cells map[tallyKey]*[]cell
	last  tallyKey
	at    *[]cell // of last: most messages of a group have the same key
	// batches counts the messages of batches once more.
	batches map[batchKey]batchSum
}

// batchKey is a counter of a batch.
type batchKey struct {
	batch   int64
	measure sms.Measure
	value   int64
}

type batchSum struct{ n, credits int64 }

// add changes a counter, and the one of the job's tag.
func (t *tallies) add(m *sms.Message, j *jobTally, c cell) {
	if j.how == sms.Uncounted {
		return
	}
	if j.batch != 0 && c.measure != sms.MeasureTime {
		t.addToBatch(j.batch, c)
	}
	k := tallyKey{service: m.ServiceID, day: j.day, carrier: m.CarrierID, sender: j.sender, country: m.Country}
	if j.how == sms.CountedWithTag && j.tag != "" {
		k.tag = j.tag
		t.addTo(k, c)
		k.tag = ""
	}
	t.addTo(k, c)
}

func (t *tallies) addToBatch(batch int64, c cell) {
	if t.batches == nil {
		t.batches = map[batchKey]batchSum{}
	}
	key := batchKey{batch, c.measure, c.value}
	sum := t.batches[key]
	sum.n, sum.credits = sum.n+c.n, sum.credits+c.credits
	t.batches[key] = sum
}

func (t *tallies) addTo(k tallyKey, c cell) {
	if t.at == nil || t.last != k {
		if t.cells == nil {
			t.cells = map[tallyKey]*[]cell{}
		}
		t.last, t.at = k, t.cells[k]
		if t.at == nil {
			t.at = new([]cell)
			t.cells[k] = t.at
		}
	}
	for i := range *t.at {
		if have := &(*t.at)[i]; have.measure == c.measure && have.value == c.value {
			have.n, have.parts, have.credits = have.n+c.n, have.parts+c.parts, have.credits+c.credits
			return
		}
	}
	*t.at = append(*t.at, c)
}

// enter counts a message in its state, n = 1, or takes it out of it, n = -1.
func (t *tallies) enter(m *sms.Message, j *jobTally, state sms.State, credits sms.Credits, n int64) {
	measure, value := sms.Measured(state, m.PTT)
	if state == sms.Cancelled {
		credits = 0
	}
	t.add(m, j, cell{measure, value, n, n * int64(m.Parts), n * int64(credits)})
}

// move counts what has become of a message since it was in a state with a price.
func (t *tallies) move(m *sms.Message, j *jobTally, from sms.State, credits sms.Credits) {
	if from == m.State && credits == m.Credits {
		return
	}
	t.enter(m, j, from, credits, -1)
	t.enter(m, j, m.State, m.Credits, 1)
	if j.batch != 0 && from.Waiting() && !m.SentAt.IsZero() { // what was handed over never waits again: it is in doubt
		t.addToBatch(j.batch, cell{measure: sms.MeasureHanded, n: 1})
	}
	if m.State == sms.Delivered {
		t.add(m, j, cell{measure: sms.MeasureTime, value: sms.TimeClass(time.Duration(micros(m.DoneAt)-j.due) * time.Microsecond), n: 1})
	}
}

// write adds what was collected to the counters. Each kind of write has its own slot, and so do nodes as far as there are slots:
// none waits for another one's transaction.
func (t *tallies) write(ctx context.Context, s *Store, db *tx, k kind) error {
	var c struct {
		service, day, carrier, value, slot, n, parts, credits []int64
		tag, sender, country, measure                         []string
	}
	slot := s.slot(k)
	put := func(key tallyKey, one cell) {
		c.service, c.day, c.carrier = append(c.service, key.service), append(c.day, key.day), append(c.carrier, key.carrier)
		c.tag, c.sender, c.country = append(c.tag, key.tag), append(c.sender, key.sender), append(c.country, key.country)
		c.measure, c.value, c.slot = append(c.measure, string(one.measure)), append(c.value, one.value), append(c.slot, slot)
		c.n, c.parts, c.credits = append(c.n, one.n), append(c.parts, one.parts), append(c.credits, one.credits)
	}
	for _, key := range slices.SortedFunc(maps.Keys(t.cells), tallyKey.compare) {
		cells := *t.cells[key]
		slices.SortFunc(cells, func(a, b cell) int { return cmp.Or(cmp.Compare(a.measure, b.measure), cmp.Compare(a.value, b.value)) })
		for _, one := range cells {
			if one.n != 0 || one.parts != 0 || one.credits != 0 {
				put(key, one)
			}
		}
	}
	// SQLite takes numbers of rows that are powers of two, each in a statement: adding nothing to a counter is cheaper than one more.
	if n := len(c.n); !db.dialect.arrays && n > 2 {
		last := cell{measure: sms.Measure(c.measure[n-1]), value: c.value[n-1]}
		key := tallyKey{c.service[n-1], c.day[n-1], c.carrier[n-1], c.tag[n-1], c.sender[n-1], c.country[n-1]}
		for range min(1<<bits.Len(uint(n-1)), chunk*((n+chunk-1)/chunk)) - n {
			put(key, last)
		}
	}
	err := db.later(ctx, nil, `INSERT INTO tally (service_id, tag, day, sender, country, carrier_id, measure, value, slot, n, parts, credits)
		SELECT service_id, tag, day, sender, country, carrier_id, measure, value, slot, n, parts, credits FROM v WHERE TRUE
		ON CONFLICT (service_id, tag, day, sender, country, carrier_id, measure, value, slot)
		DO UPDATE SET n = tally.n + excluded.n, parts = tally.parts + excluded.parts, credits = tally.credits + excluded.credits`,
		ints("service_id", c.service), texts("tag", c.tag), ints("day", c.day), texts("sender", c.sender), texts("country", c.country),
		ints("carrier_id", c.carrier), texts("measure", c.measure), ints("value", c.value), ints("slot", c.slot), ints("n", c.n),
		ints("parts", c.parts), ints("credits", c.credits))
	if err == nil && len(t.batches) > 0 {
		err = t.writeBatches(ctx, db, slot)
	}
	return err
}

// writeBatches adds what was collected to the counters of batches.
func (t *tallies) writeBatches(ctx context.Context, db *tx, slot int64) error {
	var c struct {
		batch, value, slot, n, credits []int64
		measure                        []string
	}
	for _, key := range slices.SortedFunc(maps.Keys(t.batches), func(a, b batchKey) int {
		return cmp.Or(cmp.Compare(a.batch, b.batch), cmp.Compare(a.measure, b.measure), cmp.Compare(a.value, b.value))
	}) {
		sum := t.batches[key]
		c.batch, c.measure, c.value = append(c.batch, key.batch), append(c.measure, string(key.measure)), append(c.value, key.value)
		c.slot, c.n, c.credits = append(c.slot, slot), append(c.n, sum.n), append(c.credits, sum.credits)
	}
	return db.later(ctx, nil, `INSERT INTO batch_tally (batch_id, measure, value, slot, n, credits) SELECT batch_id, measure, value, slot, n, credits FROM v WHERE TRUE
		ON CONFLICT (batch_id, measure, value, slot) DO UPDATE SET n = batch_tally.n + excluded.n, credits = batch_tally.credits + excluded.credits`,
		ints("batch_id", c.batch), texts("measure", c.measure), ints("value", c.value), ints("slot", c.slot), ints("n", c.n), ints("credits", c.credits))
}

// slots is how many nodes have slots of their own.
const slots = 16

func (s *Store) slot(k kind) int64 {
	if s.dialect.oneWriter {
		return 0
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(s.node))
	return int64(h.Sum32()%slots)*int64(kinds) + int64(k)
}

// Limits of the tags that are counted: those of small jobs, by service and day, and of all services. Past them, and where there
// would be a counter for every message, reports on a tag read its messages.
const (
	manyInJob      = 100 // a job of so many messages has its tag counted in any case
	maxTags        = 1000
	maxTagsOfToday = 100_000
)

// tagsOfToday remembers which tags are counted. The writer of new jobs owns it.
type tagsOfToday struct {
	day  int64
	seen map[uint64]struct{} // by hash
	of   map[int64]int       // how many of each service
}

// tally says how the messages of a new job are counted.
func (g *tagsOfToday) tally(p *sms.Plan, messages int) sms.Tally {
	switch {
	case p.Order.TagMadeUp || p.Tag == "":
		return sms.CountedWithoutTag
	case messages >= manyInJob:
		return sms.CountedWithTag
	}
	if day := int64(sms.DayOf(p.At)); day != g.day || g.seen == nil {
		*g = tagsOfToday{day, map[uint64]struct{}{}, map[int64]int{}}
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(p.Service.Name))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(p.Tag))
	hash := h.Sum64()
	if _, ok := g.seen[hash]; ok {
		return sms.CountedWithTag
	}
	if g.of[p.Service.ID] >= maxTags || len(g.seen) >= maxTagsOfToday {
		return sms.CountedWithoutTag
	}
	g.seen[hash] = struct{}{}
	g.of[p.Service.ID]++
	return sms.CountedWithTag
}

// move is a message that was written, with what it was before.
type move struct {
	*sms.Message
	held *inHand // nil: its job must be read
	was  rowVersion
}

// tally counts what has become of the messages of a group.
func (w *settlement) tally(ctx context.Context) error {
	jobs := map[int64]*sms.Job{}
	for _, m := range w.moves {
		if m.held == nil {
			jobs[m.JobID] = &sms.Job{}
		}
	}
	for _, id := range w.optOuts {
		jobs[w.messages[id].JobID] = &sms.Job{}
	}
	if err := w.t.loadJobs(ctx, jobs); err != nil {
		return err
	}
	var all tallies
	for _, m := range w.moves {
		if m.held != nil {
			all.move(m.Message, &m.held.tally, m.was.state, m.was.credits)
			continue
		}
		of := tallyOf(jobs[m.JobID])
		all.move(m.Message, &of, m.was.state, m.was.credits)
	}
	for _, id := range w.optOuts {
		m := w.messages[id]
		of := tallyOf(jobs[m.JobID])
		all.add(m, &of, cell{measure: sms.MeasureOptOut, n: 1})
	}
	k := outcome
	if w.apart {
		k = other
	}
	return all.write(ctx, w.s, w.t, k)
}
