package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"ramier/internal/sms"
)

// The sizes of a list's pages in messages. The first is small, so that its ids leave at once.
const (
	firstPage = 256
	fullPage  = 16_384
)

// Outgoing lists the ids of a service's messages that match the filter, ascending. Cancelled and deleted ones are left out.
func (s *Store) Outgoing(ctx context.Context, service int64, f Filter) ([]int64, error) {
	all := []int64{}
	for page, err := range s.OutgoingPages(ctx, service, f) {
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
	}
	return all, nil
}

// OutgoingPages gives what Outgoing does, page by page: however many messages there are, it holds few ids at a time, the first come
// at once, and between two pages nothing is kept from the database. It ends with the first error. A page may be empty.
func (s *Store) OutgoingPages(ctx context.Context, service int64, f Filter) iter.Seq2[[]int64, error] {
	return func(yield func([]int64, error) bool) {
		if f.Nothing {
			return
		}
		if f.Receiver != "" {
			ids, err := s.outgoingTo(ctx, service, f)
			yield(ids, err)
			return
		}
		size := int64(firstPage)
		for after := int64(0); ; {
			spans, err := s.jobSpans(ctx, service, f, after, size)
			if err == nil && len(spans) == 0 {
				return
			}
			var ids []int64
			if err == nil {
				ids, err = s.outgoingIn(ctx, service, f, spans)
			}
			if !yield(ids, err) || err != nil {
				return
			}
			after, size = spans[len(spans)-1].First, fullPage
		}
	}
}

// outgoingTo lists the messages to one receiver. Each bucket of the index is asked once; the jobs of the service say which there
// are.
func (s *Store) outgoingTo(ctx context.Context, service int64, f Filter) ([]int64, error) {
	w := where{}
	from := fmt.Sprintf(`(WITH RECURSIVE b (n, last) AS (
		SELECT MIN(id) / 262144, (MAX(id + count)) / 262144 FROM job WHERE service_id = %s
		UNION ALL SELECT n + 1, last FROM b WHERE n < last) SELECT n FROM b) buckets
		JOIN message m ON m.id / 262144 = buckets.n AND m.receiver = %s JOIN job j ON j.id = m.job_id`, w.arg(service), w.arg(f.Receiver))
	w.add("j.service_id = ?", service)
	f.ofMessage(&w, service)
	f.ofJob(&w)
	rows, err := s.reads.QueryContext(ctx, "SELECT m.id FROM "+from+" WHERE "+w.String()+" ORDER BY m.id", w.args...)
	if err != nil {
		return nil, unavailable(err)
	}
	return scanIDs(rows)
}

// jobSpans gives the ids of the messages of the next jobs after one that match the filter, in jobs of about so many messages. With
// a tag the index finds them; it has the ways of counting one after the other.
func (s *Store) jobSpans(ctx context.Context, service int64, f Filter, after, size int64) ([]run, error) {
	w := where{}
	w.add("j.service_id = ?", service)
	w.add("j.id > ?", after)
	f.ofJob(&w)
	query := "SELECT j.id, j.count FROM job j WHERE " + w.String()
	if f.Tag != nil {
		var parts []string
		for _, how := range []sms.Tally{sms.Uncounted, sms.CountedWithoutTag, sms.CountedWithTag} {
			parts = append(parts, fmt.Sprintf("SELECT id, count FROM (%s AND j.tally = %d ORDER BY j.id LIMIT %d) t%d", query, how, size, how+1))
		}
		query = "SELECT id, count FROM (" + strings.Join(parts, " UNION ALL ") + ") all_jobs ORDER BY id"
	} else {
		query += " ORDER BY j.id"
	}
	rows, err := s.reads.QueryContext(ctx, fmt.Sprintf("%s LIMIT %d", query, size), w.args...)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	var spans []run
	for total := int64(0); total < size && rows.Next(); {
		var id, count int64
		if err := rows.Scan(&id, &count); err != nil {
			return nil, unavailable(err)
		}
		spans, total = append(spans, run{First: id, Last: id + count - 1}), total+count
	}
	if err := rows.Err(); err != nil {
		return nil, unavailable(err)
	}
	return spans, nil
}

// outgoingIn lists the messages of jobs, whose ids are ascending.
func (s *Store) outgoingIn(ctx context.Context, service int64, f Filter, spans []run) ([]int64, error) {
	var first, last []int64
	for _, span := range spans {
		if n := len(last); n > 0 && last[n-1]+1 == span.First { // often ids follow each other from job to job
			last[n-1] = span.Last
			continue
		}
		first, last = append(first, span.First), append(last, span.Last)
	}
	w := where{}
	f.ofMessage(&w, service)
	ids := []int64{}
	t := tx{db: s.reads, dialect: &s.dialect}
	err := t.query(ctx, "SELECT m.id FROM v "+t.dialect.inRuns+w.String(), func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, ints("first_id", first), ints("last_id", last))
	if err != nil {
		return nil, unavailable(err)
	}
	slices.Sort(ids)
	return ids, nil
}

// ofJob adds what the filter says about jobs j.
func (f Filter) ofJob(w *where) {
	if f.Tag != nil {
		w.add("j.tag = ?", *f.Tag)
		if *f.Tag != "" {
			w.conditions = append(w.conditions, "j.tag <> ''") // as the index says
		}
	}
	w.within("j.created_at", f.From, f.To)
	if f.Deferred != nil {
		w.add("(j.due_at - j.created_at) / 60000000 = ?", int64(*f.Deferred/time.Minute)) // as it is shown
	}
	if f.Batch != nil {
		w.add("j.id IN (SELECT b.job_id FROM batch_job b JOIN batch a ON a.id = b.batch_id WHERE a.uuid = ?)", *f.Batch)
	}
	if f.SMPP != 0 { // one of a job that has its id or one a little lower
		w.add("j.id <= ?", f.SMPP)
		w.add("j.id > ?", f.SMPP-mostOverSMPP)
		w.add("j.id + j.count > ?", f.SMPP)
		w.add("j.query_id LIKE ?", sms.ViaSMPP+"%")
	}
	if f.User != 0 {
		w.add("j.user_id = ?", f.User)
	}
	if f.Sender != nil {
		w.add("j.sender = ?", *f.Sender)
	}
}

// mostOverSMPP is more messages than any job has that came over SMPP.
const mostOverSMPP = 5000

// ofMessage adds what the filter says about messages m of a service. Nothing in it is written by a caller but numbers.
func (f Filter) ofMessage(w *where, service int64) {
	// The plus keeps SQLite from making an index of all messages for the one query.
	w.conditions = append(w.conditions, fmt.Sprintf("+m.service_id = %d", service), "NOT m.hidden", "m.state <> '"+string(sms.Cancelled)+"'")
	if f.SMPP != 0 {
		w.conditions = append(w.conditions, fmt.Sprintf("m.id = %d", f.SMPP))
	}
	if f.PTT != nil {
		w.conditions = append(w.conditions, fmt.Sprintf("m.ptt = %d", *f.PTT))
	}
	if len(f.States) > 0 {
		w.conditions = append(w.conditions, "m.state IN ("+states(func(s sms.State) bool { return slices.Contains(f.States, s) })+")")
	}
}
