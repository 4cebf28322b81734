package store

import (
	"context"

	"ramier/internal/sms"
)

// batches compares each batch with its jobs and errors, and its counters with its messages.
func (a *auditor) batches(ctx context.Context) error {
	if err := a.batchCounters(ctx); err != nil {
		return err
	}
	return a.each(ctx, func(scan func(...any) error) error {
		var service, messages, refused, found, errors int64
		var credits, cost sms.Credits
		var uuid string
		if err := scan(&service, &uuid, &messages, &refused, &credits, &found, &errors, &cost); err != nil {
			return err
		}
		if messages != found {
			a.found(service, "batch "+uuid, "counts %d messages, and its jobs have %d", messages, found)
		}
		if refused != errors {
			a.found(service, "batch "+uuid, "counts %d errors, and %d are listed", refused, errors)
		}
		if credits != cost {
			a.found(service, "batch "+uuid, "costs %v, and its jobs cost %v", credits, cost)
		}
		return nil
	}, `SELECT b.service_id, b.uuid, b.messages, b.errors, b.credits,
		CAST(COALESCE((SELECT SUM(j.count) FROM batch_job j WHERE j.batch_id = b.id), 0) AS bigint),
		(SELECT COUNT(*) FROM batch_error e WHERE e.batch_id = b.id),
		CAST(COALESCE((SELECT SUM(o.credits) FROM batch_job j JOIN job o ON o.id = j.job_id WHERE j.batch_id = b.id), 0) AS bigint)
		FROM batch b ORDER BY b.id`)
}

// batchCounters compares the counters of batches with their messages. Opt-outs can be taken back, and are passed over.
func (a *auditor) batchCounters(ctx context.Context) error {
	type counted struct {
		service int64
		uuid    string
		measure sms.Measure
		value   int64
	}
	type numbers struct{ n, credits int64 }
	have, want := map[counted]numbers{}, map[counted]numbers{}
	err := a.each(ctx, func(scan func(...any) error) error {
		var c counted
		var n numbers
		err := scan(&c.service, &c.uuid, &c.measure, &c.value, &n.n, &n.credits)
		have[c] = n
		return err
	}, `SELECT b.service_id, b.uuid, t.measure, t.value, CAST(SUM(t.n) AS bigint), CAST(SUM(t.credits) AS bigint)
		FROM batch_tally t JOIN batch b ON b.id = t.batch_id WHERE t.measure <> 'optout' GROUP BY b.service_id, b.uuid, t.measure, t.value`)
	if err != nil {
		return err
	}
	err = a.each(ctx, func(scan func(...any) error) error {
		var c counted
		var state sms.State
		var ptt int
		var handed bool
		var n numbers
		if err := scan(&c.service, &c.uuid, &state, &ptt, &handed, &n.n, &n.credits); err != nil {
			return err
		}
		if handed {
			c.measure = sms.MeasureHanded
			want[c] = numbers{want[c].n + n.n, 0}
		}
		if state == sms.Cancelled {
			n.credits = 0
		}
		c.measure, c.value = sms.Measured(state, ptt)
		want[c] = numbers{want[c].n + n.n, want[c].credits + n.credits}
		return nil
	}, `SELECT b.service_id, b.uuid, m.state, m.ptt, m.sent_at <> 0, COUNT(*), CAST(SUM(m.credits) AS bigint)
		FROM batch b JOIN batch_job j ON j.batch_id = b.id JOIN message m ON m.id BETWEEN j.job_id AND j.job_id + j.count - 1
		WHERE b.counted GROUP BY b.service_id, b.uuid, m.state, m.ptt, m.sent_at <> 0`)
	if err != nil {
		return err
	}
	for c := range want {
		if _, ok := have[c]; !ok {
			have[c] = numbers{} // so that all are compared
		}
	}
	for c, h := range have {
		if w := want[c]; h != w {
			a.found(c.service, "batch "+c.uuid, "%s %d: %d messages with %v credits are counted, and there are %d with %v",
				c.measure, c.value, h.n, sms.Credits(h.credits), w.n, sms.Credits(w.credits))
		}
	}
	return nil
}
