package smppd

import (
	"context"
	"strings"
	"sync"
	"time"

	"ramier/internal/phone"
	"ramier/internal/smpp"
	"ramier/internal/sms"
	"ramier/internal/store"
	"ramier/internal/submit"
)

// A link is one connection that may submit.
type link struct {
	s        *Server
	service  sms.Service
	settings store.SMPPSettings
	bucket   *bucket
	batch    []arrival // collected by the handler
}

// bucket admits so many messages a second, as many at once.
type bucket struct {
	mu   sync.Mutex
	rate float64
	left float64
	at   time.Time
}

func newBucket(rate int, now time.Time) *bucket {
	return &bucket{rate: float64(rate), left: float64(rate), at: now}
}

// take admits n messages if there is room for one; what is too many is owed.
func (b *bucket) take(n int, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.left = min(b.rate, b.left+passed*b.rate)
	}
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left -= float64(n)
	return true
}

// handle takes the requests of a session.
func (l *link) handle(_ *smpp.Session, request smpp.PDU, respond func(smpp.Status, smpp.PDU)) {
	if _, ok := request.(*smpp.SubmitSM); !ok && !l.settings.Plain { // OVH offers nothing else
		respond(smpp.InvalidCommandID, nil)
		return
	}
	n, message := 1, true
	switch p := request.(type) {
	case *smpp.SubmitMulti:
		n = len(p.Dests)
	case *smpp.QuerySM, *smpp.CancelSM, *smpp.ReplaceSM:
		message = false
	}
	answer := func(status smpp.Status, p smpp.PDU) {
		if message {
			l.s.cfg.Observe(status)
		}
		respond(status, p)
	}
	if !l.bucket.take(n, l.s.cfg.Clock.Now()) {
		answer(smpp.Throttled, nil)
		return
	}
	switch p := request.(type) {
	case *smpp.SubmitSM:
		l.collect(arrival{p, answers(answer, func(id string) smpp.PDU { return &smpp.SubmitSMResp{MessageID: id} })})
	case *smpp.DataSM:
		same, status := fromData(p)
		if status != smpp.OK {
			answer(status, nil)
			return
		}
		l.collect(arrival{same, answers(answer, func(id string) smpp.PDU { return &smpp.DataSMResp{MessageID: id} })})
	default:
		l.accept() // what came before may be what it is about
		l.s.submits.Go(func() { l.single(request, n, answer) })
	}
}

// answers gives what answers a message with its id in a PDU, or with a status alone.
func answers(answer func(smpp.Status, smpp.PDU), accepted func(id string) smpp.PDU) func(id string, status smpp.Status) {
	return func(id string, status smpp.Status) {
		if status != smpp.OK {
			answer(status, nil)
			return
		}
		answer(smpp.OK, accepted(id))
	}
}

// single answers a request that is not collected with others, and counts as n messages.
func (l *link) single(request smpp.PDU, n int, answer func(smpp.Status, smpp.PDU)) {
	ctx, cancel := context.WithTimeout(l.s.alive, acceptTimeout)
	defer cancel()
	place, err := l.s.cfg.Customers.Wait(ctx, l.service.AccountID)
	if err == nil {
		defer place.Leave()
	}
	for ; n > 0 && err == nil; n-- {
		err = l.s.cfg.Customers.Pay(l.service.AccountID)
	}
	if err != nil {
		answer(statusOf(err), nil)
		return
	}
	var resp smpp.PDU
	status := smpp.InvalidCommandID
	switch p := request.(type) {
	case *smpp.SubmitMulti:
		resp, status = l.multi(ctx, p)
	case *smpp.QuerySM:
		resp, status = l.query(ctx, p)
	case *smpp.CancelSM:
		status = l.cancel(ctx, p)
	case *smpp.ReplaceSM:
		status = l.replace(ctx, p)
	}
	answer(status, resp)
}

// acceptTimeout is how long a message may wait for the database. The client waits about as long.
const acceptTimeout = 30 * time.Second

// What can be asked for: a receipt for the end, and one when the operator could not deliver at once.
const (
	finalMask   = smpp.RegisterReceipt | smpp.RegisterFailure
	receiptMask = finalMask | smpp.RegisterIntermediate
)

// onlyOVHs leaves out the parameters that OVH's dialect ignores.
func onlyOVHs(all smpp.TLVs) (kept smpp.TLVs) {
	for _, t := range all {
		if t.Tag == smpp.TagDestAddrSubunit {
			kept = append(kept, t)
		}
	}
	return kept
}

// send submits an order for one receiver that has a key.
func (s *Server) send(ctx context.Context, service sms.Service, o sms.Order, k submit.Key) (submit.Report, smpp.Status) {
	report, err := s.cfg.Submit.Submit(ctx, service.AccountID, service.Name, o, k)
	if err != nil {
		status := statusOf(err)
		if status == smpp.SystemError {
			s.cfg.Log.Error("a message over SMPP failed", "service", service.Name, "error", err)
		}
		return report, status
	}
	if len(report.IDs) == 0 {
		if len(report.Invalid) > 0 {
			return report, refusalOf(report.Invalid[0])
		}
		return report, smpp.InvalidDest
	}
	return report, smpp.OK
}

// order makes an order of a submit_sm and the whole text.
func (s *Server) order(ctx context.Context, service sms.Service, p *smpp.SubmitSM, text string) (sms.Order, smpp.Status) {
	o := sms.Order{
		Text: text, Receivers: []string{destination(p.Dest)}, Class: classOf(p), Priority: sms.High, ForceUnicode: p.DataCoding == smpp.CodingUCS2,
	}
	rules, err := s.cfg.Store.Rules(ctx, service.Name)
	if err != nil {
		return o, statusOf(err)
	}
	o.NoStop = rules.Service.Channel != "marketing"
	if o.ForResponse = p.Source.Addr == "" || p.Source.TON == smpp.TONNetworkSpecific || p.Source.TON == smpp.TONAbbreviated; !o.ForResponse {
		var known bool
		if o.Sender, known = senderIn(rules, p.Source); !known {
			if rules, err = s.cfg.Store.FreshRules(ctx, service.Name); err != nil {
				return o, statusOf(err)
			}
			if o.Sender, known = senderIn(rules, p.Source); !known {
				return o, smpp.InvalidSource
			}
		}
	}
	status := timesOf(&o, p.ScheduleTime, p.ValidityPeriod, s.cfg.Clock.Now())
	return o, status
}

// timesOf reads when a message leaves and until when it is of use.
func timesOf(o *sms.Order, schedule, validity string, now time.Time) smpp.Status {
	due := now
	if schedule != "" {
		at, err := smpp.ParseTime(schedule, now)
		if err != nil || at.Sub(now) > sms.DefaultLimits().Deferred {
			return smpp.InvalidScheduleTime
		}
		if at.After(now) {
			due, o.Deferred = at, at.Sub(now)
		}
	}
	o.Validity = sms.MaxValidity
	if validity != "" {
		until, err := smpp.ParseTime(validity, now)
		if err != nil || !until.After(due) {
			return smpp.InvalidValidityPeriod
		}
		o.Validity = min(max(until.Sub(due), time.Minute), sms.MaxValidity)
	}
	return smpp.OK
}

// destination writes a receiver as the plan reads it: international numbers come without plus.
func destination(a smpp.Address) string {
	number := strings.TrimSpace(a.Addr)
	digits := strings.Trim(number, "0123456789") == ""
	if digits && (a.TON == smpp.TONInternational || a.TON == smpp.TONUnknown && !strings.HasPrefix(number, "0")) {
		return "+" + number
	}
	return number
}

// senderIn finds the sender that an address stands for.
func senderIn(r *sms.Rules, a smpp.Address) (string, bool) {
	for _, name := range namesOf(a) {
		if r.Senders[name].Status == sms.Enabled {
			return name, true
		}
	}
	return "", false
}

// namesOf gives the ways in which the sender may be written that an address stands for.
func namesOf(a smpp.Address) []string {
	return []string{a.Addr, "+" + a.Addr, "00" + a.Addr, strings.TrimPrefix(a.Addr, "+")}
}

// number reads an address as a receiver's, in international form; empty if it is none.
func (l *link) number(a smpp.Address) string {
	n, err := phone.Parse(destination(a), l.service.Country)
	if err != nil {
		return ""
	}
	return n.E164
}

// classes are the message classes of a data coding scheme.
var classes = [...]sms.Class{sms.Flash, sms.PhoneDisplay, sms.SIM, sms.Toolkit}

// classOf reads the class from dest_addr_subunit or the data coding scheme.
func classOf(p *smpp.SubmitSM) sms.Class {
	switch n, ok := p.TLVs.Uint(smpp.TagDestAddrSubunit); {
	case ok && n == 1: // the handset's display
		return sms.Flash
	case ok && n == 3:
		return sms.SIM
	case ok && n == 4:
		return sms.Toolkit
	}
	if hasClass(p.DataCoding) {
		return classes[p.DataCoding&3]
	}
	return sms.PhoneDisplay
}

// hasClass tells that a data coding scheme names a class (TS 23.038 section 4).
func hasClass(c smpp.DataCoding) bool { return c&0xF0 == 0xF0 || c&0xD0 == 0x10 }
