package store

import (
	"context"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// JoinID gives an id for what has several messages, or parts, over SMPP.
func (s *Store) JoinID(ctx context.Context) (int64, error) { return s.objectID(ctx) }

// WaitsForParts tells whether parts of a long message with the id are kept until the others come.
func (s *Store) WaitsForParts(ctx context.Context, service, join int64) (waits bool, err error) {
	err = s.reads.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM smpp_part WHERE service_id = $1 AND join_id = $2)", service, join).Scan(&waits)
	if err != nil {
		err = unavailable(err)
	}
	return waits, err
}

// ReceiptTo gives how the client of a job wants to be told what became of its messages.
func (s *Store) ReceiptTo(ctx context.Context, job int64) (text string, err error) {
	if err = s.reads.QueryRowContext(ctx, "SELECT receipt_to FROM job WHERE id = $1", job).Scan(&text); err != nil {
		err = found(err, "job", job)
	}
	return text, err
}

// Replacement is what a waiting message becomes.
type Replacement struct {
	Plan      *sms.Plan // of one message, to the same receiver
	ReceiptTo string
	// What of the job is to change, which then must have no other message. DueAt is zero to keep it.
	DueAt    time.Time
	Validity time.Duration
}

// changesJob tells whether it changes what the messages of a job have in common.
func (r *Replacement) changesJob(j sms.Job, receiptTo string) bool {
	return !r.DueAt.IsZero() || r.Validity != j.Validity || r.ReceiptTo != receiptTo
}

// Replace gives a waiting message another text and price, and, if it is its job's only one, other times and receipts, and charges or
// releases what it costs more or less. Errors: NoObject if the service has no such waiting message; Conflict if it is being sent, or has
// to keep what its job says; NoCredit; Guarded; *StaleError.
func (s *Store) Replace(ctx context.Context, service, id int64, r *Replacement) error {
	m, _, err := s.Message(ctx, service, id)
	if err != nil {
		return err
	}
	entry, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	return s.submit(ctx, other, alone(func(t *tx) error { return s.replace(ctx, t, m, r, entry) }))
}

// replace is a write alone.
func (s *Store) replace(ctx context.Context, t *tx, m sms.Message, r *Replacement, entry int64) error {
	m, j, err := t.replaceable(ctx, m, r)
	if err != nil {
		return err
	}
	planned := &r.Plan.Messages[0]
	was := m
	if m.Text = planned.Text; j.Count == 1 || m.Text == j.Text {
		m.Text = ""
	}
	if m.Parts, m.Credits = planned.Parts, planned.Credits; !r.DueAt.IsZero() {
		if m.State = sms.Queued; r.DueAt.After(r.Plan.At) {
			m.State = sms.Scheduled
		}
	}
	if err := t.charge(ctx, r.Plan, &was, &m, entry); err != nil {
		return err
	}
	if _, err := t.db.ExecContext(ctx, "UPDATE message SET text = $1, parts = $2, credits = $3, state = $4 WHERE id = $5",
		m.Text, m.Parts, int64(m.Credits), string(m.State), m.ID); err != nil {
		return err
	}
	if err := t.TouchRun(ctx, query.TouchRunParams{ServiceID: m.ServiceID, FirstID: m.ID}); err != nil {
		return err
	}
	if j.Count == 1 {
		if err := t.replaceJob(ctx, &j, planned.Text, r); err != nil {
			return err
		}
		t.afterwards(func(committed bool) {
			if committed {
				s.filled([]int64{m.CarrierID})
			}
		})
	}
	var counted tallies
	of := tallyOf(&j)
	counted.enter(&was, &of, was.State, was.Credits, -1)
	counted.enter(&m, &of, m.State, m.Credits, 1)
	return counted.write(ctx, s, t, other)
}

// replaceable reads a message that waits, and its job, if the message can be replaced so.
func (t *tx) replaceable(ctx context.Context, m sms.Message, r *Replacement) (sms.Message, sms.Job, error) {
	m, err := scanMessage(t.db.QueryRowContext(ctx, "SELECT "+messageColumns+" FROM message m WHERE m.id = $1", m.ID))
	if err != nil {
		return m, sms.Job{}, found(err, "id", m.ID)
	}
	var row jobRow
	var receiptTo string
	if err := t.db.QueryRowContext(ctx, "SELECT "+jobColumns+", j.receipt_to FROM job j WHERE j.id = $1", m.JobID).
		Scan(append(row.columns(), &receiptTo)...); err != nil {
		return m, sms.Job{}, err
	}
	j := row.read()
	claimed, err := isClaimed(ctx, t.db, m)
	switch {
	case err != nil:
	case !m.State.Waiting():
		err = noObject("id", m.ID)
	case claimed || m.Accepted > 0:
		err = sms.Errorf(sms.Conflict, "The message %d is being sent and cannot be replaced any more", m.ID)
	case j.Count > 1 && r.changesJob(j, receiptTo):
		err = sms.Errorf(sms.Conflict, "The message %d was accepted together with others: it can get another text, and no other time or receipts", m.ID)
	}
	return m, j, err
}

// charge moves between the books what a message costs more or less than it did.
func (t *tx) charge(ctx context.Context, p *sms.Plan, was, m *sms.Message, entry int64) error {
	books, err := t.lockBalances(ctx, []int64{m.ServiceID})
	if err != nil {
		return err
	}
	if books[m.ServiceID].Rev != p.Rev || books[0].Rev != p.PlatformRev {
		return &StaleError{m.ServiceID}
	}
	more := m.Credits - was.Credits
	if more < 0 {
		return t.release(ctx, m.ServiceID, m.JobID, int64(-more), entry, p.At, "replaced")
	}
	if more == 0 {
		return nil
	}
	spent := newSpending(books, nil)
	rest := *p
	rest.Credits = more
	if _, err := spent.take(&rest); err != nil {
		return err
	}
	if err := t.InsertLedger(ctx, query.InsertLedgerParams{
		ID: entry, ServiceID: m.ServiceID, At: micros(p.At), Kind: "hold", Debit: "available", Credit: "held", Amount: int64(more), JobID: m.JobID,
		Note: "replaced",
	}); err != nil {
		return err
	}
	if _, err := t.db.ExecContext(ctx, "UPDATE job SET credits = credits + $1 WHERE id = $2", int64(more), m.JobID); err != nil {
		return err
	}
	return spent.write(ctx, t)
}

// replaceJob changes what a job says about its only message, and when that is due.
func (t *tx) replaceJob(ctx context.Context, j *sms.Job, text string, r *Replacement) error {
	j.Text, j.Validity = text, r.Validity
	if _, err := t.db.ExecContext(ctx, "UPDATE job SET text = $1, validity = $2, receipt_to = $3 WHERE id = $4",
		j.Text, j.Validity.Microseconds(), r.ReceiptTo, j.ID); err != nil || r.DueAt.IsZero() {
		return err
	}
	j.DueAt = fromMicros(micros(r.DueAt))
	if _, err := t.db.ExecContext(ctx, "UPDATE job SET due_at = $1, deferred = $2, delay = $3 WHERE id = $4",
		micros(j.DueAt), max(j.DueAt.Sub(j.CreatedAt), 0).Microseconds(), r.Plan.Messages[0].Delay, j.ID); err != nil {
		return err
	}
	_, err := t.db.ExecContext(ctx, "UPDATE queue SET due_at = $1 WHERE service_id = $2 AND first_id = $3 AND last_id = $3",
		micros(j.DueAt), j.ServiceID, j.ID)
	return err
}
