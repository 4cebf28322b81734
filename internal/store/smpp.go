package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// SMPPAccount lets a service in over SMPP.
type SMPPAccount struct {
	ServiceID    int64
	SystemID     string // at most 15 characters, unique on the platform
	PasswordHash string // as auth.HashPassword makes it
	Settings     SMPPSettings
	CreatedAt    time.Time
}

// SMPPSettings is how a service uses SMPP.
type SMPPSettings struct {
	// AllowedIPs are addresses and networks it may come from. An empty list lets nobody in.
	AllowedIPs []string
	// Throughput is how many messages a second one connection may submit, Window how many it may have without their answers.
	Throughput, Window int
	// Binds is how many connections may send at once, and how many may receive.
	Binds int
	// Plain: SMPP 3.4 with message_payload and sar_ parameters; else OVH's dialect, which ignores all parameters.
	Plain bool
}

// DefaultSMPPSettings are OVH's.
func DefaultSMPPSettings() SMPPSettings { return SMPPSettings{Throughput: 20, Window: 10, Binds: 2} }

// SMPPLease is how long a node may take to deliver what it has taken of TakeOwed.
const SMPPLease = 2 * time.Minute

// OwedTime is how long something is tried to be delivered over SMPP: OVH's seven days.
const OwedTime = 7 * 24 * time.Hour

// smppUse knows which services have an SMPP account, so that nobody else's messages are looked at for one.
type smppUse struct {
	mu       sync.Mutex
	services map[int64]bool
	owed     func(services []int64)
}

func (u *smppUse) has(service int64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.services[service]
}

func (u *smppUse) none() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.services) == 0
}

// RefreshSMPP reads which services have an SMPP account; another node may have given one.
func (s *Store) RefreshSMPP(ctx context.Context) error {
	ids, err := s.read.SMPPServices(ctx)
	if err != nil {
		return unavailable(err)
	}
	services := make(map[int64]bool, len(ids))
	for _, id := range ids {
		services[id] = true
	}
	s.smpp.mu.Lock()
	defer s.smpp.mu.Unlock()
	s.smpp.services = services
	return nil
}

// OnSMPPOwed sets the function that is called after each commit that left something to tell clients over SMPP. It must not block.
func (s *Store) OnSMPPOwed(f func(services []int64)) {
	s.smpp.mu.Lock()
	defer s.smpp.mu.Unlock()
	s.smpp.owed = f
}

func (s *Store) tellOwed(services []int64) {
	s.smpp.mu.Lock()
	f := s.smpp.owed
	s.smpp.mu.Unlock()
	if f != nil && len(services) > 0 {
		f(services)
	}
}

// AddSMPPAccount lets a service in over SMPP. Error: Conflict if it is already, or the system id is taken.
func (s *Store) AddSMPPAccount(ctx context.Context, a SMPPAccount) error {
	settings, err := json.Marshal(a.Settings)
	if err != nil {
		return err
	}
	err = s.write(ctx, other, func(t *tx) error {
		return taken(t.InsertSMPPAccount(ctx, query.InsertSMPPAccountParams{
			ServiceID: a.ServiceID, SystemID: a.SystemID, PasswordHash: a.PasswordHash, Settings: string(settings), CreatedAt: micros(a.CreatedAt),
		}), "The service has an SMPP account already, or another one has the system id %s", a.SystemID)
	})
	if err == nil {
		err = s.RefreshSMPP(ctx)
		s.Tell(Signal{Rules: true})
	}
	return err
}

// SMPPAccount gives the SMPP account of a service. Error: NoObject.
func (s *Store) SMPPAccount(ctx context.Context, service int64) (SMPPAccount, error) {
	row, err := s.read.SMPPAccountOf(ctx, service)
	return smppAccountFrom(row, found(err, "SMPP account of service", service))
}

// SMPPAccountNamed gives the SMPP account with the system id. Error: NoObject.
func (s *Store) SMPPAccountNamed(ctx context.Context, systemID string) (SMPPAccount, error) {
	row, err := s.read.SMPPAccountNamed(ctx, systemID)
	return smppAccountFrom(row, found(err, "system id", systemID))
}

func smppAccountFrom(row query.SmppAccount, err error) (SMPPAccount, error) {
	a := SMPPAccount{ServiceID: row.ServiceID, SystemID: row.SystemID, PasswordHash: row.PasswordHash, CreatedAt: fromMicros(row.CreatedAt)}
	if err == nil {
		err = json.Unmarshal([]byte(row.Settings), &a.Settings)
	}
	return a, err
}

// ChangeSMPPAccount reads a service's SMPP account, lets change work on its password and settings, and saves it, in one transaction.
// Error: NoObject, or the one of change.
func (s *Store) ChangeSMPPAccount(ctx context.Context, service int64, change func(*SMPPAccount) error) (a SMPPAccount, err error) {
	err = s.write(ctx, other, func(t *tx) error {
		row, err := t.SMPPAccountOf(ctx, service)
		if a, err = smppAccountFrom(row, found(err, "SMPP account of service", service)); err != nil {
			return err
		}
		if err := change(&a); err != nil {
			return err
		}
		settings, err := json.Marshal(a.Settings)
		if err != nil {
			return err
		}
		_, err = t.UpdateSMPPAccount(ctx, query.UpdateSMPPAccountParams{ServiceID: service, PasswordHash: a.PasswordHash, Settings: string(settings)})
		return err
	})
	return a, err
}

// DeleteSMPPAccount lets a service in no more, and forgets what it is still to be told. Error: NoObject.
func (s *Store) DeleteSMPPAccount(ctx context.Context, service int64) error {
	err := s.write(ctx, other, func(t *tx) error {
		n, err := t.DeleteSMPPAccount(ctx, service)
		if err := changed(n, err, "SMPP account of service", service); err != nil {
			return err
		}
		for _, table := range []string{"smpp_owed", "smpp_part"} {
			if _, err := t.db.ExecContext(ctx, "DELETE FROM "+table+" WHERE service_id = $1", service); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = s.RefreshSMPP(ctx)
		s.Tell(Signal{Rules: true})
	}
	return err
}

// SMPPPart is one part of a long message that came over SMPP.
type SMPPPart struct {
	ServiceID int64
	Name      string // of the long message within the service
	Part      int    // from 1
	JoinID    int64  // filled in: with Part, what the client knows the part by
	PDU       []byte // as it came
	Receipt   bool   // one is wanted for it
	At        time.Time
}

// KeepPart keeps a part until its message is whole, and gives all parts that are there. It fills in the join id.
func (s *Store) KeepPart(ctx context.Context, p *SMPPPart) (all []SMPPPart, err error) {
	id, err := s.objectID(ctx)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, other, func(t *tx) error {
		rows, err := t.SMPPParts(ctx, query.SMPPPartsParams{ServiceID: p.ServiceID, Name: p.Name})
		if err != nil {
			return err
		}
		if p.JoinID = id; len(rows) > 0 {
			p.JoinID = rows[0].JoinID
		}
		if err := t.InsertSMPPPart(ctx, query.InsertSMPPPartParams{
			ServiceID: p.ServiceID, Name: p.Name, Part: int64(p.Part), JoinID: p.JoinID, Octets: p.PDU, Receipt: p.Receipt, At: micros(p.At),
		}); err != nil {
			return err
		}
		rows, err = t.SMPPParts(ctx, query.SMPPPartsParams{ServiceID: p.ServiceID, Name: p.Name})
		all = partsFrom(rows)
		return err
	})
	return all, err
}

func partsFrom(rows []query.SmppPart) []SMPPPart {
	all := make([]SMPPPart, len(rows))
	for i, r := range rows {
		all[i] = SMPPPart{
			ServiceID: r.ServiceID, Name: r.Name, Part: int(r.Part), JoinID: r.JoinID, PDU: r.Octets, Receipt: r.Receipt, At: fromMicros(r.At),
		}
	}
	return all
}

// OldParts gives the parts of long messages of which one is older than a time.
func (s *Store) OldParts(ctx context.Context, before time.Time) (messages [][]SMPPPart, err error) {
	names, err := s.read.OldSMPPParts(ctx, micros(before))
	for _, n := range names {
		var rows []query.SmppPart
		if rows, err = s.read.SMPPParts(ctx, query.SMPPPartsParams(n)); err != nil {
			break
		}
		messages = append(messages, partsFrom(rows))
	}
	if err != nil {
		return nil, unavailable(err)
	}
	return messages, nil
}

// DropParts forgets the parts of a message, and owes the client texts instead: what became of parts that never made a message. If the
// parts are gone already, nothing is owed.
func (s *Store) DropParts(ctx context.Context, service int64, name string, texts []string, now time.Time) error {
	return s.write(ctx, other, func(t *tx) error {
		n, err := t.DeleteSMPPParts(ctx, query.DeleteSMPPPartsParams{ServiceID: service, Name: name})
		if err != nil || n == 0 || len(texts) == 0 {
			return err
		}
		for _, text := range texts {
			if err := t.owe(ctx, query.InsertSMPPOwedParams{ServiceID: service, DueAt: micros(now), Until: micros(now.Add(OwedTime)), Text: text}); err != nil {
				return err
			}
		}
		t.afterwards(s.afterOwed(service))
		return nil
	})
}

func (t *tx) owe(ctx context.Context, p query.InsertSMPPOwedParams) (err error) {
	if p.ID, err = t.id(ctx); err != nil {
		return err
	}
	return t.InsertSMPPOwed(ctx, p)
}

// afterOwed tells, after the commit, who is owed something.
func (s *Store) afterOwed(services ...int64) func(bool) {
	return func(committed bool) {
		if committed {
			s.tellOwed(services)
		}
	}
}

// OwedBuffered is the text of what is owed about a message that its operator could not deliver at once, and tries again.
const OwedBuffered = "buffered"

// oweReceipts owes clients the receipts of messages that have ended, as far as they came over SMPP and one is wanted.
func (s *Store) oweReceipts(ctx context.Context, t *tx, messages []int64, at time.Time) error {
	return s.oweWith(ctx, t, messages, "", at)
}

func (s *Store) oweWith(ctx context.Context, t *tx, messages []int64, text string, at time.Time) error {
	if len(messages) == 0 {
		return nil
	}
	owed := map[int64]int64{}
	err := t.query(ctx, `SELECT m.id, m.service_id FROM v JOIN message m ON m.id = v.id JOIN job j ON j.id = m.job_id WHERE j.receipt_to <> ''`,
		func(r *sql.Rows) error {
			var id, service int64
			err := r.Scan(&id, &service)
			owed[id] = service
			return err
		}, ints("id", messages))
	if err != nil || len(owed) == 0 {
		return err
	}
	var c struct {
		id, service, due, until, message []int64
		text                             []string
	}
	for _, message := range slices.Sorted(maps.Keys(owed)) {
		id, err := t.id(ctx)
		if err != nil {
			return err
		}
		c.id, c.service, c.message = append(c.id, id), append(c.service, owed[message]), append(c.message, message)
		c.due, c.until, c.text = append(c.due, micros(at)), append(c.until, micros(at.Add(OwedTime))), append(c.text, text)
	}
	t.afterwards(s.afterOwed(slices.Compact(slices.Sorted(maps.Values(owed)))...))
	_, err = t.exec(ctx, `INSERT INTO smpp_owed (id, service_id, due_at, until, attempts, message_id, incoming_id, text)
		SELECT id, service_id, due_at, until, 0, message_id, 0, text FROM v`,
		ints("id", c.id), texts("text", c.text), ints("service_id", c.service), ints("due_at", c.due), ints("until", c.until), ints("message_id", c.message))
	return err
}

// writeReceipts owes clients over SMPP receipts for the messages that this settlement ended.
func (w *settlement) writeReceipts(ctx context.Context) error {
	if w.s.smpp.none() {
		return nil
	}
	var ended, buffered []int64
	at := w.at
	for _, id := range slices.Sorted(maps.Keys(w.changed)) {
		m := w.messages[id]
		if m.State == sms.Buffered && w.was[id].state != sms.Buffered && w.s.smpp.has(m.ServiceID) {
			buffered = append(buffered, id)
		}
		if m.State.Final() && !w.was[id].state.Final() && w.s.smpp.has(m.ServiceID) {
			ended = append(ended, id)
			if w.at.IsZero() && m.DoneAt.After(at) { // an answer that came late brings no other time
				at = m.DoneAt
			}
		}
	}
	if err := w.s.oweWith(ctx, w.t, buffered, OwedBuffered, at); err != nil {
		return err
	}
	return w.s.oweReceipts(ctx, w.t, ended, at)
}

// oweReply owes a client an incoming message.
func (s *Store) oweReply(ctx context.Context, t *tx, service, incoming int64, at time.Time) error {
	if service == 0 || !s.smpp.has(service) {
		return nil
	}
	t.afterwards(s.afterOwed(service))
	return t.owe(ctx, query.InsertSMPPOwedParams{ServiceID: service, DueAt: micros(at), Until: micros(at.Add(OwedTime)), IncomingID: incoming})
}
