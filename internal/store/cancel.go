package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// claimedRuns reads what the open claims list: of one carrier, or of all for 0.
func claimedRuns(ctx context.Context, db query.DBTX, carrier int64) ([]run, error) {
	return runsOf(db.QueryContext(ctx, "SELECT runs FROM claim WHERE carrier_id = $1 OR $1 = 0", carrier))
}

func runsOf(rows *sql.Rows, err error) ([]run, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []run
	for rows.Next() {
		var text string
		var runs []run
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &runs); err != nil {
			return nil, err
		}
		all = append(all, runs...)
	}
	return all, rows.Err()
}

// isClaimed tells whether an open claim lists a message that waits: then it is being sent.
func isClaimed(ctx context.Context, db query.DBTX, m sms.Message) (bool, error) {
	runs, err := runsOf(db.QueryContext(ctx, "SELECT runs FROM claim WHERE first_id <= $1 AND last_id >= $1", m.ID))
	return listed(runs, m.ID, int64(m.Attempts)), err
}

// listed tells whether one of the runs lists a message.
func listed(runs []run, id, attempts int64) bool {
	return slices.ContainsFunc(runs, func(r run) bool { return r.First <= id && id <= r.Last && r.Attempts == attempts })
}

// alone is a write during which no claim can begin or end.
type alone func(*tx) error

// begin gives the statement that begins a group's transaction. On PostgreSQL it also takes the table of claims: for itself if one
// of the writes must be alone, else together with others. It comes first, so that nobody waits for the group's other locks while
// the group waits for this one.
func (d *dialect) begin(group []*op) string {
	if slices.ContainsFunc(group, func(o *op) bool { _, is := o.arg.(alone); return is }) {
		return d.beginAlone
	}
	return d.beginShared
}

// cancel is a write alone. What is left of the message in the queue is passed over by the
// claim that finds it.
func (s *Store) cancel(ctx context.Context, t *tx, m sms.Message, j sms.Job, entry int64, at time.Time) error {
	now, err := t.WaitingMessage(ctx, m.ID) // it may have been claimed, have come back and have been claimed again
	if err != nil {
		return err
	}
	m.Attempts = int(now.Attempts)
	claimed, err := isClaimed(ctx, t.db, m)
	if err != nil {
		return err
	}
	if claimed {
		return sms.Errorf(sms.Conflict, "The message %d is being sent and cannot be cancelled any more", m.ID)
	}
	if now.Accepted > 0 && sms.State(now.State).Waiting() {
		return sms.Errorf(sms.Conflict, "%d parts of the message %d have been sent and cannot be cancelled any more", now.Accepted, m.ID)
	}
	row, err := t.CancelWaiting(ctx, query.CancelWaitingParams{ID: m.ID, DoneAt: micros(at)})
	if errors.Is(err, sql.ErrNoRows) {
		return noObject("id", m.ID)
	}
	if err == nil {
		err = t.TouchRun(ctx, query.TouchRunParams{ServiceID: row.ServiceID, FirstID: m.ID})
	}
	if err == nil && s.smpp.has(row.ServiceID) {
		err = s.oweReceipts(ctx, t, []int64{m.ID}, at)
	}
	if err != nil {
		return err
	}
	var counted tallies
	m.State = sms.Cancelled
	of := tallyOf(&j)
	counted.move(&m, &of, sms.Queued, sms.Credits(row.Credits))
	if err := counted.write(ctx, s, t, other); err != nil || row.Credits == 0 {
		return err
	}
	return t.release(ctx, row.ServiceID, row.JobID, row.Credits, entry, at, "cancelled "+strconv.FormatInt(m.ID, 10))
}

// maxSpans is how many spans of ids one query asks for.
const maxSpans = 200

// waitingInSpans lists the waiting messages of a service within spans of ids, whose bounds are two arguments each.
func (s *Store) waitingInSpans(ctx context.Context, service int64, bounds []int64) ([]int64, error) {
	all := []int64{}
	for len(bounds) > 0 {
		n := min(len(bounds), 2*maxSpans)
		w := where{}
		var spans []string
		for i := 0; i < n; i += 2 {
			spans = append(spans, fmt.Sprintf("m.id BETWEEN %s AND %s", w.arg(bounds[i]), w.arg(bounds[i+1])))
		}
		w.add("m.service_id = ?", service)
		rows, err := s.reads.QueryContext(ctx, "SELECT m.id FROM message m WHERE ("+strings.Join(spans, " OR ")+
			") AND m.state IN ('held', 'scheduled', 'queued') AND "+w.String(), w.args...)
		if err != nil {
			return nil, unavailable(err)
		}
		ids, err := scanIDs(rows)
		if err != nil {
			return nil, unavailable(err)
		}
		all, bounds = append(all, ids...), bounds[n:]
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
