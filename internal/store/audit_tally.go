package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"ramier/internal/sms"
)

// tallyCell names one counter, over all slots.
type tallyCell struct {
	tallyKey
	measure sms.Measure
	value   int64
}

func (c tallyCell) compare(o tallyCell) int {
	return cmp.Or(c.tallyKey.compare(o.tallyKey), cmp.Compare(c.measure, o.measure), cmp.Compare(c.value, o.value))
}

func (c tallyCell) String() string {
	of := ""
	if c.tag != "" {
		of = fmt.Sprintf(" with the tag %q", c.tag)
	}
	cause := ""
	if c.value != 0 {
		cause = fmt.Sprintf(" (PTT %d)", c.value)
	}
	return fmt.Sprintf("%s%s from %q to %s over carrier %d%s", c.measure, cause, c.sender, c.country, c.carrier, of)
}

// tallied is what a counter holds.
type tallied struct{ n, parts, credits int64 }

// tallies compares the counters of the reports with the messages. Counters of days before the first message that is left are
// passed over: their messages have been deleted.
func (a *auditor) tallies(ctx context.Context) error {
	want, first, err := a.countMessages(ctx)
	if err != nil {
		return err
	}
	have := map[tallyCell]tallied{}
	delivered, timed := map[tallyKey]int64{}, map[tallyKey]int64{}
	err = a.each(ctx, func(scan func(...any) error) error {
		var c tallyCell
		var t tallied
		err := scan(&c.service, &c.tag, &c.day, &c.sender, &c.country, &c.carrier, &c.measure, &c.value, &t.n, &t.parts, &t.credits)
		switch c.measure {
		case sms.MeasureTime:
			timed[c.tallyKey] += t.n
			return err
		case sms.Measure(sms.Delivered):
			delivered[c.tallyKey] += t.n
		}
		have[c] = t
		return err
	}, `SELECT service_id, tag, day, sender, country, carrier_id, measure, value, CAST(SUM(n) AS bigint), CAST(SUM(parts) AS bigint), CAST(SUM(credits) AS bigint)
		FROM tally WHERE measure <> 'optout' AND day >= $1 GROUP BY service_id, tag, day, sender, country, carrier_id, measure, value`, first)
	if err != nil {
		return err
	}
	for c := range want {
		if _, ok := have[c]; !ok {
			have[c] = tallied{} // so that all are compared
		}
	}
	for _, c := range slices.SortedFunc(maps.Keys(have), tallyCell.compare) {
		if h, w := have[c], want[c]; h != w {
			a.found(c.service, "counters of "+sms.Day(c.day).String(), "%v: %d messages with %d parts and %v credits are counted, and there are %d with %d and %v",
				c, h.n, h.parts, sms.Credits(h.credits), w.n, w.parts, sms.Credits(w.credits))
		}
		if c.measure == sms.Measure(sms.Delivered) && delivered[c.tallyKey] != timed[c.tallyKey] {
			a.found(c.service, "counters of "+sms.Day(c.day).String(), "%v: %d messages are counted, and %d times to delivery", c, delivered[c.tallyKey], timed[c.tallyKey])
		}
	}
	return nil
}

// countMessages counts all messages that have counters as the counters should, and gives the day of the first.
func (a *auditor) countMessages(ctx context.Context) (all map[tallyCell]tallied, first int64, err error) {
	all = map[tallyCell]tallied{}
	first = 1 << 40
	err = a.each(ctx, func(scan func(...any) error) error {
		var c tallyCell
		var t tallied
		var hour int64
		var state sms.State
		var how sms.Tally
		var ptt int
		if err := scan(&c.service, &c.tag, &hour, &c.sender, &c.country, &c.carrier, &how, &state, &ptt, &t.n, &t.parts, &t.credits); err != nil {
			return err
		}
		c.day = int64(sms.DayOf(time.Unix(hour*3600, 0)))
		first = min(first, c.day)
		c.measure, c.value = sms.Measured(state, ptt)
		tag := c.tag
		c.tag = ""
		all[c] = all[c].plus(t)
		if how == sms.CountedWithTag && tag != "" {
			c.tag = tag
			all[c] = all[c].plus(t)
		}
		return nil
	}, `SELECT m.service_id, CASE WHEN j.tally = 1 THEN j.tag ELSE '' END, j.created_at / 3600000000, j.sender, m.country, m.carrier_id, j.tally, m.state,
		CASE WHEN m.state IN ('failed', 'expired', 'refused') THEN m.ptt ELSE 0 END, COUNT(*), CAST(SUM(m.parts) AS bigint),
		CAST(SUM(CASE WHEN m.state = 'cancelled' THEN 0 ELSE m.credits END) AS bigint)
		FROM message m JOIN job j ON j.id = m.job_id WHERE j.tally >= 0 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9`)
	return all, first, err
}

func (t tallied) plus(o tallied) tallied {
	return tallied{t.n + o.n, t.parts + o.parts, t.credits + o.credits}
}
