package store

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"ramier/internal/sms"
	"ramier/internal/store/query"
)

// subscribers are the services that want to be told what becomes of their messages. They are in memory so that the others cost
// nothing.
type subscribers struct {
	mu  sync.Mutex // held while they are read
	all atomic.Pointer[map[int64]*subscriber]
}

// subscriber is one of them.
type subscriber struct {
	service  string
	callBack bool
	users    map[int64]bool // SMS users with a callBack of their own
	hooks    []subscribed
}

// subscribed is a webhook with its choice of events.
type subscribed struct {
	endpoint sms.Endpoint
	events   []string
}

// of gives what a service wants to be told, nil if nothing.
func (s *subscribers) of(service int64) *subscriber { return (*s.all.Load())[service] }

// endpoints gives those that want an event of a message. The service's callBack stands for those of its users, too: see callBackOf.
func (s *subscriber) endpoints(service int64, event string) []sms.Endpoint {
	var all []sms.Endpoint
	if (s.callBack || len(s.users) > 0) && strings.HasPrefix(event, "message.") {
		all = append(all, sms.CallBackOf(service))
	}
	for _, h := range s.hooks {
		if sms.WantsEvent(h.events, event) {
			all = append(all, h.endpoint)
		}
	}
	return all
}

// callBackOf gives what is called for a message that a user has ordered, 0 for the owner: the user's address, if he has one, in the place of
// the service's. False if there is none.
func (s *subscriber) callBackOf(service, user int64) (sms.Endpoint, bool) {
	if s.users[user] {
		return sms.CallBackOf(user), true
	}
	return sms.CallBackOf(service), s.callBack
}

// readSubscribers reads all of them.
func (s *Store) readSubscribers(ctx context.Context) error {
	s.subscribers.mu.Lock()
	defer s.subscribers.mu.Unlock()
	// A cheap look first: few services have an address among their settings.
	all, err := subscribersIn(ctx, s.reads, "v.settings LIKE '%http%'", "TRUE", "TRUE")
	if err != nil {
		return unavailable(err)
	}
	s.subscribers.all.Store(&all)
	return nil
}

// subscribe reads anew what one service wants to be told after it has changed, and has other nodes look.
func (s *Store) subscribe(ctx context.Context, service int64) {
	s.subscribers.mu.Lock()
	defer s.subscribers.mu.Unlock()
	ctx = context.WithoutCancel(ctx)
	one, err := subscribersIn(ctx, s.reads, "v.id = $1", "w.service_id = $1", "u.service_id = $1", service)
	if err != nil {
		s.log.Error("cannot read who wants to be told what becomes of messages", "error", err)
		return
	}
	all := maps.Clone(*s.subscribers.all.Load())
	delete(all, service)
	maps.Copy(all, one)
	s.subscribers.all.Store(&all)
	s.Tell(Signal{Subscribers: true, Services: []int64{service}})
	s.owed.changed(service)
}

func subscribersIn(ctx context.Context, db query.DBTX, services, webhooks, users string, args ...any) (map[int64]*subscriber, error) {
	all := map[int64]*subscriber{}
	rows, err := db.QueryContext(ctx, "SELECT v.id, v.name, v.settings FROM service v WHERE "+services, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var name, text string
		var settings sms.Settings
		if err := rows.Scan(&id, &name, &text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &settings); err != nil {
			return nil, err
		}
		if settings.CallBack != "" {
			all[id] = &subscriber{service: name, callBack: true}
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	hooks, err := db.QueryContext(ctx, `SELECT w.id, w.service_id, w.events, v.name FROM webhook w JOIN service v ON v.id = w.service_id
		WHERE w.enabled AND `+webhooks+` ORDER BY w.id`, args...)
	if err != nil {
		return nil, err
	}
	defer hooks.Close()
	for hooks.Next() {
		var id, service int64
		var events, name string
		if err := hooks.Scan(&id, &service, &events, &name); err != nil {
			return nil, err
		}
		if all[service] == nil {
			all[service] = &subscriber{service: name}
		}
		all[service].hooks = append(all[service].hooks, subscribed{sms.ObjectEndpoint(id), splitEvents(events)})
	}
	if err := hooks.Err(); err != nil {
		return nil, err
	}
	return all, usersIn(ctx, db, all, users, args...)
}

// usersIn adds the users who have a callBack.
func usersIn(ctx context.Context, db query.DBTX, all map[int64]*subscriber, users string, args ...any) error {
	rows, err := db.QueryContext(ctx, `SELECT u.id, u.service_id, v.name FROM sms_user u JOIN service v ON v.id = u.service_id
		WHERE u.callback <> '' AND `+users, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, service int64
		var name string
		if err := rows.Scan(&id, &service, &name); err != nil {
			return err
		}
		if all[service] == nil {
			all[service] = &subscriber{service: name}
		}
		if all[service].users == nil {
			all[service].users = map[int64]bool{}
		}
		all[service].users[id] = true
	}
	return rows.Err()
}

func splitEvents(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
