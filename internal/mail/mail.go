// Package mail sends the mails that the platform owes: rows in the store, written with what they tell of. Any node takes those that are
// due, hands them to a Transport, and writes down what came of it.
package mail

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"ramier/internal/clock"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// A Transport hands mails over, each of them once: SMTP, or the Mailbox of a sandbox. It gives an error for each, nil for those that
// were taken; a *FinalError says that trying again is of no use.
type Transport interface {
	Deliver(ctx context.Context, all []sms.Mail) []error
}

// FinalError says that a mail will never be taken.
type FinalError struct{ Err error }

func (e *FinalError) Error() string { return e.Err.Error() }
func (e *FinalError) Unwrap() error { return e.Err }

// Config is what a Sender needs.
type Config struct {
	Store     *store.Store
	Clock     *clock.Clock
	Log       *slog.Logger
	Transport Transport // nil = the platform sends no mails
	// Observe learns of each attempt: the kind of the mail, and delivered, retry or failed. It may be nil.
	Observe func(kind, result string)
}

// Sender sends mails.
type Sender struct {
	cfg    Config
	woken  chan struct{}
	cancel context.CancelFunc
	cut    context.CancelFunc
	ended  chan struct{}
}

// New makes a Sender. Start starts it.
func New(c Config) *Sender {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Observe == nil {
		c.Observe = func(string, string) {}
	}
	return &Sender{cfg: c, woken: make(chan struct{}, 1)}
}

// Start begins to send, if there is a Transport. Stop ends it.
func (s *Sender) Start(ctx context.Context) {
	if s.cfg.Transport == nil {
		return
	}
	calls, cut := context.WithCancel(context.WithoutCancel(ctx))
	loop, cancel := context.WithCancel(calls)
	s.cancel, s.cut, s.ended = cancel, cut, make(chan struct{})
	s.cfg.Store.OnMail(s.wake)
	s.wake()
	go func() {
		defer close(s.ended)
		s.run(loop, calls)
	}()
}

// Stop takes no more mails, and waits for those under way for as long as the context lasts; what is not known to be taken is sent again
// later, under the same Message-ID.
func (s *Sender) Stop(ctx context.Context) {
	if s.cancel == nil {
		return
	}
	s.cfg.Store.OnMail(nil)
	s.cancel()
	select {
	case <-s.ended:
	case <-ctx.Done():
	}
	s.cut()
	<-s.ended
	s.cancel = nil
}

func (s *Sender) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

const (
	// look is how often it is looked for what other nodes have left.
	look = 2 * time.Second
	// atOnce is how many mails go over one connection, lanes how many connections there are at once.
	atOnce = 25
	lanes  = 4
	// claimed is how long nobody else takes a mail; an attempt ends before.
	claimed     = 15 * time.Minute
	attemptTime = 5 * time.Minute
)

// run sends until the loop's context ends; calls are cut off by the other one.
func (s *Sender) run(ctx, calls context.Context) {
	var sending sync.WaitGroup
	defer sending.Wait()
	free := make(chan struct{}, lanes)
	for {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return
		}
		now := s.cfg.Clock.Now()
		all, err := s.cfg.Store.ClaimMails(ctx, now, now.Add(claimed), atOnce)
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("cannot look for mails to send", "error", err)
		}
		if len(all) == 0 {
			<-free
			if s.wait(ctx, now.Add(look)) != nil {
				return
			}
			continue
		}
		sending.Go(func() {
			defer func() { <-free }()
			s.send(calls, all)
		})
	}
}

// wait returns when there may be something to send, at a time at the latest, with an error when the context has ended.
func (s *Sender) wait(ctx context.Context, until time.Time) error {
	sleep, cancel := context.WithCancel(ctx)
	defer cancel()
	slept := make(chan struct{})
	go func() {
		defer close(slept)
		_ = s.cfg.Clock.Sleep(sleep, until) // it ends either way
	}()
	select {
	case <-s.woken:
	case <-slept:
	}
	cancel()
	<-slept
	return ctx.Err()
}

// retries are the pauses between attempts. After the last the mail is given up: two days after the first.
var retries = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8 * time.Hour,
	8 * time.Hour, 8 * time.Hour, 8 * time.Hour,
}

// maxError is how many characters of an error are kept.
const maxError = 500

// send makes an attempt for each mail and writes down what came of it.
func (s *Sender) send(ctx context.Context, all []sms.Mail) {
	attempt, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	errs := s.cfg.Transport.Deliver(attempt, all)
	for i := range all {
		s.judge(&all[i], errs[i])
	}
	settle, end := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer end()
	if err := s.cfg.Store.SettleMails(settle, all); err != nil {
		s.cfg.Log.Error("cannot write down which mails were sent; they will be sent again", "mails", len(all), "error", err)
	}
}

// judge decides what follows an attempt.
func (s *Sender) judge(m *sms.Mail, err error) {
	now, result := s.cfg.Clock.Now(), "retry"
	m.Error = ""
	if err != nil {
		if runes := []rune(err.Error()); len(runes) > maxError {
			m.Error = string(runes[:maxError])
		} else {
			m.Error = string(runes)
		}
	}
	final, _ := errors.AsType[*FinalError](err)
	switch {
	case err == nil:
		m.State, m.DoneAt, result = sms.DeliveryDelivered, now, "delivered"
	case final != nil || m.Attempts > len(retries):
		m.State, m.DoneAt, result = sms.DeliveryFailed, now, "failed"
		s.cfg.Log.Warn("a mail was given up", "mail", m.ID, "kind", m.Kind, "service", m.ServiceID, "attempts", m.Attempts, "error", err)
	default:
		m.DueAt = now.Add(retries[m.Attempts-1])
		s.cfg.Log.Info("a mail could not be sent, and will be tried again", "mail", m.ID, "kind", m.Kind, "at", m.DueAt, "error", err)
	}
	s.cfg.Observe(m.Kind, result)
}
