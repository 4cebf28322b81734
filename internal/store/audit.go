package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// Finding is one thing that does not add up.
type Finding struct {
	Service string // empty when it belongs to none
	Object  string // "balance", "job 12", "message 13"
	Text    string
}

// Audit is the result of adding everything up again.
type Audit struct {
	Services, Jobs, Messages, Entries int64
	Findings                          []Finding // at most MaxFindings
}

// MaxFindings is how many findings an audit lists.
const MaxFindings = 1000

// Audit adds up every ledger entry, job, message and awaited receipt as they were at one moment, and lists what does not agree.
// It reads all messages.
func (s *Store) Audit(ctx context.Context) (Audit, error) {
	var a auditor
	err := s.snapshot(ctx, func(_ *query.Queries, db query.DBTX) error {
		a = auditor{db: db, names: map[int64]string{}}
		for _, check := range []func(context.Context) error{a.count, a.books, a.jobs, a.batches, a.messages, a.waiting, a.references, a.tallies} {
			if err := check(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Audit{}, unavailable(err)
	}
	return a.Audit, nil
}

type auditor struct {
	Audit
	db    query.DBTX
	names map[int64]string
}

func (a *auditor) found(service int64, object, format string, args ...any) {
	if len(a.Findings) < MaxFindings {
		a.Findings = append(a.Findings, Finding{a.names[service], object, fmt.Sprintf(format, args...)})
	}
}

// each calls f for each row; scan reads its columns.
func (a *auditor) each(ctx context.Context, f func(scan func(...any) error) error, text string, args ...any) error {
	rows, err := a.db.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (a *auditor) count(ctx context.Context) error {
	err := a.each(ctx, func(scan func(...any) error) error {
		var id int64
		var name string
		err := scan(&id, &name)
		a.names[id] = name
		return err
	}, "SELECT id, name FROM service")
	a.Services = int64(len(a.names))
	if err != nil {
		return err
	}
	return a.db.QueryRowContext(ctx, "SELECT (SELECT COUNT(*) FROM job), (SELECT COUNT(*) FROM message), (SELECT COUNT(*) FROM ledger)").
		Scan(&a.Jobs, &a.Messages, &a.Entries)
}

// sum adds the entries of an account of the books: what came in, less what went out.
func sum(account string) string {
	return fmt.Sprintf("CAST(COALESCE(SUM(CASE WHEN l.credit = '%[1]s' THEN l.amount WHEN l.debit = '%[1]s' THEN -l.amount ELSE 0 END), 0) AS bigint)", account)
}

// states lists states for SQL.
func states(keep func(sms.State) bool) string {
	var all []string
	for _, s := range sms.States {
		if keep(s) {
			all = append(all, "'"+string(s)+"'")
		}
	}
	return strings.Join(all, ", ")
}

// holds tells that the credits of a message in the state are held, and not spent.
func holds(s sms.State) bool { return s.Waiting() || s == sms.InDoubt }

// books compares each balance with the entries of the ledger, and with the messages.
func (a *auditor) books(ctx context.Context) error {
	accounts := []string{"available", "held", "quota", "used", "issued"}
	sums := make([]string, len(accounts))
	for i, account := range accounts {
		sums[i] = sum(account)
	}
	err := a.each(ctx, func(scan func(...any) error) error {
		var service int64
		var have, entered [5]sms.Credits
		if err := scan(&service, &have[0], &have[1], &have[2], &have[3], &have[4], &entered[0], &entered[1], &entered[2], &entered[3], &entered[4]); err != nil {
			return err
		}
		for i, account := range accounts {
			if have[i] != entered[i] {
				a.found(service, "balance", "%s holds %v, and its entries add up to %v", account, have[i], entered[i])
			}
		}
		if total := have[0] + have[1] + have[2] + have[3] + have[4]; total != 0 {
			a.found(service, "balance", "the accounts add up to %v instead of 0", total)
		}
		return nil
	}, "SELECT b.service_id, b.available, b.held, b.quota, b.used, b.issued, "+strings.Join(sums, ", ")+
		" FROM balance b LEFT JOIN ledger l ON l.service_id = b.service_id WHERE b.service_id <> 0"+
		" GROUP BY b.service_id, b.available, b.held, b.quota, b.used, b.issued ORDER BY b.service_id")
	if err != nil {
		return err
	}
	if err := a.quotas(ctx); err != nil {
		return err
	}
	spent := states(func(s sms.State) bool { return !holds(s) && s != sms.Cancelled && s != sms.Sending })
	return a.each(ctx, func(scan func(...any) error) error {
		var service int64
		var held, used, heldByMessages, usedByMessages, replies sms.Credits
		if err := scan(&service, &held, &used, &heldByMessages, &usedByMessages, &replies); err != nil {
			return err
		}
		used -= replies
		if held != heldByMessages {
			a.found(service, "balance", "held is %v, and the messages that wait or are in doubt cost %v", held, heldByMessages)
		}
		if used != usedByMessages {
			a.found(service, "balance", "used is %v, and the messages that were sent cost %v, replies and look-ups left out", used, usedByMessages)
		}
		return nil
	}, `SELECT b.service_id, b.held, b.used,
		CAST(COALESCE(SUM(CASE WHEN m.state IN (`+states(holds)+`) THEN m.credits ELSE 0 END), 0) AS bigint),
		CAST(COALESCE(SUM(CASE WHEN m.state IN (`+spent+`) THEN m.credits ELSE 0 END), 0) AS bigint),
		(SELECT CAST(COALESCE(SUM(CASE l.kind WHEN 'capture' THEN l.amount ELSE -l.amount END), 0) AS bigint) FROM ledger l
			WHERE l.service_id = b.service_id AND ((l.kind = 'capture' AND l.debit = 'available') OR (l.kind = 'refund' AND l.debit = 'used')))
		FROM balance b LEFT JOIN message m ON m.service_id = b.service_id WHERE b.service_id <> 0
		GROUP BY b.service_id, b.held, b.used ORDER BY b.service_id`)
}

// quotas compares what the books hold for users with their quotas.
func (a *auditor) quotas(ctx context.Context) error {
	return a.each(ctx, func(scan func(...any) error) error {
		var service int64
		var quota, given sms.Credits
		err := scan(&service, &quota, &given)
		if err == nil && quota != given {
			a.found(service, "balance", "quota is %v, and the quotas of its users add up to %v", quota, given)
		}
		return err
	}, `SELECT b.service_id, b.quota, CAST(COALESCE(SUM(u.quota_left), 0) AS bigint) FROM balance b
		LEFT JOIN sms_user u ON u.service_id = b.service_id AND u.quota_status = 'active'
		GROUP BY b.service_id, b.quota ORDER BY b.service_id`)
}

// jobs compares each job with its messages and with the entry that held its price.
func (a *auditor) jobs(ctx context.Context) error {
	err := a.each(ctx, func(scan func(...any) error) error {
		var id, service, count, messages int64
		if err := scan(&id, &service, &count, &messages); err != nil {
			return err
		}
		a.found(service, fmt.Sprint("job ", id), "has %d messages instead of %d", messages, count)
		return nil
	}, `SELECT j.id, j.service_id, j.count, COUNT(m.id) FROM job j
		LEFT JOIN message m ON m.id BETWEEN j.id AND j.id + j.count - 1 AND m.job_id = j.id AND m.service_id = j.service_id
		GROUP BY j.id, j.service_id, j.count HAVING COUNT(m.id) <> j.count ORDER BY j.id LIMIT 1000`)
	if err != nil {
		return err
	}
	return a.each(ctx, func(scan func(...any) error) error {
		var id, service int64
		var price, held sms.Credits
		if err := scan(&id, &service, &price, &held); err != nil {
			return err
		}
		a.found(service, fmt.Sprint("job ", id), "costs %v, and %v were held for it", price, held)
		return nil
	}, `SELECT j.id, j.service_id, j.credits, CAST(COALESCE(l.held, 0) AS bigint) FROM job j
		LEFT JOIN (SELECT job_id, service_id, SUM(amount) AS held FROM ledger WHERE kind = 'hold' GROUP BY job_id, service_id) l
		ON l.job_id = j.id AND l.service_id = j.service_id
		WHERE COALESCE(l.held, 0) <> j.credits ORDER BY j.id LIMIT 1000`)
}

// messages looks for what cannot be: messages of no job, final ones without an end, sent ones without a time or reference.
func (a *auditor) messages(ctx context.Context) error {
	final := states(sms.State.Final)
	for _, check := range []struct{ where, text string }{
		{"NOT EXISTS (SELECT 1 FROM job j WHERE j.id = m.job_id)", "belongs to no job"},
		{"m.state IN (" + final + ") AND m.done_at = 0", "has ended, and the time of its end is missing"},
		{"m.state NOT IN (" + final + ") AND m.done_at <> 0", "has a time of its end, and has not ended"},
		{"m.state IN ('sent', 'buffered', 'delivered') AND m.sent_at = 0", "was sent, and the time is missing"},
		{"m.state IN ('sent', 'buffered', 'delivered') AND (m.refs = '' OR m.accepted = 0)", "was sent, and the carrier's reference is missing"},
		{"m.state IN ('refused') AND m.credits <> 0", "was refused, and costs something"},
		{"m.credits < 0 OR m.accepted < 0 OR m.arrived < 0 OR m.arrived > m.accepted", "has impossible counts"},
	} {
		err := a.each(ctx, func(scan func(...any) error) error {
			var id, service int64
			var state string
			if err := scan(&id, &service, &state); err != nil {
				return err
			}
			a.found(service, fmt.Sprint("message ", id), "%s (%s)", check.text, state)
			return nil
		}, "SELECT m.id, m.service_id, m.state FROM message m WHERE "+check.where+" ORDER BY m.id LIMIT 1000")
		if err != nil {
			return err
		}
	}
	return nil
}

// waiting looks for messages that wait and that no carrier would ever get: neither the queue nor a claim lists them.
func (a *auditor) waiting(ctx context.Context) error {
	claims, err := claimedRuns(ctx, a.db, 0)
	if err != nil {
		return err
	}
	return a.each(ctx, func(scan func(...any) error) error {
		var id, service, attempts int64
		if err := scan(&id, &service, &attempts); err != nil {
			return err
		}
		if !listed(claims, id, attempts) {
			a.found(service, fmt.Sprint("message ", id), "waits, and is in no queue")
		}
		return nil
	}, `SELECT m.id, m.service_id, m.attempts FROM message m WHERE m.state IN ('queued', 'scheduled') AND NOT EXISTS
		(SELECT 1 FROM queue q WHERE q.service_id = m.service_id AND q.first_id <= m.id AND q.last_id >= m.id
		 AND q.carrier_id = m.carrier_id AND q.attempts = m.attempts) ORDER BY m.id`)
}

// references compares the references that are awaited with the messages that await them.
func (a *auditor) references(ctx context.Context) error {
	err := a.each(ctx, func(scan func(...any) error) error {
		var ref string
		var id int64
		var state sql.NullString
		if err := scan(&id, &ref, &state); err != nil {
			return err
		}
		if !state.Valid {
			a.found(0, fmt.Sprint("message ", id), "does not exist, and a receipt is awaited for its reference %q", ref)
		} else {
			a.found(0, fmt.Sprint("message ", id), "is %s, and a receipt is awaited for its reference %q", state.String, ref)
		}
		return nil
	}, `SELECT a.message_id, a.ref, m.state FROM awaiting a LEFT JOIN message m ON m.id = a.message_id
		WHERE m.id IS NULL OR m.state IN (`+states(sms.State.Final)+`) ORDER BY a.message_id LIMIT 1000`)
	if err != nil {
		return err
	}
	claims, err := claimedRuns(ctx, a.db, 0)
	if err != nil {
		return err
	}
	return a.each(ctx, func(scan func(...any) error) error {
		var id, service, attempts int64
		if err := scan(&id, &service, &attempts); err != nil {
			return err
		}
		if !listed(claims, id, attempts) {
			a.found(service, fmt.Sprint("message ", id), "was sent, and none of its receipts is awaited")
		}
		return nil
	}, `SELECT m.id, m.service_id, m.attempts FROM message m WHERE m.state IN ('sent', 'buffered') AND m.refs <> '' AND m.accepted = 1 AND m.parts = 1 AND NOT EXISTS
		(SELECT 1 FROM awaiting a WHERE a.carrier_id = m.carrier_id AND a.ref = m.refs AND a.message_id = m.id) ORDER BY m.id`)
}
