package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"ramier/internal/sms"
)

// acceptRows collects the rows of a group of jobs, a slice for each column.
type acceptRows struct {
	job struct {
		id, service, credential, user, lane, validity, deferred, created, due, count, credits, tally, batch []int64
		query, text, sender, tag, class, delay, hours, receipt                                              []string
		marketing, unicode, fromQuota                                                                       []bool
	}
	message struct {
		id, service, job, carrier, route, parts, credits, ptt, done []int64
		receiver, country, state, text, source                      []string
	}
	runs  []newRun
	tags  *tagsOfToday
	tally tallies
	// refused messages whose clients over SMPP are to be told, and when they were.
	refused []int64
	at      time.Time
	ledger  struct {
		id, service, at, amount, job []int64
		debit                        []string
	}
	talk struct {
		number, receiver     []string
		service, message, at []int64
	}
	key struct {
		service, at []int64
		key, answer []string
		hash        [][]byte
	}
}

// newRun is a run for the queue, with its job.
type newRun struct {
	queueRun
	job *freshJob
	due bool // now
}

func (r *acceptRows) add(a *Acceptance) {
	p := a.Plan
	if a.Key != "" {
		k := &r.key
		k.service, k.at = append(k.service, p.Service.ID), append(k.at, micros(p.At))
		k.key, k.hash, k.answer = append(k.key, a.Key), append(k.hash, a.Hash), append(k.answer, a.answer)
	}
	for n, d := range a.departures {
		r.addDeparture(a, d, a.ledgerID+int64(n))
	}
}

// addDeparture adds a job of messages that are due at one time.
func (r *acceptRows) addDeparture(a *Acceptance, d sms.Departure, ledgerID int64) {
	p, j := a.Plan, a.accepted(d)
	j.job.Tally = r.tags.tally(p, len(d.Messages))
	counted := tallyOf(j.job)
	r.addJob(j.job)
	runs := map[int64]int{} // carrier -> its run
	for i := range j.messages {
		m := &j.messages[i]
		r.addMessage(m)
		r.tally.enter(m, &counted, m.State, m.Credits, 1)
		if m.State == sms.Refused {
			if j.job.ReceiptTo != "" {
				r.refused, r.at = append(r.refused, m.ID), p.At
			}
			continue
		}
		at, ok := runs[m.CarrierID]
		if !ok {
			at = len(r.runs)
			runs[m.CarrierID] = at
			r.runs = append(r.runs, newRun{job: j, due: m.State == sms.Queued, queueRun: queueRun{
				CarrierID: m.CarrierID, Lane: p.Order.Priority.Lane(), DueAt: micros(d.DueAt), FirstID: m.ID, ServiceID: m.ServiceID, JobID: m.JobID,
			}})
		}
		r.runs[at].LastID = m.ID
		if m.Source != "" {
			c := &r.talk
			c.number, c.receiver = append(c.number, m.Source), append(c.receiver, m.Receiver)
			c.service, c.message, c.at = append(c.service, p.Service.ID), append(c.message, m.ID), append(c.at, micros(p.At))
		}
	}
	if d.Credits > 0 {
		l := &r.ledger
		l.id, l.service, l.at = append(l.id, ledgerID), append(l.service, p.Service.ID), append(l.at, micros(p.At))
		l.amount, l.job, l.debit = append(l.amount, int64(d.Credits)), append(l.job, j.job.ID), append(l.debit, a.payer())
	}
}

// accepted is the job that a departure becomes.
func (a *Acceptance) accepted(d sms.Departure) *freshJob {
	p, o := a.Plan, &a.Plan.Order
	first := a.first + int64(d.First)
	j := &freshJob{rev: p.Rev, messages: make([]sms.Message, len(d.Messages)), job: &sms.Job{
		ID: first, ServiceID: p.Service.ID, Credential: o.Credential, QueryID: o.QueryID, Text: d.Messages[0].Text, Sender: p.Sender,
		Tag: p.Tag, Class: o.Class, Priority: o.Priority, Validity: o.Validity.Truncate(time.Microsecond),
		Deferred: o.Deferred.Truncate(time.Microsecond), Marketing: p.Marketing, Unicode: o.ForceUnicode,
		CreatedAt: fromMicros(micros(p.At)), DueAt: fromMicros(micros(d.DueAt)), Count: len(d.Messages), Credits: d.Credits,
		Delay: d.Delay, Hours: p.Hours, ReceiptTo: o.ReceiptTo, User: o.User, FromQuota: a.fromQuota,
	}}
	if a.Batch != nil {
		j.job.Batch = a.Batch.Batch
	}
	for i, planned := range d.Messages {
		m := sms.Message{
			ID: first + int64(i), JobID: first, ServiceID: p.Service.ID, Receiver: planned.Receiver, Country: planned.Country,
			CarrierID: planned.Carrier, RouteID: planned.Route, State: sms.Queued, Source: planned.Source, Parts: planned.Parts,
			Credits: planned.Credits, PTT: planned.PTT,
		}
		switch {
		case planned.Refused:
			m.State, m.DoneAt = sms.Refused, p.At
		case d.DueAt.After(p.At):
			m.State = sms.Scheduled
		}
		if planned.Text != j.job.Text {
			m.Text = planned.Text
		}
		j.messages[i] = m
	}
	return j
}

func (r *acceptRows) addJob(job *sms.Job) {
	j := &r.job
	j.id, j.service, j.credential = append(j.id, job.ID), append(j.service, job.ServiceID), append(j.credential, job.Credential)
	j.query, j.text, j.sender = append(j.query, job.QueryID), append(j.text, job.Text), append(j.sender, job.Sender)
	j.tag, j.class = append(j.tag, job.Tag), append(j.class, string(job.Class))
	j.lane = append(j.lane, int64(job.Priority.Lane()))
	j.validity = append(j.validity, job.Validity.Microseconds())
	j.deferred = append(j.deferred, job.Deferred.Microseconds())
	j.marketing, j.unicode = append(j.marketing, job.Marketing), append(j.unicode, job.Unicode)
	j.created, j.due = append(j.created, micros(job.CreatedAt)), append(j.due, micros(job.DueAt))
	j.delay, j.hours, j.receipt = append(j.delay, job.Delay), append(j.hours, job.Hours), append(j.receipt, job.ReceiptTo)
	j.count, j.credits = append(j.count, int64(job.Count)), append(j.credits, int64(job.Credits))
	j.tally, j.batch = append(j.tally, int64(job.Tally)), append(j.batch, job.Batch)
	j.user, j.fromQuota = append(j.user, job.User), append(j.fromQuota, job.FromQuota)
}

func (r *acceptRows) addMessage(m *sms.Message) {
	rows := &r.message
	rows.id, rows.service, rows.job = append(rows.id, m.ID), append(rows.service, m.ServiceID), append(rows.job, m.JobID)
	rows.receiver, rows.country = append(rows.receiver, m.Receiver), append(rows.country, m.Country)
	rows.carrier, rows.route = append(rows.carrier, m.CarrierID), append(rows.route, m.RouteID)
	rows.state, rows.text, rows.source = append(rows.state, string(m.State)), append(rows.text, m.Text), append(rows.source, m.Source)
	rows.parts, rows.credits = append(rows.parts, int64(m.Parts)), append(rows.credits, int64(m.Credits))
	rows.ptt, rows.done = append(rows.ptt, int64(m.PTT)), append(rows.done, micros(m.DoneAt))
}

// queue gives the runs that go to the queue as columns.
func (r *acceptRows) queue() []column {
	var carrier, lane, due, first, last, service, job []int64
	for _, q := range r.runs {
		carrier, lane, due = append(carrier, q.CarrierID), append(lane, int64(q.Lane)), append(due, q.DueAt)
		first, last = append(first, q.FirstID), append(last, q.LastID)
		service, job = append(service, q.ServiceID), append(job, q.JobID)
	}
	return []column{
		ints("carrier_id", carrier), ints("lane", lane), ints("due_at", due), ints("first_id", first), ints("last_id", last),
		ints("service_id", service), ints("job_id", job),
	}
}

// write writes all but what the jobs cost.
func (r *acceptRows) write(ctx context.Context, t *tx, spent *spending) error {
	j, m, l, c, k := &r.job, &r.message, &r.ledger, &r.talk, &r.key
	steps := []struct {
		statement string
		columns   []column
	}{
		{`UPDATE sms_user SET quota_left = quota_left - v.amount FROM v WHERE sms_user.id = v.id`, spent.quotas()},
		{
			`INSERT INTO ledger (id, service_id, at, kind, debit, credit, amount, job_id, note)
		  SELECT id, service_id, at, 'hold', debit, 'held', amount, job_id, '' FROM v`,
			[]column{
				ints("id", l.id), ints("service_id", l.service), ints("at", l.at), texts("debit", l.debit), ints("amount", l.amount),
				ints("job_id", l.job),
			},
		},
		{
			`INSERT INTO job (id, service_id, credential_id, query_id, text, sender, tag, class, lane, validity, deferred, marketing, unicode,
		    created_at, due_at, delay, hours, count, credits, tally, receipt_to, user_id, from_quota, batch_id)
		  SELECT id, service_id, credential_id, query_id, text, sender, tag, class, lane, validity, deferred, marketing, unicode,
		    created_at, due_at, delay, hours, count, credits, tally, receipt_to, user_id, from_quota, batch_id FROM v`,
			[]column{
				ints("id", j.id), ints("service_id", j.service), ints("credential_id", j.credential), texts("query_id", j.query),
				texts("text", j.text), texts("sender", j.sender), texts("tag", j.tag), texts("class", j.class), ints("lane", j.lane),
				ints("validity", j.validity), ints("deferred", j.deferred), bools("marketing", j.marketing), bools("unicode", j.unicode),
				ints("created_at", j.created), ints("due_at", j.due), texts("delay", j.delay), texts("hours", j.hours),
				ints("count", j.count), ints("credits", j.credits), ints("tally", j.tally), texts("receipt_to", j.receipt),
				ints("user_id", j.user), bools("from_quota", j.fromQuota), ints("batch_id", j.batch),
			},
		},
		{
			`INSERT INTO message (id, service_id, job_id, receiver, country, carrier_id, route_id, state, text, source, parts, accepted,
		    arrived, credits, ptt, attempts, duplicate, hidden, rev, sent_at, done_at, error, refs, receipt)
		  SELECT id, service_id, job_id, receiver, country, carrier_id, route_id, state, text, source, parts, 0, 0, credits, ptt, 0,
		    FALSE, FALSE, 0, 0, done_at, '', '', '' FROM v`,
			[]column{
				ints("id", m.id), ints("service_id", m.service), ints("job_id", m.job), texts("receiver", m.receiver),
				texts("country", m.country), ints("carrier_id", m.carrier), ints("route_id", m.route), texts("state", m.state),
				texts("text", m.text), texts("source", m.source), ints("parts", m.parts), ints("credits", m.credits),
				ints("ptt", m.ptt), ints("done_at", m.done),
			},
		},
		{
			`INSERT INTO queue (carrier_id, lane, due_at, first_id, last_id, service_id, job_id, attempts, touched)
		  SELECT carrier_id, lane, due_at, first_id, last_id, service_id, job_id, 0, FALSE FROM v`,
			r.queue(),
		},
		{
			`INSERT INTO conversation (number, receiver, service_id, message_id, at)
		  SELECT number, receiver, service_id, message_id, at FROM v WHERE TRUE
		  ON CONFLICT (number, receiver) DO UPDATE SET service_id = excluded.service_id, message_id = excluded.message_id, at = excluded.at`,
			lastTalks(c.number, c.receiver, c.service, c.message, c.at),
		},
		{
			`INSERT INTO idempotency (service_id, key, hash, answer, at) SELECT service_id, key, hash, answer, at FROM v WHERE TRUE
		  ON CONFLICT (service_id, key) DO UPDATE SET hash = excluded.hash, answer = excluded.answer, at = excluded.at`,
			[]column{ints("service_id", k.service), texts("key", k.key), blobs("hash", k.hash), texts("answer", k.answer), ints("at", k.at)},
		},
	}
	for _, step := range steps {
		if err := t.later(ctx, nil, step.statement, step.columns...); err != nil {
			return err
		}
	}
	return nil
}

// lastTalks leaves the last of several messages of a group to one receiver from one number: PostgreSQL updates no row twice
// in a statement.
func lastTalks(number, receiver []string, service, message, at []int64) []column {
	type talk struct{ number, receiver string }
	last := make(map[talk]int, len(number))
	for i := range number {
		last[talk{number[i], receiver[i]}] = i
	}
	var n, r []string
	var s, m, a []int64
	// In one order, so that two transactions cannot wait for each other.
	for _, i := range slices.SortedFunc(maps.Values(last), func(i, j int) int {
		return cmp.Or(cmp.Compare(number[i], number[j]), cmp.Compare(receiver[i], receiver[j]))
	}) {
		n, r = append(n, number[i]), append(r, receiver[i])
		s, m, a = append(s, service[i]), append(m, message[i]), append(a, at[i])
	}
	return []column{texts("number", n), texts("receiver", r), ints("service_id", s), ints("message_id", m), ints("at", a)}
}
