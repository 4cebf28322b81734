package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"ramier/internal/sms"
)

// owing is a delivery before it is written.
type owing struct {
	endpoint sms.Endpoint
	service  int64
	subject  int64
	notice   sms.Notice
}

// owed tells those who deliver that there is something to deliver.
type owed struct {
	mu        sync.Mutex
	onOwed    func([]sms.Endpoint)
	onChanged func(service int64)
}

// OnOwed sets the functions that are called after a commit that left deliveries for endpoints, nil if another node has done so or
// may have; and after a change of where a service's deliveries go. They must not block.
func (s *Store) OnOwed(owed func([]sms.Endpoint), changed func(service int64)) {
	s.owed.mu.Lock()
	defer s.owed.mu.Unlock()
	s.owed.onOwed, s.owed.onChanged = owed, changed
}

func (o *owed) wake(endpoints []sms.Endpoint) {
	o.mu.Lock()
	f := o.onOwed
	o.mu.Unlock()
	if f != nil {
		f(endpoints)
	}
}

// changed passes service 0 on for all.
func (o *owed) changed(service int64) {
	o.mu.Lock()
	f := o.onChanged
	o.mu.Unlock()
	if f != nil {
		f(service)
	}
}

// tell notes what the customer is owed when a message has entered a state.
func (w *settlement) tell(m *sms.Message) {
	who := w.s.subscribers.of(m.ServiceID)
	if who == nil {
		return
	}
	last, known := w.told[m.ID]
	if !known {
		last = w.was[m.ID].state
	}
	if last == m.State || !slices.Contains(sms.ToldStates, m.State) {
		return
	}
	if w.told == nil {
		w.told = map[int64]sms.State{}
	}
	w.told[m.ID] = m.State
	n := sms.Notice{
		Kind: sms.NoticeMessage, Service: who.service, At: w.at, Outgoing: m.ID, Job: m.JobID, Receiver: m.Receiver, State: m.State,
		PTT: m.PTT, Error: m.Error, Parts: m.Parts, Credits: m.Credits, Duplicate: m.Duplicate,
	}
	switch {
	case m.State == sms.Sent:
		n.At = m.SentAt
	case m.State.Final():
		n.At = m.DoneAt
	}
	for _, e := range who.endpoints(m.ServiceID, n.Event()) {
		w.owed = append(w.owed, owing{e, m.ServiceID, m.ID, n})
	}
}

// writeOwed writes the deliveries of the group.
func (w *settlement) writeOwed(ctx context.Context) error {
	if len(w.owed) == 0 {
		return nil
	}
	if err := w.nameJobs(ctx); err != nil {
		return err
	}
	n := len(w.owed)
	if n == 0 {
		return nil // only users have callbacks, and it was none of theirs
	}
	id, service, endpoint, subject, at := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	event, notice := make([]string, n), make([]string, n)
	for i := range w.owed {
		o := &w.owed[i]
		if i > 0 && o.notice == w.owed[i-1].notice { // the same for another endpoint
			event[i], notice[i] = event[i-1], notice[i-1]
		} else {
			text, err := json.Marshal(noticeRow(o.notice))
			if err != nil {
				return err
			}
			event[i], notice[i] = o.notice.Event(), string(text)
		}
		var err error
		if id[i], err = w.t.id(ctx); err != nil {
			return err
		}
		service[i], endpoint[i], subject[i], at[i] = o.service, int64(o.endpoint), o.subject, micros(w.at)
		if w.at.IsZero() {
			at[i] = micros(o.notice.At)
		}
	}
	_, err := w.t.exec(ctx, `INSERT INTO delivery (id, service_id, endpoint, subject, event, notice, state, attempts, replays, created_at, due_at, done_at, log)
		SELECT id, service_id, endpoint, subject, event, notice, 'waiting', 0, 0, at, at, 0, '' FROM v`,
		ints("id", id), ints("service_id", service), ints("endpoint", endpoint), ints("subject", subject), texts("event", event),
		texts("notice", notice), ints("at", at))
	endpoints := make([]sms.Endpoint, n)
	for i, e := range endpoint {
		endpoints[i] = sms.Endpoint(e)
	}
	slices.Sort(endpoints)
	endpoints = slices.Compact(endpoints)
	w.t.afterwards(func(committed bool) {
		if committed {
			w.s.owed.wake(endpoints)
		}
	})
	return err
}

// nameJobs adds what messages have from their jobs to the notices about them, and finds out whose callBack is called.
func (w *settlement) nameJobs(ctx context.Context) error {
	type job struct {
		sender, tag string
		user        int64
	}
	jobs := map[int64]job{}
	var ids []int64
	for _, o := range w.owed {
		if _, ok := jobs[o.notice.Job]; !ok && o.notice.Kind == sms.NoticeMessage {
			jobs[o.notice.Job] = job{}
			ids = append(ids, o.notice.Job)
		}
	}
	err := w.t.query(ctx, `SELECT j.id, j.sender, j.tag, j.user_id FROM v JOIN job j ON j.id = v.id`, func(r *sql.Rows) error {
		var id int64
		var j job
		err := r.Scan(&id, &j.sender, &j.tag, &j.user)
		jobs[id] = j
		return err
	}, ints("id", ids))
	if err != nil {
		return err
	}
	kept := w.owed[:0]
	for _, o := range w.owed {
		if n := &o.notice; n.Kind == sms.NoticeMessage {
			n.Sender, n.Tag = jobs[n.Job].sender, jobs[n.Job].tag
			if o.endpoint == sms.CallBackOf(o.service) {
				who, called := w.s.subscribers.of(o.service), false
				if who != nil {
					o.endpoint, called = who.callBackOf(o.service, jobs[n.Job].user)
				}
				if !called {
					continue
				}
			}
		}
		kept = append(kept, o)
	}
	w.owed = kept
	return nil
}

// noticeRow is a notice as it is stored.
type noticeRow struct {
	Kind      sms.NoticeKind `json:"kind"`
	Service   string         `json:"service"`
	At        time.Time      `json:"at"`
	Outgoing  int64          `json:"outgoing,omitempty"`
	Job       int64          `json:"job,omitempty"`
	Receiver  string         `json:"receiver,omitempty"`
	Sender    string         `json:"sender,omitempty"`
	Tag       string         `json:"tag,omitempty"`
	State     sms.State      `json:"state,omitempty"`
	PTT       int            `json:"ptt,omitempty"`
	Error     string         `json:"error,omitempty"`
	Parts     int            `json:"parts,omitempty"`
	Credits   sms.Credits    `json:"credits,omitempty"`
	Duplicate bool           `json:"duplicate,omitempty"`
	Incoming  int64          `json:"incoming,omitempty"`
	From      string         `json:"from,omitempty"`
	Number    string         `json:"number,omitempty"`
	Text      string         `json:"text,omitempty"`
	Keyword   string         `json:"keyword,omitempty"`
}
