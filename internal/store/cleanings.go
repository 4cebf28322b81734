package store

import (
	"context"
	"fmt"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// Cleaning is a list whose numbers are looked up before those that are of no use are taken out. Its task says how far it is.
type Cleaning struct {
	Task      sms.Task
	User      int64 // the SMS user whose slot it is, 0 = the service's
	Slot      int
	ListID    int64
	Questions int // that were paid when it was made
	Asked     int
	Next      int // the first row whose number was not asked for
}

// unasked is what the questions cost that were not asked after all.
func (c *Cleaning) unasked() sms.Credits {
	return sms.Credits(max(0, c.Questions-c.Asked)) * sms.LookupPrice
}

// AddCleaning makes a cleaning with its task and takes the credits for its questions, all or nothing. Errors: NoCredit; Conflict while
// another one works at the slot.
func (s *Store) AddCleaning(ctx context.Context, c *Cleaning, at time.Time) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	entry, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	k := &c.Task
	k.ID, k.Function, k.Status, k.Step, k.Object = id, sms.CleanReceivers, sms.TaskTodo, sms.StepStarting, fmt.Sprint("receivers/", c.Slot)
	k.DueAt, k.CreatedAt = at, at
	return s.write(ctx, other, func(t *tx) error {
		// The lock on the books of the service lets one request through at a time.
		if err := t.spend(ctx, k.ServiceID, sms.Credits(c.Questions)*sms.LookupPrice, entry, fmt.Sprintf("%d HLR look-ups of task %d", c.Questions, id), at); err != nil {
			return err
		}
		var open int64
		err := t.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(task_id), 0) FROM cleaning WHERE service_id = $1 AND user_id = $2 AND slot = $3`,
			k.ServiceID, c.User, c.Slot).Scan(&open)
		if err == nil && open != 0 {
			err = sms.Errorf(sms.Conflict, "The list in slot %d is being cleaned by task %d: wait for its end", c.Slot, open)
		}
		if err != nil {
			return err
		}
		if err := t.InsertTask(ctx, query.InsertTaskParams{
			ID: id, ServiceID: k.ServiceID, Function: k.Function, Status: k.Status, Step: k.Step, Object: k.Object, DueAt: micros(at), CreatedAt: micros(at),
		}); err != nil {
			return err
		}
		_, err = t.db.ExecContext(ctx, "INSERT INTO cleaning (task_id, service_id, user_id, slot, list_id, questions, asked, next) VALUES ($1, $2, $3, $4, $5, $6, 0, 0)",
			id, k.ServiceID, c.User, c.Slot, c.ListID, c.Questions)
		return err
	})
}

// Cleaning gives what the task of a list's cleaning works at. Error: NoObject once it has ended.
func (s *Store) Cleaning(ctx context.Context, k sms.Task) (Cleaning, error) {
	c := Cleaning{Task: k}
	err := s.reads.QueryRowContext(ctx, "SELECT user_id, slot, list_id, questions, asked, next FROM cleaning WHERE task_id = $1", k.ID).
		Scan(&c.User, &c.Slot, &c.ListID, &c.Questions, &c.Asked, &c.Next)
	return c, found(err, "taskId", k.ID)
}

// AskCleaning puts the questions about the rows before next, which are paid already. The cleaning moves on in the same transaction, so
// that no number is asked for twice, whatever breaks; one that stands elsewhere stays as it is.
func (s *Store) AskCleaning(ctx context.Context, c *Cleaning, next int, all []sms.Lookup, at time.Time) error {
	first, err := s.ids["object"].take(ctx, int64(len(all))+1)
	if err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		res, err := t.db.ExecContext(ctx, "UPDATE cleaning SET next = $1, asked = asked + $2 WHERE task_id = $3 AND next = $4", next, len(all), c.Task.ID, c.Next)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		for i, l := range all {
			l.ID = first + 1 + int64(i)
			if err := t.insertLookup(ctx, c.Task.ServiceID, l, at); err != nil {
				return err
			}
		}
		_, err = t.db.ExecContext(ctx, "UPDATE hlr SET cleaning_id = $1 WHERE id BETWEEN $2 AND $3", c.Task.ID, first+1, first+int64(len(all)))
		return err
	})
}

// OpenQuestions counts the questions of a cleaning that have no answer yet.
func (s *Store) OpenQuestions(ctx context.Context, c *Cleaning) (n int, err error) {
	err = s.reads.QueryRowContext(ctx, "SELECT COUNT(*) FROM hlr WHERE cleaning_id = $1 AND status IN ('todo', 'doing')", c.Task.ID).Scan(&n)
	if err != nil {
		return 0, unavailable(err)
	}
	return n, nil
}

// CleaningAnswers calls f with each question of a cleaning whose answer says something against the number, or that has none.
func (s *Store) CleaningAnswers(ctx context.Context, c *Cleaning, f func(l sms.Lookup)) error {
	rows, err := s.reads.QueryContext(ctx, `SELECT receiver, status, valid, reachable FROM hlr WHERE cleaning_id = $1
		AND (status = 'error' OR (status = 'done' AND NOT (valid AND reachable)))`, c.Task.ID)
	if err != nil {
		return unavailable(err)
	}
	defer rows.Close()
	for rows.Next() {
		var l sms.Lookup
		if err := rows.Scan(&l.Receiver, &l.Status, &l.Valid, &l.Reachable); err != nil {
			return unavailable(err)
		}
		f(l)
	}
	return rows.Err()
}

// EndCleaning ends a cleaning with its task as it is, and puts the new list, unless it is nil, into the place of the old one. What was
// paid and not asked comes back. Error: Conflict if the slot holds another list by now; then it has not ended.
func (s *Store) EndCleaning(ctx context.Context, c *Cleaning, l *List, at time.Time) error {
	entry, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	return s.write(ctx, other, func(t *tx) error {
		if err := t.updateTask(ctx, c.Task); err != nil { // also: another node has not ended it
			return err
		}
		if l != nil {
			if err := t.replaceCleaned(ctx, c, l, at); err != nil {
				return err
			}
		}
		if _, err := t.db.ExecContext(ctx, "DELETE FROM cleaning WHERE task_id = $1", c.Task.ID); err != nil {
			return err
		}
		return t.giveBack(ctx, c, entry, at)
	})
}

func (t *tx) replaceCleaned(ctx context.Context, c *Cleaning, l *List, at time.Time) error {
	if err := t.completeList(ctx, l.ID, l.Records); err != nil {
		return err
	}
	res, err := t.db.ExecContext(ctx, "UPDATE slot SET list_id = $1, updated_at = $2 WHERE service_id = $3 AND user_id = $4 AND slot = $5 AND list_id = $6",
		l.ID, micros(at), c.Task.ServiceID, c.User, c.Slot, c.ListID)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = sms.Errorf(sms.Conflict, "The slot %d holds another list by now, which stays as it is", c.Slot)
	}
	return err
}

// giveBack returns what was paid for questions that were not asked.
func (t *tx) giveBack(ctx context.Context, c *Cleaning, entry int64, at time.Time) error {
	back := int64(c.unasked())
	if back == 0 {
		return nil
	}
	if err := t.Unspend(ctx, query.UnspendParams{ServiceID: c.Task.ServiceID, Available: back}); err != nil {
		return err
	}
	return t.InsertLedger(ctx, query.InsertLedgerParams{
		ID: entry, ServiceID: c.Task.ServiceID, At: micros(at), Kind: "refund", Debit: "used", Credit: "available", Amount: back,
		Note: fmt.Sprintf("HLR look-ups of task %d that were not made", c.Task.ID),
	})
}
