package notify

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"ramier/internal/fetch"
	"ramier/internal/sms"
	"ramier/internal/store"
)

const (
	// callTime is how long an endpoint may take to answer.
	callTime = 10 * time.Second
	// maxAnswer is how much of an answer is read, and shownAnswer how much of it is kept, in bytes.
	maxAnswer   = 64 << 10
	shownAnswer = 500
)

// A caller makes attempts.
type caller struct {
	cfg   Config
	get   *fetch.Client
	post  *fetch.Client
	loops *loops
}

func newCaller(cfg Config) caller {
	l := fetch.Limits{Time: callTime, Header: callTime, Size: maxAnswer, Expanded: maxAnswer, Redirects: 3}
	c := caller{cfg: cfg, get: cfg.Fetch.Within(l), loops: &loops{}}
	l.Redirects = -1 // what is signed is for one address
	c.post = cfg.Fetch.Within(l)
	return c
}

// attempt makes one. Final tells that another would fail in the same way.
func (c *caller) attempt(ctx context.Context, to store.Target, d *sms.Delivery) (a sms.Attempt, final bool) {
	a.At = c.cfg.Clock.Now()
	begun := time.Now()
	var err error
	switch to.Kind {
	case store.TargetMessage:
		final, err = c.send(ctx, to, d)
	case store.TargetJSON:
		err = c.postJSON(ctx, to, d, &a)
	default:
		err = c.getForm(ctx, to, d, &a)
	}
	a.Took = time.Since(begun)
	if err != nil {
		a.Error = err.Error()
	}
	return a, final
}

// HeaderID carries a delivery's id, which stays the same however often it is made.
const HeaderID = "Webhook-Id"

// HeaderDuplicate marks what may have been told before under another id: a message that may have been sent twice, a reply that its
// operator may have repeated.
const HeaderDuplicate = "Webhook-Possible-Duplicate"

// headers tell which delivery it is, and whether it may be a repetition.
func headers(h http.Header, d *sms.Delivery) {
	h.Set(HeaderID, sms.DeliveryName(d.ID))
	h.Set("Webhook-Attempt", strconv.Itoa(d.Attempts+1))
	if d.Replays > 0 {
		h.Set("Webhook-Replay", strconv.Itoa(d.Replays))
	}
	if d.Notice.Duplicate {
		h.Set(HeaderDuplicate, "1")
	}
}

func (c *caller) getForm(ctx context.Context, to store.Target, d *sms.Delivery, a *sms.Attempt) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, Form(to.URL, d.Endpoint.Setting(), &d.Notice), nil)
	if err != nil {
		return errors.New("the address cannot be read as a URL: give another one")
	}
	headers(r.Header, d)
	return c.do(c.get, r, a)
}

func (c *caller) postJSON(ctx context.Context, to store.Target, d *sms.Delivery, a *sms.Attempt) error {
	body, err := Body(d.ID, d.CreatedAt, &d.Notice)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address cannot be read as a URL: give another one")
	}
	headers(r.Header, d)
	r.Header.Set("Content-Type", "application/json")
	at := strconv.FormatInt(c.cfg.Wall().Unix(), 10)
	r.Header.Set("Webhook-Timestamp", at)
	r.Header.Set("Webhook-Signature", Sign(to.Secrets, sms.DeliveryName(d.ID), at, body))
	return c.do(c.post, r, a)
}

func (c *caller) do(client *fetch.Client, r *http.Request, a *sms.Attempt) error {
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	a.Status = answer.StatusCode
	text, err := io.ReadAll(answer.Body)
	a.Answer = shown(text)
	switch {
	case answer.StatusCode/100 == 2 && sms.CodeOf(err) == sms.TooLarge:
		return nil // it has said yes, at length
	case answer.StatusCode/100 == 3 && err == nil:
		return errors.New("it redirects, which is not followed: give the address that it ends at")
	}
	return err
}

// shown is the beginning of an answer as the log keeps it.
func shown(answer []byte) string {
	text := strings.ToValidUTF8(string(answer[:min(len(answer), shownAnswer)]), "")
	return strings.Map(func(r rune) rune {
		if r == 0 || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
}

// send sends an SMS. Its key makes sure that it is sent once, however often it is tried.
func (c *caller) send(ctx context.Context, to store.Target, d *sms.Delivery) (final bool, err error) {
	n := &d.Notice
	if !c.loops.may(to.Service+" "+n.Receiver, c.cfg.Clock.Now()) {
		return true, errors.New("the number has had too many answers in the last hour: two machines may be answering each other")
	}
	o := sms.Order{
		Text: n.Text, Receivers: []string{n.Receiver}, Sender: n.Sender, ForResponse: n.Sender == "", NoStop: true, Class: sms.PhoneDisplay,
		Priority: sms.High, Validity: sms.MaxValidity, Tag: n.Tag, QueryID: sms.DeliveryName(d.ID),
	}
	err = c.cfg.Send(ctx, to.Account, to.Service, o, "answer:"+sms.DeliveryName(d.ID))
	return err != nil && sms.CodeOf(err) != sms.Unavailable && sms.CodeOf(err) != sms.Internal, err
}

// maxAnswers is how many SMS the platform sends by itself to one number for one service in an hour.
const maxAnswers = 20

// loops keep two machines from answering each other for ever.
type loops struct {
	mu    sync.Mutex
	since time.Time
	sent  map[string]int
}

func (l *loops) may(to string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.since).Abs() > time.Hour || len(l.sent) > 100_000 {
		l.since, l.sent = now, map[string]int{}
	}
	l.sent[to]++
	return l.sent[to] <= maxAnswers
}
