package store

import (
	"context"

	"ramier/internal/sms"
)

// acceptRows collects the rows of a group of jobs, a slice for each column.
type acceptRows struct {
	job struct {
		id, service, credential, lane, validity, deferred, created, due, count, credits []int64
		query, text, sender, tag, class, delay, hours                                   []string
		marketing, unicode                                                              []bool
	}
	message struct {
		id, service, job, carrier, route, parts, credits, ptt, done []int64
		receiver, country, state, text, source                      []string
	}
	run struct {
		carrier, lane, due, first, last, service, job []int64
	}
	ledger struct {
		id, service, at, amount, job []int64
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
	p, job := a.Plan, a.first+int64(d.First)
	r.addJob(a, d, job)
	runs := map[int64]int{} // carrier -> its run
	for i, m := range d.Messages {
		id := job + int64(i)
		r.addMessage(a, d, m, id)
		if m.Refused {
			continue
		}
		at, ok := runs[m.Carrier]
		if !ok {
			at = len(r.run.first)
			runs[m.Carrier] = at
			q := &r.run
			q.carrier, q.lane = append(q.carrier, m.Carrier), append(q.lane, int64(p.Order.Priority.Lane()))
			q.due, q.first, q.last = append(q.due, micros(d.DueAt)), append(q.first, id), append(q.last, id)
			q.service, q.job = append(q.service, p.Service.ID), append(q.job, job)
		}
		r.run.last[at] = id
		if m.Source != "" {
			c := &r.talk
			c.number, c.receiver = append(c.number, m.Source), append(c.receiver, m.Receiver)
			c.service, c.message, c.at = append(c.service, p.Service.ID), append(c.message, id), append(c.at, micros(p.At))
		}
	}
	if d.Credits > 0 {
		l := &r.ledger
		l.id, l.service, l.at = append(l.id, ledgerID), append(l.service, p.Service.ID), append(l.at, micros(p.At))
		l.amount, l.job = append(l.amount, int64(d.Credits)), append(l.job, job)
	}
}

func (r *acceptRows) addJob(a *Acceptance, d sms.Departure, id int64) {
	p, o, j := a.Plan, a.Plan.Order, &r.job
	j.id, j.service, j.credential = append(j.id, id), append(j.service, p.Service.ID), append(j.credential, o.Credential)
	j.query, j.text, j.sender = append(j.query, o.QueryID), append(j.text, d.Messages[0].Text), append(j.sender, p.Sender)
	j.tag, j.class = append(j.tag, p.Tag), append(j.class, string(o.Class))
	j.lane = append(j.lane, int64(o.Priority.Lane()))
	j.validity = append(j.validity, o.Validity.Microseconds())
	j.deferred = append(j.deferred, o.Deferred.Microseconds())
	j.marketing, j.unicode = append(j.marketing, p.Marketing), append(j.unicode, o.ForceUnicode)
	j.created, j.due = append(j.created, micros(p.At)), append(j.due, micros(d.DueAt))
	j.delay, j.hours = append(j.delay, d.Delay), append(j.hours, p.Hours)
	j.count, j.credits = append(j.count, int64(len(d.Messages))), append(j.credits, int64(d.Credits))
}

func (r *acceptRows) addMessage(a *Acceptance, d sms.Departure, m sms.Planned, id int64) {
	p, rows := a.Plan, &r.message
	state, done, text := sms.Queued, int64(0), m.Text
	switch {
	case m.Refused:
		state, done = sms.Refused, micros(p.At)
	case d.DueAt.After(p.At):
		state = sms.Scheduled
	}
	if text == d.Messages[0].Text {
		text = ""
	}
	rows.id, rows.service, rows.job = append(rows.id, id), append(rows.service, p.Service.ID), append(rows.job, a.first+int64(d.First))
	rows.receiver, rows.country = append(rows.receiver, m.Receiver), append(rows.country, m.Country)
	rows.carrier, rows.route = append(rows.carrier, m.Carrier), append(rows.route, m.Route)
	rows.state, rows.text, rows.source = append(rows.state, string(state)), append(rows.text, text), append(rows.source, m.Source)
	rows.parts, rows.credits = append(rows.parts, int64(m.Parts)), append(rows.credits, int64(m.Credits))
	rows.ptt, rows.done = append(rows.ptt, int64(m.PTT)), append(rows.done, done)
}

func (r *acceptRows) write(ctx context.Context, t *tx, spent map[int64]int64) error {
	j, m, q, l, c, k := &r.job, &r.message, &r.run, &r.ledger, &r.talk, &r.key
	services, amounts := sorted(spent)
	steps := []struct {
		statement string
		columns   []column
	}{
		{
			`UPDATE balance SET available = available - v.amount, held = held + v.amount FROM v WHERE balance.service_id = v.service_id`,
			[]column{ints("service_id", services), ints("amount", amounts)},
		},
		{
			`INSERT INTO ledger (id, service_id, at, kind, debit, credit, amount, job_id, note)
		  SELECT id, service_id, at, 'hold', 'available', 'held', amount, job_id, '' FROM v`,
			[]column{ints("id", l.id), ints("service_id", l.service), ints("at", l.at), ints("amount", l.amount), ints("job_id", l.job)},
		},
		{
			`INSERT INTO job (id, service_id, credential_id, query_id, text, sender, tag, class, lane, validity, deferred, marketing, unicode,
		    created_at, due_at, delay, hours, count, credits)
		  SELECT id, service_id, credential_id, query_id, text, sender, tag, class, lane, validity, deferred, marketing, unicode,
		    created_at, due_at, delay, hours, count, credits FROM v`,
			[]column{
				ints("id", j.id), ints("service_id", j.service), ints("credential_id", j.credential), texts("query_id", j.query),
				texts("text", j.text), texts("sender", j.sender), texts("tag", j.tag), texts("class", j.class), ints("lane", j.lane),
				ints("validity", j.validity), ints("deferred", j.deferred), bools("marketing", j.marketing), bools("unicode", j.unicode),
				ints("created_at", j.created), ints("due_at", j.due), texts("delay", j.delay), texts("hours", j.hours),
				ints("count", j.count), ints("credits", j.credits),
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
			`INSERT INTO queue (carrier_id, lane, due_at, first_id, last_id, service_id, job_id, attempts)
		  SELECT carrier_id, lane, due_at, first_id, last_id, service_id, job_id, 0 FROM v`,
			[]column{
				ints("carrier_id", q.carrier), ints("lane", q.lane), ints("due_at", q.due), ints("first_id", q.first),
				ints("last_id", q.last), ints("service_id", q.service), ints("job_id", q.job),
			},
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
		if _, err := t.exec(ctx, step.statement, step.columns...); err != nil {
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
	for i := range number {
		if last[talk{number[i], receiver[i]}] == i {
			n, r = append(n, number[i]), append(r, receiver[i])
			s, m, a = append(s, service[i]), append(m, message[i]), append(a, at[i])
		}
	}
	return []column{texts("number", n), texts("receiver", r), ints("service_id", s), ints("message_id", m), ints("at", a)}
}
