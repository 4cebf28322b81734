package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// Claim is a batch of messages that this node will hand to a carrier. It is on disk.
type Claim struct {
	ID       int64
	Messages []Claimed
}

// Claimed is one message of a claim with its job.
type Claimed struct {
	sms.Message
	Job *sms.Job
	// OptedOut: the receiver has answered STOP to the service, perhaps after the message was accepted.
	OptedOut bool
}

// run is what a claim lists: the messages from First to Last that belong to the carrier, waited, and had come back
// Attempts times.
type run struct {
	First, Last, Attempts int64
}

// queueRun is a row of the queue.
type queueRun struct {
	CarrierID                     int64
	Lane                          int16
	DueAt, FirstID, LastID, JobID int64
	ServiceID                     int64
	Attempts                      int16
}

type claimRequest struct {
	carrier int64
	most    int64
	now     time.Time
	claim   *Claim
}

// Claim takes up to most messages that are due for a carrier, the lanes by their weights. The claim is committed when it
// returns; nil means that nothing is due.
func (s *Store) Claim(ctx context.Context, carrier int64, most int, now time.Time) (*Claim, error) {
	r := &claimRequest{carrier: carrier, most: int64(most), now: now}
	if err := s.submit(ctx, claim, r); err != nil {
		return nil, err
	}
	return r.claim, nil
}

func (s *Store) claimGroup(ctx context.Context, t *tx, ops []*op) error {
	for _, o := range ops {
		r := o.arg.(*claimRequest)
		runs, err := t.takeRuns(ctx, r)
		if err != nil {
			return err
		}
		if r.claim, err = s.makeClaim(ctx, t, r, runs); err != nil {
			return err
		}
	}
	return nil
}

// laneWeights share a claim among lanes that all have something waiting: what one leaves goes to the others, by priority.
var laneWeights = [...]int64{8, 4, 2, 1}

// takeRuns takes runs out of the queue that hold at most r.most messages.
func (t *tx) takeRuns(ctx context.Context, r *claimRequest) ([]queueRun, error) {
	var waiting [len(laneWeights)][]queueRun
	for lane := range waiting {
		rows, err := t.dueRuns(ctx, r, lane)
		if err != nil {
			return nil, err
		}
		waiting[lane] = rows
	}
	var taken []queueRun
	left := r.most
	take := func(lane int, most int64) error {
		for most > 0 && left > 0 && len(waiting[lane]) > 0 {
			head := &waiting[lane][0]
			size := head.LastID - head.FirstID + 1
			got := *head
			if n := min(most, left); size > n {
				got.LastID = head.FirstID + n - 1
				if err := t.shorten(ctx, head, got.LastID+1); err != nil {
					return err
				}
				size = n
			} else {
				if _, err := t.DeleteRun(ctx, query.DeleteRunParams{CarrierID: got.CarrierID, Lane: got.Lane, DueAt: got.DueAt, FirstID: got.FirstID}); err != nil {
					return err
				}
				waiting[lane] = waiting[lane][1:]
			}
			taken = append(taken, got)
			most, left = most-size, left-size
		}
		return nil
	}
	var sum int64
	for lane, rows := range waiting {
		if len(rows) > 0 {
			sum += laneWeights[lane]
		}
	}
	for lane := range waiting {
		if sum > 0 {
			if err := take(lane, max(1, r.most*laneWeights[lane]/sum)); err != nil {
				return nil, err
			}
		}
	}
	for lane := range waiting {
		if err := take(lane, left); err != nil {
			return nil, err
		}
	}
	return taken, nil
}

func (t *tx) dueRuns(ctx context.Context, r *claimRequest, lane int) ([]queueRun, error) {
	rows, err := t.db.QueryContext(ctx, `SELECT carrier_id, lane, due_at, first_id, last_id, service_id, job_id, attempts FROM queue
		WHERE carrier_id = $1 AND lane = $2 AND due_at <= $3 ORDER BY due_at, first_id LIMIT $4`+t.dialect.skip,
		r.carrier, lane, micros(r.now), r.most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var runs []queueRun
	for rows.Next() {
		var q queueRun
		if err := rows.Scan(&q.CarrierID, &q.Lane, &q.DueAt, &q.FirstID, &q.LastID, &q.ServiceID, &q.JobID, &q.Attempts); err != nil {
			return nil, err
		}
		runs = append(runs, q)
	}
	return runs, rows.Err()
}

// shorten leaves the part of a run that begins at first.
func (t *tx) shorten(ctx context.Context, q *queueRun, first int64) error {
	_, err := t.db.ExecContext(ctx, `UPDATE queue SET first_id = $1 WHERE carrier_id = $2 AND lane = $3 AND due_at = $4 AND first_id = $5`,
		first, q.CarrierID, q.Lane, q.DueAt, q.FirstID)
	q.FirstID = first
	return err
}

// makeClaim reads what of the runs still waits and writes the claim that lists it.
func (s *Store) makeClaim(ctx context.Context, t *tx, r *claimRequest, runs []queueRun) (*Claim, error) {
	if len(runs) == 0 {
		return nil, nil
	}
	id, err := t.id()
	if err != nil {
		return nil, err
	}
	c := &Claim{ID: id}
	listed := make([]run, len(runs))
	for i, q := range runs {
		listed[i] = run{q.FirstID, q.LastID, int64(q.Attempts)}
	}
	if c.Messages, err = t.waitingIn(ctx, r.carrier, listed); err != nil {
		return nil, err
	}
	if len(c.Messages) == 0 {
		return &Claim{}, nil
	}
	text, err := json.Marshal(listed)
	if err != nil {
		return nil, err
	}
	return c, t.InsertClaim(ctx, query.InsertClaimParams{ID: id, Node: s.node, CarrierID: r.carrier, At: micros(r.now), Runs: string(text)})
}

const messageColumns = `m.id, m.service_id, m.job_id, m.receiver, m.country, m.carrier_id, m.route_id, m.state, m.text, m.source, m.parts,
	m.accepted, m.arrived, m.credits, m.ptt, m.attempts, m.duplicate, m.rev, m.sent_at, m.done_at, m.error, m.refs, m.receipt`

func scanMessage(r interface{ Scan(...any) error }, more ...any) (sms.Message, error) {
	var m sms.Message
	var refs string
	var sent, done int64
	err := r.Scan(append([]any{
		&m.ID, &m.ServiceID, &m.JobID, &m.Receiver, &m.Country, &m.CarrierID, &m.RouteID, &m.State, &m.Text, &m.Source, &m.Parts,
		&m.Accepted, &m.Arrived, &m.Credits, &m.PTT, &m.Attempts, &m.Duplicate, &m.Rev, &sent, &done, &m.Error, &refs, &m.Receipt,
	}, more...)...)
	m.SentAt, m.DoneAt = fromMicros(sent), fromMicros(done)
	if refs != "" {
		m.Refs = strings.Split(refs, "\n")
	}
	return m, err
}

func runColumns(runs []run) []column {
	first, last, attempts := make([]int64, len(runs)), make([]int64, len(runs)), make([]int64, len(runs))
	for i, r := range runs {
		first[i], last[i], attempts[i] = r.First, r.Last, r.Attempts
	}
	return []column{ints("first_id", first), ints("last_id", last), ints("attempts", attempts)}
}

// waitingIn reads the messages of runs that still wait for the carrier, with their jobs.
func (t *tx) waitingIn(ctx context.Context, carrier int64, runs []run) ([]Claimed, error) {
	var claimed []Claimed
	jobs := map[int64]*sms.Job{}
	err := t.query(ctx, `SELECT `+messageColumns+`, o.receiver IS NOT NULL FROM v
		JOIN message m ON m.id BETWEEN v.first_id AND v.last_id AND m.attempts = v.attempts AND m.state IN ('queued', 'scheduled', 'indoubt')
		LEFT JOIN optout o ON o.service_id = m.service_id AND o.receiver = m.receiver`, func(r *sql.Rows) error {
		var optedOut bool
		m, err := scanMessage(r, &optedOut)
		if err == nil && m.CarrierID == carrier {
			if jobs[m.JobID] == nil {
				jobs[m.JobID] = &sms.Job{ID: m.JobID}
			}
			claimed = append(claimed, Claimed{Message: m, Job: jobs[m.JobID], OptedOut: optedOut})
		}
		return err
	}, runColumns(runs)...)
	if err != nil {
		return nil, err
	}
	return claimed, t.loadJobs(ctx, jobs)
}

// loadJobs fills the jobs of the map.
func (t *tx) loadJobs(ctx context.Context, jobs map[int64]*sms.Job) error {
	ids := make([]int64, 0, len(jobs))
	for id := range jobs {
		ids = append(ids, id)
	}
	return t.query(ctx, `SELECT `+jobColumns+` FROM v JOIN job j ON j.id = v.id`, func(r *sql.Rows) error {
		j, err := scanJob(r)
		if err == nil {
			*jobs[j.ID] = j
		}
		return err
	}, ints("id", ids))
}

const jobColumns = `j.id, j.service_id, j.credential_id, j.query_id, j.text, j.sender, j.tag, j.class, j.lane, j.validity, j.deferred,
	j.marketing, j.unicode, j.created_at, j.due_at, j.count, j.credits`

func scanJob(r interface{ Scan(...any) error }) (sms.Job, error) {
	var j sms.Job
	var lane int
	var validity, deferred, created, due int64
	err := r.Scan(&j.ID, &j.ServiceID, &j.Credential, &j.QueryID, &j.Text, &j.Sender, &j.Tag, &j.Class, &lane, &validity, &deferred,
		&j.Marketing, &j.Unicode, &created, &due, &j.Count, &j.Credits)
	if err != nil {
		return j, err
	}
	j.Priority = sms.Priorities[lane]
	j.Validity, j.Deferred = time.Duration(validity)*time.Microsecond, time.Duration(deferred)*time.Microsecond
	j.CreatedAt, j.DueAt = fromMicros(created), fromMicros(due)
	return j, nil
}

// NextDue gives the time at which the carrier's first message that still waits is due, zero if none waits.
func (s *Store) NextDue(ctx context.Context, carrier int64) (time.Time, error) {
	var at int64
	err := s.reads.QueryRowContext(ctx, `SELECT COALESCE(MIN(due_at), 0) FROM (
		SELECT MIN(due_at) AS due_at FROM queue WHERE carrier_id = $1 AND lane = 0 UNION ALL
		SELECT MIN(due_at) FROM queue WHERE carrier_id = $1 AND lane = 1 UNION ALL
		SELECT MIN(due_at) FROM queue WHERE carrier_id = $1 AND lane = 2 UNION ALL
		SELECT MIN(due_at) FROM queue WHERE carrier_id = $1 AND lane = 3) AS firsts`, carrier).Scan(&at)
	return fromMicros(at), err
}
