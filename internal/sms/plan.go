package sms

import (
	"errors"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"ramier/internal/gsm"
	"ramier/internal/phone"
)

// NewPlan decides about an order: for each receiver the text as it will be sent, its parts, price, carrier and time, or
// why not. It has no side effect, so the send, the estimate and the rehearsal cannot disagree. An error refuses the order
// as a whole; it names the parameter.
func NewPlan(o Order, r *Rules, now time.Time) (*Plan, error) {
	p := &Plan{Service: r.Service, Rev: r.Rev, PlatformRev: r.PlatformRev, Order: o, At: now, DueAt: now.Add(o.Deferred), Tag: o.Tag, Marketing: !o.NoStop}
	if err := p.checkOrder(r); err != nil {
		return nil, err
	}
	if err := p.chooseSender(r); err != nil {
		return nil, err
	}
	if p.Marketing && r.HasOptOuts && r.OptedOut == nil {
		return nil, Errorf(Internal, "a plan was made without asking who of the receivers has opted out")
	}
	p.Messages = make([]Planned, 0, len(o.Receivers))
	seen := make(map[string]bool, len(o.Receivers))
	p.Invalid = slices.Clone(o.Unreadable)
	all := texts{order: o, limits: r.Limits, byClause: map[string]text{}}
	p.Hours = p.sendingHours()
	due := dueTimes{hours: p.Hours, ordered: p.DueAt, spread: o.Spread, known: map[departure]dueTime{}}
	for i := range o.Receivers {
		m, refusal, err := p.planOne(i, r, &all, &due)
		switch {
		case err != nil:
			return nil, err
		case refusal != nil:
			p.Invalid = append(p.Invalid, refusal.On(o.line(i)))
		case o.Repeats || !seen[m.Receiver]:
			seen[m.Receiver] = true
			p.Credits += m.Credits
			p.Messages = append(p.Messages, m)
		}
	}
	if len(due.known) > 1 {
		p.sortByDue()
	}
	return p, nil
}

func (p *Plan) checkOrder(r *Rules) error {
	o, l := p.Order, r.Limits
	switch {
	case r.Service.Suspended != "":
		return Errorf(Forbidden, "The account %s is suspended and sends nothing: %s", r.Service.Account, r.Service.Suspended)
	case r.Service.Status != Enabled:
		return Errorf(Forbidden, "The service %s is disabled", r.Service.Name)
	case r.Service.Settings.Renewal.Ended(p.At):
		return Errorf(Forbidden, "The service %s has ended, as its owner wanted: PUT deleteAtExpiration = false to its serviceInfos, or ask the operator", r.Service.Name)
	case o.Text == "":
		return Errorf(Invalid, "message is empty: give a text of at least one character")
	case len(o.Text) > maxText:
		return Errorf(Invalid, "message cannot be sent: it has %d bytes, more than 255 parts hold: shorten it", len(o.Text))
	case strings.ContainsRune(o.Text, 0) || strings.ContainsRune(o.Tag, 0):
		return Errorf(Invalid, "message or tag holds the character U+0000, which no handset shows: leave it out")
	case len(o.Receivers) == 0 && len(o.Unreadable) == 0:
		return Errorf(Invalid, "receivers is empty: give at least one number, like +33612345678")
	case l.Receivers > 0 && len(o.Receivers) > l.Receivers:
		return Errorf(TooLarge, "receivers holds %d numbers, more than the %d that one call may have: send several calls", len(o.Receivers), l.Receivers)
	case l.Tag > 0 && len([]rune(o.Tag)) > l.Tag:
		return Errorf(Invalid, "tag has %d characters, more than %d", len([]rune(o.Tag)), l.Tag)
	case o.Validity < time.Minute || o.Validity > MaxValidity:
		return Errorf(Invalid, "validityPeriod = %d is not between 1 and %d minutes", o.Validity/time.Minute, MaxValidity/time.Minute)
	case o.Class.Number() < 0:
		return Errorf(Invalid, "class = %q is none of flash, phoneDisplay, sim, toolkit", o.Class)
	case o.Priority.Lane() < 0:
		return Errorf(Invalid, "priority = %q is none of high, medium, low, veryLow", o.Priority)
	}
	return CheckDeferred(o.Deferred, l)
}

// CheckDeferred refuses times from now at which no message can leave. Error: Invalid.
func CheckDeferred(after time.Duration, l Limits) error {
	switch {
	case after < 0:
		return Errorf(Invalid, "differedPeriod = %d is in the past: give a number of minutes from now, 0 = at once", after/time.Minute)
	case l.Deferred > 0 && after > l.Deferred:
		return Errorf(Invalid, "differedPeriod = %d is later than %d minutes from now", after/time.Minute, l.Deferred/time.Minute)
	}
	return nil
}

// chooseSender finds who the messages come from.
func (p *Plan) chooseSender(r *Rules) error {
	if p.Order.FromShortNumber() {
		if len(r.ShortNumbers) == 0 {
			return Errorf(Invalid, "no short number is available for senderForResponse: name a sender")
		}
		if contact := contactIn(p.Order.Text); contact != "" && p.Order.Texts == nil {
			return Errorf(Invalid, "cannot send contact information with shortcode").With("found", contact)
		}
		return nil
	}
	s, ok := r.Senders[p.Order.Sender]
	if !ok {
		return Errorf(Invalid, "Sms sender %s does not exists", p.Order.Sender)
	}
	if s.Status != Enabled {
		return Errorf(Invalid, "Sms sender %s is not enabled: its status is %s", s.Sender, s.Status).With("comment", s.Comment)
	}
	p.Sender = s.Sender
	return nil
}

// contactIn finds a link or a phone number, which operators do not accept from short numbers.
func contactIn(text string) string {
	for _, word := range strings.Fields(text) {
		lower := strings.ToLower(word)
		if strings.Contains(lower, "://") || strings.HasPrefix(lower, "www.") {
			return word
		}
		trimmed := strings.TrimFunc(word, func(r rune) bool { return !strings.ContainsRune("+0123456789", r) })
		digits := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, trimmed)
		if len(digits) >= 10 && strings.Trim(trimmed, "+0123456789.-/") == "" {
			return word
		}
	}
	return ""
}

// planOne gives the message to one receiver or its refusal; an error is one of the whole order.
func (p *Plan) planOne(i int, r *Rules, t *texts, due *dueTimes) (m Planned, refused *Refusal, err error) {
	input := p.Order.Receivers[i]
	refuse := func(reason Reason, message string) (Planned, *Refusal, error) {
		return Planned{}, &Refusal{Receiver: input, Reason: reason, Message: message}, nil
	}
	number, err := phone.Parse(input, r.Service.Country)
	if err == nil {
		err = number.CanReceive()
	}
	if bad, ok := errors.AsType[*phone.Error](err); ok {
		return refuse(Reason(bad.Reason), bad.Error())
	}
	if g := r.Service.Settings.Guards; !g.Allows(number.Country, r.Service.Country) {
		return refuse(CountryGuarded, g.refuseCountry(number.E164, number.Country, r.Service))
	}
	leaves := due.in(number.Country, i)
	m = Planned{Input: input, Receiver: number.E164, Country: number.Country, Line: p.Order.line(i), DueAt: leaves.at, Delay: leaves.delay}
	var carrier int64
	if p.Sender == "" {
		short, ok := pickShortNumber(r, number)
		if !ok {
			return refuse(NoShortNumber, "short numbers do not serve "+phone.CountryName(number.Country)+": name a sender for "+number.E164)
		}
		m.Source, carrier = short.Number, short.CarrierID
	}
	txt, err := t.of(i, p.stopClause(r, number.Country), p.Sender == "")
	if bad, ok := errors.AsType[*unsendableError](err); ok {
		return refuse(BadText, bad.why)
	}
	if err != nil {
		return m, nil, err
	}
	m.Text, m.Parts, m.Empty = txt.text, txt.parts, txt.empty
	if p.Marketing && r.OptedOut[m.Receiver] {
		m.Refused, m.PTT = true, PTTOptedOut
		return m, nil, nil
	}
	if !t.hasTemplate(r, m.Country, txt.text) {
		m.Refused, m.PTT = true, PTTNoTemplate
		return m, nil, nil
	}
	at := p.At
	if !p.Order.QuotedAt.IsZero() {
		at = p.Order.QuotedAt
	}
	rate, ok := r.RateAt(m.Country, at)
	if !ok {
		return refuse(NoRateFor, "there is no price for "+phone.CountryName(m.Country)+", where "+m.Receiver+" is")
	}
	m.Credits = rate * Credits(m.Parts)
	if m.Carrier = carrier; carrier == 0 {
		route := p.route(r, m)
		if route == nil {
			return refuse(NoRouteTo, "no route leads to "+phone.CountryName(m.Country)+", where "+m.Receiver+" is")
		}
		m.Carrier, m.Route = route.CarrierID, route.ID
	}
	return m, nil, nil
}

// Refusal says why a planned message is refused, and not charged.
func (m *Planned) Refusal() Refusal {
	reason := OptedOutOf
	if m.PTT == PTTNoTemplate {
		reason = NoTemplate
	}
	ptt, _ := PTTByCode(m.PTT)
	return Refusal{Receiver: m.Receiver, Reason: reason, Message: strings.TrimSuffix(ptt.Description, ".")}.On(m.Line)
}

// pickShortNumber gives a receiver of a service always the same number while the pool is the same, and spreads services
// over the pool, so that a reply finds its conversation.
func pickShortNumber(r *Rules, to phone.Number) (ShortNumber, bool) {
	var pool []ShortNumber
	for _, s := range r.ShortNumbers {
		if s.Country == to.Country && r.Carriers[s.CarrierID].Enabled {
			pool = append(pool, s)
		}
	}
	if len(pool) == 0 {
		return ShortNumber{}, false
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(strconv.FormatInt(r.Service.ID, 10) + to.E164))
	return pool[int(h.Sum32())%len(pool)], true
}

// stopClause gives the text that tells a receiver how to opt out: from alphanumeric senders to countries that have one,
// unless the order says that it is no marketing.
func (p *Plan) stopClause(r *Rules, country string) string {
	if !p.carriesClause() {
		return ""
	}
	return r.StopClauses[country]
}

// carriesClause tells that the order is advertising from a name, which nobody can answer.
func (p *Plan) carriesClause() bool {
	return p.Marketing && p.Sender != "" && SenderType(p.Sender) == "alpha"
}

// route gives the first route that matches, nil if none does.
func (p *Plan) route(r *Rules, m Planned) *Route {
	for i := range r.Routes {
		t := &r.Routes[i]
		if t.Enabled && r.Carriers[t.CarrierID].Enabled &&
			(t.Country == "" || t.Country == m.Country) && strings.HasPrefix(m.Receiver, t.Prefix) &&
			(t.Service == "" || t.Service == p.Service.Name) && (t.Sender == "" || t.Sender == p.Sender) &&
			(t.Tag == "" || t.Tag == p.Tag) {
			return t
		}
	}
	return nil
}

// text is the order's text as some receivers get it.
type text struct {
	text  string
	parts int
	empty []string // columns without a value
}

// texts counts each form of the text once.
type texts struct {
	order    Order
	limits   Limits
	byClause map[string]text
	merged   int // bytes
	// of the last text that needed a template
	last    string
	matches bool
}

// hasTemplate is TemplateFor, asked once for receivers of the same text.
func (t *texts) hasTemplate(r *Rules, country, text string) bool {
	if needsTemplate[country] && (t.last == "" || t.last != text) {
		t.last, t.matches = text, r.TemplateFor(country, text)
	}
	return !needsTemplate[country] || t.matches
}

// of gives the text for the receiver with the number. Where it is merged, an error may be an *unsendableError of this receiver.
func (t *texts) of(i int, clause string, fromShort bool) (text, error) {
	if t.order.Merge == nil && t.order.Texts == nil {
		return t.with(clause)
	}
	var merged string
	var empty []string
	if t.order.Texts != nil {
		merged = t.order.Texts[i]
	} else {
		merged, empty = t.order.Merge.Template.Render(t.order.Merge.Values[i])
	}
	if t.merged += len(merged); t.limits.Merged > 0 && t.merged > t.limits.Merged {
		return text{}, Errorf(TooLarge, "message makes more than %d bytes of text for the rows of this list: load it into a slot and send it with POST batches", t.limits.Merged)
	}
	if err := sendable(merged, fromShort); err != nil {
		return text{}, err
	}
	txt, err := t.count(merged, clause)
	if err != nil {
		return text{}, &unsendableError{err.Error()}
	}
	txt.empty = empty
	return txt, nil
}

func (t *texts) with(clause string) (text, error) {
	known, ok := t.byClause[clause]
	if ok {
		return known, nil
	}
	known, err := t.count(t.order.Text, clause)
	if err == nil {
		t.byClause[clause] = known
	}
	return known, err
}

func (t *texts) count(message, clause string) (text, error) {
	e, err := EstimateText(message, clause, t.order.ForceUnicode)
	if err != nil {
		return text{}, err
	}
	if t.limits.Parts > 0 && e.Parts > t.limits.Parts {
		return text{}, Errorf(Invalid, "message takes %d parts, more than %d: shorten it", e.Parts, t.limits.Parts)
	}
	return text{text: message + clause, parts: e.Parts}, nil
}

// EstimateText counts a text with its STOP clause, as the send does.
func EstimateText(text, clause string, forceUnicode bool) (gsm.Analysis, error) {
	want := gsm.GSM7
	if forceUnicode {
		want = gsm.UCS2
	}
	a, err := gsm.Analyse(text+clause, want)
	if err != nil {
		return a, Errorf(Invalid, "message cannot be sent: %v", err)
	}
	return a, nil
}

// SenderType tells what a sender is by how it is written: alpha, shortcode (3 to 8 digits) or numeric.
func SenderType(sender string) string {
	digits := strings.TrimPrefix(sender, "+")
	if strings.Trim(digits, "0123456789") != "" || digits == "" {
		return "alpha"
	}
	if len(digits) <= 8 && digits == sender {
		return "shortcode"
	}
	return "numeric"
}
