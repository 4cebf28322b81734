package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramier/internal/sms"
)

// Claim is a batch of messages that this node will hand to a carrier. It is on disk.
type Claim struct {
	ID       int64
	Messages []Claimed
	// Last tells that nothing more is due.
	Last   bool
	holder string // of the carrier's lease
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
	Lane                          int
	DueAt, FirstID, LastID, JobID int64
	ServiceID                     int64
	Attempts                      int64
	Touched                       bool
}

func (q queueRun) size() int64 { return q.LastID - q.FirstID + 1 }

type claimRequest struct {
	carrier int64
	hold    Hold
	most    int64
	now     time.Time
	high    bool // only of the lane high
	claim   *Claim

	runs   []queueRun // taken out of the queue
	served service    // and taken of what is being accepted
}

// Claim takes up to most messages that are due for a carrier, the lanes by their weights. The claim is committed when it
// returns; nil means that nothing is due. Only who holds the carrier's lease may claim. Error: *LostLeaseError.
func (s *Store) Claim(ctx context.Context, carrier int64, h Hold, most int, now time.Time) (*Claim, error) {
	return s.claim(ctx, &claimRequest{carrier: carrier, hold: h, most: int64(most), now: now})
}

// ClaimHigh is [Store.Claim] for the lane high alone, whatever else waits.
func (s *Store) ClaimHigh(ctx context.Context, carrier int64, h Hold, most int, now time.Time) (*Claim, error) {
	return s.claim(ctx, &claimRequest{carrier: carrier, hold: h, most: int64(most), now: now, high: true})
}

func (s *Store) claim(ctx context.Context, r *claimRequest) (*Claim, error) {
	if err := s.submit(ctx, claim, r); err != nil {
		return nil, err
	}
	return r.claim, nil
}

// takeGroup takes what claims ask for out of the queue. Those that get less take the rest of what the same group accepts.
func (s *Store) takeGroup(ctx context.Context, t *tx, ops []*op) (hungry map[int64]*claimRequest, err error) {
	if len(ops) == 0 {
		return nil, nil
	}
	names := make([]string, len(ops))
	for i, o := range ops {
		names[i] = o.arg.(*claimRequest).hold.Name
	}
	held, err := t.heldLeases(ctx, names)
	if err != nil {
		return nil, err
	}
	hungry = map[int64]*claimRequest{}
	for _, o := range ops {
		r := o.arg.(*claimRequest)
		r.claim, r.runs, r.served = nil, nil, service{} // of a group that failed
		if !held[r.hold] || r.hold.Name != CarrierLease(r.carrier) {
			o.fail(&LostLeaseError{r.hold})
			continue
		}
		if r.runs, err = t.takeRuns(ctx, r, s.turn(r)); err != nil {
			return nil, err
		}
		left := r.most
		for _, q := range r.runs {
			left -= q.size()
		}
		if left > 0 && !r.high {
			r.served.most = int(left)
			hungry[r.carrier] = r
			s.offers.isEmpty(r.carrier)
		}
	}
	return hungry, nil
}

// claimGroup makes the claims of what was taken.
func (s *Store) claimGroup(ctx context.Context, t *tx, ops []*op, hungry map[int64]*claimRequest) error {
	for _, o := range ops {
		r := o.arg.(*claimRequest)
		if o.err != nil {
			continue
		}
		if err := s.makeClaim(ctx, t, r); err != nil {
			return err
		}
		if r.claim != nil {
			r.claim.Last = hungry[r.carrier] == r && r.served.last()
		}
	}
	return nil
}

// lanes is the order in which lanes that all have something waiting take turns, 8 : 4 : 2 : 1. What one leaves goes to the
// others, the higher first.
var lanes = [...]int{0, 1, 0, 2, 0, 1, 0, 3, 0, 1, 0, 2, 0, 1, 0}

// turn gives the place in lanes where the carrier's last claim ended, so that small claims reach the low lanes, too.
func (s *Store) turn(r *claimRequest) int {
	if r.high {
		return 0
	}
	if s.turns == nil {
		s.turns = map[int64]int{}
	}
	now := s.turns[r.carrier]
	s.turns[r.carrier] = (now + int(r.most%int64(len(lanes)))) % len(lanes)
	return now
}

const laneCount = 4 // as sms.Priorities

// share tells how many of most places each lane has.
func share(waiting [laneCount]bool, most int64, turn int) (places [laneCount]int64) {
	round := most / int64(len(lanes))
	for i, lane := range lanes {
		n := round
		if int64((i-turn+len(lanes))%len(lanes)) < most%int64(len(lanes)) {
			n++
		}
		if waiting[lane] {
			places[lane] += n
		}
	}
	return places
}

// takeRuns takes runs out of the queue that hold at most r.most messages.
func (t *tx) takeRuns(ctx context.Context, r *claimRequest, turn int) ([]queueRun, error) {
	waiting, err := t.dueRuns(ctx, r)
	if err != nil {
		return nil, err
	}
	var some [laneCount]bool
	for lane := range waiting {
		some[lane] = len(waiting[lane]) > 0
	}
	var taken, whole []queueRun
	left := r.most
	take := func(lane int, most int64) error {
		for most > 0 && left > 0 && len(waiting[lane]) > 0 {
			head := &waiting[lane][0]
			size := head.size()
			got := *head
			if n := min(most, left); size > n {
				got.LastID = head.FirstID + n - 1
				if err := t.shorten(ctx, head, got.LastID+1); err != nil {
					return err
				}
				size = n
			} else {
				whole = append(whole, got)
				waiting[lane] = waiting[lane][1:]
			}
			taken = append(taken, got)
			most, left = most-size, left-size
		}
		return nil
	}
	for lane, most := range share(some, r.most, turn) {
		if err := take(lane, most); err != nil {
			return nil, err
		}
	}
	for lane := range waiting {
		if err := take(lane, left); err != nil {
			return nil, err
		}
	}
	return taken, t.deleteRuns(ctx, whole)
}

// deleteRuns takes whole runs out of the queue.
func (t *tx) deleteRuns(ctx context.Context, runs []queueRun) error {
	n := len(runs)
	carrier, lane, due, first := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i, q := range runs {
		carrier[i], lane[i], due[i], first[i] = q.CarrierID, int64(q.Lane), q.DueAt, q.FirstID
	}
	_, err := t.exec(ctx, `DELETE FROM queue WHERE (carrier_id, lane, due_at, first_id) IN (SELECT carrier_id, lane, due_at, first_id FROM v)`,
		ints("carrier_id", carrier), ints("lane", lane), ints("due_at", due), ints("first_id", first))
	return err
}

// fewRuns is how many runs are read at first: often they have many messages each.
const fewRuns = 32

// dueRuns reads of each lane the first due runs that together have as many messages as asked for, if there are so many.
func (t *tx) dueRuns(ctx context.Context, r *claimRequest) (waiting [laneCount][]queueRun, err error) {
	lanes := []string{firstRuns(t.dialect, 0)}
	for lane := 1; lane < laneCount && !r.high; lane++ {
		lanes = append(lanes, firstRuns(t.dialect, lane))
	}
	runs, err := t.readRuns(ctx, r, strings.Join(lanes, " UNION ALL "), min(fewRuns, r.most))
	if err != nil {
		return waiting, err
	}
	var size [laneCount]int64
	for _, q := range runs {
		waiting[q.Lane] = append(waiting[q.Lane], q)
		size[q.Lane] += q.size()
	}
	for lane := range waiting {
		if len(waiting[lane]) == fewRuns && size[lane] < r.most {
			if waiting[lane], err = t.readRuns(ctx, r, firstRuns(t.dialect, lane), r.most); err != nil {
				return waiting, err
			}
		}
		slices.SortFunc(waiting[lane], func(a, b queueRun) int {
			return cmp.Or(cmp.Compare(a.DueAt, b.DueAt), cmp.Compare(a.FirstID, b.FirstID))
		})
	}
	return waiting, nil
}

// firstRuns is the query for the first $3 runs of a lane of the carrier $1 that are due at $2.
func firstRuns(d *dialect, lane int) string {
	return "SELECT * FROM (SELECT carrier_id, lane, due_at, first_id, last_id, service_id, job_id, attempts, touched FROM queue WHERE carrier_id = $1 AND lane = " +
		strconv.Itoa(lane) + " AND due_at <= $2 ORDER BY due_at, first_id LIMIT $3" + d.skip + ") AS lane" + strconv.Itoa(lane)
}

func (t *tx) readRuns(ctx context.Context, r *claimRequest, text string, most int64) ([]queueRun, error) {
	rows, err := t.db.QueryContext(ctx, text, r.carrier, micros(r.now), most)
	if err != nil {
		return nil, err
	}
	return scanRuns(rows)
}

func scanRuns(rows *sql.Rows) ([]queueRun, error) {
	defer rows.Close()
	var runs []queueRun
	for rows.Next() {
		var q queueRun
		if err := rows.Scan(&q.CarrierID, &q.Lane, &q.DueAt, &q.FirstID, &q.LastID, &q.ServiceID, &q.JobID, &q.Attempts, &q.Touched); err != nil {
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

// makeClaim writes the claim that lists what was taken for a request, and gets what of it still waits. In this order: once the
// claim is written nothing is cancelled any more, so nothing is read that somebody else cancels meanwhile.
func (s *Store) makeClaim(ctx context.Context, t *tx, r *claimRequest) error {
	listed := make([]run, len(r.runs), len(r.runs)+len(r.served.runs))
	for i, q := range r.runs {
		listed[i] = run{q.FirstID, q.LastID, q.Attempts}
	}
	taken := listed
	if listed = append(listed, r.served.runs...); len(listed) == 0 {
		return nil
	}
	id, err := t.insertClaim(ctx, r.hold.Holder, r.carrier, r.now, listed)
	if err != nil {
		return err
	}
	c := &Claim{ID: id, holder: r.hold.Holder}
	jobs, err := s.freshJobs(ctx, t, r.runs)
	if err != nil {
		return err
	}
	var toRead []run
	for i, j := range jobs {
		if j == nil {
			toRead = append(toRead, taken[i])
		}
	}
	read, err := t.waitingByRun(ctx, r.carrier, toRead)
	if err != nil {
		return err
	}
	for i, j := range jobs {
		if j != nil {
			c.Messages = j.claimed(c.Messages, r.carrier, taken[i].First, taken[i].Last)
			continue
		}
		c.Messages = append(c.Messages, read[0]...)
		read = read[1:]
	}
	c.Messages = append(c.Messages, r.served.messages...)
	if len(c.Messages) == 0 {
		r.claim = &Claim{}
		return t.DeleteClaim(ctx, id)
	}
	r.claim = c
	t.afterwards(func(committed bool) {
		if !committed {
			return
		}
		s.hand.take(r.carrier, c)
		for i, j := range jobs {
			if j != nil {
				s.fresh.done(j, taken[i].Last)
			}
		}
	})
	return nil
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
	n := len(runs)
	place, first, last, attempts := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i, r := range runs {
		place[i], first[i], last[i], attempts[i] = int64(i), r.First, r.Last, r.Attempts
	}
	return []column{ints("place", place), ints("first_id", first), ints("last_id", last), ints("attempts", attempts)}
}

// waitingIn reads the messages of runs that still wait for the carrier, in the order of the runs, with their jobs.
func (t *tx) waitingIn(ctx context.Context, carrier int64, runs []run) ([]Claimed, error) {
	byRun, err := t.waitingByRun(ctx, carrier, runs)
	return slices.Concat(byRun...), err
}

func (t *tx) waitingByRun(ctx context.Context, carrier int64, runs []run) ([][]Claimed, error) {
	byRun := make([][]Claimed, len(runs))
	jobs := map[int64]*sms.Job{}
	err := t.query(ctx, `SELECT `+messageColumns+`, `+isOptedOut+`, v.place FROM v
		`+t.dialect.inRuns+`m.attempts = v.attempts AND m.state IN ('queued', 'scheduled', 'indoubt')`, func(r *sql.Rows) error {
		var optedOut bool
		var place int64
		m, err := scanMessage(r, &optedOut, &place)
		if err == nil && m.CarrierID == carrier {
			if jobs[m.JobID] == nil {
				jobs[m.JobID] = &sms.Job{ID: m.JobID}
			}
			byRun[place] = append(byRun[place], Claimed{Message: m, Job: jobs[m.JobID], OptedOut: optedOut})
		}
		return err
	}, runColumns(runs)...)
	if err != nil {
		return nil, err
	}
	for _, messages := range byRun {
		slices.SortFunc(messages, func(a, b Claimed) int { return cmp.Compare(a.ID, b.ID) })
	}
	return byRun, t.loadJobs(ctx, jobs)
}

// loadJobs fills the jobs of the map.
func (t *tx) loadJobs(ctx context.Context, jobs map[int64]*sms.Job) error {
	ids := make([]int64, 0, len(jobs))
	for id := range jobs {
		ids = append(ids, id)
	}
	return t.query(ctx, `SELECT `+jobColumns+` FROM v JOIN job j ON j.id = v.id`, func(r *sql.Rows) error {
		var row jobRow
		err := r.Scan(row.columns()...)
		if err == nil {
			*jobs[row.job.ID] = row.read()
		}
		return err
	}, ints("id", ids))
}

const jobColumns = `j.id, j.service_id, j.credential_id, j.query_id, j.text, j.sender, j.tag, j.class, j.lane, j.validity, j.deferred,
	j.marketing, j.unicode, j.created_at, j.due_at, j.delay, j.hours, j.count, j.credits, j.tally, j.user_id, j.from_quota,
	j.batch_id`

// jobRow takes the columns of jobColumns.
type jobRow struct {
	job                              sms.Job
	lane                             int
	validity, deferred, created, due int64
}

func (r *jobRow) columns() []any {
	j := &r.job
	return []any{
		&j.ID, &j.ServiceID, &j.Credential, &j.QueryID, &j.Text, &j.Sender, &j.Tag, &j.Class, &r.lane, &r.validity, &r.deferred,
		&j.Marketing, &j.Unicode, &r.created, &r.due, &j.Delay, &j.Hours, &j.Count, &j.Credits, &j.Tally,
		&j.User, &j.FromQuota, &j.Batch,
	}
}

// read gives the job after the columns are scanned.
func (r *jobRow) read() sms.Job {
	j := r.job
	j.Priority = sms.Priorities[r.lane]
	j.Validity, j.Deferred = time.Duration(r.validity)*time.Microsecond, time.Duration(r.deferred)*time.Microsecond
	j.CreatedAt, j.DueAt = fromMicros(r.created), fromMicros(r.due)
	return j
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

// isOptedOut tells whether the receiver of a message m has opted out of the service, or of its sender or tag. The job is read only
// where there is something to compare.
const isOptedOut = `EXISTS (SELECT 1 FROM optout o WHERE o.service_id = m.service_id AND o.receiver = m.receiver AND (o.scope = '' OR o.scope IN (
	SELECT '` + sms.ScopeSender + `:' || j.sender FROM job j WHERE j.id = m.job_id UNION ALL
	SELECT '` + sms.ScopeTag + `:' || j.tag FROM job j WHERE j.id = m.job_id)))`

// AskOptOuts reads anew whether the receivers of claimed messages have answered STOP.
func (s *Store) AskOptOuts(ctx context.Context, messages []Claimed) error {
	place := make(map[int64]int, len(messages))
	ids := make([]int64, len(messages))
	for i, m := range messages {
		ids[i], place[m.ID] = m.ID, i
	}
	t := tx{db: s.reads, dialect: &s.dialect}
	return t.query(ctx, `SELECT m.id FROM v JOIN message m ON m.id = v.id WHERE `+isOptedOut,
		func(rows *sql.Rows) error {
			var id int64
			err := rows.Scan(&id)
			if i, ok := place[id]; ok {
				messages[i].OptedOut = true
			}
			return err
		}, ints("id", ids))
}
