package store

import (
	"context"
	"database/sql"
	"iter"
	"slices"
	"strings"

	"ramier/internal/sms"
)

// historyPage is how many messages of a history are in memory at once: each may have a text of its own, of 255 parts.
const historyPage = 500

// Sent is a message of a history.
type Sent struct {
	Message sms.Message // only the fields that a history shows
	Job     *sms.Job
	Network string // MCC and MNC, as a register has answered the service about the receiver; empty if it was not asked
}

// History gives the messages of a service that match the filter, ascending by id and page by page, in constant memory: between two pages
// nothing is kept from the database. It lists what OutgoingPages does. It ends with the first error.
func (s *Store) History(ctx context.Context, service int64, f Filter) iter.Seq2[[]Sent, error] {
	return func(yield func([]Sent, error) bool) {
		if f.Nothing {
			return
		}
		asked, err := s.hasLookups(ctx, service)
		if err != nil {
			yield(nil, err)
			return
		}
		for after := int64(0); ; {
			spans, err := s.jobSpans(ctx, service, f, after, fullPage)
			if err != nil {
				yield(nil, err)
			}
			if err != nil || len(spans) == 0 {
				return
			}
			for part := range portions(spans, historyPage) {
				page, err := s.sentIn(ctx, service, f, part)
				if err == nil && asked {
					err = s.addNetworks(ctx, service, page)
				}
				if !yield(page, err) || err != nil {
					return
				}
			}
			after = spans[len(spans)-1].First
		}
	}
}

// portions cuts spans of ids into groups of at most so many ids.
func portions(spans []run, most int64) iter.Seq[[]run] {
	return func(yield func([]run) bool) {
		var group []run
		left := most
		for _, span := range spans {
			for span.First <= span.Last {
				last := min(span.Last, span.First+left-1)
				group, left = append(group, run{First: span.First, Last: last}), left-(last-span.First+1)
				span.First = last + 1
				if left > 0 {
					continue
				}
				if !yield(group) {
					return
				}
				group, left = nil, most
			}
		}
		if len(group) > 0 {
			yield(group)
		}
	}
}

// sentIn reads the messages in some spans, with their jobs.
func (s *Store) sentIn(ctx context.Context, service int64, f Filter, spans []run) ([]Sent, error) {
	first, last := make([]int64, len(spans)), make([]int64, len(spans))
	for i, span := range spans {
		first[i], last[i] = span.First, span.Last
	}
	w := where{}
	f.ofMessage(&w, service)
	var page []Sent
	jobs := map[int64]*sms.Job{}
	t := tx{db: s.reads, dialect: &s.dialect}
	err := t.query(ctx, "SELECT m.id, m.job_id, m.receiver, m.text, m.source, m.state, m.ptt FROM v "+t.dialect.inRuns+w.String(),
		func(rows *sql.Rows) error {
			var m sms.Message
			err := rows.Scan(&m.ID, &m.JobID, &m.Receiver, &m.Text, &m.Source, &m.State, &m.PTT)
			if jobs[m.JobID] == nil {
				jobs[m.JobID] = &sms.Job{ID: m.JobID}
			}
			page = append(page, Sent{Message: m, Job: jobs[m.JobID]})
			return err
		}, ints("first_id", first), ints("last_id", last))
	if err == nil && len(jobs) > 0 {
		err = t.loadJobs(ctx, jobs)
	}
	if err != nil {
		return nil, unavailable(err)
	}
	slices.SortFunc(page, func(a, b Sent) int { return int(a.Message.ID - b.Message.ID) })
	return page, nil
}

// hasLookups tells whether a service has ever asked about a number.
func (s *Store) hasLookups(ctx context.Context, service int64) (asked bool, err error) {
	err = s.reads.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM hlr WHERE service_id = $1)", service).Scan(&asked)
	if err != nil {
		return false, unavailable(err)
	}
	return asked, nil
}

// addNetworks fills in what registers have answered a service about receivers: the latest answer counts.
func (s *Store) addNetworks(ctx context.Context, service int64, page []Sent) error {
	w := where{}
	receivers := make([]string, len(page))
	for i, m := range page {
		receivers[i] = w.arg(m.Message.Receiver)
	}
	if len(page) == 0 {
		return nil
	}
	w.add("service_id = ?", service)
	rows, err := s.reads.QueryContext(ctx, "SELECT receiver, network FROM hlr WHERE receiver IN ("+strings.Join(receivers, ", ")+") AND "+w.String()+
		" AND status = 'done' ORDER BY id", w.args...)
	if err != nil {
		return unavailable(err)
	}
	defer rows.Close()
	networks := map[string]string{}
	for rows.Next() {
		var receiver, network string
		if err := rows.Scan(&receiver, &network); err != nil {
			return unavailable(err)
		}
		networks[receiver] = network
	}
	for i := range page {
		page[i].Network = networks[page[i].Message.Receiver]
	}
	if err := rows.Err(); err != nil {
		return unavailable(err)
	}
	return nil
}

// IncomingHistory gives a service's incoming messages that match the filter, ascending by id and page by page; see History.
func (s *Store) IncomingHistory(ctx context.Context, service int64, f IncomingFilter) iter.Seq2[[]sms.Incoming, error] {
	return func(yield func([]sms.Incoming, error) bool) {
		for after := int64(0); ; {
			page, err := s.incomingAfter(ctx, service, f, after)
			if err != nil {
				yield(nil, err)
				return
			}
			if len(page) == 0 || !yield(page, nil) {
				return
			}
			after = page[len(page)-1].ID
		}
	}
}

func (s *Store) incomingAfter(ctx context.Context, service int64, f IncomingFilter, after int64) ([]sms.Incoming, error) {
	w := f.where(service)
	w.add("id > ?", after)
	rows, err := s.reads.QueryContext(ctx, "SELECT id, sender, number, text, tag, created_at FROM incoming WHERE "+w.String()+" ORDER BY id LIMIT "+w.arg(historyPage), w.args...)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	var page []sms.Incoming
	for rows.Next() {
		m := sms.Incoming{ServiceID: service}
		var at int64
		if err := rows.Scan(&m.ID, &m.Sender, &m.Number, &m.Text, &m.Tag, &at); err != nil {
			return nil, unavailable(err)
		}
		m.At = fromMicros(at)
		page = append(page, m)
	}
	if err := rows.Err(); err != nil {
		return nil, unavailable(err)
	}
	return page, nil
}
