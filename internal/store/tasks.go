package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// AddTask adds a task that waits for its turn. Its id is filled in.
func (s *Store) AddTask(ctx context.Context, k *sms.Task) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	k.ID, k.Status, k.Step = id, sms.TaskTodo, sms.StepStarting
	return s.write(ctx, other, func(t *tx) error { return t.addTask(ctx, k) })
}

func (t *tx) addTask(ctx context.Context, k *sms.Task) error {
	return t.InsertTask(ctx, query.InsertTaskParams{
		ID: k.ID, ServiceID: k.ServiceID, Function: k.Function, Status: k.Status, Step: k.Step, Object: k.Object, Document: k.Document,
		Rev: k.Rev, DueAt: micros(k.DueAt), CreatedAt: micros(k.CreatedAt),
	})
}

// AddExtract adds the document of a history and the task that fills it. Errors: those of AddDocument; TooFast while the service has as many
// open as may be.
func (s *Store) AddExtract(ctx context.Context, d sms.Document, k *sms.Task) error {
	id, err := s.objectID(ctx)
	if err != nil {
		return err
	}
	k.ID, k.Status, k.Step, k.Document = id, sms.TaskTodo, sms.StepStarting, d.ID
	return s.write(ctx, other, func(t *tx) error {
		open := 0
		if err := t.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM task WHERE status IN ('todo', 'doing') AND function = $1 AND service_id = $2",
			k.Function, k.ServiceID).Scan(&open); err != nil {
			return err
		}
		if open >= sms.MaxOpenExtracts {
			return sms.Errorf(sms.TooFast, "%d exports of the history are under way, as many as may be at once: wait until one of them is done", open)
		}
		if err := s.addDocument(ctx, t, d); err != nil {
			return err
		}
		return t.addTask(ctx, k)
	})
}

// Tasks lists the ids of a service's tasks in a status, of all for an empty one.
func (s *Store) Tasks(ctx context.Context, service int64, status string) ([]int64, error) {
	ids, err := s.read.TaskIDs(ctx, query.TaskIDsParams{ServiceID: service, Status: status})
	if err != nil {
		return nil, unavailable(err)
	}
	return ids, nil
}

// Task gives a task of a service. Error: NoObject.
func (s *Store) Task(ctx context.Context, service, id int64) (sms.Task, error) {
	row, err := s.read.Task(ctx, query.TaskParams{ServiceID: service, ID: id})
	return taskFrom(row), found(err, "taskId", id)
}

func taskFrom(row query.Task) sms.Task {
	return sms.Task{
		ID: row.ID, ServiceID: row.ServiceID, Function: row.Function, Status: row.Status, Step: row.Step, Object: row.Object,
		Document: row.Document, Rev: row.Rev, Message: row.Message, DueAt: fromMicros(row.DueAt), CreatedAt: fromMicros(row.CreatedAt),
		DoneAt: fromMicros(row.DoneAt),
	}
}

// LatestTask gives the last task that works on an object; ok is false if there is none.
func (s *Store) LatestTask(ctx context.Context, service int64, object, function string) (k sms.Task, ok bool, err error) {
	row, err := s.read.LatestTask(ctx, query.LatestTaskParams{ServiceID: service, Object: object, Function: function})
	if errors.Is(err, sql.ErrNoRows) {
		return k, false, nil
	}
	if err != nil {
		return k, false, unavailable(err)
	}
	return taskFrom(row), true, nil
}

// OpenTasks lists tasks of a function whose turn it is: those that wait, and those that were begun and not ended.
func (s *Store) OpenTasks(ctx context.Context, function string, now time.Time, most int32) ([]sms.Task, error) {
	rows, err := s.read.OpenTasks(ctx, query.OpenTasksParams{DueAt: micros(now), Function: function, Limit: most})
	if err != nil {
		return nil, unavailable(err)
	}
	all := make([]sms.Task, len(rows))
	for i, row := range rows {
		all[i] = taskFrom(row)
	}
	return all, nil
}

// UpdateTask saves how far an open task is. Error: NoObject if it has ended.
func (s *Store) UpdateTask(ctx context.Context, k sms.Task) error {
	return s.write(ctx, other, func(t *tx) error { return t.updateTask(ctx, k) })
}

func (t *tx) updateTask(ctx context.Context, k sms.Task) error {
	n, err := t.UpdateTask(ctx, query.UpdateTaskParams{
		ID: k.ID, Status: k.Status, Step: k.Step, Message: k.Message, DueAt: micros(k.DueAt), DoneAt: micros(k.DoneAt), Document: k.Document,
	})
	return changed(n, err, "taskId", k.ID)
}

// Import adds contacts to the phonebook that a task works on and ends the task, in one transaction: what is repeated after a crash
// happens once. Errors are those of AddContacts and UpdateTask.
func (s *Store) Import(ctx context.Context, k sms.Task, all []sms.Contact) error {
	if err := s.numberContacts(ctx, all); err != nil {
		return err
	}
	return s.changeContacts(ctx, k.ServiceID, k.Object, func(t *tx) error {
		if err := t.addContacts(ctx, k.Object, all); err != nil {
			return err
		}
		return t.updateTask(ctx, k)
	})
}

// DropTasks forgets tasks that ended before a time.
func (s *Store) DropTasks(ctx context.Context, before time.Time) error {
	return s.write(ctx, other, func(t *tx) error { return t.DropOldTasks(ctx, micros(before)) })
}
